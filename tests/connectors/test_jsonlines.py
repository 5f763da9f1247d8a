"""JSON Lines in and out."""

import gzip
import io
import json
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.config import FieldType, Schema
from radiosync.connectors.jsonlines import read_jsonlines
from radiosync.connectors.schema import NO_SCHEMA
from radiosync.errors import InputError
from radiosync.limits import INPUT_LINE_BYTES, TEXT_BYTES
from radiosync.records.edit import Edit
from radiosync.records.value import Number, Value
from tests.connectors.memorytable import (
    REAL_STREAMS,
    MemoryTable,
    jsonlines_of,
    names,
    records_fields,
    texts,
    times_ms,
    uuids,
)

ID = "e8820977-ab01-5c22-93c4-e6c2ca8f249c"


def _read(text: str | bytes, schema: Schema = NO_SCHEMA) -> list[Edit]:
    data = text.encode() if isinstance(text, str) else text
    return list(read_jsonlines(io.BytesIO(data), "in.jsonl", schema))


def _put(fields: str, *, t: str = '"2019-06-10T05:34:02Z"') -> str:
    return f'{{"t":{t},"table":"shelter","uuid":"{ID}","op":"put","fields":{fields}}}\n'


def _problem(text: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        _read(text)
    return str(caught.value)


def test_a_put_and_a_delete() -> None:
    text = _put('{"a":"x","n":1.50,"b":true,"gone":null}') + _put("{}").replace("put", "delete")
    assert _read(text) == [
        Edit("shelter", UUID(ID), {"a": "x", "n": Number("1.50"), "b": True}, 1_560_144_842_000),
        Edit("shelter", UUID(ID), None, 1_560_144_842_000),
    ]


@pytest.mark.parametrize(
    ("t", "wall_ms"),
    [
        ("null", None),
        ('"1970-01-01T00:00:00Z"', 0),
        ('"1970-01-01T01:00:00.0019+01:00"', 1),
        ('"2020-09-22T12:47:56.527Z"', 1_600_778_876_527),
        ('"6429-10-17T02:45:55.327Z"', 140_737_488_355_327),
    ],
)
def test_the_time_is_kept_to_the_millisecond(t: str, wall_ms: int | None) -> None:
    assert _read(_put("{}", t=t))[0].wall_ms == wall_ms


def test_a_line_without_time_is_made_now() -> None:
    assert _read(f'{{"table":"a","uuid":"{ID}","op":"delete"}}') == [Edit("a", UUID(ID), None, None)]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_marks_line_ends_and_blank_lines_do_not_matter(line_end: str, mark: bytes) -> None:
    text = f"{line_end} {line_end}".join([_put("{}").strip()] * 3)
    assert _read(mark + text.encode()) == _read(_put("{}") * 3)
    assert _read(b"") == _read(mark) == []


def test_gzip_is_known_by_its_first_bytes() -> None:
    assert _read(gzip.compress(_put("{}").encode()) + gzip.compress(_put("{}").encode())) == _read(
        _put("{}") * 2
    )


class _Trickle(io.RawIOBase):
    """Gives one byte at a time, like a slow pipe."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 1))


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_slow_pipe_gives_the_same(compress: type[bytes]) -> None:
    text = _put('{"a":"é"}') * 3
    assert list(read_jsonlines(_Trickle(compress(text.encode())), "-")) == _read(text)


def test_reading_takes_no_more_than_it_gives() -> None:
    """The edits before a fault are given out: the reader does not look ahead."""
    edits = read_jsonlines(io.BytesIO((_put("{}") + "broken").encode()), "in.jsonl")
    assert next(edits).uuid == UUID(ID)
    with pytest.raises(InputError):
        next(edits)


class _Endless:
    """A file that never ends, and says how much of it was read."""

    def __init__(self, line: bytes) -> None:
        self._line, self.read_bytes = line, 0

    def read(self, size: int) -> bytes:
        start = self.read_bytes % len(self._line)
        data = (self._line * (size // len(self._line) + 2))[start : start + size]
        self.read_bytes += size
        return data


def test_a_file_may_be_larger_than_memory() -> None:
    file = _Endless(_put('{"a":1}').encode())
    edits = read_jsonlines(file, "endless")
    assert [next(edits).fields for _ in range(1000)] == [{"a": Number("1")}] * 1000
    assert file.read_bytes < 2 * 1000 * len(_put('{"a":1}'))


FAULTS = {
    "broken": "in.jsonl, line 1: is not JSON: expecting value at column 1",
    "[1]": "in.jsonl, line 1: must be an object in braces, not a list",
    _put("{}") + _put("{}").replace('"table":"shelter",', ""): 'in.jsonl, line 2: "table" must be text',
    _put("{}").replace(
        "op", "operation"
    ): "the key 'operation' is not known; known are t, table, uuid, op, fields",
    _put("{}").replace('"op":', '"table":"b","op":'): "the key 'table' stands twice in one object",
    _put('{"a":1,"a":2}'): "the key 'a' stands twice in one object",
    _put('{"a":NaN}'): "NaN is not a number in JSON",
    _put('{"a":-Infinity}'): "-Infinity is not a number in JSON",
    _put('{"a":[1]}'): "in.jsonl, line 1, field 'a': must be text, a number, true, false or null, not a list",
    _put('{"a":{"b":1}}'): "field 'a': must be text, a number, true, false or null, not an object",
    _put('{"":1}'): "field '': a field's name has 1 to 120 characters",
    _put(f'{{"{"x" * 121}":1}}'): "a field's name has 1 to 120 characters",
    _put('{"a":"\\ud800"}'): "field 'a': text holds half of a surrogate pair",
    _put(f'{{"a":"{"x" * (TEXT_BYTES + 1)}"}}'): f"field 'a': text of {TEXT_BYTES + 1} bytes is longer",
    _put(f'{{"a":{"1" * 101}}}'): "not a number",
    _put("[1]"): '"fields" must be an object',
    _put("{}").replace("put", "upsert"): '"op" must be "put" or "delete"',
    _put('{"a":1}').replace("put", "delete"): 'a "delete" has no "fields"',
    _put("{}").replace(ID, ID[1:]): '"uuid" must be a UUID',
    _put("{}", t='"2019-06-10"'): '"t" must be a time since 1970',
    _put("{}", t='"2019-02-30T00:00:00Z"'): '"t" must be a time since 1970',
    _put("{}", t='"1969-12-31T23:59:59Z"'): '"t" must be a time since 1970',
    _put("{}", t="5"): '"t" must be a time since 1970',
    "[" * 100_000: "nested too deeply",
    "{" + ",".join(f'"k{n}":1' for n in range(3)) + "}": "the key 'k0' is not known",
    _put(
        "{" + ",".join(f'"k{n}":1' for n in range(1001)) + "}"
    ): "the record has 1001 fields; the limit is 1000",
}


@pytest.mark.parametrize("text", FAULTS, ids=[expected[:40] for expected in FAULTS.values()])
def test_a_fault_is_named(text: str) -> None:
    assert FAULTS[text] in _problem(text)


def test_bytes_that_are_not_utf8_are_named_with_their_column() -> None:
    line = _put('{"a":"x"}').encode()
    problem = _problem(_put("{}").encode() + line.replace(b"x", b"\xe9"))
    column = line.index(b"x") + 1
    assert problem == f"in.jsonl, line 2: byte 0xe9 at column {column} is not UTF-8; save the file as UTF-8"


def test_utf16_is_named() -> None:
    assert "UTF-16; save it as UTF-8" in _problem(_put("{}").encode("utf-16"))


def test_a_line_may_be_as_long_as_the_limit_and_no_longer() -> None:
    line = _put("{}").strip().encode()
    longest = line + b" " * (INPUT_LINE_BYTES - len(line))
    assert len(_read(longest)) == 1
    assert "line 1: the line is longer than 4194304 bytes" in _problem(longest + b" ")


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:20] + b"\xff" * 9 + data[29:]])
def test_damaged_compression_is_named(damage) -> None:
    data = gzip.compress("".join(_put(f'{{"a":{n}}}') for n in range(500)).encode())
    assert "the gzip compression is damaged or cut off" in _problem(damage(data))


def test_declared_types_hold_and_are_named_with_their_field() -> None:
    schema = {"shelter": {"n": FieldType("integer"), "when": FieldType("date")}}
    (edit,) = _read(_put('{"n":"007","when":"","other":"007"}'), schema=schema)
    assert edit.fields == {"n": Number("7"), "other": "007"}
    with pytest.raises(InputError, match=r"in\.jsonl, line 1, field 'n': must be a whole number, not 'x'"):
        _read(_put('{"n":"x"}'), schema=schema)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_rubbish_raises_input_error_alone(data: bytes) -> None:
    with suppress(InputError):
        _read(data)


@given(st.data())
def test_a_line_cut_anywhere_raises_input_error_alone(data: st.DataObject) -> None:
    line = _put('{"a":"x","n":1.50}').strip()
    cut = data.draw(st.integers(1, len(line) - 1))
    assert "is not JSON" in _problem(line[:cut])


edits = st.builds(
    Edit,
    table=names.filter(lambda name: len(name) <= 80),
    uuid=uuids,
    fields=records_fields | st.none(),
    wall_ms=times_ms,
)


@given(st.lists(edits, max_size=8))
def test_export_import_export_gives_the_same_bytes(made: list[Edit]) -> None:
    first, second = MemoryTable(), MemoryTable()
    first.apply(made)
    exported = jsonlines_of(first)
    second.apply(_read(exported))
    assert jsonlines_of(second) == exported
    assert all(json.loads(line)["op"] == "put" for line in exported.split(b"\n")[:-1])


@given(st.lists(edits, max_size=8))
def test_importing_an_export_changes_nothing(made: list[Edit]) -> None:
    table = MemoryTable()
    table.apply(made)
    before = table.changes
    table.apply(_read(jsonlines_of(table, deleted=True)))
    assert table.changes == before


def test_the_form_of_a_line() -> None:
    table = MemoryTable()
    fields: dict[str, Value] = {"b": "x", "a": Number("1.0"), "é": True}
    table.apply([Edit("shelter", UUID(ID), fields, 1_560_144_842_000), Edit("a", UUID(ID), {}, 1_001)])
    assert jsonlines_of(table).decode().splitlines() == [
        f'{{"t":"1970-01-01T00:00:01.001Z","table":"a","uuid":"{ID}","op":"put","fields":{{}}}}',
        f'{{"t":"2019-06-10T05:34:02Z","table":"shelter","uuid":"{ID}","op":"put",'
        '"fields":{"a":1.0,"b":"x","é":true}}',
    ]


def test_deletes_are_written_when_asked_for_and_mean_nothing_to_a_store_without_the_record() -> None:
    table, other = MemoryTable(), MemoryTable()
    table.apply(_read(_put('{"a":1}') + _put("{}", t='"2020-01-01T00:00:00Z"').replace("put", "delete")))
    assert jsonlines_of(table) == b""
    line = f'{{"t":"2020-01-01T00:00:00Z","table":"shelter","uuid":"{ID}","op":"delete"}}\n'.encode()
    assert jsonlines_of(table, deleted=True) == line
    other.apply(_read(line))
    assert not other.records


def test_a_time_beyond_the_calendar_does_not_stop_an_export() -> None:
    table = MemoryTable()
    table.apply([Edit("a", UUID(ID), {}, 10**15)])
    assert b'"t":"6429-10-17T02:45:55.327Z"' in jsonlines_of(table)


@given(texts)
def test_any_text_survives(text: str) -> None:
    table = MemoryTable()
    table.apply([Edit("a", UUID(ID), {"f": text})])
    (edit,) = _read(jsonlines_of(table))
    assert edit.fields == {"f": text}


@pytest.mark.parametrize("name", REAL_STREAMS)
def test_real_streams_export_import_export(name: str) -> None:
    path = REAL_STREAMS[name]
    if not path.exists():
        pytest.skip("the real data is not beside this checkout")
    first, second = MemoryTable(), MemoryTable()
    with path.open("rb") as file:
        first.apply(read_jsonlines(file, path.name))
    exported = jsonlines_of(first)
    second.apply(_read(exported))
    assert jsonlines_of(second) == exported
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        last = {(change["table"], change["uuid"]): change for change in map(json.loads, lines)}
    living = {key: change["fields"] for key, change in last.items() if change["op"] == "put"}
    found = [json.loads(line) for line in exported.split(b"\n")[:-1]]
    assert {(line["table"], line["uuid"]): line["fields"] for line in found} == living
