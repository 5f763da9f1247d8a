"""CSV: one table in a file, one record in a row, the first row naming the fields.

All cells are text: `007` stays `007`, and nothing is taken for a number or a date unless the table is declared
(`schema`). An empty cell is no value, a quoted empty cell is the empty text (decision 0002).

A file says nothing about a field that has no column, nor about a record that has no row. Whoever applies the edits
passes each through `keep_present`, so that such fields stay. Records without a row stay too, unless the caller asks
`CsvReader.absent` which ones those are, and deletes them.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self
from uuid import UUID

from radiosync.config import Schema
from radiosync.connectors.csvrows import DELIMITERS, Cell, Row, read_rows, write_row
from radiosync.connectors.jsonlines import BinaryWriter
from radiosync.connectors.schema import NO_SCHEMA, parse_uuid, typed_fields
from radiosync.connectors.textlines import BinaryReader, read_lines
from radiosync.errors import InputError, UsageError
from radiosync.limits import FIELD_NAME_CHARACTERS, FIELDS_PER_RECORD
from radiosync.records.edit import Edit
from radiosync.records.key import uuid_of_key
from radiosync.records.model import Record
from radiosync.records.value import Value, check_text, text_form

UUID_COLUMN: Final = "uuid"
"""Heading of the column that holds the records' UUIDs, in what we write and unless told otherwise in what we read."""


@dataclass(frozen=True, slots=True)
class Key:
    """Which columns say which record a row is.

    Attributes:
        columns: their headings.
        holds_uuids: True if the one column holds UUIDs. It is then no field. Otherwise the columns are fields like
            the others, and their text makes the UUID (`uuid_of_key`).
    """

    columns: tuple[str, ...] = (UUID_COLUMN,)
    holds_uuids: bool = True

    @classmethod
    def parse(cls, words: Sequence[str]) -> Self:
        """Read what a person gave: `uuid`, `uuid:COLUMN` for another column with UUIDs, or names of other columns.

        Raises:
            UsageError: no column is named, or one twice.
        """
        match list(words):
            case [word] if word == UUID_COLUMN:
                return cls()
            case [word] if word.startswith(f"{UUID_COLUMN}:") and len(word) > len(UUID_COLUMN) + 1:
                return cls((word.removeprefix(f"{UUID_COLUMN}:"),))
            case columns if columns and all(columns) and len(set(columns)) == len(columns):
                return cls(tuple(columns), holds_uuids=False)
            case _:
                raise UsageError("name one or more different columns as the key")


class CsvReader:
    """The edits of one file, one at a time; made by `read_csv`.

    Keeps the UUID of each row with its line, some 150 bytes a row, whatever the size of the rows.

    Attributes:
        columns: the fields that the file says anything about.
    """

    def __init__(self, rows: Iterator[Row], source: str, table: str, key: Key, schema: Schema) -> None:
        self._source, self._table, self._key = source, table, key
        self._types = schema.get(table, {})
        self._lines: dict[bytes, int] = {}  # UUID -> line of its row
        self._finished = False
        heading = next(rows, None)
        if heading is None:
            raise InputError(source, None, None, "is empty; the first row must name the columns")
        self._names = self._headings(heading)
        self.columns = frozenset(self._names) - frozenset(key.columns if key.holds_uuids else ())
        self._edits = self._read(rows)

    def __iter__(self) -> Iterator[Edit]:
        return self

    def __next__(self) -> Edit:
        """The next row's edit. Raises InputError when the row is wrong, or its key stands in the file twice."""
        return next(self._edits)

    def absent(self, present: Iterable[UUID]) -> Iterator[Edit]:
        """Deletes for those of the `present` records of the table that had no row.

        Raises:
            UsageError: the file has not been read to its end, so that nobody knows what is absent.
        """
        if not self._finished:
            raise UsageError(f"{self._source}: was not read to its end")
        return (Edit(self._table, uuid, None) for uuid in present if uuid.bytes not in self._lines)

    def _read(self, rows: Iterator[Row]) -> Iterator[Edit]:
        names = self._names
        places = [names.index(column) for column in self._key.columns]
        for row in rows:
            if len(row.cells) != len(names):
                problem = f"the row has {len(row.cells)} cells, the heading has {len(names)}"
                raise InputError(self._source, row.line, None, problem)
            yield Edit(self._table, self._uuid(row, places), self._fields(row))
        self._finished = True

    def _headings(self, heading: Row) -> list[str]:
        names: dict[str, int] = {}  # heading -> number of its column
        for number, name in enumerate(heading.cells, 1):
            if not name:
                raise self._fault(heading, None, f"column {number} has no heading")
            if len(name) > FIELD_NAME_CHARACTERS:
                shown = name[:FIELD_NAME_CHARACTERS]
                raise self._fault(
                    heading, shown, f"the heading is longer than {FIELD_NAME_CHARACTERS} characters"
                )
            if name in names:
                raise self._fault(heading, name, f"columns {names[name]} and {number} have the same heading")
            names[name] = number
        for column in self._key.columns:
            if column not in names:
                raise self._fault(heading, None, _no_column(column, list(names)))
        return list(names)

    def _uuid(self, row: Row, places: Sequence[int]) -> UUID:
        texts = [row.cells[place] or "" for place in places]
        for column, text in zip(self._key.columns, texts, strict=True):
            if not text:
                raise self._fault(row, column, "the key is empty")
        try:
            uuid = parse_uuid(texts[0]) if self._key.holds_uuids else uuid_of_key(self._table, texts)
        except ValueError as error:
            raise self._fault(row, self._key.columns[0], str(error)) from None
        first = self._lines.setdefault(uuid.bytes, row.line)
        if first != row.line:
            raise self._fault(row, self._key.columns[0], f"the same key stands on line {first} already")
        return uuid

    def _fields(self, row: Row) -> dict[str, Value]:
        fields: dict[str, Value] = {}
        for name, cell in zip(self._names, row.cells, strict=True):
            if cell is not None:
                fields[name] = self._checked(row, name, cell)
        if self._key.holds_uuids:
            del fields[self._key.columns[0]]
        if len(fields) > FIELDS_PER_RECORD:
            raise self._fault(
                row, None, f"the record has {len(fields)} fields; the limit is {FIELDS_PER_RECORD}"
            )
        return dict(typed_fields(fields, self._types, self._source, row.line))

    def _checked(self, row: Row, name: str, cell: str) -> str:
        try:
            return check_text(cell)
        except ValueError as error:
            raise self._fault(row, name, str(error)) from None

    def _fault(self, row: Row, field: str | None, problem: str) -> InputError:
        return InputError(self._source, row.line, field, problem)


