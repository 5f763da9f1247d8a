"""How commands are found, parsed and ended: options that all take, loading on demand, words for what goes wrong."""

import contextlib
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

import click

from radiosync.cli.failure import CommandError, notice_of
from radiosync.cli.session import Session
from radiosync.messages import ExitCode, Notice


class Command(click.Command):
    """A command. It also takes the options that all commands share, so that they may stand before or behind its name."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own, and those that all share."""
        return [*super().get_params(ctx), *shared_options()]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Its own options first."""
        _format_options(self, ctx, formatter)


class Group(click.Group):
    """A noun with its verbs."""

    command_class = Command

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own, and those that all share."""
        return [*super().get_params(ctx), *shared_options()]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs, then the options."""
        self.format_commands(ctx, formatter)
        _format_options(self, ctx, formatter)


class Program(Group):
    """The program: knows its commands by name and loads them when they are used."""

    def __init__(self, places: Mapping[str, str], **attributes: Any) -> None:
        """`places` says for each command, in the order of the help, where it is: `module:attribute`."""
        super().__init__(**attributes)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, loaded now if need be."""
        place = self._places.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click has it, but the names that a typo is compared with are ours."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(
                args[0], possibilities=self.list_commands(ctx), ctx=ctx
            ) from error

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """As click has it."""
        with _readers():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """As click has it."""
        with _readers():
            return super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run a command and end the process with its exit code."""
        words = list(sys.argv[1:] if args is None else args)
        for stream in (sys.stdout, sys.stderr):
            _write_whatever_comes(stream)
        session = Session()
        try:
            code = self._run(words, session, complete_var, extra)
            _flush()
        except (BrokenPipeError, _ReaderGoneError):
            code = ExitCode.READER_GONE
            _forget_readers()
        sys.exit(int(code))

    def _run(
        self, words: list[str], session: Session, complete_var: str | None, extra: Mapping[str, Any]
    ) -> ExitCode:
        try:
            super().main(words, _NAME, complete_var, standalone_mode=False, obj=session, **extra)
            return ExitCode.DONE
        except (_ReaderGoneError, SystemExit):
            raise
        except (
            BaseException
        ) as error:  # the last place: whatever it is, a person gets words and a script a code
            session.as_json = session.as_json or _asks_for_json(words)
            return _end(session, error, self._command_path(words))

    def _command_path(self, words: Sequence[str]) -> str:
        """The names of the command among the words that were typed."""
        path, command = [_NAME], self
        context = click.Context(self, info_name=_NAME)
        found: click.Command = command
        for word in words:
            below = found.get_command(context, word) if isinstance(found, click.Group) else None
            if below is not None:
                found = below
                path.append(word)
        return " ".join(path)


_NAME: Final = "radiosync"


class _ReaderGoneError(Exception):
    """Whoever read our output has gone. Click would end the process by itself on a BrokenPipeError."""


@contextlib.contextmanager
def _readers() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise _ReaderGoneError from None


def shared_options() -> list[click.Parameter]:
    """Options of every command."""
    return list(_SHARED)


def _keep(attribute: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """A callback that keeps an option's value in the session, wherever among the words it stood."""

    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        given = context.get_parameter_source(parameter.name or "")
        session = context.find_object(Session)
        if session is not None and given is not click.core.ParameterSource.DEFAULT:
            setattr(session, attribute, value)

    return callback


def _option(attribute: str, *declarations: str, **attributes: Any) -> click.Option:
    return click.Option(
        declarations, expose_value=False, is_eager=True, callback=_keep(attribute), **attributes
    )


_SHARED: Final = (
    _option(
        "home",
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Keep all files in this folder, on a USB stick for example.",
    ),
    _option("as_json", "--json", is_flag=True, help="Answer in JSON, on stdout."),
    _option(
        "colour", "--color/--no-color", default=None, help="Colours or none, whatever the terminal says."
    ),
    _option(
        "progress",
        "--progress",
        type=click.Choice(["auto", "line", "none"]),
        help="Show progress as fits, as lines, or not at all.",
    ),
    _option("debug", "--debug", is_flag=True, help="Show the traceback of what goes wrong."),
)


def _format_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    shared = set(_SHARED)
    for title, is_shared in (("Options", False), ("Options of every command", True)):
        records = [
            record
            for parameter in command.get_params(ctx)
            if (parameter in shared) is is_shared and isinstance(parameter, click.Option)
            if (record := parameter.get_help_record(ctx)) is not None
        ]
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


def _end(session: Session, error: BaseException, command: str) -> ExitCode:
    """Say what happened and return the exit code."""
    if session.debug and not isinstance(error, click.Abort):
        traceback.print_exception(error, file=sys.stderr)
    message: Notice = notice_of(error, command, session.write_report)
    known = error if isinstance(error, CommandError) else CommandError(message)
    session.out.tell(message, known.next_try_at)
    session.out.result(known.fields, message, next_try_at=known.next_try_at)
    return message.message.exit_code


def _asks_for_json(words: Sequence[str]) -> bool:
    """Whether `--json` was typed, for words that could not be parsed."""
    return "--json" in words[: words.index("--")] if "--" in words else "--json" in words


def _write_whatever_comes(stream: TextIO) -> None:
    """A character that the locale does not have is written as its number."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


def _forget_readers() -> None:
    """Let what is still in our buffers go nowhere, so that Python does not complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            os.dup2(nowhere, stream.fileno())
