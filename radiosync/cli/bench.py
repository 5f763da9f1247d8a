"""`radiosync bench`: figures that others can repeat."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from radiosync.cli.failure import stop
from radiosync.cli.group import Group
from radiosync.cli.progress import Meter, metered
from radiosync.cli.session import Session, pass_session
from radiosync.cli.words import count

if TYPE_CHECKING:
    from radiosync_sim.bench.air import AirResult, LossResult
    from radiosync_sim.bench.cpu import CpuResult
    from radiosync_sim.bench.picture import Figure
    from radiosync_sim.bench.runs import Step
    from radiosync_sim.bench.streams import Stream
    from radiosync_sim.bench.traffic import BytesResult, MeanRatio
    from radiosync_sim.seeds import Spread

_NAME: Final = 20
"""Characters of a table's first column."""


@click.group(cls=Group)
def bench() -> None:
    """Measure bytes, airtime and processor, beside what others need."""


def _stream_options(command: Any) -> Any:
    """What `bench bytes` and `bench cpu` both take."""
    for decorate in (
        click.option("--limit", type=click.IntRange(1), help="Take only the first edits of each stream."),
        click.option(
            "--warm",
            type=click.FloatRange(0, 1, max_open=True),
            default=0.5,
            show_default=True,
            help="Share of the edits synced beforehand.",
        ),
        click.option(
            "--contact",
            "contacts",
            type=click.IntRange(1),
            multiple=True,
            default=(20, 200),
            show_default=True,
            help="Edits between contacts; may be repeated.",
        ),
        click.option(
            "--scenario",
            "scenarios",
            multiple=True,
            default=("clean-1200", "clean-9600"),
            show_default=True,
            help="Link; may be repeated.",
        ),
        click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[STREAM]..."),
    ):
        command = decorate(command)
    return command


_svg_option = click.option(
    "--svg", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Also draw a picture."
)


@bench.command("bytes")
@_stream_options
@_svg_option
@pass_session
def bytes_(
    session: Session,
    *,
    files: Sequence[Path],
    scenarios: Sequence[str],
    contacts: Sequence[int],
    warm: float,
    limit: int | None,
    svg: Path | None,
) -> None:
    """Count the bytes of a change, beside what gzip, zstd and xz need.

    STREAM is JSON Lines, as for `radiosync import`. Without one the made-up story of the demo is measured.

    \b
    Examples:
      radiosync bench bytes
      radiosync bench bytes changes.jsonl.gz --contact 50 --scenario vhf-1200
    """
    from radiosync_sim.bench.figures import bytes_figure
    from radiosync_sim.bench.traffic import mean_ratios, measure_bytes

    if svg is not None and len(set(contacts)) < 2:
        raise click.UsageError("a picture needs two or more sizes of contact")
    streams = _read(files, limit)
    with _measuring(session) as report:
        results = measure_bytes(streams, contacts, scenarios, warm, report)
    means = mean_ratios(results)
    for contact in dict.fromkeys(contacts):
        session.out.data(
            f"A contact every {count(contact, 'edit')}, {warm:.0%} of each stream synced beforehand"
        )
        _tell_bytes(session, [each for each in results if each.contact == contact], means)
    session.out.data(
        "Bytes a change. On air: all that both sides send, from hello to bye. The other columns are"
    )
    session.out.data("payloads, with nothing to carry them; `solid` knows all contacts at once.")
    if svg is not None:
        _draw(session, bytes_figure(results), svg)
    session.out.result(
        {
            "warm": warm,
            "results": [asdict(each) for each in results],
            "means": [asdict(each) for each in means],
        }
    )


