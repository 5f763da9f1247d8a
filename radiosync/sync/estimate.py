"""What would go to a partner, and what that costs on a link: found with the planner, encoder and packer that a contact uses.

Only the store is another one: it looks like the real store, and keeps what it is given to itself.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from radiosync.link.over import Outgoing
from radiosync.link.timing import Timing
from radiosync.records.model import Change, Origin
from radiosync.sync.mail import Mail
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
    SyncStore,
    Wear,
)
from radiosync.wire.batch import encode_batch
from radiosync.wire.context import Aliases, Context, Mark, RecordKey
from radiosync.wire.shape import Shape

_LEAD_BYTES = 20
"""A hello, or an acknowledgement with some detail, with its check: what leads each over."""


@dataclass(frozen=True, slots=True)
class TableEstimate:
    """What would go of one table.

    Attributes:
        changes: how many.
        data_bytes: their share of the sealed batches.
    """

    changes: int
    data_bytes: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What would go in one direction, if nothing is lost.

    Attributes:
        tables: what is not sealed yet, by table.
        waiting_bytes: the same in sealed bytes.
        sealed_bytes: batches that are on their way already.
        air_bytes: bytes on the air in our direction, headers and acknowledgements included.
        overs: transmissions of ours.
        elapsed_s: from the first key-up to the last bit, with the partner's answers.
    """

    tables: Mapping[str, TableEstimate]
    waiting_bytes: int
    sealed_bytes: int
    air_bytes: int
    overs: int
    elapsed_s: float


def estimate(store: SyncStore, partner: Partner, jobs: Sequence[Job], timing: Timing) -> Estimate:
    """What a contact over such a link would send now. Writes nothing to the store.

    A little too much when there is a lot: in truth later batches build on earlier ones, which are confirmed by then.
    """
    scratch = _Scratch(store)
    sealed_bytes = sum(len(transfer.data) for transfer in store.unconfirmed(partner))
    outgoing = Outgoing(Mail(scratch, partner, jobs), timing)
    lead_s, turns_s = timing.frame_s(_LEAD_BYTES), 2 * (timing.turn_s + timing.airtime.tail_s)
    air_bytes, overs, elapsed_s, room_s = 0, 0, 0.0, timing.first_over_s
    while True:
        frames = [len(frame) + timing.check_bytes for frame in outgoing.fill(room_s)]
        overs += 1
        air_bytes += sum(_air_bytes(timing, size) for size in [_LEAD_BYTES, *frames])
        elapsed_s += 2 * lead_s + turns_s + sum(map(timing.frame_s, frames))
        if not frames:  # the last over is the good-bye
            break
        outgoing.forget(_whole(outgoing))
        room_s = timing.over_s - lead_s
    tables = {
        table: TableEstimate(scratch.changes[table], scratch.data_bytes[table])
        for table in sorted(scratch.changes)
    }
    return Estimate(tables, sum(scratch.data_bytes.values()), sealed_bytes, air_bytes, overs, elapsed_s)


def _air_bytes(timing: Timing, frame_bytes: int) -> int:
    return timing.framed_bytes(frame_bytes) + timing.airtime.header_bytes


def _whole(outgoing: Outgoing) -> int:
    """Number of the last transfer, in order, of which all has been sent: the partner's next answer would confirm it."""
    number = 0
    for sender in outgoing.senders:
        if sender.wanted_pieces:
            break
        number = sender.number
    return number


