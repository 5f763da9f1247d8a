"""KISS, the byte protocol between a host and a TNC.

Source: Mike Chepponis and Phil Karn, "The KISS TNC: A simple Host-to-TNC communications protocol", 1987. A
frame is FEND, a type byte (port in the high nibble, command in the low one), the payload, FEND. Inside,
FEND and FESC are escaped. A byte that a line error makes into FEND or FESC costs the frames it touches and
no others.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from radiosync.limits import KISS_FRAME_BYTES

FEND: Final = b"\xc0"
FESC: Final = b"\xdb"
TFEND: Final = b"\xdc"
TFESC: Final = b"\xdd"


class Command(IntEnum):
    """What a KISS frame is for. All but DATA and RETURN carry one byte of parameter, from host to TNC."""

    DATA = 0x0
    TXDELAY = 0x1
    """Wait between keying and data, in 10 ms."""
    PERSISTENCE = 0x2
    """p * 256 - 1 of p-persistent carrier sense."""
    SLOTTIME = 0x3
    """Wait between tries of carrier sense, in 10 ms."""
    TXTAIL = 0x4
    """Time to stay keyed after the last bit, in 10 ms."""
    FULLDUPLEX = 0x5
    """0 half duplex, 1 full duplex."""
    SETHARDWARE = 0x6
    """Specific to the TNC."""
    RETURN = 0xF
    """Leave KISS mode. Goes to port 15, which makes the type byte FF."""


@dataclass(frozen=True, slots=True)
class KissFrame:
    """One KISS frame without its delimiters.

    Attributes:
        port: radio of the TNC, 0 to 15.
        command: what it is for.
        payload: what stood behind the type byte, escapes resolved. May be empty.
    """

    port: int
    command: Command
    payload: bytes


def encode_kiss(payload: bytes, port: int = 0, command: Command = Command.DATA) -> bytes:
    """Return the bytes for the TNC. Raises ValueError when `port` is not 0 to 15.

    The FEND in front ends whatever a line error left open. The type byte is escaped as well: data for port
    12 is C0.
    """
    if not 0 <= port <= 15:
        raise ValueError(f"no such KISS port: {port}")
    inner = bytes([port << 4 | command]) + payload
    return FEND + inner.replace(FESC, FESC + TFESC).replace(FEND, FESC + TFEND) + FEND


class KissDecoder:
    """Finds KISS frames in what a TNC sends, however the bytes are cut.

    Bytes before the first FEND are not taken for a frame: a port opened in mid-frame delivers the rest of
    one.

    Attributes:
        damaged: runs between two FENDs that were dropped: a bad escape, an unknown command, too long.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._run = bytearray()
        self._hunting = True  # skipping everything up to the next FEND

    def receive(self, data: bytes) -> list[KissFrame]:
        """Take bytes from the TNC, return the frames that they complete. Never raises, whatever the bytes."""
        frames = []
        *ended, rest = data.split(FEND)
        for run in ended:
            self._extend(run)
            if self._run and (frame := self._parse()) is not None:
                frames.append(frame)
            self._run.clear()
            self._hunting = False
        self._extend(rest)
        return frames

    def _extend(self, run: bytes) -> None:
        if self._hunting:
            return
        if len(self._run) + len(run) > KISS_FRAME_BYTES:
            self.damaged += 1
            self._run.clear()
            self._hunting = True
            return
        self._run += run

    def _parse(self) -> KissFrame | None:
        inner = _resolve_escapes(bytes(self._run))
        if inner and inner[0] & 0x0F in _COMMANDS:
            return KissFrame(inner[0] >> 4, Command(inner[0] & 0x0F), inner[1:])
        self.damaged += 1
        return None


_COMMANDS: Final = frozenset(Command)


def _resolve_escapes(run: bytes) -> bytes | None:
    """Return `run` with its escapes resolved, or None when FESC stands before anything else than it may."""
    plain, *escaped = run.split(FESC)
    parts = [plain]
    for part in escaped:
        if part[:1] == TFEND:
            parts.append(FEND)
        elif part[:1] == TFESC:
            parts.append(FESC)
        else:
            return None
        parts.append(part[1:])
    return b"".join(parts)
