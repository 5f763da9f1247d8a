"""The rules of a merge, one by one, and random histories of several stations."""

from collections import Counter
from dataclasses import replace
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.records.merge import ConflictKind, merge
from radiosync.records.model import Change, Grave, Record, Write
from tests.records.stations import TABLE, Station, gossip, origin, play, settle, stamp_of, uuid, write

FIELD, DELETE, LIFE = ConflictKind.FIELD, ConflictKind.DELETE, ConflictKind.LIFE


@pytest.fixture
def pair() -> tuple[Station, Station]:
    """Two stations that both know one record with two fields."""
    anna, ben = Station("a", 1_000_000), Station("b", 2_000_000)
    ben.take(anna.put(name="School", beds="40"))
    return anna, ben


def meet(*stations: Station) -> None:
    for _ in stations:
        for giver in stations:
            for taker in stations:
                gossip(giver, taker)


def record(*writes: Write, grave: Grave | None = None, life: int = 0, **past: int) -> Record:
    fields = {"name": writes} if writes else {}
    return Record(
        TABLE, uuid(1), life, fields, grave, {origin(letter): number for letter, number in past.items()}
    )


def grave(letter: str, sequence: int, **seen: int) -> Grave:
    return Grave(
        stamp_of(letter, sequence, sequence), {origin(other): number for other, number in seen.items()}
    )


# Within a life.


def test_a_change_of_an_unknown_record_is_the_record() -> None:
    change = record(write("a", 1))
    merged = merge(None, change)
    assert (merged.record, merged.moved, merged.conflicts) == (change, change, ())


def test_different_fields_edited_at_once_merge(pair: tuple[Station, Station]) -> None:
    anna, ben = pair
    anna.update(name="Gym")
    ben.update(beds="50")
    meet(anna, ben)
    assert anna.record() == ben.record()
    assert anna.record().fields == {"name": "Gym", "beds": "50"}
    assert anna.lost() == ben.lost() == []


def test_the_same_field_edited_at_once_is_a_conflict_that_the_newer_one_wins(
    pair: tuple[Station, Station],
) -> None:
    anna, ben = pair
    anna.update(name="Gym")
    ben.update(name="Hall")
    meet(anna, ben)
    assert anna.record() == ben.record()
    assert anna.record().fields["name"] == "Hall"
    assert [each.value for each in anna.record().writes["name"]] == ["Hall", "Gym"]
    assert anna.lost() == ben.lost() == [(FIELD, "name", "Gym")]


def test_a_loser_stays_until_somebody_replaces_it(pair: tuple[Station, Station]) -> None:
    anna, ben = pair
    anna.update(name="Gym")
    ben.update(name="Hall")
    meet(anna, ben)
    ben.update(beds="1")
    meet(anna, ben)
    assert len(anna.record().writes["name"]) == 2
    anna.update(name="Gym 2")
    meet(anna, ben)
    assert [each.value for each in ben.record().writes["name"]] == ["Gym 2"]
    assert len(anna.lost()) == len(ben.lost()) == 1, "a conflict that was settled is not reported again"


def test_a_third_writer_leaves_the_losers_of_others(pair: tuple[Station, Station]) -> None:
    """Who writes over the value that counts has not seen why the other lost; that stays for a person to see."""
    anna, ben = pair
    carl = Station("c", 3_000_000)
    anna.update(name="Gym")
    ben.update(name="Hall")
    meet(anna, ben, carl)
    carl.update(name="Barn")
    meet(anna, ben, carl)
    assert [each.value for each in anna.record().writes["name"]] == ["Barn", "Gym"]
    assert anna.record() == ben.record() == carl.record()
    assert all(station.lost() == [(FIELD, "name", "Gym")] for station in (anna, ben, carl))


def test_an_emptied_field_takes_part_like_a_value(pair: tuple[Station, Station]) -> None:
    anna, ben = pair
    anna.update(name="Gym")
    ben.update(name=None)
    meet(anna, ben)
    assert anna.record() == ben.record()
    assert anna.record().fields == {"beds": "40"}
    assert ben.lost() == [(FIELD, "name", "Gym")]


def test_moved_is_only_what_was_new(pair: tuple[Station, Station]) -> None:
    anna, ben = pair
    ben.update(beds="50")
    merged = merge(anna.record(), ben.record())
    assert merged.moved is not None
    assert set(merged.moved.writes) == {"beds"}
    assert merged.moved.grave is None
    assert merge(merged.record, ben.record()).moved is None


# Deletes.


def test_a_delete_ends_what_it_had_seen(pair: tuple[Station, Station]) -> None:
    anna, ben = pair
    ben.delete()
    meet(anna, ben)
    assert not anna.record().alive
    assert anna.record() == ben.record()
    assert anna.lost() == ben.lost() == []


