"""The context that we share with each partner, one for each direction, version by version."""

from collections.abc import Collection, Iterable, Sequence
from itertools import count
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, func, insert, select, update

from radiosync.errors import ContextError
from radiosync.limits import HISTORY_BYTES
from radiosync.store.database import Database
from radiosync.store.origins import Origins
from radiosync.store.records import LOOKUP_KEYS
from radiosync.store.schema import alias, context_name, version
from radiosync.sync.ports import Direction
from radiosync.wire.context import (
    EMPTY_DIGEST,
    Additions,
    Context,
    FieldKey,
    RecordKey,
    chain_digest,
    extend_history,
)

KEPT_VERSIONS: Final = 64
"""Versions behind the newest one that both sides are known to have, which can still be asked for."""

_ORIGIN: Final = "origin"
_TABLE: Final = "table"
_FIELD: Final = "field"

_Name: TypeAlias = tuple[str, int | None, str | None, str | None]
"""One of the three above, and in its place the number of an origin, a table, or a table and a field."""


class Side(NamedTuple):
    """One direction of the traffic with one partner.

    Attributes:
        partner: the partner's key.
        direction: whose traffic.
    """

    partner: int
    direction: Direction

    def values(self, **more: object) -> dict[str, object]:
        """Parameters of a statement about this side."""
        return {"of_partner": self.partner, "of_direction": self.direction.value, **more}

    def columns(self, **more: object) -> dict[str, object]:
        """Columns of a row of this side."""
        return {"partner": self.partner, "direction": self.direction.value, **more}


class Tip(NamedTuple):
    """A version of a context, in short.

    Attributes:
        number: the version.
        digest: its chain digest.
        total_bytes: plain bytes of all versions up to this one.
        cursors: JSON text: for each scope, the arrival up to which everything is in this version or an earlier one.
        arrival: the newest in our log when its transfer was sealed.
    """

    number: int = 0
    digest: bytes = EMPTY_DIGEST
    total_bytes: int = 0
    cursors: str = "{}"
    arrival: int = 0


def _of(table: Table) -> ColumnElement[bool]:
    return (table.c.partner == bindparam("of_partner")) & (table.c.direction == bindparam("of_direction"))


def _later(column: ColumnElement[int]) -> ColumnElement[bool]:
    return (column > bindparam("after")) & (column <= bindparam("through"))


# Statements are put together once: that takes longer than to run them.
_TIP: Final = select(*(version.c[name] for name in Tip._fields)).where(
    _of(version), version.c.number == bindparam("wanted")
)
_PLAIN: Final = (
    select(version.c.plain)
    .where(_of(version), _later(version.c.number), version.c.total_bytes > bindparam("before"))
    .order_by(version.c.number)
)
_ONE_PLAIN: Final = select(version.c.plain).where(_of(version), version.c.number == bindparam("wanted"))
_SET_CURSORS: Final = (
    update(version)
    .where(_of(version), version.c.number == bindparam("wanted"))
    .values(cursors=bindparam("new_cursors"))
)
_PRUNE: Final = delete(version).where(
    _of(version), version.c.number < bindparam("oldest"), version.c.total_bytes <= bindparam("before")
)
_NAMES: Final = (
    select(context_name.c.kind, context_name.c.origin, context_name.c.table_name, context_name.c.field)
    .where(_of(context_name), _later(context_name.c.version))
    .order_by(context_name.c.kind, context_name.c.number)
)
_ALIASES: Final = select(alias.c.table_name, alias.c.uuid, alias.c.number).where(
    _of(alias),
    alias.c.uuid.in_(bindparam("uuids", expanding=True)),
    alias.c.version <= bindparam("through"),
)
_ALIASED: Final = select(alias.c.number, alias.c.table_name, alias.c.uuid).where(
    _of(alias), alias.c.number.in_(bindparam("numbers", expanding=True))
)
_LAST_ALIAS: Final = select(func.max(alias.c.number)).where(_of(alias))
_FORGET: Final = tuple(delete(table).where(_of(table)) for table in (version, context_name, alias))
_CUT: Final = tuple(
    delete(column.table).where(_of(column.table), column >= bindparam("first"))
    for column in (version.c.number, context_name.c.version, alias.c.version)
)
_ADD_VERSION: Final = insert(version)
_ADD_NAME: Final = insert(context_name)
_ADD_ALIAS: Final = insert(alias)


