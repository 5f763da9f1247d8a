"""Partners, contacts, and how things stand."""

from collections.abc import Iterator

import pytest

from radiosync.errors import UsageError
from radiosync.store import Contact, PartnerStatus, Store, UnconfirmedTransfer, Waiting
from radiosync.sync.ports import Delivery, Direction, Job, Partner
from radiosync.wire.context import Additions
from tests.store.stores import JOB, NOTHING, SHAPE, Clock, all_records, draft, dump, open_store, origin, put


@pytest.fixture
def clock() -> Clock:
    return Clock(1000)


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    with open_store("a", clock=clock) as store:
        yield store


def test_partners_are_listed_by_name(store: Store) -> None:
    base = store.add_partner("base", b"12345678", "N0CALL-7")
    alpha = store.add_partner("alpha", b"abcdefgh")
    assert base == Partner(base.key, "base", b"12345678", "N0CALL-7", None)
    assert store.partners() == [alpha, base]
    assert store.partner("base") == base


def test_names_and_stations_are_unique(store: Store) -> None:
    store.add_partner("base", b"12345678")
    with pytest.raises(UsageError, match="that name"):
        store.add_partner("base", b"other678")
    with pytest.raises(UsageError, match="that station: base"):
        store.add_partner("other", b"12345678")
    with pytest.raises(UsageError, match="its own partner"):
        store.add_partner("me", store.station)


def test_an_unknown_partner_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="'nobody'"):
        store.partner("nobody")
    with pytest.raises(UsageError, match="'nobody'"):
        store.remove_partner("nobody")


def test_removing_a_partner_forgets_all_of_its_traffic_and_no_record(store: Store) -> None:
    empty = dump(store)
    partner = store.add_partner("b", origin("b").station)
    store.edit([put(1, x="1")])
    store.deliver(partner, Delivery(1, store.plan(partner, JOB, 0, 1).changes, b"p", NOTHING))
    store.seal(partner, draft(through=1, additions=Additions(tables=("shelter",))))
    store.keep_pieces(partner, 2, SHAPE, 0, {0: b"piece"})
    store.note_contact(partner, Contact(1, 2, "done", 3, 4))
    store.remove_partner("b")
    assert store.partners() == []
    assert len(all_records(store)) == 1
    rows = dump(store)
    left = {name for name in rows if rows[name] != empty[name]}
    assert left == {"record", "change", "station", "origin", "sqlite_sequence"}


@pytest.mark.parametrize("ask", ["outbound", "inbound", "waiting", "plan", "seal", "status"])
def test_a_partner_that_was_removed_is_refused(store: Store, ask: str) -> None:
    partner = store.add_partner("b", origin("b").station)
    store.remove_partner("b")
    more: dict[str, list[object]] = {
        "waiting": [[JOB]],
        "plan": [JOB, 0, 1],
        "seal": [draft()],
        "status": [[JOB]],
    }
    with pytest.raises(UsageError, match="removed"):
        getattr(store, ask)(partner, *more.get(ask, []))


def test_a_partner_that_is_added_again_starts_anew(store: Store) -> None:
    first = store.add_partner("b", origin("b").station)
    store.seal(first, draft(plain=b"x"))
    store.context(first, Direction.OUT, 1)
    store.remove_partner("b")
    second = store.add_partner("b", origin("b").station)
    assert second.key != first.key
    assert store.outbound(second).sealed == 0


def test_contacts_are_numbered_for_ever(store: Store) -> None:
    b, c = store.add_partner("b", b"bbbbbbbb"), store.add_partner("c", b"cccccccc")
    assert [store.next_contact(b) for _ in range(3)] == [1, 2, 3]
    assert store.next_contact(c) == 1
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE partner SET contact = 65534")
    assert [store.next_contact(b) for _ in range(3)] == [65535, 0, 1]


def test_the_last_contacts_come_first(store: Store) -> None:
    b, c = store.add_partner("b", b"bbbbbbbb"), store.add_partner("c", b"cccccccc")
    contacts = [
        Contact(start, start + 50, "contact.done", 10 * start, start) for start in (100, 300, 200, 300)
    ]
    for contact in contacts:
        store.note_contact(b, contact)
    assert store.recent_contacts(b, 3) == [contacts[3], contacts[1], contacts[2]]
    assert store.recent_contacts(c, 3) == []


def test_meeting_notes_incarnation_and_time(store: Store, clock: Clock) -> None:
    partner = store.add_partner("b", b"bbbbbbbb")
    assert store.status(partner, []).heard_at is None
    store.meet(partner, 77, 1, 3)
    assert store.partner("b").incarnation == 77
    clock.now_ms = 2000
    store.meet(partner, 77, 1, 3)
    assert store.status(partner, []).heard_at == 2000


def test_status_says_how_things_stand(store: Store, clock: Clock) -> None:
    partner = store.add_partner("b", b"bbbbbbbb")
    assert store.status(partner, [JOB]) == PartnerStatus({}, [], None, None, 0, 0)
    store.edit([put(1, wall_ms=5, x="1")])
    store.seal(partner, draft(store.plan(partner, JOB, 0, 1000), plain=b"one"))
    store.edit([put(2, "camp", wall_ms=6, x="1"), put(3, "camp", wall_ms=7, x="1")])
    store.seal(partner, draft(store.plan(partner, JOB, 1, 1000), plain=b"three"))
    store.edit([put(1, wall_ms=8, x="2")])
    store.promise_pieces(partner, {2: [4]})
    clock.now_ms = 3000
    store.confirm(partner, 1)
    store.begin_epoch(partner, 1, 0)
    store.deliver(partner, Delivery(1, store.plan(partner, JOB, 0, 1).changes, b"", NOTHING))
    assert store.status(partner, [JOB]) == PartnerStatus(
        waiting={"shelter": Waiting(1, 8)},
        unconfirmed=[UnconfirmedTransfer(2, changes=2, data_bytes=12, pieces=SHAPE.pieces, promised=4)],
        heard_at=3000,
        confirmed_at=3000,
        changes_confirmed=1,
        changes_applied=1,
        on_the_way={"all": 2},
    )


def test_status_of_a_job_that_only_receives_has_nothing_waiting(store: Store) -> None:
    partner = store.add_partner("b", b"bbbbbbbb")
    store.edit([put(1, x="1")])
    assert store.status(partner, [Job("in", sends=False)]).waiting == {}
