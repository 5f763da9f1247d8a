"""What a modem profile says."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, Self, TypeVar

from msgspec import Meta

from radiosync.profiles.airtime import Airtime, ModemKind

STOPS: Final[Mapping[str, str]] = {
    "ptt": "we hold the key ourselves and let go of it: under a second",
    "rig": "rig control ends the transmission: under a second",
    "flush": "the modem forgets what it still has to send when it is told to: a second or two",
    "drain": "the modem sends all that it was given; we can only stop giving",
}
"""What STOP can do with a modem, and how fast."""

Stop = Literal["ptt", "rig", "flush", "drain"]
"""A key of `STOPS`."""

Seconds = Annotated[float, Meta(ge=0, le=60)]
"""Key-up, turn and tail. The slowest linked repeaters need some seconds."""

_N = TypeVar("_N")

_KISS_UNITS_PER_S: Final = 100
_KISS_BYTE_MAX: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialSettings:
    """The serial line between computer and modem.

    Attributes:
        rate: baud.
        data_bits: 7 or 8.
        parity: extra bit for each byte.
        stop_bits: 1 or 2.
        flow: handshake. Hardware handshake hands RTS to the driver, which raises it: not for radios keyed by RTS.
    """

    rate: Annotated[int, Meta(ge=50, le=4_000_000)] = 9600
    data_bits: Literal[7, 8] = 8
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1
    flow: Literal["none", "rts-cts", "xon-xoff"] = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kiss:
    """What a KISS TNC is told when it is opened. What is not set is not sent, and the TNC keeps its own.

    Attributes:
        set_timing: send TXDELAY and TXTAIL, made from the profile's `key_up_s` and `tail_s`.
        persistence: byte of the p-persistent carrier sense, p * 256 - 1.
        slot_s: wait between two tries of carrier sense.
        set_duplex: send FULLDUPLEX, made from the profile's `full_duplex`.
    """

    set_timing: bool = False
    persistence: Annotated[int, Meta(ge=0, le=_KISS_BYTE_MAX)] | None = None
    slot_s: Annotated[float, Meta(ge=0, le=_KISS_BYTE_MAX / _KISS_UNITS_PER_S)] | None = None
    set_duplex: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one modem with one firmware behaves.

    Attributes:
        id: name of its file, by which the config calls it.
        name: what people call the modem.
        kind: how it treats bytes.
        description: one or two sentences for the person who chooses.
        serial: the serial line.
        bit_rate: bits a second on the air, unless the link says otherwise.
        key_up_s: from the wish to transmit to the first bit (TXDELAY).
        tail_s: from the last bit to the drop of the key (TXTAIL).
        turn_s: from the end of the other side's transmission to the moment at which we may key.
        max_frame_bytes: longest payload of one frame, None where the modem sets no bound.
        longest_over_s: longest transmission, None where the modem sets no bound.
        full_duplex: both sides may transmit at once.
        strength: how strongly frames are protected on a transparent modem, 0 to 7 as in `wire.stream`; None for all others.
        stop: what STOP can do, a key of `STOPS`.
        before_you_start: steps for the person, in order.
        kiss: what a KISS TNC is told at the start; None for all others.

    Raises:
        ValueError: fields that do not go together; the text names the key.
    """

    id: str
    name: Annotated[str, Meta(min_length=1, max_length=60)]
    kind: ModemKind
    description: Annotated[str, Meta(min_length=1, max_length=400)]
    serial: SerialSettings
    bit_rate: Annotated[int, Meta(ge=1, le=1_000_000)]
    key_up_s: Seconds
    turn_s: Seconds
    tail_s: Seconds = 0.0
    max_frame_bytes: Annotated[int, Meta(ge=16, le=4095)] | None = None
    longest_over_s: Annotated[float, Meta(ge=1, le=600)] | None = None
    full_duplex: bool = False
    strength: Annotated[int, Meta(ge=0, le=7)] | None = None
    stop: Stop
    before_you_start: tuple[Annotated[str, Meta(min_length=1, max_length=400)], ...]
    kiss: Kiss | None = None

    def __post_init__(self) -> None:
        if (self.strength is not None) != (self.kind == "transparent"):
            raise ValueError('"strength" must be given for kind "transparent", and for no other')
        if self.kiss is not None and self.kind != "kiss-tnc":
            raise ValueError('"kiss" is for kind "kiss-tnc" alone')
        if self.kind == "kiss-tnc" and self.max_frame_bytes is None:
            raise ValueError('"max_frame_bytes" must be given for kind "kiss-tnc"')
        longest_s = _KISS_BYTE_MAX / _KISS_UNITS_PER_S
        if self.kiss is not None and self.kiss.set_timing and max(self.key_up_s, self.tail_s) > longest_s:
            raise ValueError(f'"key_up_s" and "tail_s" can be at most {longest_s} with "set_timing"')

    def adjusted(
        self,
        *,
        bit_rate: int | None = None,
        serial_rate: int | None = None,
        key_up_s: float | None = None,
        turn_s: float | None = None,
        tail_s: float | None = None,
        max_frame_bytes: int | None = None,
        longest_over_s: float | None = None,
    ) -> Self:
        """The profile with a link's own numbers; None leaves one as it is. Raises ValueError as the class does."""
        return replace(
            self,
            serial=self.serial if serial_rate is None else replace(self.serial, rate=serial_rate),
            bit_rate=_either(bit_rate, self.bit_rate),
            key_up_s=_either(key_up_s, self.key_up_s),
            turn_s=_either(turn_s, self.turn_s),
            tail_s=_either(tail_s, self.tail_s),
            max_frame_bytes=_either(max_frame_bytes, self.max_frame_bytes),
            longest_over_s=_either(longest_over_s, self.longest_over_s),
        )

    def airtime(self) -> Airtime:
        """How long bytes stay on the air with this modem."""
        return Airtime.of(
            self.kind,
            self.bit_rate,
            key_up_s=self.key_up_s,
            turn_s=self.turn_s,
            tail_s=self.tail_s,
            max_frame_bytes=self.max_frame_bytes,
            longest_over_s=self.longest_over_s,
            full_duplex=self.full_duplex,
        )

    def kiss_commands(self) -> tuple[tuple[str, int], ...]:
        """What to send when the port is opened: names of `wire.kiss.Command`, each with its byte."""
        kiss = self.kiss
        if kiss is None:
            return ()
        commands = (
            ("TXDELAY", _kiss_time(self.key_up_s) if kiss.set_timing else None),
            ("PERSISTENCE", kiss.persistence),
            ("SLOTTIME", _kiss_time(kiss.slot_s) if kiss.slot_s is not None else None),
            ("TXTAIL", _kiss_time(self.tail_s) if kiss.set_timing else None),
            ("FULLDUPLEX", int(self.full_duplex) if kiss.set_duplex else None),
        )
        return tuple((name, value) for name, value in commands if value is not None)


def _either(own: _N | None, otherwise: _N) -> _N:
    return otherwise if own is None else own


def _kiss_time(seconds: float) -> int:
    """In steps of 10 ms, rounded up; what is a whole number of steps stays one in spite of floating point."""
    return math.ceil(round(seconds * _KISS_UNITS_PER_S, 6))
