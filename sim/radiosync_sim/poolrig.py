"""A station that speaks, and some that listen to it at once."""

from collections.abc import Callable, Sequence
from pathlib import Path
from string import ascii_lowercase

from radiosync.sync.ports import Job
from radiosync_sim.rig import Fleet, MeteredStore, Side
from radiosync_sim.scenario import Scenario
from radiosync_sim.world import World

POOL = "all"
"""What the pool is called."""


def listener_names(listeners: int) -> str:
    """One letter for each, from `b` on."""
    return ascii_lowercase[1 : 1 + listeners]


class PoolRig(Fleet):
    """A speaker (`a`) and its listeners (`b`, `c` and so on), all of them members of one pool.

    Attributes:
        speaker, listeners: as they are called.
    """

    def __init__(
        self,
        world: World,
        scenario: Scenario,
        folder: Path,
        listeners: int,
        jobs: Sequence[Job] = (Job("all"),),
        *,
        wall_ms: Callable[[], int] = lambda: 0,
        store_class: type[MeteredStore] = MeteredStore,
    ) -> None:
        names = "a" + listener_names(listeners)
        super().__init__(world, scenario, folder, names, jobs, wall_ms=wall_ms, store_class=store_class)

    @property
    def speaker(self) -> Side:
        """Who calls the pool."""
        return self.by_name["a"]

    @property
    def listeners(self) -> list[Side]:
        """All others."""
        return [side for side in self.by_name.values() if side is not self.speaker]

    def introduce(self) -> None:
        """Whoever does not know the pool speaks or listens to it from now on."""
        super().introduce()
        if not _knows(self.speaker):
            members = [self.speaker.partner_called(side.name) for side in self.listeners]
            self.speaker.store.add_pool(POOL, members)
        for side in self.listeners:
            if not _knows(side):
                side.store.join_pool(POOL, side.partner_called(self.speaker.name))

    def exchange(self) -> int:
        """Contacts until all listeners have everything, and said so. How many.

        Raises SimulationError if that takes more than `CALLS`.
        """
        return self._call_until_complete(self.speaker, POOL, list(self.by_name.values()))

    def let_all_leave(self) -> None:
        """Wait until no listener waits for anything more."""
        self.run_while(lambda: any(side.station.busy for side in self.by_name.values()))


def _knows(side: Side) -> bool:
    return any(partner.name == POOL for partner in side.store.partners())
