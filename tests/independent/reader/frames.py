"""Frames without their checks (protocol, 5 and 12.2)."""

from dataclasses import dataclass

from tests.independent.reader.basics import Cursor, refuse_unless
from tests.independent.reader.erasure import Shape, read_shape

HELLO, CALL, ACK, ROUND = 0, 3, 4, 5
GRANT, PENDING, ARRIVING = 2, 4, 8
REPLY = PIECES = 16
VERSION_0 = "a hello of version 0"
REPORT_ENTRIES, TRANSFER_BLOCKS = 4, 32
PARTS = {
    HELLO: "version 1 receiver 4 sender 4 incarnation 4 contact 2 epoch 1 sealed 2 known-epoch 1 through 2"
    " digest 4 capabilities 1 model 4 begins 4",
    CALL: "contact 2 capabilities 1 sealed 1 through 1",
    ACK: "sealed 1 through 1",
    ROUND: "contact 2 incarnation 4 epoch 1 sealed 2 over 1 turns 1",
}

Need = tuple[int, ...] | None


@dataclass(frozen=True)
class Report:
    """What a station has and wants (protocol, 5.5).

    An arriving transfer is None if nothing of it is there, and empty if it is applied.
    """

    grant: int = 0
    pending: int = 0
    arriving: tuple[Need, ...] = ()


@dataclass(frozen=True)
class Data:
    """Pieces of a transfer (protocol, 5.4). Of its number there are the low 3 bits."""

    left: int
    number: int
    shape: Shape | None
    block: int
    first: int
    content: bytes


@dataclass(frozen=True)
class Leading:
    """A frame that leads an over: hello, call, acknowledgement or round (protocol, 5.2, 5.3 and 12.2)."""

    kind: int
    flags: int
    left: int
    said: dict[str, int]
    report: Report
    data: Data | None
    turns: tuple[int, ...] = ()


Frame = Leading | Data


def read_count(code: int) -> int:
    """A count of bytes in one byte (protocol, 5.1)."""
    exponent, mantissa = code >> 4, code & 15
    return (16 + mantissa) << exponent - 1 if exponent else mantissa


def _read_need(cursor: Cursor) -> Need:
    code = cursor.uvarint()
    if code < 2:
        return () if code else None
    refuse_unless(code % 2 == 0 and code // 2 <= TRANSFER_BLOCKS, "bad entry in a report")
    return tuple(cursor.uvarint() for _ in range(code // 2))


def _read_report(cursor: Cursor, flags: int) -> Report:
    grant = read_count(cursor.integer(1)) if flags & GRANT else 0
    pending = read_count(cursor.integer(1)) if flags & PENDING else 0
    count = cursor.integer(1) if flags & ARRIVING else 0
    refuse_unless(count <= REPORT_ENTRIES and (count > 0 or not flags & ARRIVING), "bad report")
    return Report(grant, pending, tuple(_read_need(cursor) for _ in range(count)))


def _read_data(head: int, left: int, cursor: Cursor) -> Data:
    block, first = cursor.integer(1), cursor.integer(1)
    shape = read_shape(cursor.integer(2)) if head & 32 else None
    content = cursor.rest()
    refuse_unless(len(content) > 0, "no pieces")
    return Data(left, head >> 2 & 7, shape, block, first, content)


def read_frame(frame: bytes) -> Frame:
    """A frame whose check was taken off (protocol, 5.1)."""
    cursor = Cursor(frame)
    head, left = cursor.integer(1), read_count(cursor.integer(1))
    if head >> 6 == 3:
        return _read_data(head, left, cursor)
    kind, flags = head >> 5, head & 31
    refuse_unless(kind in PARTS, "unknown kind of frame")
    refuse_unless(kind != HELLO or frame[2:3] != b"\0", VERSION_0)
    words = PARTS[kind].split()
    said = {name: cursor.integer(int(size)) for name, size in zip(words[::2], words[1::2], strict=True)}
    report = Report() if kind == ROUND else _read_report(cursor, flags)
    data = _read_data(cursor.integer(1), left, cursor) if kind == CALL and flags & PIECES else None
    turns = tuple(cursor.integer(2) for _ in range(said.get("turns", 0)))
    refuse_unless(said.get("version", 1) > 1 or not cursor.rest(), "bytes behind a frame")
    return Leading(kind, flags, left, said, report, data, turns)
