"""Pools in the store: who is a member, how far each has come, and what that confirms."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.errors import UsageError
from radiosync.limits import POOL_MEMBERS
from radiosync.store import Store
from radiosync.store.members import pool_identity, speaker_of
from radiosync.sync.ports import Partner, PoolRole
from tests.store.stores import draft, open_store, origin


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("a") as store:
        yield store


def partners(store: Store, letters: str = "bcd") -> list[Partner]:
    return [store.add_partner(letter, origin(letter).station) for letter in letters]


def sealed_pool(store: Store, members: Sequence[Partner], transfers: int) -> Partner:
    """A pool with that many transfers on their way."""
    pool = store.add_pool("all", members)
    for number in range(1, transfers + 1):
        store.seal(pool, draft(through=number, plain=b"%d" % number))
    return pool


def confirmed(store: Store, pool: Partner) -> int:
    return store.outbound(pool).confirmed


# Who is in it.


def test_speaker_and_listeners_give_a_pool_the_same_identity(store: Store) -> None:
    with open_store("b") as other:
        pool = store.add_pool("all", [store.add_partner("b", other.station)])
        joined = other.join_pool("all", other.add_partner("a", store.station))
        assert pool.station == joined.station == pool_identity(store.station, "all")
        assert (pool.pool, joined.pool) == (PoolRole.SPEAKER, PoolRole.LISTENER)
        assert store.partner("all") == pool
        assert other.partner("all") == joined
        assert other.members(joined) == {}


def test_pools_of_another_name_or_speaker_are_others() -> None:
    identities = {pool_identity(speaker * 8, name) for speaker in (b"a", b"b") for name in ("all", "some")}
    assert len(identities) == 4
    assert {len(identity) for identity in identities} == {8}


def test_who_speaks_to_a_pool_is_found_among_the_partners(store: Store) -> None:
    first, second, third = partners(store)
    joined = store.join_pool("all", second)
    assert speaker_of(joined, store.partners()) == second
    assert speaker_of(joined, [first, third]) is None


def test_members_begin_with_nothing(store: Store) -> None:
    first, second, _ = partners(store)
    pool = store.add_pool("all", [first, second])
    assert store.members(pool) == {first.station: 0, second.station: 0}


def test_a_pool_needs_a_listener(store: Store) -> None:
    with pytest.raises(UsageError, match="at least one listener"):
        store.add_pool("all", [])
    assert store.partners() == []


def test_a_pool_has_a_name_of_its_own(store: Store) -> None:
    first, *_ = partners(store)
    with pytest.raises(UsageError, match="that name"):
        store.add_pool("b", [first])


def test_nobody_listens_twice(store: Store) -> None:
    first, second, _ = partners(store)
    with pytest.raises(UsageError, match="twice"):
        store.add_pool("all", [first, first])
    pool = store.add_pool("all", [first])
    with pytest.raises(UsageError, match="b cannot listen to all twice"):
        store.add_members(pool, [second, first])
    assert store.members(pool).keys() == {first.station}, "all or none"


def test_a_pool_listens_to_no_pool(store: Store) -> None:
    first, second, _ = partners(store)
    inner = store.add_pool("inner", [first])
    with pytest.raises(UsageError, match="inner is a pool"):
        store.add_pool("outer", [second, inner])
    with pytest.raises(UsageError, match="inner is a pool"):
        store.join_pool("outer", inner)


def test_two_whose_turns_would_look_alike_are_not_in_one_pool(store: Store) -> None:
    first = store.add_partner("first", b"bbxxxxxx")
    second = store.add_partner("second", b"bbyyyyyy")
    with pytest.raises(UsageError, match=r"begins with 6262.*both would answer at once"):
        store.add_pool("all", [first, second])


def test_a_pool_has_so_many_members_at_most(store: Store) -> None:
    many = [store.add_partner(f"p{at}", at.to_bytes(2, "big") * 4) for at in range(POOL_MEMBERS + 1)]
    with pytest.raises(UsageError, match=f"at most {POOL_MEMBERS} listeners"):
        store.add_pool("all", many)
    store.add_pool("all", many[:-1])


def test_only_the_speaker_adds_members(store: Store) -> None:
    first, second, _ = partners(store)
    joined = store.join_pool("theirs", first)
    with pytest.raises(UsageError, match="theirs is no pool of ours"):
        store.add_members(joined, [second])
    with pytest.raises(UsageError, match="b is no pool of ours"):
        store.add_members(first, [second])


def test_a_member_cannot_be_forgotten_as_a_partner(store: Store) -> None:
    first, second, _ = partners(store)
    pool = store.add_pool("all", [first, second])
    with pytest.raises(UsageError, match="radiosync pool remove all b"):
        store.remove_partner("b")
    store.remove_members(pool, [first])
    store.remove_partner("b")
    assert store.members(pool).keys() == {second.station}


def test_a_pool_can_be_forgotten(store: Store) -> None:
    first, *_ = partners(store)
    store.add_pool("all", [first])
    store.remove_partner("all")
    store.remove_partner("b")
    again = store.add_pool("all", partners(store, "e"))
    assert store.outbound(again).sealed == 0


def test_who_is_no_member_cannot_be_taken_out_and_the_last_one_stays(store: Store) -> None:
    first, second, third = partners(store)
    pool = store.add_pool("all", [first, second])
    with pytest.raises(UsageError, match="d does not listen to all"):
        store.remove_members(pool, [first, third])
    with pytest.raises(UsageError, match="nobody would listen to all"):
        store.remove_members(pool, [first, second])
    assert len(store.members(pool)) == 2


# How far they have come.


def test_what_all_have_applied_is_confirmed(store: Store) -> None:
    first, second, _ = partners(store)
    pool = sealed_pool(store, [first, second], 3)
    store.note_member(pool, first.station, 3)
    assert confirmed(store, pool) == 0
    store.note_member(pool, second.station, 2)
    assert confirmed(store, pool) == 2
    assert [transfer.number for transfer in store.unconfirmed(pool)] == [3]
    assert store.members(pool) == {first.station: 3, second.station: 2}


def test_what_is_confirmed_stays_so_when_a_member_turns_out_to_have_less(store: Store) -> None:
    first, second, _ = partners(store)
    pool = sealed_pool(store, [first, second], 3)
    for each in (first, second):
        store.note_member(pool, each.station, 2)
    store.note_member(pool, first.station, 1)
    assert confirmed(store, pool) == 2
    assert store.members(pool)[first.station] == 1


def test_who_has_been_taken_out_is_noted_no_more_and_waited_for_no_more(store: Store) -> None:
    first, second, _ = partners(store)
    pool = sealed_pool(store, [first, second], 3)
    store.note_member(pool, first.station, 3)
    store.remove_members(pool, [second])
    assert confirmed(store, pool) == 3
    store.note_member(pool, second.station, 1)
    assert store.members(pool) == {first.station: 3}


def test_a_new_member_takes_nothing_back_and_holds_up_what_is_to_come(store: Store) -> None:
    first, second, third = partners(store)
    pool = sealed_pool(store, [first, second], 2)
    for each in (first, second):
        store.note_member(pool, each.station, 1)
    store.add_members(pool, [third])
    store.note_member(pool, first.station, 2)
    store.note_member(pool, second.station, 2)
    assert confirmed(store, pool) == 1
    store.note_member(pool, third.station, 2)
    assert confirmed(store, pool) == 2


def test_no_member_has_anything_of_a_new_epoch(store: Store) -> None:
    first, second, _ = partners(store)
    pool = sealed_pool(store, [first, second], 3)
    for each in (first, second):
        store.note_member(pool, each.station, 3)
    store.rewind(pool, 0)
    assert store.members(pool) == {first.station: 0, second.station: 0}
    assert (store.outbound(pool).epoch, confirmed(store, pool)) == (1, 0)


def test_members_survive_the_process(tmp_path) -> None:
    with open_store("a", tmp_path / "a.db") as store:
        first, second, _ = partners(store)
        pool = sealed_pool(store, [first, second], 2)
        store.note_member(pool, first.station, 2)
    with Store.open(tmp_path / "a.db", durable=False) as again:
        assert again.members(again.partner("all")) == {first.station: 2, second.station: 0}
        assert again.partner("all").pool is PoolRole.SPEAKER


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=12))
def test_never_is_more_confirmed_than_the_one_has_who_has_least(notes: list[tuple[int, int]]) -> None:
    with open_store("a") as store:
        members = partners(store)
        pool, best = sealed_pool(store, members, 6), 0
        for who, through in notes:
            store.note_member(pool, members[who].station, through)
            best = max(best, min(store.members(pool).values()))
            assert confirmed(store, pool) == best
