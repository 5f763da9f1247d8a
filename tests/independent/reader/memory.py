"""The memory of the compact codec, and mix (compact codec, C2 and C3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.independent.reader.changes import Change, Origin, Record, Seen, join
from tests.independent.reader.context import Field
from tests.independent.reader.values import Hint, hint_at, spell

UPDATE, BEGIN, GRAVE = 0, 1, 2
REMEMBERED = 4096
REMEMBERED_BYTES = 2097152


def mix(*numbers: int) -> int:
    """One number of several (compact codec, C2)."""
    mixed = 0
    for number in numbers:
        mixed = ((mixed ^ number) * 0x2545F4914F6D + 0x9E3779B9) & (1 << 48) - 1
        mixed ^= mixed >> 23
    return mixed


@dataclass(frozen=True)
class Remembered:
    """What is remembered of a record (compact codec, C3)."""

    alive: bool
    life: int
    past: Seen
    seen: Seen
    mask: frozenset[str]
    hints: dict[str, Hint]
    size: int = 0


def _head_bytes(number: int) -> int:
    """Bytes of the head of a CBOR item in its shortest form."""
    return 1 if number < 24 else 2 + sum(number >= 1 << bits for bits in (8, 16, 16, 32, 32, 32, 32))


def _list_bytes(numbers: Sequence[int]) -> int:
    return _head_bytes(len(numbers)) + sum(map(_head_bytes, numbers))


@dataclass
class Memory:
    """What the compact codec remembers of the changes of one direction (compact codec, C3)."""

    time: int = 0
    sequences: dict[Origin, int] = field(default_factory=dict)
    masks: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    latest: dict[Field, Hint] = field(default_factory=dict)
    records: dict[Record, Remembered] = field(default_factory=dict)
    origins: dict[Origin, int] = field(default_factory=dict)
    fields: dict[Field, int] = field(default_factory=dict)

    def copy(self) -> "Memory":
        """One that can learn by itself."""
        parts = (self.sequences, self.masks, self.latest, self.records, self.origins, self.fields)
        return Memory(self.time, *(part.copy() for part in parts))  # type: ignore[arg-type]

    def list(self, table: str, alive: bool) -> list[Record]:
        """The records of a table that are alive, or that are not, the one mentioned last first."""
        return [r for r, known in reversed(self.records.items()) if r.table == table and known.alive == alive]

    def learn(self, changes: Iterable[Change]) -> None:
        """Learn a batch that has been read."""
        for change in changes:
            self._learn(change)
        total = sum(known.size for known in self.records.values())
        while len(self.records) > REMEMBERED or total > REMEMBERED_BYTES:
            total -= self.records.pop(next(iter(self.records))).size

    def _learn(self, change: Change) -> None:
        record, mentioned = change.record, change.mentioned()
        known = self.records.pop(record, None)
        self.time = change.stamps()[0].time
        self.sequences = join(self.sequences, mentioned, change.past)
        for origin in sorted(join(mentioned, change.past)):
            self.origins.setdefault(origin, len(self.origins))
        kind = GRAVE if change.grave else UPDATE if known and known.alive else BEGIN
        names = frozenset(change.writes)
        self.masks[record.table, kind] = names
        hints = dict(known.hints) if known else {}
        for name in sorted(names):
            self.fields.setdefault((record.table, name), len(self.fields))
            value = change.writes[name][0].value
            hints[name] = self.latest[record.table, name] = hint_at(spell(value, self.time), value)
        grave = change.grave
        alive = grave is None or not all(map(grave.ends, change.all_writes()))
        mask = names or (known.mask if known else names)
        seen = join(known.seen, mentioned) if known and known.life == change.life else mentioned
        size = self._size(change, seen, mask, hints)
        self.records[record] = Remembered(alive, change.life, change.past, seen, mask, hints, size)

    def _size(self, change: Change, seen: Seen, mask: frozenset[str], hints: dict[str, Hint]) -> int:
        """Size of what is remembered of a record, as CBOR (compact codec, C3)."""
        number = {name: self.fields[change.record.table, name] for name in hints}
        size = 1 + _head_bytes(change.life) + _list_bytes([number[name] for name in mask])
        for part in (change.past, seen):
            size += _list_bytes([n for o, sequence in part.items() for n in (self.origins[o], sequence)])
        size += _head_bytes(3 * len(hints))
        for name, hint in hints.items():
            size += _head_bytes(number[name]) + _head_bytes(hint.shape)
            size += _head_bytes(len(hint.text)) + len(hint.text)
        return size
