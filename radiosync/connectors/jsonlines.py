"""JSON Lines: a stream of edits, one JSON object in each line.

```json
{"t":"2019-06-10T05:34:02Z","table":"shelter","uuid":"e8820977-ab01-5c22-93c4-e6c2ca8f249c","op":"put","fields":{"beds":4}}
{"t":"2019-06-11T07:00:00Z","table":"shelter","uuid":"e8820977-ab01-5c22-93c4-e6c2ca8f249c","op":"delete"}
```

`put` says all fields that the record has, so a field that is not there, or is null, is emptied (decision 0002). `delete`
of a record that is unknown does nothing. `t` may be left out: then the edit is made now.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from radiosync.config import Schema
from radiosync.connectors.schema import NO_SCHEMA, parse_uuid, typed_fields
from radiosync.connectors.textlines import BinaryReader, read_lines
from radiosync.errors import InputError
from radiosync.limits import FIELD_NAME_CHARACTERS, FIELDS_PER_RECORD, TABLE_NAME_CHARACTERS
from radiosync.records.clock import LATEST, to_milliseconds
from radiosync.records.edit import Edit
from radiosync.records.model import Record
from radiosync.records.value import Number, Value, check_text, fields_to_json, parse_json

_KEYS: Final = ("t", "table", "uuid", "op", "fields")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS: Final = to_milliseconds(LATEST)
"""The last time that a write can have, in the year 6429."""


class BinaryWriter(Protocol):
    """What we need of a binary file open for writing."""

    def write(self, data: bytes, /) -> object:
        """Write all of `data`."""


def read_jsonlines(file: BinaryReader, source: str, schema: Schema = NO_SCHEMA) -> Iterator[Edit]:
    """The edits of a file, one at a time.

    Args:
        file: open for reading bytes; may be compressed with gzip. It is not closed.
        source: name for messages.
        schema: declared types.

    Raises:
        InputError: at the first line that is wrong, with line and field.
    """
    for number, line in read_lines(file, source):
        if line.strip(" \t\r\n"):
            yield _Line(source, number, schema).edit(line)


def write_jsonlines(records: Iterable[Record], out: BinaryWriter, *, deleted: bool = False) -> int:
    """Write one line for each record, in the order given, and return their number.

    The same records in the same order give the same bytes: fields are sorted by name, `t` is the time of the newest write.
    Records that are dead are left out, or written as deletes if `deleted` is set.
    """
    count = 0
    for record in records:
        if record.alive or deleted:
            out.write(_line(record).encode() + b"\n")
            count += 1
    return count


def _line(record: Record) -> str:
    head = f'{{"t":"{_format_time(to_milliseconds(record.newest))}","table":{_quoted(record.table)},"uuid":"{record.uuid}"'
    if not record.alive:
        return head + ',"op":"delete"}'
    return f'{head},"op":"put","fields":{fields_to_json(dict(sorted(record.fields.items())))}}}'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _format_time(milliseconds: int) -> str:
    instant = _EPOCH + timedelta(milliseconds=milliseconds)
    precision = "milliseconds" if instant.microsecond else "seconds"
    return instant.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


class _Line:
    """Reads one line; knows where it stands, for messages."""

    def __init__(self, source: str, number: int, schema: Schema) -> None:
        self._source, self._number, self._schema = source, number, schema

    def edit(self, line: str) -> Edit:
        document = self._document(line)
        for key in document:
            if key not in _KEYS:
                raise self._fault(
                    None,
                    f"the key {key[:FIELD_NAME_CHARACTERS]!r} is not known; known are {', '.join(_KEYS)}",
                )
        table = self._table(document.get("table"))
        return Edit(
            table, self._uuid(document), self._fields(document, table), self._wall_ms(document.get("t"))
        )

    def _document(self, line: str) -> dict[str, object]:
        try:
            document = parse_json(line)
        except json.JSONDecodeError as error:
            raise self._fault(None, f"is not JSON: {error.msg.lower()} at column {error.colno}") from None
        except RecursionError:
            raise self._fault(None, "is nested too deeply") from None
        except ValueError as error:
            raise self._fault(None, str(error)) from None
        if not isinstance(document, dict):
            raise self._fault(None, f"must be an object in braces, not {_what(document)}")
        return document

    def _table(self, name: object) -> str:
        if not isinstance(name, str) or not 1 <= len(name) <= TABLE_NAME_CHARACTERS:
            raise self._fault(None, f'"table" must be text of 1 to {TABLE_NAME_CHARACTERS} characters')
        return self._checked(name, None)

    def _uuid(self, document: Mapping[str, object]) -> UUID:
        text = document.get("uuid")
        try:
            return parse_uuid(text if isinstance(text, str) else "")
        except ValueError as error:
            raise self._fault(None, f'"uuid" {error}') from None

    def _wall_ms(self, text: object) -> int | None:
        if text is None:
            return None
        try:
            if isinstance(text, str) and _TIME.fullmatch(text):
                milliseconds = (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)
                if 0 <= milliseconds <= _LAST_MS:
                    return milliseconds
        except ValueError:
            pass
        raise self._fault(None, '"t" must be a time since 1970 such as "2019-06-10T05:34:02Z"')

    def _fields(self, document: Mapping[str, object], table: str) -> Mapping[str, Value] | None:
        fields = document.get("fields")
        match document.get("op"):
            case "put" if isinstance(fields, dict):
                values = self._values(fields)
                return typed_fields(values, self._schema.get(table, {}), self._source, self._number)
            case "put":
                raise self._fault(None, '"fields" must be an object with the fields of the record')
            case "delete" if fields in (None, {}):
                return None
            case "delete":
                raise self._fault(None, 'a "delete" has no "fields"')
            case _:
                raise self._fault(None, '"op" must be "put" or "delete"')

    def _values(self, fields: Mapping[str, object]) -> dict[str, Value]:
        if len(fields) > FIELDS_PER_RECORD:
            raise self._fault(None, f"the record has {len(fields)} fields; the limit is {FIELDS_PER_RECORD}")
        return {
            self._name(name): self._value(name, value) for name, value in fields.items() if value is not None
        }

    def _name(self, name: str) -> str:
        if not 1 <= len(name) <= FIELD_NAME_CHARACTERS:
            problem = f"a field's name has 1 to {FIELD_NAME_CHARACTERS} characters"
            raise self._fault(name[:FIELD_NAME_CHARACTERS], problem)
        return self._checked(name, name)

    def _value(self, name: str, value: object) -> Value:
        match value:
            case str():
                return self._checked(value, name)
            case bool() | Number():
                return value
            case _:
                raise self._fault(name, f"must be text, a number, true, false or null, not {_what(value)}")

    def _checked(self, text: str, field: str | None) -> str:
        try:
            return check_text(text)
        except ValueError as error:
            raise self._fault(field, str(error)) from None

    def _fault(self, field: str | None, problem: str) -> InputError:
        return InputError(self._source, self._number, field, problem)


def _what(value: object) -> str:
    match value:
        case None:
            return "null"
        case list():
            return "a list"
        case dict():
            return "an object"
        case str():
            return "text"
        case _:
            return "a single value"
