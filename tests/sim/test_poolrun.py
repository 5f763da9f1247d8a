"""Whole runs with several listeners: what they cost at once, beside ordinary contacts with the worse one alone."""

from typing import Any

import pytest

from radiosync_sim.poolrun import PoolResult, run_pool, run_pool_seeds
from radiosync_sim.run import RunOptions, run_scenario
from radiosync_sim.story import tell_story

_MOST = 1.25
"""What several listeners may cost, in airtimes of the worse one alone."""

_SEEDS = 6


@pytest.fixture
def quick_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pool and contacts of two speak the fast codec: the compact one would take most of the time."""
    monkeypatch.setattr("radiosync.sync.station.COMPACT_BIT_RATE", 0)


def _options(scenario: str, edits: int = 40, **more: Any) -> RunOptions:
    return RunOptions(scenario, list(tell_story(edits, 3)), "story", **{"seed": 1, **more})


def _run(scenario: str, listeners: int = 2, **more: Any) -> PoolResult:
    return run_pool(_options(scenario, **more), listeners)


# Each listener loses what its own path loses: with the `pool-` scenarios `c` one frame in five more, both ways.
@pytest.mark.parametrize("scenario", ["pool-vhf", "pool-hf"])
def test_two_listeners_cost_little_more_than_the_worse_one_alone(scenario: str) -> None:
    """All keys of a pool against all keys of ordinary contacts, from hello to bye, on the same course of fades."""
    result = run_pool_seeds(_options(scenario), 2, _SEEDS)
    where = f"{scenario}, seeds 1 to {_SEEDS}: {result}"
    assert result.identical, where
    assert result.ratio.median <= _MOST, where
    assert result.ratio_of_means <= _MOST, where


@pytest.mark.usefixtures("quick_codec")
def test_to_serve_four_at_once_costs_less_than_two_alone() -> None:
    for scenario in ("vhf-1200", "hf-300"):
        result = _run(scenario, 4)
        assert result.identical
        assert len(result.alone_s) == 4
        assert result.airtime_s < sum(sorted(result.alone_s.values())[-2:])


@pytest.mark.usefixtures("quick_codec")
def test_alone_means_an_ordinary_run() -> None:
    for seed in range(4):
        options = _options("vhf-1200", seed=seed, contact=15)
        pool, alone = run_pool(options, 2), run_scenario(options)
        assert pool.alone_s["b"] == alone.airtime_s, f"seed {seed}"


@pytest.mark.usefixtures("quick_codec")
def test_the_figures_fit_together() -> None:
    result = _run("pool-vhf", contact=10, seed=3)
    assert (result.stream, result.scenario, result.seed) == ("story", "pool-vhf", 3)
    assert (result.listeners, result.edits, result.contacts) == (2, 40, 4)
    assert result.airtime_s == pytest.approx(sum(result.airtime_each_s.values()), abs=0.002)
    assert result.airtime_s < result.elapsed_s
    assert result.bytes_on_air.keys() == result.airtime_each_s.keys() == {"a", "b", "c"}
    assert result.alone_s.keys() == result.frames_lost.keys() == {"b", "c"}
    assert result.alone_s[result.worse] == max(result.alone_s.values())
    assert result.ratio == pytest.approx(result.airtime_s / result.alone_s[result.worse], abs=1e-3)
    assert 0 < result.changes <= result.edits
    assert result.payload_bytes < result.bytes_on_air["a"]
    assert max(result.frames_lost.values()) < result.frames_sent
    assert result.overs >= 3 * result.contacts
    assert result.pieces_repeated == 0


@pytest.mark.usefixtures("quick_codec")
def test_the_worse_path_loses_more() -> None:
    results = [_run("pool-vhf", seed=seed) for seed in range(6)]
    b, c = (sum(result.frames_lost[name] for result in results) for name in "bc")
    assert 0 < b < c


@pytest.mark.usefixtures("quick_codec")
def test_the_same_seed_gives_the_same_run() -> None:
    assert _run("vhf-1200", seed=4) == _run("vhf-1200", seed=4)
    assert _run("vhf-1200", seed=4).airtime_s != _run("vhf-1200", seed=5).airtime_s


@pytest.mark.usefixtures("quick_codec")
def test_each_edit_by_itself_carries_more_changes() -> None:
    net, each = _run("clean-9600"), _run("clean-9600", every_edit=True)
    assert net.changes < each.changes <= each.edits


def test_nothing_to_send_costs_nothing() -> None:
    result = run_pool(RunOptions("hf-300", seed=1), 2)
    assert (result.airtime_s, result.ratio, result.identical) == (0.0, None, True)
    assert run_pool_seeds(RunOptions("hf-300", seed=1), 2, 2).ratio_of_means == 0.0


@pytest.mark.usefixtures("quick_codec")
def test_it_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    run_pool(_options("clean-9600", contact=10), 1, lambda done, total, now: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    told.clear()
    run_pool_seeds(_options("clean-9600"), 1, 2, lambda done, total, now: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.usefixtures("quick_codec")
def test_seeds_are_summed_up() -> None:
    result = run_pool_seeds(_options("vhf-1200", seed=None), 2, 3)
    each = [_run("vhf-1200", seed=seed) for seed in (1, 2, 3)]
    assert result.seeds == [1, 2, 3]
    assert result.airtime_s.each == [one.airtime_s for one in each]
    assert result.alone_s.each == [max(one.alone_s.values()) for one in each]
    assert result.ratio.each == [one.ratio for one in each]
    assert result.ratio.worst == max(result.ratio.each)
    mean = sum(result.airtime_s.each) / sum(result.alone_s.each)
    assert result.ratio_of_means == pytest.approx(mean, abs=1e-3)
    assert (result.listeners, result.differing, result.identical) == (2, [], True)
