"""Virtual modems, seen from the host as serial devices: bytes in, bytes out.

The host writes with `Modem.host_write` and gets bytes through `Modem.on_host_bytes`. The host may be a
gateway on the virtual loop, a pure station that the world drives, or a PTY in real time (`pty.py`).
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from enum import Enum
from math import inf
from typing import Final, assert_never

from radiosync.profiles.airtime import AX25_ADDRESSING_BYTES
from radiosync.wire.kiss import Command, KissDecoder, encode_kiss
from radiosync_sim.ax25_bits import frame_air_bits, frame_air_bytes
from radiosync_sim.channel import Channel, Counters
from radiosync_sim.faults import Outage
from radiosync_sim.serialline import SerialLine
from radiosync_sim.world import Event

STREAM_STRETCH_S: Final = 0.04
"""A transparent modem hands bytes on in stretches of this much air: coarse enough to be cheap, finer than
any turn."""

STREAM_HANG_S: Final = 0.02
"""A transparent modem stays keyed this long after its last byte: a host that writes as it computes keeps
one over."""

_KISS_SLOT_S: Final = 0.1
"""Slot time before the host sets one (KISS, section 4: 10 units of 10 ms)."""

_KISS_UNIT_S: Final = 0.01


class TransmitterState(Enum):
    """Where a modem's transmitter stands."""

    IDLE = "idle"
    """Key up, nothing to send."""
    WAITING = "waiting"
    """Key up, something to send, the channel is busy."""
    KEYED = "keyed"
    """Key down: key-up delay, signals, tail."""
    HANGING = "hanging"
    """Key down, nothing left to send."""


