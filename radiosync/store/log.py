"""The log of changes in the order of their arrival here, and what of it a partner still needs.

A plan walks the log by its primary key from where the partner's cursor stands, so it costs as much as there are changes
behind the cursor, however many records there are. What a change says is compared with the record as it is now: a write that
has been replaced since need not travel. A write that is gone never comes back, so it is safe to pass it by.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, exists, insert, select

from radiosync.records.clock import to_milliseconds
from radiosync.records.model import Change, Origin, Record, Siblings, Write
from radiosync.records.value import value_to_json
from radiosync.store.codec import Content
from radiosync.store.records import CONTENT, Records
from radiosync.store.schema import change as table
from radiosync.store.schema import left_out, record
from radiosync.store.station import read_counters
from radiosync.sync.ports import Cover, Job, Plan
from radiosync.wire.context import RecordKey

FIRST_ROWS: Final = 8
"""Rows of the log fetched at first, then twice as many each time: often the question is only whether there is anything."""

MOST_ROWS: Final = 512
"""Rows of the log fetched at once at most."""

CHANGE_BYTES: Final = 8
"""What a change costs beside its values: alias, times, which fields."""

_LOGGED: Final = (table.c.life, table.c.fields, table.c.writes, table.c.grave, table.c.past)
_CONTENT_COLUMNS: Final = len(CONTENT)
_APPEND: Final = insert(table)
_WALK: Final = (
    select(
        table.c.arrival,
        table.c.record_id,
        record.c.table_name,
        record.c.uuid,
        record.c.passed_on,
        *_LOGGED,
        *CONTENT,
    )
    .join(record, record.c.id == table.c.record_id)
    .where(table.c.arrival > bindparam("after"))
    .where(
        table.c.source.is_(None)
        | (table.c.source != bindparam("reader"))
        | (table.c.arrival <= bindparam("since"))
    )
    .where(table.c.reader.is_(None) | (table.c.reader == bindparam("reader")))
    .where(
        ~exists().where(left_out.c.partner == bindparam("reader"), left_out.c.record_id == table.c.record_id)
    )
    .order_by(table.c.arrival)
    .limit(bindparam("rows"))
)
_WALK_TABLES: Final = _WALK.where(record.c.table_name.in_(bindparam("tables", expanding=True)))


class LogRow(NamedTuple):
    """One line of the log.

    Attributes:
        arrival: its place.
        record_id: row of the record.
        source: key of the partner that it came from, None if we made it.
        part: what was new here.
        reader: key of the partner that it is for alone, None for all.
    """

    arrival: int
    record_id: int
    source: int | None
    part: Change
    reader: int | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """The partner that a plan is made for.

    Attributes:
        key: its key.
        origin: its database as we last heard it; None before that.
        since: arrival at which that database was first heard. What the partner sent before, an older database sent.
    """

    key: int
    origin: Origin | None
    since: int


class Waiting(NamedTuple):
    """What waits for a partner in one table.

    Attributes:
        changes: how many.
        oldest_at: when the oldest of them was made, in milliseconds since 1970.
    """

    changes: int
    oldest_at: int


class Log:
    """The log of a database."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def append(self, connection: Connection, rows: Sequence[LogRow]) -> None:
        """Write new lines."""
        values = [
            {
                "arrival": row.arrival,
                "record_id": row.record_id,
                "source": row.source,
                "reader": row.reader,
                **self._records.encode(row.part)._asdict(),
            }
            for row in rows
        ]
        if values:
            connection.execute(_APPEND, values)

    def plan(
        self,
        connection: Connection,
        reader: Reader,
        job: Job,
        after: int,
        limit_bytes: int,
        covers: Sequence[Cover] = (),
    ) -> Plan:
        """What `reader` needs of what `job` is about; see `SyncStore.plan`."""
        end = read_counters(connection).arrival
        found: _EachEdit | _NetEffect = _EachEdit(reader) if job.every_edit else _NetEffect(reader)
        through, more = after, False
        for entry in self._walk(connection, reader, job, after, covers):
            if not found.take(entry, limit_bytes):
                more = True
                break
            through = entry.arrival
        return Plan(found.changes(), through if more else max(end, after), more, found.collapsed)

    def waiting(
        self, connection: Connection, reader: Reader, job: Job, after: int, covers: Sequence[Cover] = ()
    ) -> dict[str, Waiting]:
        """How much waits behind arrival `after`, by table."""
        changes = self.plan(connection, reader, job, after, 1 << 60, covers).changes
        found: dict[str, Waiting] = {}
        for change in changes:
            count, oldest = found.get(change.table, Waiting(0, 1 << 62))
            found[change.table] = Waiting(count + 1, min(oldest, to_milliseconds(_oldest(change))))
        return found

    def _walk(
        self, connection: Connection, reader: Reader, job: Job, after: int, covers: Sequence[Cover]
    ) -> Iterator["_Entry"]:
        """Lines behind `after` that can matter, in order."""
        statement = _WALK if job.tables is None else _WALK_TABLES
        known: dict[int, Record] = {}
        limit = FIRST_ROWS
        while True:
            values: dict[str, object] = {
                "after": after,
                "reader": reader.key,
                "since": reader.since,
                "rows": limit,
            }
            if job.tables is not None:
                values["tables"] = sorted(job.tables)
            rows = connection.execute(statement, values).all()
            for arrival, number, name, uuid, passed_on, *columns in rows:
                if any(cover.covers(name, arrival) for cover in covers):
                    continue
                key = RecordKey(name, UUID(bytes=uuid))
                part = self._records.decode(key, Content(*columns[:_CONTENT_COLUMNS]))
                if number not in known:
                    known[number] = self._records.decode(key, Content(*columns[_CONTENT_COLUMNS:]))
                yield _Entry(arrival, part, known[number], passed_on)
            if len(rows) < limit:
                return
            limit = min(2 * limit, MOST_ROWS)
            after = rows[-1].arrival


