"""From exceptions to the messages that a person reads, and the report of one that nobody foresaw."""

import platform
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from radiosync.errors import (
    BusyError,
    ConfigError,
    InputError,
    LocalError,
    PortError,
    RadioSyncError,
    StoreError,
    UsageError,
)
from radiosync.messages import Notice, notice, received_notice


class CommandError(RadioSyncError):
    """A command ends here, for a reason that the catalogue has words for.

    Attributes:
        notice: the message.
        fields: for the last line of JSON.
        next_try_at: when it goes on by itself, as text of ISO 8601.
    """

    def __init__(
        self, notice: Notice, fields: Mapping[str, object] | None = None, *, next_try_at: str | None = None
    ) -> None:
        super().__init__(notice.happened)
        self.notice, self.next_try_at, self.fields = notice, next_try_at, fields or {}


def stop(id: str, /, **values: object) -> CommandError:
    """What to raise when a command ends with that message."""
    return CommandError(notice(id, **values))


def notice_of(error: BaseException, command: str, report: Callable[[BaseException], str]) -> Notice:
    """The message for an exception.

    Args:
        error: what was raised.
        command: the command as typed, without its options.
        report: writes a report of an exception that nobody foresaw, and says where it is.
    """
    match error:
        case CommandError():
            return error.notice
        case click.Abort() | KeyboardInterrupt():
            return notice("interrupted")
        case click.ClickException():
            context = error.ctx if isinstance(error, click.UsageError) else None
            place = command if context is None else context.command_path
            return notice("usage", problem=_whole_sentence(error.format_message()), command=place)
        case RadioSyncError():
            return _foreseen(error) or _unforeseen(error, report)
        case _:
            return _unforeseen(error, report)


def write_report(error: BaseException, path: Path, version: str) -> None:
    """Write down what is needed to find the fault: no records, no keys. Raises OSError."""
    lines = [
        f"radiosync {version}, Python {platform.python_version()}, {platform.platform()}",
        f"command: {' '.join(sys.argv)}",
        "",
        *traceback.format_exception(error),
    ]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text("\n".join(lines), "utf-8")


def _foreseen(error: RadioSyncError) -> Notice | None:
    problem = str(error).rstrip(".")
    match error:
        case InputError():
            return notice("input-wrong", where=_place(error), problem=error.problem.rstrip("."))
        case ConfigError():
            return notice("config-wrong", problem=problem)
        case UsageError():
            return notice("request-refused", problem=problem)
        case PortError():
            return _port_notice(error, problem)
        case BusyError():
            return notice("store-busy")
        case StoreError():
            return notice("store-unusable", problem=problem)
        case LocalError():
            return notice("disk-unusable", problem=problem)
        case _:
            return None


def _port_notice(error: PortError, problem: str) -> Notice:
    from radiosync.ports import TransportError

    if not isinstance(error, TransportError):
        return notice("port-unusable", port="the port", problem=problem)
    values = {**error.values, "port": error.port, "problem": error.problem.rstrip(".")}
    return received_notice(error.reason.value, values) or notice(
        "port-unusable", port=error.port, problem=problem
    )


def _unforeseen(error: BaseException, report: Callable[[BaseException], str]) -> Notice:
    return notice("unexpected", problem=_summary(error), report=report(error))


def _place(error: InputError) -> str:
    place = error.source if error.line is None else f"{error.source}, line {error.line}"
    return place if error.field is None else f'{place}, field "{error.field}"'


def _summary(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _whole_sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "?", "!", ")")) else f"{text}."
