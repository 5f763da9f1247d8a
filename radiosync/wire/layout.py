"""One layout of changes for every codec: what is said, in which order, and what it may depend on.

A batch is the names that it adds to the context, then a number of rows, each of which is one change. A row says how it
differs from the row before and from what the memory expects; where nothing is unexpected that takes a few choices, which
are nearly always the same. All is said through a `Coder`, and by the same lines in both directions: they put back what the
coder gives, which when writing is what it was given.

Whoever reads checks everything: only `WireError` and `ContextError` leave this module, whatever was written.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias
from uuid import UUID

from radiosync.errors import ContextError, WireError
from radiosync.limits import BATCH_CHANGES
from radiosync.records.key import KeyFinder, key_texts, uuid_of_key
from radiosync.records.model import Change
from radiosync.wire.batch import RecordRef
from radiosync.wire.coder import Coder
from radiosync.wire.context import Additions, Aliases, Context, RecordKey
from radiosync.wire.layoutcells import CellWalk
from radiosync.wire.layoutnames import Names, say_names
from radiosync.wire.layoutrecord import RecordWalk, choose_refs
from radiosync.wire.layoutrow import Budget, Ref, Row, RowKind, change_of, row_of
from radiosync.wire.layoutstamp import StampWalk, Whose
from radiosync.wire.memory import Memory, Remembered
from radiosync.wire.slot import Slot, mix

Lookup: TypeAlias = Callable[[RecordRef, Collection[int]], Mapping[int, RecordKey]]
"""Finds the records behind aliases of one side, `OURS` or `THEIRS` from the sender's side, as far as they are known."""

_ROW_COST: Final = 32
_LIFE_LIMIT: Final = 1 << 20

_NO_GRAVE, _USUAL_GRAVE, _OTHER_GRAVE = range(3)
"""A usual grave has the newest stamp and had seen what it would be expected to; nothing else is in the row."""

_STAMPS, _LIFE, _OVERS, _SIBLINGS = 1, 2, 4, 8
"""What a row may say beyond the usual, as bits."""


def write_changes(
    coder: Coder,
    changes: Sequence[Change],
    context: Context,
    aliases: Aliases,
    memory: Memory,
    keys: KeyFinder | None = None,
) -> Additions:
    """Say `changes` to a receiver who shares context, aliases and memory; what the context gains by it.

    The memory is not changed. Let it `learn` the changes once the receiver is known to have them. `keys` finds identities
    that need not be said; without it all of them are.
    """
    names = Names(context)
    news = names.missing(changes)
    say_names(coder, names, news)
    rows = [row_of(change, names) for change in changes]
    choose_refs(rows, changes, names, aliases, memory, keys)
    _Walk(coder, names, memory).say_rows(rows)
    new = (
        RecordKey(change.table, change.uuid)
        for change, row in zip(changes, rows, strict=True)
        if _is_new(row)
    )
    return replace(news, records=tuple(new))


def read_changes(
    coder: Coder, context: Context, lookup: Lookup, memory: Memory
) -> tuple[list[Change], Additions]:
    """Read what `write_changes` said.

    Raises:
        WireError: no writer says that.
        ContextError: it mentions something that we do not share.
    """
    names = Names(context)
    news = say_names(coder, names, Additions())
    rows = _Walk(coder, names, memory).say_rows([])
    changes = list(_resolve(rows, names, lookup))
    new = (
        RecordKey(change.table, change.uuid)
        for change, row in zip(changes, rows, strict=True)
        if _is_new(row)
    )
    return changes, replace(news, records=tuple(new))


def _is_new(row: Row) -> bool:
    return row.ref in (Ref.NEW, Ref.KEY)


def _resolve(rows: Sequence[Row], names: Names, lookup: Lookup) -> Iterator[Change]:
    """Changes of rows, once all aliases are known."""
    aliases = {
        ref: lookup(side, {row.number for row in rows if row.ref == ref})
        for ref, side in ((Ref.OURS, RecordRef.OURS), (Ref.THEIRS, RecordRef.THEIRS))
    }
    keys: list[RecordKey] = []
    for row in rows:
        table = names.tables.items[row.table]
        if row.ref == Ref.AGAIN:
            key = keys[-1 - row.number]
        elif row.ref in (Ref.OURS, Ref.THEIRS):
            found = aliases[Ref(row.ref)].get(row.number)
            if found is None:
                raise ContextError(f"a batch mentions the alias {row.number}, which we do not share")
            key = found
        else:
            key = RecordKey(table, row.uuid)
        if key.table != table:
            raise ContextError("a batch takes a record for one of another table")
        change = change_of(row, key, names)
        if row.ref == Ref.KEY:
            change = replace(change, uuid=_uuid_of_key(row, change, names))
        keys.append(RecordKey(table, change.uuid))
        yield change


def _uuid_of_key(row: Row, change: Change, names: Names) -> UUID:
    texts = key_texts(change)
    fields = [names.fields.items[number].name for number in row.key]
    if not all(name in texts for name in fields):
        raise WireError("a batch makes an identity of fields that it does not say")
    return uuid_of_key(change.table, [texts[name] for name in fields])


