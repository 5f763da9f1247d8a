"""One partner's traffic: changes become sealed transfers, sealed transfers become changes.

This is the `Mailbox` that a contact asks. What it answers is always durable, because every step is one transaction of
the store.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from radiosync.errors import ContextError, WireError
from radiosync.limits import OPEN_TRANSFERS
from radiosync.link.mailbox import EVERY_CLASS, Standing
from radiosync.records.model import Change
from radiosync.sync.overlap import covers_for
from radiosync.sync.packing import Packer, Shelf, can_read, names_theirs
from radiosync.sync.ports import (
    Cover,
    Delivery,
    Draft,
    Job,
    Partner,
    Plan,
    SealedTransfer,
    SyncStore,
    Wear,
    job_of,
)
from radiosync.transfer.receiver import Receiver
from radiosync.transfer.sender import Sender
from radiosync.wire.context import Mark
from radiosync.wire.frames import Hello, unfold
from radiosync.wire.shape import PIECE_SIZES, Shape, choose_shape

_PACKING = 3
"""Values shrink to about a third or less when they are laid out and compressed; used to guess how many fit a batch."""

_FIRST_BYTES = 512
"""A batch for a partner that we have never heard is about so long: the first over carries hardly more."""

_NO_MARK = Mark(b"\xff\xff\xff\xff")
"""What we report when we cannot read the partner's batches: it fits no context, so the partner begins anew."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a batch is to go.

    Attributes:
        number: of the transfer that it becomes.
        after: the arrival behind which it is planned.
        covers: what other jobs have sealed.
    """

    number: int
    after: int
    covers: Sequence[Cover]


class Mail:
    """Traffic with one partner."""

    def __init__(
        self,
        store: SyncStore,
        partner: Partner,
        jobs: Sequence[Job],
        *,
        compact: bool = False,
        shelf: Shelf | None = None,
    ) -> None:
        """`compact`: batches go in the compact codec where the partner can read it. `shelf`: of the link."""
        self._store, self._partner = store, partner
        self._packer = Packer(store, compact, shelf or Shelf())
        self._jobs = sorted(jobs, key=lambda job: job.priority)
        self._lost = False
        self._scopes: dict[int, str] = {}
        self._too_late: dict[int, Wear] = {}
        self._standing: Standing | None = None

    # What a contact asks about.

    @property
    def standing(self) -> Standing:
        """How far both directions have come."""
        if self._standing is None:
            out, come = self._store.outbound(self._partner), self._store.inbound(self._partner)
            mark = _NO_MARK if self._lost else come.mark
            self._standing = Standing(
                out.epoch,
                out.sealed,
                out.confirmed,
                out.begins,
                come.epoch,
                come.through,
                mark,
                come.incarnation,
                self._partner.version,
                self._partner.capabilities,
            )
        return self._standing

    @property
    def has_more(self) -> bool:
        """True if changes wait that are not sealed yet."""
        return any(self._plan(job, 1).changes for job in self._sending())

    @property
    def most_urgent(self) -> int:
        """The most urgent class of all jobs that send."""
        return next((job.priority for job in self._jobs if job.sends), EVERY_CLASS)

    def mark(self, number: int) -> Mark | None:
        """What both share after transfer `number` of our traffic."""
        return self._store.mark(self._partner, number)

    def senders(self) -> Sequence[Sender]:
        """Our unconfirmed transfers."""
        self._too_late.clear()
        return [self._sender(transfer) for transfer in self._store.unconfirmed(self._partner)]

    def receivers(self) -> Mapping[int, Receiver | None]:
        """The partner's unfinished transfers."""
        return {
            item.number: None if item.applied else Receiver(item.number, item.shape, item.pieces)
            for item in self._store.arriving(self._partner)
        }

    # Out.

    def seal_next(self, limit_bytes: int, more_urgent_than: int = EVERY_CLASS) -> Sender | None:
        """Seal the most urgent changes that wait, about `limit_bytes` of them."""
        if self._packer.may_do_better(self._partner):
            # What the first over can carry; the rest waits until the partner has said what it can read.
            if self._store.unconfirmed(self._partner):
                return None
            limit_bytes = min(limit_bytes, _FIRST_BYTES)
        for job in self._sending():
            if job.priority >= more_urgent_than:
                break
            plan = self._plan(job, limit_bytes * _PACKING)
            if plan.changes:
                self._standing = None
                draft = self._draft(job, plan, limit_bytes, self._next_slot(job))
                return self._sender(self._store.seal(self._partner, draft))
        return None

    def _sending(self) -> list[Job]:
        """Jobs that may send now, the most urgent first."""
        holds = self._store.holds(self._partner)
        return [job for job in self._jobs if job.sends and not holds.holds(job.name)]

    def _plan(self, job: Job, limit_bytes: int) -> Plan:
        """What waits in a job; the cursor moves over what is not for this partner."""
        slot = self._next_slot(job)
        plan = self._store.plan(self._partner, job, slot.after, limit_bytes, slot.covers)
        if not plan.changes and plan.through > slot.after:
            self._store.skip(self._partner, job.scope, plan.through)
        return plan

    def _next_slot(self, job: Job) -> _Slot:
        covers = covers_for(job, self._jobs, lambda other: self._store.cursor(self._partner, other.scope))
        after = self._store.cursor(self._partner, job.scope)
        return _Slot(self._store.outbound(self._partner).sealed + 1, after, covers)

    def _draft(self, job: Job, plan: Plan, limit_bytes: int, slot: _Slot) -> Draft:
        """Encode and seal a plan; one that turns out much too long is planned again with half of it."""
        data, packed, model = self._packer.pack(self._partner, slot.number, plan.changes)
        if len(data) > 2 * limit_bytes and len(plan.changes) > 1:
            size = limit_bytes * limit_bytes * _PACKING // len(data)
            shorter = self._store.plan(self._partner, job, slot.after, size, slot.covers)
            if len(shorter.changes) < len(plan.changes):
                return self._draft(job, shorter, limit_bytes, slot)
        return Draft(
            job.scope,
            plan.through,
            data,
            choose_shape(len(data)),
            packed.plain,
            packed.additions,
            len(plan.changes),
            job.priority,
            plan.collapsed,
            plan.changes,
            model,
        )

    def _sender(self, transfer: SealedTransfer) -> Sender:
        self._scopes[transfer.number] = transfer.scope
        return Sender(
            transfer.number,
            transfer.data,
            transfer.shape,
            transfer.next_pieces,
            priority=transfer.priority,
            states_shape=transfer.sealed_anew,
        )

    # What a person changes in mid-transfer.

    def review(self, senders: Sequence[Sender], limit_bytes: int) -> Sequence[Sender]:
        """Before an over: seal anew what is out of date, and hold what is on hold."""
        worn = self._store.worn(self._partner)
        found = [
            self._renewed(sender, worn[sender.number], limit_bytes) if sender.number in worn else sender
            for sender in senders
        ]
        holds = self._store.holds(self._partner)
        # What is there of a batch takes one of few places. If that keeps other jobs waiting, it is sent to its end.
        in_the_way = len(found) >= OPEN_TRANSFERS and not holds.everything and self.has_more
        for sender in found:
            sender.held = not in_the_way and holds.holds(job_of(self._scopes[sender.number]))
        return found

    def _renewed(self, sender: Sender, wear: Wear, limit_bytes: int) -> Sender:
        """The transfer, sealed anew if that is safe, and either pays or keeps out what a person has left out."""
        job = next((job for job in self._jobs if job.scope == self._scopes[sender.number]), None)
        if job is None or sender.may_have_arrived or self._too_late.get(sender.number) == wear:
            return sender
        pays = sum(sender.next_pieces) < sender.wanted_pieces
        is_old = 2 * wear.superseded > wear.writes and not job.every_edit
        if not wear.left_out and not (is_old and pays):
            return sender
        draft = self._draft_anew(job, sender, limit_bytes)
        if draft is None:
            self._too_late[sender.number] = wear  # so that it is not packed in vain before each over
            return sender
        return self._sender(self._store.seal_anew(self._partner, sender.number, draft))

    def _draft_anew(self, job: Job, sender: Sender, limit_bytes: int) -> Draft | None:
        """What takes the place of a transfer: all that it was sealed for, as it is now, and what fits of what came later.

        None if that does not fit, or if the same job has sealed more behind it.
        """
        number, reached = sender.number, self._store.cursor(self._partner, job.scope, sender.number)
        if self._store.cursor(self._partner, job.scope) != reached:
            return None
        # Other jobs may rely on this transfer for what it covers, so their cursors count as they stood before it.
        covers = covers_for(
            job, self._jobs, lambda other: self._store.cursor(self._partner, other.scope, number - 1)
        )
        slot = _Slot(number, self._store.cursor(self._partner, job.scope, number - 1), covers)
        plan = self._store.plan(self._partner, job, slot.after, limit_bytes * _PACKING, covers)
        draft = self._draft(job, plan, limit_bytes, slot)
        shape = _coarser_shape(draft.shape, sender.shape, len(draft.data))
        if draft.through < reached or shape is None:
            return None
        return replace(draft, shape=shape)

    def promise(self, senders: Sequence[Sender]) -> None:
        """Keep how many pieces have been taken."""
        self._store.promise_pieces(self._partner, {sender.number: sender.next_pieces for sender in senders})

    def confirm(self, through: int) -> None:
        """The partner has applied all up to `through`."""
        self._standing = None
        self._store.confirm(self._partner, through)

    # In.

    def keep(self, number: int, shape: Shape, block: int, pieces: Mapping[int, bytes]) -> None:
        """Keep pieces."""
        self._store.keep_pieces(self._partner, number, shape, block, pieces)

    def deliver(self, number: int, data: bytes) -> bool:
        """Open and apply a transfer. False if it cannot be opened."""
        try:
            delivery = self._open(number, data)
        except (WireError, ContextError):
            return False
        self._standing = None
        self._store.deliver(self._partner, delivery)
        return True

    def drop(self, number: int, wrong: Mapping[int, Collection[int]] | None = None) -> None:
        """Forget pieces that are wrong, or a whole transfer."""
        self._store.drop_pieces(self._partner, number, wrong)

    def lose_context(self) -> None:
        """Say that we have lost the context, until the partner has begun anew."""
        self._standing, self._lost = None, True

    def _open(self, number: int, data: bytes) -> Delivery:
        read, model = self._packer.open(self._partner, number, data)
        return Delivery(number, self._let_in(read.changes), read.plain, read.additions, model)

    def _let_in(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Without what no job receives."""
        doors = [job for job in self._jobs if job.receives]
        return [change for change in changes if any(job.includes(change.table) for job in doors)]

    # Meeting.

    def meet(self, hello: Hello) -> None:
        """Agree on where both directions stand."""
        self._standing = None
        come = self._store.inbound(self._partner)
        reborn = come.incarnation is not None and come.incarnation != hello.incarnation
        is_new = come.incarnation != hello.incarnation or come.epoch != hello.epoch
        # A hello of version 0 does not say where an epoch begins. We would lose all that we share: our answer gets another.
        must_wait = hello.begins is None and come.through > 0 and not reborn
        if is_new and not must_wait:
            self._withdraw(hello, lambda data: not names_theirs(data))
            self._store.begin_epoch(self._partner, hello.incarnation, hello.epoch, hello.begins or 0)
            self._lost = False
        # A hello of version 0 says nothing of capabilities: what we have heard of them counts on.
        can = self._partner.capabilities if hello.capabilities is None else hello.capabilities
        self._store.meet(self._partner, hello.incarnation, hello.version, can)
        self._partner = replace(
            self._partner,
            incarnation=hello.incarnation,
            version=hello.version,
            capabilities=can,
        )
        self._withdraw(hello, lambda data: can_read(self._partner, data))
        self._agree(hello, reborn)

    def _withdraw(self, hello: Hello, is_fine: Callable[[bytes], bool]) -> None:
        """Plan again what the partner cannot read: it gives aliases anew, or speaks another version than it did."""
        if not all(is_fine(transfer.data) for transfer in self._store.unconfirmed(self._partner)):
            self._rewind(hello, self._store.outbound(self._partner).confirmed)

    def _rewind(self, hello: Hello, through: int) -> None:
        """Begin an epoch behind `through`. In version 0 one cannot say where that is, so each begins with nothing."""
        self._store.rewind(self._partner, through if hello.version else 0, hello.heard_epoch)

    def _agree(self, hello: Hello, reborn: bool) -> None:
        """What the partner says that it has is believed, more or less than we thought (protocol, section 4.3)."""
        out = self._store.outbound(self._partner)
        knows, has_begun = hello.heard_epoch == out.epoch, out.confirmed > out.begins
        through = unfold(hello.report.through, 16, out.confirmed)
        mark, heard = self._store.mark(self._partner, through), hello.heard_mark
        if reborn:
            self._rewind(hello, 0)
        elif not knows and not has_begun:
            pass  # It has not heard of this epoch yet; it will when it hears our hello.
        elif mark is None or mark.context != heard.context:
            # If it goes on behind what we have seen confirmed, we were put back: to there it may be the same.
            were_put_back = through > out.confirmed and has_begun and heard != _NO_MARK
            self._rewind(hello, out.confirmed if were_put_back else 0)
        elif not knows or through < out.confirmed:
            self._rewind(hello, through)
        else:
            self._store.confirm(self._partner, through)
            says_model = hello.version and hello.begins is not None
            if says_model and mark.model != heard.model:
                self._rewind(hello, through)


def _coarser_shape(wished: Shape, old: Shape, data_bytes: int) -> Shape | None:
    """A shape with larger pieces than the old one, so that the receiver takes it for none that it has ever heard of.

    None if there are no larger ones.
    """
    if wished.size_code > old.size_code:
        return wished
    code = old.size_code + 1
    return None if code == len(PIECE_SIZES) else Shape(max(1, -(-data_bytes // PIECE_SIZES[code])), code)


class PoolMail(Mail):
    """Traffic of a pool of which we are the speaker."""

    def members(self) -> Mapping[bytes, int]:
        """Identity of each member, and the transfer up to which it is known to have applied all."""
        return self._store.members(self._partner)

    def note_member(self, member: bytes, through: int) -> None:
        """A member has applied all transfers up to `through`."""
        self._standing = None
        self._store.note_member(self._partner, member, through)

    def begin_anew(self) -> None:
        """A new epoch from the very beginning, for all members."""
        self._standing = None
        self._store.rewind(self._partner, 0)
