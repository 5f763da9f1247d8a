"""One run with several listeners: the same stream to all of them at once, and to each of them alone."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from radiosync.sync.ports import Job
from radiosync_sim.poolrig import PoolRig, listener_names
from radiosync_sim.rig import Fleet
from radiosync_sim.run import MAX_STEPS, RunOptions, Wall
from radiosync_sim.scenario import Scenario, load_scenario
from radiosync_sim.seeds import Spread
from radiosync_sim.world import World


@dataclass(frozen=True, slots=True)
class PoolResult:
    """What a run with several listeners cost. The names are those of the JSON object.

    Attributes:
        stream, scenario, seed: what was run.
        listeners: how many.
        edits: in the stream.
        changes: changes that travelled.
        contacts: contacts that were planned; calls beyond these are `resumes`.
        payload_bytes: sealed batches, after compression.
        bytes_on_air: all bytes that modems transmitted, by station.
        airtime_s: time that a key was down, of all stations.
        airtime_each_s: the same by station.
        alone_s: for each listener the airtime of both sides when the stream goes to it alone, in ordinary contacts.
        worse: the listener for which that is most.
        ratio: `airtime_s` over that of the worse one alone; None if that is nothing.
        elapsed_s: virtual time from the first round to the end of the last contact, pauses between calls included.
        frames_sent: by the speaker.
        frames_lost: of these, by listener.
        overs: of all stations.
        pieces_repeated: pieces that came although the listener had them.
        resumes: calls that went on where a contact had left something undone.
        identical: all stores have the same content, behind each of these runs.
    """

    stream: str
    scenario: str
    seed: int
    listeners: int
    edits: int
    changes: int
    contacts: int
    payload_bytes: int
    bytes_on_air: dict[str, int]
    airtime_s: float
    airtime_each_s: dict[str, float]
    alone_s: dict[str, float]
    worse: str
    ratio: float | None
    elapsed_s: float
    frames_sent: int
    frames_lost: dict[str, int]
    overs: int
    pieces_repeated: int
    resumes: int
    identical: bool


@dataclass(frozen=True, slots=True)
class PoolSeedsResult:
    """What many seeds cost. The names are those of the JSON object; for what the figures mean see `PoolResult`.

    Attributes:
        stream, scenario, listeners: what was run.
        seeds: of each run, in order.
        airtime_s, elapsed_s, ratio: spread over the runs.
        alone_s: the same for the worse listener of each run alone.
        ratio_of_means: of `airtime_s` over `alone_s`.
        resumes: of all runs together.
        differing: seeds after which the stores do not hold the same.
        identical: there is none.
    """

    stream: str
    scenario: str
    listeners: int
    seeds: list[int]
    airtime_s: Spread
    alone_s: Spread
    ratio: Spread
    ratio_of_means: float
    elapsed_s: Spread
    resumes: int
    differing: list[int]
    identical: bool


def run_pool(
    options: RunOptions, listeners: int, on_contact: Callable[[int, int, float], None] | None = None
) -> PoolResult:
    """Run a scenario with a pool, and then with each listener alone on the same course of fades.

    The options `payload`, `both_ways`, `warm` and `split` are for two stations, and mean nothing here.

    `on_contact` is called after each contact of the pool with how many are done, how many there will be, and the time.

    Raises:
        SimulationError: the scenario is unknown, or a run does not come to an end.
    """
    scenario = load_scenario(options.scenario)
    seed = scenario.seed if options.seed is None else options.seed
    alone = {name: _run_alone(options, scenario, seed, name) for name in listener_names(listeners)}
    with tempfile.TemporaryDirectory(prefix="radiosync-sim-") as folder:
        pool = _Pool(options, scenario, seed, listeners, Path(folder))
        return pool.run(alone, on_contact or (lambda done, total, now: None))


def run_pool_seeds(
    options: RunOptions,
    listeners: int,
    count: int,
    on_run: Callable[[int, int, float], None] = lambda done, total, now: None,
) -> PoolSeedsResult:
    """Run `count` seeds, from the one that the options or the scenario give upwards, as `seeds.run_seeds` does.

    Raises:
        SimulationError: as for `run_pool`.
    """
    first = load_scenario(options.scenario).seed if options.seed is None else options.seed
    results = []
    for done, seed in enumerate(range(first, first + count), 1):
        results.append(run_pool(replace(options, seed=seed), listeners))
        on_run(done, count, results[-1].elapsed_s)
    return _sum_up(results)


@dataclass(frozen=True, slots=True)
class _Cost:
    """What one listener alone cost."""

    airtime_s: float
    identical: bool


def _airtime_s(fleet: Fleet) -> dict[str, float]:
    return {name: fleet.channel.counters[name].airtime_s for name in fleet.by_name}


def _close(fleet: Fleet) -> None:
    for side in fleet.by_name.values():
        side.store.close()


def _run_alone(options: RunOptions, scenario: Scenario, seed: int, name: str) -> _Cost:
    """The stream in ordinary contacts with one listener."""
    wall, jobs = Wall(), (Job("all", every_edit=options.every_edit),)
    with tempfile.TemporaryDirectory(prefix="radiosync-sim-") as folder:
        world = World(seed, max_steps=MAX_STEPS)
        fleet = Fleet(world, scenario, Path(folder), ("a", name), jobs, wall_ms=wall)
        speaker, listener = fleet.by_name.values()
        for window in options.windows:
            wall.pass_by(window)
            speaker.store.edit(window)
            fleet.exchange_between(speaker, listener)
        cost = _Cost(sum(_airtime_s(fleet).values()), fleet.identical)
        _close(fleet)
        return cost


class _Pool:
    """The stream to all listeners at once."""

    def __init__(
        self, options: RunOptions, scenario: Scenario, seed: int, listeners: int, folder: Path
    ) -> None:
        self._options, self._wall = options, Wall()
        self._world = World(seed, max_steps=MAX_STEPS)
        jobs = (Job("all", every_edit=options.every_edit),)
        self._rig = PoolRig(self._world, scenario, folder, listeners, jobs, wall_ms=self._wall)

    def run(self, alone: dict[str, _Cost], on_contact: Callable[[int, int, float], None]) -> PoolResult:
        rig, windows, calls = self._rig, self._options.windows, 0
        for done, window in enumerate(windows, 1):
            self._wall.pass_by(window)
            rig.speaker.store.edit(window)
            calls += rig.exchange()
            on_contact(done, len(windows), self._world.now)
        elapsed_s = self._world.now
        rig.let_all_leave()
        result = self._measure(alone, elapsed_s, calls - len(windows))
        _close(rig)
        return result

    def _measure(self, alone: dict[str, _Cost], elapsed_s: float, resumes: int) -> PoolResult:
        rig, options, speaker = self._rig, self._options, self._rig.speaker
        sides = rig.by_name.values()
        counters, airtime_s = rig.channel.counters, sum(_airtime_s(rig).values())
        worse = max(alone, key=lambda name: alone[name].airtime_s)
        worse_s = alone[worse].airtime_s
        lost = counters[speaker.name].frames_lost
        return PoolResult(
            stream=options.stream or "edits",
            scenario=rig.scenario.name,
            seed=self._world.seed,
            listeners=len(rig.listeners),
            edits=len(options.edits),
            changes=speaker.store.sealed_changes,
            contacts=len(options.windows),
            payload_bytes=speaker.store.sealed_bytes,
            bytes_on_air={side.name: counters[side.name].bytes_sent for side in sides},
            airtime_s=round(airtime_s, 3),
            airtime_each_s={name: round(seconds, 3) for name, seconds in _airtime_s(rig).items()},
            alone_s={name: round(cost.airtime_s, 3) for name, cost in alone.items()},
            worse=worse,
            ratio=round(airtime_s / worse_s, 4) if worse_s else None,
            elapsed_s=round(elapsed_s, 3),
            frames_sent=counters[speaker.name].frames_sent,
            frames_lost={side.name: lost.get(side.name, 0) for side in rig.listeners},
            overs=sum(side.overs for side in sides),
            pieces_repeated=sum(side.repeated_pieces for side in sides),
            resumes=resumes,
            identical=rig.identical and all(cost.identical for cost in alone.values()),
        )


def _sum_up(results: Sequence[PoolResult]) -> PoolSeedsResult:
    airtimes = [result.airtime_s for result in results]
    alone = [result.alone_s[result.worse] for result in results]
    differing = [result.seed for result in results if not result.identical]
    return PoolSeedsResult(
        stream=results[0].stream,
        scenario=results[0].scenario,
        listeners=results[0].listeners,
        seeds=[result.seed for result in results],
        airtime_s=Spread.of(airtimes, more_is_better=False),
        alone_s=Spread.of(alone, more_is_better=False),
        ratio=Spread.of([result.ratio or 0.0 for result in results], more_is_better=False),
        ratio_of_means=round(sum(airtimes) / sum(alone), 4) if sum(alone) else 0.0,
        elapsed_s=Spread.of([result.elapsed_s for result in results], more_is_better=False),
        resumes=sum(result.resumes for result in results),
        differing=differing,
        identical=not differing,
    )
