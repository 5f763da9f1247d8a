"""Edits become changes: only what moved."""

import pytest

from radiosync.records.model import EXISTS, NOTHING_SEEN, Record
from radiosync.records.value import Number
from tests.records.stations import Station, origin


@pytest.fixture
def anna() -> Station:
    return Station("a")


def moved(change: object) -> dict[str, object]:
    assert isinstance(change, Record)
    return {name: siblings[0].value for name, siblings in change.writes.items()}


def test_a_first_put_writes_all_fields_with_one_dot(anna: Station) -> None:
    change = anna.put(name="School", beds=Number("40"))
    assert moved(change) == {"name": "School", "beds": Number("40")}
    assert {each.stamp.dot.sequence for each in change.all_writes()} == {1}
    assert all(each.over == NOTHING_SEEN for each in change.all_writes())


def test_a_put_without_fields_still_makes_a_record(anna: Station) -> None:
    change = anna.put()
    assert moved(change) == {EXISTS: True}
    assert anna.record().alive
    assert anna.record().fields == {}
    assert anna.edit(1, {}) is None


def test_a_put_carries_only_what_moved_and_empties_what_is_missing(anna: Station) -> None:
    anna.put(name="School", beds=Number("40"), status="open")
    assert moved(anna.put(name="School", beds=Number("41"))) == {"beds": Number("41"), "status": None}
    assert anna.record().fields == {"name": "School", "beds": Number("41")}


def test_an_edit_that_moves_nothing_is_none_and_uses_no_number(anna: Station) -> None:
    anna.put(name="School")
    assert anna.edit(1, {"name": "School"}) is None
    assert anna.update(name="School") is None
    assert anna.update(beds=None) is None
    assert anna.edit(2, None) is None
    anna.delete()
    assert anna.edit(1, None) is None
    assert anna.sequence == 2


def test_another_literal_or_type_is_a_move(anna: Station) -> None:
    anna.put(beds=Number("1"))
    for value in (Number("1.0"), "1", True, Number("1")):
        assert anna.update(beds=value) is not None


def test_an_update_leaves_other_fields(anna: Station) -> None:
    anna.put(name="School", beds="1")
    assert moved(anna.update(beds=None, status="open")) == {"beds": None, "status": "open"}
    assert anna.record().fields == {"name": "School", "status": "open"}


def test_emptying_all_fields_does_not_end_the_life(anna: Station) -> None:
    anna.put(name="School")
    anna.put()
    assert anna.record().alive
    assert anna.record().fields == {}


def test_a_write_names_what_it_replaces_of_others_only(anna: Station) -> None:
    ben = Station("b")
    ben.take(anna.put(name="School"))
    change = ben.update(name="Gym")
    assert change is not None
    assert change.writes["name"][0].over == {origin("a"): 1}
    anna.take(change)
    change = anna.update(name="Hall")
    assert change is not None
    assert change.writes["name"][0].over == {origin("b"): 1}


def test_a_write_replaces_its_own_loser_too(anna: Station) -> None:
    """So that "replaces" is transitive, and all stations keep the same losers."""
    ben, carl = Station("b", 5_000_000), Station("c")
    one = anna.put(name="from a")
    two = ben.put(name="from b")
    anna.take(two)
    change = anna.update(name="settled")
    assert change is not None
    for order in ([one, two, change], [change, two, one], [two, change, one]):
        reader = Station("r")
        for each in order:
            reader.take(each)
        assert [each.value for each in reader.record().writes["name"]] == ["settled"]
    carl.take(change)
    assert carl.record().fields == {"name": "settled"}


def test_a_delete_names_all_it_has_seen_of_others(anna: Station) -> None:
    ben = Station("b")
    ben.take(anna.put(name="School"))
    ben.update(beds="4")
    change = ben.delete()
    assert change.writes == {}
    assert change.grave is not None
    assert change.grave.seen == {origin("a"): 1}
    assert not ben.record().alive
    assert ben.record().fields == {"name": "School", "beds": "4"}, "a dead record keeps its last values"


def test_a_put_on_a_grave_begins_the_next_life(anna: Station) -> None:
    anna.put(name="School", beds="4")
    anna.delete()
    change = anna.put(name="Again")
    assert change.life == 1
    assert change.past == {origin("a"): 2}
    assert anna.record().fields == {"name": "Again"}


def test_time_goes_on_where_the_record_stands_though_the_clock_is_behind(anna: Station) -> None:
    ben = Station("b", clock_ms=-10_000)
    ben.take(anna.put(name="School"))
    for value in ("one", "two", "three"):
        before = ben.record().newest
        change = ben.update(name=value)
        assert change is not None
        assert change.newest > before
    ben.delete()
    change = ben.put(name="four")
    anna.clock_ms = -(10**9)
    anna.take(change)
    assert anna.record().life == 1 or not anna.record().alive
    assert anna.record().fields == {"name": "four"}
