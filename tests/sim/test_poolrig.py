"""A pool with stores and modems: whose key is down when, and processes that die in the middle."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeAlias

import pytest

from radiosync.link.timing import HOST_LATENCY_S
from radiosync_sim.channel import Channel
from radiosync_sim.faults import Loss
from radiosync_sim.poolrig import POOL, PoolRig, listener_names
from radiosync_sim.rig import Side
from radiosync_sim.scenario import Scenario, load_scenario
from radiosync_sim.story import tell_story
from radiosync_sim.world import World

_SEEDS = range(8)
"""Enough to notice, few enough to wait for. Try a hundred when the protocol changes."""

_STEPS = 100_000

Make: TypeAlias = Callable[..., AbstractContextManager[PoolRig]]


@pytest.fixture(autouse=True)
def _quick_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compact codec would take most of the time, and nothing here depends on it."""
    monkeypatch.setattr("radiosync.sync.station.COMPACT_BIT_RATE", 0)


@pytest.fixture
def make(blank: Path, tmp_path: Path) -> Make:
    """Makes rigs, each with databases of its own, and closes them."""

    @contextmanager
    def rig(scenario: Scenario, seed: int, listeners: int = 2) -> Iterator[PoolRig]:
        folder = Path(mkdtemp(dir=tmp_path))
        for name in "a" + listener_names(listeners):
            shutil.copy(blank, folder / f"{name}.db")
        found = PoolRig(World(seed, max_steps=_STEPS), scenario, folder, listeners)
        yield found
        for side in found.by_name.values():
            side.store.close()

    return rig


class _Keys:
    """Watches when keys are down."""

    def __init__(self, channel: Channel) -> None:
        self._channel, self._key, self._unkey = channel, channel.key, channel.unkey
        self._down: dict[str, float] = {}
        self._spans: list[tuple[float, float, str]] = []
        channel.key, channel.unkey = self._goes_down, self._comes_up  # type: ignore[method-assign]

    @property
    def doubles(self) -> list[tuple[float, str, str]]:
        """When two stations were keyed at once, and which. Keys that only touch do not count."""
        pairs = pairwise(sorted(self._spans))
        return [(then[0], first[2], then[2]) for first, then in pairs if then[0] < first[1] - 1e-6]

    @property
    def downs(self) -> int:
        """How often a key went down."""
        return len(self._spans)

    def _goes_down(self, station: str) -> None:
        self._down[station] = self._channel.world.now
        self._key(station)

    def _comes_up(self, station: str) -> None:
        if station in self._down:
            self._spans.append((self._down.pop(station), self._channel.world.now, station))
        self._unkey(station)


def test_all_are_members_of_one_pool(make: Make) -> None:
    assert listener_names(3) == "bcd"
    with make(load_scenario("clean-9600"), 1, listeners=3) as rig:
        assert [side.name for side in rig.listeners] == ["b", "c", "d"]
        pool = rig.speaker.partner_called(POOL)
        members = rig.speaker.store.members(pool)
        assert set(members) == {side.store.station for side in rig.listeners}
        assert {side.partner_called(POOL).station for side in rig.listeners} == {pool.station}
        for side in rig.listeners:
            assert "a" in {partner.name for partner in side.store.partners()}


@pytest.mark.parametrize("scenario", ["vhf-1200", "hf-300", "lora-sf9", "stream-2400", "clean-9600"])
def test_every_kind_of_modem_serves_a_pool(make: Make, scenario: str) -> None:
    for seed in _SEEDS:
        with make(load_scenario(scenario), seed, listeners=3) as rig:
            rig.speaker.store.edit(tell_story(40, seed))
            rig.exchange()
            assert rig.identical, f"{scenario}, seed {seed}"


@pytest.mark.parametrize("losses", [(), (Loss(0.3, hearer="c"), Loss(0.2, sender="d"), Loss(0.1))])
@pytest.mark.parametrize("scenario", ["vhf-1200", "hf-300", "lora-sf9"])
def test_no_two_keys_are_ever_down_at_once(make: Make, scenario: str, losses: tuple[Loss, ...]) -> None:
    """No modem listens before it keys here, so it is the slots alone that keep them apart; bits are stuffed as they are."""
    bare = replace(load_scenario(scenario), carrier_sense=False, losses=losses)
    for seed in _SEEDS:
        jitter_s = HOST_LATENCY_S / 4 if seed % 2 else 0.0
        with make(replace(bare, jitter_s=jitter_s), seed, 3) as rig:
            keys = _Keys(rig.channel)
            for edits in (30, 5):
                rig.speaker.store.edit(tell_story(edits, seed + edits))
                rig.exchange()
            assert rig.identical, f"{scenario}, seed {seed}"
            assert keys.downs > 6
            assert keys.doubles == [], f"{scenario}, seed {seed}"


