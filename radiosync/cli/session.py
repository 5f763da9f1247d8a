"""What all parts of one call of the program share: its options, its output, and what is opened on demand."""

import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radiosync import __version__
from radiosync.cli.failure import stop, write_report
from radiosync.cli.output import Output
from radiosync.cli.progress import REDRAW_S, Meter, Mode
from radiosync.paths import Paths

if TYPE_CHECKING:
    from radiosync.config import Config
    from radiosync.store import Store


@dataclass
class Session:
    """One call of the program.

    Attributes:
        home: one folder for all files, None for the usual places.
        as_json: `--json`.
        colour: `--color` or `--no-color`, None for what fits.
        progress: how progress is shown.
        debug: show tracebacks.
    """

    home: Path | None = None
    as_json: bool = False
    colour: bool | None = None
    progress: Mode = "auto"
    debug: bool = False

    @cached_property
    def out(self) -> Output:
        """The output. The options must be known by now."""
        return Output(sys.stdout, sys.stderr, as_json=self.as_json, colour=self.colour)

    @property
    def paths(self) -> Paths:
        """Where our files are."""
        return Paths.find(self.home)

    @property
    def can_ask(self) -> bool:
        """True if somebody is there who can answer a question."""
        return not self.as_json and sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def now_ms(self) -> int:
        """The wall clock, in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def meter(self, *, redraw_s: float = REDRAW_S) -> Meter:
        """Shows progress; on a terminal not more often than that."""
        return Meter(self.out, self.progress, redraw_s=redraw_s)

    def load_config(self) -> "Config":
        """The configuration. Raises CommandError when there is none, ConfigError when it does not fit."""
        from radiosync.config import Config

        path = self.paths.config_file
        if not path.exists():
            raise stop("config-missing", file=path)
        return Config.load(path)

    def open_store(self, config: "Config") -> "Store":
        """The store that the configuration names. Raises StoreError."""
        from radiosync.store import Store

        paths = self.paths
        try:
            paths.create()
        except OSError as error:
            raise stop("disk-unusable", problem=f"{error.filename}: {error.strerror}") from None
        return Store.open(config.store.url or paths.database)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask, unless `yes`. Raises CommandError when the answer is no, or when nobody can answer."""
        if yes:
            return
        if not self.can_ask:
            raise stop("needs-yes")
        if not click.confirm(question, err=True):
            raise stop("declined")

    def write_report(self, error: BaseException) -> str:
        """Write a report of an exception that nobody foresaw, and say where it is."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        path = self.paths.state / f"report-{stamp}.txt"
        try:
            write_report(error, path, __version__)
        except OSError as fault:
            return f"no file, because {path} cannot be written: {fault.strerror}"
        return str(path)


pass_session = click.make_pass_decorator(Session)
"""Hands the session to a command as its first argument."""
