"""What goes wrong on a link besides bit errors, as rules: values that a scenario holds and a channel or a modem obeys."""

from dataclasses import dataclass
from math import floor


@dataclass(frozen=True, slots=True)
class Outage:
    """A rule: from one instant to another, some paths carry nothing.

    Attributes:
        from_at: start, virtual seconds.
        until_at: end, virtual seconds; infinity while nobody knows.
        stations: empty for every path; one name for every path of that station; two names for the path
            between them.
        every_s: it comes again and again, so many seconds from start to start; None for once.
    """

    from_at: float
    until_at: float
    stations: frozenset[str] = frozenset()
    every_s: float | None = None

    def concerns(self, sender: str, hearer: str) -> bool:
        """Whether the rule is about the path from `sender` to `hearer`."""
        return self.stations <= {sender, hearer}

    def spans(self, start_at: float, end_at: float) -> list[tuple[float, float]]:
        """What it takes of the time from `start_at` to `end_at`. With equal instants: whether it holds then."""
        return [
            (max(from_at, start_at), min(until_at, end_at))
            for from_at, until_at in self._times(start_at, end_at)
            if (from_at <= start_at or from_at < end_at) and until_at > start_at
        ]

    def _times(self, start_at: float, end_at: float) -> list[tuple[float, float]]:
        if self.every_s is None:
            return [(self.from_at, self.until_at)]
        first, last = (
            floor((start_at - self.until_at) / self.every_s),
            floor((end_at - self.from_at) / self.every_s),
        )
        shifts = [number * self.every_s for number in range(first, last + 1)]
        return [(self.from_at + shift, self.until_at + shift) for shift in shifts]


@dataclass(frozen=True, slots=True)
class Loss:
    """A rule: checked frames are lost by chance, each by itself, whatever their length.

    Attributes:
        share: of the frames, 0 to below 1.
        sender: only of frames from this station; None for all.
        hearer: only of frames to this station; None for all.
    """

    share: float
    sender: str | None = None
    hearer: str | None = None

    def concerns(self, sender: str, hearer: str) -> bool:
        """Whether the rule is about the path from `sender` to `hearer`."""
        return self.sender in (None, sender) and self.hearer in (None, hearer)


@dataclass(frozen=True, slots=True)
class OtherUsers:
    """Strangers on the channel, who never transmit two at a time.

    Attributes:
        share: of the time that they transmit when nobody keeps them from it, above 0 and below 1.
        mean_over_s: mean of the exponential time that one of them keeps the key down.
        listen: they wait for a free channel. Otherwise they do not hear us, and key whenever they like.
    """

    share: float
    mean_over_s: float
    listen: bool = False

    @property
    def mean_pause_s(self) -> float:
        """Mean of the exponential time from the end of one transmission to the wish for the next."""
        return self.mean_over_s * (1 - self.share) / self.share
