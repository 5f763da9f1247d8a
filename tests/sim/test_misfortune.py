"""Real stores, and a far station that restarts in mid-over, loses its database, or is reached another way."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import Delete, Update, delete

from radiosync.records.edit import Edit
from radiosync.store.database import open_database
from radiosync.store.schema import model, station
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


def _change(path: Path, statement: Delete | Update) -> None:
    """In the database of a process that is gone."""
    database = open_database(path, durable=False)
    with database.write() as connection:
        assert connection.execute(statement).rowcount
    database.close()


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
            _change(side.path, delete(model))
            side.restart()
            assert rig.exchange().calls == 1, where
            assert rig.identical, where


def _edits(dice: Random, numbers: Iterable[int]) -> list[Edit]:
    return [Edit("wells", UUID(int=number << 64), {"note": str(dice.random())}) for number in numbers]


def _copy(side: Side, path: Path) -> Path:
    side.store.copy_to(path)
    return path


def _fall_back(side: Side, copy: Path) -> None:
    """Its database is put back. Nobody notices; but what is written from now on must not look like what was lost."""
    side.kill()
    shutil.copy(copy, side.path)
    _change(side.path, station.update().values(sequence=station.c.sequence + 1000))
    side.restart()


@pytest.mark.parametrize("who", ["a", "b"])
@pytest.mark.parametrize("fate", ["lost its models", "was put back"])
def test_both_go_on_where_they_agree_while_each_edits_what_the_other_one_named(
    blank: Path, tmp_path: Path, who: str, fate: str
) -> None:
    """What names aliases of the other side is withdrawn when that begins an epoch; not for ever by turns."""
    for scenario in ("clean-1200", "clean-9600")[: 1 if "models" in fate else 2]:
        with _rig(blank, tmp_path / scenario, scenario, 1, known=0, new=0) as rig:
            dice = rig.world.random("edits")
            side, other = (rig.a, rig.b) if who == "a" else (rig.b, rig.a)
            rig.a.store.edit(_edits(dice, range(1, 20)))
            rig.b.store.edit(_edits(dice, range(21, 40)))
            rig.exchange()
            copy = _copy(side, tmp_path / scenario / "then.db")
            other.store.edit(_edits(dice, [50]))
            rig.exchange()
            if fate == "was put back":
                _fall_back(side, copy)
            else:
                side.kill()
                _change(side.path, delete(model))
                side.restart()
            rig.a.store.edit(_edits(dice, range(21, 40)))
            rig.b.store.edit(_edits(dice, range(1, 20)))
            assert rig.exchange().calls == 1, scenario
            assert rig.identical, scenario


@pytest.mark.parametrize("caller", ["a", "b"])
def test_an_epoch_of_one_who_was_put_back_twice_is_not_taken_for_one_that_is_known(
    blank: Path, tmp_path: Path, caller: str
) -> None:
    """Its next number is one that the partner has heard already, with other aliases behind it."""
    with _rig(blank, tmp_path / "rig", "clean-9600", 1, known=0, new=0) as rig:
        dice = rig.world.random("edits")
        rig.b.store.edit(_edits(dice, range(1, 10)))
        rig.exchange()
        rig.b.store.edit(_edits(dice, range(1, 5)))
        rig.exchange()
        copy = _copy(rig.b, tmp_path / "then.db")
        for number in (60, 61):
            rig.b.store.edit(_edits(dice, range(number, 68)))
            rig.exchange()
            if number == 60:
                _fall_back(rig.b, copy)
        _fall_back(rig.b, copy)
        rig.b.store.edit(_edits(dice, range(80, 88)))
        rig.a.store.edit(_edits(dice, range(60, 68)))
        notes = [_note(rig.a, number) for number in range(60, 68)]
        first, second = (rig.a, rig.b) if caller == "a" else (rig.b, rig.a)
        assert rig.exchange_between(first, second).calls == 1
        assert [_note(rig.b, number) for number in range(60, 68)] == notes
        for side in rig.sides:
            assert not {_note(side, number) for number in range(80, 88)} & {*notes}


def _note(side: Side, number: int) -> object:
    record = side.store.record("wells", UUID(int=number << 64))
    return record and record.fields["note"]


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
