"""Progress as a person, a log file or a program wants to see it.

On a terminal one line is drawn again at most twice a second. Elsewhere there is a line at the start, then one at each tenth,
but not more than one a minute nor fewer than one in ten minutes. Whoever reports progress also calls `Meter.tick` every half
second or so: then a line falls due in time although nothing moves, and SIGUSR1 is answered at once.
"""

import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from radiosync.cli.output import Output
from radiosync.cli.words import count, printable, size, size_of, span

Mode = Literal["auto", "line", "none"]
"""How progress is shown: as fits the stream; as lines even on a terminal; or not at all."""

REDRAW_S: Final = 0.5
"""Least time between two drawings of the line on a terminal."""
LINE_S: Final = 60.0
"""Least time between two lines of a log."""
SILENCE_S: Final = 600.0
"""Most time between two lines of a log."""

_TENTHS: Final = 10
_BAR_CELLS: Final = 24
_LEAST_CELLS: Final = 8
"""A bar that is shorter says nothing."""
_ERASE: Final = "\x1b[K"
"""Erase to the end of the line: ECMA-48 section 8.3.41 (EL)."""


class Reading(Protocol):
    """Something that has come so far."""

    @property
    def share(self) -> float | None:
        """How much of the whole, 0 to 1; None if nobody knows the whole."""

    def words(self) -> str:
        """In words, one line."""

    def short_words(self) -> str:
        """The same for a narrow terminal, with what matters most."""

    def fields(self) -> Mapping[str, object]:
        """For JSON."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How far our traffic to a partner has come.

    Attributes:
        partner, link: to whom, over which link.
        bytes_there, bytes_total: what the partner has confirmed, and all that is sealed.
        chunks_there, chunks: the same in chunks.
        left_s: about how long the rest takes; None before anything is known.
        overs: overs that we have sent.
        more: True if more waits than is sealed.
        bytes_heard: what has come from the partner.
    """

    partner: str
    link: str
    bytes_there: int
    bytes_total: int
    chunks_there: int
    chunks: int
    left_s: float | None
    overs: int
    more: bool = False
    bytes_heard: int = 0

    @property
    def share(self) -> float | None:
        """Of what is sealed."""
        return self.bytes_there / self.bytes_total if self.bytes_total else None

    def words(self) -> str:
        """Such as `base-camp via hf-1: 4.1 of 6.8 kB confirmed, 62 of 104 chunks, about 6 min left, 3 overs`."""
        heard = f"{size(self.bytes_heard)} heard"
        if not self.bytes_total:
            return f"{self.partner} via {self.link}: {heard}, {count(self.overs, 'over')}"
        parts = [
            f"{size_of(self.bytes_there, self.bytes_total)} confirmed",
            f"{self.chunks_there} of {count(self.chunks, 'chunk')}",
            *([f"about {span(self.left_s)} left"] if self.left_s is not None and self.left_s > 0 else []),
            count(self.overs, "over"),
            *(["more waits"] if self.more else []),
        ]
        return f"{self.partner} via {self.link}: {', '.join(parts)}"

    def short_words(self) -> str:
        """Such as `base-camp: 4.1 of 6.8 kB, 62 of 104 chunks, about 6 min left`."""
        if not self.bytes_total:
            return f"{self.partner}: {size(self.bytes_heard)} heard"
        left = "" if self.left_s is None or self.left_s <= 0 else f", about {span(self.left_s)} left"
        sizes = size_of(self.bytes_there, self.bytes_total)
        return f"{self.partner}: {sizes}, {self.chunks_there} of {count(self.chunks, 'chunk')}{left}"

    def fields(self) -> Mapping[str, object]:
        """All of them."""
        return {
            "partner": self.partner,
            "link": self.link,
            "bytes_confirmed": self.bytes_there,
            "bytes": self.bytes_total,
            "chunks_confirmed": self.chunks_there,
            "chunks": self.chunks,
            "left_s": None if self.left_s is None else round(self.left_s, 1),
            "overs": self.overs,
            "more_waits": self.more,
            "bytes_heard": self.bytes_heard,
        }


