"""Whole runs: real changes across every scenario, and what a run says about itself."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from radiosync.connectors.jsonlines import read_jsonlines
from radiosync.records.edit import Edit
from radiosync_sim.run import RunOptions, RunResult, run_scenario
from radiosync_sim.scenario import scenario_names
from radiosync_sim.split import Split
from radiosync_sim.story import tell_story

_STREAMS = Path(__file__).parents[3] / "shared" / "data"
_GOOD = [name for name in scenario_names() if not name.startswith(("harsh-", "stream-2400-", "pool-"))]
"""Links that somebody might choose."""
_SPLITS: tuple[Split | None, ...] = (None, "record", "field", "time")


def _stream(name: str, limit: int) -> Sequence[Edit]:
    path = _STREAMS / name / "changes.jsonl.gz"
    if not path.exists():
        pytest.skip("the real change histories are not beside this checkout")
    with path.open("rb") as file:
        edits = read_jsonlines(file, name)
        return [edit for edit, _ in zip(edits, range(limit), strict=False)]


def _run(scenario: str, seed: int, split: Split | None = None, edits: int = 120, **more: Any) -> RunResult:
    options = RunOptions(scenario, list(tell_story(edits, seed)), "story", split=split, seed=seed)
    return run_scenario(replace(options, **more))


@pytest.mark.parametrize("split", _SPLITS)
@pytest.mark.parametrize("scenario", _GOOD)
def test_every_scenario_ends_with_equal_stores(scenario: str, split: Split | None) -> None:
    result = _run(scenario, 5 + len(scenario), split)
    assert result.identical, result
    assert result.pieces_repeated == 0, result
    assert result.contacts == 6


@pytest.mark.parametrize("scenario", ["clean-9600", "hf-300", "stream-2400"])
@pytest.mark.parametrize("name", ["calfire-incidents", "eden-reference", "fema-shelters"])
def test_real_histories_arrive(name: str, scenario: str) -> None:
    for split in (None, "field"):
        options = RunOptions(scenario, _stream(name, 100), name, contact=25, split=split, seed=2)
        assert run_scenario(options).identical


def test_the_same_seed_gives_the_same_run() -> None:
    assert _run("vhf-1200", 4) == _run("vhf-1200", 4)
    assert _run("vhf-1200", 4) != replace(_run("vhf-1200", 8), seed=4)


def test_a_warm_start_costs_nothing_and_leaves_what_contacts_leave() -> None:
    cold = _run("clean-9600", 3, edits=200)
    warm = _run("clean-9600", 3, edits=200, warm=0.5)
    assert warm.identical
    assert warm.contacts == cold.contacts // 2
    assert warm.edits == 100
    # Behind a clean channel, the second half costs the same whether the first was sent or computed.
    first_half = _run("clean-9600", 3, edits=200, warm=0.0)
    assert first_half.payload_bytes == cold.payload_bytes
    assert 0 < warm.payload_bytes < cold.payload_bytes


def test_each_edit_by_itself_carries_more_changes() -> None:
    net, each = _run("clean-9600", 9), _run("clean-9600", 9, every_edit=True)
    assert each.identical
    assert net.changes < each.changes <= each.edits


def test_a_payload_is_measured_without_records() -> None:
    result = run_scenario(RunOptions("vhf-1200", payload=4000, seed=1))
    assert result.identical
    assert result.payload_bytes == 4000
    assert result.bytes_a_change is None
    assert 0.3 < result.utilisation < 0.8
    assert result.utilisation == pytest.approx(4000 * 8 / 1200 / result.elapsed_s, abs=1e-4)


def test_payloads_both_ways_are_measured_apart_and_together() -> None:
    for scenario in ("vhf-1200", "clean-1200", "stream-2400"):
        result = run_scenario(RunOptions(scenario, payload=4000, both_ways=True, seed=1))
        there, back = result.utilisation_each["a_to_b"], result.utilisation_each["b_to_a"]
        assert result.identical, scenario
        assert result.payload_bytes == 8000
        assert there == back
        assert result.utilisation == pytest.approx(there + back, abs=2e-4)
        assert min(result.bytes_on_air.values()) > 4000


def test_a_contact_that_breaks_off_is_resumed() -> None:
    seeds = [seed for seed in range(40) if _harsh(seed).resumes]
    assert seeds
    assert all(_harsh(seed).identical for seed in seeds)


def _harsh(seed: int) -> RunResult:
    return run_scenario(RunOptions("harsh-loss-40", payload=1500, seed=seed))


def test_strangers_are_not_counted_as_ours() -> None:
    result = run_scenario(RunOptions("harsh-busy", payload=2000, seed=1))
    assert result.airtime_s < result.elapsed_s
    assert sum(result.bytes_on_air.values()) >= 2000


def test_a_payload_of_several_transfers_arrives_as_it_was() -> None:
    for scenario, seed in (("vhf-1200", 1), ("lora-sf9", 2), ("hf-300", 7)):
        assert run_scenario(RunOptions(scenario, payload=20_000, seed=seed)).identical


def test_what_is_on_air_is_counted_both_ways() -> None:
    result = _run("clean-9600", 2)
    assert result.bytes_on_air["a_to_b"] > result.payload_bytes
    assert 0 < result.bytes_on_air["b_to_a"] < result.bytes_on_air["a_to_b"]
    assert result.bytes_a_change == pytest.approx(
        sum(result.bytes_on_air.values()) / result.changes, abs=0.01
    )
    assert result.airtime_a_change_s == pytest.approx(result.airtime_s / result.changes, abs=0.001)