@bench.command()
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    help="Link; may be repeated. All that there are figures for, if not given.",
)
@click.option(
    "--payload", type=click.IntRange(1), default=32768, show_default=True, metavar="BYTES", help="To be sent."
)
@click.option("--seeds", type=click.IntRange(1), default=20, show_default=True, help="Runs of each scenario.")
@click.option("--both-ways", is_flag=True, help="Measure also with as much to send each way.")
@click.option("--against-loss", is_flag=True, help="Spread errors evenly, from none to half of the frames.")
@_svg_option
@pass_session
def air(
    session: Session,
    *,
    scenarios: Sequence[str],
    payload: int,
    seeds: int,
    both_ways: bool,
    against_loss: bool,
    svg: Path | None,
) -> None:
    """Measure how well the airtime is used, beside an ideal sender.

    Bytes that do not compress go over each link, with one seed after the other.

    \b
    Examples:
      radiosync bench air --seeds 100 --both-ways
      radiosync bench air --against-loss --svg loss.svg
    """
    from radiosync_sim.bench.air import LOSS_SCENARIOS, SCENARIOS, measure_air, measure_loss
    from radiosync_sim.bench.figures import loss_figure

    if svg is not None and not against_loss:
        raise click.UsageError("--svg draws what --against-loss measures")
    if both_ways and against_loss:
        raise click.UsageError("give either --both-ways or --against-loss")
    session.out.say(f"{count(payload, 'byte')} that do not compress, {count(seeds, 'seed')} each")
    if against_loss:
        with _measuring(session) as report:
            lossy = measure_loss(scenarios or LOSS_SCENARIOS, payload, seeds, report)
        _tell_loss(session, lossy)
        if svg is not None:
            _draw(session, loss_figure(lossy), svg)
        results = [asdict(each) for each in lossy]
    else:
        with _measuring(session) as report:
            found = measure_air(scenarios or SCENARIOS, payload, seeds, both_ways=both_ways, on_step=report)
        _tell_air(session, found)
        results = [asdict(each) for each in found]
    session.out.result({"payload_bytes": payload, "seeds": seeds, "results": results})


@bench.command()
@_stream_options
@pass_session
def cpu(
    session: Session,
    *,
    files: Sequence[Path],
    scenarios: Sequence[str],
    contacts: Sequence[int],
    warm: float,
    limit: int | None,
) -> None:
    """Measure the processor's time of contacts, as a share of their airtime.

    STREAM is JSON Lines, as for `radiosync import`. Without one the made-up story of the demo is measured.

    \b
    Example:
      radiosync bench cpu changes.jsonl.gz --contact 20 --scenario clean-1200
    """
    from radiosync_sim.bench.cpu import measure_cpu

    streams = _read(files, limit)
    with _measuring(session) as report:
        results = measure_cpu(streams, contacts, scenarios, warm, report)
    _tell_cpu(session, results)
    session.out.result({"warm": warm, "results": [asdict(each) for each in results]})


# ---------------------------------------------------------------- before and after


def _read(files: Sequence[Path], limit: int | None) -> "list[Stream]":
    from radiosync_sim.bench.streams import STORY_EDITS, read_stream, story_stream

    if not files:
        return [story_stream(limit or STORY_EDITS)]
    streams = []
    for path in files:
        try:
            streams.append(read_stream(path, limit))
        except OSError as error:
            raise stop("file-unreadable", file=path, problem=error.strerror or error) from None
    return streams


@contextmanager
def _measuring(session: Session) -> "Iterator[_Report]":
    """Shows how far it has come, and has words for what goes wrong."""
    from radiosync_sim.bench.runs import DifferenceError
    from radiosync_sim.errors import ScenarioError, SimulationError

    with metered(session.meter()) as meter:
        try:
            yield _Report(meter, silent=session.as_json)
        except ScenarioError as error:
            raise stop("scenario-wrong", problem=str(error)) from None
        except DifferenceError as error:
            raise stop("sim-differs", scenario=error.scenario, seed=error.seed) from None
        except SimulationError as error:
            raise stop("sim-stuck", problem=str(error)) from None


class _Report:
    """Hands the steps of a measurement to a meter; with `--json` there is one object and nothing else."""

    def __init__(self, meter: Meter, *, silent: bool) -> None:
        self._meter, self._silent = meter, silent

    def __call__(self, step: "Step") -> None:
        if not self._silent:
            self._meter.report(_Measuring(step.doing, step.done, step.total))


@dataclass(frozen=True, slots=True)
class _Measuring:
    """How far a measurement has come."""

    doing: str
    done: int
    total: int

    @property
    def share(self) -> float | None:
        return self.done / self.total

    def words(self) -> str:
        return f"{self.doing}: {self.done:,} of {self.total:,}"

    def short_words(self) -> str:
        return self.words()

    def fields(self) -> Mapping[str, object]:
        return asdict(self)


def _draw(session: Session, figure: "Figure", path: Path) -> None:
    from radiosync_sim.bench.picture import draw

    try:
        path.write_text(draw(figure), "utf-8")
    except OSError as error:
        raise stop("file-unwritable", file=path, problem=error.strerror or error) from None
    session.out.say(f"The picture is in {path}.")


# ---------------------------------------------------------------- tables


