"""One batch of changes on its way into the database: merged in memory, then written with few statements."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from radiosync.records.merge import Conflict, Merged, merge
from radiosync.records.model import Change, Record
from radiosync.store.conflicts import Conflicts, may_have_conflicts
from radiosync.store.log import Log, LogRow
from radiosync.store.records import Records, Stored
from radiosync.wire.context import RecordKey


class Application:
    """Merges changes into records. Not for use beyond one transaction.

    Args:
        keys: the records that the changes may be about.
        source: key of the partner that the changes come from, None for our own.
        arrival: of the newest change in the log.
        now_ms: when conflicts are noticed.
    """

    def __init__(
        self,
        connection: Connection,
        records: Records,
        log: Log,
        conflicts: Conflicts,
        *,
        keys: Iterable[RecordKey],
        source: int | None,
        arrival: int,
        now_ms: int,
    ) -> None:
        self._connection = connection
        self._records, self._log, self._conflicts = records, log, conflicts
        self._source, self._now_ms = source, now_ms
        self.arrival = arrival
        self._known = records.load(connection, dict.fromkeys(keys))
        self._next_id = 0
        self._new: dict[int, Stored] = {}
        self._changed: dict[int, Stored] = {}
        self._rows: list[LogRow] = []
        self._noticed: list[tuple[int, Conflict]] = []
        self._may_settle: set[int] = set()

    def record(self, key: RecordKey) -> Record | None:
        """The record as it stands, with what was applied so far."""
        stored = self._known.get(key)
        return None if stored is None else stored.record

    def apply(self, change: Change) -> Merged:
        """Merge one change."""
        key = RecordKey(change.table, change.uuid)
        before = self._known.get(key)
        merged = merge(before and before.record, change)
        passed_on = self._source is not None or (before is not None and before.passed_on)
        if before is None or (merged.record, passed_on) != (before.record, before.passed_on):
            self._keep(key, before, merged.record, passed_on)
        number = self._known[key].id
        if merged.moved is not None:
            self.arrival += 1
            self._rows.append(LogRow(self.arrival, number, self._source, merged.moved))
        held = None if before is None else _kept_back(before, merged.record, passed_on)
        if held is not None:
            self.arrival += 1
            self._rows.append(LogRow(self.arrival, number, None, held))
        self._noticed.extend((number, conflict) for conflict in merged.conflicts)
        return merged

    def write(self) -> None:
        """Write all that has moved."""
        self._records.insert(self._connection, self._new.values())
        self._records.update(self._connection, self._changed.values())
        self._log.append(self._connection, self._rows)
        now = {**self._changed, **self._new}
        self._conflicts.note(self._connection, self._noticed, self._now_ms)
        settling = {number: now[number].record for number in self._may_settle}
        self._conflicts.settle(self._connection, settling, self._now_ms)

    def _keep(self, key: RecordKey, before: Stored | None, record: Record, passed_on: bool) -> None:
        if before is None:
            self._next_id = self._next_id or self._records.next_id(self._connection)
            stored = Stored(self._next_id, record, passed_on)
            self._next_id += 1
        else:
            stored = Stored(before.id, record, passed_on)
        self._known[key] = stored
        rows = self._new if before is None or before.id in self._new else self._changed
        rows[stored.id] = stored
        if before is not None and may_have_conflicts(before.record):
            self._may_settle.add(before.id)


def _kept_back(before: Stored, now: Record, passed_on: bool) -> Record | None:
    """What of a dead record was kept from partners (`log._NetEffect`), if now all need it, whoever woke it."""
    dead = before.record
    if dead.alive:
        return None
    if passed_on and not before.passed_on:  # It turns out that somebody else knows it.
        return dead
    has_risen = bool(dead.writes) and now.alive and now.life == dead.life
    return replace(dead, grave=None) if has_risen else None
