"""Columns back into changes (protocol, section 7). Everything that a peer can get wrong is checked here.

Reading takes two steps, because aliases are looked up in a store: `read_batch` takes the columns apart and says which
aliases it needs, `RawBatch.resolve` makes the changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
        except (IndexError, KeyError, StopIteration) as error:
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
    rows = len(strings[Column.KINDS])
    news = len(strings[Column.NEW_UUIDS]) // _UUID_BYTES
    columns = [_column(item[column], news if column is Column.NEW_TABLES else rows) for column in Column]
    refs = dict[int, list[int]]()
    remaining = iter(_integers(columns[Column.REFS]))
    for kind in strings[Column.KINDS]:
        if kind & _REF_BITS != RecordRef.NEW:
            refs.setdefault(kind & _REF_BITS, []).append(next(remaining, -1))
    return RawBatch(
        frozenset(refs.get(RecordRef.OURS, ())), frozenset(refs.get(RecordRef.THEIRS, ())), columns, strings
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


def _name(item: object, limit: int) -> str:
    if not isinstance(item, str) or len(item) > limit:
        raise WireError("a batch has a bad name")
    return item


class _Reader:
    """One batch against one context."""

    def __init__(
        self, raw: RawBatch, context: Context, ours: Mapping[int, RecordKey], theirs: Mapping[int, RecordKey]
    ) -> None:
        self._columns, self._bytes = raw._columns, raw._bytes
        self._aliases = {RecordRef.OURS: ours, RecordRef.THEIRS: theirs}
        new_origins = tuple(_read_origins(self._bytes[Column.ORIGINS]))
        new_tables = tuple(_name(item, TABLE_NAME_CHARACTERS) for item in self._columns[Column.TABLES])
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
        stamps = list(self._read_stamps(len(keys)))
        kinds = self._bytes[Column.KINDS]
        changes = [
            Record(key.table, key.uuid, 0, {}, Grave(stamp) if kind & DELETES else None)
            for key, stamp, kind in zip(keys, stamps, kinds, strict=True)
        ]
        writes = list(self._read_writes(keys, stamps))
        changes = [replace(change, writes=found) for change, found in zip(changes, writes, strict=True)]
        for extra in self._columns[Column.EXTRAS]:
            self._apply_extra(changes, stamps, extra)
        if any(not change.writes and change.grave is None for change in changes):
            raise WireError("a batch has a row that changes nothing")
        return changes, self._additions

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
                    yield next(news, None) or _missing()
                case RecordRef.AGAIN:
                    yield _at(self._new_records, next(refs, -1))
                case (RecordRef.OURS | RecordRef.THEIRS) as side:
                    yield self._aliases[side][next(refs, -1)]

    def _read_stamps(self, rows: int) -> Iterator[Stamp]:
        authors = _integers(self._columns[Column.AUTHORS])
        steps = _integers(self._columns[Column.SEQUENCES])
        times = _read_times(_integers(self._columns[Column.TIMES]))
        if not len(authors) == len(steps) == len(times) == rows:
            raise WireError("a batch has columns of different lengths")
        latest: dict[int, int] = {}
        for author, step, time in zip(authors, steps, times, strict=True):
            latest[author] = latest.get(author, 0) + step
            yield self._stamp(author, latest[author], time)

    def _stamp(self, author: int, sequence: int, time: int) -> Stamp:
        if not 0 < sequence < _SEQUENCE_LIMIT or not 0 <= time < _TIME_LIMIT:
            raise WireError("a batch has a sequence or a time out of range")
        return Stamp(time, Dot(_at(self._origins, author), sequence))

    def _read_writes(
        self, keys: Sequence[RecordKey], stamps: Sequence[Stamp]
    ) -> Iterator[dict[str, tuple[Write, ...]]]:
        masks = [
            _integers(mask) if isinstance(mask, list) else _missing() for mask in self._columns[Column.MASKS]
        ]
        numbers = _integers(self._columns[Column.MASK_NUMBERS])
        if len(numbers) != len(keys) or any(len(mask) > FIELDS_PER_RECORD for mask in masks):
            raise WireError("a batch has a bad column of masks")
        chosen = [_at(masks, number) for number in numbers]
        used = sorted({number for mask in chosen for number in mask})
        if len(used) != len(self._columns[Column.VALUES]):
            raise WireError("a batch has another number of value columns than of fields")
        values = {
            number: iter(column if isinstance(column, list) else _missing())
            for number, column in zip(used, self._columns[Column.VALUES], strict=True)
        }
        for key, stamp, mask in zip(keys, stamps, chosen, strict=True):
            yield {
                self._field(key.table, number): (Write(stamp, load_value(next(values[number]))),)
                for number in mask
            }

    def _field(self, table: str, number: int) -> str:
        field = _at(self._fields, number)
        if field.table != table:
            raise WireError("a batch has a field of another table")
        return field.name

    def _apply_extra(self, changes: list[Change], stamps: Sequence[Stamp], extra: object) -> None:
        match extra:
            case [int(row), int(tag), *rest] if 0 <= row < len(changes):
                changes[row] = self._extended(changes[row], stamps[row], tag, rest)
            case _:
                raise WireError("a batch has an extra that is none")

    def _extended(self, change: Change, stamp: Stamp, tag: int, rest: list[object]) -> Change:
        match tag, rest:
            case Extra.LIFE, [int(life), seen] if 0 < life < _LIFE_LIMIT:
                return replace(change, life=life, past=self._seen(seen))
            case Extra.OVER, [int(number), seen]:
                name = self._field(change.table, number)
                first, *others = change.writes.get(name) or _missing()
                return _with_writes(change, name, (replace(first, over=self._seen(seen)), *others))
            case Extra.WRITE, [int(number), int(origin), int(sequence), int(ago), value, seen]:
                name = self._field(change.table, number)
                write = Write(
                    self._stamp(origin, sequence, stamp.time - ago), load_value(value), self._seen(seen)
                )
                return _with_writes(change, name, (*change.writes.get(name, ()), write))
            case Extra.SEEN, [seen] if change.grave is not None:
                return replace(change, grave=Grave(stamp, self._seen(seen)))
            case Extra.GRAVE, [int(origin), int(sequence), int(ago), seen]:
                grave = Grave(self._stamp(origin, sequence, stamp.time - ago), self._seen(seen))
                return replace(change, grave=grave)
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


def _with_writes(change: Change, name: str, writes: tuple[Write, ...]) -> Change:
    ordered = tuple(sorted(writes, key=lambda write: write.stamp, reverse=True))
    return replace(change, writes={**change.writes, name: ordered})


def _read_origins(data: bytes) -> Iterator[Origin]:
    if len(data) % _ORIGIN_BYTES:
        raise WireError("a batch has half an origin")
    for at in range(0, len(data), _ORIGIN_BYTES):
        incarnation = int.from_bytes(data[at + STATION_BYTES : at + _ORIGIN_BYTES], "big")
        yield Origin(data[at : at + STATION_BYTES], incarnation)


def _read_times(items: list[int]) -> list[int]:
    if not items or items[0] not in (0, 1):
        raise WireError("a batch has times without a unit")
    unit = SECOND if items[0] else 1
    return [time * unit for time in accumulate(items[1:])]


def _at(items: Sequence[T], number: int) -> T:
    """Item by number. Python would count a negative one from the end."""
    if number < 0:
        raise IndexError(number)
    return items[number]


def _missing() -> NoReturn:
    raise WireError("a batch lacks something that another part of it needs")
