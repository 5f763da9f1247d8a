"""Hybrid logical time: near the wall clock, yet always later than what it overwrites.

A time is one integer: milliseconds since 1970-01-01 UTC times 2**16, plus a counter (Kulkarni et al. 2014, "Logical
Physical Clocks"). Time decides ties and is shown to people. It never says what a partner has: that is the dots' work. So a
wrong wall clock can make an edit lose a tie, and nothing worse.
"""

COUNTER_BITS = 16

LATEST = (1 << 63) - 1
"""The last time that stores and air can carry, in the year 6429. Only a clock that is far out comes near it."""


def from_milliseconds(milliseconds: int) -> int:
    """The earliest time in that millisecond."""
    return milliseconds << COUNTER_BITS


def to_milliseconds(time: int) -> int:
    """Wall-clock part of a time, in milliseconds since 1970."""
    return time >> COUNTER_BITS


def tick(wall_ms: int, newest: int) -> int:
    """Time for a new write to a record whose newest write has time `newest` (0 if it has none).

    Later than `newest` whatever the wall clock says, so that a write that has seen another one is never ordered before it.
    Only `LATEST` is followed by itself: then dots decide, and nothing is stuck.
    """
    return min(max(from_milliseconds(wall_ms), newest + 1), LATEST)