class Contexts:
    """The contexts in a database. The last one of each side that was read is kept in memory as well."""

    def __init__(self, database: Database, origins: Origins) -> None:
        self._origins = origins
        self._kept: dict[Side, Context] = {}
        database.on_undo(self._kept.clear)

    # Growing.

    def tip(self, connection: Connection, side: Side, number: int) -> Tip | None:
        """A version in short; None if it is no longer known, or not yet."""
        row = connection.execute(_TIP, side.values(wanted=number)).first()
        if row is not None:
            return Tip(*row)
        return Tip() if number == 0 else None

    def grow(
        self,
        connection: Connection,
        side: Side,
        before: Tip,
        plain: bytes,
        additions: Additions,
        cursors: str = "{}",
        arrival: int = 0,
    ) -> Tip:
        """Add what one transfer carries: the version that follows `before`, which is the newest."""
        digest, total_bytes = chain_digest(before.digest, plain), before.total_bytes + len(plain)
        tip = Tip(before.number + 1, digest, total_bytes, cursors, arrival)
        connection.execute(_ADD_VERSION, side.columns(plain=plain, **tip._asdict()))
        self._add_names(connection, side, tip.number, additions)
        self._add_records(connection, side, tip.number, additions.records)
        return tip

    def begin(self, connection: Connection, side: Side) -> None:
        """Forget everything: the context is empty again."""
        self.forget(side)
        for statement in _FORGET:
            connection.execute(statement, side.values())
        connection.execute(_ADD_VERSION, side.columns(plain=b"", **Tip()._asdict()))

    def cut(self, connection: Connection, side: Side, number: int) -> None:
        """Forget this version and all later ones, as if they had never been."""
        self.forget(side)
        for statement in _CUT:
            connection.execute(statement, side.values(first=number))

    def go_back(self, connection: Connection, side: Side, number: int) -> Tip:
        """Forget all that came behind a version, which is the newest one then. If it is not here, nothing is kept."""
        try:
            self.context(connection, side, number)
        except ContextError:
            number = 0
        if number:
            self.cut(connection, side, number + 1)
        else:
            self.begin(connection, side)
        tip = self.tip(connection, side, number)
        assert tip is not None, "it is the newest"
        return tip

    def forget(self, side: Side) -> None:
        """Forget what is remembered outside the database."""
        self._kept.pop(side, None)

    def plain(self, connection: Connection, side: Side, number: int) -> bytes:
        """What a version has added to the history."""
        return bytes(connection.execute(_ONE_PLAIN, side.values(wanted=number)).scalar_one())

    def set_cursors(self, connection: Connection, side: Side, number: int, cursors: str) -> None:
        """Change the cursors of a version."""
        connection.execute(_SET_CURSORS, side.values(wanted=number, new_cursors=cursors))

    def prune(self, connection: Connection, side: Side, base: int) -> None:
        """Forget what no version from `KEPT_VERSIONS` before `base` on needs."""
        oldest = self.tip(connection, side, base - KEPT_VERSIONS)
        if oldest is not None:
            before = oldest.total_bytes - HISTORY_BYTES
            connection.execute(_PRUNE, side.values(oldest=oldest.number, before=before))

    def _add_names(self, connection: Connection, side: Side, number: int, additions: Additions) -> None:
        wanted: list[_Name] = []
        wanted += [(_ORIGIN, self._origins.number_of(origin), None, None) for origin in additions.origins]
        wanted += [(_TABLE, None, name, None) for name in additions.tables]
        wanted += [(_FIELD, None, field.table, field.name) for field in additions.fields]
        if not wanted:
            return
        rows = connection.execute(_NAMES, side.values(after=0, through=number))
        known = {(kind, origin, table, field) for kind, origin, table, field in rows}
        numbers = {kind: count(sum(name[0] == kind for name in known)) for kind in (_ORIGIN, _TABLE, _FIELD)}
        new = [
            side.columns(
                kind=kind,
                number=next(numbers[kind]),
                version=number,
                origin=origin,
                table_name=table,
                field=field,
            )
            for kind, origin, table, field in dict.fromkeys(wanted)
            if (kind, origin, table, field) not in known
        ]
        if new:
            connection.execute(_ADD_NAME, new)

    def _add_records(
        self, connection: Connection, side: Side, number: int, keys: Sequence[RecordKey]
    ) -> None:
        known = self.aliases(connection, side, number, keys)
        new = [key for key in dict.fromkeys(keys) if key not in known]
        if not new:
            return
        last = connection.execute(_LAST_ALIAS, side.values()).scalar()
        first = 0 if last is None else last + 1
        rows = [
            side.columns(number=place, version=number, table_name=key.table, uuid=key.uuid.bytes)
            for place, key in enumerate(new, first)
        ]
        connection.execute(_ADD_ALIAS, rows)

    # Asking.

    def context(self, connection: Connection, side: Side, number: int) -> Context:
        """A version of a context, without its records.

        Raises:
            ContextError: that version is no longer known, or not yet.
        """
        tip = self.tip(connection, side, number)
        if tip is None:
            raise ContextError(f"version {number} of the context is not known")
        kept = self._kept.get(side)
        if kept is not None and (kept.version, kept.digest) == (number, tip.digest):
            return kept
        context = self._extend(connection, side, self._start(connection, side, kept, number), tip)
        if kept is None or kept.version <= number:
            self._kept[side] = context
        return context

    def aliases(
        self, connection: Connection, side: Side, number: int, keys: Collection[RecordKey]
    ) -> dict[RecordKey, int]:
        """Aliases of those of the records that have one in that version."""
        wanted = set(keys)
        uuids = list({key.uuid.bytes for key in wanted})
        found: dict[RecordKey, int] = {}
        for start in range(0, len(uuids), LOOKUP_KEYS):
            values = side.values(uuids=uuids[start : start + LOOKUP_KEYS], through=number)
            for table, uuid, name in connection.execute(_ALIASES, values):
                key = RecordKey(table, UUID(bytes=uuid))
                if key in wanted:
                    found[key] = name
        return found

    def aliased(self, connection: Connection, side: Side, numbers: Iterable[int]) -> dict[int, RecordKey]:
        """The records behind aliases, as far as known."""
        wanted = list(dict.fromkeys(numbers))
        found: dict[int, RecordKey] = {}
        for start in range(0, len(wanted), LOOKUP_KEYS):
            values = side.values(numbers=wanted[start : start + LOOKUP_KEYS])
            for number, table, uuid in connection.execute(_ALIASED, values):
                found[number] = RecordKey(table, UUID(bytes=uuid))
        return found

    def _start(self, connection: Connection, side: Side, kept: Context | None, number: int) -> Context:
        """What to build on: the kept version if it is an earlier one of the same context, else the empty one."""
        if kept is None or kept.version > number:
            return Context()
        tip = self.tip(connection, side, kept.version)
        return kept if tip is not None and tip.digest == kept.digest else Context()

    def _extend(self, connection: Connection, side: Side, start: Context, tip: Tip) -> Context:
        span = {"after": start.version, "through": tip.number}
        origins, tables, fields = list(start.origins), list(start.tables), list(start.fields)
        for kind, origin, table, field in connection.execute(_NAMES, side.values(**span)):
            if kind == _ORIGIN:
                origins.append(self._origins.origin_of(origin))
            elif kind == _TABLE:
                tables.append(table)
            else:
                fields.append(FieldKey(table, field))
        values = side.values(**span, before=tip.total_bytes - HISTORY_BYTES)
        plain = b"".join(connection.execute(_PLAIN, values).scalars())
        history = extend_history(start.history, plain)
        if len(history) < min(HISTORY_BYTES, tip.total_bytes):
            raise ContextError(f"version {tip.number} of the context is no longer known")
        return Context(tip.number, tip.digest, tuple(origins), tuple(tables), tuple(fields), history)
