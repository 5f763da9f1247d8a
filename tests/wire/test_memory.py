"""What both ends of a direction remember: the same, bounded, and there again after a restart."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.limits import MEMORY_BYTES, MEMORY_RECORDS
from radiosync.records.clock import from_milliseconds
from radiosync.records.edit import Edit, Pen, apply_edit
from radiosync.records.merge import merge
from radiosync.records.model import Change, Dot, Grave, Origin, Record, Stamp, Write
from radiosync.records.value import Number, Value
from radiosync.wire.context import FieldKey, RecordKey
from radiosync.wire.layoutrow import RowKind
from radiosync.wire.layoutvalue import HINT_BYTES, NO_HINT
from radiosync.wire.memory import Memory
from tests.wire.changes import batches

A, B = Origin(b"A" * 8, 7), Origin(b"B" * 8, 1)
KEY = RecordKey("shelter", UUID(int=1))


def stamp(sequence: int, origin: Origin = A, seconds: int = 0) -> Stamp:
    return Stamp(from_milliseconds(1000 * seconds), Dot(origin, sequence))


def put(number: int, at: Stamp, table: str = "shelter", **fields: Value | None) -> Change:
    return Record(table, UUID(int=number), 0, {name: (Write(at, value),) for name, value in fields.items()})


def taught(*changes: Change) -> Memory:
    memory = Memory()
    memory.learn(changes)
    return memory


def test_an_empty_memory_expects_nothing() -> None:
    memory = Memory()
    assert memory.record(KEY) is None
    assert memory.is_alive(KEY) is None
    assert memory.recent() == {}
    assert (memory.time, memory.sequence(A), memory.mask("shelter", RowKind.UPDATE)) == (0, 0, [])
    assert memory.latest(FieldKey("shelter", "name")) is NO_HINT


def test_a_record_is_remembered_with_its_last_values_and_fields() -> None:
    memory = taught(
        put(1, stamp(1), name="School", beds=Number("40"), note="x" * 100),
        put(1, stamp(2, B, 9), beds=Number("41")),
    )
    found = memory.record(KEY)
    assert found is not None
    assert (found.alive, found.life, found.mask) == (True, 0, ["beds"])
    assert {name: hint.text for name, hint in found.hints.items()} == {
        "name": b"School",
        "beds": b"41",
        "note": b"x" * HINT_BYTES,
    }
    assert found.seen == {A: 1, B: 2}
    assert memory.latest(FieldKey("shelter", "beds")).text == b"41"
    assert memory.mask("shelter", RowKind.BEGIN) == ["beds", "name", "note"]
    assert memory.mask("shelter", RowKind.UPDATE) == ["beds"]
    assert (memory.time, memory.sequence(A), memory.sequence(B)) == (from_milliseconds(9000), 1, 2)


def test_a_hint_is_cut_by_bytes() -> None:
    memory = taught(put(1, stamp(1), name="\N{SNOWMAN}" * 30))
    assert memory.latest(FieldKey("shelter", "name")).text == ("\N{SNOWMAN}" * 30).encode()[:HINT_BYTES]


def test_the_record_that_was_mentioned_last_comes_first() -> None:
    grave = Record("shelter", UUID(int=2), 0, {}, Grave(stamp(4)))
    memory = taught(put(1, stamp(1), name="a"), put(2, stamp(2), name="b"), put(3, stamp(3), name="c"), grave)
    memory.learn([put(1, stamp(5), name="d")])
    assert memory.recent() == {("shelter", True): [1, 3], ("shelter", False): [2]}


def test_what_the_next_life_will_have_seen_is_known() -> None:
    """As `records.edit` makes it: remembered deletes let a record that is put again cost nothing."""
    record: Record | None = None
    sequence = iter(range(1, 100))
    memory = Memory()
    for seconds, fields in enumerate(
        [{"name": "a"}, {"name": "b"}, None, {"name": "c"}, None, {"name": "d"}]
    ):
        known = memory.record(KEY)
        edit = Edit("shelter", UUID(int=1), fields)
        change = apply_edit(record, edit, Pen(A, lambda: next(sequence), 1000 * seconds))
        assert change is not None
        if known is not None and not known.alive:
            assert (known.life + 1, known.next_past) == (change.life, change.past)
        elif known is not None:
            assert (known.life, known.past) == (change.life, change.past)
        record = merge(record, change).record
        memory.learn([change])


def test_values_of_an_earlier_life_are_still_hints() -> None:
    memory = taught(
        put(1, stamp(1), name="a", city="b"),
        Record("shelter", UUID(int=1), 0, {}, Grave(stamp(2))),
        replace(put(1, stamp(3), name="c"), life=1, past={A: 2}),
    )
    found = memory.record(KEY)
    assert found is not None
    assert {name: hint.text for name, hint in found.hints.items()} == {"name": b"c", "city": b"b"}
    assert found.seen == {A: 3}


@given(st.lists(batches, max_size=4))
@settings(max_examples=15, deadline=None)
def test_a_memory_is_stored_and_read_and_stays_the_same(traffic: list[list[Change]]) -> None:
    memory, other = Memory(), Memory()
    for group in traffic:
        memory.learn(group)
        other = Memory.from_bytes(other.to_bytes())
        other.learn(group)
        assert other.to_bytes() == memory.to_bytes()
        for change in group:
            key = RecordKey(change.table, change.uuid)
            assert other.record(key) == memory.record(key)


@given(batches, batches)
@settings(max_examples=20, deadline=None)
def test_a_copy_learns_on_its_own(first: list[Change], second: list[Change]) -> None:
    memory = taught(*first)
    before = memory.to_bytes()
    copy = memory.copy()
    copy.learn(second)
    assert memory.to_bytes() == before
    assert copy.to_bytes() == taught(*first, *second).to_bytes()


def test_it_remembers_so_many_records_and_no_more() -> None:
    memory = Memory()
    memory.learn(put(number, stamp(number), name="a") for number in range(1, MEMORY_RECORDS + 11))
    recent = memory.recent()["shelter", True]
    assert (len(recent), recent[0], recent[-1]) == (MEMORY_RECORDS, MEMORY_RECORDS + 10, 11)


def test_it_holds_so_many_bytes_and_no_more() -> None:
    wide = {f"field {number}": "x" * 100 for number in range(1000)}
    memory = Memory()
    memory.learn(put(number, stamp(number), **wide) for number in range(1, 61))
    kept = memory.recent()["shelter", True]
    assert 20 < len(kept) < 60
    assert kept[0] == 60
    assert len(memory.to_bytes()) < MEMORY_BYTES + 100_000


SMALL = taught(
    put(1, stamp(1), name="School", beds=Number("40")),
    Record("t", UUID(int=2), 1, {}, Grave(stamp(4, B)), {A: 2}),
).to_bytes()


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 255))
def test_damaged_bytes_are_refused_or_a_memory(at: int, byte: int) -> None:
    use(SMALL[:at] + bytes([byte]) + SMALL[at + 1 :])


@given(st.binary(max_size=60))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        Memory.from_bytes(data)


JUNK: list[Any] = [
    None,
    True,
    -1,
    2**70,
    "",
    "x",
    b"",
    b"x",
    [],
    [0],
    [0, 1, 2, 3],
    [[1]],
    {},
    [b"x", 0, 0, 0],
    [0, b"x" * 16, True, b""],
]


@pytest.mark.parametrize("place", range(8))
def test_any_column_may_hold_anything(place: int) -> None:
    for junk in JUNK:
        columns = cbor2.loads(SMALL)
        columns[place] = junk
        use(cbor2.dumps(columns))


def test_a_record_that_is_none_is_refused_when_it_is_asked_for() -> None:
    columns = cbor2.loads(SMALL)
    for junk in (
        b"",
        b"x",
        cbor2.dumps([0, [9, 1], [], [], []]),
        cbor2.dumps([0, [], [], [9], []]),
        cbor2.dumps([0]),
    ):
        columns[7][3] = junk
        with pytest.raises(WireError):
            Memory.from_bytes(cbor2.dumps(columns)).record(KEY)


def use(data: bytes) -> None:
    """Load it and ask for everything; only the one documented error may come out."""
    try:
        memory = Memory.from_bytes(data)
        for (table, _), numbers in memory.recent().items():
            for number in numbers:
                memory.record(RecordKey(table, UUID(int=number)))
    except WireError:
        return
