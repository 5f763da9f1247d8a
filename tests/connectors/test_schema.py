"""Declared types: what fits, what it becomes, and what is said when it does not fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.config import FieldType
from radiosync.connectors.schema import coerce, parse_uuid, typed_fields
from radiosync.errors import InputError
from radiosync.limits import FIELDS_PER_RECORD, RECORD_BYTES
from radiosync.records.value import Number, Value, text_form
from radiosync.wire.shape import choose_shape
from tests.connectors.memorytable import values

GOOD: list[tuple[str, Value, Value]] = [
    ("text", "007", "007"),
    ("text", Number("1.50"), "1.50"),
    ("text", True, "true"),
    ("text", " x ", " x "),
    ("text", "", ""),
    ("integer", "007", Number("7")),
    ("integer", " +12 ", Number("12")),
    ("integer", "-0", Number("0")),
    ("integer", "000", Number("0")),
    ("integer", "-010", Number("-10")),
    ("integer", Number("7.0"), Number("7")),
    ("integer", "7.", Number("7")),
    ("decimal", "007.50", Number("7.50")),
    ("decimal", ".5", Number("0.5")),
    ("decimal", "-.50", Number("-0.50")),
    ("decimal", "-0.00", Number("0.00")),
    ("decimal", Number("12"), Number("12")),
    ("float", "1.50", Number("1.50")),
    ("float", Number("-1E+5"), Number("-1E+5")),
    ("float", " 0.1 ", Number("0.1")),
    ("boolean", "YES", True),
    ("boolean", "true", True),
    ("boolean", Number("1"), True),
    ("boolean", "0", False),
    ("boolean", "No", False),
    ("boolean", False, False),
    ("date", "2020-02-29", "2020-02-29"),
    ("date", " 0001-01-01 ", "0001-01-01"),
    ("time", "2019-06-10T05:34:02Z", "2019-06-10T05:34:02Z"),
    ("time", "2019-06-10T05:34:02+00:00", "2019-06-10T05:34:02Z"),
    ("time", "2019-06-10T00:34:02.120-05:30", "2019-06-10T06:04:02.12Z"),
    ("time", "2019-12-31t23:30+0000", "2019-12-31T23:30:00Z"),
    ("time", "2019-06-10 05:34", "2019-06-10T05:34:00"),
    ("time", "2019-06-10T05:34:02.000", "2019-06-10T05:34:02"),
    ("time", "2019-06-10T05:34:02.123456789", "2019-06-10T05:34:02.123456789"),
    ("reference", "E8820977-AB01-5C22-93C4-E6C2CA8F249C", "e8820977-ab01-5c22-93c4-e6c2ca8f249c"),
]

BAD: list[tuple[str, Value, str]] = [
    ("integer", "7.5", "must be a whole number, not '7.5'"),
    ("integer", "1e3", "must be a whole number"),
    ("integer", "1,000", "must be a whole number"),
    ("integer", "", "must be a whole number"),
    ("integer", True, "must be a whole number, not 'true'"),
    ("integer", "1" * 101, "must be a whole number"),
    ("integer", "١٢", "must be a whole number"),
    ("decimal", "12,50", "write a point, not a comma"),
    ("decimal", "1e5", "must be a number without an exponent"),
    ("decimal", ".", "must be a number"),
    ("decimal", "-", "must be a number"),
    ("float", "007", "must be a number such as"),
    ("float", "nan", "must be a number such as"),
    ("boolean", "maybe", "must be true or false"),
    ("boolean", Number("2"), "must be true or false"),
    ("date", "2019-02-29", "2019-02-29 is not a day of the calendar"),
    ("date", "10/06/2019", "must be a date such as 2019-06-10"),
    ("date", "20190610", "must be a date"),
    ("date", "0000-01-01", "is not a day of the calendar"),
    ("time", "2019-06-10", "must be a time such as"),
    ("time", "2019-06-10T24:00:00Z", "is not a time of the calendar"),
    ("time", "2019-02-29T00:00:00Z", "is not a time of the calendar"),
    ("time", "0001-01-01T00:00:00+01:00", "is not a time of the calendar"),
    ("time", "2019-06-10T05:34:02-01", "must be a time such as"),
    ("reference", "12", "must be a UUID of 32 digits and four hyphens, not '12'"),
    ("reference", "{e8820977-ab01-5c22-93c4-e6c2ca8f249c}", "must be a UUID"),
]


def _type(kind: str) -> FieldType:
    return FieldType.parse("reference:shelter" if kind == "reference" else kind)


@pytest.mark.parametrize(("kind", "value", "expected"), GOOD)
def test_what_fits_gets_its_one_form(kind: str, value: Value, expected: Value) -> None:
    found = coerce(value, _type(kind))
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(("kind", "value", "problem"), BAD)
def test_what_does_not_fit_is_refused_in_words(kind: str, value: Value, problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        coerce(value, _type(kind))
    assert problem in str(caught.value)


def test_a_long_value_is_shown_in_part() -> None:
    with pytest.raises(ValueError, match=r"not 'x{40}\.\.\.'"):
        coerce("x" * 1000, _type("integer"))


@given(
    values | st.text(),
    st.sampled_from(["text", "integer", "decimal", "float", "boolean", "date", "time", "reference"]),
)
def test_the_one_form_is_kept_and_its_text_means_the_same(value: Value, kind: str) -> None:
    try:
        once = coerce(value, _type(kind))
    except ValueError:
        return
    assert coerce(once, _type(kind)) == once
    assert coerce(text_form(once), _type(kind)) == once


def test_what_is_not_declared_is_not_touched() -> None:
    fields: dict[str, Value] = {"a": "007", "b": "", "n": Number("1.0"), "gone": "", "kept": ""}
    types = {"gone": _type("integer"), "kept": _type("text"), "elsewhere": _type("date")}
    assert typed_fields(fields, types, "f", 1) == {"a": "007", "b": "", "n": Number("1.0"), "kept": ""}
    assert typed_fields(fields, {}, "f", 1) is fields


def test_a_fault_names_line_and_field() -> None:
    with pytest.raises(InputError) as caught:
        typed_fields({"a": "x"}, {"a": _type("integer")}, "in.csv", 7)
    assert (caught.value.line, caught.value.field) == (7, "a")


@given(st.uuids())
def test_uuids_are_read_in_any_case(uuid) -> None:
    assert parse_uuid(str(uuid).upper()) == uuid


def test_a_record_that_is_too_long_to_travel_is_refused() -> None:
    half = "é" * (RECORD_BYTES // 4)
    assert typed_fields({"a": half}, {}, "in.csv", 7)
    with pytest.raises(
        InputError, match=r"in\.csv, line 7: the record has 524290 bytes; the limit is 524288"
    ):
        typed_fields({"a": half, "b": half}, {}, "in.csv", 7)


def test_the_longest_record_can_be_sealed() -> None:
    """Also when it cannot be compressed."""
    assert choose_shape(RECORD_BYTES + FIELDS_PER_RECORD * 8).total_bytes < 786_432 + 1
