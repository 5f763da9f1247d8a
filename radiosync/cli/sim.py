"""`radiosync sim`: links without radios."""

import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from radiosync_sim.run import RunResult
    from radiosync_sim.seeds import SeedsResult, Spread


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
    seeds: int | None,
    **options: Any,
) -> None:
    """Carry a stream of changes over a scenario's link and say what it cost. Same seed, same run.

    \b
    Examples:
      radiosync sim run vhf-1200 --data changes.jsonl.gz --limit 500
      radiosync sim run hf-300 --payload 20000 --seed 7 --json
      radiosync sim run lora-sf9 --payload 32768 --both-ways --seeds 20
    """
    from radiosync_sim.errors import ScenarioError, SimulationError
    from radiosync_sim.run import RunOptions, run_scenario
    from radiosync_sim.seeds import run_seeds

    if (data is None) == (payload is None):
        raise click.UsageError("give either --data or --payload")
    if both_ways and payload is None:
        raise click.UsageError("--both-ways goes with --payload; --split makes both stations write")
    edits = [] if data is None else read_stream(data, limit)
    stream = "payload" if data is None else str(data)
    asked = RunOptions(scenario, edits=edits, stream=stream, payload=payload, both_ways=both_ways, **options)
    what = "contact" if seeds is None else "seed"
    result: RunResult | SeedsResult
    with metered(session.meter()) as meter:

        def on_part(done: int, total: int, now: float) -> None:
            if not session.as_json:
                meter.report(_Simulating(scenario, what, done, total, now))

        try:
            result = run_scenario(asked, on_part) if seeds is None else run_seeds(asked, seeds, on_part)
        except ScenarioError as error:
            raise stop("scenario-wrong", problem=str(error)) from None
        except SimulationError as error:
            raise stop("sim-stuck", problem=str(error)) from None
    _tell(session, result)


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


def _tell(session: Session, result: "RunResult | SeedsResult") -> None:
    from radiosync_sim.run import RunResult

    if isinstance(result, RunResult):
        lines, differing, held = _lines(result), [result.seed], "Both sides hold the same."
    else:
        lines, differing = _lines_of_seeds(result), result.differing
        held = "Both sides hold the same after each seed."
    for name, words in lines:
        session.out.data(f"{name:16}{words}")
    fields = asdict(result)
    if not result.identical:
        raise CommandError(notice("sim-differs", scenario=result.scenario, seed=differing[0]), fields)
    session.out.data(held, Mark.OK)
    session.out.result(fields)


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
    title = (
        f"{result.stream} over {result.scenario}, {count(len(result.seeds), 'seed')} from {result.seeds[0]}"
    )
    return [
        ("run", title),
        ("", f"{'median':>9}{'p5':>9}{'worst':>9}"),
        *(
            (name, "".join(f"{value:>9{form}}" for value in (spread.median, spread.p5, spread.worst)))
            for name, spread, form in rows
            if spread is not None
        ),
        ("resumed", count(result.resumes, "contact")),
    ]
