"""CSV in and out: keys, headings, absent rows, and round trips."""

import gzip
import io
import itertools
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.config import FieldType, Schema
from radiosync.connectors.csvfile import (
    CsvReader,
    Key,
    field_names,
    keep_present,
    read_csv,
    write_csv,
)
from radiosync.connectors.jsonlines import read_jsonlines
from radiosync.connectors.schema import coerce
from radiosync.errors import InputError, UsageError
from radiosync.records.edit import Edit
from radiosync.records.model import Record
from radiosync.records.value import Number, Value
from tests.connectors.memorytable import REAL_STREAMS, MemoryTable, jsonlines_of, records_fields, uuids

BY_UUID = Key()
ID = UUID("e8820977-ab01-5c22-93c4-e6c2ca8f249c")
OTHER = UUID(int=5)


def _read(text: str | bytes, key: Key = BY_UUID, **options: Any) -> CsvReader:
    data = text.encode() if isinstance(text, str) else text
    return read_csv(io.BytesIO(data), "in.csv", table="shelter", key=key, **options)


def _problem(text: str, key: Key = BY_UUID, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        list(_read(text, key, **options))
    return str(caught.value)


def _export(records: list[Record], **options: Any) -> bytes:
    out = io.BytesIO()
    write_csv(records, out, names=field_names(records), **options)
    return out.getvalue()


def _import(table: MemoryTable, data: bytes, schema: Schema | None = None, **options: Any) -> CsvReader:
    reader = _read(data, schema=schema or {}, **options)
    for edit in reader:
        table.apply([keep_present(edit, table.present(edit), reader.columns)])
    return reader


def _table(*edits: Edit) -> MemoryTable:
    table = MemoryTable()
    table.apply(edits)
    return table


def test_cells_are_text_or_nothing() -> None:
    text = f'\ufeffuuid,zip,note,city,n\n{str(ID).upper()},007,"",,1.50\n'
    assert list(_read(text)) == [Edit("shelter", ID, {"zip": "007", "note": "", "n": "1.50"})]


def test_compressed_and_with_another_delimiter() -> None:
    data = gzip.compress(f"uuid;a,b\r\n{ID};x,y\r\n".encode())
    assert list(_read(data, delimiter=";")) == [Edit("shelter", ID, {"a,b": "x,y"})]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["uuid"], Key(("uuid",), True)),
        (["uuid:record id"], Key(("record id",), True)),
        (["name"], Key(("name",), False)),
        (["uuid:"], Key(("uuid:",), False)),
        (["district", "uuid"], Key(("district", "uuid"), False)),
    ],
)
def test_a_key_is_understood(words: list[str], key: Key) -> None:
    assert Key.parse(words) == key


@pytest.mark.parametrize("words", [[], [""], ["a", "a"]])
def test_a_key_that_cannot_be_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError):
        Key.parse(words)


def test_other_columns_make_a_uuid_and_stay_fields() -> None:
    (edit,) = _read("zone,no,a\nWard 4,12,x\n", Key.parse(["no", "zone"]))
    assert edit.uuid == uuid5(NAMESPACE_URL, 'radiosync:shelter/["12","Ward 4"]')
    assert edit.fields == {"zone": "Ward 4", "no": "12", "a": "x"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "in.csv: is empty; the first row must name the columns"),
        ("uuid,,a\n", "in.csv, line 1: column 2 has no heading"),
        ('uuid,"",a\n', "in.csv, line 1: column 2 has no heading"),
        ("\nuuid,a,b,a\n", "in.csv, line 2, field 'a': columns 2 and 4 have the same heading"),
        (
            f"uuid,{'x' * 121}\n",
            f"in.csv, line 1, field '{'x' * 120}': the heading is longer than 120 characters",
        ),
        ("id,a\n", 'in.csv, line 1: there is no column "uuid" for the key; there are id, a'),
        ("uuid;a\n", "in.csv, line 1: there is one column only; is the delimiter ';'?"),
        ("uuid\ta\n", r"in.csv, line 1: there is one column only; is the delimiter '\t'?"),
        (f"uuid,a\n{ID},x\n{OTHER}\n", "in.csv, line 3: the row has 1 cells, the heading has 2"),
        (f'uuid,a\n"{ID}","x\ny"\n{OTHER},1,2\n', "in.csv, line 4: the row has 3 cells, the heading has 2"),
        ("uuid,a\n,x\n", "in.csv, line 2, field 'uuid': the key is empty"),
        (
            "uuid,a\n12,x\n",
            "in.csv, line 2, field 'uuid': must be a UUID of 32 digits and four hyphens, not '12'",
        ),
        (
            f"uuid,a\n{ID},x\n{OTHER},y\n{str(ID).upper()},z\n",
            "in.csv, line 4, field 'uuid': the same key stands on line 2 already",
        ),
        (f"uuid,a\n{ID},{'x' * 262_145}\n", "in.csv, line 2, field 'a': text of 262145 bytes is longer"),
        (
            "uuid," + ",".join(f"c{n}" for n in range(1001)) + f"\n{ID}" + ",x" * 1001,
            "in.csv, line 2: the record has 1001 fields; the limit is 1000",
        ),
    ],
    ids=itertools.count(),
)
def test_faults_are_named(text: str, problem: str) -> None:
    assert _problem(text).startswith(problem)


