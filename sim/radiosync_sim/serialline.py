"""One direction of the way between a host and its modem: bytes in order, perhaps late."""

from collections.abc import Callable
from functools import partial
from random import Random

from radiosync_sim.world import World


class SerialLine:
    """Hands on each run of bytes after a delay that chance decides, never before an earlier run.

    Attributes:
        bytes_under_way: what has gone in and not come out.
    """

    def __init__(self, world: World, jitter_s: float, dice: Random, deliver: Callable[[bytes], None]) -> None:
        """A line that delays by 0 to `jitter_s`, all of it equally likely. With 0 bytes pass within the call."""
        self.bytes_under_way = 0
        self._world, self._jitter_s, self._dice, self._deliver = world, jitter_s, dice, deliver
        self._last_at = 0.0

    def carry(self, data: bytes) -> None:
        """Take a run of bytes in."""
        if self._jitter_s == 0:
            self._deliver(data)
            return
        self.bytes_under_way += len(data)
        self._last_at = max(self._last_at, self._world.now + self._dice.uniform(0, self._jitter_s))
        self._world.call_at(self._last_at, partial(self._hand_on, data))

    def _hand_on(self, data: bytes) -> None:
        self.bytes_under_way -= len(data)
        self._deliver(data)
