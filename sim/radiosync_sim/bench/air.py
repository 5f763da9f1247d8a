"""Use of the airtime: payload bits over bit rate and time, from hello to bye, beside the ideal sender's."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from radiosync_sim.bench.ideal import ideal_utilisation
from radiosync_sim.bench.runs import DifferenceError, OnStep, Steps
from radiosync_sim.run import RunOptions
from radiosync_sim.scenario import ErrorState, Scenario, load_scenario
from radiosync_sim.seeds import Spread, run_seeds

SCENARIOS: Final = ("clean-9600", "vhf-1200", "hf-300", "stream-2400", "lora-sf9")
LOSS_SCENARIOS: Final = SCENARIOS[1:]
LOSSES: Final = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
"""Shares of the full frames that are lost, for the curves."""

_PLAIN_FRAME_BYTES: Final = 256
"""What stands for a full frame on modems that know none."""


@dataclass(frozen=True, slots=True)
class AirResult:
    """How well the airtime of one link is used.

    Attributes:
        scenario: the link.
        payload_bytes: one way.
        ideal: utilisation of the ideal sender, one way.
        one_way: ours.
        both_ways: the sum of both directions when each has so much to send; None if not measured.
    """

    scenario: str
    payload_bytes: int
    ideal: float
    one_way: Spread
    both_ways: Spread | None


@dataclass(frozen=True, slots=True)
class LossResult:
    """The same where errors are spread evenly, instead of in the scenario's own way.

    Attributes:
        scenario: whose modem and radio it is.
        loss: share of full frames that are hit; where the modem knows no frames, of stretches of 256 bytes.
        bit_error_rate: the error rate that does so.
        ideal: utilisation of the ideal sender.
        one_way: ours.
    """

    scenario: str
    loss: float
    bit_error_rate: float
    ideal: float
    one_way: Spread


def measure_air(
    scenarios: Sequence[str],
    payload_bytes: int,
    seeds: int,
    *,
    both_ways: bool = False,
    on_step: OnStep = lambda step: None,
) -> list[AirResult]:
    """Bytes that do not compress, on each scenario with so many seeds.

    Raises:
        SimulationError: a run does not end, or a payload did not arrive as it was.
        ScenarioError: there is no such scenario.
    """
    loaded = [load_scenario(name) for name in scenarios]
    steps = Steps(on_step, len(scenarios) * seeds * (1 + both_ways))
    results = []
    for name, scenario in zip(scenarios, loaded, strict=True):
        options = RunOptions(name, payload=payload_bytes)
        one_way = _utilisation(options, seeds, steps.stepper(f"{name}, one way"))
        both = None
        if both_ways:
            both = _utilisation(replace(options, both_ways=True), seeds, steps.stepper(f"{name}, both ways"))
        ideal = round(ideal_utilisation(scenario, payload_bytes), 3)
        results.append(AirResult(name, payload_bytes, ideal, one_way, both))
    return results


def measure_loss(
    scenarios: Sequence[str], payload_bytes: int, seeds: int, on_step: OnStep = lambda step: None
) -> list[LossResult]:
    """The same, one way, with evenly spread errors: for each scenario and each of `LOSSES`.

    Raises:
        SimulationError: a run does not end, or a payload did not arrive as it was.
        ScenarioError: there is no such scenario.
    """
    loaded = [load_scenario(name) for name in scenarios]
    steps = Steps(on_step, len(scenarios) * len(LOSSES) * seeds)
    results = []
    with TemporaryDirectory(prefix="radiosync-bench-") as folder:
        for scenario in loaded:
            for loss in LOSSES:
                even = spread_evenly(scenario, loss)
                options = RunOptions(write_scenario(even, Path(folder)), payload=payload_bytes)
                one_way = _utilisation(options, seeds, steps.stepper(f"{scenario.name}, {loss:.0%} lost"))
                ideal = round(ideal_utilisation(even, payload_bytes), 3)
                results.append(LossResult(scenario.name, loss, even.good.bit_error_rate, ideal, one_way))
    return results


def spread_evenly(scenario: Scenario, loss: float) -> Scenario:
    """The scenario with independent bit errors that hit this share of its full frames."""
    air = scenario.airtime
    bits = air.frame_s(air.max_frame_bytes or _PLAIN_FRAME_BYTES) * air.bit_rate
    error_rate = -math.expm1(math.log1p(-loss) / bits)
    return replace(scenario, good=ErrorState(error_rate, math.inf), bad=None)


def write_scenario(scenario: Scenario, folder: Path) -> str:
    """Write the file of a scenario that has but one state and no misfortunes, and return its path."""
    air = scenario.airtime
    lines = [
        f'summary = "{scenario.name} with even errors"',
        f"seed = {scenario.seed}",
        "[modem]",
        f'kind = "{air.kind}"',
        f"bit_rate = {air.bit_rate}",
        *([f"frame_payload_bytes = {air.max_frame_bytes}"] if air.max_frame_bytes else []),
        "[radio]",
        f"key_up_and_turn_s = {air.key_up_s}",
        f"tail_s = {air.tail_s}",
        *([f"longest_over_s = {air.longest_over_s}"] if air.longest_over_s else []),
        f"full_duplex = {str(air.full_duplex).lower()}",
        f"carrier_sense = {str(scenario.carrier_sense).lower()}",
        f"propagation_s = {scenario.propagation_s}",
        "[errors.good]",
        f"bit_error_rate = {scenario.good.bit_error_rate!r}",
    ]
    path = folder / f"{scenario.name}.toml"
    path.write_text("\n".join(lines), "utf-8")
    return str(path)


def _utilisation(options: RunOptions, seeds: int, step: Callable[[], None]) -> Spread:
    """Of that many seeds, from the scenario's own upwards."""
    result = run_seeds(options, seeds, lambda done, total, elapsed_s: step())
    if result.differing:
        raise DifferenceError(result.scenario, result.differing[0])
    return result.utilisation
