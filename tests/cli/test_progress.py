"""Progress: often on a terminal, seldom in a log, at once when asked for. Time is what the test says."""

import io
import json
import os
import signal
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.cli.output import Look, Output
from radiosync.cli.progress import Filing, Meter, Mode, Sending, bar, metered
from radiosync.cli.words import size_of


def sending(there: int = 0, *, total: int = 1000, left_s: float | None = 60.0) -> Sending:
    return Sending(
        partner="base-camp",
        link="hf-1",
        bytes_there=there,
        bytes_total=total,
        chunks_there=there // 10,
        chunks=total // 10,
        left_s=left_s,
        overs=3,
    )


class Bench:
    """A meter on a clock that the test turns."""

    def __init__(
        self,
        mode: Mode = "auto",
        *,
        terminal: bool = False,
        as_json: bool = False,
        unicode: bool = True,
        columns: int = 200,
    ) -> None:
        self.now = 100.0
        self.stdout, self.stderr = io.StringIO(), io.StringIO()
        out = Output(self.stdout, self.stderr, as_json=as_json)
        out.look = Look(colour=False, unicode=unicode, terminal=terminal)
        self.meter = Meter(out, mode, clock=lambda: self.now, columns=lambda: columns)

    def report(self, *, at: float, there: int) -> None:
        self.now = 100.0 + at
        self.meter.report(sending(there))

    def tick(self, at: float) -> None:
        self.now = 100.0 + at
        self.meter.tick()

    @property
    def lines(self) -> list[str]:
        return self.stderr.getvalue().splitlines()

    @property
    def drawn(self) -> list[str]:
        return [part.removesuffix("\x1b[K") for part in self.stderr.getvalue().split("\r")[1:]]


def test_the_line_of_a_contact() -> None:
    reading = Sending("base-camp", "hf-1", 4_150, 6_800, 62, 104, 350.0, 3)
    assert (
        reading.words()
        == "base-camp via hf-1: 4.1 of 6.8 kB confirmed, 62 of 104 chunks, about 6 min left, 3 overs"
    )


def test_the_line_leaves_out_what_nobody_knows() -> None:
    reading = Sending("base-camp", "hf-1", 0, 50, 0, 2, None, 1)
    assert reading.words() == "base-camp via hf-1: 0 of 50 bytes confirmed, 0 of 2 chunks, 1 over"


def test_the_line_of_a_contact_that_only_receives() -> None:
    reading = Sending("base-camp", "hf-1", 0, 0, 0, 0, None, 2, bytes_heard=3_240)
    assert reading.words() == "base-camp via hf-1: 3.2 kB heard, 2 overs"
    assert reading.share is None


def test_the_line_says_that_more_waits() -> None:
    assert Sending("a", "b", 5, 10, 1, 2, 0.0, 1, more=True).words().endswith("1 over, more waits")


def test_the_line_of_a_file() -> None:
    assert (
        Filing("x.csv", "read", 3_200_000, 4_400_000, 9_120).words()
        == "x.csv: 3.2 of 4.4 MB read, 9,120 edits"
    )
    assert Filing("x.csv", "written", 3_200, None, 1).words() == "x.csv: 3.2 kB written, 1 line"
    assert Filing("x.csv", "written", 3_200, None, 1).share is None


@given(st.floats(0, 1), st.integers(1, 60), st.booleans())
def test_a_bar_is_full_only_at_the_end(share: float, cells: int, unicode: bool) -> None:
    drawn = bar(share, cells, unicode=unicode)
    assert len(drawn) == cells
    assert (drawn == bar(1.0, cells, unicode=unicode)) is (share == 1.0)
    assert drawn.isascii() is not unicode


# A terminal.


def test_a_terminal_is_drawn_at_most_twice_a_second() -> None:
    bench = Bench(terminal=True)
    for step in range(100):
        bench.report(at=step / 50, there=step)
    assert 4 <= len(bench.drawn) <= 5


def test_nothing_new_is_not_drawn_again() -> None:
    bench = Bench(terminal=True)
    bench.report(at=0, there=1)
    for step in range(20):
        bench.tick(at=step)
    assert len(bench.drawn) == 1


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (200, "\u2588" * 12 + "\u2591" * 12 + f" {sending(500).words()}"),
        (80, "\u2588" * 9 + "\u2591" * 9 + f" {sending(500).short_words()}"),
        (64, sending(500).short_words()),
        (20, sending(500).short_words()[:19]),
    ],
)
def test_a_terminal_shows_one_line_that_fits_and_a_bar_where_there_is_room(columns: int, line: str) -> None:
    bench = Bench(terminal=True, columns=columns)
    bench.report(at=0, there=500)
    assert bench.drawn == [line]
    assert len(line) < columns
    assert "\n" not in bench.stderr.getvalue()


