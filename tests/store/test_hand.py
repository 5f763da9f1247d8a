"""What people have stopped stays stopped, for that partner alone, until they let it go."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from radiosync.errors import UsageError
from radiosync.store import OnItsWay, Store
from radiosync.sync.ports import Holds, Job, Partner
from radiosync.wire.context import RecordKey
from radiosync.wire.shape import Shape
from tests.store.stores import (
    JOB,
    all_records,
    delete,
    draft,
    open_store,
    origin,
    pair,
    pass_on,
    put,
    sync,
    uuid,
)

KEY = RecordKey("shelter", uuid(1))


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("a") as store:
        yield store


@pytest.fixture
def partner(store: Store) -> Partner:
    return store.add_partner("b", origin("b").station)


def planned(store: Store, partner: Partner, job: Job = JOB, after: int = 0) -> list[int]:
    return [int(change.uuid) for change in store.plan(partner, job, after, 1 << 30).changes]


# Holds.


def test_a_hold_is_kept_until_it_is_released(tmp_path: Path) -> None:
    with open_store("a", tmp_path / "a.db") as store:
        partner = store.add_partner("b", origin("b").station)
        assert store.holds(partner) == Holds()
        assert store.hold(partner, "stock")
        assert not store.hold(partner, "stock")
    with open_store("a", tmp_path / "a.db") as store:
        assert store.holds(partner) == Holds(False, frozenset({"stock"}))
        assert store.hold(partner)
        assert store.holds(partner).holds("anything")
        assert store.release(partner, "stock")
        assert not store.release(partner, "stock")
        assert store.holds(partner) == Holds(everything=True)


def test_a_release_of_everything_is_one_of_all_jobs(store: Store, partner: Partner) -> None:
    store.hold(partner, "stock")
    store.hold(partner)
    assert store.release(partner)
    assert store.holds(partner) == Holds()
    assert not store.release(partner)


def test_a_hold_is_for_one_partner(store: Store, partner: Partner) -> None:
    other = store.add_partner("c", origin("c").station)
    store.hold(partner)
    assert store.holds(other) == Holds()
    store.remove_partner("b")
    assert store.holds(store.add_partner("b", origin("b").station)) == Holds()


def test_status_says_what_is_on_hold(store: Store, partner: Partner) -> None:
    jobs = (Job("medical", frozenset({"medical"}), priority=0), Job("all"))
    store.edit([put(2, x="2"), put(3, x="3"), put(4, x="4"), put(1, "medical", x="1")])
    store.seal(partner, draft(store.plan(partner, jobs[1], 0, 1), scope=jobs[1].scope))
    store.hold(partner, "all")
    status = store.status(partner, jobs)
    assert status.on_the_way == {"all": 1}
    assert {table: each.changes for table, each in status.waiting.items()} == {"medical": 1, "shelter": 2}
    assert status.changes_held == 3
    store.hold(partner)
    assert store.status(partner, jobs).changes_held == 4


# Records.


def test_a_record_that_is_left_out_is_not_planned(store: Store, partner: Partner) -> None:
    other = store.add_partner("c", origin("c").station)
    store.edit([put(1, x="1"), put(2, x="2")])
    pass_on(store)
    assert store.leave_out(partner, KEY) is OnItsWay.NO
    assert store.leave_out(partner, KEY) is OnItsWay.NO
    store.edit([put(1, x="again"), delete(2)])
    assert planned(store, partner) == planned(store, partner, Job("each", every_edit=True))[:1] == [2]
    assert planned(store, other) == [1, 2]
    assert store.left_out(partner) == [KEY]
    assert store.left_out(other) == []
    assert store.status(partner, [JOB]).records_left_out == 1
    assert store.waiting(partner, [JOB])["shelter"].changes == 1


def test_a_record_that_is_put_back_goes_whole_to_that_partner_alone(store: Store, partner: Partner) -> None:
    other = store.add_partner("c", origin("c").station)
    store.edit([put(1, x="1", y="old"), put(2, x="2")])
    store.leave_out(partner, KEY)
    store.edit([put(1, x="1", y="new")])
    end = store.plan(partner, JOB, 0, 1 << 30).through
    assert planned(store, partner, after=end) == []
    assert store.put_back(partner, KEY)
    assert not store.put_back(partner, KEY)
    (change,) = store.plan(partner, JOB, end, 1 << 30).changes
    assert change == store.record("shelter", uuid(1))
    assert planned(store, other, after=end) == []
    assert store.left_out(partner) == []


def test_a_dead_record_that_is_put_back_takes_its_delete_along(store: Store, partner: Partner) -> None:
    store.edit([put(1, x="1")])
    store.leave_out(partner, KEY)
    pass_on(store)
    store.edit([delete(1)])
    store.put_back(partner, KEY)
    (change,) = store.plan(partner, JOB, 2, 1 << 30).changes
    assert change.grave is not None
    assert not change.writes


def test_only_what_is_there_can_be_left_out(store: Store, partner: Partner) -> None:
    for call in (store.leave_out, store.put_back):
        with pytest.raises(UsageError, match="no record"):
            call(partner, KEY)


@pytest.mark.parametrize("seed", range(10))
def test_whatever_was_left_out_in_between_both_end_equal(seed: int) -> None:
    random = Random(seed)
    with pair() as (a, b_there, b, a_there):
        for _ in range(30):
            store, there = random.choice([(a, b_there), (b, a_there)])
            number = random.randrange(1, 5)
            match random.randrange(5):
                case 0 | 1:
                    store.edit([put(number, x=str(random.random()), y="1")])
                case 2:
                    store.edit([delete(number)])
                case 3 if store.record("shelter", uuid(number)) is not None:
                    store.leave_out(there, RecordKey("shelter", uuid(number)))
                case _:
                    sync(a, b_there, b, a_there)
            for key in store.left_out(there) if random.random() < 0.3 else ():
                store.put_back(there, key)
        for store, there in ((a, b_there), (b, a_there)):
            for key in store.left_out(there):
                store.put_back(there, key)
        sync(a, b_there, b, a_there)
        assert list(a.content()) == list(b.content()), seed
        assert len(all_records(a)) == len(all_records(b))


def test_what_is_on_its_way_is_said(store: Store, partner: Partner) -> None:
    store.edit([put(1, x="1"), put(2, x="2")])
    store.seal(partner, draft(store.plan(partner, JOB, 0, 1 << 30), shape=Shape(5, 2)))
    assert store.leave_out(partner, KEY) is OnItsWay.BEGUN
    assert store.status(partner, [JOB]).unconfirmed[0].changes == 2
    store.promise_pieces(partner, {1: [4]})
    assert store.leave_out(partner, KEY) is OnItsWay.BEGUN
    store.promise_pieces(partner, {1: [5]})
    assert store.leave_out(partner, KEY) is OnItsWay.ON_AIR
    store.confirm(partner, 1)
    assert store.leave_out(partner, KEY) is OnItsWay.NO


def test_what_the_same_job_has_sealed_more_behind_cannot_be_taken_back(
    store: Store, partner: Partner
) -> None:
    store.edit([put(1, x="1"), put(2, x="2")])
    store.seal(partner, draft(store.plan(partner, JOB, 0, 1)))
    store.seal(partner, draft(scope="other", through=1))
    assert store.leave_out(partner, KEY) is OnItsWay.BEGUN
    store.seal(partner, draft(store.plan(partner, JOB, 1, 1)))
    assert store.leave_out(partner, KEY) is OnItsWay.ON_AIR
