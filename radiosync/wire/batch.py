"""Changes laid out in columns, as CBOR (protocol, section 7).

One batch is a CBOR array of columns. Values that are alike stand side by side, so that the compressor behind finds them;
records are named by alias, fields by number, times and sequences by their differences. What the context does not know yet
is spelled out once and belongs to the context from then on.

`encode_batch` is given a context and the aliases of the records in question. The way back is `wire.batchreader`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

from radiosync.records.clock import from_milliseconds
from radiosync.records.model import Change, Origin, Seen, Stamp, Write
from radiosync.wire.cborvalue import Plain, dump_value, dumps
from radiosync.wire.context import Additions, Aliases, Context, FieldKey, RecordKey

T = TypeVar("T")

SECOND = from_milliseconds(1000)


class RecordRef(IntEnum):
    """How a row names its record: the low two bits of its kind."""

    OURS = 0
    """An alias that the sender gave."""
    THEIRS = 1
    """An alias that the receiver gave."""
    NEW = 2
    """By table and identity, from now on with an alias."""
    AGAIN = 3
    """The n-th new record of this batch once more."""


DELETES = 4
"""Bit of a row's kind: the change ends the record's life, with the row's stamp."""


class Extra(IntEnum):
    """What a row can say beyond its columns: the second item of an extra, after the row's number."""

    LIFE = 1
    """life, seen: the record's life if it is not 0, and what its earlier lives had seen."""
    OVER = 2
    """field, seen: what the write of that field in the columns replaced."""
    WRITE = 3
    """field, origin, sequence, time, value, seen: a further write of a field that has one in the columns, or none."""
    SEEN = 4
    """seen: what the row's delete had seen."""
    GRAVE = 5
    """origin, sequence, time, seen: a delete that does not have the row's stamp."""


class Column(IntEnum):
    """Place of each column in the array."""

    ORIGINS = 0
    TABLES = 1
    FIELDS = 2
    NEW_UUIDS = 3
    NEW_TABLES = 4
    KINDS = 5
    REFS = 6
    AUTHORS = 7
    SEQUENCES = 8
    TIMES = 9
    MASKS = 10
    MASK_NUMBERS = 11
    VALUES = 12
    OLDER_ROWS = 13
    OLDER_AUTHORS = 14
    OLDER_SEQUENCES = 15
    OLDER_TIMES = 16
    OLDER_MASKS = 17
    EXTRAS = 18


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes as plain bytes.

    Attributes:
        plain: the columns as CBOR.
        additions: what the context gains by them.
    """

    plain: bytes
    additions: Additions


def encode_batch(changes: Sequence[Change], context: Context, aliases: Aliases) -> Batch:
    """Lay out `changes` for a receiver who shares `context` and `aliases`."""
    encoder = _Encoder(context, aliases)
    for row, change in enumerate(changes):
        encoder.add(row, change)
    return encoder.finish()


def origin_bytes(origin: Origin) -> bytes:
    """An origin on the wire: the station's identity, then the incarnation, big-endian in four bytes."""
    return origin.station + origin.incarnation.to_bytes(4, "big")


class _Numbers(Generic[T]):
    """Numbers of known things; unknown ones are numbered behind them, in order of mention."""

    def __init__(self, known: Iterable[T]) -> None:
        self._numbers = {thing: number for number, thing in enumerate(known)}
        self.new: list[T] = []

    def __getitem__(self, thing: T) -> int:
        number = self._numbers.get(thing)
        if number is None:
            number = self._numbers[thing] = len(self._numbers)
            self.new.append(thing)
        return number


