"""A station of version 0 of the protocol, as it was when there was no other.

What goes on air is written and read here, from the layout of version 0 and not by the code that is tested. The rules of a
contact are those of `Contact`, but for what version 0 did not know: it never calls in short, the called never says bye, and
its checks know nothing of databases.
"""

from radiosync.errors import WireError
from radiosync.limits import OPEN_TRANSFERS, TRANSFER_BLOCKS
from radiosync.link.contact import Contact, Role
from radiosync.link.over import Body, Over, build_over
from radiosync.wire.check import strip_check
from radiosync.wire.context import Mark
from radiosync.wire.frames import Ack, Arriving, Call, Data, Frame, Hello, Kind, Report
from radiosync.wire.frames0 import read_any_frame
from radiosync.wire.shape import PIECE_SIZES, Shape
from radiosync.wire.varint import read_left, read_uvarint, write_left, write_uvarint

HELLO, ACK, DATA = 0, 1, 2
KINDS = {HELLO: Kind.HELLO, ACK: Kind.OLD_ACK, DATA: Kind.OLD_DATA}


def write_frame(frame: Hello | Ack | Data, left_bytes: int = 0) -> bytes:
    """A frame of version 0 without its check."""
    if isinstance(frame, Data):
        head = bytes([DATA << 5 | (frame.shape is not None), write_left(left_bytes)])
        body = bytes([frame.number & 0xFF, frame.block, frame.first])
        if frame.shape is not None:
            body += ((frame.shape.pieces - 1) << 4 | frame.shape.size_code).to_bytes(2, "big")
        return head + body + frame.data
    report = frame.report
    if isinstance(frame, Ack):
        head = bytes([ACK << 5 | 4 * frame.bye | 2 * report.more, write_left(left_bytes)])
        return head + bytes([report.sealed & 0xFF, report.through & 0xFF]) + _write_report(report)
    head = bytes([HELLO << 5 | 1 * frame.reply | 2 * report.more, write_left(left_bytes), 0])
    body = frame.receiver[:4] + frame.sender[:4]
    body += frame.incarnation.to_bytes(4, "big") + frame.contact.to_bytes(2, "big")
    body += bytes([frame.epoch]) + (report.sealed & 0xFFFF).to_bytes(2, "big")
    body += bytes([frame.heard_epoch]) + (report.through & 0xFFFF).to_bytes(2, "big")
    return head + body + frame.heard_mark.context + _write_report(report)


def _write_report(report: Report) -> bytes:
    out = bytearray([write_left(report.grant_bytes), write_left(report.pending_bytes)])
    for arriving in report.arriving:
        write_uvarint(out, 1 if arriving.applied else 2 * len(arriving.needs))
        for need in arriving.needs:
            write_uvarint(out, need)
    return bytes(out)


def read_frame(data: bytes) -> tuple[Hello | Ack | Data, int]:
    """A frame of version 0, and what is left behind it. Raises WireError."""
    try:
        kind, flags, left_bytes, body = data[0] >> 5, data[0] & 0x1F, read_left(data[1]), data[2:]
        if kind == DATA:
            return _read_data(flags, body), left_bytes
        if kind == ACK:
            return Ack(_read_report(flags, body[0], body[1], body[2:]), bool(flags & 4)), left_bytes
        if kind == HELLO:
            return _read_hello(flags, body), left_bytes
    except IndexError:
        raise WireError("a frame ends before it should") from None
    raise WireError("there is no frame of that kind")


def _read_hello(flags: int, body: bytes) -> Hello:
    if len(body) < 25 or body[0] != 0:
        raise WireError("a hello of another version")
    sealed, through = (int.from_bytes(body[at : at + 2], "big") for at in (16, 19))
    report = _read_report(flags, sealed, through, body[25:])
    incarnation, contact = int.from_bytes(body[9:13], "big"), int.from_bytes(body[13:15], "big")
    reply, receiver, sender = bool(flags & 1), body[1:5], body[5:9]
    epochs = body[15], body[18]
    return Hello(reply, receiver, sender, incarnation, contact, *epochs, Mark(body[21:25]), report, 0, 0)


