"""Air between any number of ends, on virtual time: who transmits is deaf, and each hearer may lose frames of its own."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from random import Random
from typing import TypeAlias

from radiosync.link.timing import HOST_LATENCY_S, Timing
from tests.link.line import VHF, Endpoint, LivelockError, Sent

Fate: TypeAlias = Callable[[Sent, int], list[tuple[float, bytes]]]
"""What becomes of a frame at one hearer: arrivals, each with its delay. None for a frame that is lost."""

BITE_S = 1e-6
"""Keys that are down at once for less than this only touch."""


@dataclass(frozen=True)
class Pace:
    """What an over takes beyond what is computed.

    Attributes:
        speaks_s: from the wish of the sender's computer to that of its modem.
        hears_s: from the last bit of each frame to the other computers.
        stuffing: length of its frames against that of the mean.
    """

    speaks_s: float = 0.0
    hears_s: float = 0.0
    stuffing: float = 1.0


PACES = [
    Pace(speaks_s, hears_s, stuffing)
    for speaks_s in (0.0, HOST_LATENCY_S / 4)
    for hears_s in (0.0, HOST_LATENCY_S / 4)
    for stuffing in (1.0, 1.04)
]
"""As computed, and the latest and longest that the protocol allows for."""


def unharmed(sent: Sent, hearer: int) -> list[tuple[float, bytes]]:
    return [(0.0, sent.frame)]


def lossy(random: Random, *losses: float) -> Fate:
    """Each frame is lost with the chance of its hearer."""
    return lambda sent, hearer: [] if random.random() < losses[hearer] else unharmed(sent, hearer)


def deaf(*hearers: int) -> Fate:
    """These hear nothing."""
    return lambda sent, hearer: [] if hearer in hearers else unharmed(sent, hearer)


def steady() -> Pace:
    return Pace()


@dataclass
class Air:
    """Ends on one frequency. An end may be None: a station that is switched off.

    Attributes:
        pace: of the next over.
        sent: every frame that was put on the air.
        overs: how many overs each end sent.
    """

    ends: Sequence[Endpoint | None]
    timing: Timing = VHF
    fate: Fate = unharmed
    pace: Callable[[], Pace] = steady
    now: float = 0.0
    on_step: Callable[[], None] = lambda: None
    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ends = list(self.ends)
        self.overs = [0] * len(self.ends)
        self._keyed: list[list[tuple[float, float]]] = [[] for _ in self.ends]
        self._arrivals: list[tuple[float, int, int, Sent, bytes]] = []
        self._order = count()

    def run(self, *, until: float = 40_000.0, max_steps: int = 100_000) -> None:
        """Run until nothing is due any more. Raises LivelockError when that never happens."""
        for at in range(len(self.ends)):
            self.wake(at)
        for _ in range(max_steps):
            due = self._next_due()
            if due is None or due > until:
                return
            self.now = max(self.now, due)
            self._step()
            self.on_step()
        raise LivelockError(f"no end after {max_steps} steps, at {self.now:.1f} s")

    def wake(self, at: int) -> None:
        """Put on the air what an end has to say."""
        end = self.ends[at]
        over = None if end is None else end.poll_over(now=self.now)
        if over is None:
            return
        self.overs[at] += 1
        pace = self.pace()
        keyed_at = self.now + pace.speaks_s
        begins_at = keyed_at + self.timing.turn_s
        for place, frame in enumerate(over.frames):
            ends_at = begins_at + self.timing.frame_s(len(frame)) * pace.stuffing
            sent = Sent(len(self.sent), at, place, frame, begins_at, ends_at)
            self.sent.append(sent)
            self._carry(sent, pace)
            begins_at = ends_at
        self._keyed[at].append((keyed_at, begins_at + self.timing.airtime.tail_s))

    def restart(self, at: int, end: Endpoint | None) -> None:
        """The process at one end is gone, with all that it had not keyed, and another one has taken its place."""
        self._arrivals = [each for each in self._arrivals if each[3].side != at]
        heapq.heapify(self._arrivals)
        self._keyed[at] = [(begin, min(end, self.now)) for begin, end in self._keyed[at] if begin < self.now]
        self.ends = [*self.ends[:at], end, *self.ends[at + 1 :]]

    @property
    def doubles(self) -> list[tuple[float, float]]:
        """Pairs of instants at which two keys went down that were down at once."""
        spans = sorted(span for spans in self._keyed for span in spans)
        return [(first[0], then[0]) for first, then in pairwise(spans) if then[0] < first[1] - BITE_S]

    @property
    def airtime_s(self) -> float:
        """Time that a key was down, of all ends."""
        return sum(end - begin for spans in self._keyed for begin, end in spans)

    def _carry(self, sent: Sent, pace: Pace) -> None:
        for hearer in range(len(self.ends)):
            for delay_s, frame in self.fate(sent, hearer) if hearer != sent.side else ():
                arrives_at = sent.ends_at + pace.hears_s + delay_s
                heapq.heappush(self._arrivals, (arrives_at, next(self._order), hearer, sent, frame))

    def _next_due(self) -> float | None:
        dues = [end.next_deadline for end in self.ends if end is not None]
        known = [due for due in dues if due is not None] + [each[0] for each in self._arrivals[:1]]
        return min(known, default=None)

    def _step(self) -> None:
        if self._arrivals and self._arrivals[0][0] <= self.now:
            _, _, hearer, sent, frame = heapq.heappop(self._arrivals)
            self._hear(hearer, sent, frame)
            return
        for at, end in enumerate(self.ends):
            if end is not None and end.next_deadline is not None and end.next_deadline <= self.now:
                end.handle_timer(now=self.now)
                self.wake(at)
                return

    def _hear(self, hearer: int, sent: Sent, frame: bytes) -> None:
        is_deaf = any(begin < sent.ends_at and sent.begins_at < end for begin, end in self._keyed[hearer])
        end = self.ends[hearer]
        if end is not None and not is_deaf:
            end.receive_frame(frame, now=self.now)
            self.wake(hearer)