@pytest.mark.parametrize("late", ["a", "b"])
def test_a_write_that_a_delete_had_not_seen_keeps_the_record_with_all_fields(
    pair: tuple[Station, Station], late: str
) -> None:
    anna, ben = pair
    (anna if late == "a" else ben).clock_ms = 9_000_000
    anna.update(name="Gym")
    ben.delete()
    meet(anna, ben)
    assert anna.record() == ben.record()
    assert anna.record().fields == {"name": "Gym", "beds": "40"}
    assert anna.lost() == ben.lost() == [(DELETE, "", None)]


def test_two_deletes_at_once_are_no_conflict(pair: tuple[Station, Station]) -> None:
    anna, ben = pair
    anna.delete()
    ben.delete()
    meet(anna, ben)
    assert anna.record() == ben.record()
    assert not anna.record().alive
    assert anna.lost() == ben.lost() == []


def test_two_deletes_together_end_what_each_had_seen() -> None:
    """Neither had seen both writes, but what either had seen is ended."""
    one, two = write("a", 1), write("b", 1)
    first = merge(record(one), record(grave=grave("c", 5, a=1)))
    second = merge(first.record, record(two))
    assert second.record.alive
    third = merge(second.record, record(grave=grave("d", 6, b=1)))
    assert not third.record.alive
    assert third.record.grave == grave("d", 6, a=1, b=1, c=5)


def test_a_second_delete_that_has_seen_the_survivor_wins(pair: tuple[Station, Station]) -> None:
    anna, ben = pair
    anna.update(name="Gym")
    ben.delete()
    meet(anna, ben)
    anna.delete()
    meet(anna, ben)
    assert not anna.record().alive
    assert anna.record() == ben.record()


def test_a_grave_that_comes_twice_is_nothing_new() -> None:
    dead = record(write("a", 1), grave=grave("b", 2, a=1))
    merged = merge(dead, dead)
    assert merged.moved is None
    assert merged.record == dead


def test_a_delete_that_lost_where_nothing_was_known_is_reported_too() -> None:
    """The record comes to a third station as a whole, with the delete that lost in it."""
    merged = merge(None, record(write("a", 3), grave=grave("b", 2, a=1)))
    assert [each.kind for each in merged.conflicts] == [DELETE]


def test_each_delete_that_loses_is_reported() -> None:
    known = merge(record(write("a", 3)), record(grave=grave("b", 2, a=1)))
    again = merge(known.record, record(grave=grave("c", 4, a=2)))
    assert [each.loser.dot.origin for each in known.conflicts] == [origin("b")]
    assert [each.loser.dot.origin for each in again.conflicts] == [origin("c")]


# Lives.


def test_a_put_that_saw_the_delete_begins_a_life_in_which_no_old_write_shows(
    pair: tuple[Station, Station],
) -> None:
    anna, ben = pair
    ben.delete()
    meet(anna, ben)
    anna.put(status="rebuilt")
    meet(anna, ben)
    assert ben.record() == anna.record()
    assert ben.record().life == 1
    assert ben.record().fields == {"status": "rebuilt"}
    assert ben.lost() == anna.lost() == []


def test_a_write_that_had_not_seen_the_new_life_is_lost_but_reported(pair: tuple[Station, Station]) -> None:
    anna, ben = pair
    carl = Station("c")
    gossip(anna, carl)
    late = carl.update(name="Old life")
    assert late is not None
    ben.delete()
    ben.put(name="New life")
    for station in (ben, anna):
        gossip(ben, station)
        station.take(late)
        assert station.record().fields == {"name": "New life"}
        assert station.lost() == [(LIFE, "name", "Old life")]
    gossip(ben, carl)
    assert carl.record() == ben.record()
    assert carl.lost() == [(LIFE, "name", "Old life")]


def test_writes_that_the_delete_had_seen_are_no_conflict_of_lives(pair: tuple[Station, Station]) -> None:
    anna, ben = pair
    stale = anna.record()
    ben.delete()
    ben.put(name="New life")
    assert merge(ben.record(), stale).conflicts == ()
    assert merge(ben.record(), stale).moved is None


def test_two_new_lives_begun_at_once_are_one_life(pair: tuple[Station, Station]) -> None:
    anna, ben = pair
    anna.delete()
    meet(anna, ben)
    anna.put(name="A's")
    ben.put(name="B's", beds="1")
    meet(anna, ben)
    assert anna.record() == ben.record()
    assert anna.record().life == 1
    assert anna.record().fields == {"name": "B's", "beds": "1"}
    assert anna.lost() == [(FIELD, "name", "A's")]


# What only a broken or hostile partner sends.


def test_two_writes_that_claim_to_replace_each_other_empty_no_field() -> None:
    one, two = write("a", 1, b=9), write("b", 1, a=9)
    for mine, change in ((one, two), (two, one)):
        merged = merge(record(mine), record(change))
        assert merged.record.writes["name"] == (two,), "the newest stays, in either order"
        assert merge(merged.record, record(change)).moved is None


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_two_values_under_one_stamp_end_equal_everywhere(order: tuple[int, ...]) -> None:
    changes = [record(write("a", 1, value)) for value in ("x", "y", None)]
    mine: Record | None = None
    for place in order:
        mine = merge(mine, changes[place]).record
    assert mine is not None
    assert [each.value for each in mine.writes["name"]] == ["y"]


