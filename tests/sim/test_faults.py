"""Rules about what goes wrong, as values."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync_sim.faults import Loss, OtherUsers, Outage


@pytest.mark.parametrize(
    ("span", "taken"),
    [((0, 4), []), ((0, 6), [(5, 6)]), ((5, 5), [(5, 5)]), ((9, 9), []), ((6, 20), [(6, 9)]), ((9, 20), [])],
)
def test_an_outage_takes_its_time_once(span: tuple[float, float], taken: list[tuple[float, float]]) -> None:
    assert Outage(5, 9).spans(*span) == taken


def test_an_outage_without_an_end() -> None:
    assert Outage(5, inf).spans(100, 101) == [(100, 101)]


@given(st.integers(0, 200), st.integers(0, 100))
def test_an_outage_that_comes_again_is_many_that_come_once(start_at: int, length: int) -> None:
    end_at = start_at + length
    again = Outage(-7, 3, every_s=25)
    each = [Outage(-7 + 25 * number, 3 + 25 * number) for number in range(15)]
    assert again.spans(start_at, end_at) == [span for one in each for span in one.spans(start_at, end_at)]


def test_whom_a_loss_concerns() -> None:
    paths = ["ab", "ba", "ac"]
    assert [Loss(0.5).concerns(*path) for path in paths] == [True, True, True]
    assert [Loss(0.5, sender="a").concerns(*path) for path in paths] == [True, False, True]
    assert [Loss(0.5, hearer="b").concerns(*path) for path in paths] == [True, False, False]
    assert [Loss(0.5, "a", "c").concerns(*path) for path in paths] == [False, False, True]


def test_strangers_pause_so_that_their_share_comes_out() -> None:
    assert OtherUsers(0.3, 3).mean_pause_s == pytest.approx(7)
