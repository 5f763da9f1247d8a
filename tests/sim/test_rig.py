"""Stations with stores on one channel."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from uuid import UUID

import pytest

from radiosync.records.edit import Edit
from radiosync_sim.faults import Loss
from radiosync_sim.rig import Fleet, Rig
from radiosync_sim.scenario import ErrorState, load_scenario
from radiosync_sim.story import tell_story
from radiosync_sim.world import World

VHF = load_scenario("vhf-1200")


def _fleet(folder: Path, names: Sequence[str], **more: object) -> Fleet:
    return Fleet(World(1, max_steps=50_000), VHF, folder, names, **more)  # type: ignore[arg-type]


def test_all_stations_of_a_fleet_know_each_other(tmp_path: Path) -> None:
    fleet = _fleet(tmp_path, "abc")
    for name, side in fleet.by_name.items():
        assert {partner.name for partner in side.store.partners()} == set("abc") - {name}
        for partner in side.store.partners():
            assert partner.station == fleet.by_name[partner.name].store.station
            assert side.partner_called(partner.name) == partner


def test_one_speaks_to_each_of_two_listeners_in_turn(tmp_path: Path) -> None:
    fleet = _fleet(tmp_path, "abc")
    a, b, c = fleet.by_name.values()
    a.store.edit(tell_story(30, 1))
    assert not fleet.identical
    assert fleet.exchange_between(a, b).calls == 1
    assert b.store.content_digest() == a.store.content_digest() != c.store.content_digest()
    assert fleet.exchange_between(a, c).calls == 1
    assert fleet.identical


def test_listeners_lose_frames_of_their_own(tmp_path: Path) -> None:
    scenario = replace(
        VHF, good=ErrorState(0, inf), bad=None, losses=(Loss(0.2, hearer="b"), Loss(0.4, hearer="c"))
    )
    fleet = Fleet(World(1, max_steps=50_000), scenario, tmp_path, "abc")
    a, b, c = fleet.by_name.values()
    a.store.edit(tell_story(60, 1))
    fleet.exchange_between(a, b)
    fleet.exchange_between(a, c)
    assert fleet.identical
    lost = fleet.channel.counters["a"].frames_lost
    assert 0 < lost["b"] < lost["c"]


def test_who_is_out_of_earshot_is_reached_through_the_middle(tmp_path: Path) -> None:
    fleet = _fleet(tmp_path, "amz", hearing={"a": "m", "m": "az", "z": "m"})
    a, m, z = fleet.by_name.values()
    a.store.edit(tell_story(10, 1))
    fleet.exchange_between(a, m)
    fleet.exchange_between(m, z)
    assert fleet.identical
    assert fleet.channel.counters["a"].frames_lost.keys() <= {"m"}


def test_a_fleet_moves_to_another_link_in_mid_contact(tmp_path: Path) -> None:
    rig = Rig(World(1, max_steps=50_000), load_scenario("hf-300"), tmp_path)
    rig.a.store.edit(tell_story(60, 1))
    rig.a.call()
    rig.world.run_until(40)
    old = rig.channel
    rig.move(load_scenario("clean-9600"))
    assert not rig.a.station.busy
    on_air = old.counters["a"].bytes_sent
    rig.exchange()
    assert rig.identical
    assert rig.channel.counters["a"].bytes_sent > 0
    assert old.counters["a"].bytes_sent == on_air


def test_a_station_that_lost_its_database_is_the_same_station_in_another_life(tmp_path: Path) -> None:
    rig = Rig(World(1, max_steps=50_000), VHF, tmp_path)
    rig.a.store.edit([Edit("t", UUID(int=1), {"name": "here"})])
    rig.exchange()
    before = rig.b.store.origin
    rig.b.kill()
    rig.b.restart_empty(tmp_path / "new.db")
    after = rig.b.store.origin
    assert after.station == before.station
    assert after.incarnation != before.incarnation
    assert [partner.name for partner in rig.b.store.partners()] == ["a"]
    assert list(rig.b.store.records()) == []
    rig.exchange()
    assert rig.identical


def test_whom_a_side_means_without_a_name(tmp_path: Path) -> None:
    rig = Rig(World(1, max_steps=50_000), VHF, tmp_path)
    assert rig.a.partner == rig.a.partner_called("b")
    with pytest.raises(StopIteration):
        rig.a.partner_called("c")
