"""Stations without store or link: each holds records, edits them, and passes what moved on to others."""

from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from radiosync.records.edit import Edit, Pen, apply_edit, update
from radiosync.records.merge import Conflict, ConflictKind, merge
from radiosync.records.model import Change, Dot, Origin, Record, Stamp, Write
from radiosync.records.value import Value

TABLE = "shelter"
FIELDS = ("name", "beds", "status")


def origin(letter: str, incarnation: int = 1) -> Origin:
    return Origin(letter.encode() * 8, incarnation)


def uuid(number: int) -> UUID:
    return UUID(int=number)


@dataclass
class Station:
    """One station.

    Attributes:
        log: every change that was new here, in order of arrival; what others are given.
        conflicts: everything that was reported here, by record.
    """

    letter: str
    clock_ms: int = 1_000_000
    records: dict[UUID, Record] = field(default_factory=dict)
    log: list[Change] = field(default_factory=list)
    conflicts: dict[UUID, list[Conflict]] = field(default_factory=dict)
    sequence: int = 0

    @property
    def pen(self) -> Pen:
        self.clock_ms += 1
        return Pen(origin(self.letter), self._next_sequence, self.clock_ms)

    def _next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence

    def take(self, change: Change) -> bool:
        """Merge a change; True if it was new."""
        merged = merge(self.records.get(change.uuid), change)
        self.records[change.uuid] = merged.record
        self.conflicts.setdefault(change.uuid, []).extend(merged.conflicts)
        if merged.moved is not None:
            self.log.append(merged.moved)
        return merged.moved is not None

    def edit(self, number: int, fields: dict[str, Value] | None) -> Change | None:
        """Put a record, or delete it with None."""
        change = apply_edit(self.records.get(uuid(number)), Edit(TABLE, uuid(number), fields), self.pen)
        return self._keep(change)

    def put(self, number: int = 1, /, **fields: Value) -> Change:
        """Put a record so that something moves."""
        change = self.edit(number, fields)
        assert change is not None
        return change

    def update(self, number: int = 1, /, **fields: Value | None) -> Change | None:
        """Change some fields of a living record."""
        return self._keep(update(self.records[uuid(number)], fields, self.pen))

    def delete(self, number: int = 1) -> Change:
        """Delete a living record."""
        change = self.edit(number, None)
        assert change is not None
        return change

    def _keep(self, change: Change | None) -> Change | None:
        if change is not None:
            assert self.take(change), "an edit of one's own record is always news"
        return change

    def record(self, number: int = 1) -> Record:
        return self.records[uuid(number)]

    def lost(self, number: int = 1) -> list[tuple[ConflictKind, str, Value | None]]:
        """What was reported as lost: kind, field and value."""
        return [(each.kind, each.field, each.value) for each in self.conflicts.get(uuid(number), ())]


def gossip(giver: Station, taker: Station) -> None:
    """Hand over whole records, as a first contact does."""
    for record in list(giver.records.values()):
        taker.take(record)


def play(
    random: Random, letters: str, steps: int, paths: list[tuple[int, int]], clocks: bool
) -> list[Station]:
    """A random history: edits anywhere, changes that travel along `paths` in order, out of order, and again."""
    stations = [Station(letter) for letter in letters]
    if clocks:
        for station in stations:
            station.clock_ms = random.choice([-5000, 0, 7, 10**6, 10**12, 10**13])
    for _ in range(steps):
        if random.random() < 0.55:
            _edit_something(random, random.choice(stations))
        else:
            giver, taker = (stations[place] for place in random.choice(paths))
            news = random.sample(giver.log, min(len(giver.log), random.randint(0, 6)))
            for change in news:
                taker.take(change)
    return stations


def _edit_something(random: Random, station: Station) -> None:
    number = random.randint(1, 2)
    known = station.records.get(uuid(number))
    dice = random.random()
    if dice < 0.2:
        station.edit(number, None)
    elif dice < 0.6 and known is not None and known.alive:
        name = random.choice(FIELDS)
        station.update(number, **{name: random.choice([None, str(random.randint(0, 9))])})
    else:
        names = random.sample(FIELDS, random.randint(0, 3))
        station.edit(number, {name: str(random.randint(0, 9)) for name in names})


def settle(random: Random, stations: list[Station], paths: list[tuple[int, int]]) -> None:
    """Pass everything on, each log in random order, along all paths until nobody learns anything new."""
    for _ in range(20):
        moved = False
        for giver, taker in random.sample(paths, len(paths)):
            log = stations[giver].log
            for change in random.sample(log, len(log)):
                moved |= stations[taker].take(change)
        if not moved:
            return
    raise AssertionError("stations never come to rest")


def write(letter: str, sequence: int, value: Value | None = "x", time: int = 0, **over: int) -> Write:
    """A write; `over` names stations by letter."""
    stamp = stamp_of(letter, sequence, time or sequence)
    return Write(stamp, value, {origin(other): number for other, number in over.items()})


def stamp_of(letter: str, sequence: int, time: int) -> Stamp:
    return Stamp(time, Dot(origin(letter), sequence))
