"""What a partner still needs: planned from the log and the state of today."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from radiosync.records.model import Change, Grave, Record
from radiosync.records.value import Number
from radiosync.store import Store, Waiting
from radiosync.sync.ports import Delivery, Job, Partner, Plan
from tests.store.stores import (
    JOB,
    NOTHING,
    Clock,
    Statements,
    delete,
    draft,
    merged,
    open_store,
    origin,
    pass_on,
    put,
    stamp,
    uuid,
    write,
)

EVERY = Job("every", every_edit=True)
MUCH = 1 << 40


class Hub:
    """Station a with the partners b and c; `hear` is how something comes from one of them."""

    def __init__(self) -> None:
        self.store = open_store("a")
        self.partners = {letter: self.store.add_partner(letter, origin(letter).station) for letter in "bc"}
        self._numbers = {"b": 0, "c": 0}
        for letter, partner in self.partners.items():
            self.store.begin_epoch(partner, 1, 0)
            self.store.meet(self.partners[letter], 1, 1, 0)

    def hear(self, letter: str, *changes: Change) -> None:
        self._numbers[letter] += 1
        self.store.deliver(self.partners[letter], Delivery(self._numbers[letter], changes, b"", NOTHING))

    def plan(self, letter: str, job: Job = JOB, after: int = 0, limit_bytes: int = MUCH) -> Plan:
        return self.store.plan(self.partners[letter], job, after, limit_bytes)


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.store.close()


def said(changes: Sequence[Change]) -> list[tuple[int, dict[str, object]]]:
    """Record and values of each change, the losers as a list."""
    return [
        (
            int(change.uuid),
            {
                name: writes[0].value if len(writes) == 1 else [write.value for write in writes]
                for name, writes in change.writes.items()
            },
        )
        for change in changes
    ]


def change(number: int, **writes: object) -> Change:
    return Record("shelter", uuid(number), 0, {name: (written,) for name, written in writes.items()})  # type: ignore[misc]


# The net effect.


def test_nothing_waits_in_an_empty_store(hub: Hub) -> None:
    assert hub.plan("b") == Plan([], 0, False)


def test_edits_of_one_record_travel_as_their_net_effect(hub: Hub) -> None:
    hub.store.edit([put(1, x="1", y="1"), put(2, x="1"), put(1, x="2", y="1"), put(1, x="3", y="1")])
    plan = hub.plan("b")
    assert said(plan.changes) == [(2, {"x": "1"}), (1, {"x": "3", "y": "1"})]
    assert (plan.through, plan.more) == (4, False)


def test_what_was_replaced_since_does_not_travel(hub: Hub) -> None:
    hub.store.edit([put(1, x="1", y="1")])
    hub.store.edit([put(1, x="2", y="1")])
    first = hub.plan("b", limit_bytes=1)
    assert said(first.changes) == [(1, {"y": "1"})]
    assert (first.through, first.more) == (1, True)
    second = hub.plan("b", after=1)
    assert said(second.changes) == [(1, {"x": "2"})]
    assert merged((*first.changes, *second.changes)) == merged(hub.store.records())


def test_nothing_of_an_earlier_life_travels(hub: Hub) -> None:
    hub.store.edit([put(1, x="1"), delete(1), put(1, x="2")])
    plan = hub.plan("b")
    assert said(plan.changes) == [(1, {"x": "2"})]
    assert merged(plan.changes) == merged(hub.store.records())


def test_a_tombstone_travels_without_what_it_ended(hub: Hub) -> None:
    hub.store.edit([put(1, x="1"), delete(1)])
    pass_on(hub.store)
    (change,) = hub.plan("b").changes
    (dead,) = hub.store.records(include_dead=True)
    assert change.grave == dead.grave
    assert not change.writes
    assert dead.writes


def test_a_tombstone_alone_travels_when_the_rest_is_there(hub: Hub) -> None:
    hub.store.edit([put(1, x="1")])
    pass_on(hub.store)
    hub.store.edit([delete(1)])
    (tomb,) = hub.plan("b", after=1).changes
    assert tomb.writes == {}
    assert tomb.grave is not None


def test_what_was_deleted_before_anybody_knew_it_is_nobodys_business(hub: Hub) -> None:
    hub.store.edit([put(1, x="1"), put(2, x="2"), delete(1)])
    plan = hub.plan("b")
    assert said(plan.changes) == [(2, {"x": "2"})]
    assert plan.collapsed == 2
    assert not [line for line in hub.store.content() if str(uuid(1)) in line]
    assert hub.store.record("shelter", uuid(1)) is not None, "it is kept for those who look back"


def test_a_second_life_of_what_nobody_knew_travels(hub: Hub) -> None:
    hub.store.edit([put(1, x="1"), delete(1), put(1, x="2")])
    (only,) = hub.plan("b").changes
    assert (only.life, only.grave, only.fields) == (1, None, {"x": "2"})


def test_what_one_partner_was_told_is_deleted_for_all(hub: Hub) -> None:
    hub.store.edit([put(1, x="1")])
    hub.store.seal(hub.partners["b"], draft(hub.plan("b")))
    hub.store.edit([delete(1)])
    for name in ("b", "c"):
        assert [tomb.grave is not None for tomb in hub.plan(name).changes] == [True], name


def test_what_a_partner_told_us_is_deleted_for_all(hub: Hub) -> None:
    hub.store.edit([put(1, x="1"), delete(1)])
    hub.hear("b", change(1, x=write("b", 1, "v")))
    hub.store.edit([delete(1)])
    for name in ("b", "c"):
        assert [tomb.grave is not None for tomb in hub.plan(name).changes] == [True], name


def test_who_wakes_what_nobody_knew_gets_its_delete_too(hub: Hub) -> None:
    hub.store.edit([put(1, x="1"), delete(1)])
    through = hub.plan("b").through
    hub.hear("b", change(1, y=write("b", 1, "v")))
    for name in ("b", "c"):
        (woken,) = hub.plan(name, after=through).changes
        assert woken.grave is not None, name
        assert woken.fields["x"] == "1", name


def test_who_knows_what_we_thought_nobody_knew_gets_its_delete(hub: Hub) -> None:
    """Two stations have made the same record, say from the same file. What comes is older than what we have."""
    hub.store.edit([put(1, x="1"), delete(1), put(1, x="2"), delete(1)])
    through = hub.plan("b").through
    hub.hear("b", change(1, x=write("b", 1, "v")))
    for name in ("b", "c"):
        (tomb,) = hub.plan(name, after=through).changes
        assert (tomb.life, tomb.grave is not None) == (1, True), name


def test_a_partner_that_shows_something_else_than_we_believed_may_know_everything(hub: Hub) -> None:
    hub.store.edit([put(1, x="1"), delete(1)])
    assert not hub.plan("b").changes
    hub.store.rewind(hub.partners["b"], 0)
    assert {change.uuid for change in hub.plan("b").changes} == {uuid(1)}


def test_what_we_may_have_forgotten_came_behind_the_transfer_that_is_gone_back_to(hub: Hub) -> None:
    """What had been deleted before was never told. What died since may have been, also if a cursor has passed it."""
    b = hub.partners["b"]
    hub.store.edit([put(1, x="1"), delete(1), put(2, x="2"), put(3, x="3")])
    hub.store.seal(b, draft(hub.plan("b"), scope=JOB.scope))
    hub.store.confirm(b, 1)
    hub.store.edit([put(4, x="4"), delete(4), put(5, x="5")])
    hub.store.skip(b, JOB.scope, hub.plan("b").through)
    hub.store.rewind(b, 1)
    hub.store.edit([delete(5)])
    after = hub.store.cursor(b, JOB.scope)
    assert {change.uuid for change in hub.plan("b", after=after).changes} == {uuid(4), uuid(5)}
    assert {change.uuid for change in hub.plan("c").changes} == {uuid(2), uuid(3), uuid(4), uuid(5)}
    assert len(list(hub.store.content())) == 4


def test_a_change_says_of_which_life_it_is(hub: Hub) -> None:
    hub.store.edit([put(1, x="1"), delete(1), put(1, x="2"), put(1, x="3")])
    (last,) = hub.plan("b", after=3).changes
    assert (last.life, last.past) == (1, {origin("a"): 2})


# Whose.


def test_a_partner_is_not_told_what_it_said(hub: Hub) -> None:
    hub.hear("b", change(1, x=write("b", 1, "v")), change(2, x=write("d", 1, "v")))
    assert hub.plan("b") == Plan([], 2, False)
    assert said(hub.plan("c").changes) == [(1, {"x": "v"}), (2, {"x": "v"})]


def test_a_partner_is_not_told_what_it_wrote_when_another_said_it(hub: Hub) -> None:
    hub.hear("c", change(1, x=write("b", 1, "v"), y=write("c", 1, "w")))
    assert said(hub.plan("b").changes) == [(1, {"y": "w"})]
    assert said(hub.plan("b", EVERY).changes) == [(1, {"y": "w"})]


def test_a_partner_with_a_new_database_is_told_what_it_said_with_the_old_one(hub: Hub) -> None:
    hub.hear("b", change(1, x=write("b", 1, "v")), change(2, x=write("d", 1, "v")))
    hub.store.begin_epoch(hub.partners["b"], 2, 0)
    assert said(hub.plan("b").changes) == [(1, {"x": "v"}), (2, {"x": "v"})]
    hub._numbers["b"] = 0
    hub.hear("b", change(3, x=write("d", 2, "v")))
    assert said(hub.plan("b").changes) == [(1, {"x": "v"}), (2, {"x": "v"})]


def test_a_value_that_lost_travels_while_nobody_has_replaced_it(hub: Hub) -> None:
    hub.store.edit([put(1, wall_ms=5, x="ours")])
    theirs = write("c", 1, "theirs", time=9 << 16)
    hub.hear("c", change(1, x=theirs))
    assert said(hub.plan("b").changes) == [(1, {"x": ["theirs", "ours"]})]
    assert said(hub.plan("c").changes) == [(1, {"x": "ours"})]
    hub.hear("c", change(1, x=write("c", 2, "both", time=10 << 16, a=1)))
    assert said(hub.plan("b").changes) == [(1, {"x": "both"})]
    assert said(hub.plan("c").changes) == []


def test_a_grave_that_was_joined_with_the_partners_own_goes_as_joined(hub: Hub) -> None:
    hub.store.edit([put(1, wall_ms=1, x="v"), delete(1, wall_ms=2)])
    theirs = Record("shelter", uuid(1), 0, {}, Grave(stamp("b", 5, time=3 << 16), {origin("a"): 1}))
    hub.hear("b", theirs)
    (tomb,) = hub.plan("b").changes
    mine = hub.store.record("shelter", uuid(1))
    assert mine is not None
    assert tomb.grave == mine.grave
    assert tomb.grave is not None
    assert tomb.grave.stamp == stamp("b", 5, time=3 << 16)
    assert tomb.grave.seen[origin("a")] == 2


# Where a plan ends.


def test_a_plan_ends_at_the_limit_yet_never_empty(hub: Hub) -> None:
    hub.store.edit(put(number, x="1234567890") for number in range(10))  # 20 bytes each
    assert [len(hub.plan("b", limit_bytes=limit).changes) for limit in (0, 20, 39, 40, 59, 200, 201)] == [
        1, 1, 1, 2, 2, 10, 10,
    ]  # fmt: skip
    plan = hub.plan("b", limit_bytes=60)
    assert (plan.through, plan.more) == (3, True)
    assert (hub.plan("b", limit_bytes=200).through, hub.plan("b", limit_bytes=200).more) == (10, False)


def test_plan_after_plan_says_everything_once(hub: Hub) -> None:
    hub.store.edit(put(number % 7, x=Number(str(number)), y="same") for number in range(100))
    for job in (JOB, EVERY):
        after, more = 0, True
        seen: list[Change] = []
        while more:
            plan = hub.plan("b", job, after, 30)
            assert plan.through > after
            after, more = plan.through, plan.more
            seen += plan.changes
        assert merged(seen) == merged(hub.store.records())
        assert len(seen) == (100 if job is EVERY else 8 + 7 - 1)


def test_through_moves_over_what_is_not_for_the_partner(hub: Hub) -> None:
    for sequence in range(1, 40):
        hub.hear("b", change(1, x=write("b", sequence, "v")))
    assert hub.plan("b") == Plan([], 39, False)
    hub.store.edit([put(2, x="v")])
    assert (hub.plan("b").through, hub.plan("b", limit_bytes=1).through) == (40, 40)
    assert hub.plan("b", after=40) == Plan([], 40, False)
    assert hub.plan("b", after=50) == Plan([], 50, False)


def test_a_job_is_about_its_tables(hub: Hub) -> None:
    hub.store.edit([put(1, "shelter", x="1"), put(2, "camp", x="2"), put(3, "stock", x="3")])
    job = Job("some", frozenset({"camp", "stock"}))
    assert said(hub.plan("b", job).changes) == [(2, {"x": "2"}), (3, {"x": "3"})]
    assert hub.plan("b", Job("none", frozenset())) == Plan([], 3, False)


# Every edit.


def test_with_every_edit_each_change_travels_as_it_was_made(hub: Hub) -> None:
    hub.store.edit([put(1, x="1", y="1"), put(1, x="2", y="1"), delete(1), put(1, x="3")])
    plan = hub.plan("b", EVERY)
    assert said(plan.changes) == [(1, {"x": "1", "y": "1"}), (1, {"x": "2"}), (1, {}), (1, {"x": "3"})]
    assert [each.life for each in plan.changes] == [0, 0, 0, 1]
    assert merged(plan.changes) == merged(hub.store.records())


def test_with_every_edit_the_limit_holds_as_well(hub: Hub) -> None:
    hub.store.edit(put(1, x=f"123456789{number}") for number in range(10))
    plan = hub.plan("b", EVERY, limit_bytes=65)
    assert (len(plan.changes), plan.through, plan.more) == (3, 3, True)


# What it costs.


def rows_visited(store: Store, watched: Statements) -> list[str]:
    """How the database looks for what the SELECTs seen so far ask."""
    found = []
    for text, values in list(watched.texts):
        if text.startswith("SELECT"):
            with store._database.read() as connection:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)  # type: ignore[arg-type]
                found += [row.detail for row in plan]
    return found


@pytest.mark.parametrize("job", [JOB, EVERY, Job("some", frozenset({"shelter", "camp"}))])
def test_planning_takes_time_by_changes_and_not_by_records(hub: Hub, job: Job) -> None:
    hub.store.edit(put(number, x="v") for number in range(3000))
    watched = Statements(hub.store)
    hub.store.edit([put(5, x="w")])
    watched.start()
    assert said(hub.plan("b", job, after=3000).changes) == [(5, {"x": "w"})]
    looks = rows_visited(hub.store, watched)
    assert "SEARCH change USING INTEGER PRIMARY KEY (rowid>?)" in looks
    assert "SEARCH record USING INTEGER PRIMARY KEY (rowid=?)" in looks
    assert not [look for look in looks if look.startswith("SCAN") and look != "SCAN station"]
    assert not [look for look in looks if "B-TREE" in look]


def test_planning_takes_few_statements(hub: Hub) -> None:
    hub.store.edit(put(number, x="v") for number in range(3000))
    watched = Statements(hub.store)
    hub.plan("b", limit_bytes=100)
    assert len(watched.texts) <= 6
    watched.start()
    assert len(hub.plan("b").changes) == 3000
    assert len(watched.texts) < 20


# What waits.


def waiting(hub: Hub, partner: Partner, *jobs: Job) -> dict[str, Waiting]:
    return hub.store.waiting(partner, jobs)


def test_what_waits_is_counted_by_table_from_the_oldest(hub: Hub) -> None:
    b = hub.partners["b"]
    assert waiting(hub, b, JOB) == {}
    hub.store.edit([put(1, wall_ms=30, x="1"), put(2, wall_ms=20, x="1"), put(3, "camp", wall_ms=40, x="1")])
    hub.store.edit([put(1, wall_ms=50, x="2")])
    assert waiting(hub, b, JOB) == {"shelter": Waiting(2, 20), "camp": Waiting(1, 40)}
    assert waiting(hub, b, EVERY) == {"shelter": Waiting(3, 20), "camp": Waiting(1, 40)}
    assert waiting(hub, b, replace(JOB, sends=False)) == {}


def test_what_is_in_a_transfer_does_not_wait(hub: Hub) -> None:
    b = hub.partners["b"]
    hub.store.edit([put(1, wall_ms=30, x="1")])
    hub.store.seal(b, draft(hub.plan("b")))
    assert waiting(hub, b, JOB) == {}
    hub.store.edit([put(2, "camp", wall_ms=30, x="1")])
    assert waiting(hub, b, JOB) == {"camp": Waiting(1, 30)}


def test_what_waits_in_several_jobs_is_added_up(hub: Hub) -> None:
    hub.store.edit(
        [put(1, wall_ms=30, x="1"), put(2, "camp", wall_ms=20, x="1"), put(3, "camp", wall_ms=10, x="1")]
    )
    jobs = Job("one", frozenset({"shelter"})), Job("two", frozenset({"camp"}))
    assert waiting(hub, hub.partners["b"], *jobs) == {"shelter": Waiting(1, 30), "camp": Waiting(2, 10)}


def test_the_clock_of_edits_without_a_time_is_the_stores(hub: Hub) -> None:
    hub.store.edit([put(1, x="1")])
    assert waiting(hub, hub.partners["b"], JOB) == {"shelter": Waiting(1, Clock().now_ms)}
