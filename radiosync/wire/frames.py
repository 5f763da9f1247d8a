"""The frames, as bytes and back (protocol, section 5).

Every frame begins with two bytes: kind and flags, and how many bytes of the over are left behind this frame. It ends with a
frame check whose seed binds it to one contact, to both databases and to the epochs that its numbers belong to, so that a
frame of another contact or epoch looks like a damaged one.

A *hello* says who calls whom and what each has, in full. It opens a contact with a station that we do not know yet, answers
such a call, and stands in for an acknowledgement whenever an epoch or a context has to be agreed anew. A *call* opens a
contact with a known partner: what both know already is in the seed of its check and not on air, and the first pieces ride in
it. An *acknowledgement* leads every other over. *Data* frames carry pieces.

Frames of version 0 of the protocol are in `wire.frames0`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from typing import TypeAlias, assert_never

from radiosync.errors import WireError
from radiosync.limits import OPEN_TRANSFERS, TRANSFER_BLOCKS
from radiosync.wire.context import DIGEST_BYTES, Mark
from radiosync.wire.shape import PIECE_SIZES, Shape
from radiosync.wire.varint import read_left, read_uvarint, write_left, write_uvarint

PROTOCOL_VERSION = 1
"""In each hello. Partners speak the lower one of both theirs."""

CALL_CHECK_BYTES = 4
"""Size of the frame check of a call on every link: it is tried against every partner that we know."""

NUMBER_BITS = 3
"""Bits of a transfer's number in a data frame: enough for the `OPEN_TRANSFERS` behind `through`, and as many before."""


TURN_BYTES = 2
"""Of a member's identity, when a pool asks it to answer. No two members of a pool have the same."""

ROUND_BYTES = 13
"""Size of the frame that leads an over to a pool, without the turns that it gives and without its check."""


def pool_seed(pool: bytes, *parts: bytes) -> bytes:
    """Seed of the frame checks in a contact of a pool."""
    return b"pool" + pool + b"".join(parts)


class Capability(IntFlag):
    """What a station can read beyond what every station can."""

    COMPACT = 1
    """Batches in the compact codec."""


def call_seed(called: bytes) -> bytes:
    """Seed of the frame check of a hello that opens a contact.

    Whoever hears it does not know the contact yet, but knows its own identity, of which only the first bytes are on air. So
    a station is never reached under an identity that is not quite its own.
    """
    return b"call" + called


def short_call_seed(
    caller: bytes, called: bytes, incarnations: tuple[int, int], epochs: tuple[int, int], mark: Mark
) -> bytes:
    """Seed of the frame check of a call: all that a hello would have said and that has not changed.

    Args:
        caller, called: identities.
        incarnations, epochs: of the caller and of the called, and of their traffic.
        mark: of what the caller has of the called's traffic, after the `through` that the call states.
    """
    numbers = b"".join(number.to_bytes(4, "big") for number in incarnations) + bytes(epochs)
    return b"call1" + caller + called + numbers + mark.seed


_ADDRESS_BYTES = 4
_HELLO_BYTES = 1 + 2 * _ADDRESS_BYTES + 4 + 2 + 3 + 3 + DIGEST_BYTES
"""Of what a hello of every version begins with, behind its head."""
_BEGINS_BYTES = 4


class Kind(IntEnum):
    """Top three bits of a frame. A data frame has a flag in the lowest of these."""

    HELLO = 0
    OLD_ACK = 1
    """Acknowledgement of version 0."""
    OLD_DATA = 2
    """Data of version 0."""
    CALL = 3
    ACK = 4
    ROUND = 5
    DATA = 6


