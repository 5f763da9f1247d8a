"""A passive listener to the contacts of a pool (protocol, 12)."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from tests.independent.reader.basics import RefusedError, blake, refuse_unless, unfold
from tests.independent.reader.batches import Receiver
from tests.independent.reader.changes import Change
from tests.independent.reader.checks import take_off
from tests.independent.reader.frames import (
    ACK,
    ARRIVING,
    HELLO,
    REPLY,
    ROUND,
    Data,
    Leading,
    Need,
    Report,
    read_frame,
)
from tests.independent.reader.framing import check_bytes, deframer
from tests.independent.reader.listener import OPEN_TRANSFERS, Opened, Traffic
from tests.independent.reader.slots import ANSWER_BYTES, Answer, Over, Place, Sent, TncLink

ROUND_CHECK_BYTES = 4
GREET, BYE = 2, 16
MOST_TURNS = 8
DOUBT = 3


@dataclass
class Member:
    """A listener of the pool, by the frames that it has heard itself. Database: incarnation and epoch of the speaker."""

    identity: bytes
    incarnation: int
    database: tuple[int, int] | None = None
    binding: bytes = b""
    traffic: Traffic = field(default_factory=Traffic)
    doubted: set[int] = field(default_factory=set)
    sealed: int = 0

    def hear_round(self, over: Over) -> None:
        """Another database or epoch begins with nothing (protocol, 12.5)."""
        if self.database != over.database():
            self.database, self.traffic = over.database(), Traffic(over.lead.said["epoch"])
            self.doubted = set()
        self.binding = over.binding()
        self.sealed = unfold(over.lead.said["sealed"], 16, self.traffic.through())

    def hear_data(self, data: Data) -> tuple[int, list[Change]] | None:
        """Take pieces. Gives number and changes of a transfer that they complete."""
        if self.sealed - self.traffic.through() > OPEN_TRANSFERS:
            return None
        try:
            number = self.traffic.take(data)
        except RefusedError:
            return None  # It has not heard the shape.
        if number is None or number in self.doubted:
            return None
        transfer = self.traffic.transfers[number]
        try:
            return number, self.traffic.open(number, Receiver(0, 0, ())).changes
        except RefusedError:
            self.traffic.transfers[number] = transfer
            self.doubted.add(number)
            return None

    def arriving(self) -> tuple[Need, ...]:
        """The entries of its report (protocol, 5.5)."""
        through = self.traffic.through()
        newest = max([through, *self.traffic.opened, *self.traffic.transfers])
        return tuple(self._need(number) for number in range(through + 1, newest + 1))

    def _need(self, number: int) -> Need:
        transfer = self.traffic.transfers.get(number)
        if number in self.traffic.opened or transfer is None:
            return () if transfer else None
        blocks = zip(transfer.blocks, transfer.shape.blocks(), strict=True)
        more = DOUBT if number in self.doubted else 0
        return tuple(max(0, size + more - len(got)) for got, size in blocks)


class PoolListener:
    """Hears all frames of a pool in order, and is told who else has heard each. The speaker is station 0."""

    def __init__(
        self, framing: str, link: TncLink, name: str, speaker: bytes, members: list[tuple[bytes, int]]
    ) -> None:
        self.pool = blake(8, b"radiosync pool", speaker, name.encode())
        self.members = {number: Member(*member) for number, member in enumerate(members, 1)}
        self.overs: list[Over] = []
        self.unread: list[tuple[int, bytes, str]] = []
        self._check, self._link = check_bytes(framing), link
        self._deframers = [deframer(framing) for _ in range(len(members) + 1)]
        self._traffic = Traffic()
        self._sealed = 0
        self._has: dict[int, int] = {}
        self._begins_anew = False

    def forget(self, member: int, incarnation: int) -> None:
        """A member has lost its database, and has another one."""
        self.members[member] = Member(self.members[member].identity, incarnation)

    def hear(self, sent: Sent) -> list[Opened]:
        """Take what a station gave its modem. Gives the transfers that it completes for each member."""
        opened: list[Opened] = []
        for frame in self._deframers[sent.station].feed(sent.data):
            try:
                opened += self._hear_frame(sent, frame)
            except RefusedError as refused:
                self.unread.append((sent.station, frame, str(refused)))
        return opened

    def _hear_frame(self, sent: Sent, checked: bytes) -> Iterator[Opened]:
        kind = checked[0] >> 5 if checked else ACK
        if kind == ROUND:
            lead = self._read(checked, ROUND_CHECK_BYTES, b"")
            if isinstance(lead, Leading):
                self._hear_round(sent, lead, len(checked))
            return
        refuse_unless(bool(self.overs), "no round before it")
        over = self.overs[-1]
        if kind in (HELLO, ACK):
            self._hear_answer(sent, over, *self._whose(over, kind, checked), len(checked))
            return
        data = self._read(checked, self._check, b"data" + over.binding())
        if isinstance(data, Data):
            refuse_unless(sent.station == 0, "not from the speaker")
            over.places.append(Place(len(checked), data.left, sent.end, sent.heard))
            yield from self._hear_data(sent, over, data)

    def _read(self, checked: bytes, size: int, seed: bytes) -> Data | Leading:
        """A frame whose check has a seed that begins with the pool (protocol, 12.2)."""
        body = take_off(checked, size, b"pool" + self.pool + seed)
        if body is None:
            raise RefusedError("no check fits")
        return read_frame(body)

    # The speaker

    def _hear_round(self, sent: Sent, lead: Leading, size: int) -> None:
        refuse_unless(sent.station == 0, "not from the speaker")
        before = self.overs[-1] if self.overs else None
        place = Place(size, lead.left, sent.end, sent.heard)
        if before is None or replace(before.lead, left=lead.left) != lead:
            self._begin_over(before, Over(lead))
        over = self.overs[-1]
        refuse_unless(over.rounds == over.places and not over.answers, "a round in the middle of an over")
        over.rounds.append(place)
        over.places.append(place)
        for number in set(sent.heard) & set(self.members):
            self.members[number].hear_round(over)

    def _begin_over(self, before: Over | None, over: Over) -> None:
        said, turns = over.lead.said, over.lead.turns
        known = [int.from_bytes(member.identity[:2], "big") for member in self.members.values()]
        refuse_unless(len(set(turns)) == len(turns) <= MOST_TURNS, "bad turns")
        refuse_unless(set(turns) <= set(known), "a turn of nobody")
        refuse_unless(not (over.lead.flags & BYE and turns), "a turn behind a bye")
        if before and before.lead.said["contact"] == said["contact"]:
            refuse_unless(not before.lead.flags & BYE, "an over behind a bye")
            refuse_unless(said["over"] == before.lead.said["over"] + 1 & 255, "an over is missing")
        if before is None or before.database() != over.database():
            refuse_unless(before is None or self._begins_anew, "an epoch without a reason")
            self._traffic, self._sealed = Traffic(said["epoch"]), 0
            self._has = dict.fromkeys(self.members, 0)
        else:
            refuse_unless(not self._begins_anew, "no new epoch, though an answer did not fit")
        self._begins_anew = False
        sealed = unfold(said["sealed"], 16, self._sealed)
        refuse_unless(sealed >= self._sealed, "fewer transfers than before")
        self._sealed = sealed
        self.overs.append(over)

    def _hear_data(self, sent: Sent, over: Over, data: Data) -> Iterator[Opened]:
        """Once for all that is sent, and once for each member that hears it and knows what it belongs to."""
        number = self._traffic.take(data)
        if number is not None:
            refuse_unless(number <= self._sealed, "a transfer that is not sealed")
            self._traffic.open(number, Receiver(0, 0, ()))
        for place in sent.heard:
            member = self.members.get(place)
            opened = member.hear_data(data) if member and member.binding == over.binding() else None
            if opened:
                yield Opened(place, over.lead.said["epoch"], *opened)

    # Its listeners

    def _hear_answer(self, sent: Sent, over: Over, number: int, frame: Leading, size: int) -> None:
        member, said = self.members[number], frame.said
        named = int.from_bytes(member.identity[:2], "big")
        refuse_unless(number == sent.station, "the check of another member")
        refuse_unless(named in over.lead.turns, "not its turn")
        refuse_unless(over.is_led_for(number) and number not in over.answers, "it has no turn left")
        refuse_unless(size <= ANSWER_BYTES and frame.left == 0, "too long an answer")
        refuse_unless(
            (frame.kind == HELLO) == bool(over.lead.flags & GREET), "not the kind that was asked for"
        )
        arriving = member.arriving()
        flags = (REPLY if frame.kind == HELLO else 0) | (ARRIVING if arriving else 0)
        refuse_unless(frame.flags == flags, "flags that mean nothing in an answer")
        refuse_unless(frame.report == Report(arriving=arriving), "not what it lacks")
        through = unfold(said["through"] & 255, 8, member.traffic.through())
        refuse_unless(through == member.traffic.through(), "not what it has")
        if frame.kind == HELLO:
            self._check_hello(over, member, said)
        slot = over.slot(number, over.lead.turns.index(named), self._link)
        over.answers[number] = Answer(sent.begin, sent.end, slot, frame)
        if 0 in sent.heard and not self._begins_anew:
            confirmed = min(self._has.values())
            self._begins_anew = not confirmed <= through <= self._sealed
            self._has[number] = through

    def _whose(self, over: Over, kind: int, checked: bytes) -> tuple[int, Leading]:
        """Whose check an answer has, and what it says."""
        for number, member in self.members.items():
            seed = b"answer" + member.identity + over.binding() + bytes([over.lead.said["over"]])
            if kind == ACK:
                seed += member.traffic.digests_after(checked[3:4])
            with suppress(RefusedError):
                frame = self._read(checked, self._check, seed)
                if isinstance(frame, Leading):
                    return number, frame
        raise RefusedError("no check fits")

    def _check_hello(self, over: Over, member: Member, said: dict[str, int]) -> None:
        names = (self.pool[:4], member.identity[:4], over.binding()[:2])
        sent = (said["receiver"].to_bytes(4, "big"), said["sender"].to_bytes(4, "big"))
        refuse_unless((*sent, said["contact"].to_bytes(2, "big")) == names, "a hello of another contact")
        refuse_unless(said["incarnation"] == member.incarnation, "a hello of another database")
        refuse_unless(said["known-epoch"] == over.lead.said["epoch"], "a hello of another epoch")
        said_digests = said["digest"].to_bytes(4, "big") + said["model"].to_bytes(4, "big")
        digests = member.traffic.digests(member.traffic.through())
        refuse_unless(said_digests == digests, "a hello with another context or model")
