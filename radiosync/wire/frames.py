"""The three kinds of frame, as bytes and back (protocol, section 5).

Every frame begins with two bytes: kind and flags, and how many bytes of the over are left behind this frame. It ends with a
frame check whose seed binds it to one contact and to the epochs that its numbers belong to, so that a frame of another
contact or epoch looks like a damaged one.

A *hello* says who calls whom and what each has. It opens a contact, answers a call, and stands in for an acknowledgement
whenever an epoch or a context has to be agreed anew. An *acknowledgement* leads every other over. *Data* frames carry
pieces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias, assert_never

from radiosync.errors import WireError
from radiosync.limits import OPEN_TRANSFERS, TRANSFER_BLOCKS
from radiosync.wire.context import DIGEST_BYTES
from radiosync.wire.shape import PIECE_SIZES, Shape
from radiosync.wire.varint import read_left, read_uvarint, write_left, write_uvarint

PROTOCOL_VERSION = 0
"""In each hello. 0 until the first release."""

_CALL = b"call"


def call_seed(called: bytes) -> bytes:
    """Seed of the frame check of a hello that opens a contact.

    Whoever hears it does not know the contact yet, but knows its own identity, of which only the first bytes are on air. So
    a station is never reached under an identity that is not quite its own.
    """
    return _CALL + called


_ADDRESS_BYTES = 4
_HELLO_BYTES = 1 + 2 * _ADDRESS_BYTES + 4 + 2 + 3 + 3 + DIGEST_BYTES


class Kind(IntEnum):
    """Top three bits of a frame."""

    HELLO = 0
    ACK = 1
    DATA = 2


class Flag(IntEnum):
    """Low five bits of a frame; the meaning depends on its kind."""

    REPLY = 1
    """Hello: answers a call."""
    MORE = 2
    """Hello, acknowledgement: the sender has more to send than what is sealed."""
    BYE = 4
    """Acknowledgement: this is the end of the contact; do not answer."""
    SHAPE = 1
    """Data: the shape of the transfer is stated."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """What a station says about one transfer that is on its way to it.

    Attributes:
        applied: it is here whole and applied.
        needs: for each block how many more pieces it takes; empty if nothing of the transfer is here, or it is applied.
    """

    applied: bool = False
    needs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a station has and wants: the part that a hello and an acknowledgement have in common.

    Attributes:
        sealed: number of the newest transfer that the sender has sealed; low 8 bits in an acknowledgement.
        through: the sender has applied all the receiver's transfers up to this number; low 8 bits likewise.
        arriving: the transfers behind `through`, in order of number.
        grant_bytes: how much the receiver may send in its next over.
        pending_bytes: how much the sender would still send.
        more: it has more than that.
    """

    sealed: int
    through: int
    arriving: Sequence[Arriving] = ()
    grant_bytes: int = 0
    pending_bytes: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Hello:
    """Who speaks to whom, and where both stand.

    Attributes:
        reply: True if it answers a call.
        receiver, sender: first four bytes of the stations' identities.
        incarnation: that of the sender's database.
        contact: number that the caller gave the contact.
        epoch: of the sender's traffic.
        heard_epoch: of the receiver's traffic, as the sender knows it.
        heard_digest: of the context that the sender has of the receiver's traffic.
        report: what it has and wants; numbers modulo 65536.
    """

    reply: bool
    receiver: bytes
    sender: bytes
    incarnation: int
    contact: int
    epoch: int
    heard_epoch: int
    heard_digest: bytes
    report: Report


@dataclass(frozen=True, slots=True)
class Ack:
    """Leads an over: what has arrived, and what the other side may send.

    Attributes:
        report: numbers modulo 256.
        bye: the contact ends here.
    """

    report: Report
    bye: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """Pieces of a transfer.

    Attributes:
        number: of the transfer, modulo 256.
        block, first: which pieces.
        data: the pieces; zeros at the end of the last one may be left out.
        shape: of the transfer, unless the receiver is known to know it.
    """

    number: int
    block: int
    first: int
    data: bytes
    shape: Shape | None = None


Frame: TypeAlias = Hello | Ack | Data


def write_frame(frame: Frame, left_bytes: int = 0) -> bytes:
    """A frame without its check. `left_bytes` of the over follow it."""
    match frame:
        case Hello():
            return _head(Kind.HELLO, Flag.REPLY * frame.reply, frame.report, left_bytes) + _write_hello(frame)
        case Ack():
            body = bytearray([frame.report.sealed & 0xFF, frame.report.through & 0xFF])
            _write_report(body, frame.report)
            return _head(Kind.ACK, Flag.BYE * frame.bye, frame.report, left_bytes) + body
        case Data():
            head = bytes([Kind.DATA << 5 | Flag.SHAPE * (frame.shape is not None), write_left(left_bytes)])
            return head + _write_data(frame)


def set_left(frame: bytes, left_bytes: int) -> bytes:
    """The same frame with another number of bytes left behind it."""
    return frame[:1] + bytes([write_left(left_bytes)]) + frame[2:]