class Modem(ABC):
    """One modem with its radio. Use `attach_modem` to make the kind that a scenario names.

    Key-up and turn are paid each time the key goes down: a radio that keys has been receiving, and turns.
    What the host writes and the buffer cannot hold is dropped: serial ports have no other way to say no.

    Attributes:
        name: name of the station on the channel.
        counters: what went on the air.
        on_host_bytes: called with each run of bytes for the host. Replace it when another host takes over.
    """

    def __init__(self, channel: Channel, name: str) -> None:
        self.name: Final = name
        self.counters: Final[Counters] = channel.join(name, self._receive)
        self.on_host_bytes: Callable[[bytes], None] = lambda data: None
        self._channel: Final = channel
        self._world: Final = channel.world
        self._airtime: Final = channel.scenario.airtime
        self._buffer_bytes: Final = channel.scenario.buffer_bytes
        self._from_host: Final = self._serial_line("from", self._hear_host)
        self._to_host: Final = self._serial_line("to", self._tell_host)
        self._state = TransmitterState.IDLE
        self._next_step: Event | None = None
        self._first_bit_at = 0.0
        self._off: Outage | None = None

    # host side

    def host_write(self, data: bytes) -> None:
        """Bytes from the host. A modem without power ignores them."""
        self._from_host.carry(data)

    @property
    def is_keyed(self) -> bool:
        """Whether the key is down."""
        return self._channel.is_keyed(self.name)

    @property
    def queued_bytes(self) -> int:
        """Bytes from the host that are not on the air yet."""
        return self._from_host.bytes_under_way + self._queued_bytes()

    def power_off(self) -> None:
        """Drop the key in the middle of whatever is on the air, forget all that is queued, hear nothing."""
        if self._off is None:
            self._stop()
            self._channel.unkey(self.name)
            self._off = self._channel.cut(self.name)
            self._forget()

    def power_on(self) -> None:
        """Come back with empty buffers. What began on the air before is not heard."""
        if self._off is not None:
            self._channel.restore(self._off)
            self._off = None

    def _serial_line(self, direction: str, deliver: Callable[[bytes], None]) -> SerialLine:
        dice = self._world.random(f"jitter/{direction} host/{self.name}")
        return SerialLine(self._world, self._channel.scenario.jitter_s, dice, deliver)

    def _hear_host(self, data: bytes) -> None:
        if self._off is None:
            self._take(data)
            self._wake()

    def _tell_host(self, data: bytes) -> None:
        self.on_host_bytes(data)

    # what each kind decides

    @abstractmethod
    def _take(self, data: bytes) -> None:
        """Queue what the host wrote."""

    @abstractmethod
    def _send_one(self) -> float | None:
        """Put the next of the queue on the air and return its seconds, or None when this transmission ends here."""

    @abstractmethod
    def _receive(self, data: bytes) -> None:
        """Take what the channel delivers."""

    @abstractmethod
    def _queued_bytes(self) -> int:
        """Size of the queue."""

    @abstractmethod
    def _forget(self) -> None:
        """Empty the queue and all that is half read."""

    def _hang_s(self) -> float:
        """How long the key stays down after the last bit."""
        return self._airtime.tail_s

    def _wait_slot_s(self) -> float:
        """How long to wait before looking at the channel again, 0 to key now."""
        return 0.0

    # transmitter

    def _wake(self) -> None:
        if not self._queued_bytes():
            return
        match self._state:
            case TransmitterState.IDLE:
                self._try_key()
            case TransmitterState.HANGING:
                self._stop()
                self._send_next()
            case TransmitterState.WAITING | TransmitterState.KEYED:
                pass
            case _:
                assert_never(self._state)

    def _try_key(self) -> None:
        self._state = TransmitterState.WAITING
        if self._channel.scenario.carrier_sense:
            if self._channel.busy(self.name):
                self._channel.when_free(self.name, self._channel_free)
                return
            if (slot_s := self._wait_slot_s()) > 0:
                self._after(slot_s, self._try_key)
                return
        self._channel.key(self.name)
        self._state = TransmitterState.KEYED
        self._after(self._airtime.direction_change_s, self._begin)

    def _channel_free(self) -> None:
        if self._state is TransmitterState.WAITING:  # else the power went meanwhile
            self._try_key()

    def _begin(self) -> None:
        """The first bit of a transmission is due."""
        self._first_bit_at = self._world.now
        self._send_next()

    def _send_next(self) -> None:
        duration_s = self._send_one()
        if duration_s is not None:
            self._state = TransmitterState.KEYED
            self._after(duration_s, self._send_next)
            return
        over_s = self._world.now - self._first_bit_at
        self.counters.longest_over_s = max(self.counters.longest_over_s, over_s)
        if self._hang_s() > 0:
            self._state = TransmitterState.HANGING
            self._after(self._hang_s(), self._drop)
        else:
            self._drop()

    def _drop(self) -> None:
        self._state = TransmitterState.IDLE
        self._channel.unkey(self.name)
        self._wake()

    def _after(self, delay_s: float, step: Callable[[], None]) -> None:
        self._next_step = self._world.call_later(delay_s, step)

    def _stop(self) -> None:
        if self._next_step is not None:
            self._next_step.cancel()
        self._state = TransmitterState.IDLE


