"""Reading and writing records."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from radiosync.records.model import Record, Seen, Stamp, Write
from radiosync.records.value import value_to_json
from radiosync.store.codec import Content, decode_record, encode_record
from radiosync.store.database import Database
from radiosync.store.origins import Origins
from radiosync.store.schema import change
from radiosync.store.schema import record as table
from radiosync.wire.context import RecordKey

LOOKUP_KEYS: Final = 500
"""Records asked for in one statement. SQLite before 3.32 takes no more than 999 parameters."""

CONTENT: Final = (table.c.life, table.c.fields, table.c.writes, table.c.grave, table.c.past)
"""Columns of a record in the order of `Content`."""

_KEY: Final = (table.c.table_name, table.c.uuid)
_BY_KEY: Final = (
    select(table.c.id, table.c.passed_on, table.c.uuid, *CONTENT)
    .where(table.c.table_name == bindparam("wanted_table"))
    .where(table.c.uuid.in_(bindparam("wanted_uuids", expanding=True)))
)
_IDS: Final = (
    select(table.c.id, table.c.uuid)
    .where(table.c.table_name == bindparam("wanted_table"))
    .where(table.c.uuid.in_(bindparam("wanted_uuids", expanding=True)))
)
_LAST_ID: Final = select(func.max(table.c.id))
_INSERT: Final = insert(table)
_UPDATE: Final = update(table).where(table.c.id == bindparam("known_id"))
_PASS_ON: Final = (
    update(table)
    .where(table.c.id.in_(bindparam("known_ids", expanding=True)), ~table.c.passed_on)
    .values(passed_on=True)
)
_CHANGED_SINCE: Final = table.c.id.in_(
    select(change.c.record_id).where(change.c.arrival > bindparam("after"))
)
_PASS_ON_SINCE: Final = (
    update(table).where(~table.c.passed_on, table.c.alive | _CHANGED_SINCE).values(passed_on=True)
)
_HELD_SINCE: Final = (
    select(table.c.id, *_KEY, *CONTENT)
    .where(~table.c.passed_on, ~table.c.alive, _CHANGED_SINCE)
    .order_by(table.c.id)
)
_MATTERS: Final = table.c.alive | table.c.passed_on


class Stored(NamedTuple):
    """A record in its row.

    Attributes:
        id: number of the row.
        record: the record.
        passed_on: any other station may know it. What was made here and deleted before that is nobody else's business.
    """

    id: int
    record: Record
    passed_on: bool = False


class TableCount(NamedTuple):
    """How many records a table has.

    Attributes:
        name: name of the table.
        alive: records that are there for people to see.
        dead: deleted records, whose tombstones are kept.
    """

    name: str
    alive: int
    dead: int


class Records:
    """The records of a database."""

    def __init__(self, database: Database, origins: Origins) -> None:
        self._database = database
        self._origins = origins

    def load(self, connection: Connection, keys: Iterable[RecordKey]) -> dict[RecordKey, Stored]:
        """Those of the records that exist, dead ones too."""
        by_table: dict[str, list[bytes]] = defaultdict(list)
        for key in keys:
            by_table[key.table].append(key.uuid.bytes)
        found: dict[RecordKey, Stored] = {}
        for name, uuids in by_table.items():
            for start in range(0, len(uuids), LOOKUP_KEYS):
                wanted = {"wanted_table": name, "wanted_uuids": uuids[start : start + LOOKUP_KEYS]}
                for number, passed_on, uuid, *content in connection.execute(_BY_KEY, wanted):
                    key = RecordKey(name, UUID(bytes=uuid))
                    found[key] = Stored(number, self.decode(key, Content(*content)), passed_on)
        return found

    def ids(self, connection: Connection, keys: Iterable[RecordKey]) -> dict[RecordKey, int]:
        """Rows of those of the records that exist."""
        by_table: dict[str, list[bytes]] = defaultdict(list)
        for key in keys:
            by_table[key.table].append(key.uuid.bytes)
        found: dict[RecordKey, int] = {}
        for name, uuids in by_table.items():
            for start in range(0, len(uuids), LOOKUP_KEYS):
                wanted = {"wanted_table": name, "wanted_uuids": uuids[start : start + LOOKUP_KEYS]}
                rows = connection.execute(_IDS, wanted)
                found |= {RecordKey(name, UUID(bytes=uuid)): number for number, uuid in rows}
        return found

    def decode(self, key: RecordKey, content: Content) -> Record:
        """A record, whole or in part, from its columns."""
        return decode_record(key.table, key.uuid, content, self._origins.origin_of)

    def encode(self, record: Record) -> Content:
        """The columns of a record, whole or in part."""
        return encode_record(record, self._origins.number_of)

    def next_id(self, connection: Connection) -> int:
        """The number that the next new row gets."""
        return (connection.execute(_LAST_ID).scalar() or 0) + 1

    def insert(self, connection: Connection, rows: Iterable[Stored]) -> None:
        """Write records that are new."""
        values = [
            {
                "id": row.id,
                "table_name": row.record.table,
                "uuid": row.record.uuid.bytes,
                **self._columns(row),
            }
            for row in rows
        ]
        if values:
            connection.execute(_INSERT, values)

    def update(self, connection: Connection, rows: Iterable[Stored]) -> None:
        """Write records that exist."""
        values = [{"known_id": row.id, **self._columns(row)} for row in rows]
        if values:
            connection.execute(_UPDATE, values)

    def _columns(self, row: Stored) -> dict[str, object]:
        record = row.record
        columns = {"alive": record.alive, "newest": record.newest, "passed_on": row.passed_on}
        return {**columns, **self.encode(record)._asdict()}

    def pass_on(self, connection: Connection, ids: Iterable[int]) -> None:
        """Another station may know these records now, for ever."""
        numbers = sorted(ids)
        for start in range(0, len(numbers), LOOKUP_KEYS):
            connection.execute(_PASS_ON, {"known_ids": numbers[start : start + LOOKUP_KEYS]})

    def pass_on_since(self, connection: Connection, arrival: int) -> list[Stored]:
        """Others may know what lived behind an arrival: we may not remember whom we told. Gives the dead of it."""
        rows = connection.execute(_HELD_SINCE, {"after": arrival}).all()
        connection.execute(_PASS_ON_SINCE, {"after": arrival})
        return [Stored(number, self._decode_row(row)) for number, *row in rows]

    # Everything, a few at a time.

    def stream(self, tables: Collection[str] | None, include_dead: bool) -> Iterator[Record]:
        """Records in the order of (newest time, table, identity)."""
        statement = select(*_KEY, *CONTENT).order_by(table.c.newest, *_KEY)
        if tables is not None:
            statement = statement.where(table.c.table_name.in_(tables))
        if not include_dead:
            statement = statement.where(table.c.alive)
        yield from map(self._decode_row, self._database.stream(statement))

    def content(self) -> Iterator[str]:
        """One line of canonical text for each record that matters to others, in the order of (table, identity)."""
        rows = self._database.stream(select(*_KEY, *CONTENT).where(_MATTERS).order_by(*_KEY))
        yield from (canonical_text(self._decode_row(row)) for row in rows)

    def content_digest(self) -> str:
        """SHA-256 of all lines of `content`, in hexadecimal."""
        digest = hashlib.sha256()
        for line in self.content():
            digest.update(line.encode() + b"\n")
        return digest.hexdigest()

    def count(self, connection: Connection) -> list[TableCount]:
        """All tables that have a record, by name."""
        alive = func.sum(case((table.c.alive, 1), else_=0))
        statement = select(table.c.table_name, alive, func.count()).group_by(table.c.table_name)
        rows = connection.execute(statement.order_by(table.c.table_name))
        return [TableCount(name, living, total - living) for name, living, total in rows]

    def _decode_row(self, row: Iterable[Any]) -> Record:
        name, uuid, life, fields, writes, grave, past = row
        return self.decode(RecordKey(name, UUID(bytes=uuid)), Content(life, fields, writes, grave, past))


def canonical_text(record: Record) -> str:
    """All of a record on which stations must agree, as one line of text that is the same everywhere.

    Not what a dead record held: a station that never saw it alive knows only that it is dead.
    """
    writes = record.writes if record.alive else {}
    fields = {name: [_write(write) for write in writes[name]] for name in sorted(writes)}
    grave = record.grave and [_stamp(record.grave.stamp), _seen(record.grave.seen)]
    parts = [record.table, str(record.uuid), record.life, fields, grave]
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def _write(write: Write) -> list[object]:
    value = None if write.value is None else value_to_json(write.value)
    return [_stamp(write.stamp), value, _seen(write.over)]


def _stamp(stamp: Stamp) -> list[object]:
    origin = stamp.dot.origin
    return [stamp.time, origin.station.hex(), origin.incarnation, stamp.dot.sequence]


def _seen(seen: Seen) -> list[object]:
    return [[origin.station.hex(), origin.incarnation, seen[origin]] for origin in sorted(seen)]
