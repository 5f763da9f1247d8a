"""Killing either process after every step of a contact, and going on from a copy of its database file alone."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, ClassVar

import pytest

from radiosync.sync.ports import Delivery, Partner
from radiosync_sim.rig import MeteredStore, Rig, Side
from radiosync_sim.scenario import load_scenario
from radiosync_sim.split import divide
from radiosync_sim.story import tell_story
from radiosync_sim.world import World

_FRAME_BYTES = 256
_WRITES = (
    "begin_epoch",
    "confirm",
    "deliver",
    "drop_pieces",
    "keep_pieces",
    "meet",
    "next_contact",
    "promise_pieces",
    "rewind",
    "seal",
    "seal_anew",
    "skip",
)


class Killed(BaseException):
    """The process is gone."""


class MortalStore(MeteredStore):
    """Calls `on_write` after each transaction: from there a test can kill the process that made it."""

    on_write: ClassVar[Callable[["MortalStore"], None]] = staticmethod(lambda store: None)
    delivered: ClassVar[Counter[tuple[bytes, int, int]]] = Counter()

    def deliver(self, partner: Partner, delivery: Delivery) -> None:
        """Deliver, and remember that this transfer was applied once more."""
        come = self.inbound(partner)
        super().deliver(partner, delivery)
        self.delivered[self.station, come.epoch, delivery.number] += 1


def _mortal(name: str) -> Callable[..., Any]:
    original = getattr(MortalStore, name)

    @wraps(original)
    def write(self: MortalStore, *values: Any) -> Any:
        result = original(self, *values)
        type(self).on_write(self)
        return result

    return write


for _name in _WRITES:
    setattr(MortalStore, _name, _mortal(_name))


@pytest.fixture(autouse=True)
def _nobody_is_killed() -> Iterator[None]:
    MortalStore.delivered = Counter()
    yield
    MortalStore.on_write = staticmethod(lambda store: None)


def _rig(folder: Path, scenario: str, seed: int, edits: int) -> Rig:
    """Two stations that have both written, and have not met since."""
    rig = Rig(World(seed, max_steps=200_000), load_scenario(scenario), folder, store_class=MortalStore)
    stream = list(tell_story(edits, seed))
    rig.a.store.edit(stream[: edits // 2])
    rig.exchange_directly()
    window = divide(stream[edits // 2 :], "time", (rig.a.store, rig.b.store))
    for side, mine in zip(rig.sides, window, strict=True):
        side.store.edit(mine)
    return rig


class _Death:
    """Kills one side after its n-th step; counts the steps when n is None."""

    def __init__(self, victim: Side, nth: int | None) -> None:
        self.steps = 0
        self._victim, self._nth = victim, nth
        station = victim.store.station
        MortalStore.on_write = staticmethod(lambda store: self._step() if store.station == station else None)
        victim.node.on_step = lambda step: self._step()

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self._nth:
            raise Killed


def _count_steps(folder: Path, scenario: str, seed: int, victim: str, edits: int) -> int:
    rig = _rig(folder, scenario, seed, edits)
    death = _Death(getattr(rig, victim), None)
    rig.exchange()
    assert rig.identical
    return death.steps


def _run_with_death(folder: Path, scenario: str, seed: int, victim: str, nth: int, edits: int) -> Rig:
    rig = _rig(folder, scenario, seed, edits)
    side = getattr(rig, victim)
    _Death(side, nth)
    with suppress(Killed):
        rig.exchange()
    MortalStore.on_write = staticmethod(lambda store: None)
    side.kill()
    side.restart(folder / "copy.db")
    if rig.a.station.busy:  # the survivor finds out by itself
        rig.run_while(lambda: rig.a.station.busy)
    rig.exchange()
    return rig


def _check(rig: Rig, where: str) -> None:
    assert rig.identical, where
    assert rig.a.repeated_bytes <= _FRAME_BYTES, where
    assert rig.b.repeated_bytes <= _FRAME_BYTES, where
    assert not [key for key, times in MortalStore.delivered.items() if times > 1], where
    MortalStore.delivered.clear()
    for side in rig.sides:
        side.store.close()


@pytest.mark.parametrize("victim", ["a", "b"])
@pytest.mark.parametrize(
    ("scenario", "seed", "edits"), [("vhf-1200", 3, 24), ("clean-9600", 1, 24), ("vhf-1200", 11, 40)]
)
def test_a_kill_after_any_step_loses_nothing(
    tmp_path: Path, scenario: str, seed: int, edits: int, victim: str
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    steps = _count_steps(first, scenario, seed, victim, edits)
    assert steps > 10
    for nth in range(1, steps + 1):
        folder = tmp_path / str(nth)
        folder.mkdir()
        MortalStore.delivered.clear()
        rig = _run_with_death(folder, scenario, seed, victim, nth, edits)
        _check(rig, f"{scenario}, seed {seed}: {victim} killed after step {nth} of {steps}")