class FrameModem(Modem):
    """A modem that takes and gives whole frames in KISS, and loses those that the air damages.

    Frames that the host writes while the key is down join the same transmission. Of the KISS commands it
    obeys persistence and slot time; key-up and tail are the scenario's.
    """

    def __init__(self, channel: Channel, name: str) -> None:
        super().__init__(channel, name)
        self._decoder = KissDecoder()
        self._queue: deque[bytes] = deque()
        self._queue_bytes = 0
        self._room_frames = inf
        self._persistence = 255
        self._slot_s = _KISS_SLOT_S
        self._dice = channel.world.random(f"persistence/{name}")

    @abstractmethod
    def _frame_air(self, frame: bytes) -> tuple[float, int]:
        """Seconds that the frame takes on the air, and the bytes that count as sent."""

    @abstractmethod
    def _longest_frame_bytes(self) -> float:
        """Longest frame that the modem takes from the host."""

    def _take(self, data: bytes) -> None:
        for frame in self._decoder.receive(data):
            match frame.command:
                case Command.DATA:
                    self._queue_frame(frame.payload)
                case Command.PERSISTENCE if frame.payload:
                    self._persistence = frame.payload[0]
                case Command.SLOTTIME if frame.payload:
                    self._slot_s = frame.payload[0] * _KISS_UNIT_S
                case _:
                    pass

    def _queue_frame(self, frame: bytes) -> None:
        if len(frame) > self._longest_frame_bytes() or self._queue_bytes + len(frame) > self._buffer_bytes:
            self.counters.bytes_refused += len(frame)
        elif frame:
            self._queue.append(frame)
            self._queue_bytes += len(frame)

    def _begin(self) -> None:
        self._room_frames = self._channel.scenario.transmission_frames or inf
        super()._begin()

    def _send_one(self) -> float | None:
        if not self._queue or self._room_frames <= 0:
            return None
        self._room_frames -= 1
        frame = self._queue.popleft()
        self._queue_bytes -= len(frame)
        duration_s, air_bytes = self._frame_air(frame)
        self._channel.send(self.name, frame, duration_s, checked=True, air_bytes=air_bytes)
        return duration_s

    def _receive(self, data: bytes) -> None:
        self._to_host.carry(encode_kiss(data))

    def _queued_bytes(self) -> int:
        return self._queue_bytes

    def _forget(self) -> None:
        self._queue.clear()
        self._queue_bytes = 0
        self._decoder = KissDecoder()
        self._persistence, self._slot_s = 255, _KISS_SLOT_S

    def _wait_slot_s(self) -> float:
        """The p-persistence of KISS, section 4: key with (P + 1) / 256, else wait one slot."""
        return 0.0 if self._dice.random() * 256 < self._persistence + 1 else self._slot_s


class Tnc(FrameModem):
    """A KISS TNC: AX.25 frames, to which it adds check sequence, stuffing and flags."""

    def _frame_air(self, frame: bytes) -> tuple[float, int]:
        return frame_air_bits(frame) / self._airtime.bit_rate, frame_air_bytes(frame)

    def _longest_frame_bytes(self) -> float:
        return (self._airtime.max_frame_bytes or float("inf")) + AX25_ADDRESSING_BYTES


class LoraModem(FrameModem):
    """A LoRa module behind a serial port: frames of its own with a checksum, delimited in KISS on the host
    side."""

    def _frame_air(self, frame: bytes) -> tuple[float, int]:
        return self._airtime.frame_s(len(frame)), len(frame)

    def _longest_frame_bytes(self) -> float:
        return self._airtime.max_frame_bytes or float("inf")


class TransparentModem(Modem):
    """A modem that sends bytes as they come and delivers what arrives, wrong bits included."""

    def __init__(self, channel: Channel, name: str) -> None:
        super().__init__(channel, name)
        self._queue = bytearray()
        self._stretch_bytes = max(1, int(STREAM_STRETCH_S * self._airtime.bit_rate / 8))

    def _take(self, data: bytes) -> None:
        taken = data[: self._buffer_bytes - len(self._queue)]
        self._queue += taken
        self.counters.bytes_refused += len(data) - len(taken)

    def _send_one(self) -> float | None:
        if not self._queue:
            return None
        stretch = bytes(self._queue[: self._stretch_bytes])
        del self._queue[: len(stretch)]
        duration_s = len(stretch) * 8 / self._airtime.bit_rate
        self._channel.send(self.name, stretch, duration_s, checked=False, air_bytes=len(stretch))
        return duration_s

    def _receive(self, data: bytes) -> None:
        self._to_host.carry(data)

    def _queued_bytes(self) -> int:
        return len(self._queue)

    def _forget(self) -> None:
        self._queue.clear()

    def _hang_s(self) -> float:
        return max(STREAM_HANG_S, self._airtime.tail_s)


def attach_modem(channel: Channel, name: str) -> Modem:
    """Put the modem that the channel's scenario names on the channel, as station `name`.

    Raises:
        SimulationError: the name is taken.
    """
    kind = channel.scenario.airtime.kind
    match kind:
        case "kiss-tnc":
            return Tnc(channel, name)
        case "transparent":
            return TransparentModem(channel, name)
        case "lora":
            return LoraModem(channel, name)
        case _:
            assert_never(kind)
