"""What the record-level conversation asks of a store. The store implements it; tests may wrap it to fail on purpose.

Every method is synchronous and is one transaction: when it returns, its effect is on disk; when it raises, it had none.
"Arrival" is the place of a change in this station's own log of changes, counted from 1 in the order in which they arrived
here, whoever made them. "Number" is that of a transfer, counted for each partner and direction from where the epoch began.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Protocol

from radiosync.records.model import Change, Origin
from radiosync.wire.context import Additions, Context, Mark, RecordKey
from radiosync.wire.shape import Shape


class Direction(Enum):
    """Whose traffic, as seen from here."""

    OUT = "out"
    IN = "in"


class PoolRole(StrEnum):
    """What we are in a pool: one station speaks, the others listen."""

    SPEAKER = "speaker"
    LISTENER = "listener"


@dataclass(frozen=True, slots=True)
class Partner:
    """A station that we sync with.

    Attributes:
        key: the store's number for it.
        name: what people call it.
        station: its identity.
        callsign: what it is called on the air, such as "N0CALL-7"; None where the link has no call signs.
        incarnation: that of its database when we last heard it; None before.
        version: of the protocol that it spoke then.
        capabilities: what it said then that it can read.
        pool: what we are in it, if it is no station but a pool.
    """

    key: int
    name: str
    station: bytes
    callsign: str | None = None
    incarnation: int | None = None
    version: int | None = None
    capabilities: int = 0
    pool: PoolRole | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What to sync with a partner.

    Attributes:
        name: short name, unique for the partner.
        tables: names of tables, None for all.
        sends, receives: which way records go.
        priority: class, 0 is the most urgent.
        every_edit: send each edit by itself instead of the net effect of those that wait.
    """

    name: str
    tables: frozenset[str] | None = None
    sends: bool = True
    receives: bool = True
    priority: int = 2
    every_edit: bool = False

    def includes(self, table: str) -> bool:
        """True if the job is about that table."""
        return self.tables is None or table in self.tables

    @property
    def scope(self) -> str:
        """Name of what a cursor of this job covers: changes when the filter does, which makes old cursors void."""
        tables = "*" if self.tables is None else ",".join(sorted(self.tables))
        return f"{self.name}:{tables}"


def job_of(scope: str) -> str:
    """Name of the job that has such a scope."""
    return scope.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Cover:
    """What another job has sealed already, and need not be sealed again.

    Attributes:
        tables: of that job, None for all.
        through: arrival up to which it has sealed all of them.
    """

    tables: frozenset[str] | None
    through: int

    def covers(self, table: str, arrival: int) -> bool:
        """True if the other job has sealed that line of the log."""
        return arrival <= self.through and (self.tables is None or table in self.tables)


@dataclass(frozen=True, slots=True)
class Holds:
    """What a person has put on hold.

    Attributes:
        everything: nothing at all is sent to the partner.
        jobs: names of jobs that are not sent.
    """

    everything: bool = False
    jobs: frozenset[str] = frozenset()

    def holds(self, job: str) -> bool:
        """True if a job of that name is not to be sent."""
        return self.everything or job in self.jobs


@dataclass(frozen=True, slots=True)
class Outbound:
    """How far our traffic to a partner has come.

    Attributes:
        epoch: grows when numbering and context start anew; modulo 256.
        sealed: number of the newest transfer.
        confirmed: all transfers up to this number are applied there.
        begins: number behind which the epoch begins, with the context of then; 0 if it began with an empty one.
    """

    epoch: int
    sealed: int
    confirmed: int
    begins: int = 0


@dataclass(frozen=True, slots=True)
class Inbound:
    """How far a partner's traffic to us has come.

    Attributes:
        incarnation: the partner database that it came from; None before the first contact.
        epoch: as the partner counts it.
        through: all transfers up to this number are applied here.
        mark: of what is here of context and model after `through`.
        begins: number behind which the epoch begins.
    """

    incarnation: int | None
    epoch: int
    through: int
    mark: Mark
    begins: int = 0