def test_faults_of_a_key_of_text_are_named() -> None:
    key = Key.parse(["a", "b"])
    assert _problem("a,b\n1,\n", key) == "in.csv, line 2, field 'b': the key is empty"
    assert _problem("a,b,c\n1,2,x\n2,1,x\n1,2,y\n", key).endswith("the same key stands on line 2 already")


def test_a_declared_type_is_checked() -> None:
    schema = {"shelter": {"n": FieldType("integer"), "a": FieldType("integer")}}
    assert next(_read(f'uuid,n,a\n{ID},007,""\n', schema=schema)).fields == {"n": Number("7")}
    problem = _problem(f"uuid,n,a\n{ID},1,2\n{OTHER},x,\n", schema=schema)
    assert problem == "in.csv, line 3, field 'n': must be a whole number, not 'x'"


def test_an_unknown_delimiter_is_refused() -> None:
    with pytest.raises(UsageError):
        _read("uuid|a", delimiter="|")


# ---------------------------------------------------------------- rows that vanished


def test_absent_records_are_found_when_asked_for() -> None:
    reader = _read(f"uuid,a\n{ID},x\n")
    list(reader)
    assert list(reader.absent([ID, OTHER])) == [Edit("shelter", OTHER, None)]


def test_absent_rows_are_not_known_before_the_end() -> None:
    reader = _read(f"uuid,a\n{ID},x\n{OTHER},y\n")
    next(reader)
    with pytest.raises(UsageError, match="not read to its end"):
        reader.absent([ID, OTHER])


def test_absent_rows_are_not_known_after_a_fault() -> None:
    reader = _read(f"uuid,a\n{ID},x\n{OTHER}\n")
    with pytest.raises(InputError):
        list(reader)
    with pytest.raises(UsageError):
        reader.absent([ID, OTHER])


# ---------------------------------------------------------------- what is here already


def test_a_cell_that_says_what_is_here_changes_nothing() -> None:
    table = _table(Edit("shelter", ID, {"n": Number("1.50"), "b": True, "t": "1.50", "gone": "x"}))
    changes = table.changes
    _import(table, f"uuid,n,b,t,gone\n{ID},1.50,true,1.50,x\n".encode())
    assert table.changes == changes
    _import(table, f"uuid,n,b,t,gone\n{ID},1.5,TRUE,1.50,\n".encode())
    assert table.sorted()[0].fields == {"n": "1.5", "b": "TRUE", "t": "1.50"}


def test_a_field_without_a_column_stays() -> None:
    table = _table(Edit("shelter", ID, {"a": "x", "b": "y"}))
    _import(table, f"uuid,b\n{ID},\n".encode())
    assert table.sorted()[0].fields == {"a": "x"}


def test_fields_of_an_earlier_life_do_not_come_back() -> None:
    table = _table(Edit("shelter", ID, {"a": "x", "n": Number("1")}), Edit("shelter", ID, None))
    _import(table, f"uuid,n\n{ID},1\n".encode())
    assert table.sorted()[0].fields == {"n": Number("1")}


def test_a_delete_and_a_new_record_are_left_as_they_are() -> None:
    gone, new = Edit("shelter", ID, None), Edit("shelter", ID, {"a": "1"})
    record = _table(Edit("shelter", ID, {"a": Number("1")})).sorted()[0]
    assert keep_present(gone, record, {"a"}) is gone
    assert keep_present(new, None, {"a"}) is new


# ---------------------------------------------------------------- writing, and round trips


