"""How the record of a row is named: by how recently it was mentioned, by alias, or by its identity."""

from collections.abc import Sequence
from itertools import repeat
from typing import Final, NamedTuple
from uuid import UUID

from radiosync.errors import ContextError, WireError
from radiosync.limits import KEY_FIELDS
from radiosync.records.key import KeyFinder
from radiosync.records.model import Change
from radiosync.wire.coder import Coder
from radiosync.wire.context import Aliases, FieldKey, RecordKey
from radiosync.wire.layoutnames import Names
from radiosync.wire.layoutrow import Ref, Row
from radiosync.wire.layoutstamp import direction
from radiosync.wire.memory import Memory, Remembered
from radiosync.wire.slot import Slot, mix

_VERSIONS: Final = (0, 4, 5, 7)
"""Versions of UUIDs whose fixed bits are not said; 0 stands for all others."""


class Route(NamedTuple):
    """The way to a record in the list of those that were mentioned.

    Attributes:
        way: 0 if it is the one behind the record that was named before, 1 if it is further down, 2 if further up.
        step: how far, for a writer.
    """

    way: int = 0
    step: int = 0


def choose_refs(
    rows: Sequence[Row],
    changes: Sequence[Change],
    names: Names,
    aliases: Aliases,
    memory: Memory,
    keys: KeyFinder | None,
) -> None:
    """Choose for each row the shortest way to name its record."""
    said: dict[RecordKey, int] = {}
    for place, (row, change) in enumerate(zip(rows, changes, strict=True)):
        key = RecordKey(change.table, change.uuid)
        alive = memory.is_alive(key)
        if key in said:
            row.ref, row.number = Ref.AGAIN, place - said[key] - 1
        elif alive is not None:
            row.ref = Ref.LIVING if alive else Ref.DEAD
        elif key in aliases.ours:
            row.ref, row.number = Ref.OURS, aliases.ours[key]
        elif key in aliases.theirs:
            row.ref, row.number = Ref.THEIRS, aliases.theirs[key]
        else:
            found = None if keys is None else keys.key_of(change)
            row.ref = Ref.KEY if found else Ref.NEW
            row.key = [names.fields[FieldKey(change.table, name)] for name in found or ()]
        said[key] = place


class RecordWalk:
    """Names the records of one batch."""

    def __init__(self, coder: Coder, names: Names, memory: Memory) -> None:
        self._coder, self._names, self._memory = coder, names, memory
        self._recent = memory.recent()
        self._places: dict[tuple[str, bool], int] = {}
        self._entries: dict[RecordKey, Remembered | None] = {}
        self._ref = self._way = 0

    def remembered(self, row: Row) -> Remembered | None:
        """What the memory has of the record of a row that is named by its place."""
        if row.ref not in (Ref.LIVING, Ref.DEAD):
            return None
        key = RecordKey(self._names.tables.items[row.table], row.uuid)
        if key not in self._entries:
            self._entries[key] = self._memory.record(key)
        return self._entries[key]

    def say_ref(self, row: Row, hint: int) -> Route:
        """Say all of a record's name that takes a choice. `hint` stands for what was said before."""
        coder = self._coder
        row.ref = coder.choice(Slot.REF, row.table, row.ref, len(Ref), hint, mix(self._ref, hint))
        if row.ref not in (Ref.LIVING, Ref.DEAD):
            self._ref = row.ref
            return Route()
        step = 0 if coder.reading else self._step_to(row)
        way = coder.choice(Slot.WAY, row.ref, direction(step), 3, self._way, mix(self._way, self._ref, hint))
        self._ref, self._way = row.ref, way
        return Route(way, step)

    def say_name(self, row: Row, route: Route, rows: int) -> None:
        """Say the rest of it, in a batch that has had so many rows before."""
        coder = self._coder
        match row.ref:
            case Ref.LIVING | Ref.DEAD:
                self._say_place(row, route)
            case Ref.OURS | Ref.THEIRS:
                row.number = coder.number(Slot.ALIAS, row.ref, row.number, row.table)
            case Ref.NEW:
                row.uuid = _say_uuid(coder, row.table, row.uuid)
            case Ref.KEY:
                self._say_key(row)
            case Ref.AGAIN:
                row.number = coder.number(Slot.AGAIN, 0, row.number)
                if row.number >= rows:
                    raise WireError("a batch names the record of a row before its first")
            case _:
                pass

    def _say_key(self, row: Row) -> None:
        coder, numbers = self._coder, row.key
        count = coder.number(Slot.KEY, 0, len(numbers), row.table)
        if not 0 < count <= KEY_FIELDS:
            raise WireError(f"a batch makes an identity of {count} fields")
        row.key = [coder.number(Slot.KEY, 1, number, row.table) for number in (numbers or repeat(0, count))]
        if not set(row.key) <= set(self._names.fields_of(row.table)):
            raise ContextError("a batch makes an identity of fields that we do not share")

    # Places. Those who were mentioned last come first, and who was said in this batch leaves the list.

    def _list(self, row: Row) -> tuple[tuple[str, bool], list[int]]:
        key = (self._names.tables.items[row.table], row.ref == Ref.LIVING)
        return key, self._recent.get(key, [])

    def _step_to(self, row: Row) -> int:
        """How far the record is behind the one that was named before it in the same list."""
        key, numbers = self._list(row)
        return numbers.index(row.uuid.int) - self._places.get(key, 0)

    def _say_place(self, row: Row, route: Route) -> None:
        key, numbers = self._list(row)
        place = self._places.get(key, 0)
        way, step = route
        if way:
            likely = (len(numbers) - place if way == 1 else place).bit_length()
            step = 1 + self._coder.number(Slot.PLACE, 2 * row.ref + way, abs(step) - 1 if step else 0, likely)
            place += step if way == 1 else -step
        if not 0 <= place < len(numbers):
            raise ContextError("a batch names a record by a place that our memory does not have")
        self._places[key] = place
        row.uuid = UUID(int=numbers.pop(place))


def _say_uuid(coder: Coder, table: int, uuid: UUID) -> UUID:
    """Say an identity. Of the usual versions the six bits that are fixed are left out."""
    number = uuid.int
    version = number >> 76 & 15 if number >> 62 & 3 == 2 else 0
    place = coder.choice(Slot.UUID_VERSION, table, _VERSIONS.index(version if version in _VERSIONS else 0), 4)
    version = _VERSIONS[place]
    if not version:
        return UUID(bytes=coder.raw(Slot.UUID, 0, uuid.bytes, 16))
    two = coder.choice(Slot.UUID_VARIANT, 0, number >> 60 & 3, 4)
    rest = (number >> 80) << 72 | (number >> 64 & 0xFFF) << 60 | number & (1 << 60) - 1
    rest = int.from_bytes(coder.raw(Slot.UUID, 1, rest.to_bytes(15, "big"), 15), "big")
    high = (rest >> 72) << 16 | version << 12 | rest >> 60 & 0xFFF
    return UUID(int=high << 64 | 2 << 62 | two << 60 | rest & (1 << 60) - 1)
