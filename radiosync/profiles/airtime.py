"""How long bytes stay on the air, for each kind of modem.

The gateway takes every time-out from here, and the simulator checks itself against it.

Sources:

- KISS TNC: AX.25 2.2, section 3. A frame is a flag (3.1), addresses, control and PID (3.2 to 3.4),
  information, a frame check sequence of 16 bits (3.8) and a flag. After five one bits the sender puts in a
  zero bit (3.6, bit stuffing). In random bits that happens once in 62 bits on average (the mean wait for
  five ones in a row), so data grow by 1/62.
- LoRa: Semtech AN1200.13, section 4, and the SX1276 data sheet, section 4.1.1. A symbol lasts 2^SF / BW,
  the preamble 12.25 symbols (8 programmed), the bit rate is SF * BW / 2^SF * CR. SF 9 at 125 kHz and 4/5
  gives 50.2 ms and 1758 bit/s. We use this linear form. The data sheet also has the header's own symbols and
  rounds up to whole code words, which is some 45 ms more for a frame of any length at SF 9.
- Transparent modem: the bytes themselves; sync words and headers belong to the bytes that we hand to it.
"""

from dataclasses import dataclass
from typing import Final, Literal, Self, get_args

ModemKind = Literal["kiss-tnc", "transparent", "lora"]
"""How a modem treats bytes: checked AX.25 frames, a raw byte stream, or checked frames of its own."""

MODEM_KINDS: Final[tuple[ModemKind, ...]] = get_args(ModemKind)
"""All kinds, in the order of the documentation."""

AX25_ADDRESSING_BYTES: Final = 16
"""Two addresses of 7 bytes, control and PID of a UI frame without digipeaters (AX.25 2.2, sections 3.12 and
4.3.3.6)."""

AX25_FCS_BYTES: Final = 2
"""Frame check sequence (AX.25 2.2, section 3.8)."""

AX25_FLAG_BYTES: Final = 2
"""One flag before and one after each frame. Frames may share one (section 3.1); TNCs differ, so we count
both."""

AX25_STUFFING: Final = 63 / 62
"""Growth of random bits by bit stuffing, 1.016."""

LORA_PREAMBLE_S: Final = 0.05
"""Preamble of a LoRa frame at SF 9 and 125 kHz: 12.25 symbols of 4.096 ms."""

_SLACK: Final = 1e-9
"""Bytes. Keeps a division that should come out whole from losing a byte to rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Airtime:
    """What one modem and radio put on the air around our bytes.

    Attributes:
        kind: how the modem treats bytes.
        bit_rate: bits per second on the air.
        key_up_s: from the wish to transmit to the first bit (TXDELAY).
        turn_s: from the end of the other side's transmission to the moment at which we may key.
        header_bytes: bytes that the modem adds to each frame: addresses, control, checksum.
        flag_bytes: flags around each frame; they take time but are not stuffed.
        stuffing: growth of payload and header by bit stuffing, 1 for none.
        frame_preamble_s: silence or preamble before each frame inside a transmission.
        tail_s: from the last bit to the drop of the key (TXTAIL).
        max_frame_bytes: longest payload of one frame, or None when the modem has no frames.
        longest_over_s: longest transmission from its first bit, or None for no bound.
        full_duplex: both sides may transmit at once; a change of direction then costs nothing.
    """

    kind: ModemKind
    bit_rate: float
    key_up_s: float = 0.0
    turn_s: float = 0.0
    header_bytes: int = 0
    flag_bytes: int = 0
    stuffing: float = 1.0
    frame_preamble_s: float = 0.0
    tail_s: float = 0.0
    max_frame_bytes: int | None = None
    longest_over_s: float | None = None
    full_duplex: bool = False

    @classmethod
    def of(
        cls,
        kind: ModemKind,
        bit_rate: float,
        *,
        key_up_s: float = 0.0,
        turn_s: float = 0.0,
        tail_s: float = 0.0,
        max_frame_bytes: int | None = None,
        longest_over_s: float | None = None,
        full_duplex: bool = False,
    ) -> Self:
        """The airtime of a modem of this kind, with header, flags, stuffing and preamble filled in."""
        is_tnc = kind == "kiss-tnc"
        return cls(
            kind=kind,
            bit_rate=bit_rate,
            key_up_s=key_up_s,
            turn_s=turn_s,
            header_bytes=AX25_ADDRESSING_BYTES + AX25_FCS_BYTES if is_tnc else 0,
            flag_bytes=AX25_FLAG_BYTES if is_tnc else 0,
            stuffing=AX25_STUFFING if is_tnc else 1.0,
            frame_preamble_s=LORA_PREAMBLE_S if kind == "lora" else 0.0,
            tail_s=tail_s,
            max_frame_bytes=max_frame_bytes,
            longest_over_s=longest_over_s,
            full_duplex=full_duplex,
        )

    @property
    def direction_change_s(self) -> float:
        """What a change of direction costs before the first bit: turn and key-up, nothing on full duplex."""
        return 0.0 if self.full_duplex else self.turn_s + self.key_up_s

    @property
    def byte_s(self) -> float:
        """Seconds that one more payload byte in a frame takes."""
        return 8 * self.stuffing / self.bit_rate

    @property
    def frame_overhead_s(self) -> float:
        """Seconds that a frame takes before it carries anything."""
        return self.frame_preamble_s + self.header_bytes * self.byte_s + 8 * self.flag_bytes / self.bit_rate

    def frame_s(self, payload_bytes: int) -> float:
        """Expected seconds on the air of one frame with `payload_bytes` in it, without key-up and tail."""
        return self.frame_overhead_s + payload_bytes * self.byte_s

    def bytes_in(self, seconds: float) -> int:
        """Most payload bytes that fit into `seconds` from the first bit, in frames as long as the modem
        takes.

        A last frame that is shorter is used when it can carry at least one byte. Zero when nothing fits.
        """
        if self.max_frame_bytes is None:
            return max(0, int((seconds - self.frame_overhead_s) / self.byte_s + _SLACK))
        full_s = self.frame_s(self.max_frame_bytes)
        frames = max(0, int(seconds / full_s + _SLACK))
        rest = int((seconds - frames * full_s - self.frame_overhead_s) / self.byte_s + _SLACK)
        return frames * self.max_frame_bytes + max(0, min(rest, self.max_frame_bytes))
