"""Merging a change into a record: the one place where two stations become equal.

The rules, which hold in any order of arrival and with any repetition:

- The later life wins whole. Writes of an earlier life never show up in a later one.
- Within a life, a field keeps every write that no other write replaces. The one with the greatest stamp counts ("newer
  wins"); each other one lost a conflict and is kept until somebody replaces it.
- A delete wins only over what it had seen. A write that it had not seen keeps the record alive, with all its fields.

Whatever loses is reported as a `Conflict`, so that a person can see it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from radiosync.records.model import Change, Grave, Origin, Record, Siblings, Stamp, Write, covers, join_seen
from radiosync.records.value import Value, value_to_json


class ConflictKind(Enum):
    """Why a value or a delete lost."""

    FIELD = "field"
    """Two stations wrote the same field, neither knowing of the other."""
    DELETE = "delete"
    """A record was deleted by a station that did not know of a write; the record stays."""
    LIFE = "life"
    """A write to a record which, unknown to the writer, had been deleted and begun again."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that lost, and what it lost against.

    Attributes:
        kind: why.
        field: name of the field; empty for a delete.
        loser: stamp of what lost.
        value: the value that lost; None for an emptied field or a delete.
        winner: stamp of what counts instead.
    """

    kind: ConflictKind
    field: str
    loser: Stamp
    value: Value | None
    winner: Stamp


@dataclass(frozen=True, slots=True)
class Merged:
    """Outcome of a merge.

    Attributes:
        record: the record as it stands now.
        moved: the part of the change that was new here, to be passed on to others; None if there was nothing new.
        conflicts: what lost by this merge.
    """

    record: Record
    moved: Change | None
    conflicts: tuple[Conflict, ...] = ()


def merge(mine: Record | None, change: Change) -> Merged:
    """Merge `change` into `mine`, the record with the same table and identity (None if it is unknown here)."""
    change = _in_order(change)
    if mine is None:
        return Merged(change, change, tuple(_lost_in_life(change, None, change)))
    if change.life < mine.life:
        return Merged(mine, None, tuple(_lost_lives(change, mine)))
    if change.life > mine.life:
        return Merged(change, change, (*_lost_lives(mine, change), *_lost_in_life(change, None, change)))
    return _merge_life(mine, change)


def _merge_life(mine: Record, change: Change) -> Merged:
    writes = dict(mine.writes)
    moved: dict[str, Siblings] = {}
    for name, theirs in change.writes.items():
        before = mine.writes.get(name, ())
        after = _join_siblings(before, theirs)
        new = tuple(write for write in after if write not in before)
        if new:
            writes[name], moved[name] = after, new
    grave = _join_graves(mine.grave, change.grave)
    record = replace(mine, writes=writes, grave=grave, past=join_seen(mine.past, change.past))
    if not moved and grave == mine.grave:
        return Merged(record, None)
    part = replace(record, writes=moved, grave=grave if grave != mine.grave else None)
    return Merged(record, part, tuple(_lost_in_life(record, mine, change)))


def _in_order(change: Change) -> Change:
    """The same change, each write once and the one that counts first, whatever a partner sent."""
    if all(len(siblings) == 1 for siblings in change.writes.values()):
        return change
    return replace(
        change, writes={name: _join_siblings((), siblings) for name, siblings in change.writes.items()}
    )


def _join_siblings(first: Siblings, second: Siblings) -> Siblings:
    """All writes of both that none of the others replaces, the one that counts first.

    What `Write.replaces` says of each pair is found here in one pass: a partner may send thousands of siblings. If each is
    replaced by another one, which only a forger can make, the newest stays.
    """
    if len(first) == len(second) == 1 and second[0].replaces(first[0]) and not first[0].replaces(second[0]):
        return second
    by_stamp: dict[Stamp, Write] = {}
    for write in (*first, *second):
        known = by_stamp.get(write.stamp)
        by_stamp[write.stamp] = write if known is None else max(known, write, key=_text)
    every = sorted(by_stamp.values(), key=lambda write: write.stamp, reverse=True)
    newest: dict[Origin, int] = {}
    replaced: dict[Origin, int] = {}
    for write in every:
        author = write.stamp.dot.origin
        newest[author] = max(newest.get(author, 0), write.stamp.dot.sequence)
        for origin, sequence in write.over.items():
            if origin != author:
                replaced[origin] = max(replaced.get(origin, 0), sequence)
    kept = [
        write
        for write in every
        if write.stamp.dot.sequence == newest[write.stamp.dot.origin]
        and not covers(replaced, write.stamp.dot)
    ]
    return tuple(kept or every[:1])


def _text(write: Write) -> str:
    """Orders two writes that claim one stamp, which only a damaged or forged database can make."""
    return "" if write.value is None else value_to_json(write.value)


def _join_graves(first: Grave | None, second: Grave | None) -> Grave | None:
    """The newer delete, with the sight of both. What goes without saying is left out, so that equal graves look equal."""
    if first is None or second is None:
        return first or second
    newer, older = (first, second) if first.stamp >= second.stamp else (second, first)
    mine, other = newer.stamp.dot, older.stamp.dot
    seen = join_seen(join_seen(newer.seen, older.seen), {other.origin: other.sequence})
    if seen.get(mine.origin, mine.sequence + 1) <= mine.sequence:
        seen = {origin: sequence for origin, sequence in seen.items() if origin != mine.origin}
    return Grave(newer.stamp, seen)


def _lost_in_life(record: Record, before: Record | None, change: Change) -> Iterator[Conflict]:
    yield from _lost_fields(record, before)
    yield from _lost_deletes(record, before, change)


def _lost_fields(record: Record, before: Record | None) -> Iterator[Conflict]:
    """Losers among the siblings that had not lost before."""
    for name, siblings in record.writes.items():
        if len(siblings) > 1:
            known = () if before is None else before.writes.get(name, ())[1:]
            for write in siblings[1:]:
                if write not in known:
                    yield Conflict(ConflictKind.FIELD, name, write.stamp, write.value, siblings[0].stamp)


def _lost_deletes(record: Record, before: Record | None, change: Change) -> Iterator[Conflict]:
    """Deletes that meet a write which they had not seen, unless that was known."""
    if record.grave is None or not record.alive:
        return
    survivor = max(write.stamp for write in record.all_writes() if not record.grave.ends(write))
    known = None if before is None else before.grave
    if known is None or (before is not None and not before.alive):
        yield Conflict(ConflictKind.DELETE, "", record.grave.stamp, None, survivor)
    elif change.grave is not None and not _knows(known, change.grave.stamp):
        yield Conflict(ConflictKind.DELETE, "", change.grave.stamp, None, survivor)


def _knows(grave: Grave, other: Stamp) -> bool:
    """True if a delete is, or was joined with, the one with that stamp."""
    return grave.stamp == other or covers(grave.seen, other.dot)


def _lost_lives(loser: Record, winner: Record) -> Iterator[Conflict]:
    """Writes of an earlier life that no delete had seen."""
    grave = None if winner.grave is None else winner.grave.stamp
    stamp = max((write.stamp for write in winner.all_writes()), default=grave)
    for name, siblings in loser.writes.items():
        for write in siblings:
            if stamp is not None and not covers(winner.past, write.stamp.dot):
                yield Conflict(ConflictKind.LIFE, name, write.stamp, write.value, stamp)
