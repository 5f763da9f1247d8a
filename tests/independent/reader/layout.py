"""The layout of a batch: names, rows, fields (protocol, 7.3 to 7.6; contexts from compact codec, C2)."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.independent.reader import values
from tests.independent.reader.basics import refuse_unless, signed
from tests.independent.reader.changes import (
    Change,
    Grave,
    Origin,
    Record,
    Seen,
    Stamp,
    Value,
    Write,
    join,
    key_record,
)
from tests.independent.reader.columns import ColumnReader
from tests.independent.reader.context import CONTEXT_NAMES, Names
from tests.independent.reader.memory import BEGIN, GRAVE, UPDATE, Memory, Remembered, mix
from tests.independent.reader.mixing import CompactReader
from tests.independent.reader.symbols import Slot
from tests.independent.reader.times import Said

LIVING, DEAD, OURS, THEIRS, NEW, KEY, AGAIN = range(7)
USUAL_GRAVE, OTHER_GRAVE = 1, 2
STAMPS_EXTRA, LIFE_EXTRA, OVERS_EXTRA, SIBLINGS_EXTRA = 1, 2, 4, 8
PAST, OVER, SEEN_OF_GRAVE = 0, 1, 2
VERSIONS = (0, 4, 5, 7)
MILLISECOND = 65536
SIBLING = 3
BATCH_CHANGES, FIELDS_PER_RECORD, WORK = 20000, 1000, 4194304
KEY_FIELDS = 8
TABLE_NAME_CHARACTERS, FIELD_NAME_CHARACTERS = 80, 120

_Item = TypeVar("_Item")
Symbols = ColumnReader | CompactReader


@dataclass(frozen=True)
class Known:
    """What a batch may refer to: the context that it builds on, and the receiver's aliases."""

    names: Names
    ours: Sequence[Record]
    theirs: Sequence[Record] = ()
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True)
class Layout:
    """What a batch says. Of names and records only those that it adds to the context (protocol, 7.1)."""

    changes: list[Change]
    names: Names
    new_names: Names
    new_records: tuple[Record, ...]


@dataclass
class _Row:
    """A row while it is read. Numbers are those of the batch."""

    table: int
    author: int
    stamps: list[Stamp]
    same_time: bool
    ref: int = 0
    kind: int = 0
    row_kind: int = UPDATE
    record: Record = field(default_factory=lambda: Record("", b""))
    remembered: Remembered | None = None
    life: int = 0
    past: Seen = field(default_factory=dict)
    seen: Seen = field(default_factory=dict)
    stamp_place: int = 0
    key: list[int] = field(default_factory=list)


def _crc(hint: values.Hint) -> int:
    return zlib.crc32(hint.text)


def _item(items: Sequence[_Item], number: int) -> _Item:
    refuse_unless(number < len(items), "a number that is not there: the context differs")
    return items[number]