def test_modems_that_are_late_are_seen_to_key_at_once(make: Make) -> None:
    """That the watch can fail: these take far more time than there is for it, and do not listen."""
    scenario = replace(load_scenario("vhf-1200"), carrier_sense=False, jitter_s=2.0)
    seen = 0
    for seed in _SEEDS:
        with make(scenario, seed, 4) as rig:
            keys = _Keys(rig.channel)
            rig.speaker.store.edit(tell_story(20, seed))
            rig.speaker.call(POOL)
            rig.let_all_leave()
            seen += len(keys.doubles)
    assert seen


@pytest.mark.parametrize(
    "scenario", ["harsh-loss-40", "harsh-fades", "harsh-jitter", "harsh-tnc", "harsh-busy"]
)
def test_links_that_nobody_would_choose_bring_it_through(make: Make, scenario: str) -> None:
    for seed in range(3):
        with make(load_scenario(scenario), seed) as rig:
            rig.speaker.store.edit(tell_story(30, seed))
            rig.exchange()
            assert rig.identical, f"{scenario}, seed {seed}"


def test_who_is_cut_off_gets_what_it_lacks_in_a_later_contact(make: Make) -> None:
    for seed in _SEEDS:
        with make(load_scenario("vhf-1200"), seed) as rig:
            rig.speaker.store.edit(tell_story(30, seed))
            outage = rig.channel.cut("c")
            rig.speaker.call(POOL)
            rig.run_while(lambda rig=rig: rig.speaker.station.busy)  # type: ignore[misc]
            speaker, ben, carla = (side.store.content_digest() for side in rig.by_name.values())
            assert speaker == ben != carla, f"seed {seed}"
            rig.channel.restore(outage)
            rig.speaker.store.edit(tell_story(10, seed + 1))
            rig.exchange()
            assert rig.identical, f"seed {seed}"
            assert [side.repeated_pieces for side in rig.listeners] == [0, 0], f"seed {seed}"


# Processes that die.


def _die_in_the_middle(rig: PoolRig, side: Side) -> None:
    """Call the pool, kill a process at some instant of the contact, and bring it back a while later."""
    dice = rig.world.random("death")
    rig.speaker.call(POOL)
    rig.world.run_until(rig.world.now + dice.uniform(0.2, 12.0))
    side.kill()
    rig.world.run_until(rig.world.now + dice.uniform(0.0, 20.0))


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_a_process_that_was_killed_goes_on_and_no_piece_comes_twice(make: Make, name: str) -> None:
    scenario = replace(load_scenario("vhf-1200"), losses=(Loss(0.1, hearer="b"), Loss(0.2, hearer="c")))
    for seed in _SEEDS:
        with make(scenario, seed) as rig:
            rig.speaker.store.edit(tell_story(60, seed))
            side = rig.by_name[name]
            _die_in_the_middle(rig, side)
            side.restart()
            rig.run_while(lambda rig=rig: rig.speaker.station.busy)  # type: ignore[misc]
            rig.exchange()
            rig.let_all_leave()
            assert rig.identical, f"seed {seed}"
            assert [each.repeated_pieces for each in rig.listeners] == [0, 0], f"seed {seed}"


@pytest.mark.parametrize("name", ["a", "c"])
def test_a_station_that_lost_its_database_gets_and_gives_everything_again(make: Make, name: str) -> None:
    for seed in range(4):
        with make(load_scenario("vhf-1200"), seed) as rig:
            rig.speaker.store.edit(tell_story(20, seed))
            rig.exchange()
            rig.speaker.store.edit(tell_story(20, seed + 1))
            side = rig.by_name[name]
            _die_in_the_middle(rig, side)
            side.restart_empty(side.path.with_name("new.db"))
            rig.run_while(lambda rig=rig: rig.speaker.station.busy)  # type: ignore[misc]
            if name == "a":
                rig.speaker.store.edit(tell_story(20, seed + 2))
                rig.exchange()
                fields = {record.uuid: record.fields for record in rig.speaker.store.records()}
                for each in rig.listeners:
                    theirs = {record.uuid: record.fields for record in each.store.records()}
                    assert fields.items() <= theirs.items(), f"seed {seed}"
            else:
                rig.exchange()
                assert rig.identical, f"seed {seed}"
