"""What would go, and what it costs."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from radiosync.link.timing import Timing, timing_of
from radiosync.profiles.airtime import Airtime
from radiosync.records.edit import Edit
from radiosync.store import Store
from radiosync.sync.estimate import estimate
from radiosync.sync.mail import Mail
from radiosync.sync.ports import Job, Partner
from radiosync.wire.framing import StreamFraming

ALL = (Job("all"),)


def timing(bit_rate: float = 1200) -> Timing:
    airtime = Airtime.of("transparent", bit_rate, key_up_s=0.5, longest_over_s=30, max_frame_bytes=256)
    return timing_of(airtime, StreamFraming(3))


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", clock=lambda: 1_700_000_000_000) as store:
        yield store


@pytest.fixture
def base(store: Store) -> Partner:
    return store.add_partner("base", b"12345678")


def fill(store: Store, table: str, count: int) -> None:
    store.edit(
        Edit(table, UUID(int=number + 1), {"name": f"{table} {number}", "note": f"{number * 7919 % 1000}"})
        for number in range(count)
    )


def test_nothing_waits(store: Store, base: Partner) -> None:
    found = estimate(store, base, ALL, timing())
    assert (found.tables, found.waiting_bytes, found.sealed_bytes, found.overs) == ({}, 0, 0, 1)
    assert found.elapsed_s > 0


def test_tables_and_their_shares(store: Store, base: Partner) -> None:
    fill(store, "shelter", 300)
    fill(store, "incident", 30)
    found = estimate(store, base, ALL, timing())
    shares = {name: table.changes for name, table in found.tables.items()}
    assert shares == {"incident": 30, "shelter": 300}
    assert sum(table.data_bytes for table in found.tables.values()) == found.waiting_bytes
    assert found.tables["shelter"].data_bytes > 4 * found.tables["incident"].data_bytes
    assert found.air_bytes > found.waiting_bytes


def test_only_what_a_job_sends(store: Store, base: Partner) -> None:
    fill(store, "shelter", 5)
    fill(store, "incident", 5)
    jobs = (Job("in", sends=False), Job("some", frozenset({"incident"})))
    assert list(estimate(store, base, jobs, timing()).tables) == ["incident"]


def test_what_two_jobs_are_about_is_counted_once(store: Store, base: Partner) -> None:
    fill(store, "shelter", 5)
    jobs = (Job("x", frozenset({"shelter"})), Job("y", frozenset({"shelter"})))
    assert estimate(store, base, jobs, timing()).tables["shelter"].changes == 5


def test_what_is_on_hold_is_not_counted(store: Store, base: Partner) -> None:
    fill(store, "shelter", 5)
    fill(store, "incident", 3)
    jobs = (Job("x", frozenset({"shelter"})), Job("y", frozenset({"incident"})))
    store.hold(base, "x")
    assert list(estimate(store, base, jobs, timing()).tables) == ["incident"]
    store.hold(base)
    assert estimate(store, base, jobs, timing()).overs == 1


def test_what_is_on_its_way_is_counted_and_not_sealed_anew(store: Store, base: Partner) -> None:
    fill(store, "shelter", 50)
    assert Mail(store, base, ALL).seal_next(10_000) is not None
    fill(store, "incident", 5)
    found = estimate(store, base, ALL, timing())
    assert list(found.tables) == ["incident"]
    assert found.sealed_bytes == len(store.unconfirmed(base)[0].data)


def test_a_slower_link_takes_longer_and_more_overs(store: Store, base: Partner) -> None:
    fill(store, "shelter", 2000)
    fast, slow = (estimate(store, base, ALL, timing(rate)) for rate in (9600, 300))
    assert fast.tables["shelter"].changes == slow.tables["shelter"].changes == 2000
    assert slow.elapsed_s > 20 * fast.elapsed_s
    assert slow.overs > fast.overs


def test_nothing_is_written(store: Store, base: Partner) -> None:
    fill(store, "shelter", 500)
    before = (store.outbound(base), store.cursor(base, ALL[0].scope), store.unconfirmed(base))
    assert estimate(store, base, ALL, timing()) == estimate(store, base, ALL, timing())
    assert (store.outbound(base), store.cursor(base, ALL[0].scope), store.unconfirmed(base)) == before
