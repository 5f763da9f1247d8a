"""A line between two ends, on virtual time: no modem, no fading, but frames that a test may lose, delay, repeat or spoil."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Protocol, TypeAlias

from radiosync.link.over import Over
from radiosync.link.timing import Timing, timing_of
from radiosync.profiles.airtime import Airtime
from radiosync.wire.framing import KissFraming

VHF = timing_of(
    Airtime.of("kiss-tnc", 1200, key_up_s=0.5, max_frame_bytes=256, longest_over_s=30.0), KissFraming()
)
FAST = timing_of(
    Airtime.of("kiss-tnc", 9600, key_up_s=0.1, max_frame_bytes=256, longest_over_s=10.0), KissFraming()
)
SMALL = timing_of(
    Airtime.of("lora", 1760, key_up_s=0.1, max_frame_bytes=64, longest_over_s=5.0), KissFraming()
)


class Endpoint(Protocol):
    """A contact or a station."""

    def receive_frame(self, frame: bytes, *, now: float) -> object: ...
    def handle_timer(self, *, now: float) -> None: ...
    def poll_over(self, *, now: float) -> Over | None: ...
    @property
    def next_deadline(self) -> float | None: ...


@dataclass(frozen=True)
class Sent:
    """A frame on the air.

    Attributes:
        index: its number among all frames of the line, from 0.
        side: which end sent it, 0 or 1.
        place: its place in the over, from 0.
        frame: its bytes.
        begins_at, ends_at: when it is on the air.
    """

    index: int
    side: int
    place: int
    frame: bytes
    begins_at: float
    ends_at: float


Fate: TypeAlias = Callable[[Sent], list[tuple[float, bytes]]]
"""What becomes of a frame: arrivals, each with its delay. None for a frame that is lost."""


def unharmed(sent: Sent) -> list[tuple[float, bytes]]:
    return [(0.0, sent.frame)]


def without(*indexes: int) -> Fate:
    """All but these frames arrive."""
    return lambda sent: [] if sent.index in indexes else unharmed(sent)


def lossy(random: Random, *losses: float) -> Fate:
    """Each frame is lost with the chance of its side."""
    return lambda sent: [] if random.random() < losses[sent.side] else unharmed(sent)


class LivelockError(AssertionError):
    """Steps without end, or without time passing."""


@dataclass
class Line:
    """Two ends. An end may be None: a station that is switched off.

    Attributes:
        collisions: whether an end that is transmitting is deaf.
        sent: every frame that was put on the air.
        overs: how many overs each side sent.
    """

    ends: list[Endpoint | None]
    timing: Timing = VHF
    fate: Fate = unharmed
    collisions: bool = True
    now: float = 0.0
    sent: list[Sent] = field(default_factory=list)
    overs: list[int] = field(default_factory=lambda: [0, 0])
    on_step: Callable[[], None] = lambda: None
    _arrivals: list[tuple[float, int, Sent, bytes]] = field(default_factory=list)
    _keyed: list[list[tuple[float, float]]] = field(default_factory=lambda: [[], []])
    _order: "count[int]" = field(default_factory=count)

    @property
    def air_bytes(self) -> int:
        """Bytes of ours on the air, checks included, what the modem adds not."""
        return sum(len(sent.frame) for sent in self.sent)

    def run(self, *, until: float = 40_000.0, max_steps: int = 100_000) -> None:
        """Run until nothing is due any more. Raises LivelockError when that never happens."""
        still = 0
        for side in (0, 1):
            self.wake(side)
        for _ in range(max_steps):
            due = self._next_due()
            if due is None or due > until:
                return
            still = still + 1 if due <= self.now else 0
            if still > 300:
                raise LivelockError(f"time stands still at {self.now:.3f}")
            self.now = max(self.now, due)
            self._step()
            self.on_step()
        raise LivelockError(f"no end after {max_steps} steps, at {self.now:.1f} s")

    def _next_due(self) -> float | None:
        dues = [end.next_deadline for end in self.ends if end is not None]
        known = [due for due in dues if due is not None] + [each[0] for each in self._arrivals[:1]]
        return min(known, default=None)

    def _step(self) -> None:
        if self._arrivals and self._arrivals[0][0] <= self.now:
            _, _, sent, frame = heapq.heappop(self._arrivals)
            self._hear(1 - sent.side, sent, frame)
            return
        for side, end in enumerate(self.ends):
            if end is not None and end.next_deadline is not None and end.next_deadline <= self.now:
                end.handle_timer(now=self.now)
                self.wake(side)
                return

    def _hear(self, side: int, sent: Sent, frame: bytes) -> None:
        deaf = self.collisions and any(
            begin < sent.ends_at and sent.begins_at < end for begin, end in self._keyed[side]
        )
        end = self.ends[side]
        if end is not None and not deaf:
            end.receive_frame(frame, now=self.now)
            self.wake(side)

    def restart(self, side: int, end: Endpoint | None) -> None:
        """The process at one end is gone in mid-over, and another one has taken its place."""
        self._arrivals = [each for each in self._arrivals if each[2].side != side]
        heapq.heapify(self._arrivals)
        self._keyed[side].clear()
        self.ends[side] = end

    def wake(self, side: int) -> None:
        """Put on the air what an end has to say."""
        end = self.ends[side]
        over = None if end is None else end.poll_over(now=self.now)
        if over is None:
            return
        self.overs[side] += 1
        begins_at = at = max([self.now, *(end for _, end in self._keyed[side])]) + self.timing.turn_s
        for place, frame in enumerate(over.frames):
            ends_at = at + self.timing.frame_s(len(frame))
            sent = Sent(len(self.sent), side, place, frame, at, ends_at)
            self.sent.append(sent)
            for delay_s, arrived in self.fate(sent):
                heapq.heappush(self._arrivals, (ends_at + delay_s, next(self._order), sent, arrived))
            at = ends_at
        self._keyed[side].append((begins_at, at))
