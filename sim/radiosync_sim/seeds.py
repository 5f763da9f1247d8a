"""The same run with many seeds: what is usual, and how bad it gets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from statistics import median

from radiosync_sim.run import RunOptions, RunResult, run_scenario
from radiosync_sim.scenario import load_scenario

_P5 = 0.05


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure of many runs.

    Attributes:
        each: in order of the seeds.
        median: of them.
        p5: the best of the worst twentieth: one run in twenty is as bad as this or worse.
        worst: of all.
    """

    each: list[float]
    median: float
    p5: float
    worst: float

    @classmethod
    def of(cls, values: Sequence[float], *, more_is_better: bool) -> "Spread":
        """The spread of at least one value."""
        from_worst = sorted(values, reverse=not more_is_better)
        place = ceil(_P5 * len(values)) - 1
        return cls(list(values), round(median(values), 4), from_worst[place], from_worst[0])


@dataclass(frozen=True, slots=True)
class SeedsResult:
    """What many seeds cost. The names are those of the JSON object; for what the figures mean see `RunResult`.

    Attributes:
        stream, scenario: what was run.
        seeds: of each run, in order.
        utilisation, utilisation_each, elapsed_s, bytes_a_change, airtime_a_change_s: spread over the runs; the last two None
            without changes.
        resumes: of all runs together.
        differing: seeds after which the two sides do not hold the same.
        identical: there is none.
    """

    stream: str
    scenario: str
    seeds: list[int]
    utilisation: Spread
    utilisation_each: dict[str, Spread]
    elapsed_s: Spread
    bytes_a_change: Spread | None
    airtime_a_change_s: Spread | None
    resumes: int
    differing: list[int]
    identical: bool


def run_seeds(
    options: RunOptions, count: int, on_run: Callable[[int, int, float], None] = lambda done, total, now: None
) -> SeedsResult:
    """Run `count` seeds, from the one that the options or the scenario give upwards.

    `on_run` is called after each run with how many are done, how many there will be, and the virtual time that it took.

    Raises:
        SimulationError: as for `run_scenario`.
    """
    first = load_scenario(options.scenario).seed if options.seed is None else options.seed
    results = []
    for done, seed in enumerate(range(first, first + count), 1):
        results.append(run_scenario(replace(options, seed=seed)))
        on_run(done, count, results[-1].elapsed_s)
    return _sum_up(results)


def _sum_up(results: Sequence[RunResult]) -> SeedsResult:
    differing = [result.seed for result in results if not result.identical]
    ways = results[0].utilisation_each
    return SeedsResult(
        stream=results[0].stream,
        scenario=results[0].scenario,
        seeds=[result.seed for result in results],
        utilisation=Spread.of([result.utilisation for result in results], more_is_better=True),
        utilisation_each={
            way: Spread.of([result.utilisation_each[way] for result in results], more_is_better=True)
            for way in ways
        },
        elapsed_s=Spread.of([result.elapsed_s for result in results], more_is_better=False),
        bytes_a_change=_cost([result.bytes_a_change for result in results]),
        airtime_a_change_s=_cost([result.airtime_a_change_s for result in results]),
        resumes=sum(result.resumes for result in results),
        differing=differing,
        identical=not differing,
    )


def _cost(values: Sequence[float | None]) -> Spread | None:
    known = [value for value in values if value is not None]
    return Spread.of(known, more_is_better=False) if known else None
