"""Hybrid logical time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.records.clock import LATEST, from_milliseconds, tick, to_milliseconds


@given(st.integers(0, 10**14))
def test_milliseconds_survive(milliseconds: int) -> None:
    assert to_milliseconds(from_milliseconds(milliseconds)) == milliseconds


@given(st.integers(-(10**15), 10**15), st.integers(0, LATEST - 1))
def test_a_write_is_later_than_what_it_has_seen_whatever_the_clock_says(wall_ms: int, newest: int) -> None:
    assert newest < tick(wall_ms, newest) <= LATEST


def test_a_right_clock_is_followed() -> None:
    assert tick(1_700_000_000_000, from_milliseconds(1_600_000_000_000)) == from_milliseconds(
        1_700_000_000_000
    )


@pytest.mark.parametrize("wall_ms", [253_402_300_799_000, 10**30])
def test_a_clock_in_a_far_future_cannot_leave_the_range_that_stores_and_air_carry(wall_ms: int) -> None:
    assert tick(wall_ms, 0) == LATEST == 2**63 - 1
    assert tick(0, LATEST) == LATEST