@dataclass(frozen=True, slots=True)
class _Usual:
    """What the rest of a row is likely to be.

    Attributes:
        life, past: of the change.
        seen: what its grave had seen, if it has one.
    """

    life: int = 0
    past: Mapping[int, int] = field(default_factory=dict)
    seen: Mapping[int, int] = field(default_factory=dict)


class _Walk:
    """Says the rows of one batch."""

    def __init__(self, coder: Coder, names: Names, memory: Memory) -> None:
        budget = Budget()
        self._coder, self._names, self._budget = coder, names, budget
        self._stamps = StampWalk(coder, names, memory, budget)
        self._cells = CellWalk(coder, names, memory, self._stamps, budget)
        self._records = RecordWalk(coder, names, memory)
        self._rows: list[Row] = []
        self._kind = 0

    def say_rows(self, rows: Sequence[Row]) -> list[Row]:
        """Say all rows. A reader passes none and is given them."""
        count = self._coder.number(Slot.COUNT, 0, len(rows))
        if count > BATCH_CHANGES:
            raise WireError(f"a batch has {count} rows, more than the limit of {BATCH_CHANGES}")
        self._stamps.say_unit([stamp.time for row in rows for stamp in row.stamps])
        for place in range(count):
            self._budget.spend(_ROW_COST)
            row = Row() if self._coder.reading else rows[place]
            self._say_row(row)
            self._rows.append(row)
        return self._rows

    def _say_row(self, row: Row) -> None:
        same_time = self._stamps.say_newest(row)
        grave, extras = self._say_record(row, same_time)
        entry = self._records.remembered(row)
        usual = self._usual(row, entry)
        if grave == _USUAL_GRAVE:
            row.grave, row.grave_seen = 0, usual.seen
        else:
            begins = row.ref in (Ref.DEAD, Ref.NEW, Ref.KEY)
            kind = RowKind.GRAVE if grave else RowKind.BEGIN if begins else RowKind.UPDATE
            self._cells.say_cells(row, kind, entry)
        if extras:
            self._say_extras(row, usual)
        elif self._coder.reading:
            row.life, row.past = usual.life, usual.past
        if grave == _OTHER_GRAVE:
            row.grave = self._stamps.say_place(row, row.grave or 0, 0)
            row.grave_seen = self._stamps.say_seen(Whose.GRAVE, row.grave_seen, usual.seen)
        elif not row.cells and not grave:
            raise WireError("a batch has a row that changes nothing")

    # Which record, and what kind of change.

    def _say_record(self, row: Row, same_time: bool) -> tuple[int, int]:
        """Say how the record is named, and what the row has in it: its kind of grave, and whether it has extras."""
        records, before = self._records, self._kind
        route = records.say_ref(row, mix(before, same_time))
        kind = self._coder.choice(Slot.KIND, row.table, self._kind_of(row), 6, row.ref, mix(row.ref, before))
        self._kind = kind
        records.say_name(row, route, len(self._rows))
        return kind % 3, kind // 3

    def _kind_of(self, row: Row) -> int:
        if self._coder.reading:
            return 0
        usual = self._usual(row, self._records.remembered(row))
        grave = _NO_GRAVE
        if row.grave is not None:
            is_usual = row.grave == 0 and row.grave_seen == usual.seen and not row.cells
            grave = _USUAL_GRAVE if is_usual else _OTHER_GRAVE
        return grave + 3 * bool(_extras_of(row, usual))

    # What is usual.

    def _usual(self, row: Row, entry: Remembered | None) -> _Usual:
        seen = self._names.seen
        if row.ref == Ref.AGAIN:
            before = self._rows[-1 - row.number]
            return _Usual(before.life, before.past)
        if entry is None:
            return _Usual()
        others = seen(entry.seen)
        others.pop(row.stamps[0].author, None)
        if row.ref == Ref.DEAD:
            return _Usual(entry.life + 1, seen(entry.next_past), others)
        return _Usual(entry.life, seen(entry.past), others)

    # What is unusual.

    def _say_extras(self, row: Row, usual: _Usual) -> None:
        coder = self._coder
        extras = coder.choice(Slot.EXTRAS, row.table, _extras_of(row, usual), 16, row.ref)
        if extras & _STAMPS:
            self._stamps.say_older(row)
        life, past = (row.life, row.past) if extras & _LIFE else (usual.life, usual.past)
        if extras & _LIFE:
            life = coder.number(Slot.LIFE, 0, life, usual.life)
            past = self._stamps.say_seen(Whose.PAST, past, usual.past)
        if life >= _LIFE_LIMIT:
            raise WireError("a batch has a life out of range")
        row.life, row.past = life, past
        stamp = 0
        over: Mapping[int, int] = {}
        for cell in row.cells:
            first = cell.writes[0]
            stamp = first.stamp = self._stamps.say_place(row, first.stamp, stamp)
            if extras & _OVERS:
                over = first.over = self._stamps.say_seen(Whose.OVER, first.over, over)
            if extras & _SIBLINGS:
                self._cells.say_siblings(row, cell)


def _extras_of(row: Row, usual: _Usual) -> int:
    extras = _STAMPS if len(row.stamps) > 1 else 0
    extras |= _LIFE if (row.life, row.past) != (usual.life, usual.past) else 0
    extras |= _OVERS if any(cell.writes[0].over for cell in row.cells) else 0
    return extras | (_SIBLINGS if any(len(cell.writes) > 1 for cell in row.cells) else 0)