class _Scratch:
    """A `SyncStore` that reads from another one and keeps what it is told for as long as it lives.

    Attributes:
        changes, data_bytes: what was sealed, by table.
    """

    def __init__(self, store: SyncStore) -> None:
        self.changes: Counter[str] = Counter()
        self.data_bytes: Counter[str] = Counter()
        self._store = store
        self._cursors: dict[str, int] = {}
        self._plans: dict[tuple[str, int, int], Sequence[Change]] = {}
        self._sealed = 0

    @property
    def origin(self) -> Origin:
        return self._store.origin

    def outbound(self, partner: Partner) -> Outbound:
        return self._store.outbound(partner)

    def cursor(self, partner: Partner, scope: str, number: int | None = None) -> int:
        return self._cursors.get(scope, self._store.cursor(partner, scope, number))

    def plan(
        self, partner: Partner, job: Job, after: int, limit_bytes: int, covers: Sequence[Cover] = ()
    ) -> Plan:
        plan = self._store.plan(partner, job, after, limit_bytes, covers)
        self._plans[job.scope, plan.through, len(plan.changes)] = plan.changes
        return plan

    def skip(self, partner: Partner, scope: str, through: int) -> None:
        self._cursors[scope] = through

    def seal(self, partner: Partner, draft: Draft) -> SealedTransfer:
        out = self._store.outbound(partner)
        self._sealed += 1
        self._cursors[draft.scope] = draft.through
        self._count(draft, self._plans[draft.scope, draft.through, draft.changes])
        self._plans.clear()
        blocks = len(draft.shape.block_sizes)
        number, next_pieces = out.sealed + self._sealed, (0,) * blocks
        return SealedTransfer(number, draft.data, draft.shape, next_pieces, draft.priority, draft.scope)

    def _count(self, draft: Draft, changes: Sequence[Change]) -> None:
        """Each table's share of a batch, by what it would be alone and unpacked."""
        ordered = sorted(changes, key=lambda change: change.table)
        sizes: dict[str, int] = {}
        for table, group in groupby(ordered, key=lambda change: change.table):
            of_table = list(group)
            self.changes[table] += len(of_table)
            sizes[table] = len(encode_batch(of_table, Context(), Aliases()).plain)
        whole, left_bytes = sum(sizes.values()), len(draft.data)
        for table, size in sizes.items():
            share = left_bytes * size // whole
            self.data_bytes[table] += share
            whole, left_bytes = whole - size, left_bytes - share

    def unconfirmed(self, partner: Partner) -> Sequence[SealedTransfer]:
        return self._store.unconfirmed(partner)

    def holds(self, partner: Partner) -> Holds:
        return self._store.holds(partner)

    def worn(self, partner: Partner) -> Mapping[int, Wear]:
        return {}  # What could be sealed anew is counted as it is: it is less in truth.

    def promise_pieces(self, partner: Partner, next_pieces: Mapping[int, Sequence[int]]) -> None:
        pass

    def inbound(self, partner: Partner) -> Inbound:
        return self._store.inbound(partner)

    def arriving(self, partner: Partner) -> Sequence[ArrivingTransfer]:
        return self._store.arriving(partner)

    def context(self, partner: Partner, direction: Direction, version: int) -> Context:
        return self._store.context(partner, direction, version)

    def aliases(
        self, partner: Partner, direction: Direction, version: int, keys: Collection[RecordKey]
    ) -> Mapping[RecordKey, int]:
        return self._store.aliases(partner, direction, version, keys)

    def aliased(
        self, partner: Partner, direction: Direction, numbers: Iterable[int]
    ) -> Mapping[int, RecordKey]:
        return self._store.aliased(partner, direction, numbers)

    def mark(self, partner: Partner, number: int) -> Mark | None:
        return self._store.mark(partner, number)

    def model(self, partner: Partner, direction: Direction, version: int) -> bytes | None:
        return self._store.model(partner, direction, version)

    def is_taught_behind(self, partner: Partner, version: int, number: int) -> bool:
        return self._store.is_taught_behind(partner, version, number)

    def members(self, pool: Partner) -> Mapping[bytes, int]:
        return self._store.members(pool)

    # What only a real contact does.

    def note_member(self, pool: Partner, member: bytes, through: int) -> None:
        raise _unasked()

    def seal_anew(self, partner: Partner, number: int, draft: Draft) -> SealedTransfer:
        raise _unasked()

    def confirm(self, partner: Partner, through: int) -> None:
        raise _unasked()

    def rewind(self, partner: Partner, through: int, heard_epoch: int | None = None) -> None:
        raise _unasked()

    def begin_epoch(self, partner: Partner, incarnation: int, epoch: int, begins: int = 0) -> None:
        raise _unasked()

    def keep_pieces(
        self, partner: Partner, number: int, shape: Shape, block: int, pieces: Mapping[int, bytes]
    ) -> None:
        raise _unasked()

    def drop_pieces(
        self, partner: Partner, number: int, wrong: Mapping[int, Collection[int]] | None = None
    ) -> None:
        raise _unasked()

    def deliver(self, partner: Partner, delivery: Delivery) -> None:
        raise _unasked()

    def next_contact(self, partner: Partner) -> int:
        raise _unasked()

    def meet(self, partner: Partner, incarnation: int, version: int, capabilities: int) -> None:
        raise _unasked()


def _unasked() -> AssertionError:
    return AssertionError("an estimate has no contact")
