"""The demo: its story has every misfortune in it, and a good end."""

import pytest

from radiosync_sim.demo import DEMO_EDITS, DemoEvent, DemoTick, DemoTurn, LaterContact, Turn, run_demo
from radiosync_sim.story import tell_story


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_story_ends_well(seed: int) -> None:
    events: list[DemoEvent] = []
    result = run_demo(list(tell_story(DEMO_EDITS, seed)), seed, events.append)
    stories = [event for event in events if isinstance(event, DemoTurn)]
    turns = [event.turn for event in stories]
    assert turns[0] is Turn.CALL
    assert turns[-1] is Turn.IN_STEP
    assert {Turn.CUT, Turn.DROPPED, Turn.MENDED, Turn.KILLED, Turn.RESTARTED} <= set(turns)
    struck = [event.progress for event in stories if event.turn in (Turn.CUT, Turn.KILLED)]
    for progress in struck:
        assert progress is not None
        assert 0 < progress.bytes_there < progress.bytes_total, "misfortune strikes in the middle"
    assert result.identical
    assert result.repeated_pieces == 0
    assert result.later.bytes_on_air < result.later.gzip_csv_bytes


def test_time_passes_and_later_contacts_follow() -> None:
    events: list[DemoEvent] = []
    run_demo(list(tell_story(DEMO_EDITS, 1)), 1, events.append)
    times = [event.at_s for event in events if isinstance(event, DemoTick)]
    assert times == sorted(times)
    assert sum(isinstance(event, LaterContact) for event in events) == 5


def test_the_story_is_the_same_for_the_same_seed() -> None:
    assert list(tell_story(50, 3)) == list(tell_story(50, 3))
    assert list(tell_story(50, 3)) != list(tell_story(50, 4))
