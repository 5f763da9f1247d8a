"""One partner's traffic: changes become sealed transfers, sealed transfers become changes.

This is the `Mailbox` that a contact asks. What it answers is always durable, because every step is one transaction of
the store.
"""

from collections.abc import Mapping, Sequence

from radiosync.errors import ContextError, WireError
from radiosync.link.mailbox import Standing
from radiosync.records.model import Change
from radiosync.sync.ports import Delivery, Direction, Draft, Job, Partner, Plan, SyncStore
from radiosync.transfer.receiver import Receiver
from radiosync.transfer.sender import Sender
from radiosync.wire.batch import encode_batch
from radiosync.wire.batchreader import read_batch
from radiosync.wire.context import Aliases, RecordKey
from radiosync.wire.frames import Hello, unfold
from radiosync.wire.seal import NAMES_THEIRS, open_envelope, receiver_epoch, seal, unseal
from radiosync.wire.shape import Shape, choose_shape

_PACKING = 3
"""Values shrink to about a third or less when they are laid out and compressed; used to guess how many fit a batch."""

_NO_DIGEST = b"\xff\xff\xff\xff"
"""What we report when we cannot read the partner's batches: it fits no context, so the partner begins anew."""


class Mail:
    """Traffic with one partner."""

    def __init__(self, store: SyncStore, partner: Partner, jobs: Sequence[Job]) -> None:
        self._store, self._partner = store, partner
        self._jobs = sorted(jobs, key=lambda job: job.priority)
        self._lost = False
        self._refused: set[int] = set()
        self._standing: Standing | None = None

    # What a contact asks about.

    @property
    def standing(self) -> Standing:
        """How far both directions have come."""
        if self._standing is None:
            out, come = self._store.outbound(self._partner), self._store.inbound(self._partner)
            digest = _NO_DIGEST if self._lost else come.digest
            self._standing = Standing(out.epoch, out.sealed, out.confirmed, come.epoch, come.through, digest)
        return self._standing

    @property
    def has_more(self) -> bool:
        """True if changes wait that are not sealed yet."""
        return any(self._plan(job, 1).changes for job in self._jobs if job.sends)

    def senders(self) -> Sequence[Sender]:
        """Our unconfirmed transfers."""
        transfers = self._store.unconfirmed(self._partner)
        return [Sender(item.number, item.data, item.shape, item.next_pieces) for item in transfers]

    def receivers(self) -> Mapping[int, Receiver | None]:
        """The partner's unfinished transfers."""
        return {
            item.number: None if item.applied else Receiver(item.number, item.shape, item.pieces)
            for item in self._store.arriving(self._partner)
        }

    # Out.

    def seal_next(self, limit_bytes: int) -> Sender | None:
        """Seal the most urgent changes that wait, about `limit_bytes` of them."""
        for job in self._jobs:
            if job.sends:
                plan = self._plan(job, limit_bytes * _PACKING)
                if plan.changes:
                    self._standing = None
                    transfer = self._store.seal(self._partner, self._draft(job, plan, limit_bytes))
                    return Sender(transfer.number, transfer.data, transfer.shape, transfer.next_pieces)
        return None

    def _plan(self, job: Job, limit_bytes: int) -> Plan:
        """What waits in a job; the cursor moves over what is not for this partner."""
        after = self._store.cursor(self._partner, job.scope)
        plan = self._store.plan(self._partner, job, after, limit_bytes)
        if not plan.changes and plan.through > after:
            self._store.skip(self._partner, job.scope, plan.through)
        return plan

    def _draft(self, job: Job, plan: Plan, limit_bytes: int) -> Draft:
        """Encode and seal a plan; one that turns out much too long is planned again with half of it."""
        out = self._store.outbound(self._partner)
        context = self._store.context(self._partner, Direction.OUT, out.confirmed)
        aliases = self._aliases(out.confirmed, plan.changes)
        batch = encode_batch(plan.changes, context, aliases)
        data = seal(batch.plain, context, out.sealed + 1, self._their_epoch() if aliases.theirs else b"")
        if len(data) > 2 * limit_bytes and len(plan.changes) > 1:
            after = self._store.cursor(self._partner, job.scope)
            size = limit_bytes * limit_bytes * _PACKING // len(data)
            shorter = self._store.plan(self._partner, job, after, size)
            if len(shorter.changes) < len(plan.changes):
                return self._draft(job, shorter, limit_bytes)
        return Draft(
            job.scope,
            plan.through,
            data,
            choose_shape(len(data)),
            batch.plain,
            batch.additions,
            len(plan.changes),
        )

    def _aliases(self, version: int, changes: Sequence[Change]) -> Aliases:
        keys = {RecordKey(change.table, change.uuid) for change in changes}
        ours = self._store.aliases(self._partner, Direction.OUT, version, keys)
        through = self._store.inbound(self._partner).through
        theirs = self._store.aliases(self._partner, Direction.IN, through, keys - ours.keys())
        return Aliases(ours, theirs)

    def _their_epoch(self) -> bytes:
        come = self._store.inbound(self._partner)
        return receiver_epoch(come.incarnation or 0, come.epoch)

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
        """Open and apply a transfer.

        One that cannot be opened is fetched again, in case it was damaged. If that does not help either, it was not damage:
        then we say that we have lost the context, and the partner begins anew.
        """
        self._standing = None
        try:
            delivery = self._open(number, data)
        except (WireError, ContextError):
            self._lost = number in self._refused
            self._refused.add(number)
            self._store.drop_pieces(self._partner, number)
            return False
        self._store.deliver(self._partner, delivery)
        return True

    def _open(self, number: int, data: bytes) -> Delivery:
        envelope = open_envelope(data)
        version = number - envelope.age
        if not 0 <= version <= self._store.inbound(self._partner).through:
            raise ContextError("a transfer builds on others that are not here")
        context = self._store.context(self._partner, Direction.IN, version)
        ours = receiver_epoch(self._store.origin.incarnation, self._store.outbound(self._partner).epoch)
        plain = unseal(envelope, context, ours)
        raw = read_batch(plain)
        changes, additions = raw.resolve(
            context,
            self._store.aliased(self._partner, Direction.IN, raw.ours),
            self._store.aliased(self._partner, Direction.OUT, raw.theirs),
        )
        return Delivery(number, self._let_in(changes), plain, additions)

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
        if come.incarnation != hello.incarnation or come.epoch != hello.epoch:
            self._store.begin_epoch(self._partner, hello.incarnation, hello.epoch)
            self._lost = False
            self._refused.clear()
            self._withdraw_stale()
        self._store.meet(self._partner, hello.incarnation)
        self._agree(hello, reborn)

    def _withdraw_stale(self) -> None:
        """The partner gives aliases anew: what is sealed with its old ones can no longer be read, and is planned again."""
        if any(transfer.data[0] & NAMES_THEIRS for transfer in self._store.unconfirmed(self._partner)):
            self._store.rewind(self._partner, self._store.outbound(self._partner).confirmed)

    def _agree(self, hello: Hello, reborn: bool) -> None:
        """What the partner says that it has is believed, more or less than we thought (protocol, section 4.3)."""
        out = self._store.outbound(self._partner)
        if reborn or (hello.heard_epoch != out.epoch and out.confirmed):
            self._store.rewind(self._partner, 0)
            return
        if hello.heard_epoch != out.epoch:
            return  # It has not heard of this epoch yet; it will when it hears our hello.
        through = unfold(hello.report.through, 16, out.confirmed)
        if self._store.mark_digest(self._partner, through) != hello.heard_digest:
            self._store.rewind(self._partner, 0)
        elif through > out.confirmed:
            self._store.confirm(self._partner, through)
        elif through < out.confirmed:
            self._store.rewind(self._partner, through)