def kind_of(data: bytes) -> Kind:
    """The kind of a frame, whose check may still be on it. Raises WireError if there is no such kind."""
    if not data or data[0] >> 5 not in tuple(Kind):
        raise WireError("there is no frame of that kind")
    return Kind(data[0] >> 5)


def read_frame(data: bytes) -> tuple[Frame, int]:
    """A frame whose check has been taken off, and the bytes left behind it in the over. Raises WireError."""
    if len(data) < 2:
        raise WireError("a frame is shorter than its head")
    flags, body = data[0] & 0x1F, data[2:]
    try:
        match kind_of(data):
            case Kind.HELLO:
                return _read_hello(flags, body), read_left(data[1])
            case Kind.ACK:
                return _read_ack(flags, body), read_left(data[1])
            case Kind.DATA:
                return _read_data(flags, body), read_left(data[1])
            case _ as never:
                assert_never(never)
    except IndexError:
        raise WireError("a frame ends before it should") from None


def unfold(low: int, bits: int, near: int) -> int:
    """The number nearest to `near`, not negative, whose low `bits` bits are `low`."""
    span = 1 << bits
    number = near - (near - low) % span
    candidates = (number, number + span) if number >= 0 else (number + span,)
    return min(candidates, key=lambda candidate: abs(candidate - near))


def _head(kind: Kind, flags: int, report: Report, left_bytes: int) -> bytes:
    return bytes([kind << 5 | flags | Flag.MORE * report.more, write_left(left_bytes)])


def _write_hello(hello: Hello) -> bytes:
    body = bytearray([PROTOCOL_VERSION])
    body += hello.receiver[:_ADDRESS_BYTES] + hello.sender[:_ADDRESS_BYTES]
    body += hello.incarnation.to_bytes(4, "big") + hello.contact.to_bytes(2, "big")
    body += bytes([hello.epoch]) + (hello.report.sealed & 0xFFFF).to_bytes(2, "big")
    body += (
        bytes([hello.heard_epoch]) + (hello.report.through & 0xFFFF).to_bytes(2, "big") + hello.heard_digest
    )
    _write_report(body, hello.report)
    return bytes(body)


def _read_hello(flags: int, body: bytes) -> Hello:
    if len(body) < _HELLO_BYTES:
        raise WireError("a hello is too short")
    if body[0] != PROTOCOL_VERSION:
        raise WireError(f"a hello speaks version {body[0]} of the protocol")
    numbers = (
        int.from_bytes(body[at : at + size], "big") for at, size in ((9, 4), (13, 2), (16, 2), (19, 2))
    )
    incarnation, contact, sealed, through = numbers
    return Hello(
        reply=bool(flags & Flag.REPLY),
        receiver=body[1:5],
        sender=body[5:9],
        incarnation=incarnation,
        contact=contact,
        epoch=body[15],
        heard_epoch=body[18],
        heard_digest=body[21:25],
        report=_read_report(flags, sealed, through, body[_HELLO_BYTES:]),
    )


def _read_ack(flags: int, body: bytes) -> Ack:
    return Ack(_read_report(flags, body[0], body[1], body[2:]), bool(flags & Flag.BYE))


def _write_report(out: bytearray, report: Report) -> None:
    out += bytes([write_left(report.grant_bytes), write_left(report.pending_bytes)])
    for arriving in report.arriving:
        write_uvarint(out, 1 if arriving.applied else 2 * len(arriving.needs))
        for need in arriving.needs:
            write_uvarint(out, need)


def _read_report(flags: int, sealed: int, through: int, body: bytes) -> Report:
    grant, pending, at = read_left(body[0]), read_left(body[1]), 2
    arriving: list[Arriving] = []
    while at < len(body) and len(arriving) < OPEN_TRANSFERS:
        code, at = read_uvarint(body, at)
        blocks = code // 2
        if blocks > TRANSFER_BLOCKS:
            raise WireError("a report speaks of more blocks than a transfer can have")
        needs = []
        for _ in range(blocks):
            need, at = read_uvarint(body, at)
            needs.append(need)
        arriving.append(Arriving(code == 1, tuple(needs)))
    if at < len(body):
        raise WireError("a report speaks of more transfers than can be open")
    return Report(sealed, through, tuple(arriving), grant, pending, bool(flags & Flag.MORE))


def _write_data(frame: Data) -> bytes:
    place = frame.block << 8 | frame.first
    body = bytes([frame.number & 0xFF]) + place.to_bytes(2, "big")
    if frame.shape is not None:
        body += ((frame.shape.pieces - 1) << 4 | frame.shape.size_code).to_bytes(2, "big")
    return body + frame.data


def _read_data(flags: int, body: bytes) -> Data:
    at, shape = 3, None
    if flags & Flag.SHAPE:
        code = body[3] << 8 | body[4]
        at, shape = 5, Shape((code >> 4) + 1, code % len(PIECE_SIZES))
    place = body[1] << 8 | body[2]
    if len(body) <= at:
        raise WireError("a data frame carries nothing")
    return Data(body[0], place >> 8, place & 0xFF, body[at:], shape)