@dataclass(frozen=True, slots=True)
class Filing:
    """How far a file has been read or written.

    Attributes:
        file: its name.
        verb: "read" or "written".
        bytes_done: of the file.
        bytes_total: None if nobody knows.
        things: handled so far: edits of a file that is read, lines of one that is written.
    """

    file: str
    verb: Literal["read", "written"]
    bytes_done: int
    bytes_total: int | None
    things: int

    @property
    def share(self) -> float | None:
        """Of the file."""
        return min(1.0, self.bytes_done / self.bytes_total) if self.bytes_total else None

    def words(self) -> str:
        """Such as `shelters.csv: 3.2 of 4.4 MB read, 9,120 edits`."""
        known = self.bytes_total is not None
        done = size_of(self.bytes_done, self.bytes_total or 0) if known else size(self.bytes_done)
        return f"{self.file}: {done} {self.verb}, {count(self.things, self._thing)}"

    def short_words(self) -> str:
        """The same."""
        return self.words()

    def fields(self) -> Mapping[str, object]:
        """All of them."""
        return {
            "file": self.file,
            f"bytes_{self.verb}": self.bytes_done,
            "bytes": self.bytes_total,
            f"{self._thing}s": self.things,
        }

    @property
    def _thing(self) -> str:
        return "edit" if self.verb == "read" else "line"


def bar(share: float, cells: int, *, unicode: bool) -> str:
    """A bar, full only when all is done."""
    full = int(max(0.0, min(1.0, share)) * cells)
    done, rest = ("\u2588", "\u2591") if unicode else ("#", ".")
    return done * full + rest * (cells - full)


class Meter:
    """Shows progress on one output."""

    def __init__(
        self,
        out: Output,
        mode: Mode,
        *,
        redraw_s: float = REDRAW_S,
        clock: Callable[[], float] = time.monotonic,
        columns: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        self._out, self._clock, self._columns = out, clock, columns
        self._pace, self._redraw_s = _pace(out, mode), redraw_s
        self._reading: Reading | None = None
        self._shown: Reading | None = None
        self._shown_at = 0.0
        self._asked = self._drawn = False

    def report(self, reading: Reading) -> None:
        """It has come so far. Shown when it is time."""
        self._reading = reading
        self.tick()

    def ask(self) -> None:
        """Have a line at the next tick. May be called from a signal handler."""
        self._asked = True

    def tick(self) -> None:
        """Show what is due."""
        reading = self._reading
        if reading is None:
            return
        asked, self._asked = self._asked, False
        now = self._clock()
        if asked or self._is_due(reading, now):
            self._show(reading, now)

    def clear(self) -> None:
        """Take the drawn line away, so that other lines can be written. Progress is drawn again at the next tick."""
        if self._drawn:
            self._out.draw("\r" + _ERASE)
            self._drawn = False
            self._shown = None

    def finish(self) -> None:
        """What was going on has ended. The next report is about something else."""
        self.clear()
        self._reading = self._shown = None

    def _is_due(self, reading: Reading, now: float) -> bool:
        if self._pace == "none":
            return False
        if self._shown is None:
            return True
        waited_s = now - self._shown_at
        if self._pace != "line":
            return reading != self._shown and waited_s >= self._redraw_s
        return waited_s >= SILENCE_S or (waited_s >= LINE_S and _tenth(reading) > _tenth(self._shown))

    def _show(self, reading: Reading, now: float) -> None:
        if self._out.as_json:
            self._out.event("progress", **reading.fields())
        elif self._pace == "draw":
            self._draw(reading)
        else:
            self._out.say(reading.words())
        self._shown, self._shown_at = reading, now

    def _draw(self, reading: Reading) -> None:
        columns = self._columns() - 1
        words = reading.words()
        if len(words) + _LEAST_CELLS + 1 > columns:
            words = reading.short_words()
        cells = min(_BAR_CELLS, columns - len(words) - 1)
        if reading.share is not None and cells >= _LEAST_CELLS:
            words = f"{bar(reading.share, cells, unicode=self._out.look.unicode)} {words}"
        self._out.draw(f"\r{printable(words)[: max(1, columns)]}{_ERASE}")
        self._drawn = True


@contextmanager
def metered(meter: Meter) -> Iterator[Meter]:
    """While this goes on, SIGUSR1 asks for a line. At the end the drawn line is taken away."""
    before = signal.signal(signal.SIGUSR1, lambda *_: meter.ask()) if hasattr(signal, "SIGUSR1") else None
    try:
        yield meter
    finally:
        meter.clear()
        if before is not None:
            signal.signal(signal.SIGUSR1, before)


def _pace(out: Output, mode: Mode) -> Literal["draw", "line", "json", "none"]:
    if mode == "none":
        return "none"
    if out.as_json:
        return "json"
    return "draw" if mode == "auto" and out.look.terminal else "line"


def _tenth(reading: Reading) -> int:
    return int((reading.share or 0.0) * _TENTHS)
