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

from radiosync.records.model import Change, Grave, Record, Siblings, Stamp, Write, covers, join_seen
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
    if mine is None:
        return Merged(change, change, tuple(_lost_fields(change, None)))
    if change.life < mine.life:
        return Merged(mine, None, tuple(_lost_lives(change, mine)))
    if change.life > mine.life:
        return Merged(change, change, (*_lost_lives(mine, change), *_lost_fields(change, None)))
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
    return Merged(record, part, (*_lost_fields(record, mine), *_lost_delete(record, mine)))


def _join_siblings(first: Siblings, second: Siblings) -> Siblings:
    """All writes of both that none of the others replaces, the one that counts first."""
    if len(first) == len(second) == 1 and second[0].replaces(first[0]):
        return second
    by_stamp: dict[Stamp, Write] = {}
    for write in (*first, *second):
        known = by_stamp.get(write.stamp)
        by_stamp[write.stamp] = write if known is None else max(known, write, key=_text)
    every = by_stamp.values()
    kept = [write for write in every if not any(other.replaces(write) for other in every)]
    return tuple(sorted(kept, key=lambda write: write.stamp, reverse=True))


def _text(write: Write) -> str:
    """Orders two writes that claim one stamp, which only a damaged or forged database can make."""
    return "" if write.value is None else value_to_json(write.value)


def _join_graves(first: Grave | None, second: Grave | None) -> Grave | None:
    if first is None or second is None:
        return first or second
    newer, older = (first, second) if first.stamp >= second.stamp else (second, first)
    dot = older.stamp.dot
    return Grave(newer.stamp, join_seen(join_seen(newer.seen, older.seen), {dot.origin: dot.sequence}))


def _lost_fields(record: Record, before: Record | None) -> Iterator[Conflict]:
    """Losers among the siblings that had not lost before."""
    for name, siblings in record.writes.items():
        if len(siblings) > 1:
            known = () if before is None else before.writes.get(name, ())[1:]
            for write in siblings[1:]:
                if write not in known:
                    yield Conflict(ConflictKind.FIELD, name, write.stamp, write.value, siblings[0].stamp)


def _lost_delete(record: Record, before: Record) -> Iterator[Conflict]:
    """A delete that meets a write which it had not seen, unless that was known."""
    if record.grave is not None and record.alive and (before.grave is None or not before.alive):
        survivor = max(write.stamp for write in record.all_writes() if not record.grave.ends(write))
        yield Conflict(ConflictKind.DELETE, "", record.grave.stamp, None, survivor)


def _lost_lives(loser: Record, winner: Record) -> Iterator[Conflict]:
    """Writes of an earlier life that no delete had seen."""
    stamp = max((write.stamp for write in winner.all_writes()), default=None) or (
        winner.grave and winner.grave.stamp
    )
    for name, siblings in loser.writes.items():
        for write in siblings:
            if stamp is not None and not covers(winner.past, write.stamp.dot):
                yield Conflict(ConflictKind.LIFE, name, write.stamp, write.value, stamp)
