"""`radiosync sim`: links without radios."""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from radiosync.cli.failure import CommandError, stop
from radiosync.cli.group import Group
from radiosync.cli.output import Mark
from radiosync.cli.progress import metered
from radiosync.cli.session import Session, pass_session
from radiosync.cli.words import count, size, span
from radiosync.messages import notice

if TYPE_CHECKING:
    from radiosync.records.edit import Edit
    from radiosync_sim.poolrun import PoolResult, PoolSeedsResult
    from radiosync_sim.run import RunOptions, RunResult
    from radiosync_sim.seeds import SeedsResult, Spread

    AnyResult: TypeAlias = RunResult | SeedsResult | PoolResult | PoolSeedsResult


@click.group(cls=Group)
def sim() -> None:
    """Try and measure links without radios, in virtual time."""


@sim.command("list")
@pass_session
def list_scenarios(session: Session) -> None:
    """List the scenarios."""
    from radiosync_sim.scenario import load_scenario, scenario_names

    found = [load_scenario(name) for name in scenario_names()]
    width = max(len(scenario.name) for scenario in found)
    for scenario in found:
        session.out.data(f"{scenario.name:{width}}  {scenario.summary}")
    session.out.result({"scenarios": [{"name": each.name, "summary": each.summary} for each in found]})


@sim.command()
@click.argument("scenario")
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="STREAM", help="Changes to carry: JSON Lines."
)
@click.option(
    "--payload", type=click.IntRange(1), metavar="BYTES", help="Or so many bytes that do not compress."
)
@click.option("--both-ways", is_flag=True, help="With --payload: as many bytes back.")
@click.option(
    "--contact", type=click.IntRange(1), default=20, show_default=True, help="Edits between contacts."
)
@click.option(
    "--warm", type=click.FloatRange(0, 1), default=0.0, help="Share of the edits synced beforehand."
)
@click.option("--limit", type=click.IntRange(1), help="Take only the first edits of the stream.")
@click.option("--every-edit", is_flag=True, help="Send each edit, not only the net effect.")
@click.option(
    "--split", type=click.Choice(["record", "field", "time"]), help="Both stations write; divided so."
)
@click.option(
    "--listeners", type=click.IntRange(1, 8), metavar="N", help="With --data: to so many stations at once."
)
@click.option("--seed", type=click.IntRange(0), help="Of all that is left to chance.")
@click.option("--seeds", type=click.IntRange(1), metavar="N", help="Run N seeds and say how far they differ.")
@pass_session
def run(
    session: Session,
    /,
    *,
    scenario: str,
    data: Path | None,
    payload: int | None,
    both_ways: bool,
    limit: int | None,
    listeners: int | None,
    seeds: int | None,
    **options: Any,
) -> None:
    """Carry a stream of changes over a scenario's link and say what it cost. Same seed, same run.

    \b
    Examples:
      radiosync sim run vhf-1200 --data changes.jsonl.gz --limit 500
      radiosync sim run hf-300 --payload 20000 --seed 7 --json
      radiosync sim run lora-sf9 --payload 32768 --both-ways --seeds 20
      radiosync sim run pool-vhf --data changes.jsonl.gz --listeners 2
    """
    from radiosync_sim.errors import ScenarioError, SimulationError
    from radiosync_sim.run import RunOptions

    if (data is None) == (payload is None):
        raise click.UsageError("give either --data or --payload")
    if both_ways and payload is None:
        raise click.UsageError("--both-ways goes with --payload; --split makes both stations write")
    if listeners and (payload is not None or options["warm"] or options["split"]):
        raise click.UsageError("--listeners goes with --data, and neither with --warm nor with --split")
    edits = [] if data is None else read_stream(data, limit)
    stream = "payload" if data is None else str(data)
    asked = RunOptions(scenario, edits=edits, stream=stream, payload=payload, both_ways=both_ways, **options)
    what = "contact" if seeds is None else "seed"
    with metered(session.meter()) as meter:

        def on_part(done: int, total: int, now: float) -> None:
            if not session.as_json:
                meter.report(_Simulating(scenario, what, done, total, now))

        try:
            result = _run(asked, listeners, seeds, on_part)
        except ScenarioError as error:
            raise stop("scenario-wrong", problem=str(error)) from None
        except SimulationError as error:
            raise stop("sim-stuck", problem=str(error)) from None
    _tell(session, result)