def test_the_form_of_a_file() -> None:
    fields: dict[str, Value] = {"b": "", "a": "x,y", "n": Number("1.50"), "ok": False}
    table = _table(
        Edit("shelter", ID, fields), Edit("shelter", OTHER, {"b": "z"}), Edit("shelter", UUID(int=9), {})
    )
    table.apply([Edit("shelter", UUID(int=8), {"never": "seen"}), Edit("shelter", UUID(int=8), None)])
    assert _export(table.sorted()).decode() == (
        "uuid,a,b,n,ok\r\n"
        "00000000-0000-0000-0000-000000000005,,z,,\r\n"
        "00000000-0000-0000-0000-000000000009,,,,\r\n"
        f'{ID},"x,y","",1.50,false\r\n'
    )


def test_a_field_with_the_name_of_the_key_column_needs_another_heading() -> None:
    records = _table(Edit("shelter", ID, {"uuid": "x"})).sorted()
    with pytest.raises(UsageError, match='a field is called "uuid"'):
        _export(records)
    data = _export(records, uuid_column="record")
    assert next(_read(data, Key.parse(["uuid:record"]))) == Edit("shelter", ID, {"uuid": "x"})


def test_a_field_without_a_column_is_never_lost_in_silence() -> None:
    with pytest.raises(ValueError, match=r"no column for the fields \['a'\]"):
        write_csv(_table(Edit("shelter", ID, {"a": "x", "b": "y"})).sorted(), io.BytesIO(), names=["b"])


edits = st.builds(Edit, table=st.just("shelter"), uuid=uuids, fields=records_fields | st.none())


@given(st.lists(edits, max_size=6), st.sampled_from([",", ";", "\t"]))
def test_export_import_export_gives_the_same_bytes(made: list[Edit], delimiter: str) -> None:
    first, second = _table(*made), MemoryTable()
    exported = _export(first.sorted(), delimiter=delimiter)
    _import(second, exported, delimiter=delimiter)
    assert _export(second.sorted(), delimiter=delimiter) == exported


@given(st.lists(edits, max_size=6))
def test_importing_an_export_changes_nothing(made: list[Edit]) -> None:
    table = _table(*made)
    changes, before = table.changes, jsonlines_of(table)
    reader = _import(table, _export(table.sorted()))
    table.apply(reader.absent(record.uuid for record in table.sorted()))
    assert (table.changes, jsonlines_of(table)) == (changes, before)


SCHEMA: Schema = {
    "shelter": {
        "beds": FieldType("integer"),
        "cost": FieldType("decimal"),
        "lat": FieldType("float"),
        "open": FieldType("boolean"),
        "since": FieldType("date"),
        "seen": FieldType("time"),
        "zip": FieldType("text"),
        "parent": FieldType("reference", "shelter"),
    }
}
typed_cells = st.fixed_dictionaries(
    {},
    optional={
        "beds": st.integers().map(str),
        "cost": st.decimals(-1000, 1000, places=2).map(str),
        "lat": st.floats(allow_nan=False, allow_infinity=False).map(repr),
        "open": st.sampled_from(["true", "No", "1"]),
        "since": st.dates().map(str),
        "seen": st.datetimes().map(lambda at: at.isoformat() + "+02:00"),
        "zip": st.sampled_from(["007", ""]),
        "parent": st.uuids().map(lambda uuid: str(uuid).upper()),
    },
)


@given(st.lists(st.tuples(uuids, typed_cells), max_size=6, unique_by=lambda row: row[0]))
def test_declared_types_survive_csv(rows: list[tuple[UUID, dict[str, str]]]) -> None:
    made = []
    for uuid, cells in rows:
        try:
            fields = {name: coerce(cell, SCHEMA["shelter"][name]) for name, cell in cells.items()}
        except ValueError:
            continue  # the first hours of the year 1 and the last of 9999 have no UTC
        made.append(Edit("shelter", uuid, fields))
    first, second = _table(*made), MemoryTable()
    exported = _export(first.sorted())
    _import(second, exported, SCHEMA)
    assert _export(second.sorted()) == exported
    assert jsonlines_of(second) == jsonlines_of(first)


@pytest.mark.parametrize("name", REAL_STREAMS)
def test_real_tables_survive_csv(name: str) -> None:
    path = REAL_STREAMS[name]
    if not path.exists():
        pytest.skip("the real data is not beside this checkout")
    whole = MemoryTable()
    with path.open("rb") as file:
        whole.apply(read_jsonlines(file, path.name))
    for table in {record.table for record in whole.sorted()}:
        records = [record for record in whole.sorted() if record.table == table]
        exported = _export(records)
        again = MemoryTable()
        for edit in read_csv(io.BytesIO(exported), "in.csv", table=table):
            again.apply([edit])
        assert _export(again.sorted()) == exported
