"""Batches there and back, and batches that nobody should have sent."""

import time
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.errors import ContextError, WireError
from radiosync.limits import (
    BATCH_BYTES,
    BATCH_CHANGES,
    CONTEXT_NAMES,
    FIELD_NAME_CHARACTERS,
    TABLE_NAME_CHARACTERS,
)
from radiosync.records.clock import LATEST, from_milliseconds
from radiosync.records.model import Change, Dot, Grave, Origin, Record, Stamp, Write
from radiosync.records.value import Number
from radiosync.wire.batch import SECOND, Column, encode_batch
from radiosync.wire.batchreader import read_batch
from radiosync.wire.context import Additions, Aliases, Context, FieldKey, RecordKey
from tests.wire.changes import NAMES, NASTY, ORIGINS, TABLES, UUIDS, End, batches, decode, encode

A, B = Origin(b"A" * 8, 7), Origin(b"B" * 8, 1)
NOTHING = Aliases()
EMPTY = Context()


def stamp(origin: Origin = A, sequence: int = 1, time: int = 5) -> Stamp:
    return Stamp(time, Dot(origin, sequence))


def change(number: int = 1, at: Stamp | None = None, table: str = "shelter", **fields: str | None) -> Change:
    at = at or stamp()
    return Record(table, UUID(int=number), 0, {name: (Write(at, value),) for name, value in fields.items()})


def read(plain: bytes, context: Context = EMPTY) -> tuple[list[Change], Additions]:
    return read_batch(plain).resolve(context, {}, {})


# There and back.


@given(batches)
@settings(max_examples=80, deadline=None)
def test_changes_survive_exactly(group: list[Change]) -> None:
    batch = encode_batch(group, EMPTY, NOTHING)
    assert read(batch.plain) == (group, batch.additions)


@given(st.lists(batches, min_size=1, max_size=5), st.data())
@settings(max_examples=30, deadline=None)
def test_two_ends_that_fold_the_same_batches_stay_the_same(
    traffic: list[list[Change]], data: st.DataObject
) -> None:
    """Both ways: each side names records by the aliases of both, and nothing but the batches tells either of them."""
    sent, heard = (End(), End()), (End(), End())
    for group in traffic:
        side = data.draw(st.integers(0, 1))
        batch = encode(group, sent[side], heard[1 - side].aliases)
        changes, additions = decode(
            batch.plain, heard[side].context, heard[side].aliases, sent[1 - side].aliases
        )
        assert (changes, additions) == (group, batch.additions)
        sent[side].fold(batch.plain, batch.additions)
        heard[side].fold(batch.plain, additions)
        assert sent == heard


@given(batches, batches, batches)
@settings(max_examples=25, deadline=None)
def test_batches_on_one_base_can_be_read_in_any_order(
    first: list[Change], second: list[Change], third: list[Change]
) -> None:
    """Two transfers on their way build on the same confirmed context, and add the same things twice."""
    base = End()
    start = encode(first, base, {})
    base.fold(start.plain, start.additions)
    two, three = encode(second, base, {}), encode(third, base, {})
    assert decode(three.plain, base.context, base.aliases, {}) == (third, three.additions)
    assert decode(two.plain, base.context, base.aliases, {}) == (second, two.additions)


@pytest.mark.parametrize("value", NASTY, ids=lambda value: repr(value)[:30])
def test_every_class_of_value_survives_in_a_column_and_in_an_extra(value: Any) -> None:
    old = Write(stamp(B, 1, 1), value)
    group = [Record("t", UUIDS[1], 0, {"in a column": (Write(stamp(), value), old), "in an extra": (old,)})]
    assert read(encode_batch(group, EMPTY, NOTHING).plain)[0] == group


def test_no_change_at_all_is_a_batch() -> None:
    assert read(encode_batch([], EMPTY, NOTHING).plain) == ([], Additions())


