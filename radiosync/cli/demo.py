"""`radiosync demo`."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from radiosync.cli.failure import CommandError, stop
from radiosync.cli.group import Command
from radiosync.cli.output import Mark
from radiosync.cli.progress import Meter, metered
from radiosync.cli.session import Session, pass_session
from radiosync.cli.sim import read_stream
from radiosync.cli.words import count, size, size_of, span
from radiosync.messages import notice

if TYPE_CHECKING:
    from radiosync.connectors.csvrows import Row
    from radiosync.link.events import Progress
    from radiosync.records.edit import Edit
    from radiosync_sim.demo import Cost, DemoEvent, DemoResult, LaterContact, Turn

_SEED: Final = 1
_TICK_S: Final = 0.02
"""Real time that a virtual second takes on a terminal: slow enough to be seen, quick enough to be watched to the end."""

_ON_AIR: Final = {"a": "sends", "b": "hears", None: "quiet"}
"""What the field station does, by whose key is down."""


_MARKS: Final = {"cut": Mark.FAIL, "killed": Mark.FAIL, "dropped": Mark.WAIT, "in-step": Mark.OK}
"""The first word of a turn of the story."""


@click.command(cls=Command)
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="FILE", help="Your own changes: JSON Lines or CSV."
)
@click.option(
    "--seed", type=click.IntRange(0), default=_SEED, show_default=True, help="Of all that is left to chance."
)
@pass_session
def demo(session: Session, *, data: Path | None, seed: int) -> None:
    """See it work, without a radio.

    A field station sends its records to base camp over a simulated 1200 bit/s radio. The link is cut, then base camp's
    process is killed, and each time the next call goes on where the last one ended.

    \b
    Examples:
      radiosync demo
      radiosync demo --data shelters.csv
    """
    from radiosync_sim.demo import DEMO_EDITS, run_demo
    from radiosync_sim.errors import SimulationError
    from radiosync_sim.story import tell_story

    edits = list(tell_story(DEMO_EDITS, seed)) if data is None else _read(data)
    if not edits:
        raise stop("input-wrong", where=data, problem="it holds no record")
    with metered(session.meter(redraw_s=0)) as meter:
        stage = _Stage(session, meter)
        stage.open(len(edits))
        try:
            result = run_demo(edits, seed, stage.show)
        except SimulationError as error:
            raise stop("sim-stuck", problem=str(error)) from None
    _conclude(session, result, seed)


class _Stage:
    """Shows the story as it goes."""

    def __init__(self, session: Session, meter: Meter) -> None:
        self._out, self._meter = session.out, meter
        self._is_drawn = session.out.look.terminal and session.progress == "auto" and not session.as_json

    def open(self, edits: int) -> None:
        """Say what is about to be seen."""
        self._out.say(f"A field station has {count(edits, 'edit')}; base camp has nothing.")
        self._out.say(
            "Between them: 1200 bit/s on VHF, one side at a time, with noise. Time is virtual, the rest is real."
        )
        self._out.say()

    def show(self, event: "DemoEvent") -> None:
        """Show one event."""
        from radiosync_sim.demo import DemoTick, DemoTurn, LaterContact

        match event:
            case DemoTick():
                if event.progress is not None:
                    self._meter.report(_Carrying(event.at_s, event.on_air, event.progress))
                if self._is_drawn:
                    time.sleep(_TICK_S)
            case DemoTurn():
                self._tell(event.turn.value, _turn_words(event.turn, event.progress), event.at_s)
            case LaterContact():
                self._tell("contact", _later_words(event), None)

    def _tell(self, name: str, words: str, at_s: float | None) -> None:
        self._meter.clear()
        self._out.event("event", event=name, text=words, at_s=None if at_s is None else round(at_s, 1))
        self._out.say(words if at_s is None else f"{_clock(at_s)}  {words}", _MARKS.get(name))


@dataclass(frozen=True, slots=True)
class _Carrying:
    """How far the field station's traffic has come."""

    at_s: float
    on_air: str | None
    progress: "Progress"

    @property
    def share(self) -> float | None:
        total = self.progress.bytes_total
        return self.progress.bytes_there / total if total else None

    def words(self) -> str:
        progress = self.progress
        parts = [
            f"{size_of(progress.bytes_there, progress.bytes_total)} confirmed",
            f"{progress.pieces_there} of {count(progress.pieces, 'chunk')}",
            *([f"about {span(progress.left_s)} left"] if progress.left_s else []),
        ]
        return f"{self._begin()}{', '.join(parts)}"

    def short_words(self) -> str:
        progress = self.progress
        return f"{self._begin()}{size_of(progress.bytes_there, progress.bytes_total)} confirmed"

    def _begin(self) -> str:
        return f"{_clock(self.at_s)}  {_ON_AIR.get(self.on_air, 'quiet')}  "

    def fields(self) -> Mapping[str, object]:
        progress = self.progress
        return {
            "at_s": round(self.at_s, 1),
            "bytes_confirmed": progress.bytes_there,
            "bytes": progress.bytes_total,
            "chunks_confirmed": progress.pieces_there,
            "chunks": progress.pieces,
            "left_s": None if progress.left_s is None else round(progress.left_s, 1),
            "overs": progress.overs,
        }


