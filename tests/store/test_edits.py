"""Edits into the store: counted, dense, all or nothing, with little memory."""

from collections.abc import Iterator

import pytest

from radiosync.errors import UsageError
from radiosync.records.clock import from_milliseconds, to_milliseconds
from radiosync.records.edit import Edit
from radiosync.records.value import Number
from radiosync.store import EditSummary, Store
from radiosync.store.edits import CHUNK_EDITS
from tests.store.stores import JOB, Clock, Statements, all_records, delete, dump, open_store, put, uuid


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    with open_store("a", clock=clock) as store:
        yield store


def sequences(store: Store) -> list[int]:
    """Sequences of all changes in the log, in the order of their arrival."""
    there = store.add_partner("anyone", b"anyone!!")
    every_edit = JOB.__class__("every", every_edit=True)
    changes = store.plan(there, every_edit, 0, 1 << 40).changes
    stamps = [change.grave.stamp if change.grave else next(change.all_writes()).stamp for change in changes]
    return [stamp.dot.sequence for stamp in stamps]


def test_edits_are_counted_by_what_they_did(store: Store) -> None:
    edits = [
        put(1, name="x"),
        put(1, name="x"),
        put(1, name="y"),
        put(2),
        delete(1),
        delete(1),
        delete(3),
        put(1),
    ]
    assert store.edit(edits) == EditSummary(added=3, updated=1, deleted=1, unchanged=3)


def test_a_put_says_all_fields_of_a_record(store: Store) -> None:
    store.edit([put(1, name="x", beds=Number("10"), open=True)])
    store.edit([put(1, name="x", beds=Number("10.0"))])
    record = store.record("shelter", uuid(1))
    assert record is not None
    assert record.fields == {"name": "x", "beds": Number("10.0")}
    assert record.writes["name"][0].stamp.dot.sequence == 1
    assert record.writes["beds"][0].stamp.dot.sequence == 2
    assert record.writes["open"][0].value is None


def test_a_record_can_die_and_come_back_within_one_chunk(store: Store) -> None:
    store.edit([put(1, name="x"), delete(1), put(1, name="z")])
    record = store.record("shelter", uuid(1))
    assert record is not None
    assert (record.life, record.alive, record.fields) == (1, True, {"name": "z"})


def test_sequences_are_dense_whatever_was_unchanged_or_failed(store: Store) -> None:
    store.edit([put(1, name="x"), put(1, name="x"), put(2, name="y")])
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            store.edit(
                edit if number < 2 else put(1 // 0) for number, edit in enumerate([put(3), put(4), put(5)])
            )
    store.edit([delete(1), put(3, name="z")])
    assert sequences(store) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "fails_after", [0, 1, CHUNK_EDITS - 1, CHUNK_EDITS, CHUNK_EDITS + 1, 2 * CHUNK_EDITS + 3]
)
def test_nothing_is_applied_of_edits_that_end_in_an_error(store: Store, fails_after: int) -> None:
    store.edit([put(0, name="before")])
    before = dump(store)

    def broken() -> Iterator[Edit]:
        yield from (put(number, name="new") for number in range(fails_after))
        raise ValueError("line 7 is broken")

    with pytest.raises(ValueError, match="line 7"):
        store.edit(broken())
    assert dump(store) == before


def test_many_edits_are_read_as_they_are_written(store: Store) -> None:
    """Memory is bounded: no more than a chunk has been read when the first records are written."""
    watched, ahead = Statements(store), []

    def edits() -> Iterator[Edit]:
        for number in range(3 * CHUNK_EDITS):
            ahead.append(sum(text.startswith("INSERT INTO record") for text, _ in watched.texts))
            yield put(number, name="x")

    store.edit(edits())
    assert [ahead[0], ahead[CHUNK_EDITS], ahead[2 * CHUNK_EDITS]] == [0, 1, 2]
    assert len(all_records(store)) == 3 * CHUNK_EDITS


def test_an_edit_is_stamped_with_its_own_time_or_the_wall_clock(store: Store, clock: Clock) -> None:
    store.edit([put(1, wall_ms=123, name="x"), put(2, name="y")])
    newest = {record.uuid: record.newest for record in store.records()}
    assert newest[uuid(1)] == from_milliseconds(123)
    assert to_milliseconds(newest[uuid(2)]) == clock.now_ms


def test_a_later_edit_never_gets_an_earlier_stamp(store: Store, clock: Clock) -> None:
    store.edit([put(1, name="x")])
    clock.now_ms -= 3_600_000
    store.edit([put(1, name="y")])
    record = store.record("shelter", uuid(1))
    assert record is not None
    assert record.newest == from_milliseconds(clock.now_ms + 3_600_000) + 1


def test_the_store_can_be_read_by_whoever_makes_the_edits(store: Store) -> None:
    store.edit([put(1, name="x"), put(2, name="y")])
    summary = store.edit(delete(int(record.uuid)) for record in store.records())
    assert summary == EditSummary(deleted=2)

    def edits() -> Iterator[Edit]:
        assert store.record("shelter", uuid(1)) is not None
        yield put(3)

    assert store.edit(edits()) == EditSummary(added=1)


def test_records_of_one_identity_in_two_tables_are_two(store: Store) -> None:
    store.edit([put(1, "shelter", name="x"), put(1, "incident", name="y")])
    assert {record.table: record.fields["name"] for record in store.records()} == {
        "shelter": "x",
        "incident": "y",
    }


def test_what_no_partner_could_take_is_refused_here(store: Store) -> None:
    """A record with too many fields, or of a table with too long a name, would stop everything behind it."""
    before = dump(store)
    with pytest.raises(UsageError, match="name of a table"):
        store.edit([Edit("t" * 81, uuid(1), {})])
    with pytest.raises(UsageError, match="would have 1001 fields"):
        store.edit([put(1, name="x"), Edit("shelter", uuid(2), {f"f{n}": "x" for n in range(1001)})])
    assert dump(store) == before