def read_csv(
    file: BinaryReader,
    source: str,
    *,
    table: str,
    key: Key = Key(),
    delimiter: str = ",",
    schema: Schema = NO_SCHEMA,
) -> CsvReader:
    """Read a file of CSV: an iterator of edits that knows, in the end, which records had no row.

    Args:
        file: open for reading bytes; may be compressed with gzip. It is not closed.
        source: name for messages.
        table: name of the table.
        key: which columns say which record a row is.
        delimiter: one of `csvrows.DELIMITERS`.
        schema: declared types.

    Raises:
        UsageError: no such delimiter.
        InputError: the first row is wrong; the iterator raises it for the first other one that is.
    """
    _check_delimiter(delimiter)
    return CsvReader(read_rows(read_lines(file, source), source, delimiter), source, table, key, schema)


def keep_present(edit: Edit, present: Record | None, columns: Collection[str]) -> Edit:
    """An edit from CSV without the changes that are CSV's own doing. To be applied before `apply_edit`.

    CSV knows text only. Where a cell's text is the text form of the number or boolean that the record holds, that value
    stays: importing what was exported changes nothing, with or without declared types. And the fields of a living record
    that the file has no column for stay as they are.

    Args:
        edit: from a `CsvReader`.
        present: the record as it stands here, None if it is unknown.
        columns: of the reader.
    """
    if edit.fields is None or present is None:
        return edit
    now = present.fields
    unsaid = {name: value for name, value in now.items() if name not in columns} if present.alive else {}
    said = {
        name: now[name] if name in now and text_form(now[name]) == value else value
        for name, value in edit.fields.items()
    }
    return replace(edit, fields=unsaid | said)


def field_names(records: Iterable[Record]) -> list[str]:
    """Names of all fields of the living records, sorted: the columns of their CSV."""
    return sorted({name for record in records if record.alive for name in record.fields})


def write_csv(
    records: Iterable[Record],
    out: BinaryWriter,
    *,
    names: Sequence[str],
    uuid_column: str = UUID_COLUMN,
    delimiter: str = ",",
) -> int:
    """Write the living records of one table and return their number. The same records in the same order give the same bytes.

    Args:
        records: of one table.
        out: where to.
        names: of all their fields, in the order of the columns: `field_names`, or what the store knows.
        uuid_column: heading of the first column, which holds the UUIDs.
        delimiter: one of `csvrows.DELIMITERS`.

    Raises:
        UsageError: a field is called like the first column, or no such delimiter.
        ValueError: a record has a field that is not in `names`.
    """
    _check_delimiter(delimiter)
    if uuid_column in names:
        raise UsageError(f'a field is called "{uuid_column}"; choose another heading for the column of UUIDs')
    out.write(write_row([uuid_column, *names], delimiter))
    count = 0
    for record in records:
        if record.alive:
            out.write(write_row([str(record.uuid), *_cells(record, names)], delimiter))
            count += 1
    return count


def _cells(record: Record, names: Sequence[str]) -> list[Cell]:
    fields = record.fields
    cells = [text_form(fields.pop(name)) if name in fields else None for name in names]
    if fields:
        raise ValueError(f"no column for the fields {sorted(fields)}")
    return cells


def _check_delimiter(delimiter: str) -> None:
    if delimiter not in DELIMITERS:
        raise UsageError(f"the delimiter must be a comma, a semicolon or a tab, not {delimiter!r}")


def _no_column(column: str, names: Sequence[str]) -> str:
    for delimiter in DELIMITERS:
        if len(names) == 1 and delimiter in names[0]:
            return f"there is one column only; is the delimiter {delimiter!r}?"
    return f'there is no column "{column}" for the key; there are {", ".join(names[:20])}'