def _tell_bytes(session: Session, results: "Sequence[BytesResult]", means: "Sequence[MeanRatio]") -> None:
    columns = list(results[0].bytes_a_change)
    widths = [9, *(max(8, len(name) + 2) for name in columns)]
    _row(session, "stream", ["changes", *columns], widths)
    for result in results:
        cells = [f"{result.changes:,}", *(f"{value:.1f}" for value in result.bytes_a_change.values())]
        _row(session, result.stream, cells, widths)
    session.out.data()
    for place, scenario in enumerate(ours.scenario for ours in results[0].ours):
        heading = ("on air", "payload", "overs a contact", "airtime a change", "on air to solid")
        ours_widths = [9, 9, 16, 17, 16]
        _row(session, f"ours, {scenario}", heading, ours_widths)
        for result in results:
            ours = result.ours[place]
            cells = [
                f"{ours.bytes_a_change:.1f}",
                f"{ours.payload_a_change:.1f}",
                f"{ours.overs / result.contacts:.1f}",
                f"{ours.airtime_s_a_change:.3f} s",
                f"{ours.to_solid:.2f}",
            ]
            _row(session, result.stream, cells, ours_widths)
        for mean in means:
            if (mean.contact, mean.scenario) == (results[0].contact, scenario) and len(results) > 1:
                _row(session, "mean", ["", "", "", "", f"{mean.to_solid:.2f}"], ours_widths)
        session.out.data()


def _tell_air(session: Session, results: "Sequence[AirResult]") -> None:
    both = any(result.both_ways for result in results)
    heading = ["ideal", "one way", "5 %", "worst", *(["both ways", "5 %", "worst"] if both else [])]
    widths = [8, 10, 8, 8, 12, 8, 8][: len(heading)]
    _row(session, "scenario", heading, widths)
    for result in results:
        cells = [f"{result.ideal:.3f}", *_spread_cells(result.one_way)]
        _row(
            session,
            result.scenario,
            [*cells, *(_spread_cells(result.both_ways) if result.both_ways else [])],
            widths,
        )
    session.out.data()
    session.out.data(
        "Payload bits over bit rate and time from hello to bye: median, 5th percentile, worst run."
    )
    if both:
        session.out.data("Both ways: the sum of both directions.")


def _spread_cells(spread: "Spread") -> list[str]:
    return [f"{value:.3f}" for value in (spread.median, spread.p5, spread.worst)]


def _tell_loss(session: Session, results: "Sequence[LossResult]") -> None:
    names = list(dict.fromkeys(result.scenario for result in results))
    found = {(result.scenario, result.loss): result for result in results}
    _row(
        session,
        "frames hit",
        [part for name in names for part in (name, "ideal")],
        [14, 7] * len(names),
        name=10,
    )
    for loss in dict.fromkeys(result.loss for result in results):
        pairs = [found[name, loss] for name in names]
        cells = [cell for each in pairs for cell in (f"{each.one_way.median:.3f}", f"{each.ideal:.3f}")]
        _row(session, f"{loss:.0%}", cells, [14, 7] * len(names), name=10)
    session.out.data()
    session.out.data(
        "Payload bits over bit rate and time from hello to bye, one way: medians. A frame as long as the"
    )
    session.out.data("modem takes is hit so often; where it knows no frames, a stretch of 256 bytes.")


def _tell_cpu(session: Session, results: "Sequence[CpuResult]") -> None:
    widths = [12, 9, 10, 10, 11, 9, 15]
    heading = ["scenario", "contact", "sealing", "opening", "airtime", "share", "worst contact"]
    _row(session, "stream", heading, widths)
    for result in results:
        cells = [
            result.scenario,
            str(result.contact),
            f"{result.sealing_s:.2f} s",
            f"{result.opening_s:.2f} s",
            f"{result.airtime_s:,.0f} s",
            f"{result.share:.1%}",
            f"{result.worst_share:.1%}",
        ]
        _row(session, result.stream, cells, widths)
    session.out.data()
    session.out.data(
        "Processor seconds of both sides, on this machine, with the store's work; share of the airtime."
    )


def _row(
    session: Session, first: str, cells: Sequence[str], widths: Sequence[int], *, name: int = _NAME
) -> None:
    shown = first if len(first) <= name else first[: name - 1] + "~"
    pairs = zip(cells, widths, strict=False)
    session.out.data((f"{shown:{name}}" + "".join(f"{cell:>{width}}" for cell, width in pairs)).rstrip())
