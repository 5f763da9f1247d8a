"""The store: each of its methods is one transaction."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Self
from uuid import UUID

from sqlalchemy import Connection

from radiosync.errors import UsageError
from radiosync.records.edit import Edit
from radiosync.records.model import Origin, Record
from radiosync.store.apply import Application
from radiosync.store.carried import Carried
from radiosync.store.conflicts import Conflicts, NotedConflict
from radiosync.store.context import Contexts, Side
from radiosync.store.database import Database, open_database
from radiosync.store.edits import CHUNK_EDITS, Editor, EditSummary
from radiosync.store.exchange import InboundTransfers, OnItsWay, OutboundTransfers, read_state
from radiosync.store.hand import Hand
from radiosync.store.log import Log, LogRow, Waiting
from radiosync.store.members import (
    add_members,
    check_in_no_pool,
    least_through,
    members_of,
    note_member,
    pool_identity,
    remove_members,
    reset_members,
)
from radiosync.store.migrate import migrate
from radiosync.store.models import is_taught_behind, model_at
from radiosync.store.origins import Origins
from radiosync.store.partners import Contact, Partners, PartnerStatus
from radiosync.store.records import Records, TableCount
from radiosync.store.station import (
    make_station,
    read_counters,
    read_setting,
    read_station,
    write_counters,
    write_setting,
)
from radiosync.sync.overlap import covers_for
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
    PoolRole,
    SealedTransfer,
    Wear,
)
from radiosync.wire.context import Context, Mark, RecordKey
from radiosync.wire.shape import Shape

_END: Final = 1 << 62
"""An arrival that no log reaches."""


def system_clock() -> int:
    """The system's wall clock, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Store:
    """Records, partners and transfers of one station, in a database. Implements `radiosync.sync.ports.SyncStore`.

    Each method is one transaction: when it returns, its effect is on disk, and when it raises, it had none. Methods may be
    called from any thread, and run one at a time. All raise `StoreError` if the database cannot be read or written, and
    `BusyError` if another process does not let go of it.
    """

    def __init__(self, database: Database, origin: Origin, clock: Callable[[], int]) -> None:
        self._database = database
        self._origin = origin
        self._clock = clock
        origins = Origins(database)
        contexts = Contexts(database, origins)
        self._records = Records(database, origins)
        self._log = Log(self._records)
        self._hand = Hand(self._records, self._log)
        self._conflicts = Conflicts(origins)
        self._partners = Partners()
        self._contexts = contexts
        self._carried = Carried(self._records, origins)
        self._out = OutboundTransfers(contexts, self._carried)
        self._in = InboundTransfers(contexts)

    @classmethod
    def open(
        cls,
        url_or_path: str | Path,
        *,
        clock: Callable[[], int] = system_clock,
        make_identity: Callable[[int], bytes] = os.urandom,
        durable: bool = True,
    ) -> Self:
        """Open a database, make it if it is not there, and bring its schema up to date.

        Args:
            url_or_path: path of an SQLite file, ":memory:", or a database URL as SQLAlchemy takes it.
            clock: the wall clock, in milliseconds since 1970.
            make_identity: gives that many random bytes, for the identity of a new station.
            durable: False leaves it to the system when data reaches the disk. For simulations.

        Raises:
            StoreError: it cannot be opened, or a newer radiosync has made it.
        """
        database = open_database(url_or_path, durable=durable)
        try:
            migrate(database)
            with database.read() as connection:
                origin = read_station(connection)
            if origin is None:
                with database.write() as connection:
                    origin = make_station(connection, make_identity)
        except BaseException:
            database.close()
            raise
        return cls(database, origin, clock)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def copy_to(self, path: str | Path) -> None:
        """Write a copy of the whole database, as it stands now, into a new file."""
        self._database.copy_to(Path(path))

    # This station.

    @property
    def origin(self) -> Origin:
        """This station's database."""
        return self._origin

    @property
    def station(self) -> bytes:
        """This station's identity."""
        return self._origin.station

    def get_setting(self, key: str) -> str | None:
        """A setting, None if it was never made."""
        with self._database.read() as connection:
            return read_setting(connection, key)

    def set_setting(self, key: str, value: str) -> None:
        """Make or change a setting."""
        with self._database.write() as connection:
            write_setting(connection, key, value)

    # Records.

    def edit(self, edits: Iterable[Edit]) -> EditSummary:
        """Apply edits in order: all of them or, if the iterable raises, none.

        Memory does not grow with their number. Nobody else can write to the database before the last one is read.
        """
        with self._database.write() as connection:

            def begin(keys: Iterable[RecordKey], arrival: int) -> Application:
                return self._application(keys, source=None, arrival=arrival)

            editor = Editor(self._origin, read_counters(connection), self._clock, begin)
            editor.apply(edits)
            write_counters(connection, editor.counters)
            return editor.summary

    def record(self, table: str, uuid: UUID) -> Record | None:
        """A record, dead ones too; None if it is unknown."""
        key = RecordKey(table, uuid)
        with self._database.read() as connection:
            stored = self._records.load(connection, [key]).get(key)
            return None if stored is None else stored.record

    def records(self, tables: Collection[str] | None = None, include_dead: bool = False) -> Iterator[Record]:
        """Records of some or all tables in the order of (newest time, table, identity), as they stand at the first one."""
        return self._records.stream(tables, include_dead)

    def tables(self) -> list[TableCount]:
        """All tables that have a record, by name."""
        with self._database.read() as connection:
            return self._records.count(connection)

    def content(self) -> Iterator[str]:
        """All on which two stations must agree: one line of canonical text for each record, by table and identity.

        Nothing of records that were made here and deleted before anybody else could know them.
        Records with their lives, writes, siblings and graves; no arrival, and no number that only this database knows.
        """
        return self._records.content()

    def content_digest(self) -> str:
        """SHA-256 of all lines of `content`, each with its line feed, in hexadecimal."""
        return self._records.content_digest()

    def conflicts(self, only_open: bool = False) -> list[NotedConflict]:
        """What lost against something else, in the order in which it was noticed here."""
        with self._database.read() as connection:
            return self._conflicts.every(connection, only_open=only_open)

    # Partners.

    def add_partner(self, name: str, station: bytes, callsign: str | None = None) -> Partner:
        """A new partner.

        Raises:
            UsageError: name or station belong to another partner, or the station is this one.
        """
        if station == self.station:
            raise UsageError("a station cannot be its own partner")
        with self._database.write() as connection:
            return self._add(connection, name, station, callsign)

    def partners(self) -> list[Partner]:
        """All partners, by name."""
        with self._database.read() as connection:
            return self._partners.every(connection)

    def partner(self, name: str) -> Partner:
        """The partner with that name.

        Raises:
            UsageError: there is none.
        """
        with self._database.read() as connection:
            return self._partners.named(connection, name)

    def remove_partner(self, name: str) -> None:
        """Forget a partner and all that was on its way; records stay.

        Raises:
            UsageError: there is none of that name, or it is a member of a pool of ours.
        """
        with self._database.write() as connection:
            partner = self._partners.named(connection, name)
            check_in_no_pool(connection, partner)
            self._partners.remove(connection, name)
            for direction in Direction:
                self._contexts.forget(Side(partner.key, direction))

    def waiting(
        self, partner: Partner, jobs: Collection[Job], of: Collection[Job] | None = None
    ) -> dict[str, Waiting]:
        """How many changes wait here for a partner and are in no transfer yet, by table; if `of`, in these jobs alone.

        A change that several jobs are about waits in the most urgent one.
        """
        found: dict[str, Waiting] = {}
        urgent_first = sorted(jobs, key=lambda job: job.priority)
        with self._database.read() as connection:
            reader = self._partners.reader(connection, partner)
            cursors = self._out.cursors(connection, partner.key)
            for job in urgent_first:
                after, cursors[job.scope] = cursors.get(job.scope, 0), _END
                if job.sends and (of is None or job in of):
                    covers = covers_for(job, urgent_first, lambda other: cursors.get(other.scope, 0))
                    for table, more in self._log.waiting(connection, reader, job, after, covers).items():
                        known = found.get(table, more._replace(changes=0))
                        oldest_at = min(known.oldest_at, more.oldest_at)
                        found[table] = Waiting(known.changes + more.changes, oldest_at)
        return found

    def status(self, partner: Partner, jobs: Collection[Job]) -> PartnerStatus:
        """How things stand with a partner."""
        with self._database.read() as connection:
            status = self._partners.status(connection, partner.key, self.waiting(partner, jobs))
            holds = self._hand.holds(connection, partner.key)
            held = [job for job in jobs if holds.holds(job.name)]
            waiting = sum(table.changes for table in self.waiting(partner, jobs, held).values())
            on_the_way = sum(changes for job, changes in status.on_the_way.items() if holds.holds(job))
            return replace(
                status,
                holds=holds,
                changes_held=waiting + on_the_way,
                records_left_out=len(self._hand.rows_left_out(connection, partner.key)),
            )

    # What people stop.

    def hold(self, partner: Partner, job: str | None = None) -> bool:
        """Send nothing of a job, or nothing at all, until it is released. False if it is on hold already."""
        with self._database.write() as connection:
            return self._hand.hold(connection, partner.key, job)

    def release(self, partner: Partner, job: str | None = None) -> bool:
        """Take a job off hold, or everything. False if nothing was on hold."""
        with self._database.write() as connection:
            return self._hand.release(connection, partner.key, job)

    def holds(self, partner: Partner) -> Holds:
        """What is on hold."""
        with self._database.read() as connection:
            return self._hand.holds(connection, partner.key)

    def leave_out(self, partner: Partner, key: RecordKey) -> OnItsWay:
        """Leave a record out of what goes to a partner, until it is put back.

        Raises:
            UsageError: there is no such record.
        """
        with self._database.write() as connection:
            number = self._hand.leave_out(connection, partner.key, key)
            carriers = self._carried.carriers(connection, partner.key, number)
            return self._out.on_its_way(connection, partner.key, carriers)

    def put_back(self, partner: Partner, key: RecordKey) -> bool:
        """Let a record go to a partner again, whole. False if it was not left out.

        Raises:
            UsageError: there is no such record.
        """
        with self._database.write() as connection:
            return self._hand.put_back(connection, partner.key, key)

    def left_out(self, partner: Partner) -> list[RecordKey]:
        """The records that are left out of what goes to a partner."""
        with self._database.read() as connection:
            return self._hand.left_out(connection, partner.key)

    def note_contact(self, partner: Partner, contact: Contact) -> None:
        """Add a contact to the log of contacts."""
        with self._database.write() as connection:
            self._partners.note_contact(connection, partner.key, contact)

    def recent_contacts(self, partner: Partner, count: int) -> list[Contact]:
        """The last contacts with a partner, the newest first."""
        with self._database.read() as connection:
            return self._partners.recent_contacts(connection, partner.key, count)

    def add_pool(self, name: str, members: Sequence[Partner]) -> Partner:
        """A new pool, of which we are the speaker and these partners are the listeners.

        Raises:
            UsageError: there is something of that name already; there are no members, or some that cannot be.
        """
        with self._database.write() as connection:
            identity = pool_identity(self.station, name)
            pool = self._add(connection, name, identity, None, PoolRole.SPEAKER)
            add_members(connection, pool, members)
            return pool

    def add_members(self, pool: Partner, members: Sequence[Partner]) -> None:
        """More listeners for a pool of ours. They lack what the others have, so the first contact with them begins anew.

        Raises:
            UsageError: some of them cannot be, or are members already.
        """
        with self._database.write() as connection:
            add_members(connection, pool, members)

    def remove_members(self, pool: Partner, members: Sequence[Partner]) -> None:
        """Fewer listeners for a pool of ours. What all others have applied is confirmed.

        Raises:
            UsageError: some of them are no members, or nobody would be left.
        """
        with self._database.write() as connection:
            remove_members(connection, pool, members)
            self._confirm(connection, pool, least_through(connection, pool.key))

    def join_pool(self, name: str, speaker: Partner) -> Partner:
        """Listen to the pool that `speaker` calls by that name.

        Raises:
            UsageError: there is something of that name already, or the speaker is no station.
        """
        if speaker.pool is not None:
            raise UsageError(f"{speaker.name} is a pool; name the station that speaks to it")
        with self._database.write() as connection:
            return self._add(connection, name, pool_identity(speaker.station, name), None, PoolRole.LISTENER)

    def _add(
        self,
        connection: Connection,
        name: str,
        station: bytes,
        callsign: str | None,
        pool: PoolRole | None = None,
    ) -> Partner:
        partner = self._partners.add(connection, name, station, callsign, pool=pool)
        for direction in Direction:
            self._contexts.begin(connection, Side(partner.key, direction))
        return partner

    def next_contact(self, partner: Partner) -> int:
        """Number of the contact that we open now, never given out before; modulo 65536."""
        with self._database.write() as connection:
            return self._partners.next_contact(connection, partner.key)

    def meet(self, partner: Partner, incarnation: int, version: int, capabilities: int) -> None:
        """Note the incarnation under which a partner has just spoken, in which protocol, and what it can read."""
        spoken = {"version": version, "capabilities": capabilities}
        with self._database.write() as connection:
            self._partners.meet(connection, partner.key, incarnation, self._clock(), **spoken)

    # What goes out.

    def outbound(self, partner: Partner) -> Outbound:
        """How far our traffic has come."""
        with self._database.read() as connection:
            state = read_state(connection, partner.key)
            return Outbound(state.out_epoch, state.out_sealed, state.out_confirmed, state.out_begins)

    def cursor(self, partner: Partner, scope: str, number: int | None = None) -> int:
        """Arrival up to which everything in this scope is sealed or confirmed; 0 at first.

        With `number`, as it stood when that transfer had just been sealed.
        """
        with self._database.read() as connection:
            return self._out.cursors(connection, partner.key, number).get(scope, 0)

    def plan(
        self, partner: Partner, job: Job, after: int, limit_bytes: int, covers: Sequence[Cover] = ()
    ) -> Plan:
        """Changes behind arrival `after`, until their values come to about `limit_bytes`; at least one if there is any."""
        with self._database.read() as connection:
            reader = self._partners.reader(connection, partner)
            return self._log.plan(connection, reader, job, after, limit_bytes, covers)

    def skip(self, partner: Partner, scope: str, through: int) -> None:
        """Nothing up to arrival `through` is for this partner: move the job's sealed cursor there without a transfer."""
        with self._database.write() as connection:
            self._out.skip(connection, partner.key, scope, through)

    def seal(self, partner: Partner, draft: Draft) -> SealedTransfer:
        """Keep a batch as the next transfer, add to the OUT context what it adds, move the job's sealed cursor."""
        with self._database.write() as connection:
            return self._out.seal(connection, partner.key, draft)

    def seal_anew(self, partner: Partner, number: int, draft: Draft) -> SealedTransfer:
        """Put another batch in the place of an unconfirmed transfer, as if that had never been sealed.

        Raises:
            UsageError: the receiver may have rebuilt the old one.
        """
        with self._database.write() as connection:
            return self._out.seal_anew(connection, partner.key, number, draft)

    def worn(self, partner: Partner) -> Mapping[int, Wear]:
        """Those of the unconfirmed transfers that hold anything edited or left out since they were sealed."""
        with self._database.read() as connection:
            return self._carried.worn(connection, partner.key)

    def unconfirmed(self, partner: Partner) -> Sequence[SealedTransfer]:
        """Transfers that are sealed and not confirmed, in order."""
        with self._database.read() as connection:
            return self._out.unconfirmed(connection, partner.key)

    def promise_pieces(self, partner: Partner, next_pieces: Mapping[int, Sequence[int]]) -> None:
        """Note, before they are keyed, that pieces below these indexes may be on the air: number -> index for each block."""
        with self._database.write() as connection:
            self._out.promise(connection, partner.key, next_pieces)

    def confirm(self, partner: Partner, through: int) -> None:
        """The partner has applied all transfers up to `through`: forget their bytes, keep the mark.

        Raises:
            UsageError: there is no such transfer.
        """
        with self._database.write() as connection:
            self._confirm(connection, partner, through)

    def _confirm(self, connection: Connection, partner: Partner, through: int) -> None:
        confirmed = self._out.confirm(connection, partner.key, through)
        if confirmed is not None:
            self._partners.note_confirmed(connection, partner.key, confirmed, self._clock())

    def mark(self, partner: Partner, number: int) -> Mark | None:
        """Of what is here of the OUT context after transfer `number`; None if that is no longer, or not yet, known."""
        with self._database.read() as connection:
            return self._out.mark(connection, partner.key, number)

    def rewind(self, partner: Partner, through: int, heard_epoch: int | None = None) -> None:
        """Take back all that came after `through`, and start a new epoch behind it, which is not `heard_epoch`.

        Others may know records that were deleted since before they were ever sent, so these deletes are logged anew. In a
        pool no member has applied anything of the new epoch.
        """
        with self._database.write() as connection:
            since = self._out.rewind(connection, partner.key, through, heard_epoch).arrival
            held, counters = self._records.pass_on_since(connection, since), read_counters(connection)
            rows = [
                LogRow(arrival, dead.id, None, dead.record)
                for arrival, dead in enumerate(held, counters.arrival + 1)
            ]
            self._log.append(connection, rows)
            write_counters(connection, counters._replace(arrival=counters.arrival + len(rows)))
            reset_members(connection, partner.key)

    # Pools.

    def members(self, pool: Partner) -> Mapping[bytes, int]:
        """Identity of each member of a pool of ours, and the transfer up to which it has applied all."""
        with self._database.read() as connection:
            return members_of(connection, pool.key)

    def note_member(self, pool: Partner, member: bytes, through: int) -> None:
        """A member has applied all transfers up to `through`. Those that all members have applied are confirmed."""
        with self._database.write() as connection:
            note_member(connection, pool.key, member, through)
            self._confirm(connection, pool, least_through(connection, pool.key))

    # What comes in.

    def inbound(self, partner: Partner) -> Inbound:
        """How far the partner's traffic has come."""
        with self._database.read() as connection:
            state = read_state(connection, partner.key)
            mark = self._in.mark(connection, partner.key, state.in_through)
            return Inbound(state.in_incarnation, state.in_epoch, state.in_through, mark, state.in_begins)

    def arriving(self, partner: Partner) -> Sequence[ArrivingTransfer]:
        """Transfers behind `through` of which anything is here, in order."""
        with self._database.read() as connection:
            return self._in.arriving(connection, partner.key)

    def begin_epoch(self, partner: Partner, incarnation: int, epoch: int, begins: int = 0) -> None:
        """The partner starts anew behind transfer `begins`: forget its pieces, and all of the IN context that came later.

        `through` becomes `begins`, or 0 with an empty context if that version is not known. Applied records stay.
        """
        with self._database.write() as connection:
            self._in.begin_epoch(connection, partner.key, incarnation, epoch, begins)
            self._partners.meet(connection, partner.key, incarnation, self._clock())

    def keep_pieces(
        self, partner: Partner, number: int, shape: Shape, block: int, pieces: Mapping[int, bytes]
    ) -> None:
        """Keep pieces of one block. Pieces of a transfer that has been applied are not kept.

        A transfer that arrives in another shape than before was sealed anew: its old pieces are dropped.
        """
        with self._database.write() as connection:
            self._in.keep(connection, partner.key, number, shape, block, pieces)

    def drop_pieces(
        self, partner: Partner, number: int, wrong: Mapping[int, Collection[int]] | None = None
    ) -> None:
        """Forget pieces of a transfer that turned out wrong, by block, or the whole transfer."""
        with self._database.write() as connection:
            if wrong is None:
                self._in.drop(connection, partner.key, number)
            else:
                self._in.drop_pieces(connection, partner.key, number, wrong)

    def deliver(self, partner: Partner, delivery: Delivery) -> None:
        """Apply a transfer: merge its changes, note conflicts, log what was new for others, drop its pieces.

        Then, as far as transfers are applied without a gap, move `through` and add to the IN context in order of number.
        Nothing happens if it was applied before.
        """
        with self._database.write() as connection:
            if self._in.is_applied(connection, partner.key, delivery.number):
                return
            counters = read_counters(connection)
            for start in range(0, len(delivery.changes), CHUNK_EDITS):
                changes = delivery.changes[start : start + CHUNK_EDITS]
                keys = [RecordKey(change.table, change.uuid) for change in changes]
                application = self._application(keys, source=partner.key, arrival=counters.arrival)
                for change in changes:
                    application.apply(change)
                application.write()
                counters = counters._replace(arrival=application.arrival)
            write_counters(connection, counters)
            self._in.finish(connection, partner.key, delivery)
            self._partners.note_applied(connection, partner.key, len(delivery.changes))

    # Context.

    def model(self, partner: Partner, direction: Direction, version: int) -> bytes | None:
        """State of the compact codec's model after the transfers up to `version`; None if it has learnt nothing."""
        with self._database.read() as connection:
            return model_at(connection, Side(partner.key, direction), version)

    def is_taught_behind(self, partner: Partner, version: int, number: int) -> bool:
        """True if a transfer of ours behind `version`, other than `number`, has taught the model already."""
        with self._database.read() as connection:
            return is_taught_behind(connection, Side(partner.key, Direction.OUT), version, number)

    def context(self, partner: Partner, direction: Direction, version: int) -> Context:
        """The context of one direction as it stood after transfer `version`.

        Raises:
            ContextError: that version is no longer, or not yet, known.
        """
        with self._database.read() as connection:
            return self._contexts.context(connection, Side(partner.key, direction), version)

    def aliases(
        self, partner: Partner, direction: Direction, version: int, keys: Collection[RecordKey]
    ) -> Mapping[RecordKey, int]:
        """Aliases of those of the records that have one in that version of the context."""
        with self._database.read() as connection:
            return self._contexts.aliases(connection, Side(partner.key, direction), version, keys)

    def aliased(
        self, partner: Partner, direction: Direction, numbers: Iterable[int]
    ) -> Mapping[int, RecordKey]:
        """The records behind aliases, as far as known."""
        with self._database.read() as connection:
            return self._contexts.aliased(connection, Side(partner.key, direction), numbers)

    def _application(self, keys: Iterable[RecordKey], *, source: int | None, arrival: int) -> Application:
        return Application(
            self._database.current(),
            self._records,
            self._log,
            self._conflicts,
            keys=keys,
            source=source,
            arrival=arrival,
            now_ms=self._clock(),
        )
