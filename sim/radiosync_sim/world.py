"""Virtual time and seeded chance: what happens next, in an order that a seed alone decides.

A `World` holds callbacks in a heap and jumps from one to the next. It knows nothing of radios or of asyncio.
"""

import heapq
from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Final

from radiosync_sim.errors import LivelockError, SimulationError

MAX_STEPS: Final = 20_000_000
"""Steps of one world. A night on HF takes some ten thousand; a run that needs more than this repeats itself
for ever."""


class Event:
    """One callback that waits in a world. Comes from `World.call_at`."""

    __slots__ = ("_callback", "when")

    def __init__(self, when: float, callback: Callable[[], object]) -> None:
        self.when = when
        self._callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Take the callback out of the world. Does nothing when it has run or was cancelled before."""
        self._callback = None

    @property
    def is_pending(self) -> bool:
        """Whether the callback is still going to run."""
        return self._callback is not None

    def _run(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class World:
    """Virtual seconds since the start, events in order, and one random stream for each user.

    Events of the same instant run in the order in which they were scheduled.
    """

    def __init__(self, seed: int, *, max_steps: int = MAX_STEPS) -> None:
        self.seed = seed
        self.max_steps = max_steps
        self.steps = 0
        self._now = 0.0
        self._sequence = 0
        self._heap: list[tuple[float, int, Event]] = []
        self._streams: dict[str, Random] = {}

    @property
    def now(self) -> float:
        """Virtual seconds since the world began."""
        return self._now

    def random(self, name: str) -> Random:
        """The random stream of the user `name`: always the same object, and independent of all other names.

        Adding a user therefore never moves the dice of another one.
        """
        if name not in self._streams:
            digest = sha256(f"{self.seed}/{name}".encode()).digest()
            self._streams[name] = Random(int.from_bytes(digest, "big"))
        return self._streams[name]

    def call_at(self, when: float, callback: Callable[[], object]) -> Event:
        """Run `callback` at the instant `when`. An instant in the past means now, after what already waits
        for now.

        Raises:
            SimulationError: `when` is not a number that time can reach.
        """
        if not when < float("inf"):
            raise SimulationError(f"an event cannot be scheduled at {when}")
        event = Event(max(when, self._now), callback)
        self._sequence += 1
        heapq.heappush(self._heap, (event.when, self._sequence, event))
        return event

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Event:
        """Run `callback` after `delay_s` seconds."""
        return self.call_at(self._now + delay_s, callback)

    def next_at(self) -> float | None:
        """Instant of the next event, or None when nothing is scheduled."""
        while self._heap and not self._heap[0][2].is_pending:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def step(self) -> bool:
        """Jump to the next event and run it. False when there is none.

        Raises:
            LivelockError: the bound on steps was reached.
        """
        if self.next_at() is None:
            return False
        self.steps += 1
        if self.steps > self.max_steps:
            raise LivelockError(
                f"no end after {self.max_steps} steps, at {self._now:.3f} s, with seed {self.seed}"
            )
        self._now, _, event = heapq.heappop(self._heap)
        event._run()
        return True

    def run_until(self, when: float) -> None:
        """Run everything up to and including the instant `when`, then stand at it.

        Raises:
            LivelockError: the bound on steps was reached.
        """
        while (at := self.next_at()) is not None and at <= when:
            self.step()
        self._now = max(self._now, when)
