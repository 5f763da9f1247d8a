"""A passive listener to the contacts of two stations (protocol, 4 to 6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from tests.independent.reader.basics import RefusedError, blake, refuse_unless, unfold
from tests.independent.reader.batches import Batch, Receiver, open_batch
from tests.independent.reader.changes import Change
from tests.independent.reader.checks import Contact, Side, take_off
from tests.independent.reader.context import Context
from tests.independent.reader.erasure import Transfer
from tests.independent.reader.frames import ACK, CALL, HELLO, REPLY, Data, Frame, Leading, read_frame
from tests.independent.reader.framing import Deframer, check_bytes, deframer
from tests.independent.reader.mixing import Model

CALL_CHECK_BYTES = 4
OPEN_TRANSFERS = 4


@dataclass
class Traffic:
    """What one station has sent in one epoch (protocol, 4.3 and 6)."""

    epoch: int = 0
    contexts: list[Context] = field(default_factory=lambda: [Context()])
    models: dict[int, Model] = field(default_factory=dict)
    model_digests: dict[int, bytes] = field(default_factory=dict)
    opened: dict[int, Batch] = field(default_factory=dict)
    transfers: dict[int, Transfer] = field(default_factory=dict)

    def through(self) -> int:
        """All transfers up to this one are opened."""
        return len(self.contexts) - 1

    def begun_anew(self, epoch: int, begins: int) -> "Traffic":
        """Another epoch: with what this one had up to there, if it has come so far, and with no models (protocol, 4.3)."""
        return Traffic(epoch, self.contexts[: begins + 1] if begins <= self.through() else [Context()])

    def model_digest(self, through: int) -> bytes:
        """Digest of the newest model that a transfer up to there has left (protocol, 7.1)."""
        newest = max((number for number in self.models if number <= through), default=None)
        return bytes(4) if newest is None else self.model_digests[newest]

    def digests(self, through: int) -> bytes:
        """Digest of the context after a transfer, and that of the model."""
        return self.contexts[through].digest + self.model_digest(through)

    def digests_after(self, low: bytes) -> bytes:
        """Those after the `through` that a call or an acknowledgement states."""
        through = unfold(int.from_bytes(low, "big"), 8, self.through())
        return self.digests(min(through, self.through()))

    def take(self, data: Data) -> int | None:
        """Collect pieces. Gives the number of a transfer that can be rebuilt now (protocol, 5.4 and 6.5)."""
        number = unfold(data.number, 3, self.through() + 1)
        refuse_unless(0 < number <= self.through() + OPEN_TRANSFERS, "pieces of no open transfer")
        known = self.transfers.get(number)
        if number in self.opened and known and data.shape in (None, known.shape):
            if known.agrees(data.block, data.first, data.content):
                return None
            refuse_unless(data.shape is not None, "pieces of another batch without a shape")
        if data.shape and (known is None or known.shape != data.shape or number in self.opened):
            self.forget(number)
            known = self.transfers[number] = Transfer(data.shape)
        if known is None:
            raise RefusedError("pieces of an unknown transfer without a shape")
        known.add(data.block, data.first, data.content)
        return number if known.is_whole() else None

    def forget(self, number: int) -> None:
        """A transfer was sealed anew: what it and those behind it have left is void (protocol, 4.3, 6.6)."""
        self.transfers.pop(number, None)
        if number in self.opened:
            del self.contexts[max(number, 1) :]
            for later in [n for n in self.opened if n >= number]:
                del self.opened[later]
            self.models = {n: model for n, model in self.models.items() if n < number}

    def open(self, number: int, receiver: Receiver) -> Batch:
        """Open a transfer, and let the context grow in order of number (protocol, 6.5 and 7.1)."""
        try:
            sealed = self.transfers[number].content()
            batch = open_batch(number, sealed, self.contexts, self.models, receiver)
        except RefusedError:
            del self.transfers[number]
            raise
        self.opened[number] = batch
        if batch.model:
            self.model_digests[number] = blake(4, self.model_digest(number), blake(32, batch.plain))
            self.models[number] = batch.model
        while self.through() + 1 in self.opened:
            fresh = self.opened[self.through() + 1]
            grown = self.contexts[-1].grown(fresh.new_names, fresh.new_records, fresh.plain)
            self.contexts.append(grown)
        return batch


@dataclass
class Station:
    """One of the two, as the listener knows it."""

    identity: bytes
    incarnation: int
    deframer: Deframer
    traffic: Traffic = field(default_factory=Traffic)
    former: list[Side] = field(default_factory=list)

    def side(self) -> Side:
        """How it stands in seeds."""
        return Side(self.incarnation, self.traffic.epoch)


@dataclass(frozen=True)
class Opened:
    """A transfer that was opened: number of the sender, its epoch, number of the transfer, changes."""

    station: int
    epoch: int
    number: int
    changes: list[Change]


class Listener:
    """Hears both stations, in the order in which they send (protocol, 4).

    Applied is how far each traffic (station, epoch) has come by what its receiver says.
    """

    def __init__(self, framing: str, stations: list[tuple[bytes, int]]) -> None:
        self._check = check_bytes(framing)
        self._stations = [Station(*station, deframer(framing)) for station in stations]
        self._contacts: dict[int, Contact] = {}
        self.applied: dict[tuple[int, int], int] = {}
        self.frames: list[tuple[int, Frame]] = []
        self.unread: list[tuple[int, bytes, str]] = []

    def traffic(self, station: int) -> Traffic:
        """What is known of what a station has sent."""
        return self._stations[station].traffic

    def hear(self, station: int, data: bytes) -> list[Opened]:
        """Take bytes that a station gave its modem. Gives the transfers that they complete."""
        opened: list[Opened] = []
        for frame in self._stations[station].deframer.feed(data):
            try:
                opened += self._hear_frame(station, frame)
            except RefusedError as refused:
                self.unread.append((station, frame, str(refused)))
        return opened

    def _hear_frame(self, station: int, checked: bytes) -> Iterator[Opened]:
        kind = checked[0] >> 5 if checked else ACK
        size = CALL_CHECK_BYTES if kind == CALL else self._check
        bodies = (take_off(checked, size, seed) for seed in self._seeds(kind, station, checked))
        body = next(filter(None, bodies), None)
        if body is None:
            raise RefusedError("no check fits")
        frame = read_frame(body)
        self.frames.append((station, frame))
        if isinstance(frame, Leading):
            self._hear_leading(station, frame)
        data = frame if isinstance(frame, Data) else frame.data
        if data:
            yield from self._hear_data(station, data)

    def _seeds(self, kind: int, station: int, frame: bytes) -> Iterator[bytes]:
        """Seeds that a frame of this kind may have (protocol, 5.6)."""
        me, partner = self._stations[station], self._stations[1 - station]
        contacts = [(contact, contact.seed(me.identity)) for contact in self._contacts.values()]
        if kind == HELLO:
            yield b"call" + partner.identity
            yield from (seed for contact, seed in contacts if contact.called == me.identity)
        elif kind == CALL:
            digests = partner.traffic.digests_after(frame[6:7])
            yield b"call1" + me.identity + partner.identity + me.side().seed(partner.side()) + digests
        elif kind == ACK:
            digests = partner.traffic.digests_after(frame[3:4])
            for (_, seed), theirs in product(contacts, [partner.side(), *partner.former]):
                yield seed + me.side().seed(theirs) + digests
        else:
            yield from (seed + me.side().seed() for _, seed in contacts)

    def _hear_leading(self, station: int, frame: Leading) -> None:
        me, partner, said = self._stations[station], self._stations[1 - station], frame.said
        if frame.kind == HELLO:
            names = (partner.identity[:4], me.identity[:4])
            sent = (said["receiver"].to_bytes(4, "big"), said["sender"].to_bytes(4, "big"))
            refuse_unless(sent == names, "a hello between others")
            if me.side() != Side(said["incarnation"], said["epoch"]):
                me.former.insert(0, me.side())
                me.incarnation = said["incarnation"]
                me.traffic = me.traffic.begun_anew(said["epoch"], said["begins"])
        if frame.kind == CALL or (frame.kind == HELLO and not frame.flags & REPLY):
            self._contacts[station] = Contact(me.identity, partner.identity, said["contact"])
        traffic = partner.traffic
        if said.get("known-epoch", traffic.epoch) == traffic.epoch:
            through = unfold(said["through"] & 255, 8, traffic.through())
            self.applied[1 - station, traffic.epoch] = through

    def _hear_data(self, station: int, data: Data) -> Iterator[Opened]:
        traffic, partner = self._stations[station].traffic, self._stations[1 - station]
        number = traffic.take(data)
        if number is not None:
            aliases = partner.traffic.contexts[-1].aliases
            batch = traffic.open(number, Receiver(partner.incarnation, partner.traffic.epoch, aliases))
            yield Opened(station, traffic.epoch, number, batch.changes)
