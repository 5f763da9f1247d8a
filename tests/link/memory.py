"""A store in memory, just enough for stations to sync with: what is durable is what stands in these attributes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce, wraps
from random import Random
from typing import Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from radiosync.errors import ContextError
from radiosync.records.edit import Edit, Pen, apply_edit
from radiosync.records.merge import merge
from radiosync.records.model import Change, Origin, Record
from radiosync.records.value import Value
from radiosync.sync.ports import (
    ArrivingTransfer,
    Cover,
    Delivery,
    Direction,
    Draft,
    Holds,
    Inbound,
    Job,
    Outbound,
    Partner,
    Plan,
    SealedTransfer,
    Wear,
)
from radiosync.wire.context import EMPTY_DIGEST, Additions, Context, Mark, RecordKey, chain_digest
from radiosync.wire.shape import Shape
from tests.wire.changes import End

JOB = Job("all")
TABLE = "shelter"


class KilledError(Exception):
    """The process dies."""


@dataclass
class Arriving:
    """A transfer that is here in part, or applied before an earlier one."""

    shape: Shape
    blocks: list[dict[int, bytes]]
    applied: tuple[bytes, Additions] | None = None


@dataclass
class Traffic:
    """What is kept about one partner."""

    out_epoch: int = 0
    begins: int = 0
    confirmed: int = 0
    sealed: list[tuple[bytes, Additions, dict[str, int]]] = field(default_factory=list)
    transfers: dict[int, SealedTransfer] = field(default_factory=dict)
    base_cursors: dict[str, int] = field(default_factory=dict)
    in_incarnation: int | None = None
    in_epoch: int = 0
    in_begins: int = 0
    received: list[tuple[bytes, Additions]] = field(default_factory=list)
    arriving: dict[int, Arriving] = field(default_factory=dict)
    since: int = 0  # arrivals before this came from a database that the partner no longer has
    contacts: int = 0
    rewinds: int = 0
    members: dict[bytes, int] = field(default_factory=dict)

    def end(self, direction: Direction, version: int) -> End:
        """The context of one direction, folded anew from its batches."""
        batches: Iterable[tuple[bytes, Additions]] = (
            [(plain, additions) for plain, additions, _ in self.sealed]
            if direction is Direction.OUT
            else self.received
        )
        end = End()
        for plain, additions in list(batches)[:version]:
            end.fold(plain, additions)
        return end


def _mark(batches: Iterable[Sequence[object]]) -> Mark:
    """Of the context behind these batches, which taught nothing."""
    return Mark(reduce(chain_digest, (cast(bytes, batch[0]) for batch in batches), EMPTY_DIGEST))


P = ParamSpec("P")
T = TypeVar("T")


def changing(
    method: Callable[Concatenate["MemoryStore", P], T],
) -> Callable[Concatenate["MemoryStore", P], T]:
    """A method that changes something: the process may be killed before or behind it."""

    @wraps(method)
    def counted(self: "MemoryStore", *arguments: P.args, **named: P.kwargs) -> T:
        self.writes += 1
        if self.dies_before == self.writes:
            raise KilledError
        found = method(self, *arguments, **named)
        if self.dies_behind == self.writes:
            raise KilledError
        return found

    return cast(Callable[Concatenate["MemoryStore", P], T], counted)


class MemoryStore:
    """Implements `SyncStore`.

    Attributes:
        writes: calls so far that changed something.
        dies_before, dies_behind: the call at which the process is killed.
        forgets: how many times a partner's history is not there when it is asked for.
        spoils: whether what is sealed cannot be read.
        applied: every change that was delivered, to see what came twice.
    """

    def __init__(self, letter: str, incarnation: int = 1) -> None:
        self.letter = letter
        self.origin = Origin(letter.encode() * 8, incarnation)
        self.records: dict[RecordKey, Record] = {}
        self.log: list[tuple[Change, int | None]] = []
        self.sequence = 0
        self.writes = 0
        self.dies_before = self.dies_behind = self.forgets = 0
        self.spoils = False
        self.deliveries: list[int] = []
        self.held = Holds()
        self.spoken: dict[bytes, tuple[int, int, int]] = {}
        self._traffic: dict[int, Traffic] = {}

    # What people do.

    def edit(self, number: int, /, **fields: Value) -> None:
        """Put a record."""
        key = RecordKey(TABLE, UUID(int=number))
        pen = Pen(self.origin, self._next_sequence, 1_700_000_000_000 + 1000 * self.sequence)
        change = apply_edit(self.records.get(key), Edit(key.table, key.uuid, fields), pen)
        if change is not None:
            self._merge(change, None)

    def fill(self, random: Random, changes: int, text_bytes: int = 12, first: int = 1) -> None:
        """Put records with incompressible text."""
        for number in range(first, first + changes):
            self.edit(number, name=random.randbytes(text_bytes // 2).hex())

    def _next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence

    def _merge(self, change: Change, source: int | None) -> None:
        key = RecordKey(change.table, change.uuid)
        merged = merge(self.records.get(key), change)
        self.records[key] = merged.record
        if merged.moved is not None:
            self.log.append((merged.moved, source))

    def traffic(self, partner: Partner) -> Traffic:
        return self._traffic.setdefault(partner.key, Traffic())

    def traffic_of(self, other: "MemoryStore") -> Traffic:
        """That with the only partner."""
        return self.traffic(partner_of(other))

    # Out.

    def outbound(self, partner: Partner) -> Outbound:
        traffic = self.traffic(partner)
        return Outbound(traffic.out_epoch, len(traffic.sealed), traffic.confirmed, traffic.begins)

    def cursor(self, partner: Partner, scope: str, number: int | None = None) -> int:
        traffic = self.traffic(partner)
        sealed = traffic.sealed[:number]
        cursors = sealed[-1][2] if sealed else traffic.base_cursors
        return cursors.get(scope, 0)

    def plan(
        self, partner: Partner, job: Job, after: int, limit_bytes: int, covers: Sequence[Cover] = ()
    ) -> Plan:
        found: dict[RecordKey, Change] = {}
        size, through = 0, after
        since = self.traffic(partner).since
        for change, source in self.log[after:]:
            if size >= limit_bytes:
                break
            through += 1
            if any(cover.covers(change.table, through) for cover in covers):
                continue
            if (source != partner.key or through <= since) and job.includes(change.table):
                key = RecordKey(change.table, change.uuid)
                found[key] = merge(found.get(key), change).record
                size += sum(len(str(write.value)) for write in change.all_writes()) + 8
        return Plan(list(found.values()), through, through < len(self.log))

    @changing
    def skip(self, partner: Partner, scope: str, through: int) -> None:
        traffic = self.traffic(partner)
        if traffic.sealed:
            plain, additions, cursors = traffic.sealed[-1]
            traffic.sealed[-1] = (plain, additions, {**cursors, scope: through})
        else:
            traffic.base_cursors = {**traffic.base_cursors, scope: through}

    @changing
    def seal(self, partner: Partner, draft: Draft) -> SealedTransfer:
        traffic = self.traffic(partner)
        before = traffic.sealed[-1][2] if traffic.sealed else traffic.base_cursors
        traffic.sealed.append((draft.plain, draft.additions, {**before, draft.scope: draft.through}))
        number = len(traffic.sealed)
        data = draft.data[:-2] + b"\x01\x02" if self.spoils else draft.data
        next_pieces = (0,) * len(draft.shape.block_sizes)
        transfer = SealedTransfer(number, data, draft.shape, next_pieces, draft.priority, draft.scope)
        traffic.transfers[number] = transfer
        return transfer

    def seal_anew(self, partner: Partner, number: int, draft: Draft) -> SealedTransfer:
        raise AssertionError("nothing is ever worn here")

    def worn(self, partner: Partner) -> Mapping[int, Wear]:
        return {}

    def holds(self, partner: Partner) -> Holds:
        return self.held

    def unconfirmed(self, partner: Partner) -> Sequence[SealedTransfer]:
        return [transfer for _, transfer in sorted(self.traffic(partner).transfers.items())]

    @changing
    def promise_pieces(self, partner: Partner, next_pieces: Mapping[int, Sequence[int]]) -> None:
        transfers = self.traffic(partner).transfers
        for number, places in next_pieces.items():
            transfers[number] = replace(transfers[number], next_pieces=tuple(places))

    @changing
    def confirm(self, partner: Partner, through: int) -> None:
        traffic = self.traffic(partner)
        assert through <= len(traffic.sealed), "a transfer was confirmed that was never sealed"
        traffic.confirmed = max(through, traffic.confirmed)
        for number in [number for number in traffic.transfers if number <= through]:
            del traffic.transfers[number]

    def mark(self, partner: Partner, number: int) -> Mark | None:
        traffic = self.traffic(partner)
        return _mark(traffic.sealed[:number]) if number <= len(traffic.sealed) else None

    @changing
    def rewind(self, partner: Partner, through: int, heard_epoch: int | None = None) -> None:
        traffic = self.traffic(partner)
        traffic.sealed = traffic.sealed[:through]
        traffic.base_cursors = traffic.base_cursors if traffic.sealed else {}
        traffic.begins = traffic.confirmed = len(traffic.sealed)
        traffic.transfers.clear()
        traffic.out_epoch = (traffic.out_epoch + 1) % 256
        traffic.out_epoch = (traffic.out_epoch + (traffic.out_epoch == heard_epoch)) % 256
        traffic.rewinds += 1
        traffic.members = dict.fromkeys(traffic.members, 0)

    # In.

    def inbound(self, partner: Partner) -> Inbound:
        traffic = self.traffic(partner)
        through = len(traffic.received)
        return Inbound(
            traffic.in_incarnation, traffic.in_epoch, through, _mark(traffic.received), traffic.in_begins
        )

    def arriving(self, partner: Partner) -> Sequence[ArrivingTransfer]:
        return [
            ArrivingTransfer(number, each.shape, each.blocks, each.applied is not None)
            for number, each in sorted(self.traffic(partner).arriving.items())
        ]

    @changing
    def begin_epoch(self, partner: Partner, incarnation: int, epoch: int, begins: int = 0) -> None:
        traffic = self.traffic(partner)
        if traffic.in_incarnation != incarnation:
            traffic.since = len(self.log)
        traffic.in_incarnation, traffic.in_epoch = incarnation, epoch
        traffic.received = traffic.received[:begins] if begins <= len(traffic.received) else []
        traffic.in_begins = len(traffic.received)
        traffic.arriving.clear()

    @changing
    def keep_pieces(
        self, partner: Partner, number: int, shape: Shape, block: int, pieces: Mapping[int, bytes]
    ) -> None:
        traffic = self.traffic(partner)
        known = traffic.arriving.get(number)
        if number <= len(traffic.received) or (known is not None and known.applied):
            return
        if known is None or known.shape != shape:
            known = traffic.arriving[number] = Arriving(shape, [{} for _ in shape.block_sizes])
        known.blocks[block] = {**pieces, **known.blocks[block]}

    @changing
    def drop_pieces(
        self, partner: Partner, number: int, wrong: Mapping[int, Collection[int]] | None = None
    ) -> None:
        arriving = self.traffic(partner).arriving
        if wrong is None:
            arriving.pop(number, None)
            return
        for block, places in wrong.items():
            for place in places:
                arriving[number].blocks[block].pop(place, None)

    @changing
    def deliver(self, partner: Partner, delivery: Delivery) -> None:
        traffic = self.traffic(partner)
        for change in delivery.changes:
            self._merge(change, partner.key)
        self.deliveries.append(len(delivery.changes))
        known = traffic.arriving.get(delivery.number)
        shape = Shape(1, 0) if known is None else known.shape
        traffic.arriving[delivery.number] = Arriving(shape, [{}], (delivery.plain, delivery.additions))
        while (ready := traffic.arriving.get(len(traffic.received) + 1)) is not None and ready.applied:
            del traffic.arriving[len(traffic.received) + 1]
            traffic.received.append(ready.applied)

    # Context.

    def context(self, partner: Partner, direction: Direction, version: int) -> Context:
        if direction is Direction.IN and self.forgets:
            self.forgets -= 1
            raise ContextError("forgotten")
        return self.traffic(partner).end(direction, version).context

    def aliases(
        self, partner: Partner, direction: Direction, version: int, keys: Collection[RecordKey]
    ) -> Mapping[RecordKey, int]:
        known = self.traffic(partner).end(direction, version).aliases
        return {key: known[key] for key in keys if key in known}

    def aliased(
        self, partner: Partner, direction: Direction, numbers: Iterable[int]
    ) -> Mapping[int, RecordKey]:
        traffic = self.traffic(partner)
        end = traffic.end(direction, 10**9)
        wanted = set(numbers)
        return {number: key for key, number in end.aliases.items() if number in wanted}

    # People.

    @changing
    def next_contact(self, partner: Partner) -> int:
        traffic = self.traffic(partner)
        traffic.contacts += 1
        return traffic.contacts % 65536

    def model(self, partner: Partner, direction: Direction, version: int) -> bytes | None:
        """Nothing is taught: a compact batch has to teach a model from nothing each time."""
        return None

    def is_taught_behind(self, partner: Partner, version: int, number: int) -> bool:
        """Always, so that no batch teaches."""
        return True

    def members(self, pool: Partner) -> Mapping[bytes, int]:
        return dict(self.traffic(pool).members)

    @changing
    def note_member(self, pool: Partner, member: bytes, through: int) -> None:
        members = self.traffic(pool).members
        members[member] = through
        self.confirm(pool, min(members.values()))

    def meet(self, partner: Partner, incarnation: int, version: int, capabilities: int) -> None:
        """The incarnation is kept with the epoch."""
        self.spoken[partner.station] = incarnation, version, capabilities


def partner_of(store: MemoryStore, key: int = 1, known_to: MemoryStore | None = None) -> Partner:
    """A store as a partner, with what `known_to` has heard from it."""
    partner = Partner(key, store.letter, store.origin.station)
    if known_to is None or partner.station not in known_to.spoken:
        return partner
    incarnation, version, capabilities = known_to.spoken[partner.station]
    return replace(partner, incarnation=incarnation, version=version, capabilities=capabilities)
