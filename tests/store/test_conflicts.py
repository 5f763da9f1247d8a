"""What lost is kept, once, until somebody has replaced it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from radiosync.records.merge import ConflictKind
from radiosync.records.model import Change, Grave, Record, Write
from radiosync.records.value import Number
from radiosync.store import NotedConflict, Store
from radiosync.sync.ports import Delivery, Partner
from radiosync.wire.context import RecordKey
from tests.store.stores import NOTHING, Clock, delete, open_store, origin, put, stamp, uuid, write

KEY = RecordKey("shelter", uuid(1))


class Desk:
    """Station a, which hears from b."""

    def __init__(self) -> None:
        self.clock = Clock(1000)
        self.store: Store = open_store("a", clock=self.clock)
        self.partner: Partner = self.store.add_partner("b", origin("b").station)
        self.number = 0

    def hear(self, *changes: Change) -> None:
        self.number += 1
        self.store.deliver(self.partner, Delivery(self.number, changes, b"", NOTHING))

    def only(self) -> NotedConflict:
        (conflict,) = self.store.conflicts()
        return conflict


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.store.close()


def theirs(life: int = 0, **fields: Write) -> Change:
    return Record(*KEY, life, {name: (written,) for name, written in fields.items()})


def test_edits_that_follow_each_other_make_no_conflict(desk: Desk) -> None:
    desk.store.edit([put(1, wall_ms=1, x="ours")])
    desk.hear(theirs(x=write("b", 1, "theirs", time=9 << 16, a=1)))
    assert desk.store.conflicts() == []


def test_a_value_that_lost_is_kept(desk: Desk) -> None:
    desk.store.edit([put(1, wall_ms=1, x=Number("1.0"))])
    desk.hear(theirs(x=write("b", 1, "theirs", time=9 << 16)))
    assert desk.only() == NotedConflict(
        key=KEY,
        kind=ConflictKind.FIELD,
        field="x",
        loser=stamp("a", 1, time=1 << 16),
        value=Number("1.0"),
        winner=stamp("b", 1, time=9 << 16),
        noticed_at=1000,
        settled_at=None,
    )


def test_it_is_settled_when_what_lost_has_been_replaced(desk: Desk) -> None:
    desk.store.edit([put(1, wall_ms=1, x="ours")])
    desk.hear(theirs(x=write("b", 1, "theirs", time=9 << 16)))
    noted = desk.only()
    desk.clock.now_ms = 2000
    desk.hear(theirs(y=write("b", 2, "elsewhere", time=10 << 16)))
    assert desk.store.conflicts(only_open=True) == [noted]
    desk.hear(theirs(x=write("b", 3, "both", time=11 << 16, a=1)))
    assert desk.store.conflicts(only_open=True) == []
    assert desk.only() == replace(noted, settled_at=2000)


def test_our_own_edit_settles_what_we_lost(desk: Desk) -> None:
    desk.store.edit([put(1, wall_ms=1, x="ours")])
    desk.hear(theirs(x=write("b", 1, "theirs", time=9 << 16)))
    desk.store.edit([put(1, wall_ms=20, x="agreed")])
    assert desk.only().settled_at == 1000


def test_it_is_noticed_once_however_often_it_is_said(desk: Desk) -> None:
    desk.store.edit([put(1, wall_ms=1, x="ours")])
    change = theirs(x=write("b", 1, "theirs", time=9 << 16))
    desk.hear(change, change)
    desk.hear(change)
    assert len(desk.store.conflicts()) == 1


def test_losers_that_arrive_as_such_are_noticed_too(desk: Desk) -> None:
    desk.hear(replace(theirs(), writes={"x": (write("b", 2, "won"), write("c", 1, "lost"))}))
    assert (desk.only().field, desk.only().value, desk.only().winner) == ("x", "lost", stamp("b", 2))


def test_a_delete_that_did_not_know_of_an_edit_loses(desk: Desk) -> None:
    desk.store.edit([put(1, wall_ms=1, x="1"), put(1, wall_ms=5, x="2")])
    desk.hear(Record(*KEY, 0, {}, Grave(stamp("b", 1, time=4 << 16), {origin("a"): 1})))
    lost = desk.only()
    assert (lost.kind, lost.field, lost.value, lost.settled_at) == (ConflictKind.DELETE, "", None, None)
    assert lost.winner == stamp("a", 2, time=5 << 16)
    desk.store.edit([put(1, wall_ms=6, x="3")])
    assert desk.only().settled_at is None
    desk.store.edit([delete(1)])
    assert desk.only().settled_at == 1000


def test_a_write_to_an_earlier_life_loses_and_stays_open(desk: Desk) -> None:
    desk.store.edit([put(1, wall_ms=1, x="1"), delete(1, wall_ms=2), put(1, wall_ms=3, x="2")])
    desk.hear(theirs(x=write("b", 1, "late", time=9 << 16)))
    desk.store.edit([put(1, wall_ms=10, x="3")])
    lost = desk.only()
    assert (lost.kind, lost.field, lost.value, lost.settled_at) == (ConflictKind.LIFE, "x", "late", None)


def test_conflicts_come_in_the_order_in_which_they_were_noticed(desk: Desk) -> None:
    desk.store.edit([put(1, wall_ms=1, x="1", y="1"), put(2, wall_ms=1, x="1")])
    desk.hear(replace(theirs(x=write("b", 1, "2", time=9 << 16)), uuid=uuid(2)))
    desk.hear(theirs(x=write("b", 2, "2", time=9 << 16)))
    desk.hear(theirs(y=write("b", 3, "2", time=9 << 16)))
    found = [(int(each.key.uuid), each.field) for each in desk.store.conflicts()]
    assert found == [(2, "x"), (1, "x"), (1, "y")]