def _read(path: Path) -> "list[Edit]":
    """The edits of a file; in CSV a record is known by its column `uuid`, or else by one that tells all rows apart."""
    if not path.name.lower().removesuffix(".gz").endswith(".csv"):
        return read_stream(path, None)
    from radiosync.connectors.csvfile import UUID_COLUMN, Key, read_csv
    from radiosync.connectors.csvrows import read_rows
    from radiosync.connectors.textlines import read_lines

    try:
        with path.open("rb") as file:
            heading, *rows = read_rows(read_lines(file, str(path)), str(path), ",")
            names = [cell or "" for cell in heading.cells]
        key = Key() if UUID_COLUMN in names else Key.parse([_telling_column(names, rows)])
        with path.open("rb") as file:
            return list(read_csv(file, str(path), table=path.name.partition(".")[0], key=key))
    except OSError as error:
        raise stop("file-unreadable", file=path, problem=error.strerror or error) from None
    except ValueError:  # not even a heading
        raise stop("input-wrong", where=path, problem="is empty") from None


def _telling_column(names: Sequence[str], rows: "Sequence[Row]") -> str:
    """The first column in which no two rows say the same; else the first of all, for which the reader names the fault."""
    for place, name in enumerate(names):
        cells = [row.cells[place] for row in rows if len(row.cells) == len(names)]
        if all(cells) and len(set(cells)) == len(rows):
            return name
    return names[0]


def _clock(seconds: float) -> str:
    """Virtual time as `12:34`, minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:3}:{rest:02}"


def _turn_words(turn: "Turn", progress: "Progress | None") -> str:
    from radiosync_sim.demo import Turn

    there = "" if progress is None else f"{progress.pieces_there} of {count(progress.pieces, 'chunk')}"
    match turn:
        case Turn.CALL:
            return "The field station calls base camp."
        case Turn.CUT:
            return f"The link is cut. Base camp has confirmed {there}."
        case Turn.DROPPED:
            return "Nobody answers any more. All that arrived is on base camp's disk."
        case Turn.MENDED:
            return "The link is back. The field station calls again, and goes on with the other chunks."
        case Turn.KILLED:
            return f"Base camp's process is killed in the middle. It had confirmed {there}."
        case Turn.RESTARTED:
            return "Base camp starts anew from a copy of its database. The field station calls again."
        case Turn.IN_STEP:
            return "In step: base camp has confirmed everything."


def _later_words(event: "LaterContact") -> str:
    what = f"{count(event.edits, 'edit')}, {size(event.bytes_on_air)} on the air, {span(event.elapsed_s)}"
    return f"Later, contact {event.number}: {what}."


def _conclude(session: Session, result: "DemoResult", seed: int) -> None:
    out = session.out
    out.say()
    rows = [_heading(), _row("first contact", result.first), _row("later contacts", result.later)]
    for row in rows:
        out.data("  ".join(f"{cell:>{width}}" for cell, width in zip(row, _WIDTHS, strict=True)))
    out.data(
        "Bytes on air: all headers, both ways. gzip CSV: the same changes as whole rows, with nothing to carry them."
    )
    out.data(
        f"Not counted: {size(result.first.unheard_bytes)} sent while the link was cut or base camp's process was dead."
    )
    records = ", ".join(f"{number:,} in {table}" for table, number in sorted(result.records.items()))
    out.data(f"Base camp now holds {records}.")
    repeated = f"{count(result.repeated_pieces, 'chunk')}, {size(result.repeated_bytes)}"
    out.data(
        f"Sent although base camp had it: {repeated}. Resumed: {result.resumes} times. Key down: {span(result.airtime_s)}."
    )
    if not result.identical:
        from radiosync_sim.demo import SCENARIO

        raise CommandError(notice("sim-differs", scenario=SCENARIO, seed=seed), asdict(result))
    out.data("Both databases are identical.", Mark.OK)
    out.result({"seed": seed, **asdict(result)})


_WIDTHS: Final = (15, 8, 13, 12, 14, 10)


def _heading() -> tuple[str, ...]:
    return "", "changes", "bytes on air", "a change", "as gzip CSV", "time"


def _row(name: str, cost: "Cost") -> tuple[str, ...]:
    each, zipped = (
        f"{total / cost.changes:.1f} bytes" if cost.changes else "-"
        for total in (cost.bytes_on_air, cost.gzip_csv_bytes)
    )
    return name, f"{cost.changes:,}", f"{cost.bytes_on_air:,}", each, zipped, span(cost.elapsed_s)
