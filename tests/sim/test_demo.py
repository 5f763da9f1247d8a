"""The demo: its story has every misfortune in it, and a good end."""

import pytest

from radiosync_sim.demo import DEMO_EDITS, DemoEvent, DemoTick, DemoTurn, LaterContact, Turn, run_demo
from radiosync_sim.story import tell_story


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_story_ends_well(seed: int) -> None:
    events: list[DemoEvent] = []
    result = run_demo(list(tell_story(DEMO_EDITS, seed)), seed, events.append)
    turns = [event.turn for event in events if isinstance(event, DemoTurn)]
    assert turns[0] is Turn.CALL
    assert turns[-1] is Turn.IN_STEP
    assert {Turn.CUT, Turn.DROPPED, Turn.MENDED, Turn.KILLED, Turn.RESTARTED} <= set(turns)
    assert result.identical
    assert result.repeated_pieces == 0
    assert result.later.bytes_on_air < result.later.gzip_csv_bytes


def test_misfortune_strikes_in_the_middle() -> None:
    events: list[DemoEvent] = []
    run_demo(list(tell_story(DEMO_EDITS, 1)), 1, events.append)
    shares = {
        event.turn: event.progress.bytes_there / event.progress.bytes_total
        for event in events
        if isinstance(event, DemoTurn) and event.progress is not None
    }
    assert 0.2 <= shares[Turn.CUT] < shares[Turn.KILLED] < 1
    times = [event.at_s for event in events if isinstance(event, DemoTick)]
    assert times == sorted(times)
    assert sum(isinstance(event, LaterContact) for event in events) == 5


def test_the_story_is_the_same_for_the_same_seed() -> None:
    assert list(tell_story(50, 3)) == list(tell_story(50, 3))
    assert list(tell_story(50, 3)) != list(tell_story(50, 4))
