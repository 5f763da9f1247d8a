"""`radiosync export`."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from radiosync.cli.failure import stop
from radiosync.cli.group import Command
from radiosync.cli.output import Mark
from radiosync.cli.progress import Filing, Meter, metered
from radiosync.cli.session import Session, pass_session
from radiosync.cli.words import count

if TYPE_CHECKING:
    from radiosync.connectors.jsonlines import BinaryWriter
    from radiosync.store import Store

Format = Literal["jsonl", "csv"]

_STDOUT: Final = "-"
_SHOWN_EVERY: Final = 64
"""Lines between two looks at the clock."""


@click.command(cls=Command)
@click.argument("file")
@click.option("--table", "tables", multiple=True, metavar="TABLE", help="Only this table; may be repeated.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), help="Without it: by the file's name.")
@click.option("--deleted", is_flag=True, help="JSON Lines: deleted records too, as deletes.")
@pass_session
def export(
    session: Session, *, file: str, tables: tuple[str, ...], form: Format | None, deleted: bool
) -> None:
    """Write records to a file: JSON Lines, or one table as CSV. `-` writes to the standard output.

    \b
    Examples:
      radiosync export backup.jsonl
      radiosync export shelters.csv --table shelter
      radiosync export - --table shelter | gzip > shelters.jsonl.gz
    """
    form = form or ("csv" if file.lower().endswith(".csv") else "jsonl")
    if file == _STDOUT and session.as_json:
        raise click.UsageError("with --json the records need a file of their own, not -")
    if form == "csv" and deleted:
        raise click.UsageError("--deleted is for JSON Lines; a CSV file cannot say that a record is deleted")
    config = session.load_config()
    with session.open_store(config) as store, metered(session.meter()) as meter:
        known = [table.name for table in store.tables()]
        _check_tables(tables, known)
        if form == "csv" and len(tables or known) != 1:
            raise click.UsageError(
                f"CSV holds one table; choose it with --table: {', '.join(known) or 'there is none yet'}"
            )
        with _written(file) as out:
            watched = _Watched(out, file, meter)
            records = (
                _write_csv(store, watched, *(tables or known))
                if form == "csv"
                else _write_jsonl(store, watched, tables, deleted=deleted)
            )
    if file != _STDOUT:
        session.out.data(f"{file}: {count(records, 'record')}", Mark.OK)
    session.out.result({"file": file, "format": form, "records": records})


def _check_tables(wanted: tuple[str, ...], known: list[str]) -> None:
    for table in wanted:
        if table not in known:
            there = f"there are {', '.join(known)}" if known else "no table has a record yet"
            raise click.UsageError(f"there is no table {table}; {there}")


def _write_jsonl(store: "Store", out: "BinaryWriter", tables: tuple[str, ...], *, deleted: bool) -> int:
    from radiosync.connectors.jsonlines import write_jsonlines

    return write_jsonlines(store.records(tables or None, include_dead=deleted), out, deleted=deleted)


def _write_csv(store: "Store", out: "BinaryWriter", table: str) -> int:
    from radiosync.connectors.csvfile import field_names, write_csv

    return write_csv(store.records([table]), out, names=field_names(store.records([table])))


@contextmanager
def _written(file: str) -> Iterator["BinaryWriter"]:
    """Where to write. A file takes its name only when it is whole; until then one of that name stays as it was."""
    if file == _STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(file)
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as out:
            try:
                yield out
                out.flush()
                os.fsync(out.fileno())
                os.chmod(out.name, 0o666 & ~_umask())
                os.replace(out.name, target)
            except BaseException:
                os.unlink(out.name)
                raise
    except BrokenPipeError:
        raise  # of our own output, not of the file
    except OSError as error:
        raise stop("file-unwritable", file=file, problem=error.strerror or error) from None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


class _Watched:
    """A file whose writing is shown."""

    def __init__(self, out: "BinaryWriter", file: str, meter: Meter) -> None:
        self._out, self._name, self._meter = out, Path(file).name, meter
        self._bytes = self._lines = 0

    def write(self, data: bytes, /) -> None:
        """Write, and count."""
        self._out.write(data)
        self._bytes += len(data)
        self._lines += 1
        if self._lines % _SHOWN_EVERY == 1:
            self._meter.report(Filing(self._name, "written", self._bytes, None, self._lines))
