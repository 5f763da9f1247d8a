"""A person's or a connector's edit, turned into a change: only the fields that moved.

Each function takes the record as it stands here (None if it is unknown), and a `Pen` that gives the next dot and the time.
It gives back the change, or None when nothing would move. The caller merges the change like any other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from radiosync.records.clock import tick
from radiosync.records.model import (
    EXISTS,
    NOTHING_SEEN,
    Change,
    Dot,
    Grave,
    Origin,
    Record,
    Seen,
    Stamp,
    Write,
    join_seen,
)
from radiosync.records.value import Value


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody wants a record to be, before it is compared with what it is.

    Attributes:
        table: name of the table.
        uuid: the record.
        fields: all its fields, or None to delete it.
        wall_ms: when the edit was made, in milliseconds since 1970, if the source says so.
    """

    table: str
    uuid: UUID
    fields: Mapping[str, Value] | None
    wall_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Pen:
    """Who writes, and when.

    Attributes:
        origin: this station's database.
        next_sequence: called once for each change that is really made.
        wall_ms: the wall clock, or the time at which the edit was made, in milliseconds since 1970.
    """

    origin: Origin
    next_sequence: Callable[[], int]
    wall_ms: int

    def stamp(self, newest: int) -> Stamp:
        """A stamp later than `newest`."""
        return Stamp(tick(self.wall_ms, newest), Dot(self.origin, self.next_sequence()))


def apply_edit(mine: Record | None, edit: Edit, pen: Pen) -> Change | None:
    """The change that makes `mine` what `edit` says, None if it is that already."""
    if edit.fields is None:
        return delete(mine, pen)
    return put(mine, edit.table, edit.uuid, edit.fields, pen)


def put(mine: Record | None, table: str, uuid: UUID, fields: Mapping[str, Value], pen: Pen) -> Change | None:
    """Make the record's fields exactly `fields`: what is missing there is emptied. Creates or revives if need be."""
    if mine is None:
        return _begin(Record(table, uuid), fields, pen.stamp(0))
    if not mine.alive:
        return _begin(_next_life(mine), fields, pen.stamp(mine.newest))
    now = mine.fields
    moved: dict[str, Value | None] = {name: value for name, value in fields.items() if now.get(name) != value}
    moved |= {name: None for name in now if name not in fields}
    return _write(mine, moved, pen)


def update(mine: Record, fields: Mapping[str, Value | None], pen: Pen) -> Change | None:
    """Change the fields that are named, None empties one; the others stay. The record must be alive."""
    now = mine.fields
    return _write(mine, {name: value for name, value in fields.items() if now.get(name) != value}, pen)


def delete(mine: Record | None, pen: Pen) -> Change | None:
    """End the record's life; nothing happens to a record that is unknown or dead."""
    if mine is None or not mine.alive:
        return None
    seen = {origin: sequence for origin, sequence in mine.seen().items() if origin != pen.origin}
    return Record(mine.table, mine.uuid, mine.life, {}, Grave(pen.stamp(mine.newest), seen), mine.past)


def _begin(empty: Record, fields: Mapping[str, Value], stamp: Stamp) -> Change:
    values: Mapping[str, Value] = fields or {EXISTS: True}
    return replace(empty, writes={name: (Write(stamp, value),) for name, value in values.items()})


def _next_life(dead: Record) -> Record:
    return Record(dead.table, dead.uuid, dead.life + 1, {}, None, join_seen(dead.past, dead.seen()))


def _write(mine: Record, moved: Mapping[str, Value | None], pen: Pen) -> Change | None:
    if not moved:
        return None
    stamp = pen.stamp(mine.newest)
    writes = {name: (Write(stamp, value, _over(mine, name, pen.origin)),) for name, value in moved.items()}
    return Record(mine.table, mine.uuid, mine.life, writes, None, mine.past)


def _over(mine: Record, name: str, author: Origin) -> Seen:
    """What a new write by `author` replaces: the write that counts now and the author's own, with all that these replaced.

    Without the last part "replaces" would not be transitive, and stations could end up with different losers.
    """
    seen: Seen = NOTHING_SEEN
    for place, write in enumerate(mine.writes.get(name, ())):
        dot = write.stamp.dot
        if place == 0 or dot.origin == author:
            seen = join_seen(join_seen(seen, write.over), {dot.origin: dot.sequence})
    return {origin: sequence for origin, sequence in seen.items() if origin != author}
