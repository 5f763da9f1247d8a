"""`radiosync import`."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from radiosync.cli.failure import stop
from radiosync.cli.group import Command
from radiosync.cli.output import Mark
from radiosync.cli.progress import Filing, Meter, metered
from radiosync.cli.session import Session, pass_session

if TYPE_CHECKING:
    from radiosync.connectors.csvfile import CsvReader
    from radiosync.records.edit import Edit
    from radiosync.records.value import Value
    from radiosync.store import EditSummary, Store

_CSV = (".csv", ".tsv", ".txt")
_TABBED = (".tsv", ".tsv.gz")
_SHOWN_EVERY = 64
"""Edits between two looks at the clock: showing progress must not be what takes the time."""

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", ",": ",", ";": ";"}


@click.command("import", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--table", help="CSV: the table. Without it: the file's name.")
@click.option(
    "--key", multiple=True, metavar="COLUMN", help="CSV: column that names the record; may be repeated."
)
@click.option(
    "--delete-absent", is_flag=True, help="CSV: delete the table's records that are not in the file."
)
@click.option("--delimiter", type=click.Choice(list(_DELIMITERS)), help="CSV: what stands between two cells.")
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@pass_session
def import_file(
    session: Session,
    *,
    file: Path,
    table: str | None,
    key: tuple[str, ...],
    delete_absent: bool,
    delimiter: str | None,
    dry_run: bool,
) -> None:
    """Read records from a file: JSON Lines or CSV, plain or gzip. All of it is applied, or nothing.

    \b
    Examples:
      radiosync import changes.jsonl.gz
      radiosync import shelters.csv --key shelter_id
      radiosync import sheet.csv --table shelter --key uuid:record_id --delete-absent --dry-run
    """
    is_csv = _is_csv(file)
    if not is_csv and (table or key or delete_absent or delimiter):
        raise click.UsageError("--table, --key, --delete-absent and --delimiter are for CSV files")
    config = session.load_config()
    with session.open_store(config) as store, _opened(file) as data, metered(session.meter()) as meter:
        watched = _Watched(data, file, meter)

        def edits() -> "Iterator[Edit]":
            if not is_csv:
                from radiosync.connectors.jsonlines import read_jsonlines

                return read_jsonlines(watched, str(file), config.schema)
            from radiosync.connectors.csvfile import Key, read_csv

            name = table or file.name.partition(".")[0]
            reader = read_csv(
                watched,
                str(file),
                table=name,
                key=Key.parse(key) if key else Key(),
                delimiter=_DELIMITERS[
                    delimiter or ("tab" if file.name.lower().endswith(_TABBED) else "comma")
                ],
                schema=config.schema,
            )
            return _csv_edits(reader, store, name, delete_absent=delete_absent)

        summary = (_rehearse if dry_run else _apply)(store, watched.counted(edits()))
    _tell(session, file, summary, dry_run=dry_run)


def _tell(session: Session, file: Path, summary: "EditSummary", *, dry_run: bool) -> None:
    parts = [f"{number:,} {what}" for what, number in summary._asdict().items()]
    if dry_run:
        session.out.data(f"{file}: would be {', '.join(parts)}. Nothing was changed.")
    else:
        session.out.data(f"{file}: {', '.join(parts)}", Mark.OK)
    session.out.result({"file": str(file), "dry_run": dry_run, **summary._asdict()})


def _is_csv(file: Path) -> bool:
    return file.name.lower().removesuffix(".gz").endswith(_CSV)


def _opened(file: Path) -> BufferedReader:
    try:
        return file.open("rb")
    except OSError as error:
        raise stop("file-unreadable", file=file, problem=error.strerror or error) from None


def _csv_edits(reader: "CsvReader", store: "Store", table: str, *, delete_absent: bool) -> "Iterator[Edit]":
    from radiosync.connectors.csvfile import keep_present

    for edit in reader:
        yield keep_present(edit, store.record(table, edit.uuid), reader.columns)
    if delete_absent:
        yield from reader.absent(record.uuid for record in store.records([table]))


def _apply(store: "Store", edits: "Iterator[Edit]") -> "EditSummary":
    return store.edit(edits)


def _rehearse(store: "Store", edits: "Iterator[Edit]") -> "EditSummary":
    """What `Store.edit` would say, without writing anything."""
    from radiosync.store import EditSummary

    now: dict[tuple[str, UUID], bytes | None] = {}
    counts = dict.fromkeys(EditSummary._fields, 0)
    for edit in edits:
        key = edit.table, edit.uuid
        if key not in now:
            record = store.record(*key)
            now[key] = _digest(record.fields) if record is not None and record.alive else None
        wanted = None if edit.fields is None else _digest(edit.fields)
        counts[_outcome(now[key], wanted)] += 1
        now[key] = wanted
    return EditSummary(**counts)


def _outcome(now: bytes | None, wanted: bytes | None) -> str:
    if wanted == now:
        return "unchanged"
    return "added" if now is None else "deleted" if wanted is None else "updated"


def _digest(fields: "Mapping[str, Value]") -> bytes:
    """Stands for the fields, so that a file larger than memory can be rehearsed."""
    from radiosync.records.value import fields_to_json

    return blake2b(fields_to_json(dict(sorted(fields.items()))).encode(), digest_size=16).digest()


class _Watched:
    """A file whose reading is shown."""

    def __init__(self, file: BufferedReader, path: Path, meter: Meter) -> None:
        self._file, self._path, self._meter = file, path, meter
        self._total = path.stat().st_size if path.is_file() else None
        self._bytes = self._edits = 0

    def read(self, size: int, /) -> bytes:
        """Read, and count."""
        try:
            data = self._file.read1(size)  # of a pipe, what is there by now
        except OSError as error:
            raise stop("file-unreadable", file=self._path, problem=error.strerror or error) from None
        self._bytes += len(data)
        return data

    def counted(self, edits: "Iterator[Edit]") -> "Iterator[Edit]":
        """The same edits; each is shown as it comes."""
        for edit in edits:
            self._edits += 1
            if self._edits % _SHOWN_EVERY == 1:
                self._show()
            yield edit

    def _show(self) -> None:
        self._meter.report(Filing(self._path.name, "read", self._bytes, self._total, self._edits))