def test_what_is_known_is_not_said_again() -> None:
    group = [change(number, stamp(A, number, 5), name=f"shelter {number}") for number in (1, 2, 3)]
    end = End()
    first = encode(group, end, {})
    assert first.additions == Additions(
        (A,),
        ("shelter",),
        (FieldKey("shelter", "name"),),
        tuple(RecordKey("shelter", UUID(int=at)) for at in (1, 2, 3)),
    )
    end.fold(first.plain, first.additions)
    again = encode(group, end, {})
    assert again.additions == Additions()
    assert len(first.plain) - len(again.plain) > 60
    assert A.station not in again.plain


def test_a_record_named_by_each_side_is_named_by_the_senders_alias() -> None:
    key = RecordKey("shelter", UUID(int=1))
    group = [change(1, name="x")]
    plain = encode_batch(group, EMPTY, Aliases({key: 3}, {key: 4})).plain
    raw = read_batch(plain)
    assert (set(raw.ours), set(raw.theirs)) == ({3}, set())


def test_columns_cost_little_a_row() -> None:
    """Net effect of twenty edits of known records: the figure that all else builds on."""
    end = End()
    first = [change(number, stamp(A, number, 0), name="School", beds="40") for number in range(1, 21)]
    batch = encode(first, end, {})
    end.fold(batch.plain, batch.additions)
    second = [
        change(number, stamp(A, 20 + number, from_milliseconds(1000 * number)), beds="41")
        for number in range(1, 21)
    ]
    assert len(encode(second, end, {}).plain) <= 20 * 6 + 60


# Refusals.


def columns(group: list[Change] | None = None) -> list[Any]:
    """The columns of a small honest batch, to be spoiled."""
    group = group or [
        change(1, stamp(A, 1, 5), name="x", beds="4"),
        change(2, stamp(B, 9, 8), name="y"),
        change(1, stamp(A, 2, 9), name="z"),
        Record("shelter", UUID(int=2), 1, {}, Grave(stamp(A, 3, 9), {B: 9}), {B: 4}),
        Record(
            "shelter",
            UUID(int=2),
            0,
            {"name": (Write(stamp(A, 4, 9), "q", {B: 9}), Write(stamp(B, 1, 1), Number("1")))},
        ),
        Record(
            "shelter",
            UUID(int=3),
            0,
            {"name": (Write(stamp(A, 7, 9), "q"),), "beds": (Write(stamp(A, 6, 8), "4"),)},
        ),
    ]
    return list(cbor2.loads(encode_batch(group, EMPTY, NOTHING).plain))


JUNK: list[Any] = [
    None, True, 0, 1, -1, 2**62, 2**63, 2**64, 2**70, 1.5, float("nan"), "", "x", b"", b"x", b"\xff" * 12, b"\x00" * 16,
    [], [[]],
    [0], [-1], [None], [True], ["x"], [b"x"], [1.5], [2**70], [-(2**70)], [[0]], [[[0]]], {}, {1: 2}, [0] * 100, [1, 5] * 3,
    [[0, 1, 2, []]], [[0, 2, 0, [0]]], [[0, 3, 0, 0, 1, 0, None, []]], [[99, 1, 1, []]], [[-1, 1, 1, []]], [[0, 9, 0]],
    b"\x02\x02\x02\x02\x02",
]  # fmt: skip


def try_to_read(plain: bytes, context: Context = EMPTY) -> None:
    """Read as a mailbox does. Nothing but the two documented errors may come out."""
    try:
        raw = read_batch(plain)
        key = RecordKey("shelter", UUID(int=9))
        raw.resolve(context, dict.fromkeys(raw.ours, key), dict.fromkeys(raw.theirs, key))
    except (WireError, ContextError):
        return


@pytest.mark.parametrize("column", list(Column), ids=lambda column: column.name)
def test_any_column_may_hold_anything(column: Column) -> None:
    for junk in JUNK:
        spoiled = columns()
        spoiled[column] = junk
        try_to_read(cbor2.dumps(spoiled))