def _run(
    asked: "RunOptions", listeners: int | None, seeds: int | None, on_part: Callable[[int, int, float], None]
) -> "AnyResult":
    from radiosync_sim.poolrun import run_pool, run_pool_seeds
    from radiosync_sim.run import run_scenario
    from radiosync_sim.seeds import run_seeds

    if listeners is None:
        return run_scenario(asked, on_part) if seeds is None else run_seeds(asked, seeds, on_part)
    if seeds is None:
        return run_pool(asked, listeners, on_part)
    return run_pool_seeds(asked, listeners, seeds, on_part)


@sim.command()
@click.argument("scenario")
@click.option("--seed", type=click.IntRange(0), help="Of all that is left to chance.")
@click.option(
    "--link", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Make links a and b here."
)
@pass_session
def pty(session: Session, *, scenario: str, seed: int | None, link: Path | None) -> None:
    """Offer two serial ports, joined by a scenario's link in real time, until Ctrl-C.

    \b
    Example:
      radiosync sim pty vhf-1200 --link /tmp/ports     then use /tmp/ports/a and /tmp/ports/b
    """
    from radiosync_sim.errors import ScenarioError
    from radiosync_sim.pty import serve
    from radiosync_sim.scenario import load_scenario

    try:
        found = load_scenario(scenario)
    except ScenarioError as error:
        raise stop("scenario-wrong", problem=str(error)) from None

    def on_ready(names: Mapping[str, str]) -> None:
        for name, place in names.items():
            session.out.data(f"{name}  {place}")
        session.out.say(f"Joined by {found.name}. Ctrl-C ends it.")
        session.out.event("event", event="ready", ports=dict(names))

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        serve(found, found.seed if seed is None else seed, on_ready, link)
    except KeyboardInterrupt:
        session.out.say("Both ports are closed.")
    except OSError as error:
        raise stop("port-unusable", port="A simulated port", problem=error.strerror or str(error)) from None
    session.out.result({"scenario": found.name})


@dataclass(frozen=True, slots=True)
class _Simulating:
    """How far a run has come."""

    scenario: str
    what: str
    done: int
    total: int
    now: float

    @property
    def share(self) -> float | None:
        return self.done / self.total if self.total else None

    def words(self) -> str:
        return (
            f"{self.scenario}: {self.done} of {count(self.total, self.what)}, {span(self.now)} of radio time"
        )

    def short_words(self) -> str:
        return self.words()

    def fields(self) -> Mapping[str, object]:
        return asdict(self)


def read_stream(path: Path, limit: int | None) -> "list[Edit]":
    """The first edits of a file of JSON Lines. Raises CommandError, and InputError when a line is wrong."""
    from radiosync.connectors.jsonlines import read_jsonlines

    try:
        with path.open("rb") as file:
            return list(islice(read_jsonlines(file, str(path)), limit))
    except OSError as error:
        raise stop("file-unreadable", file=path, problem=error.strerror or error) from None


def _tell(session: Session, result: "AnyResult") -> None:
    from radiosync_sim.poolrun import PoolResult, PoolSeedsResult
    from radiosync_sim.run import RunResult
    from radiosync_sim.seeds import SeedsResult

    for name, words in _all_lines(result):
        session.out.data(f"{name:16}{words}")
    fields = asdict(result)
    if not result.identical:
        seed = result.seed if isinstance(result, RunResult | PoolResult) else result.differing[0]
        raise CommandError(notice("sim-differs", scenario=result.scenario, seed=seed), fields)
    who = "All stations hold" if isinstance(result, PoolResult | PoolSeedsResult) else "Both sides hold"
    when = " after each seed" if isinstance(result, SeedsResult | PoolSeedsResult) else ""
    session.out.data(f"{who} the same{when}.", Mark.OK)
    session.out.result(fields)


def _all_lines(result: "AnyResult") -> list[tuple[str, str]]:
    from radiosync_sim.poolrun import PoolResult
    from radiosync_sim.run import RunResult
    from radiosync_sim.seeds import SeedsResult

    if isinstance(result, RunResult):
        return _lines(result)
    if isinstance(result, SeedsResult):
        return _lines_of_seeds(result)
    return _lines_of_pool(result) if isinstance(result, PoolResult) else _lines_of_pool_seeds(result)


