"""What the two ends of one direction remember of the changes that went that way, so that the next ones are expected.

Nothing of it is said on air. Both ends teach their memory the same decoded changes, a batch at a time, and so come to the
same memory. A record is then named by how recently it was mentioned, and what it held before is a hint at what it holds
now. An empty memory expects nothing; it is what the fast codec works with.

What is remembered of a record is kept packed: thousands of them must be cheap to copy and to store, and a batch asks for
few.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar
from uuid import UUID

from radiosync.errors import WireError
from radiosync.limits import MEMORY_BYTES, MEMORY_RECORDS
from radiosync.records.clock import to_milliseconds
from radiosync.records.model import Change, Origin, Seen, join_seen
from radiosync.wire.batch import origin_bytes
from radiosync.wire.cborvalue import Plain, dumps, loads
from radiosync.wire.context import FieldKey, RecordKey
from radiosync.wire.layoutnames import ORIGIN_BYTES, origin_from
from radiosync.wire.layoutrow import RowKind
from radiosync.wire.layoutvalue import NO_HINT, Hint, hint_of
from radiosync.wire.numbering import Numbering
from radiosync.wire.parts import take_apart

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is remembered of a record.

    Attributes:
        alive: False if it was deleted last.
        life, past: as in its last change.
        seen: all dots that its changes of this life mentioned.
        mask: names of the fields of its last change that had any.
        hints: at the last values of its fields, of earlier lives too.
    """

    alive: bool
    life: int
    past: Seen
    seen: Seen
    mask: Sequence[str]
    hints: Mapping[str, Hint]

    @property
    def next_past(self) -> Seen:
        """The past of its next life."""
        return join_seen(self.past, self.seen)


class _Packed(NamedTuple):
    """A `Remembered`, its fields and origins as numbers of the memory. The rest is CBOR."""

    alive: bool
    rest: bytes


