"""What of our data is still in the air when the partner speaks: what it says of a transfer cannot count that yet.

On full duplex both sides speak at once. A report says what its sender had when it began to say it; frames of ours that ended
later had not arrived then, and may well have since. To send them again would be airtime lost, to take them for lost would
make us believe in a bad channel (protocol, section 4.10).
"""

from collections.abc import Sequence
from typing import NamedTuple

_SLACK_S = 1e-3
"""Sums of airtimes are not exact."""


class Flown(NamedTuple):
    """A data frame on the air.

    Attributes:
        number: of its transfer.
        block, pieces: how many pieces it carries, and of which block.
        ends_at: when its last bit is on the air.
    """

    number: int
    block: int
    pieces: int
    ends_at: float


class Flight:
    """The data frames of our last two overs: what is said while one ends may be heard when the next one has begun."""

    def __init__(self) -> None:
        self._before: Sequence[Flown] = ()
        self._frames: Sequence[Flown] = ()

    def begin(self, frames: Sequence[Flown]) -> None:
        """An over with these data frames begins."""
        self._before, self._frames = self._frames, frames

    def clear(self) -> None:
        """Nothing of it will be reported."""
        self._before, self._frames = (), ()

    def at(self, said_at: float, number: int) -> list[Flown]:
        """Frames of a transfer that are not in a report of which the first bit was sent at `said_at`."""
        frames = (*self._before, *self._frames)
        return [frame for frame in frames if frame.number == number and frame.ends_at > said_at + _SLACK_S]