@dataclass(frozen=True, slots=True)
class SealedTransfer:
    """A batch on its way to a partner.

    Attributes:
        number: its number.
        data: the sealed bytes.
        shape: how they are cut into pieces.
        next_pieces: for each block the index of the first piece that was never promised to the air.
        priority: class of its job.
        scope: of its job.
        sealed_anew: it has taken the place of an earlier batch with the same number.
    """

    number: int
    data: bytes
    shape: Shape
    next_pieces: tuple[int, ...]
    priority: int = 2
    scope: str = ""
    sealed_anew: bool = False

    @property
    def may_have_arrived(self) -> bool:
        """True if enough pieces of every block may have been on the air to rebuild it."""
        return all(
            promised >= size for promised, size in zip(self.next_pieces, self.shape.block_sizes, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Wear:
    """How much of a transfer has gone out of date since it was sealed.

    Attributes:
        writes: that it carries, deletes counted too.
        superseded: how many of these are no part of their record's state any more.
        left_out: how many of its records have been left out since.
    """

    writes: int
    superseded: int
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class ArrivingTransfer:
    """A batch on its way to us, in part.

    Attributes:
        number: its number.
        shape: how it is cut into pieces.
        pieces: for each block the pieces that are here, by index.
        applied: True when it has been applied, which may be before an earlier one has.
    """

    number: int
    shape: Shape
    pieces: Sequence[Mapping[int, bytes]]
    applied: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes that a job has for a partner.

    Attributes:
        changes: in order of arrival; already without what the partner itself wrote or sent us.
        through: the arrival up to which `changes` is complete.
        more: True if the log goes on behind `through`.
        collapsed: edits up to `through` that will never travel, because a newer one has taken their place.
    """

    changes: Sequence[Change]
    through: int
    more: bool
    collapsed: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch that is ready to be kept as a transfer.

    Attributes:
        scope: scope of its job.
        through: arrival that the job's cursor moves to when this is confirmed.
        data, shape: as in `SealedTransfer`.
        plain: the batch before compression.
        additions: what it adds to the context.
        changes: how many changes it carries.
        priority: class of its job.
        collapsed: as in `Plan`.
        carries: these changes, so that it can be told later which of their writes still count.
        model: state of the compact codec's model as this batch leaves it; None if it teaches it nothing.
    """

    scope: str
    through: int
    data: bytes
    shape: Shape
    plain: bytes
    additions: Additions
    changes: int
    priority: int = 2
    collapsed: int = 0
    carries: Sequence[Change] = ()
    model: bytes | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A transfer that has arrived whole and was decoded.

    Attributes:
        number: its number.
        changes: what it says, already without what no job lets in.
        plain: the batch before compression.
        additions: what it adds to the context.
        model: as in `Draft`.
    """

    number: int
    changes: Sequence[Change]
    plain: bytes
    additions: Additions
    model: bytes | None = None


class SyncStore(Protocol):
    """The store as the conversation with one partner sees it."""

    @property
    def origin(self) -> Origin:
        """This station's database."""

    # What goes out.

    def outbound(self, partner: Partner) -> Outbound:
        """How far our traffic has come."""

    def cursor(self, partner: Partner, scope: str, number: int | None = None) -> int:
        """Arrival up to which everything in this scope is sealed or confirmed; 0 at first.

        With `number`, as it stood when that transfer had just been sealed.
        """

    def plan(
        self, partner: Partner, job: Job, after: int, limit_bytes: int, covers: Sequence[Cover] = ()
    ) -> Plan:
        """Changes behind arrival `after`, until their values come to about `limit_bytes`.

        Carries only writes that are part of their record's state now (or, with `every_edit`, each change as it was made).
        Leaves out what one of `covers` covers, and records that a person has left out. Found by index: takes time in
        proportion to the changes behind `after`.
        """

    def skip(self, partner: Partner, scope: str, through: int) -> None:
        """Nothing up to arrival `through` is for this partner: move the job's sealed cursor there without a transfer."""

    def seal(self, partner: Partner, draft: Draft) -> SealedTransfer:
        """Keep a batch as the next transfer, add to the OUT context what it adds, move the job's sealed cursor."""

    def seal_anew(self, partner: Partner, number: int, draft: Draft) -> SealedTransfer:
        """Put another batch in the place of an unconfirmed transfer, as if that had never been sealed.

        The shape must be one that no earlier batch of this number had, and `draft.through` not lower than before: the
        cursors of other jobs rely on it. Raises UsageError if the receiver may have rebuilt the old batch.
        """

    def unconfirmed(self, partner: Partner) -> Sequence[SealedTransfer]:
        """Transfers that are sealed and not confirmed, in order."""

    def worn(self, partner: Partner) -> Mapping[int, Wear]:
        """Those of the unconfirmed transfers, by number, that hold anything edited or left out since they were sealed."""

    def holds(self, partner: Partner) -> Holds:
        """What a person has put on hold."""

    def promise_pieces(self, partner: Partner, next_pieces: Mapping[int, Sequence[int]]) -> None:
        """Note, before they are keyed, that pieces below these indexes may be on the air: number -> index for each block."""

    def confirm(self, partner: Partner, through: int) -> None:
        """The partner has applied all transfers up to `through`: forget their bytes, keep the mark."""

    def mark(self, partner: Partner, number: int) -> Mark | None:
        """Of what is here of the OUT context after transfer `number`; None if that is no longer, or not yet, known.

        Known for 0, for all that is sealed, and for at least the last 32 confirmed ones.
        """

    def rewind(self, partner: Partner, through: int, heard_epoch: int | None = None) -> None:
        """Take back all that came after `through`, and start a new epoch: the next one that is not `heard_epoch`.

        It begins behind `through`, with context and cursors of then and no model; or behind 0 with an empty context and no
        cursors, if that is no longer known. Others may know records that were deleted since before they were ever sent. In a
        pool no member has applied anything of the new epoch.
        """

    # Pools.

    def members(self, pool: Partner) -> Mapping[bytes, int]:
        """Identity of each member of a pool of ours, and the transfer up to which it has applied all."""

    def note_member(self, pool: Partner, member: bytes, through: int) -> None:
        """A member has applied all transfers up to `through`. Those that all members have applied are confirmed."""

    # What comes in.

    def inbound(self, partner: Partner) -> Inbound:
        """How far the partner's traffic has come."""

    def arriving(self, partner: Partner) -> Sequence[ArrivingTransfer]:
        """Transfers behind `through` of which anything is here, in order."""

    def begin_epoch(self, partner: Partner, incarnation: int, epoch: int, begins: int = 0) -> None:
        """The partner starts anew behind transfer `begins`: forget its pieces, and all of the IN context that came later.

        `through` becomes `begins`, or 0 with an empty context if that version is not known. Applied records stay.
        """

    def keep_pieces(
        self, partner: Partner, number: int, shape: Shape, block: int, pieces: Mapping[int, bytes]
    ) -> None:
        """Keep pieces of one block."""

    def drop_pieces(
        self, partner: Partner, number: int, wrong: Mapping[int, Collection[int]] | None = None
    ) -> None:
        """Forget pieces of a transfer that turned out wrong, by block, or the whole transfer."""

    def deliver(self, partner: Partner, delivery: Delivery) -> None:
        """Apply a transfer: merge its changes, note conflicts, log what was new for others, drop its pieces.

        Then, as far as transfers are applied without a gap, move `through` and add to the IN context in order of number.
        """

    # Context.

    def context(self, partner: Partner, direction: Direction, version: int) -> Context:
        """The context of one direction as it stood after transfer `version`."""

    def aliases(
        self, partner: Partner, direction: Direction, version: int, keys: Collection[RecordKey]
    ) -> Mapping[RecordKey, int]:
        """Aliases of those of the records that have one in that version of the context."""

    def aliased(
        self, partner: Partner, direction: Direction, numbers: Iterable[int]
    ) -> Mapping[int, RecordKey]:
        """The records behind aliases, as far as known."""

    def model(self, partner: Partner, direction: Direction, version: int) -> bytes | None:
        """State of the compact codec's model after the transfers up to `version`; None if it has learnt nothing."""

    def is_taught_behind(self, partner: Partner, version: int, number: int) -> bool:
        """True if a transfer of ours behind `version`, other than `number`, has taught the model already."""

    # People.

    def next_contact(self, partner: Partner) -> int:
        """Number of the contact that we open now, never given out before; modulo 65536."""

    def meet(self, partner: Partner, incarnation: int, version: int, capabilities: int) -> None:
        """Note the incarnation under which a partner has just spoken, in which protocol, and what it can read."""