class _Encoder:
    """Fills the columns, a change at a time."""

    def __init__(self, context: Context, aliases: Aliases) -> None:
        self._origins = _Numbers(context.origins)
        self._tables = _Numbers(context.tables)
        self._fields = _Numbers(context.fields)
        self._aliases = aliases
        self._new_records = _Numbers[RecordKey](())
        self._kinds = bytearray()
        self._refs: list[int] = []
        self._stamps: list[Stamp] = []
        self._masks = _Numbers[tuple[int, ...]](())
        self._mask_numbers: list[int] = []
        self._values: dict[int, list[Plain]] = {}
        self._older: list[tuple[int, Stamp, tuple[int, ...]]] = []
        self._extras: list[list[Plain]] = []

    def add(self, row: int, change: Change) -> None:
        stamp = _main_stamp(change)
        self._stamps.append(stamp)
        kind = self._name_record(RecordKey(change.table, change.uuid))
        if change.grave is not None and change.grave.stamp == stamp:
            kind |= DELETES
        self._kinds.append(kind)
        self._put_fields(row, change, stamp)
        self._put_lives(row, change, stamp)

    def _name_record(self, key: RecordKey) -> int:
        for kind, known in ((RecordRef.OURS, self._aliases.ours), (RecordRef.THEIRS, self._aliases.theirs)):
            if key in known:
                self._refs.append(known[key])
                return kind
        before = len(self._new_records.new)
        number = self._new_records[key]
        if number == before:
            return RecordRef.NEW
        self._refs.append(number)
        return RecordRef.AGAIN

    def _put_fields(self, row: int, change: Change, stamp: Stamp) -> None:
        """The write that counts of each field goes into the columns, the others into extras."""
        numbered = sorted(
            (self._fields[FieldKey(change.table, name)], siblings) for name, siblings in change.writes.items()
        )
        self._mask_numbers.append(self._masks[tuple(number for number, _ in numbered)])
        older: dict[Stamp, list[int]] = {}
        for number, (first, *others) in numbered:
            self._values.setdefault(number, []).append(dump_value(first.value))
            if first.stamp != stamp:
                older.setdefault(first.stamp, []).append(number)
            if first.over:
                self._extras.append([row, Extra.OVER, number, self._seen(first.over)])
            for write in others:
                self._extras.append([row, Extra.WRITE, number, *self._other_write(write, stamp)])
        self._older.extend((row, older_stamp, tuple(fields)) for older_stamp, fields in sorted(older.items()))

    def _put_lives(self, row: int, change: Change, stamp: Stamp) -> None:
        if change.life:
            self._extras.append([row, Extra.LIFE, change.life, self._seen(change.past)])
        if change.grave is not None:
            seen = self._seen(change.grave.seen)
            if change.grave.stamp != stamp:
                self._extras.append([row, Extra.GRAVE, *self._other_stamp(change.grave.stamp, stamp), seen])
            elif seen:
                self._extras.append([row, Extra.SEEN, seen])

    def _other_write(self, write: Write, stamp: Stamp) -> list[Plain]:
        return [*self._other_stamp(write.stamp, stamp), dump_value(write.value), self._seen(write.over)]

    def _other_stamp(self, other: Stamp, stamp: Stamp) -> list[Plain]:
        return [self._origins[other.dot.origin], other.dot.sequence, stamp.time - other.time]

    def _seen(self, seen: Seen) -> list[Plain]:
        return [number for origin in sorted(seen) for number in (self._origins[origin], seen[origin])]

    def finish(self) -> Batch:
        authors = [self._origins[stamp.dot.origin] for stamp in self._stamps]
        older_authors = [self._origins[stamp.dot.origin] for _, stamp, _ in self._older]
        older_masks = [self._masks[mask] for _, _, mask in self._older]
        additions = self._additions()
        unit = _unit([stamp.time for stamp in self._stamps] + [stamp.time for _, stamp, _ in self._older])
        columns: dict[Column, Plain] = {
            Column.ORIGINS: b"".join(map(origin_bytes, additions.origins)),
            Column.TABLES: list(additions.tables),
            Column.FIELDS: [part for key in additions.fields for part in (self._tables[key.table], key.name)],
            Column.NEW_UUIDS: b"".join(key.uuid.bytes for key in additions.records),
            Column.NEW_TABLES: _repeated([self._tables[key.table] for key in additions.records]),
            Column.KINDS: bytes(self._kinds),
            Column.REFS: list[Plain](self._refs),
            Column.AUTHORS: _repeated(authors),
            Column.SEQUENCES: _repeated(_steps_by_author(authors, self._stamps)),
            Column.TIMES: [int(unit == SECOND), *_steps([stamp.time // unit for stamp in self._stamps])],
            Column.MASKS: [list(mask) for mask in self._masks.new],
            Column.MASK_NUMBERS: _repeated(self._mask_numbers),
            Column.VALUES: [self._values[number] for number in sorted(self._values)],
            Column.OLDER_ROWS: list[Plain](_steps([row for row, _, _ in self._older])),
            Column.OLDER_AUTHORS: _repeated(older_authors),
            Column.OLDER_SEQUENCES: [
                self._stamps[row].dot.sequence - stamp.dot.sequence for row, stamp, _ in self._older
            ],
            Column.OLDER_TIMES: [
                (self._stamps[row].time - stamp.time) // unit for row, stamp, _ in self._older
            ],
            Column.OLDER_MASKS: _repeated(older_masks),
            Column.EXTRAS: list[Plain](self._extras),
        }
        return Batch(dumps([columns[column] for column in Column]), additions)

    def _additions(self) -> Additions:
        records = tuple(self._new_records.new)
        for table in (*(key.table for key in records), *(key.table for key in self._fields.new)):
            self._tables[table]
        return Additions(tuple(self._origins.new), tuple(self._tables.new), tuple(self._fields.new), records)


def _main_stamp(change: Change) -> Stamp:
    """The newest stamp: most changes have but one."""
    stamps = [write.stamp for write in change.all_writes()]
    return max(stamps + ([change.grave.stamp] if change.grave else []))


def _repeated(numbers: Sequence[int]) -> Plain:
    """A column of numbers; one number alone if all are the same."""
    return numbers[0] if numbers and len(set(numbers)) == 1 else list[Plain](numbers)


def _unit(times: Sequence[int]) -> int:
    """Whole seconds if all times are, which imported ones mostly are; else the finest."""
    return SECOND if all(time % SECOND == 0 for time in times) else 1


def _steps(numbers: Sequence[int]) -> list[int]:
    """The first number, then the differences."""
    return [now - before for before, now in zip([0, *numbers], numbers, strict=False)]


def _steps_by_author(authors: Sequence[int], stamps: Sequence[Stamp]) -> list[int]:
    """For each row the sequence minus that of the row before it by the same author."""
    latest: dict[int, int] = {}
    steps = []
    for author, stamp in zip(authors, stamps, strict=True):
        steps.append(stamp.dot.sequence - latest.get(author, 0))
        latest[author] = stamp.dot.sequence
    return steps
