"""Records, the writes that they consist of, and the dots that name writes.

A record holds, for each field, the write that put its value there. A write knows its dot (who wrote it, and as the how
manieth), its time, and which writes of others it replaced. That is enough to merge two copies of a record in any order and
with any repetition (`merge`), and to see whether two writes knew of each other.

What travels between stations is a *change*: a record in part, with only the fields that moved. Whole and part are one type,
so merging a change into a record and merging two copies of a record are the same thing (a delta-state CRDT, Almeida et
al. 2018).

Lives: a delete ends a record's life, a put that has seen the delete begins the next one, numbered one higher. Writes of an
earlier life never show up in a later one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias
from uuid import UUID

from radiosync.records.value import Value

STATION_BYTES = 8
"""Length of a station's identity. Wide enough that stations never clash by chance, short enough to send once."""

EXISTS = ""
"""Name of the field that marks a record which was created with no field at all. No real field has an empty name."""


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """One life of one station's database: a restored copy writes under a new incarnation.

    Attributes:
        station: identity of the station, `STATION_BYTES` bytes.
        incarnation: 32-bit number drawn when the database was made or restored.
    """

    station: bytes
    incarnation: int


@dataclass(frozen=True, slots=True, order=True)
class Dot:
    """Names one write for ever: the `sequence`-th of `origin`, counted from 1 without gaps."""

    origin: Origin
    sequence: int


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """When and by whom: stamps are in one total order (time, then dot) on which all stations agree."""

    time: int
    dot: Dot


Seen: TypeAlias = Mapping[Origin, int]
"""For each origin the highest sequence seen. Covers a dot when its sequence is not above that."""

NOTHING_SEEN: Seen = MappingProxyType({})


def covers(seen: Seen, dot: Dot) -> bool:
    """True if `dot` is among what was seen."""
    return seen.get(dot.origin, 0) >= dot.sequence


def join_seen(first: Seen, second: Seen) -> Seen:
    """What either has seen."""
    if not first or not second:
        return first or second
    return {
        origin: max(first.get(origin, 0), second.get(origin, 0)) for origin in first.keys() | second.keys()
    }


@dataclass(frozen=True, slots=True)
class Write:
    """One value put into one field.

    Attributes:
        stamp: when and by whom.
        value: the value, or None if the write emptied the field.
        over: the writes of *other* origins that it replaced. Earlier writes of its own origin to the same field are
            always replaced and therefore not listed.
    """

    stamp: Stamp
    value: Value | None
    over: Seen = field(default_factory=dict)

    def replaces(self, other: "Write") -> bool:
        """True if whoever wrote this had seen `other` (or wrote it)."""
        mine, theirs = self.stamp.dot, other.stamp.dot
        if mine.origin == theirs.origin:
            return mine.sequence > theirs.sequence
        return covers(self.over, theirs)


@dataclass(frozen=True, slots=True)
class Grave:
    """A delete.

    Attributes:
        stamp: when and by whom.
        seen: every write that the delete knew of, of all origins but its own, whose earlier writes it always knew.
    """

    stamp: Stamp
    seen: Seen = field(default_factory=dict)

    def ends(self, write: Write) -> bool:
        """True if the delete had seen `write`; a write it had not seen keeps the record alive."""
        mine, other = self.stamp.dot, write.stamp.dot
        if mine.origin == other.origin and mine.sequence > other.sequence:
            return True
        return covers(self.seen, other)


Siblings: TypeAlias = tuple[Write, ...]
"""The writes of one field that none of the others replaces, newest first. The first one counts, the rest lost a conflict."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record, whole or in part (a change).

    Attributes:
        table: name of its table.
        uuid: its identity for ever, unique within the table.
        life: 0 for the first life, one more after each delete that was followed by a put.
        writes: the fields, each with its siblings; never an empty tuple.
        grave: the newest delete of this life, with the sight of all deletes of this life; None if there is none.
        past: writes of earlier lives that the deletes which ended them had seen.
    """

    table: str
    uuid: UUID
    life: int = 0
    writes: Mapping[str, Siblings] = field(default_factory=dict)
    grave: Grave | None = None
    past: Seen = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """False if a delete has seen all there is."""
        if self.grave is None:
            return bool(self.writes)
        return any(not self.grave.ends(write) for write in self.all_writes())

    @property
    def fields(self) -> dict[str, Value]:
        """The values that count, of a living record or the last ones of a dead one."""
        return {
            name: siblings[0].value
            for name, siblings in self.writes.items()
            if siblings[0].value is not None and name != EXISTS
        }

    @property
    def newest(self) -> int:
        """Time of the newest write or delete, 0 if there is none."""
        times = [write.stamp.time for write in self.all_writes()]
        return max(times + ([self.grave.stamp.time] if self.grave else []), default=0)

    def all_writes(self) -> Iterator[Write]:
        """Every write, those that lost a conflict too."""
        for siblings in self.writes.values():
            yield from siblings

    def seen(self) -> Seen:
        """Everything that whoever holds this record has seen of its present life."""
        seen: dict[Origin, int] = dict(self.grave.seen) if self.grave else {}
        stamps = [write.stamp for write in self.all_writes()] + ([self.grave.stamp] if self.grave else [])
        _add(seen, ((stamp.dot.origin, stamp.dot.sequence) for stamp in stamps))
        for write in self.all_writes():
            _add(seen, write.over.items())
        return seen


Change: TypeAlias = Record
"""A record in part: only what moved."""


def _add(seen: dict[Origin, int], more: Iterable[tuple[Origin, int]]) -> None:
    for origin, sequence in more:
        if seen.get(origin, 0) < sequence:
            seen[origin] = sequence
