"""Bytes of a change: whole runs, set against the yardstick."""

from dataclasses import replace

import pytest

from radiosync.errors import InputError
from radiosync_sim.bench import runs
from radiosync_sim.bench.runs import DifferenceError, Step
from radiosync_sim.bench.streams import story_stream
from radiosync_sim.bench.traffic import BytesResult, MeanRatio, Ours, mean_ratios, measure_bytes
from radiosync_sim.bench.yardstick import COLUMNS
from radiosync_sim.errors import ScenarioError
from radiosync_sim.run import RunOptions, run_scenario

STORY = story_stream(120)


def test_ours_stand_beside_the_yardstick() -> None:
    steps: list[Step] = []
    first, second = measure_bytes([STORY], [20, 60], ["clean-9600", "vhf-1200"], 0.5, steps.append)
    assert [(each.stream, each.contact, each.contacts, each.edits) for each in (first, second)] == [
        ("story", 20, 3, 60),
        ("story", 60, 1, 60),
    ]
    assert [ours.scenario for ours in first.ours] == ["clean-9600", "vhf-1200"]
    assert tuple(first.bytes) == tuple(first.bytes_a_change) == COLUMNS
    for result in (first, second):
        for ours in result.ours:
            assert ours.bytes_on_air > ours.payload_bytes > 0
            assert ours.to_solid == pytest.approx(ours.bytes_on_air / result.bytes["solid"], abs=1e-3)
            assert ours.bytes_a_change == pytest.approx(ours.bytes_on_air / result.changes, abs=0.1)
            assert ours.airtime_s_a_change == pytest.approx(ours.airtime_s / result.changes, abs=1e-3)
    assert [step.done for step in steps] == list(range(1, len(steps) + 1))
    assert {step.total for step in steps} == {len(steps)}
    assert {step.doing for step in steps} == {
        f"story, contacts of {contact}, {what}"
        for contact in (20, 60)
        for what in ("yardstick", "clean-9600", "vhf-1200")
    }


def test_ours_are_those_of_a_run() -> None:
    (result,) = measure_bytes([STORY], [30], ["clean-9600"], 0.0)
    run = run_scenario(RunOptions("clean-9600", STORY.edits, contact=30))
    (ours,) = result.ours
    assert (ours.bytes_on_air, ours.overs, ours.airtime_s) == (
        sum(run.bytes_on_air.values()),
        run.overs,
        run.airtime_s,
    )


def test_means_are_over_streams() -> None:
    def result(stream: str, contact: int, *ratios: float) -> BytesResult:
        ours = [Ours(f"s{place}", 1, 1, 1, 1, 1, 1, 1, ratio) for place, ratio in enumerate(ratios)]
        return BytesResult(stream, contact, 1, 1, 1, {}, {}, ours)

    results = [result("a", 20, 1.0, 2.0), result("b", 20, 2.0, 4.0), result("a", 200, 0.5, 0.7)]
    assert mean_ratios(results) == [
        MeanRatio(20, "s0", 1.5),
        MeanRatio(20, "s1", 3.0),
        MeanRatio(200, "s0", 0.5),
        MeanRatio(200, "s1", 0.7),
    ]


def test_a_stream_with_nothing_left_is_named() -> None:
    for stream in (
        replace(STORY, edits=(), rows=(), file="x.jsonl"),
        replace(story_stream(5), file="x.jsonl"),
    ):
        with pytest.raises(InputError, match=r"x\.jsonl: no change is left"):
            measure_bytes([stream], [20], ["clean-9600"], 0.5)


def test_an_unknown_scenario_is_found_before_anything_runs() -> None:
    steps: list[Step] = []
    with pytest.raises(ScenarioError, match="nowhere"):
        measure_bytes([STORY], [20], ["clean-9600", "nowhere"], 0.5, steps.append)
    assert steps == []


def test_sides_that_differ_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def differing(*arguments: object) -> object:
        return replace(run_scenario(RunOptions("clean-9600", STORY.edits, seed=9)), identical=False)

    monkeypatch.setattr(runs, "run_scenario", differing)
    with pytest.raises(DifferenceError) as caught:
        measure_bytes([STORY], [20], ["clean-9600"], 0.5)
    assert (caught.value.scenario, caught.value.seed) == ("clean-9600", 9)
