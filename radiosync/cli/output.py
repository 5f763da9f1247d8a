"""Where words go: data to stdout, talk to stderr; or, with `--json`, one JSON object a line to stdout and nothing else.

The last line of JSON is always a `result` or an `error`; it says `outcome`, `side`, `message`, `next_try_at` and `exit`.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, TextIO

from radiosync.cli.words import printable
from radiosync.messages import ExitCode, Notice, Side

VERSION: Final = 1
"""Of the form of the JSON. It grows when a field that exists is renamed, removed or means something else."""


class Mark(Enum):
    """The first word of a sentence that says how things are; colour only repeats it."""

    OK = ("OK", "32")
    WAIT = ("WAIT", "33")
    FAIL = ("FAIL", "31")

    @property
    def word(self) -> str:
        """The word."""
        return self.value[0]

    @property
    def colour(self) -> str:
        """Number of one of the 16 colours, as ECMA-48 section 8.3.117 (SGR) has it."""
        return self.value[1]


_SIDE_WORDS: Final[Mapping[Side, str]] = {
    Side.HERE: "here, at this station",
    Side.LINK: "the link between the stations",
    Side.PARTNER: "the partner",
    Side.THEIR_DATA: "the partner's data",
    Side.YOU: "what was asked for",
    Side.FILE: "the file",
}


@dataclass(frozen=True, slots=True)
class Look:
    """What a stream can show.

    Attributes:
        colour: colours may be used.
        unicode: characters beyond ASCII may be used.
        terminal: a line can be drawn again.
    """

    colour: bool
    unicode: bool
    terminal: bool

    @classmethod
    def of(
        cls, stream: TextIO, environ: Mapping[str, str] = os.environ, *, colour: bool | None = None
    ) -> "Look":
        """What `stream` can show, by the habits of `NO_COLOR`, `TERM=dumb` and the locale; `colour` wins when given."""
        terminal = stream.isatty() and environ.get("TERM") != "dumb"
        locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
        encodings = (locale, getattr(stream, "encoding", None) or "")
        return cls(
            colour=terminal and not environ.get("NO_COLOR") if colour is None else colour,
            unicode=all("utf" in name.lower() for name in encodings),
            terminal=terminal,
        )


class Output:
    """The output of one call of the program."""

    def __init__(self, stdout: TextIO, stderr: TextIO, *, as_json: bool, colour: bool | None = None) -> None:
        self._stdout, self._stderr = stdout, stderr
        self.as_json = as_json
        self.look = Look.of(stderr, colour=colour)
        self._data_look = Look.of(stdout, colour=colour)

    def data(self, text: str = "", mark: Mark | None = None) -> None:
        """A line of what was asked for. Nothing with `--json`, where `result` says the same."""
        if not self.as_json:
            self._write(self._stdout, self._line(text, mark, self._data_look))

    def say(self, text: str = "", mark: Mark | None = None) -> None:
        """A line of talk. Nothing with `--json`."""
        if not self.as_json:
            self._write(self._stderr, self._line(text, mark, self.look))

    def draw(self, text: str) -> None:
        """Write to the terminal as it is, control characters included. Nothing with `--json`."""
        if not self.as_json:
            self._write(self._stderr, text)

    def event(self, kind: str, **fields: object) -> None:
        """An object of its own while something runs. Nothing without `--json`."""
        if self.as_json:
            self._write_json({"v": VERSION, "type": kind, **fields})

    def result(
        self,
        fields: Mapping[str, object],
        notice: Notice | None = None,
        *,
        next_try_at: str | None = None,
    ) -> None:
        """The last line of JSON. Nothing without `--json`.

        Args:
            fields: what was asked for.
            notice: what there is to say, None when all is done.
            next_try_at: when it goes on by itself, as text of ISO 8601.
        """
        if self.as_json:
            self._write_json({"v": VERSION, **_conclusion(notice, next_try_at), **fields})

    def tell(self, notice: Notice, next_try_at: str | None = None) -> None:
        """Four lines: what happened, whose side, what happens next and what one can do. Nothing with `--json`."""
        mark = Mark.WAIT if notice.message.exit_code in _NO_FAULT else Mark.FAIL
        later = f" Next try: {next_try_at}." if next_try_at is not None else ""
        self.say(notice.happened, mark)
        self.say(f"  side     {_SIDE_WORDS[notice.message.side]}")
        self.say(f"  next     {notice.next}{later}")
        self.say(f"  you can  {notice.you_can}")
        self.say(f"  more: radiosync explain {notice.message.id}")

    def _line(self, text: str, mark: Mark | None, look: Look) -> str:
        safe = printable(text)
        if mark is None:
            return f"{safe}\n"
        word = f"\x1b[{mark.colour}m{mark.word}\x1b[0m" if look.colour else mark.word
        return f"{word}: {safe}\n"

    def _write_json(self, value: Mapping[str, object]) -> None:
        self._write(self._stdout, json.dumps(value, ensure_ascii=not self._data_look.unicode) + "\n")

    def _write(self, stream: TextIO, text: str) -> None:
        stream.write(text)
        stream.flush()


_NO_FAULT: Final = (ExitCode.DONE, ExitCode.NEEDS_PERSON, ExitCode.KEPT)

_OUTCOMES: Final[Mapping[ExitCode, str]] = {
    ExitCode.DONE: "done",
    ExitCode.NEEDS_PERSON: "needs-person",
    ExitCode.KEPT: "kept",
    ExitCode.INTERRUPTED: "interrupted",
}


def _conclusion(notice: Notice | None, next_try_at: str | None) -> dict[str, object]:
    code = ExitCode.DONE if notice is None else notice.message.exit_code
    return {
        "type": "result" if code in _NO_FAULT else "error",
        "outcome": _OUTCOMES.get(code, "stopped"),
        "side": None if notice is None else notice.message.side.value,
        "message": None if notice is None else _as_json(notice),
        "next_try_at": next_try_at,
        "exit": int(code),
    }


def _as_json(notice: Notice) -> dict[str, object]:
    return {
        "id": notice.message.id,
        "happened": notice.happened,
        "next": notice.next,
        "you_can": notice.you_can,
        "values": dict(notice.values),
    }