def _read_data(flags: int, body: bytes) -> Data:
    at, shape = 3, None
    if flags & 1:
        code = body[3] << 8 | body[4]
        at, shape = 5, Shape((code >> 4) + 1, code % len(PIECE_SIZES))
    if len(body) <= at:
        raise WireError("a data frame carries nothing")
    return Data(body[0], body[1], body[2], body[at:], shape, number_bits=8)


def _read_report(flags: int, sealed: int, through: int, body: bytes) -> Report:
    grant, pending, at = read_left(body[0]), read_left(body[1]), 2
    arriving: list[Arriving] = []
    while at < len(body):
        code, at = read_uvarint(body, at)
        if code // 2 > TRANSFER_BLOCKS or len(arriving) == OPEN_TRANSFERS:
            raise WireError("a report of more than there can be")
        needs = []
        for _ in range(code // 2):
            need, at = read_uvarint(body, at)
            needs.append(need)
        arriving.append(Arriving(code == 1, tuple(needs)))
    return Report(sealed, through, tuple(arriving), grant, pending, bool(flags & 2))


class OldContact(Contact):
    """One side of a contact, in version 0."""

    @property
    def _version(self) -> int:
        return 0

    @_version.setter
    def _version(self, version: int) -> None:
        """It speaks no other."""

    def receive_frame(self, frame: bytes, *, now: float) -> bool:
        """As a station has it: the called hears nothing before a call."""
        is_call = frame[:1] < b"\x20"
        if self.role is Role.CALLED and not self.heard and not is_call:
            return False
        return super().receive_frame(frame, now=now)

    def _read(self, frame: bytes) -> tuple[Frame, int] | None:
        speaker = Role.CALLED if self.role is Role.CALLER else Role.CALLER
        try:
            kind = KINDS.get(frame[0] >> 5 if frame else -1)
            if kind is None:
                return None
            content, left_bytes = read_frame(
                strip_check(frame, self._seed(speaker, kind), self._timing.check_bytes)
            )
        except WireError:
            return None
        return (content, left_bytes) if self._binding.is_ours(content) else None

    def _seed(self, speaker: Role, kind: Kind, digest: bytes = b"") -> bytes:
        us, them = self.parties.us, self.parties.them
        caller, called = (us, them) if self.role is Role.CALLER else (them, us)
        if kind is Kind.HELLO and speaker is Role.CALLER:
            return b"call" + called
        seed = speaker.value.encode() + caller + called + self.parties.number.to_bytes(2, "big")
        epochs = [self._mailbox.standing.epoch, self._mailbox.standing.heard_epoch]
        speakers, hearers = epochs if speaker is self.role else epochs[::-1]
        return seed + {Kind.HELLO: b"", Kind.OLD_DATA: bytes([speakers])}.get(
            kind, bytes([speakers, hearers])
        )

    def _choose_lead(self) -> Kind:
        says_hello = self._owes_hello or not self._epoch_known or self._silent_overs > 0
        return Kind.HELLO if says_hello else Kind.OLD_ACK

    def _is_done(self) -> bool:
        return self.role is Role.CALLER and super()._is_done()

    def _write(self, frame: Hello | Call | Ack) -> bytes:
        assert not isinstance(frame, Call)
        return write_frame(frame)

    def _build(self, lead: Kind, leads: list[bytes], data: list[bytes]) -> Over:
        check_bytes, seed = self._timing.check_bytes, self._seed(self.role, Kind.OLD_DATA)
        bodies = [Body(each, self._seed(self.role, lead), check_bytes) for each in leads]
        for each in data:
            pieces, _ = read_any_frame(each)
            assert isinstance(pieces, Data)
            bodies.append(Body(write_frame(pieces), seed, check_bytes))
        return build_over(bodies, self._timing)