class Memory:
    """A memory. Only `learn` changes it, so teach a copy if the change may have to be undone.

    Attributes:
        time: of the last change; 0 if there was none.
    """

    def __init__(self) -> None:
        self.time = 0
        self._tables = Numbering[str]()
        self._fields = Numbering[FieldKey]()
        self._origins = Numbering[Origin]()
        self._sequences: dict[Origin, int] = {}
        self._masks: dict[tuple[str, int], Sequence[int]] = {}
        self._latest: dict[FieldKey, Hint] = {}
        self._records: dict[RecordKey, _Packed] = {}
        self._bytes = 0

    # Asking.

    def record(self, key: RecordKey) -> Remembered | None:
        """What is remembered of a record. Raises WireError if the memory came from damaged bytes."""
        packed = self._records.get(key)
        return None if packed is None else self._unpack(packed)

    def is_alive(self, key: RecordKey) -> bool | None:
        """Whether a record lives; None if it is not remembered."""
        packed = self._records.get(key)
        return None if packed is None else packed.alive

    def recent(self) -> dict[tuple[str, bool], list[int]]:
        """The remembered records by table and whether they live: their UUIDs as numbers, the one mentioned last first."""
        found: dict[tuple[str, bool], list[int]] = {}
        for key, packed in reversed(self._records.items()):
            found.setdefault((key.table, packed.alive), []).append(key.uuid.int)
        return found

    def sequence(self, origin: Origin) -> int:
        """The highest sequence of an origin that was mentioned; 0 if none was."""
        return self._sequences.get(origin, 0)

    def mask(self, table: str, kind: int) -> list[str]:
        """Names of the fields that the last row of that `RowKind` in a table had."""
        return [self._fields.items[number].name for number in self._masks.get((table, kind), ())]

    def latest(self, key: FieldKey) -> Hint:
        """At the value that a field of a table got last, whatever the record."""
        return self._latest.get(key, NO_HINT)

    # Learning.

    def copy(self) -> "Memory":
        """A memory that learns on its own."""
        other = Memory()
        other.time, other._bytes = self.time, self._bytes
        other._tables, other._fields = self._tables.copy(), self._fields.copy()
        other._origins, other._sequences = self._origins.copy(), self._sequences.copy()
        other._masks, other._latest = self._masks.copy(), self._latest.copy()
        other._records = self._records.copy()
        return other

    def learn(self, changes: Iterable[Change]) -> None:
        """Take in a batch."""
        for change in changes:
            self._learn(change)
        while len(self._records) > MEMORY_RECORDS or self._bytes > MEMORY_BYTES:
            self._forget(next(iter(self._records)))

    def _learn(self, change: Change) -> None:
        key = RecordKey(change.table, change.uuid)
        known = self.record(key)
        if known is not None:
            self._forget(key)
        self.time, seen = change.newest, change.seen()
        for origin, sequence in sorted([*seen.items(), *change.past.items()]):
            self._origins.add(origin)
            self._sequences[origin] = max(sequence, self.sequence(origin))
        names = sorted(change.writes)
        kind = RowKind.GRAVE if change.grave else RowKind.UPDATE if known and known.alive else RowKind.BEGIN
        self._tables.add(change.table)
        self._masks[change.table, kind] = [self._fields.add(FieldKey(change.table, name)) for name in names]
        hints = self._learn_values(change)
        if known is not None:
            hints = {**known.hints, **hints}
            names = names or list(known.mask)
            seen = join_seen(known.seen, seen) if known.life == change.life else seen
        alive = change.grave is None or change.alive
        packed = self._pack(change.table, Remembered(alive, change.life, change.past, seen, names, hints))
        self._records[key] = packed
        self._bytes += len(packed.rest)

    def _learn_values(self, change: Change) -> dict[str, Hint]:
        base_s = to_milliseconds(change.newest) // 1000
        hints: dict[str, Hint] = {}
        for name, siblings in sorted(change.writes.items()):
            value = siblings[0].value
            hints[name] = hint_of(value, take_apart(value, base_s))
            self._latest[FieldKey(change.table, name)] = hints[name]
        return hints

    def _forget(self, key: RecordKey) -> None:
        self._bytes -= len(self._records.pop(key).rest)

    # As bytes.

    def _pack(self, table: str, record: Remembered) -> _Packed:
        hints: list[Plain] = []
        for name, hint in record.hints.items():
            hints += (self._fields[FieldKey(table, name)], *hint)
        mask = [self._fields[FieldKey(table, name)] for name in record.mask]
        past, seen = self._pack_seen(record.past), self._pack_seen(record.seen)
        return _Packed(record.alive, dumps([record.life, past, seen, mask, hints]))

    def _pack_seen(self, seen: Seen) -> list[Plain]:
        return [each for origin in sorted(seen) for each in (self._origins[origin], seen[origin])]

    def _unpack(self, packed: _Packed) -> Remembered:
        match loads(packed.rest):
            case [int(life), list(past), list(seen), list(mask), list(hints)]:
                pass
            case _:
                raise WireError("a memory holds a record that is none")
        origins, fields = self._origins.items, self._fields.items
        try:
            _check(int, (life, *past, *seen, *mask, *hints[::3], *hints[1::3]))
            _check(bytes, hints[2::3])
            return Remembered(
                packed.alive,
                life,
                {origins[number]: sequence for number, sequence in _groups(past, 2)},
                {origins[number]: sequence for number, sequence in _groups(seen, 2)},
                [fields[number].name for number in mask],
                {fields[number].name: Hint(shape, text) for number, shape, text in _groups(hints, 3)},
            )
        except (IndexError, TypeError, ValueError) as error:
            raise WireError(f"a memory holds a record that is none: {error}") from error

    def to_bytes(self) -> bytes:
        """The memory as bytes. Equal memories give equal bytes."""
        tables, fields = self._tables, self._fields
        masks: list[Plain] = [[tables[table], kind, *mask] for (table, kind), mask in self._masks.items()]
        latest = [part for key, hint in self._latest.items() for part in (fields[key], *hint)]
        records: list[Plain] = []
        for key, packed in self._records.items():
            records += (tables[key.table], key.uuid.bytes, packed.alive, packed.rest)
        columns: list[Plain] = [
            self.time,
            tables.items,
            [part for key in fields.items for part in (tables[key.table], key.name)],
            b"".join(map(origin_bytes, self._origins.items)),
            [self._sequences[origin] for origin in self._origins.items],
            masks,
            latest,
            records,
        ]
        return dumps(columns)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Memory":
        """The inverse of `to_bytes`. Raises WireError for bytes that it never gave."""
        memory = cls()
        try:
            memory._load(data)
            same = memory.to_bytes() == data
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise WireError(f"a memory cannot be read: {error}") from error
        if not same:
            raise WireError("a memory is not as we write it")
        return memory

    def _load(self, data: bytes) -> None:
        """Whatever is wrong shows by an error of any kind here, or because `to_bytes` gives something else."""
        match loads(data):
            case [
                int(time), list(tables), list(fields), bytes(origins), list(sequences), list(masks), list(latest),
                list(records),
            ]:  # fmt: skip
                self.time = time
            case _:
                raise WireError("a memory has other columns than these")
        _check(int, (self.time, *sequences, *latest[::3], *latest[1::3]))
        _check(str, (*tables, *fields[1::2]))
        _check(bytes, (*latest[2::3], *records[1::4], *records[3::4]))
        _check(bool, records[2::4])
        self._tables = Numbering(tables)
        self._fields = Numbering(FieldKey(tables[table], name) for table, name in _groups(fields, 2))
        self._origins = Numbering(
            origin_from(origins[at : at + ORIGIN_BYTES]) for at in range(0, len(origins), ORIGIN_BYTES)
        )
        self._sequences = dict(zip(self._origins.items, sequences, strict=True))
        for table, kind, *mask in masks:
            _check(int, (kind, *mask))
            self._masks[tables[table], kind] = mask
        self._latest = {
            self._fields.items[number]: Hint(shape, text) for number, shape, text in _groups(latest, 3)
        }
        for table, uuid, alive, rest in _groups(records, 4):
            self._records[RecordKey(tables[table], UUID(bytes=uuid))] = _Packed(alive, rest)
        self._bytes = sum(len(packed.rest) for packed in self._records.values())


def _check(kind: type, items: Iterable[object]) -> None:
    """Raises TypeError unless all items are of a type, and ValueError for a number below zero."""
    for item in items:
        if type(item) is not kind:
            raise TypeError(f"{kind.__name__} expected, not {type(item).__name__}")
        if isinstance(item, int) and item < 0:
            raise ValueError("a number below zero")


def _groups(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Items in groups of `size`."""
    return zip(*[iter(items)] * size, strict=True)
