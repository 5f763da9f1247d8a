"""Words go where they belong, in a form that their reader can take."""

import io
import json
from collections.abc import Mapping

import pytest

from radiosync.cli.output import Look, Mark, Output
from radiosync.messages import notice

UTF8 = {"LANG": "en_GB.UTF-8", "TERM": "xterm"}


class Stream(io.StringIO):
    """A stream that may say that it is a terminal."""

    def __init__(self, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal, self._encoding = terminal, encoding

    def isatty(self) -> bool:
        return self._terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


@pytest.mark.parametrize(
    ("terminal", "environ", "asked", "colour"),
    [
        (True, {}, None, True),
        (False, {}, None, False),
        (True, {"NO_COLOR": "1"}, None, False),
        (True, {"NO_COLOR": ""}, None, True),
        (True, {"TERM": "dumb"}, None, False),
        (False, {}, True, True),
        (True, {"NO_COLOR": "1"}, True, True),
        (True, {}, False, False),
    ],
)
def test_colour(terminal: bool, environ: Mapping[str, str], asked: bool | None, colour: bool) -> None:
    assert Look.of(Stream(terminal), {**UTF8, **environ}, colour=asked).colour is colour


@pytest.mark.parametrize(
    ("environ", "encoding", "unicode"),
    [
        ({"LANG": "en_GB.UTF-8"}, "utf-8", True),
        ({"LANG": "en_GB.UTF-8", "LC_CTYPE": "de_DE.ISO-8859-1"}, "utf-8", False),
        ({"LANG": "de_DE", "LC_ALL": "C.utf8"}, "utf-8", True),
        ({"LC_ALL": "C"}, "utf-8", False),
        ({}, "utf-8", False),
        ({"LANG": "en_GB.UTF-8"}, "ascii", False),
    ],
)
def test_ascii_unless_the_locale_is_utf_8(environ: Mapping[str, str], encoding: str, unicode: bool) -> None:
    assert Look.of(Stream(True, encoding), environ).unicode is unicode


def test_a_dumb_terminal_cannot_draw_a_line_again() -> None:
    assert Look.of(Stream(True), UTF8).terminal
    assert not Look.of(Stream(True), {"TERM": "dumb"}).terminal


def made(*, as_json: bool = False, colour: bool = False) -> tuple[Output, Stream, Stream]:
    stdout, stderr = Stream(False), Stream(False)
    return Output(stdout, stderr, as_json=as_json, colour=colour), stdout, stderr


def test_data_and_talk_go_apart() -> None:
    out, stdout, stderr = made()
    out.data("asked for", Mark.OK)
    out.say("by the way")
    out.event("progress", bytes=1)
    out.result({"x": 1})
    assert stdout.getvalue() == "OK: asked for\n"
    assert stderr.getvalue() == "by the way\n"


def test_colour_repeats_what_the_word_says() -> None:
    out, stdout, _ = made(colour=True)
    out.data("not plugged in", Mark.FAIL)
    assert stdout.getvalue() == "\x1b[31mFAIL\x1b[0m: not plugged in\n"


def test_text_from_elsewhere_is_made_harmless() -> None:
    out, stdout, stderr = made()
    out.data("\x1b[2J")
    out.say("a\rb")
    assert stdout.getvalue() + stderr.getvalue() == "\\x1b[2J\na\\x0db\n"


def test_json_is_all_that_there_is() -> None:
    out, stdout, stderr = made(as_json=True)
    out.data("x")
    out.say("x")
    out.draw("x")
    out.tell(notice("interrupted"))
    out.event("progress", bytes=1)
    out.result({"file": "caf\xe9"})
    first, last = map(json.loads, stdout.getvalue().splitlines())
    assert first == {"v": 1, "type": "progress", "bytes": 1}
    assert last == {
        "v": 1,
        "type": "result",
        "outcome": "done",
        "side": None,
        "message": None,
        "next_try_at": None,
        "exit": 0,
        "file": "caf\xe9",
    }
    assert stderr.getvalue() == ""


def test_the_last_line_of_json_says_what_stopped_it() -> None:
    out, stdout, _ = made(as_json=True)
    out.result({"link": "hf-1"}, notice("port-missing", port="COM1"), next_try_at="2026-11-23T14:31:00Z")
    last = json.loads(stdout.getvalue())
    assert (last["type"], last["outcome"], last["side"], last["exit"]) == ("error", "stopped", "here", 11)
    assert last["message"]["id"] == "port-missing"
    assert last["message"]["happened"] == "The modem is not plugged in. There is no COM1."
    assert last["message"]["values"] == {"port": "COM1"}
    assert last["next_try_at"] == "2026-11-23T14:31:00Z"


@pytest.mark.parametrize(
    ("id", "kind", "outcome"), [("sync-started", "result", "kept"), ("interrupted", "error", "interrupted")]
)
def test_what_is_kept_is_no_fault(id: str, kind: str, outcome: str) -> None:
    out, stdout, _ = made(as_json=True)
    told = notice(id, partner="base-camp") if id == "sync-started" else notice(id)
    out.result({}, told)
    last = json.loads(stdout.getvalue())
    assert (last["type"], last["outcome"]) == (kind, outcome)


def test_four_lines_and_where_to_read_more() -> None:
    out, stdout, stderr = made()
    out.tell(notice("port-missing", port="COM1"), "2026-11-23T14:31:00Z")
    assert stdout.getvalue() == ""
    assert stderr.getvalue().splitlines() == [
        "FAIL: The modem is not plugged in. There is no COM1.",
        "  side     here, at this station",
        "  next     Nothing is sent. All is kept. Next try: 2026-11-23T14:31:00Z.",
        "  you can  Check cable and power. Or choose another port in the configuration.",
        "  more: radiosync explain port-missing",
    ]