class _Entry(NamedTuple):
    """A line of the log beside the record as it is now."""

    arrival: int
    part: Change
    now: Record
    passed_on: bool


class _NetEffect:
    """Writes that are part of their record's state now, as one change for each record, at the place of its last line.

    Of a dead record only the grave goes: what it held matters again only if somebody wakes it, and is logged anew then. Of
    one that nobody else can know nothing goes at all.

    Attributes:
        collapsed: lines of which nothing needs to go, because something newer has taken the place of all of it.
    """

    def __init__(self, reader: Reader) -> None:
        self.collapsed = 0
        self._theirs = reader.origin
        self._bytes = 0
        self._chosen: dict[RecordKey, _Chosen] = {}

    def take(self, entry: _Entry, limit_bytes: int) -> bool:
        """Take what needs to go of one line; False, without taking anything, if that does not fit any more."""
        writes = list(self._current(entry))
        has_grave = entry.part.life == entry.now.life and entry.part.grave is not None
        has_grave &= entry.passed_on or entry.now.alive
        if not writes and not has_grave:
            self.collapsed += self._is_news(entry.part)
            return True
        key = RecordKey(entry.now.table, entry.now.uuid)
        cost = _bytes(write for _, write in writes) + (0 if key in self._chosen else CHANGE_BYTES)
        if self._chosen and self._bytes + cost > limit_bytes:
            return False
        chosen = self._chosen.pop(key, None) or _Chosen(entry.now, {})
        chosen.has_grave |= has_grave
        for name, write in writes:
            taken = chosen.writes.setdefault(name, [])
            if write not in taken:  # a record that was woken stands twice in the log
                taken.append(write)
        self._chosen[key] = chosen
        self._bytes += cost
        return True

    def changes(self) -> list[Change]:
        """All that was taken."""
        return [chosen.change() for chosen in self._chosen.values()]

    def _is_news(self, part: Change) -> bool:
        """True if a line says anything that the partner did not write itself."""
        return part.grave is not None or any(
            write.stamp.dot.origin != self._theirs for write in part.all_writes()
        )

    def _current(self, entry: _Entry) -> Iterator[tuple[str, Write]]:
        if entry.part.life == entry.now.life and entry.now.alive:
            for name, write in _named_writes(entry.part):
                if write.stamp.dot.origin != self._theirs and write in entry.now.writes.get(name, ()):
                    yield name, write


@dataclass(slots=True)
class _Chosen:
    now: Record
    writes: dict[str, list[Write]]
    has_grave: bool = False

    def change(self) -> Change:
        """The record with nothing but what was chosen.

        Its grave goes as it is now, not as it was logged: it may have been joined with one of the partner's own, and the
        partner needs the sight of both.
        """
        writes = {name: _newest_first(chosen) for name, chosen in self.writes.items()}
        return replace(self.now, writes=writes, grave=self.now.grave if self.has_grave else None)


class _EachEdit:
    """Each change as it was made.

    Attributes:
        collapsed: none ever.
    """

    collapsed = 0

    def __init__(self, reader: Reader) -> None:
        self._theirs = reader.origin
        self._bytes = 0
        self._changes: list[Change] = []

    def take(self, entry: _Entry, limit_bytes: int) -> bool:
        """As for `_NetEffect`."""
        writes: dict[str, list[Write]] = {}
        for name, write in _named_writes(entry.part):
            if write.stamp.dot.origin != self._theirs:
                writes.setdefault(name, []).append(write)
        if not writes and entry.part.grave is None:
            return True
        cost = CHANGE_BYTES + _bytes(write for chosen in writes.values() for write in chosen)
        if self._changes and self._bytes + cost > limit_bytes:
            return False
        self._changes.append(replace(entry.part, writes={name: tuple(them) for name, them in writes.items()}))
        self._bytes += cost
        return True

    def changes(self) -> list[Change]:
        """All that was taken."""
        return self._changes


def _named_writes(part: Change) -> Iterator[tuple[str, Write]]:
    return ((name, write) for name, siblings in part.writes.items() for write in siblings)


def _newest_first(writes: Iterable[Write]) -> Siblings:
    return tuple(sorted(writes, key=lambda write: write.stamp, reverse=True))


def _bytes(writes: Iterable[Write]) -> int:
    return sum(len(value_to_json(write.value).encode()) for write in writes if write.value is not None)


def _oldest(change: Change) -> int:
    times = [write.stamp.time for write in change.all_writes()]
    return min(times + ([change.grave.stamp.time] if change.grave else []))
