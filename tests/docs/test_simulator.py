"""The simulator's page knows every scenario, every key of a scenario, every figure of a run, and its tests run."""

import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from inspect import signature
from pathlib import Path

import pytest

from radiosync_sim.errors import ScenarioError
from radiosync_sim.run import RunResult
from radiosync_sim.scenario import load_scenario, parse_scenario, scenario_names
from radiosync_sim.seeds import SeedsResult
from tests.docs.markdown import fences
from tests.project.checkout import ROOT

PAGE = (ROOT / "docs/simulator.md").read_text("utf-8")

WHOLE = """
summary = "all keys"
seed = 1
[modem]
kind = "kiss-tnc"
bit_rate = 1200
frame_payload_bytes = 256
buffer_bytes = 2048
transmission_frames = 3
jitter_s = 0.5
[radio]
key_up_and_turn_s = 0.5
tail_s = 0.1
longest_over_s = 30
full_duplex = true
carrier_sense = true
propagation_s = 0.01
[errors.good]
bit_error_rate = 1e-6
mean_dwell_s = 8
[errors.bad]
bit_error_rate = 1e-3
mean_dwell_s = 1
[[outage]]
from_s = 1
until_s = 2
stations = ["a"]
every_s = 10
[[loss]]
share = 0.1
from = "a"
to = "b"
[others]
share = 0.2
mean_over_s = 3
listen = true
"""


def _rows(heading: str) -> list[list[str]]:
    lines = PAGE.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip()[1:-1].split("|")])
    return found


def _words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_scenario_is_in_one_of_the_tables() -> None:
    rows = [*_rows("name"), *_rows("harsh"), *_rows("pool")]
    assert sorted(word for row in rows for word in _words(row[0])) == scenario_names()


@pytest.mark.parametrize("row", _rows("harsh"), ids=lambda row: row[0])
def test_a_harsh_scenario_has_the_modem_of_another_one(row: Sequence[str]) -> None:
    scenario, other = (load_scenario(_words(cell)[0]) for cell in row[:2])
    assert scenario.airtime == other.airtime
    assert (scenario.bad is None) == ("no fades" in row[1])


@pytest.mark.parametrize("row", _rows("name"), ids=lambda row: row[0])
def test_a_scenario_is_as_the_table_says(row: Sequence[str]) -> None:
    scenario = load_scenario(_words(row[0])[0])
    air = scenario.airtime
    assert air.bit_rate == float(row[2])
    payload = "any" if air.max_frame_bytes is None else f"{air.max_frame_bytes} B"
    assert payload == row[3]
    assert [f"{air.key_up_s:g} s", f"{air.key_up_s:g}"].count(row[4]) == 1
    for state, cell in ((scenario.good, row[5]), (scenario.bad, row[6])):
        stated = [float(word.removesuffix(" s")) for word in cell.split(", ")] if cell != "-" else []
        present = [] if state is None else [state.bit_error_rate, state.mean_dwell_s]
        assert present[: len(stated)] == stated
    assert air.longest_over_s is None or row[7] == f"{air.longest_over_s:g} s"


def test_the_table_of_keys_is_complete() -> None:
    parse_scenario("whole", WHOLE)
    table, known = "", set()
    for line in WHOLE.strip().splitlines():
        if line.startswith("["):
            table = line
        else:
            known.add((table, line.partition(" ")[0]))
    stated = {("".join(_words(row[0])), key) for row in _rows("table") for key in _words(row[1])}
    assert stated == known


@pytest.mark.parametrize("row", [row for row in _rows("table") if row[2] == "yes"], ids=str)
def test_a_key_that_is_needed_is_missed(row: Sequence[str]) -> None:
    name = _words(row[1])[0]
    place = WHOLE.index(f"\n{name} = ", WHOLE.index("".join(_words(row[0])) or "\n"))
    text = WHOLE[:place] + WHOLE[WHOLE.index("\n", place + 1) :]
    with pytest.raises(ScenarioError, match=name):
        parse_scenario("part", text)


def test_every_figure_is_explained() -> None:
    stated = {word for row in _rows("key") for word in _words(row[0])}
    assert stated == {field.name for field in fields(RunResult)}


def test_every_figure_of_many_seeds_is_explained() -> None:
    stated = [word for row in _rows("with seeds") for word in _words(row[0])]
    assert sorted(stated) == sorted(field.name for field in fields(SeedsResult))


def _examples() -> dict[str, Callable[..., None]]:
    found: dict[str, Callable[..., None]] = {}
    for fence in fences(PAGE):
        if fence.language == "python":
            space: dict[str, object] = {}
            exec(compile(fence.code, f"simulator.md, line {fence.line}", "exec"), space)
            found |= {name: thing for name, thing in space.items() if name.startswith("test_")}  # type: ignore[misc]
    return found


@pytest.mark.parametrize("name", _examples())
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    example = _examples()[name]
    example(**{"tmp_path": tmp_path} if signature(example).parameters else {})