def test_the_short_line_keeps_what_matters_most() -> None:
    reading = Sending("base-camp", "hf-1", 4_150, 6_800, 62, 104, 350.0, 3)
    assert reading.short_words() == "base-camp: 4.1 of 6.8 kB, 62 of 104 chunks, about 6 min left"
    assert (
        Sending("base-camp", "hf-1", 0, 0, 0, 0, None, 3, bytes_heard=9).short_words()
        == "base-camp: 9 bytes heard"
    )


def test_a_terminal_without_utf_8_shows_ascii() -> None:
    bench = Bench(terminal=True, unicode=False)
    bench.report(at=0, there=250)
    assert bench.drawn[0].startswith(f"######.................. base-camp via hf-1: {size_of(250, 1000)}")


def test_clearing_takes_the_line_away_and_lets_it_come_back() -> None:
    bench = Bench(terminal=True)
    bench.report(at=0, there=1)
    bench.meter.clear()
    assert bench.stderr.getvalue().endswith("\r\x1b[K")
    bench.tick(at=0.1)
    assert "base-camp" in bench.drawn[-1]


# A log.


def test_a_log_gets_a_line_at_the_start() -> None:
    bench = Bench()
    bench.report(at=0, there=0)
    assert bench.lines == [sending(0).words()]


def test_a_log_gets_a_line_at_each_tenth_but_not_more_than_one_a_minute() -> None:
    bench = Bench()
    for second in range(0, 601):
        bench.report(at=second, there=round(second * 1000 / 600))
    assert len(bench.lines) == 11
    quick = Bench()
    for second in range(0, 121):
        quick.report(at=second, there=round(second * 1000 / 120))
    assert len(quick.lines) == 3


def test_a_log_gets_a_sign_of_life_every_ten_minutes() -> None:
    bench = Bench()
    bench.report(at=0, there=0)
    for second in range(0, 3601, 10):
        bench.tick(at=second)
    assert len(bench.lines) == 7


@given(st.lists(st.tuples(st.floats(0, 200), st.integers(0, 1000)), max_size=60))
def test_a_log_is_never_flooded_and_never_silent(steps: list[tuple[float, int]]) -> None:
    bench, at, there, shown_at = Bench(), 0.0, 0, []
    for wait_s, step in steps:
        at, there = at + wait_s, min(1000, there + step)
        before = len(bench.lines)
        bench.report(at=at, there=there)
        shown_at += [at] * (len(bench.lines) - before)
    gaps = [later - sooner for sooner, later in pairwise(shown_at)]
    assert all(60 <= gap <= 600 + 200 for gap in gaps)
    assert not steps or shown_at[0] == steps[0][0]


def test_lines_even_on_a_terminal_when_asked() -> None:
    bench = Bench("line", terminal=True)
    bench.report(at=0, there=0)
    bench.report(at=10, there=500)
    assert bench.lines == [sending(0).words()]


def test_none_is_none() -> None:
    bench = Bench("none", terminal=True)
    for second in range(0, 2000, 10):
        bench.report(at=second, there=second // 2)
    assert bench.stderr.getvalue() == ""


# JSON.


def test_json_gets_objects_at_most_twice_a_second() -> None:
    bench = Bench(as_json=True)
    for step in range(100):
        bench.report(at=step / 50, there=step)
    found = [json.loads(line) for line in bench.stdout.getvalue().splitlines()]
    assert 4 <= len(found) <= 5
    assert found[0] == {
        "v": 1,
        "type": "progress",
        "partner": "base-camp",
        "link": "hf-1",
        "bytes_confirmed": 0,
        "bytes": 1000,
        "chunks_confirmed": 0,
        "chunks": 100,
        "left_s": 60.0,
        "overs": 3,
        "more_waits": False,
        "bytes_heard": 0,
    }


def test_json_without_progress_stays_without_it() -> None:
    bench = Bench("none", as_json=True)
    bench.report(at=0, there=1)
    assert bench.stdout.getvalue() == ""


# Asked for.


@pytest.mark.parametrize(
    "make",
    [
        Bench,
        lambda: Bench("none"),
        lambda: Bench(terminal=True),
        lambda: Bench(as_json=True),
        lambda: Bench("none", as_json=True),
    ],
)
def test_a_signal_shows_a_line_now(make: Callable[[], Bench]) -> None:
    bench = make()
    with metered(bench.meter):
        bench.report(at=0, there=0)
        before = len(bench.stdout.getvalue() + bench.stderr.getvalue())
        bench.tick(at=1)
        assert len(bench.stdout.getvalue() + bench.stderr.getvalue()) == before
        os.kill(os.getpid(), signal.SIGUSR1)
        bench.tick(at=1)
        assert len(bench.stdout.getvalue() + bench.stderr.getvalue()) > before
        shown = len(bench.stdout.getvalue() + bench.stderr.getvalue())
        bench.tick(at=1)
        assert len(bench.stdout.getvalue() + bench.stderr.getvalue()) == shown


def test_the_signal_gets_its_old_meaning_back() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with metered(Bench().meter):
        assert signal.getsignal(signal.SIGUSR1) != before
    assert signal.getsignal(signal.SIGUSR1) == before
