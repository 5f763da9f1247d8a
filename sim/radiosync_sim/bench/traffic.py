"""Bytes of a change: the yardstick's columns, and everything that we put on the air."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from radiosync_sim.bench import yardstick
from radiosync_sim.bench.runs import OnStep, Steps, checked_run, nothing_left
from radiosync_sim.bench.streams import Stream
from radiosync_sim.bench.yardstick import Yardstick
from radiosync_sim.run import RunOptions, RunResult
from radiosync_sim.scenario import load_scenario

SCENARIOS: Final = ("clean-1200", "clean-9600")
"""Without errors: the bytes of one run are then those of every run."""
CONTACTS: Final = (20, 200)


@dataclass(frozen=True, slots=True)
class Ours:
    """What the measured part of a stream costs us.

    Attributes:
        scenario: the link.
        bytes_on_air: everything, both ways, hello to bye.
        payload_bytes: sealed batches.
        overs: of both sides.
        airtime_s: time that a key was down.
        bytes_a_change, payload_a_change, airtime_s_a_change: the same for each change that the yardstick counts.
        to_solid: bytes on air, as a multiple of the yardstick's `solid`.
    """

    scenario: str
    bytes_on_air: int
    payload_bytes: int
    overs: int
    airtime_s: float
    bytes_a_change: float
    payload_a_change: float
    airtime_s_a_change: float
    to_solid: float


@dataclass(frozen=True, slots=True)
class BytesResult:
    """One stream, cut into contacts of one size.

    Attributes:
        stream: its name.
        contact: edits between two contacts.
        contacts, edits, changes: of the measured part, as the yardstick counts them.
        bytes: payload by method of the yardstick.
        bytes_a_change: the same for each change.
        ours: one for each scenario.
    """

    stream: str
    contact: int
    contacts: int
    edits: int
    changes: int
    bytes: Mapping[str, int]
    bytes_a_change: Mapping[str, float]
    ours: Sequence[Ours]


@dataclass(frozen=True, slots=True)
class MeanRatio:
    """The mean over streams of bytes on air to `solid`."""

    contact: int
    scenario: str
    to_solid: float


def measure_bytes(
    streams: Sequence[Stream],
    contacts: Sequence[int],
    scenarios: Sequence[str],
    warm: float,
    on_step: OnStep = lambda step: None,
) -> list[BytesResult]:
    """Every stream with every size of contact: the yardstick, and ours on every scenario.

    Raises:
        InputError: a stream has no change behind its warm part.
        SimulationError: a run does not end, or not with equal stores.
        ScenarioError: there is no such scenario.
    """
    for name in scenarios:
        load_scenario(name)
    return list(_measure_bytes(streams, contacts, scenarios, warm, on_step))


def mean_ratios(results: Sequence[BytesResult]) -> list[MeanRatio]:
    """For each size of contact and scenario, in the order of the results."""
    ratios: dict[tuple[int, str], list[float]] = {}
    for result in results:
        for ours in result.ours:
            ratios.setdefault((result.contact, ours.scenario), []).append(ours.to_solid)
    return [MeanRatio(*key, round(fmean(values), 3)) for key, values in ratios.items()]


def _measure_bytes(
    streams: Sequence[Stream], contacts: Sequence[int], scenarios: Sequence[str], warm: float, on_step: OnStep
) -> Iterator[BytesResult]:
    sizes = [(stream, contact) for contact in contacts for stream in streams]
    windows = [yardstick.windows(len(stream.rows), contact, warm) for stream, contact in sizes]
    total = sum(before + after + after * len(scenarios) for before, after in windows)
    steps = Steps(on_step, total)
    for stream, contact in sizes:
        where = f"{stream.name}, contacts of {contact}"
        mark = yardstick.measure(stream.rows, contact, warm, steps.stepper(f"{where}, yardstick"))
        if not mark.changes:
            raise nothing_left(stream)
        runs = [
            _run_stream(stream, contact, warm, scenario, steps.stepper(f"{where}, {scenario}"))
            for scenario in scenarios
        ]
        yield _bytes_result(stream, contact, mark, runs)


def _run_stream(
    stream: Stream, contact: int, warm: float, scenario: str, step: Callable[[], None]
) -> RunResult:
    options = RunOptions(scenario, stream.edits, stream.name, contact=contact, warm=warm)
    return checked_run(options, lambda done, total, now: step())


def _bytes_result(stream: Stream, contact: int, mark: Yardstick, runs: Sequence[RunResult]) -> BytesResult:
    each = {name: round(size / mark.changes, 1) for name, size in mark.bytes.items()}
    ours = [_ours(run, mark) for run in runs]
    return BytesResult(
        stream.name, contact, mark.contacts, mark.edits, mark.changes, dict(mark.bytes), each, ours
    )


def _ours(run: RunResult, mark: Yardstick) -> Ours:
    on_air = sum(run.bytes_on_air.values())
    return Ours(
        run.scenario,
        on_air,
        run.payload_bytes,
        run.overs,
        run.airtime_s,
        round(on_air / mark.changes, 1),
        round(run.payload_bytes / mark.changes, 1),
        round(run.airtime_s / mark.changes, 3),
        round(on_air / mark.bytes["solid"], 3),
    )
