"""A record, whole or in part, as columns of the database.

`fields` is a JSON object of the values that count, sorted by name, numbers as they were written: what a person who looks
into the database wants to see. `writes` is JSON for the rest: who wrote which field, and what lost. Nearly always most
fields come from one write, so fields are grouped by stamp, and the largest group need not name its fields::

    [[group, ...], [loser, ...]]
    group   [time, origin, sequence, over, [name, ...]]      the first: the fields named nowhere else, and those named here
    loser   [time, origin, sequence, over, name, value]      value as JSON text, or null if the write emptied the field
    over    [origin, sequence, ...]

A field that is in a group and not in `fields` was emptied. `grave` is `[time, origin, sequence, seen]`, `past` and `seen`
are as `over`. An origin is the number of its row.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias
from uuid import UUID

from radiosync.records.model import NOTHING_SEEN, Dot, Grave, Origin, Record, Seen, Siblings, Stamp, Write
from radiosync.records.value import Value, fields_from_json, fields_to_json, parse_json, value_to_json

NumberOf: TypeAlias = Callable[[Origin], int]
"""Gives the number of an origin's row."""

OriginOf: TypeAlias = Callable[[int], Origin]
"""The way back."""

_Numbers: TypeAlias = list[int]
_Group: TypeAlias = tuple[Stamp, Seen, list[str]]

_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Content(NamedTuple):
    """A record's columns, apart from those that name it."""

    life: int
    fields: str
    writes: str
    grave: str | None
    past: str | None


def encode_record(record: Record, number_of: NumberOf) -> Content:
    """The columns of a record."""
    fields: dict[str, Value] = {}
    groups: dict[tuple[int, tuple[tuple[Origin, int], ...]], _Group] = {}
    losers: list[list[object]] = []
    for name, siblings in sorted(record.writes.items()):
        first = siblings[0]
        if first.value is not None:
            fields[name] = first.value
        # Fields that were written together share their stamp object, which is cheaper to compare than its value.
        key = (id(first.stamp), tuple(sorted(first.over.items())) if first.over else ())
        groups.setdefault(key, (first.stamp, first.over, []))[2].append(name)
        for write in siblings[1:]:
            value = None if write.value is None else value_to_json(write.value)
            losers.append([*_stamp(write.stamp, number_of), _seen(write.over, number_of), name, value])
    return Content(
        record.life,
        fields_to_json(fields),
        _dump([_groups(groups.values(), fields, number_of), losers]),
        None if record.grave is None else _dump(_grave(record.grave, number_of)),
        _dump(_seen(record.past, number_of)) if record.past else None,
    )


def decode_record(table: str, uuid: UUID, content: Content, origin_of: OriginOf) -> Record:
    """The record that `encode_record` made the columns from."""
    fields = fields_from_json(content.fields)
    groups, losers = json.loads(content.writes)
    writes: dict[str, Siblings] = {}
    for place, (time, origin, sequence, over, names) in enumerate(groups):
        stamp, seen = Stamp(time, Dot(origin_of(origin), sequence)), _read_seen(over, origin_of)
        for name in (*fields, *names) if place == 0 else names:
            writes[name] = (Write(stamp, fields.get(name), seen),)
    for time, origin, sequence, over, name, text in losers:
        value = None if text is None else _read_value(text)
        stamp = Stamp(time, Dot(origin_of(origin), sequence))
        writes[name] = (*writes[name], Write(stamp, value, _read_seen(over, origin_of)))
    grave = None if content.grave is None else _read_grave(content.grave, origin_of)
    past = NOTHING_SEEN if content.past is None else _read_seen(json.loads(content.past), origin_of)
    return Record(table, uuid, content.life, writes, grave, past)


def _groups(groups: Iterable[_Group], fields: Mapping[str, Value], number_of: NumberOf) -> list[list[object]]:
    largest_first = sorted(groups, key=lambda group: len(group[2]), reverse=True)
    found: list[list[object]] = []
    for stamp, over, names in largest_first:
        listed = names if found else [name for name in names if name not in fields]
        found.append([*_stamp(stamp, number_of), _seen(over, number_of), listed])
    return found


def _stamp(stamp: Stamp, number_of: NumberOf) -> _Numbers:
    return [stamp.time, number_of(stamp.dot.origin), stamp.dot.sequence]


def _seen(seen: Seen, number_of: NumberOf) -> _Numbers:
    return [number for origin, sequence in seen.items() for number in (number_of(origin), sequence)]


def _read_seen(numbers: _Numbers, origin_of: OriginOf) -> Seen:
    if not numbers:
        return NOTHING_SEEN
    return {origin_of(origin): sequence for origin, sequence in zip(numbers[::2], numbers[1::2], strict=True)}


def _grave(grave: Grave, number_of: NumberOf) -> list[object]:
    return [*_stamp(grave.stamp, number_of), _seen(grave.seen, number_of)]


def _read_grave(text: str, origin_of: OriginOf) -> Grave:
    time, origin, sequence, seen = json.loads(text)
    return Grave(Stamp(time, Dot(origin_of(origin), sequence)), _read_seen(seen, origin_of))


def _read_value(text: str) -> Value:
    value = parse_json(text)
    assert isinstance(value, Value)
    return value