def test_siblings_out_of_order_or_replaced_are_put_in_order() -> None:
    """The one that counts comes first, wherever the record was unknown before."""
    old, new, gone = write("a", 1, "old"), write("b", 5, "new"), write("b", 2, "gone")
    for change in (record(old, gone, new), record(new, gone, old)):
        merged = merge(None, change)
        assert merged.record.writes["name"] == (new, old)
        assert merged.record.fields == {"name": "new"}


def test_thousands_of_siblings_merge_in_no_time() -> None:
    """A partner can send them; comparing each with each would take minutes."""
    many = tuple(Write(replace(stamp_of("a", 1, 1), time=time), "x") for time in range(1, 10_001))
    assert len(merge(record(write("b", 1)), record(*many)).record.writes["name"]) == 10_001


# Histories.

SHAPES = {
    "line of 3": (3, [(0, 1), (1, 0), (1, 2), (2, 1)]),
    "ring of 4": (4, [(0, 1), (1, 2), (2, 3), (3, 0)]),
    "line of 5": (5, [(at, at + 1) for at in range(4)] + [(at + 1, at) for at in range(4)]),
    "all of 4": (4, [(one, two) for one in range(4) for two in range(4) if one != two]),
}


def check_equal(stations: list[Station]) -> None:
    first = stations[0]
    for station in stations[1:]:
        assert station.records == first.records


def check_losers(stations: list[Station]) -> None:
    """Every loser is known where it lost, and no station is told of a value twice."""
    for station in stations:
        for key, known in station.records.items():
            told = Counter((each.kind, each.field, each.loser) for each in station.conflicts.get(key, ()))
            assert all(times == 1 for (kind, *_), times in told.items() if kind is FIELD)
            if known.grave is not None and known.alive:
                assert told[DELETE, "", known.grave.stamp]
            for name, siblings in known.writes.items():
                for loser in siblings[1:]:
                    assert told[FIELD, name, loser.stamp] == 1
            assert all(siblings for siblings in known.writes.values())


def check_nothing_vanished(stations: list[Station], changes: list[Change]) -> None:
    """Every write ever made is there, or replaced, or ended by a delete that saw it, or reported somewhere."""
    told = {each.loser for station in stations for found in station.conflicts.values() for each in found}
    for change in changes:
        final = stations[0].records[change.uuid]
        for name, siblings in change.writes.items():
            for each in siblings:
                now = final.writes.get(name, ())
                there = each in now or any(other.replaces(each) for other in now)
                past = (
                    final.life > change.life
                    and final.past.get(each.stamp.dot.origin, 0) >= each.stamp.dot.sequence
                )
                superseded = any(
                    other.replaces(each)
                    for later in changes
                    if later.uuid == change.uuid and later.life == change.life
                    for other in later.writes.get(name, ())
                )
                assert there or past or superseded or each.stamp in told


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("clocks", [False, True], ids=["right clocks", "wrong clocks"])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_random_histories_end_equal(shape: str, clocks: bool, seed: int) -> None:
    random = Random(seed)
    count, paths = SHAPES[shape]
    stations = play(random, "abcde"[:count], random.randint(5, 40), paths, clocks)
    settle(random, stations, paths)
    check_equal(stations)
    check_losers(stations)
    mine = [change for station in stations for change in station.log]
    check_nothing_vanished(stations, mine)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_whole_records_bring_the_same_end_as_changes(seed: int) -> None:
    random = Random(seed)
    _, paths = SHAPES["all of 4"]
    stations = play(random, "abcd", 30, paths, clocks=True)
    by_change, by_record = Station("x"), Station("y")
    for station in random.sample(stations, len(stations)):
        gossip(station, by_record)
        for change in random.sample(station.log, len(station.log)):
            by_change.take(change)
    assert by_change.records == by_record.records
    check_losers([by_change, by_record])


@given(seed=st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_what_has_been_merged_is_never_news_again(seed: int) -> None:
    random = Random(seed)
    stations = play(random, "abc", 30, SHAPES["line of 3"][1], clocks=True)
    for station in stations:
        for change in station.log + list(station.records.values()):
            merged = merge(station.records[change.uuid], change)
            assert merged.moved is None
            assert merged.record == station.records[change.uuid]
            assert all(each.kind is LIFE for each in merged.conflicts)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_who_has_seen_a_write_is_never_ordered_before_it(seed: int) -> None:
    """A wrong clock can lose a tie, but never turn cause and effect round."""
    stations = play(Random(seed), "abcd", 40, SHAPES["all of 4"][1], clocks=True)
    writes = [
        (change.uuid, change.life, name, each)
        for station in stations
        for change in station.log
        for name, siblings in change.writes.items()
        for each in siblings
    ]
    for key, life, name, one in writes:
        for other_key, other_life, other_name, other in writes:
            if (key, life, name) == (other_key, other_life, other_name) and one.replaces(other):
                assert one.stamp > other.stamp
