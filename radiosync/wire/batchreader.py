"""Columns back into changes (protocol, section 7). Everything that a peer can get wrong is checked here.

Reading takes two steps, because aliases are looked up in a store: `read_batch` takes the columns apart and says which
aliases it needs, `RawBatch.resolve` makes the changes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NoReturn, TypeVar
from uuid import UUID

from radiosync.errors import ContextError, WireError
from radiosync.limits import (
    BATCH_BYTES,
    BATCH_CHANGES,
    CONTEXT_NAMES,
    FIELD_NAME_CHARACTERS,
    FIELDS_PER_RECORD,
    TABLE_NAME_CHARACTERS,
)
from radiosync.records.model import STATION_BYTES, Change, Dot, Grave, Origin, Record, Seen, Stamp, Write
from radiosync.wire.batch import DELETES, SECOND, Column, Extra, RecordRef
from radiosync.wire.cborvalue import load_value, loads
from radiosync.wire.context import Additions, Context, FieldKey, RecordKey

T = TypeVar("T")

_ORIGIN_BYTES = STATION_BYTES + 4
_UUID_BYTES = 16
_TIME_LIMIT = 1 << 63
_SEQUENCE_LIMIT = 1 << 48
_LIFE_LIMIT = 1 << 20
_REF_BITS = 3
_OLDER = (Column.OLDER_AUTHORS, Column.OLDER_SEQUENCES, Column.OLDER_TIMES, Column.OLDER_MASKS)


@dataclass(frozen=True, slots=True)
class RawBatch:
    """A batch whose columns have been checked, but whose aliases are still numbers.

    Attributes:
        ours: aliases that its sender gave and that it mentions.
        theirs: aliases that its receiver gave and that it mentions.
    """

    ours: frozenset[int]
    theirs: frozenset[int]
    _columns: Sequence[list[object]]
    _bytes: Mapping[Column, bytes]

    def resolve(
        self, context: Context, ours: Mapping[int, RecordKey], theirs: Mapping[int, RecordKey]
    ) -> tuple[list[Change], Additions]:
        """The changes, and what the context gains.

        Raises:
            ContextError: an alias or number is beyond what we share.
            WireError: the columns contradict each other.
        """
        try:
            return _Reader(self, context, ours, theirs).read()
        except (IndexError, KeyError) as error:
            raise ContextError(f"a batch mentions something that we do not share: {error}") from error


def read_batch(plain: bytes) -> RawBatch:
    """Take a batch apart. Raises WireError for bytes that are not a batch."""
    if len(plain) > BATCH_BYTES:
        raise WireError(f"a batch of {len(plain)} bytes is longer than the limit of {BATCH_BYTES}")
    item = loads(plain)
    if not isinstance(item, list) or len(item) != len(Column):
        raise WireError("a batch is not an array of columns")
    named = {column: item[column] for column in (Column.ORIGINS, Column.NEW_UUIDS, Column.KINDS)}
    strings = {column: value for column, value in named.items() if isinstance(value, bytes)}
    if len(strings) < len(named) or len(strings[Column.KINDS]) > BATCH_CHANGES:
        raise WireError("a batch has a column of the wrong type, or too many rows")
    kinds = [RecordRef(kind & _REF_BITS) for kind in strings[Column.KINDS]]
    older = item[Column.OLDER_ROWS]
    lengths = dict.fromkeys(_OLDER, len(older) if isinstance(older, list) else 0)
    lengths[Column.NEW_TABLES] = kinds.count(RecordRef.NEW)
    columns = [_column(item[column], lengths.get(column, len(kinds))) for column in Column]
    named_by_number = [kind for kind in kinds if kind is not RecordRef.NEW]
    refs = _integers(columns[Column.REFS])
    if len(refs) != len(named_by_number) or len(columns[Column.NEW_TABLES]) != kinds.count(RecordRef.NEW):
        raise WireError("a batch names more or fewer records than it has rows for")
    aliases = {side: set[int]() for side in RecordRef}
    for kind, ref in zip(named_by_number, refs, strict=True):
        aliases[kind].add(ref)
    return RawBatch(
        frozenset(aliases[RecordRef.OURS]), frozenset(aliases[RecordRef.THEIRS]), columns, strings
    )


def _column(item: object, length: int) -> list[object]:
    """A column as a list; one number stands for as many as there are rows."""
    if isinstance(item, list):
        return item
    if isinstance(item, int) and not isinstance(item, bool):
        return [item] * length
    if isinstance(item, bytes):
        return []
    raise WireError("a batch has a column of the wrong type")


def _integers(items: Sequence[object], limit: int = _TIME_LIMIT) -> list[int]:
    """`items`, if all are integers below `limit` in amount."""
    for item in items:
        if not isinstance(item, int) or isinstance(item, bool) or not -limit < item < limit:
            raise WireError("a batch has something else where a number belongs")
    return list(items)  # type: ignore[arg-type]  # checked above


def _table_name(item: object) -> str:
    if not item:
        raise WireError("a batch has a table without a name")
    return _name(item, TABLE_NAME_CHARACTERS)


def _name(item: object, limit: int) -> str:
    if not isinstance(item, str) or len(item) > limit:
        raise WireError("a batch has a bad name")
    return item


@dataclass(slots=True)
class _Row:
    """A change while it is put together. Extras may name the same row a hundred thousand times, so nothing is copied.

    Attributes:
        key: of its record.
        stamp: of the row.
        older: stamps of those fields in the columns that were written before.
        writes: of each field, that from the columns first.
    """

    key: RecordKey
    stamp: Stamp
    grave: Grave | None
    older: dict[int, Stamp] = field(default_factory=dict)
    writes: dict[str, list[Write]] = field(default_factory=dict)
    life: int = 0
    past: Seen = field(default_factory=dict)

    def change(self) -> Change:
        if not self.writes and self.grave is None:
            raise WireError("a batch has a row that changes nothing")
        writes = {
            name: tuple(sorted(found, key=lambda write: write.stamp, reverse=True))
            for name, found in self.writes.items()
        }
        return Record(self.key.table, self.key.uuid, self.life, writes, self.grave, self.past)


class _Reader:
    """One batch against one context."""

    def __init__(
        self, raw: RawBatch, context: Context, ours: Mapping[int, RecordKey], theirs: Mapping[int, RecordKey]
    ) -> None:
        self._columns, self._bytes = raw._columns, raw._bytes
        self._aliases = {RecordRef.OURS: ours, RecordRef.THEIRS: theirs}
        new_origins = tuple(_read_origins(self._bytes[Column.ORIGINS]))
        new_tables = tuple(_table_name(item) for item in self._columns[Column.TABLES])
        self._origins = (*context.origins, *new_origins)
        self._tables = (*context.tables, *new_tables)
        new_fields = tuple(self._read_fields())
        self._fields = (*context.fields, *new_fields)
        self._new_records = tuple(self._read_new_records())
        self._additions = Additions(new_origins, new_tables, new_fields, self._new_records)
        if max(len(self._origins), len(self._tables), len(self._fields)) > CONTEXT_NAMES:
            raise WireError("a partner makes us remember too many names")

    def read(self) -> tuple[list[Change], Additions]:
        keys = list(self._read_keys())
        stamps = self._read_stamps(len(keys))
        rows = [
            _Row(key, stamp, Grave(stamp) if kind & DELETES else None)
            for key, stamp, kind in zip(keys, stamps, self._bytes[Column.KINDS], strict=True)
        ]
        self._read_writes(rows)
        for extra in self._columns[Column.EXTRAS]:
            self._apply_extra(rows, extra)
        return [row.change() for row in rows], self._additions

    def _read_fields(self) -> Iterator[FieldKey]:
        items = self._columns[Column.FIELDS]
        if len(items) % 2:
            raise WireError("a batch has half a field")
        for table, name in zip(_integers(items[::2]), items[1::2], strict=True):
            yield FieldKey(_at(self._tables, table), _name(name, FIELD_NAME_CHARACTERS))

    def _read_new_records(self) -> Iterator[RecordKey]:
        uuids = self._bytes[Column.NEW_UUIDS]
        tables = _integers(self._columns[Column.NEW_TABLES])
        if len(uuids) != len(tables) * _UUID_BYTES:
            raise WireError("a batch has another number of new records than of their tables")
        for place, table in enumerate(tables):
            uuid = UUID(bytes=uuids[place * _UUID_BYTES : (place + 1) * _UUID_BYTES])
            yield RecordKey(_at(self._tables, table), uuid)

    def _read_keys(self) -> Iterator[RecordKey]:
        refs, news = iter(_integers(self._columns[Column.REFS])), iter(self._new_records)
        for kind in self._bytes[Column.KINDS]:
            match RecordRef(kind & _REF_BITS):
                case RecordRef.NEW:
                    yield next(news)
                case RecordRef.AGAIN:
                    yield _at(self._new_records, next(refs))
                case (RecordRef.OURS | RecordRef.THEIRS) as side:
                    yield self._aliases[side][next(refs)]

    def _read_stamps(self, rows: int) -> Iterator[Stamp]:
        authors = _integers(self._columns[Column.AUTHORS])
        steps = _integers(self._columns[Column.SEQUENCES])
        times = [time * self._unit for time in accumulate(_integers(self._columns[Column.TIMES])[1:])]
        if not len(authors) == len(steps) == len(times) == rows:
            raise WireError("a batch has columns of different lengths")
        latest: dict[int, int] = {}
        for author, step, time in zip(authors, steps, times, strict=True):
            latest[author] = latest.get(author, 0) + step
            yield self._stamp(author, latest[author], time)

    @property
    def _unit(self) -> int:
        items = self._columns[Column.TIMES]
        if not items or items[0] not in (0, 1):
            raise WireError("a batch has times without a unit")
        return SECOND if items[0] else 1

    def _read_older(self, rows: Sequence[_Row], masks: Sequence[list[int]], values: int) -> None:
        """Fields of a row that have an older stamp."""
        numbers = list(accumulate(_integers(self._columns[Column.OLDER_ROWS])))
        others = [_integers(self._columns[column]) for column in _OLDER]
        if any(len(column) != len(numbers) for column in others):
            raise WireError("a batch has columns of older stamps of different lengths")
        for number, author, sequence, time, place in zip(numbers, *others, strict=True):
            row, mask = _at(rows, number), _at(masks, place)
            values -= len(mask)
            if values < 0:
                raise WireError("a batch has more older stamps than values")
            newest = row.stamp
            older = self._stamp(author, newest.dot.sequence - sequence, newest.time - time * self._unit)
            row.older.update(dict.fromkeys(mask, older))

    def _masks(self) -> list[list[int]]:
        masks = [
            _integers(mask) if isinstance(mask, list) else _missing() for mask in self._columns[Column.MASKS]
        ]
        if any(len(mask) > FIELDS_PER_RECORD for mask in masks):
            raise WireError("a batch has a record with too many fields")
        return masks

    def _stamp(self, author: int, sequence: int, time: int) -> Stamp:
        if not 0 < sequence < _SEQUENCE_LIMIT or not 0 <= time < _TIME_LIMIT:
            raise WireError("a batch has a sequence or a time out of range")
        return Stamp(time, Dot(_at(self._origins, author), sequence))

    def _read_writes(self, rows: Sequence[_Row]) -> None:
        masks, numbers = self._masks(), _integers(self._columns[Column.MASK_NUMBERS])
        if len(numbers) != len(rows):
            raise WireError("a batch has a bad column of masks")
        lengths = Counter[int]()
        for number, times in Counter(numbers).items():
            for name in _at(masks, number):
                lengths[name] += times
        columns = [
            column if isinstance(column, list) else _missing() for column in self._columns[Column.VALUES]
        ]
        if [len(column) for column in columns] != [lengths[name] for name in sorted(lengths)]:
            raise WireError("a batch has another number of values than of fields")
        self._read_older(rows, masks, lengths.total())
        values = {name: iter(column) for name, column in zip(sorted(lengths), columns, strict=True)}
        for row, number in zip(rows, numbers, strict=True):
            for name in masks[number]:
                write = Write(row.older.get(name, row.stamp), load_value(next(values[name])))
                row.writes[self._field(row.key.table, name)] = [write]

    def _field(self, table: str, number: int) -> str:
        known = _at(self._fields, number)
        if known.table != table:
            raise WireError("a batch has a field of another table")
        return known.name

    def _apply_extra(self, rows: Sequence[_Row], extra: object) -> None:
        match extra:
            case [int(number), int(tag), *rest] if 0 <= number < len(rows):
                self._extend(rows[number], tag, rest)
            case _:
                raise WireError("a batch has an extra that is none")

    def _extend(self, row: _Row, tag: int, rest: list[object]) -> None:
        match tag, rest:
            case Extra.LIFE, [int(life), seen] if 0 < life < _LIFE_LIMIT:
                row.life, row.past = life, self._seen(seen)
            case Extra.OVER, [int(number), seen]:
                writes = row.writes.get(self._field(row.key.table, number)) or _missing()
                writes[0] = replace(writes[0], over=self._seen(seen))
            case Extra.WRITE, [int(number), int(origin), int(sequence), int(ago), value, seen]:
                stamp = self._stamp(origin, sequence, row.stamp.time - ago)
                write = Write(stamp, load_value(value), self._seen(seen))
                row.writes.setdefault(self._field(row.key.table, number), []).append(write)
            case Extra.SEEN, [seen] if row.grave is not None:
                row.grave = Grave(row.stamp, self._seen(seen))
            case Extra.GRAVE, [int(origin), int(sequence), int(ago), seen]:
                row.grave = Grave(self._stamp(origin, sequence, row.stamp.time - ago), self._seen(seen))
            case _:
                raise WireError("a batch has an extra of an unknown kind")

    def _seen(self, items: object) -> Seen:
        if not isinstance(items, list) or len(items) % 2:
            raise WireError("a batch has half a sight")
        numbers = _integers(items, _SEQUENCE_LIMIT)
        return {
            _at(self._origins, origin): sequence
            for origin, sequence in zip(numbers[::2], numbers[1::2], strict=True)
        }


def _read_origins(data: bytes) -> Iterator[Origin]:
    if len(data) % _ORIGIN_BYTES:
        raise WireError("a batch has half an origin")
    for at in range(0, len(data), _ORIGIN_BYTES):
        incarnation = int.from_bytes(data[at + STATION_BYTES : at + _ORIGIN_BYTES], "big")
        yield Origin(data[at : at + STATION_BYTES], incarnation)


def _at(items: Sequence[T], number: int) -> T:
    """Item by number. Python would count a negative one from the end."""
    if number < 0:
        raise IndexError(number)
    return items[number]


def _missing() -> NoReturn:
    raise WireError("a batch lacks something that another part of it needs")
