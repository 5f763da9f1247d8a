"""How the fields of a row are said: which, then what is in each."""

from collections.abc import Iterable, Mapping
from typing import Final

from radiosync.errors import WireError
from radiosync.limits import FIELDS_PER_RECORD
from radiosync.wire.coder import Coder
from radiosync.wire.context import FieldKey
from radiosync.wire.layoutnames import Names
from radiosync.wire.layoutrow import Budget, Cell, Row, RowKind, Said
from radiosync.wire.layoutstamp import StampWalk, Whose
from radiosync.wire.layoutvalue import NO_HINT, Hint, hint_of, say_content, say_shape
from radiosync.wire.memory import Memory, Remembered
from radiosync.wire.parts import put_together
from radiosync.wire.slot import Slot, mix

_CELL_COST: Final = 16
"""What a write takes from the budget beside its text."""

_OTHER_WRITE: Final = len(RowKind)
"""Kind of row for a further write of a field."""

_GROUP: Final = 4
"""Fields of a mask that are said in one choice."""


class CellWalk:
    """Says the cells of one batch."""

    def __init__(self, coder: Coder, names: Names, memory: Memory, stamps: StampWalk, budget: Budget) -> None:
        self._coder, self._names, self._memory = coder, names, memory
        self._stamps, self._budget = stamps, budget
        self._masks: dict[tuple[int, RowKind], int] = {}
        self._latest: dict[int, Hint] = {}

    def say_cells(self, row: Row, kind: RowKind, entry: Remembered | None) -> None:
        """Say the fields of a row, and the write that counts of each."""
        fields = self._names.fields_of(row.table)
        self._say_mask(row, fields, kind, entry)
        hints: Mapping[str, Hint] = entry.hints if entry else {}
        keys = [self._names.fields.items[cell.field] for cell in row.cells]
        olds = [hints.get(key.name, NO_HINT) for key in keys]
        for cell, old in zip(row.cells, olds, strict=True):
            say_shape(self._coder, cell.field, cell.writes[0].parts, old, kind)
        left = NO_HINT
        for cell, key, old in zip(row.cells, keys, olds, strict=True):
            latest = self._latest.get(cell.field) or self._memory.latest(key)
            left = self._latest[cell.field] = self._say_value(row, cell, cell.writes[0], (old, latest, left))

    def say_siblings(self, row: Row, cell: Cell) -> None:
        """Say the further writes of a field."""
        count = self._coder.number(Slot.SIBLINGS, 0, len(cell.writes) - 1)
        self._budget.spend(_CELL_COST * count)
        cell.writes += [Said() for _ in range(1 + count - len(cell.writes))]
        for said in cell.writes[1:]:
            said.stamp = self._stamps.say_place(row, said.stamp, 0)
            say_shape(self._coder, cell.field, said.parts, NO_HINT, _OTHER_WRITE)
            self._say_value(row, cell, said, (NO_HINT, NO_HINT, NO_HINT))
            said.over = self._stamps.say_seen(Whose.OVER, said.over, {})

    def _say_mask(self, row: Row, fields: list[int], kind: RowKind, entry: Remembered | None) -> None:
        table = self._names.tables.items[row.table]
        last = self._masks.get((row.table, kind))
        if last is None:
            last = self._bits(fields, self._numbers(table, self._memory.mask(table, kind)))
        own = self._bits(fields, self._numbers(table, entry.mask)) if entry else 0
        mask, said = self._bits(fields, (cell.field for cell in row.cells)), 0
        of_table, of_record = mix(kind, last), mix(kind, own)
        for start in range(0, len(fields), _GROUP):
            count = 1 << min(_GROUP, len(fields) - start)
            part = mask >> start & count - 1
            part = self._coder.choice(
                Slot.MASK, fields[start], part, count, mix(kind, said), of_table, of_record
            )
            said |= part << start
        if said.bit_count() > FIELDS_PER_RECORD:
            raise WireError("a batch has a record with too many fields")
        self._budget.spend(_CELL_COST * said.bit_count() + len(fields) // _GROUP)
        self._masks[row.table, kind] = said
        if self._coder.reading:
            row.cells = [Cell(field, [Said()]) for place, field in enumerate(fields) if said >> place & 1]

    def _numbers(self, table: str, names: Iterable[str]) -> set[int]:
        known = self._names.fields
        return {known[key] for name in names if (key := FieldKey(table, name)) in known}

    @staticmethod
    def _bits(fields: list[int], chosen: Iterable[int]) -> int:
        wanted = set(chosen)
        return sum(1 << place for place, field in enumerate(fields) if field in wanted)

    def _say_value(self, row: Row, cell: Cell, said: Said, hints: tuple[Hint, Hint, Hint]) -> Hint:
        """Say the content of a write; what it is as a hint."""
        say_content(self._coder, cell.field, said.parts, *hints)
        self._budget.spend(len(said.parts.text))
        said.value = put_together(said.parts, row.base_s)
        return hint_of(said.value, said.parts)