class LayoutReader:
    """Reads one batch, symbol by symbol."""

    def __init__(self, symbols: Symbols, known: Known) -> None:
        self._symbols, self._known, self._memory = symbols, known, known.memory
        self._names = known.names
        self._said = Said(self._memory)
        self._changes: list[Change] = []
        self._new: list[Record] = []
        self._unit, self._residues = MILLISECOND, False
        self._move = self._step = self._other = self._author = self._table = 0
        self._ref = self._way = self._kind = self._work = 0
        self._time = self._memory.time
        self._masks: dict[tuple[int, int], int] = {}
        self._latest: dict[int, values.Hint] = {}
        self._lists: dict[tuple[str, bool], list[Record]] = {}
        self._places: dict[tuple[str, bool], int] = {}
        self._fields: dict[int, list[int]] = {}

    def read(self) -> Layout:
        """The whole batch."""
        symbols = self._symbols
        new = self._new_names() if symbols.choice(Slot.NEWS, 2) else Names()
        rows = symbols.number(Slot.COUNT)
        refuse_unless(rows <= BATCH_CHANGES, "too many rows")
        self._unit = values.SECOND if symbols.choice(Slot.UNIT, 2) else MILLISECOND
        self._residues = bool(symbols.choice(Slot.UNIT, 2, 1))
        for _ in range(rows):
            self._changes.append(self._read_row())
        symbols.finish()
        return Layout(self._changes, self._names, new, tuple(self._new))

    def _spend(self, work: int) -> None:
        """Count work (protocol, 7.9)."""
        self._work += work
        refuse_unless(self._work <= WORK, "too large to be worked on")

    # Names: protocol, 7.3

    def _new_names(self) -> Names:
        symbols, old = self._symbols, self._names
        counts = [symbols.number(Slot.NEW_COUNT, place) for place in range(3)]
        refuse_unless(max(counts) <= CONTEXT_NAMES, "too many new names")
        origins = tuple(self._new_origin() for _ in range(counts[0]))
        tables = tuple(self._new_name(0, TABLE_NAME_CHARACTERS) for _ in range(counts[1]))
        refuse_unless(all(tables), "table without a name")
        fields = []
        for _ in range(counts[2]):
            table = _item(old.tables + tables, symbols.number(Slot.NEW_TABLE))
            fields.append((table, self._new_name(1, FIELD_NAME_CHARACTERS)))
        new = Names(origins, tables, tuple(fields))
        refuse_unless(old.missing(new) == new, "name with a number")
        self._names = old.grown(new)
        return new

    def _new_origin(self) -> Origin:
        raw = self._symbols.raw(12)
        return Origin(raw[:8], int.from_bytes(raw[8:], "big"))

    def _new_name(self, place: int, characters: int) -> str:
        name = self._symbols.text(Slot.NEW_NAME, 4 * characters, place)
        refuse_unless(len(name) <= characters, "name too long")
        return name

    # Rows: protocol, 7.4

    def _read_row(self) -> Change:
        row = self._newest()
        self._read_record(row)
        self._spend(32)
        fields = self._read_mask(row) if row.kind % 3 != USUAL_GRAVE else []
        heads = [self._head(number, row.row_kind, self._old(row, number)) for number in fields]
        contents, left = [], values.Hint()
        for number, head in zip(fields, heads, strict=True):
            latest = self._latest_of(number)
            said = self._content(number, head, self._old(row, number), latest, left)
            contents.append(values.compose(said, row.stamps[0].time))
            left = self._latest[number] = values.hint_at(said, contents[-1])
        if row.key:
            row.record = self._record_of_key(row, dict(zip(fields, contents, strict=True)))
        extras = self._symbols.choice(Slot.EXTRAS, 16, row.table, (row.ref,)) if row.kind >= 3 else 0
        self._read_extras(row, extras)
        writes = self._read_writes(row, fields, contents, extras)
        grave = self._read_grave(row)
        refuse_unless(bool(writes) or grave is not None, "row that changes nothing")
        self._ref, self._kind = row.ref, row.kind
        return Change(row.record, row.life, row.past, writes, grave)

    def _newest(self) -> _Row:
        symbols, before = self._symbols, self._time
        step = symbols.choice(Slot.STEP, 9, 0, (self._move, self._step))
        way, move = step % 3, step // 3
        other = symbols.choice(Slot.OTHER, 4, 0, (way, self._other))
        units = before // self._unit
        if way:
            self._move = symbols.number(Slot.TIME, way, (self._move,)) + 1
            units += self._move if way == 1 else -self._move
        residue = self._residue(0)
        if other & 1:
            self._author = symbols.number(Slot.AUTHOR, 0, (self._author,))
        if other & 2:
            self._table = symbols.number(Slot.TABLE, 0, (self._table,))
        author = _item(self._names.origins, self._author)
        _item(self._names.tables, self._table)
        sequence = self._said.last_sequence(author) + 1
        if move:
            amount = symbols.number(Slot.SEQUENCE, move, (self._author,)) + 1
            sequence += amount if move == 1 else -amount
        stamp = self._stamp(units * self._unit + residue, author, sequence)
        self._said.newest(stamp)
        self._step, self._other, self._time = step, other, stamp.time
        return _Row(self._table, self._author, [stamp], way == 0)

    def _residue(self, place: int) -> int:
        residue = self._symbols.number(Slot.RESIDUE, place) if self._residues else 0
        refuse_unless(residue < self._unit, "residue of more than a unit")
        return residue

    def _stamp(self, time: int, author: Origin, sequence: int) -> Stamp:
        refuse_unless(0 <= time < 1 << 63 and 0 < sequence < 1 << 48, "stamp out of range")
        return Stamp(time, author, sequence)

    def _read_extras(self, row: _Row, extras: int) -> None:
        if extras & STAMPS_EXTRA:
            author = row.author
            count = self._symbols.number(Slot.STAMPS)
            for _ in range(count):
                self._spend(16)
                author = self._older(row, author)
        if extras & LIFE_EXTRA:
            row.life = self._symbols.number(Slot.LIFE, 0, (row.life,))
            row.past = self._read_seen(PAST, row.past)
        refuse_unless(row.life < 1 << 20, "life out of range")

    def _older(self, row: _Row, author_before: int) -> int:
        """A further stamp; the number of its author."""
        symbols, before = self._symbols, row.stamps[-1]
        number = symbols.number(Slot.AUTHOR, 1, (author_before,))
        author = _item(self._names.origins, number)
        same = author == before.origin
        base = before.sequence if same else self._said.last_sequence(author)
        sequence = base - signed(symbols.number(Slot.SEQUENCE, 3, (int(same),)))
        below, above = self._said.around(author, sequence, before)
        doubt = (abs(above - below) // self._unit).bit_length()
        units = below // self._unit + signed(symbols.number(Slot.TIME, 3, (doubt,)))
        stamp = self._stamp(units * self._unit + self._residue(1), author, sequence)
        refuse_unless(stamp < before, "stamps out of order")
        row.stamps.append(stamp)
        self._said.add(stamp)
        return number

    def _read_place(self, row: _Row, before: int = 0) -> int:
        count, contexts = len(row.stamps), (before,)
        if count > 16:
            return self._symbols.number(Slot.STAMP, 0, contexts)
        return self._symbols.choice(Slot.STAMP, count, count, contexts) if count > 1 else 0

    def _read_seen(self, whose: int, expected: Seen) -> Seen:
        symbols = self._symbols
        if symbols.choice(Slot.SEEN, 2, whose):
            return expected
        seen: dict[Origin, int] = {}
        before = -1
        for _ in range(symbols.number(Slot.SEEN_COUNT, whose, (len(expected),))):
            self._spend(16)
            number = symbols.number(Slot.SEEN_ORIGIN, whose)
            origin = _item(self._names.origins, number)
            refuse_unless(number > before, "entries out of order")
            before = number
            likely = expected.get(origin, self._memory.sequences.get(origin, 0))
            seen[origin] = likely + signed(symbols.number(Slot.SEEN_SEQUENCE, whose))
            refuse_unless(0 <= seen[origin] < 1 << 48, "sequence out of range")
        return seen

    # Records and kinds: protocol, 7.5

    def _read_record(self, row: _Row) -> None:
        symbols, hint = self._symbols, mix(self._kind, int(row.same_time))
        row.ref = symbols.choice(Slot.REF, 7, row.table, (hint, mix(self._ref, hint)))
        if row.ref in (LIVING, DEAD):
            contexts = (self._way, mix(self._way, self._ref, hint))
            self._way = symbols.choice(Slot.WAY, 3, row.ref, contexts)
        row.kind = symbols.choice(Slot.KIND, 6, row.table, (row.ref, mix(row.ref, self._kind)))
        row.row_kind = GRAVE if row.kind % 3 else BEGIN if row.ref in (DEAD, NEW, KEY) else UPDATE
        table = self._names.tables[row.table]
        if row.ref in (LIVING, DEAD):
            row.record = self._at_place(table, row.ref)
            self._take_usual(row)
        elif row.ref in (OURS, THEIRS):
            aliases = self._known.ours if row.ref == OURS else self._known.theirs
            row.record = _item(aliases, symbols.number(Slot.ALIAS, row.ref, (row.table,)))
        elif row.ref == NEW:
            row.record = Record(table, self._read_uuid(row.table))
            self._new.append(row.record)
        elif row.ref == AGAIN:
            other = _item(self._changes[::-1], symbols.number(Slot.AGAIN))
            row.record, row.life, row.past = other.record, other.life, other.past
        else:
            row.record, row.key = Record(table, b""), self._read_key(row.table)
        refuse_unless(row.record.table == table, "a record of another table: the context differs")

    def _at_place(self, table: str, ref: int) -> Record:
        key = (table, ref == LIVING)
        records = self._lists.setdefault(key, self._memory.list(*key))
        place = self._places.get(key, 0)
        if self._way:
            largest = len(records) - place if self._way == 1 else place
            amount = self._symbols.number(Slot.PLACE, 2 * ref + self._way, (largest.bit_length(),)) + 1
            place += amount if self._way == 1 else -amount
        refuse_unless(0 <= place < len(records), "a place that is not there: the context differs")
        self._places[key] = place
        return records.pop(place)

    def _take_usual(self, row: _Row) -> None:
        known = row.remembered = self._memory.records[row.record]
        row.life, row.past = known.life, known.past
        if row.ref == DEAD:
            row.life, row.past = known.life + 1, join(known.past, known.seen)
        names = set(self._names.origins)
        row.past = {origin: n for origin, n in row.past.items() if origin in names}
        names.discard(row.stamps[0].origin)
        row.seen = {origin: n for origin, n in known.seen.items() if origin in names}

    def _read_uuid(self, table: int) -> bytes:
        symbols = self._symbols
        version = VERSIONS[symbols.choice(Slot.UUID_VERSION, 4, table)]
        if version == 0:
            return symbols.raw(16)
        variant = 8 + symbols.choice(Slot.UUID_VARIANT, 4)
        bits = int.from_bytes(symbols.raw(15), "big")
        high, middle, low = bits >> 72, bits >> 60 & 0xFFF, bits & (1 << 60) - 1
        return (high << 80 | version << 76 | middle << 64 | variant << 60 | low).to_bytes(16, "big")

    def _read_key(self, table: int) -> list[int]:
        """Numbers of the fields that make an identity."""
        count = self._symbols.number(Slot.KEY, 0, (table,))
        refuse_unless(0 < count <= KEY_FIELDS, "no such number of fields in a key")
        return [self._symbols.number(Slot.KEY, 1, (table,)) for _ in range(count)]

    def _record_of_key(self, row: _Row, contents: dict[int, Value | None]) -> Record:
        refuse_unless(all(contents.get(number) is not None for number in row.key), "key without a value")
        record = key_record(row.record.table, [contents[number] for number in row.key])
        self._new.append(record)
        return record

    # Fields and values: protocol, 7.6

    def _fields_of(self, table: int) -> list[int]:
        if table not in self._fields:
            self._fields[table] = self._names.fields_of(self._names.tables[table])
        return self._fields[table]

    def _mask_of(self, table: int, names: frozenset[str]) -> int:
        fields = enumerate(self._fields_of(table))
        return sum(1 << place for place, number in fields if self._names.fields[number][1] in names)

    def _read_mask(self, row: _Row) -> list[int]:
        fields, kind, key = self._fields_of(row.table), row.row_kind, (row.table, row.row_kind)
        remembered = self._memory.masks.get((self._names.tables[row.table], kind), frozenset())
        last = self._masks[key] if key in self._masks else self._mask_of(row.table, remembered)
        own = self._mask_of(row.table, row.remembered.mask) if row.remembered else 0
        mask = 0
        self._spend(-(-len(fields) // 4))
        for place in range(0, len(fields), 4):
            contexts = (mix(kind, mask), mix(kind, last), mix(kind, own))
            count = 1 << len(fields[place : place + 4])
            mask |= self._symbols.choice(Slot.MASK, count, fields[place], contexts) << place
        refuse_unless(mask.bit_count() <= FIELDS_PER_RECORD, "too many fields")
        self._masks[key] = mask
        return [number for place, number in enumerate(fields) if mask >> place & 1]

    def _old(self, row: _Row, number: int) -> values.Hint:
        name = self._names.fields[number][1]
        return row.remembered.hints.get(name, values.Hint()) if row.remembered else values.Hint()

    def _latest_of(self, number: int) -> values.Hint:
        remembered = self._memory.latest.get(self._names.fields[number], values.Hint())
        return self._latest.get(number, remembered)

    def _head(self, number: int, kind: int, old: values.Hint) -> values.Spelled:
        """What takes a choice of a value."""
        self._spend(16)
        symbols = self._symbols
        value = symbols.choice(Slot.CLASS, 11, number, (kind, old.shape))
        form = symbols.choice(Slot.FORM, 8, number, (old.shape,)) if value in values.TIMES else 0
        with_scale = values.Spelled(value, form).with_scale()
        scale = symbols.choice(Slot.SCALE, 16, number, (old.shape,)) if with_scale else 0
        return values.Spelled(value, form, scale + (value in values.DECIMALS))

    def _content(
        self, number: int, head: values.Spelled, old: values.Hint, latest: values.Hint, left: values.Hint
    ) -> values.Spelled:
        symbols, kind, form, scale = self._symbols, head.kind, head.form, head.scale
        if kind in (values.TEXT, values.LITERAL):
            limit = values.TEXT_BYTES if kind == values.TEXT else values.NUMBER_CHARACTERS
            text = symbols.text(Slot.TEXT, limit, number, (_crc(left),), old.text)
            self._spend(len(text.encode()))
            return values.Spelled(kind, text=text)
        if kind in values.NUMBERS:
            contexts = (_crc(left), _crc(latest), mix(kind, scale), _crc(old))
            return values.Spelled(kind, 0, scale, symbols.number(Slot.NUMBER, number, contexts))
        if kind in values.TIMES:
            amount = symbols.number(Slot.NUMBER, number, (_crc(latest), _crc(old), form))
            zone = symbols.number(Slot.ZONE, number) if form in values.ZONED else 64
            fraction = symbols.number(Slot.FRACTION, number, (scale,)) if scale else 0
            return values.Spelled(kind, form, scale, amount, zone, fraction)
        return head

    def _read_writes(
        self, row: _Row, fields: list[int], contents: list[Value | None], extras: int
    ) -> dict[str, tuple[Write, ...]]:
        writes, over = {}, {}  # type: dict[str, tuple[Write, ...]], Seen
        for number, value in zip(fields, contents, strict=True):
            row.stamp_place = self._read_place(row, row.stamp_place) if extras else 0
            stamp = _item(row.stamps, row.stamp_place)
            if extras & OVERS_EXTRA:
                over = self._read_seen(OVER, over)
            siblings = self._read_siblings(row, number) if extras & SIBLINGS_EXTRA else []
            writes[self._names.fields[number][1]] = (Write(stamp, value, over), *siblings)
        return writes

    def _read_siblings(self, row: _Row, number: int) -> list[Write]:
        siblings = []
        for _ in range(self._symbols.number(Slot.SIBLINGS)):
            stamp = _item(row.stamps, self._read_place(row))
            head = self._head(number, SIBLING, values.Hint())
            said = self._content(number, head, values.Hint(), values.Hint(), values.Hint())
            value = values.compose(said, row.stamps[0].time)
            siblings.append(Write(stamp, value, self._read_seen(OVER, {})))
        return siblings

    def _read_grave(self, row: _Row) -> Grave | None:
        if row.kind % 3 == OTHER_GRAVE:
            stamp = _item(row.stamps, self._read_place(row))
            return Grave(stamp, self._read_seen(SEEN_OF_GRAVE, row.seen))
        return Grave(row.stamps[0], row.seen) if row.kind % 3 == USUAL_GRAVE else None