class Flag(IntFlag):
    """Low five bits of a hello, a call or an acknowledgement."""

    MORE = 1
    """The sender has more to send than what is sealed."""
    GRANT = 2
    """A grant is stated."""
    PENDING = 4
    """What is pending is stated."""
    ARRIVING = 8
    """Unfinished transfers are stated."""
    GREET = 2
    """Round: those who answer say a hello."""
    REPLY = 16
    """Hello: answers a call."""
    BYE = 16
    """Acknowledgement: this is the end of the contact; do not answer."""
    PIECES = 16
    """Call: pieces follow, laid out as a data frame without its second byte."""


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
    """What a station has and wants: the part that hello, call and acknowledgement have in common.

    Attributes:
        sealed: number of the newest transfer that the sender has sealed; low 16 bits in a hello, else 8.
        through: the sender has applied all the receiver's transfers up to this number; low bits likewise.
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
        heard_mark: of what the sender has of the receiver's traffic. A hello of version 0 says nothing of models.
        report: what it has and wants; numbers modulo 65536.
        capabilities: what the sender can read; None if it does not say so, as in a hello of version 0.
        version: of the protocol that the sender speaks.
        begins: transfer behind which the epoch of the sender's traffic begins; None if it does not say so. An epoch of a
            station that speaks version 0 begins behind 0.
    """

    reply: bool
    receiver: bytes
    sender: bytes
    incarnation: int
    contact: int
    epoch: int
    heard_epoch: int
    heard_mark: Mark
    report: Report
    capabilities: int | None = 0
    version: int = PROTOCOL_VERSION
    begins: int | None = 0


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
        number: of the transfer, low `number_bits` bits.
        block, first: which pieces.
        data: the pieces; zeros at the end of the last one may be left out.
        shape: of the transfer, unless the receiver is known to know it.
        number_bits: `NUMBER_BITS`; 8 in a frame of version 0.
    """

    number: int
    block: int
    first: int
    data: bytes
    shape: Shape | None = None
    number_bits: int = NUMBER_BITS


@dataclass(frozen=True, slots=True)
class Call:
    """Opens a contact with a partner that we know.

    Attributes:
        contact: number that the caller gave the contact.
        capabilities: what the caller can read.
        report: what it has and wants; numbers modulo 256.
        data: pieces that ride along, or None.
    """

    contact: int
    capabilities: int
    report: Report
    data: Data | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """Leads an over to a pool: all that a listener needs to join in, and who may answer, one behind the other.

    Attributes:
        contact: number that the speaker gave the contact.
        incarnation: of the speaker's database.
        epoch: of the pool's traffic.
        sealed: number of the newest transfer, low 16 bits.
        over: number of this over in the contact, low 8 bits.
        turns: first bytes of the identities of the members that answer, in that order.
        greet: they answer with a hello; else with an acknowledgement.
        more: more waits than is sealed.
        bye: the contact ends here.
    """

    contact: int
    incarnation: int
    epoch: int
    sealed: int
    over: int = 0
    turns: tuple[bytes, ...] = ()
    greet: bool = False
    more: bool = False
    bye: bool = False


Frame: TypeAlias = Hello | Call | Ack | Round | Data


# Writing.


def write_frame(frame: Frame, left_bytes: int = 0) -> bytes:
    """A frame without its check. `left_bytes` of the over follow it."""
    match frame:
        case Hello():
            head = _head(Kind.HELLO, Flag.REPLY if frame.reply else Flag(0), frame.report, left_bytes)
            return (
                head
                + write_hello_start(frame)
                + bytes([frame.capabilities or 0])
                + frame.heard_mark.model
                + (frame.begins or 0).to_bytes(_BEGINS_BYTES, "big")
                + _write_report(frame.report)
            )
        case Call():
            head = _head(Kind.CALL, Flag(0), frame.report, left_bytes)
            body = frame.contact.to_bytes(2, "big") + bytes([frame.capabilities, *_marks(frame.report)])
            call = head + body + _write_report(frame.report)
            return call if frame.data is None else add_pieces(call, write_frame(frame.data))
        case Ack():
            head = _head(Kind.ACK, Flag.BYE if frame.bye else Flag(0), frame.report, left_bytes)
            return head + _marks(frame.report) + _write_report(frame.report)
        case Round():
            flags = Flag.MORE * frame.more | Flag.GREET * frame.greet | Flag.BYE * frame.bye
            head = bytes([Kind.ROUND << 5 | flags, write_left(left_bytes)])
            numbers = frame.contact.to_bytes(2, "big") + frame.incarnation.to_bytes(4, "big")
            numbers += bytes([frame.epoch]) + (frame.sealed & 0xFFFF).to_bytes(2, "big")
            numbers += bytes([frame.over & 0xFF, len(frame.turns)])
            return head + numbers + b"".join(turn[:TURN_BYTES] for turn in frame.turns)
        case Data():
            return _write_data(frame, left_bytes)
        case _ as never:
            assert_never(never)


def set_left(frame: bytes, left_bytes: int) -> bytes:
    """The same frame with another number of bytes left behind it."""
    return frame[:1] + bytes([write_left(left_bytes)]) + frame[2:]


def add_pieces(call: bytes, data: bytes) -> bytes:
    """A call, as written, with the pieces of a data frame, as written, in the same frame: one header less."""
    return bytes([call[0] | Flag.PIECES]) + call[1:] + data[:1] + data[2:]


def write_hello_start(hello: Hello) -> bytes:
    """What a hello of every version begins with, behind its head."""
    body = bytes([hello.version]) + hello.receiver[:_ADDRESS_BYTES] + hello.sender[:_ADDRESS_BYTES]
    body += hello.incarnation.to_bytes(4, "big") + hello.contact.to_bytes(2, "big")
    body += bytes([hello.epoch]) + (hello.report.sealed & 0xFFFF).to_bytes(2, "big")
    body += bytes([hello.heard_epoch]) + (hello.report.through & 0xFFFF).to_bytes(2, "big")
    return body + hello.heard_mark.context


def write_arriving(entries: Sequence[Arriving]) -> bytes:
    """Entries for unfinished transfers, one behind the other."""
    out = bytearray()
    for arriving in entries:
        write_uvarint(out, 1 if arriving.applied else 2 * len(arriving.needs))
        for need in arriving.needs:
            write_uvarint(out, need)
    return bytes(out)


def _head(kind: Kind, flags: Flag, report: Report, left_bytes: int) -> bytes:
    stated = (
        (Flag.MORE, report.more),
        (Flag.GRANT, report.grant_bytes),
        (Flag.PENDING, report.pending_bytes),
        (Flag.ARRIVING, report.arriving),
    )
    for flag, is_stated in stated:
        flags |= flag if is_stated else 0
    return bytes([kind << 5 | flags, write_left(left_bytes)])


def _marks(report: Report) -> bytes:
    return bytes([report.sealed & 0xFF, report.through & 0xFF])


def _write_report(report: Report) -> bytes:
    stated = [write_left(size) for size in (report.grant_bytes, report.pending_bytes) if size]
    entries = bytes([len(report.arriving)]) + write_arriving(report.arriving) if report.arriving else b""
    return bytes(stated) + entries


def _write_data(frame: Data, left_bytes: int) -> bytes:
    kind = Kind.DATA << 5 | (frame.shape is not None) << 5 | frame.number % (1 << NUMBER_BITS) << 2
    head = bytes([kind, write_left(left_bytes), frame.block, frame.first])
    return head + (b"" if frame.shape is None else write_shape(frame.shape)) + frame.data


def write_shape(shape: Shape) -> bytes:
    """A shape in two bytes."""
    return ((shape.pieces - 1) << 4 | shape.size_code).to_bytes(2, "big")


# Reading.


def kind_of(data: bytes) -> Kind:
    """The kind of a frame, whose check may still be on it. Raises WireError if there is no such kind."""
    if data and data[0] >> 6 == Kind.DATA >> 1:
        return Kind.DATA
    if not data or data[0] >> 5 not in tuple(Kind):
        raise WireError("there is no frame of that kind")
    return Kind(data[0] >> 5)


def read_frame(data: bytes) -> tuple[Frame, int]:
    """A frame whose check has been taken off, and the bytes left behind it in the over. Raises WireError."""
    if len(data) < 2:
        raise WireError("a frame is shorter than its head")
    left_bytes, body = read_left(data[1]), data[2:]
    try:
        match kind_of(data):
            case Kind.HELLO:
                return _read_hello(data[0] & 0x1F, body), left_bytes
            case Kind.CALL:
                return _read_call(data[0] & 0x1F, body), left_bytes
            case Kind.ACK:
                report, _ = _read_report(data[0] & 0x1F, body[0], body[1], body, 2)
                return Ack(report, bool(data[0] & Flag.BYE)), left_bytes
            case Kind.ROUND:
                return _read_round(data[0] & 0x1F, body), left_bytes
            case Kind.DATA:
                return _read_data(data[0], body), left_bytes
            case Kind.OLD_ACK | Kind.OLD_DATA:
                raise WireError("a frame is of version 0")
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


def read_hello_start(body: bytes, reply: bool, report: Report) -> Hello:
    """What a hello of every version begins with. Sealed and through of `report` are replaced by those in the frame."""
    if len(body) < _HELLO_BYTES:
        raise WireError("a hello is too short")
    numbers = (
        int.from_bytes(body[at : at + size], "big") for at, size in ((9, 4), (13, 2), (16, 2), (19, 2))
    )
    incarnation, contact, sealed, through = numbers
    stated = Report(sealed, through, report.arriving, report.grant_bytes, report.pending_bytes, report.more)
    return Hello(
        reply,
        receiver=body[1:5],
        sender=body[5:9],
        incarnation=incarnation,
        contact=contact,
        epoch=body[15],
        heard_epoch=body[18],
        heard_mark=Mark(body[21:_HELLO_BYTES]),
        report=stated,
        version=body[0],
    )


def read_arriving(body: bytes, at: int, count: int) -> tuple[tuple[Arriving, ...], int]:
    """`count` entries for unfinished transfers from `at` on, and where they end."""
    if count > OPEN_TRANSFERS:
        raise WireError("a report speaks of more transfers than can be open")
    entries: list[Arriving] = []
    for _ in range(count):
        code, at = read_uvarint(body, at)
        if code // 2 > TRANSFER_BLOCKS:
            raise WireError("a report speaks of more blocks than a transfer can have")
        needs = []
        for _ in range(code // 2):
            need, at = read_uvarint(body, at)
            needs.append(need)
        entries.append(Arriving(code == 1, tuple(needs)))
    return tuple(entries), at


def _read_report(flags: int, sealed: int, through: int, body: bytes, at: int) -> tuple[Report, int]:
    grant_bytes = pending_bytes = 0
    entries: tuple[Arriving, ...] = ()
    if flags & Flag.GRANT:
        grant_bytes, at = read_left(body[at]), at + 1
    if flags & Flag.PENDING:
        pending_bytes, at = read_left(body[at]), at + 1
    if flags & Flag.ARRIVING:
        entries, at = read_arriving(body, at + 1, body[at])
    return Report(sealed, through, entries, grant_bytes, pending_bytes, bool(flags & Flag.MORE)), at


def _read_hello(flags: int, body: bytes) -> Hello:
    """A hello of this version, or of a later one: these add to the end."""
    capabilities, at = body[_HELLO_BYTES], _HELLO_BYTES + 1
    model, at = body[at : at + DIGEST_BYTES], at + DIGEST_BYTES
    begins, at = int.from_bytes(body[at : at + _BEGINS_BYTES], "big"), at + _BEGINS_BYTES
    if len(body) < at:
        raise WireError("a hello is too short")
    report, _ = _read_report(flags, 0, 0, body, at)
    hello = read_hello_start(body, bool(flags & Flag.REPLY), report)
    mark = hello.heard_mark._replace(model=model)
    return replace(hello, capabilities=capabilities, heard_mark=mark, begins=begins)


def _read_call(flags: int, body: bytes) -> Call:
    report, at = _read_report(flags, body[3], body[4], body, 5)
    data = _read_data(body[at], body[at + 1 :]) if flags & Flag.PIECES else None
    return Call(int.from_bytes(body[:2], "big"), body[2], report, data)


def _read_round(flags: int, body: bytes) -> Round:
    return Round(
        contact=int.from_bytes(body[:2], "big"),
        incarnation=int.from_bytes(body[2:6], "big"),
        epoch=body[6],
        sealed=int.from_bytes(body[7:9], "big"),
        over=body[9],
        turns=tuple(
            bytes([body[at], body[at + 1]]) for at in range(11, 11 + TURN_BYTES * body[10], TURN_BYTES)
        ),
        greet=bool(flags & Flag.GREET),
        more=bool(flags & Flag.MORE),
        bye=bool(flags & Flag.BYE),
    )


def _read_data(first: int, body: bytes) -> Data:
    if first >> 6 != Kind.DATA >> 1:
        raise WireError("a call carries something else than pieces")
    number, at, shape = first >> 2 & (1 << NUMBER_BITS) - 1, 2, None
    if first & 1 << 5:
        at, shape = 4, read_shape(body[2] << 8 | body[3])
    if len(body) <= at:
        raise WireError("a data frame carries nothing")
    return Data(number, body[0], body[1], body[at:], shape)


def read_shape(code: int) -> Shape:
    """A shape from its two bytes."""
    return Shape((code >> 4) + 1, code % len(PIECE_SIZES))
