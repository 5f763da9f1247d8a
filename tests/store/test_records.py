"""Asking for records."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.records.model import Record
from radiosync.records.value import Number
from radiosync.store import Store, TableCount
from radiosync.store.records import LOOKUP_KEYS, canonical_text
from radiosync.sync.ports import Delivery
from radiosync.wire.context import RecordKey
from tests.store.stores import (
    NOTHING,
    Statements,
    all_records,
    delete,
    history,
    merged,
    open_store,
    pass_on,
    put,
    stamp,
    uuid,
    write,
)


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("a") as store:
        yield store


def names(records: Iterator[Record]) -> list[tuple[str, int]]:
    return [(record.table, int(record.uuid)) for record in records]


def test_an_unknown_record_is_none(store: Store) -> None:
    store.edit([put(1)])
    assert store.record("shelter", uuid(2)) is None
    assert store.record("other", uuid(1)) is None


def test_records_come_by_newest_time_then_table_then_identity(store: Store) -> None:
    store.edit(
        [
            put(3, wall_ms=10, name="x"),
            put(2, wall_ms=10, name="x"),
            put(9, "camp", wall_ms=10, name="x"),
            put(1, wall_ms=30, name="x"),
            put(4, wall_ms=20, name="x"),
        ]
    )
    store.edit([put(3, wall_ms=40, name="y")])
    assert names(store.records()) == [
        ("camp", 9),
        ("shelter", 2),
        ("shelter", 4),
        ("shelter", 1),
        ("shelter", 3),
    ]


def test_dead_records_and_other_tables_are_left_out(store: Store) -> None:
    store.edit([put(1, name="x"), put(2, name="x"), put(3, "camp", name="x"), delete(1)])
    assert names(store.records(["shelter"])) == [("shelter", 2)]
    assert sorted(names(store.records(["shelter"], include_dead=True))) == [("shelter", 1), ("shelter", 2)]
    assert names(store.records([])) == []


def test_the_order_needs_no_sorting(store: Store) -> None:
    """A million records are streamed from an index, not sorted in memory first."""
    watched = Statements(store)
    store.edit([put(1)])
    watched.start()
    list(store.records(include_dead=True))
    list(store.content())
    assert [text.split()[0] for text, _ in watched.texts] == ["BEGIN", "SELECT", "COMMIT"] * 2
    for text, _ in watched.texts:
        if text.startswith("SELECT"):
            with store._database.read() as connection:
                plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all())
            assert "USING INDEX" in plan
            assert "B-TREE" not in plan


def test_records_are_as_they_stood_when_the_first_was_read(tmp_path: Path) -> None:
    with open_store("a", tmp_path / "a.db") as store:
        store.edit(put(number, name="old") for number in range(2000))
        stream = store.records()
        first = next(stream)
        store.edit([*(put(number, name="new") for number in range(2000)), put(5000)])
        assert [record.fields["name"] for record in (first, *stream)] == ["old"] * 2000


def test_a_stream_that_is_left_lets_go_of_the_database(tmp_path: Path) -> None:
    store = open_store("a", tmp_path / "a.db")
    store.edit(put(number) for number in range(2000))
    stream = store.records()
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]


def test_tables_are_counted(store: Store) -> None:
    assert store.tables() == []
    store.edit([put(1), put(2), put(3, "camp"), delete(2), delete(3, "camp")])
    assert store.tables() == [TableCount("camp", alive=0, dead=1), TableCount("shelter", alive=1, dead=1)]


def test_many_records_are_looked_up_in_few_statements(store: Store) -> None:
    count = 2 * LOOKUP_KEYS + 1
    store.edit(put(number) for number in range(count))
    watched = Statements(store)
    with store._database.read() as connection:
        found = store._records.load(
            connection, [RecordKey("shelter", uuid(number)) for number in range(count + 5)]
        )
    assert len(found) == count
    assert sum(text.startswith("SELECT record") for text, _ in watched.texts) == 3


# What makes two stores the same.


def content_of(store: Store, changes: list[Record]) -> tuple[list[str], str]:
    here = store.add_partner("sender", b"sender!!")
    for number, change in enumerate(changes, 1):
        store.deliver(here, Delivery(number, [change], b"", NOTHING))
    return list(store.content()), store.content_digest()


@given(st.randoms(use_true_random=False))
@settings(max_examples=12)
def test_content_does_not_depend_on_the_order_of_arrival(random: Random) -> None:
    changes = history(random, steps=15)
    with open_store("a") as first, open_store("b") as second:
        assert content_of(first, changes) == content_of(second, changes[::-1])


def test_content_is_one_line_for_each_record_dead_ones_too(store: Store) -> None:
    store.edit([put(2, name="x"), put(1, name="y\n", beds=Number("1.0")), delete(2)])
    pass_on(store)
    lines = list(store.content())
    assert lines == [
        canonical_text(all_records(store)[RecordKey("shelter", uuid(number))]) for number in (1, 2)
    ]
    assert '"1.0"' in lines[0]
    assert not any("\n" in line for line in lines)
    assert (
        store.content_digest() == hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
    )


BASE = Record("t", uuid(1), 0, {"x": (write("a", 2, "v", b=1), write("c", 1, "w"))})


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, table="u"),
        replace(BASE, uuid=uuid(2)),
        replace(BASE, life=1),
        replace(BASE, writes={"y": BASE.writes["x"]}),
        replace(BASE, writes={"x": BASE.writes["x"][:1]}),
        replace(BASE, writes={"x": (write("a", 2, "V", b=1), write("c", 1, "w"))}),
        replace(BASE, writes={"x": (write("a", 2, None, b=1), write("c", 1, "w"))}),
        replace(BASE, writes={"x": (write("a", 2, "v", b=1, time=9), write("c", 1, "w"))}),
        replace(BASE, writes={"x": (write("a", 3, "v", b=1, time=2), write("c", 1, "w"))}),
        replace(BASE, writes={"x": (write("d", 2, "v", b=1), write("c", 1, "w"))}),
        replace(BASE, writes={"x": (write("a", 2, "v", b=2), write("c", 1, "w"))}),
        replace(BASE, writes={"x": (write("a", 2, "v", b=1), write("c", 1, Number("1")))}),
    ],
)
def test_content_differs_where_records_do(other: Record) -> None:
    assert canonical_text(other) != canonical_text(BASE)


def test_a_number_and_a_text_of_the_same_digits_differ() -> None:
    texts = [
        canonical_text(Record("t", uuid(1), 0, {"x": (write("a", 1, value),)}))
        for value in ("1", Number("1"))
    ]
    assert texts[0] != texts[1]


def test_stamps_are_shown_with_the_whole_origin() -> None:
    assert stamp("a", 2).dot.origin.station.hex() in canonical_text(BASE)


def test_every_record_is_held_as_merging_makes_it(store: Store) -> None:
    changes = history(Random(7), steps=40)
    content_of(store, changes)
    assert all_records(store) == merged(changes)
