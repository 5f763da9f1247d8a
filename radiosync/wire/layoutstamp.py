"""How stamps and sights are said: when, by whom, and what was seen.

Rows stand in the order in which their writes became known, so the time of most rows is that of the row before, and their
sequence the next one of the same author. Times are said in seconds if most of them are whole ones (imported data), else in
milliseconds; what is left over is said only in batches that have such times.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sized
from enum import IntEnum
from typing import Final

from radiosync.errors import ContextError, WireError
from radiosync.records.clock import LATEST, from_milliseconds
from radiosync.wire.coder import Coder
from radiosync.wire.layoutnames import Names
from radiosync.wire.layoutrow import Budget, Row, RowStamp
from radiosync.wire.memory import Memory
from radiosync.wire.slot import Slot

_SECOND: Final = from_milliseconds(1000)
_MILLISECOND: Final = from_milliseconds(1)
_SEQUENCE_LIMIT: Final = 1 << 48
_STAMP_COST: Final = 16
"""What a stamp or an entry of a sight takes from the budget."""

_SAME, _UP, _DOWN = range(3)


def direction(step: int) -> int:
    """0 for no step, 1 for one up, 2 for one down."""
    return _SAME if step == 0 else _UP if step > 0 else _DOWN


def say_signed(coder: Coder, slot: Slot, place: int, value: int, *contexts: int) -> int:
    """A number that may be below zero."""
    folded = coder.number(slot, place, abs(value) << 1 | (value < 0), *contexts)
    return -(folded >> 1) if folded & 1 else folded >> 1


class Whose(IntEnum):
    """What a sight belongs to."""

    PAST = 0
    OVER = 1
    GRAVE = 2


class StampWalk:
    """Says the stamps of one batch."""

    def __init__(self, coder: Coder, names: Names, memory: Memory, budget: Budget) -> None:
        self._coder, self._names, self._memory, self._budget = coder, names, memory, budget
        self._unit, self._has_residues = _SECOND, 0
        self._author = self._table = 0
        self._time = memory.time
        self._step = self._other = self._time_step = 0
        self._sequences: dict[int, int] = {}
        self._known: dict[int, list[tuple[int, int]]] = {}

    def say_unit(self, times: Iterable[int]) -> None:
        """Say in what unit times are said. A reader has none to give."""
        times = list(times)
        in_seconds = 2 * sum(time % _SECOND == 0 for time in times) > len(times)
        in_seconds = bool(self._coder.choice(Slot.UNIT, 0, int(in_seconds), 2))
        self._unit = _SECOND if in_seconds else _MILLISECOND
        residues = any(time % self._unit for time in times)
        self._has_residues = self._coder.choice(Slot.UNIT, 1, int(residues), 2)

    # The newest stamp of a row, with the table, which changes as rarely as the author.

    def say_newest(self, row: Row) -> bool:
        """Say the newest stamp and the table. True if the time is that of the row before."""
        coder = self._coder
        author, sequence, time = row.stamps[0]
        step = time // self._unit - self._time // self._unit
        ahead = sequence - self._last(author) - 1
        step_symbol = direction(step) + 3 * direction(ahead)
        step_symbol = coder.choice(Slot.STEP, 0, step_symbol, 9, self._time_step, self._step)
        move, way = divmod(step_symbol, 3)
        other = (author != self._author) + 2 * (row.table != self._table)
        other = coder.choice(Slot.OTHER, 0, other, 4, way, self._other)
        self._step, self._other = step_symbol, other
        time = self._say_time(time, way, abs(step))
        if other & 1:
            self._author = self._checked(
                coder.number(Slot.AUTHOR, 0, author, self._author), self._names.origins
            )
        if other & 2:
            self._table = self._checked(
                coder.number(Slot.TABLE, 0, row.table, self._table), self._names.tables
            )
        if move != _SAME:
            ahead = 1 + coder.number(Slot.SEQUENCE, move, abs(ahead) - 1 if ahead else 0, self._author)
            ahead = ahead if move == _UP else -ahead
        else:
            ahead = 0
        row.table = self._table
        row.stamps[0] = self._stamp(self._author, self._last(self._author) + 1 + ahead, time)
        self._sequences[self._author] = row.stamps[0].sequence
        self._time = time
        return way == _SAME

    def _say_time(self, time: int, way: int, step: int) -> int:
        units = self._time // self._unit
        if way != _SAME:
            step = 1 + self._coder.number(Slot.TIME, way, max(step - 1, 0), self._time_step)
            self._time_step = step
            units += step if way == _UP else -step
        return self._with_residue(0, time, units)

    def _with_residue(self, place: int, time: int, units: int) -> int:
        residue = time % self._unit
        residue = self._coder.number(Slot.RESIDUE, place, residue) if self._has_residues else 0
        return units * self._unit + residue

    def _last(self, author: int) -> int:
        """The last sequence of an author that both ends know."""
        if author not in self._sequences and author < len(self._names.origins):
            return self._memory.sequence(self._names.origins.items[author])
        return self._sequences.get(author, 0)

    def _stamp(self, author: int, sequence: int, time: int) -> RowStamp:
        if not 0 < sequence < _SEQUENCE_LIMIT or not 0 <= time <= LATEST:
            raise WireError("a batch has a sequence or a time out of range")
        self._checked(author, self._names.origins)
        insort(self._known_of(author), (sequence, time))
        return RowStamp(author, sequence, time)

    @staticmethod
    def _checked(number: int, names: Sized) -> int:
        if number >= len(names):
            raise ContextError("a batch mentions a name that we do not share")
        return number

    # Older stamps.

    def say_older(self, row: Row) -> None:
        """Say the other stamps of a row, each one older than the one before."""
        coder = self._coder
        count = coder.number(Slot.STAMPS, 0, len(row.stamps) - 1)
        self._budget.spend(_STAMP_COST * count)
        row.stamps += [row.stamps[0]] * (1 + count - len(row.stamps))
        for place in range(1, count + 1):
            before, (author, sequence, time) = row.stamps[place - 1], row.stamps[place]
            author = coder.number(Slot.AUTHOR, 1, author, before.author)
            self._checked(author, self._names.origins)
            base = before.sequence if author == before.author else self._last(author)
            back = say_signed(coder, Slot.SEQUENCE, 3, base - sequence, int(author == before.author))
            sequence = base - back
            expected, doubt = self._expected_time(author, sequence, before.time)
            step = time // self._unit - expected // self._unit
            step = say_signed(coder, Slot.TIME, 3, step, doubt)
            time = self._with_residue(1, time, expected // self._unit + step)
            row.stamps[place] = self._stamp(author, sequence, time)

    def _known_of(self, author: int) -> list[tuple[int, int]]:
        """Sequences of an author with their times, ascending."""
        known = self._known.get(author)
        if known is None:
            last = self._memory.sequence(self._names.origins.items[author])
            known = self._known[author] = [(last, self._memory.time)] if last else []
        return known

    def _expected_time(self, author: int, sequence: int, newest: int) -> tuple[int, int]:
        """When the write with that sequence was made, as its neighbours have it, and how far off that may be."""
        known = self._known_of(author)
        place = bisect_left(known, (sequence, 0))
        below = known[place - 1][1] if place else newest
        above = known[place][1] if place < len(known) else newest
        return below, (abs(above - below) // self._unit).bit_length()

    def say_place(self, row: Row, place: int, before: int) -> int:
        """Which of its row's stamps a write has."""
        count = len(row.stamps)
        if count == 1:
            return 0
        if count <= 16:
            return self._coder.choice(Slot.STAMP, count, place, count, before)
        place = self._coder.number(Slot.STAMP, 0, place, before)
        if place >= count:
            raise WireError("a batch has a write with a stamp that is not there")
        return place

    # Sights.

    def say_seen(
        self, whose: Whose, seen: Mapping[int, int], expected: Mapping[int, int]
    ) -> Mapping[int, int]:
        """What was seen, by numbers of origins, where something like `expected` is likely."""
        coder, origins = self._coder, self._names.origins
        if coder.choice(Slot.SEEN, whose, int(seen == expected), 2):
            return expected
        items = sorted(seen.items())
        count = coder.number(Slot.SEEN_COUNT, whose, len(items), len(expected))
        self._budget.spend(_STAMP_COST * count)
        found: dict[int, int] = {}
        for place in range(count):
            origin, sequence = (0, 0) if coder.reading else items[place]
            origin = self._checked(coder.number(Slot.SEEN_ORIGIN, whose, origin), origins)
            base = expected.get(origin, self._memory.sequence(origins.items[origin]))
            sequence = base + say_signed(coder, Slot.SEEN_SEQUENCE, whose, sequence - base)
            if not 0 <= sequence < _SEQUENCE_LIMIT:
                raise WireError("a batch has a sequence out of range")
            found[origin] = sequence
        return found
