"""Records and changes (protocol, 2)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5


@dataclass(frozen=True, order=True)
class Origin:
    """One life of a station's database (protocol, 2.1)."""

    identity: bytes
    incarnation: int


@dataclass(frozen=True, order=True)
class Stamp:
    """A time and a dot, in the total order of stamps (protocol, 2.1)."""

    time: int
    origin: Origin
    sequence: int


Seen = Mapping[Origin, int]


@dataclass(frozen=True)
class Number:
    """A number is its literal (protocol, 2.2)."""

    literal: str


Value = str | bool | Number


@dataclass(frozen=True)
class Write:
    """A stamp, a value or none, and what it replaced (protocol, 2.3)."""

    stamp: Stamp
    value: Value | None
    over: Seen


@dataclass(frozen=True)
class Grave:
    """The newest delete of a life (protocol, 2.3)."""

    stamp: Stamp
    seen: Seen

    def ends(self, write: Write) -> bool:
        """Whether the delete ends a write (protocol, 2.3)."""
        origin, sequence = write.stamp.origin, write.stamp.sequence
        own = origin == self.stamp.origin and sequence < self.stamp.sequence
        return own or (origin in self.seen and self.seen[origin] >= sequence)


@dataclass(frozen=True)
class Record:
    """What names a record (protocol, 2.3)."""

    table: str
    uuid: bytes


def key_record(table: str, values: Sequence[Value | None]) -> Record:
    """The record that follows from the texts of some fields (protocol, 7.5)."""
    texts = [value if isinstance(value, str) else value_text(value) for value in values]
    key = texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    return Record(table, uuid5(NAMESPACE_URL, f"radiosync:{table}/{key}").bytes)


@dataclass(frozen=True)
class Change:
    """A record in part (protocol, 2.3). Writes of a field: the one that counts, then its siblings."""

    record: Record
    life: int
    past: Seen
    writes: Mapping[str, tuple[Write, ...]]
    grave: Grave | None

    def all_writes(self) -> Iterator[Write]:
        """The writes by field and sibling."""
        for writes in self.writes.values():
            yield from writes

    def stamps(self) -> list[Stamp]:
        """All stamps, each once, the newest first (protocol, 7.4)."""
        stamps = {write.stamp for write in self.all_writes()}
        return sorted(stamps | ({self.grave.stamp} if self.grave else set()), reverse=True)

    def mentioned(self) -> dict[Origin, int]:
        """Seen of the grave, dots of writes and grave, overs (compact codec, C3)."""
        parts: list[Seen] = [self.grave.seen] if self.grave else []
        parts += [{stamp.origin: stamp.sequence} for stamp in self.stamps()]
        parts += [write.over for write in self.all_writes()]
        return join(*parts)


def join(*seens: Seen) -> dict[Origin, int]:
    """The higher sequence for each origin (protocol, 2.1)."""
    joined: dict[Origin, int] = {}
    for seen in seens:
        for origin, sequence in seen.items():
            joined[origin] = max(sequence, joined.get(origin, sequence))
    return joined


def _plain_seen(seen: Seen) -> list[list[Any]]:
    return [[origin.identity.hex(), origin.incarnation, seen[origin]] for origin in sorted(seen)]


def _plain_stamp(stamp: Stamp) -> dict[str, Any]:
    origin = stamp.origin
    names = {"origin": origin.identity.hex(), "incarnation": origin.incarnation}
    return {"time": stamp.time, **names, "sequence": stamp.sequence}


def value_text(value: Value | None) -> str | None:
    """A value as JSON text."""
    if value is None:
        return None
    return value.literal if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def _plain_write(write: Write) -> dict[str, Any]:
    return {**_plain_stamp(write.stamp), "value": value_text(write.value), "over": _plain_seen(write.over)}


def plain_change(change: Change) -> dict[str, Any]:
    """A change in the notation of the stored contacts."""
    uuid, grave = change.record.uuid.hex(), change.grave
    return {
        "table": change.record.table,
        "uuid": "-".join((uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:])),
        "life": change.life,
        "past": _plain_seen(change.past),
        "writes": {field: [_plain_write(w) for w in writes] for field, writes in change.writes.items()},
        "grave": {**_plain_stamp(grave.stamp), "seen": _plain_seen(grave.seen)} if grave else None,
    }
