"""Virtual time and seeded chance."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync_sim.errors import LivelockError, SimulationError
from radiosync_sim.world import World


def test_events_run_in_order_of_time_and_then_of_scheduling() -> None:
    world, seen = World(1), []
    for name, when in (("late", 3.0), ("first", 1.0), ("second", 1.0), ("middle", 2.0)):
        world.call_at(when, partial(lambda name: seen.append((name, world.now)), name))
    world.run_until(10)
    assert seen == [("first", 1.0), ("second", 1.0), ("middle", 2.0), ("late", 3.0)]
    assert world.now == 10


@given(st.lists(st.floats(0, 100, allow_nan=False), max_size=50), st.sets(st.integers(0, 49)))
def test_what_is_not_cancelled_runs_sorted(instants: list[float], cancelled: set[int]) -> None:
    world, seen = World(1), list[int]()
    for index, when in enumerate(instants):
        event = world.call_at(when, partial(seen.append, index))
        if index in cancelled:
            event.cancel()
    while world.step():
        pass
    kept = [index for index in range(len(instants)) if index not in cancelled]
    assert seen == sorted(kept, key=lambda index: (instants[index], index))


def test_an_event_may_schedule_another_one_for_the_same_instant() -> None:
    world, seen = World(1), []
    world.call_at(1, lambda: world.call_later(0, lambda: seen.append(world.now)))
    world.run_until(1)
    assert seen == [1.0]


def test_the_past_means_now() -> None:
    world, seen = World(1), []
    world.run_until(5)
    world.call_at(2, lambda: seen.append(world.now))
    world.step()
    assert seen == [5.0]


def test_run_until_leaves_what_is_later() -> None:
    world, seen = World(1), []
    world.call_at(2, lambda: seen.append("early"))
    event = world.call_at(2.0001, lambda: seen.append("late"))
    world.run_until(2)
    assert seen == ["early"]
    assert event.is_pending
    assert world.next_at() == 2.0001


def test_a_run_event_is_not_pending_and_cancelling_it_is_harmless() -> None:
    world = World(1)
    event = world.call_later(1, lambda: None)
    assert world.step()
    assert not event.is_pending
    event.cancel()
    assert not world.step()


def test_the_bound_on_steps_ends_a_livelock() -> None:
    world = World(7, max_steps=100)

    def again() -> None:
        world.call_later(0, again)

    again()
    with pytest.raises(LivelockError, match=r"100 steps.*seed 7"):
        world.run_until(1)


@pytest.mark.parametrize("when", [float("inf"), float("nan")])
def test_an_instant_that_never_comes_is_refused(when: float) -> None:
    with pytest.raises(SimulationError):
        World(1).call_at(when, lambda: None)


def test_streams_depend_on_seed_and_name_alone() -> None:
    one, other = World(5), World(5)
    other.random("somebody else").random()
    assert one.random("fading").random() == other.random("fading").random()
    assert World(5).random("a").random() != World(5).random("b").random()
    assert World(5).random("a").random() != World(6).random("a").random()


def test_a_stream_goes_on_where_it_was() -> None:
    world = World(5)
    assert world.random("a") is world.random("a")


def test_streams_are_the_same_in_every_release() -> None:
    """A seed in a bug report must mean the same run next year."""
    assert World(1).random("fading/a>b").getrandbits(32) == 1191174629
