"""Use of the airtime: many seeds, both ways, and errors that are spread evenly."""

from dataclasses import replace
from math import inf
from pathlib import Path
from random import Random
from typing import Any

import pytest

from radiosync_sim.bench import air
from radiosync_sim.bench.air import measure_air, measure_loss, spread_evenly
from radiosync_sim.bench.runs import DifferenceError, Step
from radiosync_sim.errors import ScenarioError
from radiosync_sim.fading import Fading
from radiosync_sim.run import RunOptions, run_scenario
from radiosync_sim.scenario import load_scenario
from radiosync_sim.seeds import run_seeds


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(air, "ideal_utilisation", lambda scenario, payload: 0.5)


@pytest.mark.usefixtures("quick")
def test_every_seed_counts() -> None:
    steps: list[Step] = []
    vhf, lora = measure_air(["vhf-1200", "lora-sf9"], 2000, 4, on_step=steps.append)
    assert (vhf.scenario, vhf.ideal, vhf.payload_bytes, vhf.both_ways) == ("vhf-1200", 0.5, 2000, None)
    first = load_scenario("vhf-1200").seed
    runs = [run_scenario(RunOptions("vhf-1200", payload=2000, seed=first + seed)) for seed in range(4)]
    assert sorted(vhf.one_way.each) == sorted(run.utilisation for run in runs)
    assert vhf.one_way.worst == min(run.utilisation for run in runs)
    assert lora.one_way.median > vhf.one_way.median
    assert [step.done for step in steps] == list(range(1, 9))
    assert {step.total for step in steps} == {8}


@pytest.mark.usefixtures("quick")
def test_both_ways() -> None:
    steps: list[Step] = []
    (result,) = measure_air(["vhf-1200"], 2000, 2, both_ways=True, on_step=steps.append)
    assert result.both_ways is not None
    assert result.both_ways.each != result.one_way.each
    assert [step.doing for step in steps] == ["vhf-1200, one way"] * 2 + ["vhf-1200, both ways"] * 2


@pytest.mark.parametrize("name", air.LOSS_SCENARIOS)
@pytest.mark.parametrize("loss", [0.0, 0.01, 0.2, 0.5])
def test_errors_hit_the_share_of_frames_that_was_asked_for(name: str, loss: float) -> None:
    scenario = load_scenario(name)
    even = spread_evenly(scenario, loss)
    assert even.bad is None
    assert even.airtime == scenario.airtime
    frame_s, frames = scenario.airtime.frame_s(scenario.airtime.max_frame_bytes or 256), 4000
    channel = Fading(even, Random(1), Random(2))
    hit = sum(channel.next_error_at(n * frame_s, (n + 1) * frame_s) is not None for n in range(frames))
    assert hit / frames == pytest.approx(loss, abs=0.03)


@pytest.mark.usefixtures("quick")
def test_loss_is_run_on_a_scenario_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def on_a_clean_link(options: RunOptions, seeds: int, on_run: Any) -> Any:
        scenario = load_scenario(options.scenario)
        seen.append(scenario)
        return run_seeds(replace(options, scenario="clean-9600"), seeds, on_run)

    monkeypatch.setattr(air, "run_seeds", on_a_clean_link)
    monkeypatch.setattr(air, "LOSSES", (0.0, 0.1))
    steps: list[Step] = []
    results = measure_loss(air.LOSS_SCENARIOS, 100, 2, steps.append)
    assert [(each.scenario, each.loss) for each in results] == [
        (name, loss) for name in air.LOSS_SCENARIOS for loss in (0.0, 0.1)
    ]
    for result, scenario in zip(results, seen, strict=True):
        even = spread_evenly(load_scenario(result.scenario), result.loss)
        assert scenario == replace(even, summary=scenario.summary)
        assert scenario.good.bit_error_rate == result.bit_error_rate
        assert scenario.good.mean_dwell_s == inf
    assert len(steps) == steps[0].total == 2 * 2 * len(air.LOSS_SCENARIOS)


@pytest.mark.usefixtures("quick")
def test_loss_costs_airtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(air, "LOSSES", (0.0, 0.3))
    none, much = measure_loss(["vhf-1200"], 4000, 3)
    assert none.one_way.worst > much.one_way.median


def test_what_cannot_be_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        measure_air([str(tmp_path / "none.toml")], 100, 1)
    with pytest.raises(ScenarioError):
        measure_loss(["nowhere"], 100, 1)

    def differing(*arguments: Any) -> Any:
        return replace(run_seeds(*arguments), differing=[7], identical=False)

    monkeypatch.setattr(air, "run_seeds", differing)
    with pytest.raises(DifferenceError, match="lora-sf9, seed 7"):
        measure_air(["lora-sf9"], 100, 1)


def test_the_scenarios_exist() -> None:
    for names in (air.SCENARIOS, air.LOSS_SCENARIOS):
        assert [load_scenario(name).name for name in names] == list(names)
