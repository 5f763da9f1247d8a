"""Real stores, and a far station that restarts in mid-over, loses its database, or is reached another way."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import delete

from radiosync.store.database import open_database
from radiosync.store.schema import model
from radiosync_sim.rig import Rig, Side
from radiosync_sim.scenario import load_scenario
from radiosync_sim.split import divide
from radiosync_sim.story import tell_story
from radiosync_sim.world import World

_SEEDS = 8
"""Seeds in each test: enough to notice, few enough to wait for. Try a hundred when the protocol changes."""

_STEPS = 50_000


@contextmanager
def _rig(blank: Path, folder: Path, scenario: str, seed: int, known: int, new: int) -> Iterator[Rig]:
    """Two stations that have met before, and have both written since."""
    folder.mkdir()
    for name in ("a", "b", "lost"):
        shutil.copy(blank, folder / f"{name}.db")
    rig = Rig(World(seed, max_steps=_STEPS), load_scenario(scenario), folder)
    story = list(tell_story(known + new, seed))
    if known:
        rig.a.store.edit(story[:known])
        rig.exchange_directly()
    for side, mine in zip(rig.sides, divide(story[known:], "time", (rig.a.store, rig.b.store)), strict=True):
        side.store.edit(mine)
    yield rig
    for side in rig.sides:
        side.store.close()


def _run_into_an_over(rig: Rig) -> None:
    """Call, and come to some instant in the middle of one of the first overs, of either side."""
    dice = rig.world.random("misfortune")
    rig.a.call()
    for _ in range(dice.randrange(3)):
        rig.run_while(lambda: not _keyed(rig))
        rig.run_while(lambda: _keyed(rig))
    rig.run_while(lambda: not _keyed(rig))
    queued_s = sum(side.modem.queued_bytes for side in rig.sides) * 8 / rig.scenario.airtime.bit_rate
    rig.world.run_until(rig.world.now + dice.random() * (rig.scenario.airtime.key_up_s + queued_s))


def _keyed(rig: Rig) -> bool:
    return any(side.modem.is_keyed for side in rig.sides)


def _held_pieces(side: Side) -> int:
    """Pieces that a side has of transfers that are on their way to it."""
    return sum(len(block) for transfer in side.store.arriving(side.partner) for block in transfer.pieces)


@pytest.mark.parametrize("fate", ["restarts", "loses its database"])
def test_the_far_station_fails_in_mid_over(blank: Path, tmp_path: Path, fate: str) -> None:
    for seed in range(_SEEDS):
        where = f"vhf-1200, seed {seed}: base camp {fate}"
        folder = tmp_path / str(seed)
        with _rig(blank, folder, "vhf-1200", seed, known=12, new=24) as rig:
            _run_into_an_over(rig)
            assert _keyed(rig), where
            rig.b.kill()
            rig.world.run_until(rig.world.now + rig.world.random("misfortune").uniform(0, 40))
            if fate == "restarts":
                rig.b.restart()
            else:
                rig.b.restart_empty(folder / "lost.db")
            rig.run_while(lambda: rig.a.station.busy)  # the survivor finds out by itself
            assert rig.exchange().calls <= 3, where
            assert rig.identical, where


@pytest.mark.parametrize("who", ["a", "b"])
def test_a_model_that_one_side_lost_costs_a_new_model_and_nothing_else(
    blank: Path, tmp_path: Path, who: str
) -> None:
    """They say which ones they have before any more is sent. What was applied is not sent again."""
    for seed in range(3):
        where = f"vhf-1200, seed {seed}: {who} lost its models"
        with _rig(blank, tmp_path / str(seed), "vhf-1200", seed, known=24, new=24) as rig:
            side = getattr(rig, who)
            side.kill()
            database = open_database(side.path, durable=False)
            with database.write() as connection:
                assert connection.execute(delete(model)).rowcount, where
            database.close()
            side.restart()
            assert rig.exchange().calls == 1, where
            assert rig.identical, where


def test_a_transfer_begun_on_hf_ends_on_a_wire(blank: Path, tmp_path: Path) -> None:
    """Other modem, other frames, other speed; the pieces that are there already do not come again."""
    begun = 0
    for seed in range(_SEEDS):
        where = f"hf-300 to clean-9600, seed {seed}"
        with _rig(blank, tmp_path / str(seed), "hf-300", seed, known=0, new=100) as rig:
            rig.a.call()
            rig.world.run_until(rig.world.random("misfortune").uniform(20, 160))
            held = sum(map(_held_pieces, (rig.a, rig.b)))
            begun += held > 0
            rig.move(load_scenario("clean-9600"))
            assert rig.exchange().repeated_pieces == 0, where
            assert rig.identical, where
    assert begun >= _SEEDS / 2