@pytest.mark.parametrize("column", list(Column), ids=lambda column: column.name)
def test_any_item_of_a_column_may_be_anything_or_missing(column: Column) -> None:
    for place in range(len(columns()[column]) if isinstance(columns()[column], list) else 0):
        for junk in JUNK:
            spoiled = columns()
            spoiled[column][place] = junk
            try_to_read(cbor2.dumps(spoiled))
        spoiled = columns()
        del spoiled[column][place]
        try_to_read(cbor2.dumps(spoiled))
        spoiled = columns()
        spoiled[column].insert(place, spoiled[column][place])
        try_to_read(cbor2.dumps(spoiled))


def test_any_number_in_an_extra_may_be_anything() -> None:
    for row, extra in enumerate(columns()[Column.EXTRAS]):
        for place in range(len(extra)):
            for junk in JUNK:
                spoiled = columns()
                spoiled[Column.EXTRAS][row][place] = junk
                try_to_read(cbor2.dumps(spoiled))


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises((WireError, ContextError)):
        read(data)


@given(batches, st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_flipped_bits_give_changes_or_a_refusal(group: list[Change], seed: int) -> None:
    random = Random(seed)
    plain = bytearray(encode_batch(group, EMPTY, NOTHING).plain)
    for _ in range(random.randint(1, 3)):
        plain[random.randrange(len(plain))] ^= 1 << random.randrange(8)
    try_to_read(bytes(plain))
    try_to_read(
        bytes(plain),
        Context(3, b"1234", tuple(ORIGINS), tuple(TABLES), tuple(FieldKey("shelter", x) for x in NAMES)),
    )


@given(batches)
@settings(max_examples=20, deadline=None)
def test_a_batch_cut_short_or_with_rubbish_around_it_is_refused(group: list[Change]) -> None:
    plain = encode_batch(group, EMPTY, NOTHING).plain
    for end in range(0, len(plain), max(1, len(plain) // 60)):
        with pytest.raises(WireError):
            read_batch(plain[:end])
    for spoiled in (plain + b"\x00", b"\x00" + plain, plain + plain):
        with pytest.raises(WireError):
            read_batch(spoiled)


SPOILED: dict[str, tuple[Column, Callable[[Any], Any], type[Exception]]] = {
    "half an origin": (Column.ORIGINS, lambda origins: origins[:-1], WireError),
    "too few origins": (Column.ORIGINS, lambda origins: b"", ContextError),
    "a table's name too long": (Column.TABLES, lambda _: ["x" * (TABLE_NAME_CHARACTERS + 1)], WireError),
    "a field's name too long": (Column.FIELDS, lambda _: [0, "x" * (FIELD_NAME_CHARACTERS + 1)], WireError),
    "half a field": (Column.FIELDS, lambda fields: fields[:-1], WireError),
    "a field of an unknown table": (Column.FIELDS, lambda _: [5, "x"], ContextError),
    "a field of a table below zero": (Column.FIELDS, lambda _: [-1, "x"], ContextError),
    "more new records than are used": (Column.NEW_UUIDS, lambda uuids: uuids + bytes(16), WireError),
    "fewer new records than are used": (Column.NEW_UUIDS, lambda uuids: uuids[16:], WireError),
    "no row at all": (Column.KINDS, lambda _: b"", WireError),
    "too many rows": (Column.KINDS, lambda _: b"\x02" * (BATCH_CHANGES + 1), WireError),
    "a row of a record that nobody named": (Column.KINDS, lambda kinds: b"\x00" + kinds[1:], WireError),
    "an alias too many": (Column.REFS, lambda refs: [*refs, 0], WireError),
    "a record again that never was": (Column.REFS, lambda refs: [7] * len(refs), ContextError),
    "an author below zero": (Column.AUTHORS, lambda _: -1, ContextError),
    "an unknown author": (Column.AUTHORS, lambda _: 2, ContextError),
    "a sequence of zero": (Column.SEQUENCES, lambda _: 0, WireError),
    "a sequence out of range": (Column.SEQUENCES, lambda _: 2**48, WireError),
    "times without a unit": (Column.TIMES, lambda times: [2, *times[1:]], WireError),
    "a time below zero": (Column.TIMES, lambda times: [1, -1, *times[2:]], WireError),
    "a time out of range": (Column.TIMES, lambda times: [SECOND, LATEST // 2, *times[2:]], WireError),
    "a time too few": (Column.TIMES, lambda times: times[:-1], WireError),
    "a field that nobody named": (Column.MASKS, lambda masks: [[0, 99], *masks[1:]], ContextError),
    "a mask that nobody stated": (Column.MASK_NUMBERS, lambda _: 99, ContextError),
    "a value too few": (Column.VALUES, lambda values: [values[0][:-1], *values[1:]], WireError),
    "a value too many": (Column.VALUES, lambda values: [values[0] + ["x"], *values[1:]], WireError),
    "a column of values too few": (Column.VALUES, lambda values: values[1:], WireError),
    "a column of values too many": (Column.VALUES, lambda values: [*values, []], WireError),
    "an older stamp for no row": (Column.OLDER_ROWS, lambda _: [9], ContextError),
    "an older stamp too few": (Column.OLDER_TIMES, lambda times: times[:-1], WireError),
    "an older stamp before time": (Column.OLDER_TIMES, lambda times: [2**62 for _ in times], WireError),
    "an older stamp without number": (Column.OLDER_SEQUENCES, lambda steps: [2**47 for _ in steps], WireError),
    "older stamps of a mask that nobody stated": (Column.OLDER_MASKS, lambda _: 99, ContextError),
    "an extra for no row": (Column.EXTRAS, lambda _: [[6, 1, 1, []]], WireError),
    "an extra of an unknown kind": (Column.EXTRAS, lambda _: [[0, 6, []]], WireError),
    "a life of zero": (Column.EXTRAS, lambda _: [[0, 1, 0, []]], WireError),
    "a life out of range": (Column.EXTRAS, lambda _: [[0, 1, 2**20, []]], WireError),
    "half a sight": (Column.EXTRAS, lambda _: [[0, 1, 1, [0]]], WireError),
    "the sight of a delete that is none": (Column.EXTRAS, lambda _: [[0, 4, []]], WireError),
    "what a write that is none replaced": (Column.EXTRAS, lambda _: [[1, 2, 1, []]], WireError),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_batch_is_refused(name: str) -> None:
    column, spoil, error = SPOILED[name]
    spoiled = columns()
    spoiled[column] = spoil(spoiled[column])
    with pytest.raises(error):
        read(cbor2.dumps(spoiled))


def test_the_batch_that_is_spoiled_above_is_good() -> None:
    assert len(read(cbor2.dumps(columns()))[0]) == 6


def test_a_row_that_changes_nothing_is_refused() -> None:
    spoiled = columns([change(1, name="x")])
    spoiled[Column.MASKS], spoiled[Column.VALUES] = [[]], []
    with pytest.raises(WireError, match="changes nothing"):
        read(cbor2.dumps(spoiled))


def test_a_field_of_another_table_is_refused() -> None:
    spoiled = columns([change(1, name="x"), change(2, table="incident", name="y")])
    spoiled[Column.MASK_NUMBERS] = 0
    spoiled[Column.VALUES] = [["x", "y"]]
    with pytest.raises(WireError, match="another table"):
        read(cbor2.dumps(spoiled))


def test_an_alias_that_we_do_not_share_is_a_matter_of_context() -> None:
    key = RecordKey("shelter", UUID(int=1))
    for aliases in (Aliases({key: 5}), Aliases({}, {key: 5})):
        raw = read_batch(encode_batch([change(1, name="x")], EMPTY, aliases).plain)
        with pytest.raises(ContextError):
            raw.resolve(EMPTY, {}, {})


def test_a_batch_read_against_too_short_a_context_is_a_matter_of_context() -> None:
    end = End()
    first = encode([change(1, name="x")], end, {})
    end.fold(first.plain, first.additions)
    raw = read_batch(encode([change(2, name="y")], end, {}).plain)
    with pytest.raises(ContextError):
        raw.resolve(EMPTY, {}, {})


def test_a_partner_cannot_make_us_remember_names_without_end() -> None:
    known = Context(1, b"1234", (), (), tuple(FieldKey("shelter", str(at)) for at in range(CONTEXT_NAMES)))
    with pytest.raises(WireError, match="too many names"):
        read(encode_batch([change(1, name="x")], Context(), NOTHING).plain, known)


# Cost.


def heavy() -> dict[str, bytes]:
    """Batches that ask for much more work than their bytes are worth."""
    one = columns([change(1, stamp(A, 1, LATEST), name="x")])
    rows = BATCH_CHANGES

    def with_(**spoiled: Any) -> bytes:
        found = list(one)
        for name, value in spoiled.items():
            found[Column[name]] = value
        return cbor2.dumps(found)

    many_rows = {
        "KINDS": b"\x02" * rows,
        "NEW_UUIDS": bytes(16 * rows),
        "NEW_TABLES": 0,
        "TIMES": [1, 5, *[0] * (rows - 1)],
        "FIELDS": [part for at in range(1000) for part in (0, str(at))],
        "MASKS": [list(range(1000)), [0]],
    }
    return {
        "siblings": with_(EXTRAS=[[0, 3, 0, 0, at, at, None, []] for at in range(2, 20_000)]),
        "the same sight": with_(EXTRAS=[[0, 2, 0, [0, 1]]] * 20_000),
        "lives": with_(EXTRAS=[[0, 1, 1, []]] * 20_000),
        "wide masks": with_(**many_rows, VALUES=[[]] * 1000),
        "wide older masks": with_(
            **many_rows, MASK_NUMBERS=1, VALUES=[[None] * rows], OLDER_ROWS=[0, *[1] * (rows - 1)], OLDER_AUTHORS=0,
            OLDER_SEQUENCES=0, OLDER_TIMES=0, OLDER_MASKS=0,
        ),
        "one field again and again": with_(MASKS=[[0] * 1000], VALUES=[[None] * 1000]),
        "records without rows": with_(NEW_UUIDS=bytes(16 * 200_000)),
        "names": with_(TABLES=["x" * 60] * 60_000),
        "numbers": with_(VALUES=[[10**18] * 40_000]),
        "a long literal": with_(VALUES=[[["1" * 1_000_000]]]),
        "a long integer": with_(SEQUENCES=2 ** (8 * 1_000_000)),
    }  # fmt: skip


@pytest.mark.parametrize("name", heavy())
def test_no_batch_takes_longer_than_its_bytes_are_worth(name: str) -> None:
    """The bound is wide, for a busy machine; what it must catch takes minutes, or gigabytes."""
    plain = heavy()[name]
    assert len(plain) < BATCH_BYTES
    began = time.process_time()
    try_to_read(plain)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("name", ["wide masks", "wide older masks", "records without rows", "a long integer"])
def test_no_batch_takes_more_memory_than_its_bytes_are_worth(name: str) -> None:
    plain = heavy()[name]
    tracemalloc.start()
    try:
        try_to_read(plain)
        assert tracemalloc.get_traced_memory()[1] < 20 * BATCH_BYTES
    finally:
        tracemalloc.stop()


def test_a_batch_beyond_the_limit_is_not_even_looked_at() -> None:
    with pytest.raises(WireError, match="longer than the limit"):
        read_batch(bytes(BATCH_BYTES + 1))
