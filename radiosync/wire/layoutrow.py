"""Rows: changes with numbers for names, as the layout says them, and back.

All stamps of a change stand in one list, the newest first; writes and the grave say their places in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple
from uuid import UUID

from radiosync.errors import WireError
from radiosync.limits import BATCH_BYTES
from radiosync.records.clock import to_milliseconds
from radiosync.records.model import Change, Dot, Grave, Record, Seen, Stamp, Write
from radiosync.records.value import Value
from radiosync.wire.context import FieldKey, RecordKey
from radiosync.wire.layoutnames import Names
from radiosync.wire.parts import Parts, take_apart

NO_UUID: Final = UUID(int=0)


class Ref(IntEnum):
    """How a row names its record."""

    LIVING = 0
    """By its place among the living records of its table that are remembered."""
    DEAD = 1
    """By its place among the dead ones."""
    OURS = 2
    """By an alias that the sender gave."""
    THEIRS = 3
    """By an alias that the receiver gave."""
    NEW = 4
    """By its identity; from now on it has an alias of ours."""
    KEY = 5
    """As `NEW`, but the identity is made from the texts of fields (`records.key`)."""
    AGAIN = 6
    """As another row of this batch, by how many rows ago that was."""


class RowKind(IntEnum):
    """What a row is likely to hold."""

    UPDATE = 0
    BEGIN = 1
    """The first put of a life."""
    GRAVE = 2


class RowStamp(NamedTuple):
    """A stamp, its origin as a number."""

    author: int
    sequence: int
    time: int


@dataclass(slots=True)
class Said:
    """A write in a row.

    Attributes:
        value: the value; for a reader, once it was said.
        parts: of the value.
        stamp: place of its stamp.
        over: what it replaced, by numbers of origins.
    """

    value: Value | None = None
    parts: Parts = field(default_factory=Parts)
    stamp: int = 0
    over: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Cell:
    """A field of a row: its number, and its writes, the one that counts first."""

    field: int
    writes: list[Said]


@dataclass(slots=True)
class Row:
    """A change in numbers. `Row()` is what a reader begins with.

    Attributes:
        table: its number.
        ref: how the record is named.
        number: alias, or rows back, or place, as `ref` has it.
        uuid: the record's, where it is known.
        key: with `Ref.KEY` the fields whose texts make it, by number.
        stamps: all of the change, the newest first.
        life, past: as in a change.
        cells: the fields, by number.
        grave: place of the grave's stamp; None without a grave.
        grave_seen: what the grave had seen.
    """

    table: int = 0
    ref: int = Ref.LIVING
    number: int = 0
    uuid: UUID = NO_UUID
    key: list[int] = field(default_factory=list)
    stamps: list[RowStamp] = field(default_factory=lambda: [RowStamp(0, 0, 0)])
    life: int = 0
    past: Mapping[int, int] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    grave: int | None = None
    grave_seen: Mapping[int, int] = field(default_factory=dict)

    @property
    def base_s(self) -> int:
        """When the change was made, in seconds since 1970."""
        return to_milliseconds(self.stamps[0].time) // 1000


class Budget:
    """What a batch may make a reader hold and work through, counted about as in bytes of a plain batch."""

    def __init__(self) -> None:
        self._left = BATCH_BYTES

    def spend(self, cost: int) -> None:
        """Raises WireError if the batch has become too long."""
        self._left -= cost
        if self._left < 0:
            raise WireError(f"a batch says more than the limit of {BATCH_BYTES} bytes")


def row_of(change: Change, names: Names) -> Row:
    """A change in numbers, but for how its record is named."""
    found = {write.stamp for write in change.all_writes()}
    found |= {change.grave.stamp} if change.grave else set()
    stamps = sorted(found, reverse=True)
    places = {stamp: place for place, stamp in enumerate(stamps)}
    row = Row(names.tables[change.table], uuid=change.uuid, life=change.life, past=names.seen(change.past))
    row.stamps = [
        RowStamp(names.origins[stamp.dot.origin], stamp.dot.sequence, stamp.time) for stamp in stamps
    ]
    for name, siblings in change.writes.items():
        writes = [
            Said(
                write.value, take_apart(write.value, row.base_s), places[write.stamp], names.seen(write.over)
            )
            for write in siblings
        ]
        row.cells.append(Cell(names.fields[FieldKey(change.table, name)], writes))
    row.cells.sort(key=lambda cell: cell.field)
    if change.grave is not None:
        row.grave, row.grave_seen = places[change.grave.stamp], names.seen(change.grave.seen)
    return row


def change_of(row: Row, key: RecordKey, names: Names) -> Change:
    """The inverse of `row_of`, given the record."""
    origins = names.origins.items
    stamps = [Stamp(time, Dot(origins[author], sequence)) for author, sequence, time in row.stamps]

    def seen(numbers: Mapping[int, int]) -> Seen:
        return {origins[number]: sequence for number, sequence in numbers.items()}

    writes = {
        names.fields.items[cell.field].name: tuple(
            Write(stamps[said.stamp], said.value, seen(said.over)) for said in cell.writes
        )
        for cell in row.cells
    }
    grave = None if row.grave is None else Grave(stamps[row.grave], seen(row.grave_seen))
    return Record(key.table, key.uuid, row.life, writes, grave, seen(row.past))