def _lines(result: "RunResult") -> list[tuple[str, str]]:
    there, back = result.bytes_on_air["a_to_b"], result.bytes_on_air["b_to_a"]
    each = "" if result.bytes_a_change is None else f", {result.bytes_a_change:.1f} a change"
    each_s = "" if result.airtime_a_change_s is None else f", {result.airtime_a_change_s:.2f} s a change"
    ways = result.utilisation_each
    shares = f" ({ways['a_to_b']:.0%} there, {ways['b_to_a']:.0%} back)" if all(ways.values()) else ""
    return [
        ("run", f"{result.stream} over {result.scenario}, seed {result.seed}"),
        (
            "edits",
            f"{result.edits:,} in {count(result.contacts, 'contact')}; {count(result.changes, 'change')} travelled",
        ),
        ("batches", size(result.payload_bytes)),
        ("on air", f"{size(there)} there, {size(back)} back{each}"),
        ("airtime", f"{span(result.airtime_s)} of {span(result.elapsed_s)}{each_s}"),
        ("utilisation", f"{result.utilisation:.0%} of the bit rate{shares}"),
        (
            "frames",
            f"{result.frames_sent:,} sent, {result.frames_lost:,} lost; {count(result.overs, 'over')}",
        ),
        ("repeated", f"{count(result.pieces_repeated, 'chunk')}; {count(result.resumes, 'resumed contact')}"),
    ]


def _lines_of_seeds(result: "SeedsResult") -> list[tuple[str, str]]:
    ways = result.utilisation_each
    rows: list[tuple[str, Spread | None, str]] = [
        ("utilisation", result.utilisation, ".3f"),
        ("  there", ways["a_to_b"], ".3f"),
        ("  back", ways["b_to_a"], ".3f"),
        ("seconds", result.elapsed_s, ",.0f"),
        ("bytes a change", result.bytes_a_change, ".1f"),
        ("air s a change", result.airtime_a_change_s, ".2f"),
    ]
    return [
        ("run", f"{result.stream} over {result.scenario}, {_span_of_seeds(result.seeds)}"),
        *_table(rows),
        ("resumed", count(result.resumes, "contact")),
    ]


def _span_of_seeds(seeds: Sequence[int]) -> str:
    return f"{count(len(seeds), 'seed')} from {seeds[0]}"


def _table(rows: "Sequence[tuple[str, Spread | None, str]]") -> Iterator[tuple[str, str]]:
    """A heading, and a line for each spread that there is."""
    yield "", f"{'median':>9}{'p5':>9}{'worst':>9}"
    for name, spread, form in rows:
        if spread is not None:
            yield name, "".join(f"{value:>9{form}}" for value in (spread.median, spread.p5, spread.worst))


def _lines_of_pool(result: "PoolResult") -> list[tuple[str, str]]:
    listeners = count(result.listeners, "listener")
    on_air = ", ".join(f"{size(sent)} from {name}" for name, sent in result.bytes_on_air.items())
    each = ", ".join(f"{seconds:.1f} s by {name}" for name, seconds in result.airtime_each_s.items())
    alone = ", ".join(f"{seconds:.1f} s with {name}" for name, seconds in result.alone_s.items())
    lost = ", ".join(f"{frames:,} lost by {name}" for name, frames in result.frames_lost.items())
    ratio = "-" if result.ratio is None else f"{result.ratio:.2f} x that with {result.worse} alone"
    return [
        ("run", f"{result.stream} over {result.scenario}, seed {result.seed}, {listeners}"),
        (
            "edits",
            f"{result.edits:,} in {count(result.contacts, 'contact')}; {count(result.changes, 'change')} travelled",
        ),
        ("batches", size(result.payload_bytes)),
        ("on air", on_air),
        ("airtime", f"{result.airtime_s:.1f} s of {result.elapsed_s:.1f} s: {each}"),
        ("alone", alone),
        ("ratio", ratio),
        ("frames", f"{result.frames_sent:,} sent by a: {lost}; {count(result.overs, 'over')} of all"),
        ("repeated", f"{count(result.pieces_repeated, 'chunk')}; {count(result.resumes, 'resumed contact')}"),
    ]


def _lines_of_pool_seeds(result: "PoolSeedsResult") -> list[tuple[str, str]]:
    rows: list[tuple[str, Spread | None, str]] = [
        ("air s, all", result.airtime_s, ",.1f"),
        ("air s, alone", result.alone_s, ",.1f"),
        ("ratio", result.ratio, ".2f"),
        ("seconds", result.elapsed_s, ",.0f"),
    ]
    listeners = count(result.listeners, "listener")
    return [
        ("run", f"{result.stream} over {result.scenario}, {_span_of_seeds(result.seeds)}, {listeners}"),
        *_table(rows),
        ("all / alone", f"{result.ratio_of_means:.2f}, of means"),
        ("resumed", count(result.resumes, "contact")),
    ]
