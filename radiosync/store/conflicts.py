"""What lost against something else, kept where a person can see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update

from radiosync.records.merge import Conflict, ConflictKind
from radiosync.records.model import Dot, Record, Stamp
from radiosync.records.value import Value, parse_json, value_to_json
from radiosync.store.database import AnyRow
from radiosync.store.origins import Origins
from radiosync.store.schema import conflict as table
from radiosync.store.schema import record
from radiosync.wire.context import RecordKey


@dataclass(frozen=True, slots=True)
class NotedConflict:
    """A conflict as it was noticed here.

    Attributes:
        key: the record.
        kind: why something lost.
        field: name of the field; empty for a delete.
        loser: stamp of what lost.
        value: the value that lost; None for an emptied field or a delete.
        winner: stamp of what counted instead when it was noticed.
        noticed_at: when, in milliseconds since 1970.
        settled_at: when somebody replaced what lost; None while that has not happened.
    """

    key: RecordKey
    kind: ConflictKind
    field: str
    loser: Stamp
    value: Value | None
    winner: Stamp
    noticed_at: int
    settled_at: int | None


def may_have_conflicts(before: Record) -> bool:
    """True if a record in this state can have open conflicts that a change of it settles."""
    return before.grave is not None or any(len(siblings) > 1 for siblings in before.writes.values())


class Conflicts:
    """The conflicts of a database."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins

    def note(self, connection: Connection, noticed: Sequence[tuple[int, Conflict]], now_ms: int) -> None:
        """Keep what lost, each once. Records are named by the numbers of their rows."""
        if not noticed:
            return
        columns = (table.c.record_id, table.c.field, table.c.loser_origin, table.c.loser_sequence)
        numbers = {number for number, _ in noticed}
        known = {
            tuple(row) for row in connection.execute(select(*columns).where(table.c.record_id.in_(numbers)))
        }
        rows = []
        for number, conflict in noticed:
            row = self._row(number, conflict, now_ms)
            name = tuple(row[column.name] for column in columns)
            if name not in known:
                known.add(name)
                rows.append(row)
        if rows:
            connection.execute(insert(table), rows)

    def settle(self, connection: Connection, records: Mapping[int, Record], now_ms: int) -> None:
        """Mark conflicts of these records as settled where what lost is no longer there."""
        if not records:
            return
        open_ones = table.c.record_id.in_(records) & table.c.settled_at.is_(None)
        settled = [
            {"known_id": row.id, "settled_at": now_ms}
            for row in connection.execute(select(table).where(open_ones))
            if not self._is_open(row, records[row.record_id])
        ]
        if settled:
            connection.execute(update(table).where(table.c.id == bindparam("known_id")), settled)

    def every(self, connection: Connection, *, only_open: bool) -> list[NotedConflict]:
        """All conflicts in the order in which they were noticed."""
        statement = select(table, record.c.table_name, record.c.uuid)
        statement = statement.join(record, record.c.id == table.c.record_id).order_by(table.c.id)
        if only_open:
            statement = statement.where(table.c.settled_at.is_(None))
        return [self._noted(row) for row in connection.execute(statement)]

    def _is_open(self, row: AnyRow, now: Record) -> bool:
        match ConflictKind(row.kind):
            case ConflictKind.FIELD:
                loser = self._stamp(row, "loser")
                return any(write.stamp == loser for write in now.writes.get(row.field, ()))
            case ConflictKind.DELETE:
                return now.grave is not None and now.alive
            case ConflictKind.LIFE:
                return True

    def _row(self, number: int, conflict: Conflict, now_ms: int) -> dict[str, object]:
        return {
            "record_id": number,
            "kind": conflict.kind.value,
            "field": conflict.field,
            "value": None if conflict.value is None else value_to_json(conflict.value),
            "noticed_at": now_ms,
            **self._stamp_columns("loser", conflict.loser),
            **self._stamp_columns("winner", conflict.winner),
        }

    def _stamp_columns(self, prefix: str, stamp: Stamp) -> dict[str, object]:
        return {
            f"{prefix}_time": stamp.time,
            f"{prefix}_origin": self._origins.number_of(stamp.dot.origin),
            f"{prefix}_sequence": stamp.dot.sequence,
        }

    def _stamp(self, row: AnyRow, prefix: str) -> Stamp:
        columns = row._mapping
        origin = self._origins.origin_of(columns[f"{prefix}_origin"])
        return Stamp(columns[f"{prefix}_time"], Dot(origin, columns[f"{prefix}_sequence"]))

    def _noted(self, row: AnyRow) -> NotedConflict:
        return NotedConflict(
            key=RecordKey(row.table_name, UUID(bytes=row.uuid)),
            kind=ConflictKind(row.kind),
            field=row.field,
            loser=self._stamp(row, "loser"),
            value=None if row.value is None else _value(row.value),
            winner=self._stamp(row, "winner"),
            noticed_at=row.noticed_at,
            settled_at=row.settled_at,
        )


def _value(text: str) -> Value:
    value = parse_json(text)
    assert isinstance(value, Value)
    return value
