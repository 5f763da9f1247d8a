"""What of a transfer has gone out of date, and putting another one in its place."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from radiosync.errors import UsageError
from radiosync.records.model import Record
from radiosync.store import Store
from radiosync.sync.ports import Delivery, Direction, Job, Partner, Wear
from radiosync.wire.context import Additions, FieldKey, RecordKey
from radiosync.wire.shape import Shape
from tests.store.stores import JOB, NOTHING, delete, draft, dump, open_store, origin, put, uuid

OTHER = Shape(3, 3)


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("a") as store:
        yield store


@pytest.fixture
def partner(store: Store) -> Partner:
    return store.add_partner("b", origin("b").station)


def seal_all(store: Store, partner: Partner, **more: Any) -> None:
    plan = store.plan(partner, JOB, store.cursor(partner, JOB.scope), 1 << 30)
    store.seal(partner, draft(plan, **more))


def known(record: Record | None) -> Record:
    assert record is not None
    return record


def names(*tables: str) -> Additions:
    keys = tuple(RecordKey(table, uuid(number)) for number, table in enumerate(tables))
    return Additions((), tables, tuple(FieldKey(table, "f") for table in tables), keys)


# Wear.


def test_what_nobody_touched_is_not_worn(store: Store, partner: Partner) -> None:
    store.edit([put(1, x="1", y="1"), put(2, x="1")])
    assert store.worn(partner) == {}
    seal_all(store, partner)
    store.edit([put(3, x="1")])
    assert store.worn(partner) == {}


def test_writes_that_were_replaced_count(store: Store, partner: Partner) -> None:
    store.edit([put(1, x="1", y="1"), put(2, x="1")])
    seal_all(store, partner)
    store.edit([put(1, x="2", y="1")])
    assert store.worn(partner) == {1: Wear(3, 1)}
    store.edit([put(1, x="3", y="1")])
    assert store.worn(partner) == {1: Wear(3, 1)}
    store.edit([delete(2)])
    assert store.worn(partner) == {1: Wear(3, 2)}
    seal_all(store, partner)
    assert store.worn(partner) == {1: Wear(3, 2)}
    store.edit([put(2, x="again")])
    assert store.worn(partner) == {1: Wear(3, 2), 2: Wear(2, 1)}
    store.confirm(partner, 1)
    assert store.worn(partner) == {2: Wear(2, 1)}
    store.rewind(partner, 0)
    assert store.worn(partner) == {}
    assert dump(store)["carried"] == []


def test_what_another_partner_sends_replaces_too(store: Store, partner: Partner) -> None:
    other = store.add_partner("c", origin("c").station)
    store.edit([put(1, x="1")])
    with open_store("c") as c:
        there = c.add_partner("a", origin("a").station)
        c.deliver(there, Delivery(1, [known(store.record("shelter", uuid(1)))], b"", NOTHING))
        c.edit([put(1, x="2")])
        newer = known(c.record("shelter", uuid(1)))
    seal_all(store, partner)
    store.deliver(other, Delivery(1, [newer], b"", NOTHING))
    assert store.worn(partner) == {1: Wear(1, 1)}


def test_records_that_are_left_out_count(store: Store, partner: Partner) -> None:
    store.edit([put(1, x="1", y="1"), put(2, x="1")])
    seal_all(store, partner)
    store.leave_out(partner, RecordKey("shelter", uuid(2)))
    assert store.worn(partner) == {1: Wear(3, 0, left_out=1)}


# Sealing anew.


def test_a_batch_takes_the_place_of_another_one(store: Store, partner: Partner) -> None:
    """It is as if the old one had never been sealed: compared with a store in which it was not."""
    with open_store("a") as straight:
        straight.add_partner("b", origin("b").station)
        for each in (store, straight):
            each.edit([put(number, x="1") for number in range(1, 4)])
            each.seal(partner, draft(scope="s", through=1, plain=b"one", additions=names("t", "u")))
        store.seal(partner, draft(scope="s", through=2, plain=b"old", additions=names("v", "w")))
        for each in (store, straight):
            if each is straight:
                each.seal(partner, draft(scope="s", through=3, plain=b"new", additions=names("w", "x")))
            each.seal(partner, draft(scope="z", through=3, plain=b"last", additions=names("v", "y", "u")))
        new = draft(scope="s", through=3, plain=b"new", additions=names("w", "x"), shape=OTHER)
        sealed = store.seal_anew(partner, 2, new)
        assert sealed.sealed_anew
        assert store.unconfirmed(partner)[1] == sealed
        ours, theirs = dump(store), dump(straight)
        for table in ("version", "context_name", "alias", "exchange"):
            assert ours[table] == theirs[table]
        for number in range(4):
            assert store.mark(partner, number) == straight.mark(partner, number)
            context = store.context(partner, Direction.OUT, number)
            assert context == straight.context(partner, Direction.OUT, number)
        assert (store.cursor(partner, "s"), store.cursor(partner, "z")) == (3, 3)
        assert [store.cursor(partner, "s", number) for number in range(4)] == [0, 1, 3, 3]


def test_it_is_counted_once(store: Store, partner: Partner) -> None:
    store.edit([put(1, x="1"), put(1, x="2"), put(2, x="1")])
    seal_all(store, partner)
    store.edit([put(1, x="3")])
    plan = store.plan(partner, JOB, 0, 1 << 30)
    assert (len(plan.changes), plan.collapsed) == (2, 2)
    store.seal_anew(partner, 1, draft(plan, shape=OTHER))
    store.confirm(partner, 1)
    status = store.status(partner, [JOB])
    assert (status.changes_confirmed, status.edits_collapsed) == (2, 2)


def test_what_may_have_arrived_is_not_taken_back(store: Store, partner: Partner) -> None:
    store.seal(partner, draft(scope="s", through=1, shape=Shape(200, 5)))
    new = draft(scope="s", through=1, shape=OTHER)
    store.promise_pieces(partner, {1: [100, 99]})
    store.seal_anew(partner, 1, new)
    store.promise_pieces(partner, {1: [3]})
    before = dump(store)
    for number in (0, 1, 2):
        with pytest.raises(UsageError, match="cannot be taken back"):
            store.seal_anew(partner, number, new)
    store.confirm(partner, 1)
    with pytest.raises(UsageError, match="cannot be taken back"):
        store.seal_anew(partner, 1, new)
    assert before["version"] == dump(store)["version"]


# Edits that never travel.


def test_edits_that_a_newer_one_replaced_are_counted(store: Store, partner: Partner) -> None:
    store.edit([put(1, x=str(number)) for number in range(5)])
    store.edit([put(2, x="1"), put(2, x="1", y="1")])
    plan = store.plan(partner, JOB, 0, 1 << 30)
    assert plan.collapsed == 4  # both edits of record 2 travel, as one change
    assert store.plan(partner, Job("each", every_edit=True), 0, 1 << 30).collapsed == 0
    seal_all(store, partner)
    assert store.status(partner, [JOB]).edits_collapsed == 0
    store.confirm(partner, 1)
    assert store.status(partner, [JOB]).edits_collapsed == 4


def test_what_the_partner_said_itself_is_not_counted(store: Store, partner: Partner) -> None:
    store.edit([put(1, x="1")])
    with open_store("b") as b:
        there = b.add_partner("a", origin("a").station)
        b.edit([put(2, x="1"), put(2, x="2")])
        changes = b.plan(there, Job("each", every_edit=True), 0, 1 << 30).changes
    store.deliver(partner, Delivery(1, changes, b"", NOTHING))
    assert store.plan(partner, JOB, 0, 1 << 30).collapsed == 0


@pytest.mark.parametrize("seed", range(8))
def test_each_edit_either_travels_or_is_counted(seed: int) -> None:
    """Whatever the size of the batches: edits of one field, so that each edit is one write."""
    random = Random(seed)
    with open_store("a") as store:
        partner = store.add_partner("b", origin("b").station)
        edits = 200
        store.edit([put(random.randrange(20), x=str(number)) for number in range(edits)])
        after = travelled = collapsed = 0
        while True:
            plan = store.plan(partner, JOB, after, random.randrange(1, 200))
            travelled, collapsed, after = (
                travelled + len(plan.changes),
                collapsed + plan.collapsed,
                plan.through,
            )
            if not plan.more:
                break
        assert (travelled, travelled + collapsed) == (20, edits)
