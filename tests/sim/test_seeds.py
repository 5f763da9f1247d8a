"""Many seeds of one run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync_sim.run import RunOptions, run_scenario
from radiosync_sim.seeds import Spread, run_seeds
from radiosync_sim.story import tell_story


def test_a_spread_where_more_is_better() -> None:
    spread = Spread.of([0.5, 0.9, *[0.7] * 38], more_is_better=True)
    assert (spread.median, spread.p5, spread.worst) == (0.7, 0.7, 0.5)
    assert spread.each[:2] == [0.5, 0.9]


def test_a_spread_where_less_is_better() -> None:
    spread = Spread.of([50.0, 90.0, *[70.0] * 38], more_is_better=False)
    assert (spread.median, spread.p5, spread.worst) == (70, 70, 90)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.booleans())
def test_a_twentieth_is_as_bad_as_p5(values: list[float], more_is_better: bool) -> None:
    spread = Spread.of(values, more_is_better=more_is_better)
    as_bad = [value for value in values if (value <= spread.p5 if more_is_better else value >= spread.p5)]
    worse = [value for value in values if (value < spread.p5 if more_is_better else value > spread.p5)]
    assert len(as_bad) >= len(values) / 20 >= len(worse)
    assert spread.worst in (min(values), max(values))


def test_seeds_count_up_from_the_first_and_are_the_runs_themselves() -> None:
    told: list[tuple[int, int, float]] = []
    options = RunOptions("vhf-1200", payload=2000, both_ways=True, seed=7)
    result = run_seeds(options, 3, lambda *how_far: told.append(how_far))
    runs = [
        run_scenario(RunOptions("vhf-1200", payload=2000, both_ways=True, seed=seed)) for seed in (7, 8, 9)
    ]
    assert result.seeds == [7, 8, 9]
    assert result.utilisation.each == [run.utilisation for run in runs]
    assert result.utilisation_each["b_to_a"].each == [run.utilisation_each["b_to_a"] for run in runs]
    assert told == [(number, 3, run.elapsed_s) for number, run in enumerate(runs, 1)]
    assert (result.bytes_a_change, result.airtime_a_change_s) == (None, None)
    assert (result.identical, result.differing) == (True, [])


def test_records_cost_bytes_and_seconds_a_change() -> None:
    options = RunOptions("vhf-1200", list(tell_story(30, 1)), "story")
    result = run_seeds(options, 2)
    assert result.seeds == [1, 2]  # the scenario's seed first
    assert result.bytes_a_change is not None
    assert result.airtime_a_change_s is not None
    assert result.bytes_a_change.worst == max(result.bytes_a_change.each)
    assert 0 < result.airtime_a_change_s.median <= result.airtime_a_change_s.worst


def test_a_seed_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    def run(options: RunOptions) -> object:
        return dataclasses.replace(run_scenario(options), identical=options.seed != 5)

    monkeypatch.setattr("radiosync_sim.seeds.run_scenario", run)
    result = run_seeds(RunOptions("clean-9600", payload=100, seed=4), 3)
    assert (result.identical, result.differing) == (False, [5])
