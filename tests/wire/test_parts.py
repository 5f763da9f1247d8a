"""Values taken apart and put together: whatever does not come back exactly stays whole."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.records.value import Number, Value
from radiosync.wire.parts import Class, Form, Parts, put_together, take_apart, text_of
from tests.wire.changes import NASTY, values

BASE_S = 1_600_000_000  # 2020-09-13T12:26:40Z

clock_texts = st.from_regex(
    r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,17})?(Z|[+-][0-9]{2}:[0-9]{2})?)?\Z"
)


@given(st.one_of(values, clock_texts), st.integers(0, 1 << 37))
@example("2024-02-29T23:59:60Z", 0)
@example("0001-01-01T00:00:00+15:45", 0)
@example("9999-12-31T23:59:59-16:00", BASE_S)
@example("2020-09-13T12:26:40+24:00", BASE_S)
def test_every_value_comes_back_exactly(value: Value | None, base_s: int) -> None:
    again = put_together(take_apart(value, base_s), base_s)
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize("value", NASTY, ids=lambda value: repr(value)[:30])
def test_nasty_values_come_back_exactly(value: Value | None) -> None:
    again = put_together(take_apart(value, BASE_S), BASE_S)
    assert (again, type(again)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "form", "number"),
    [
        ("2020-09-13", Form.DATE, 0),
        ("2020-09-11", Form.DATE, 2),
        ("2020-09-13T12:26:41Z", Form.T_Z, 1),
        ("2020-09-13T12:26:39.640Z", Form.T_Z, 1),
        ("2020-09-13T12:26:39.64Z", Form.T_Z, 1),
        ("2020-09-13T12:26:40", Form.T_BARE, 0),
        ("2020-09-13 12:26:40", Form.SPACE_BARE, 0),
        ("2020-09-13 12:26:40Z", Form.SPACE_Z, 0),
        ("2020-09-13T05:26:40-07:00", Form.T_ZONE, 0),
        ("2020-09-13 17:56:41+05:30", Form.SPACE_ZONE, 1),
        ("2020-09-13T12:26:40-00:00", Form.T_UNKNOWN, 0),
    ],
)
def test_a_time_is_told_by_its_distance_from_its_change(text: str, form: Form, number: int) -> None:
    parts = take_apart(text, BASE_S)
    assert parts.kind in (Class.LATER, Class.EARLIER)
    assert (parts.form, parts.number) == (form, number)
    assert not parts.text


@pytest.mark.parametrize(
    "text",
    ["2020-02-30", "2020-09-13T24:00:00Z", "2020-9-13", "2020-09-13T12:26:40z", "2020-09-13T12:26Z", "0000-01-01",
     "2020-09-13T12:26:40+05:20", "2020-09-13T12:26:40+17:00", "2020-09-13T12:26:40 ", "٢٠٢٠-09-13"],
)  # fmt: skip
def test_what_is_spelled_otherwise_stays_a_text(text: str) -> None:
    assert take_apart(text, BASE_S) == Parts(text=text.encode())


@pytest.mark.parametrize(
    ("literal", "kind"),
    [
        ("0", Class.INTEGER), ("-0", Class.MINUS_INTEGER), ("-17", Class.MINUS_INTEGER), ("1.0", Class.DECIMAL),
        ("-0.050", Class.MINUS_DECIMAL), ("1e5", Class.LITERAL), (str(2**64 - 1), Class.INTEGER),
        (str(2**64), Class.LITERAL),
        ("0.0000000000000001", Class.DECIMAL), ("0.00000000000000001", Class.LITERAL),
    ],
)  # fmt: skip
def test_numbers_are_told_by_their_digits(literal: str, kind: Class) -> None:
    parts = take_apart(Number(literal), BASE_S)
    assert parts.kind == kind
    assert put_together(parts, BASE_S) == Number(literal)


@pytest.mark.parametrize(
    "parts",
    [
        Parts(Class.LATER, number=2**64 - 1),
        Parts(Class.EARLIER, form=Form.T_Z, number=2**40),
        Parts(Class.LITERAL, text=b"07"),
        Parts(Class.LITERAL, text=b"1" * 101),
        Parts(Class.LITERAL, text=b"\xff"),
        Parts(Class.TEXT, text=b"\xff"),
        Parts(Class.TEXT, text=b"\xed\xa0\x80"),
    ],
)
def test_parts_that_no_value_has_are_refused(parts: Parts) -> None:
    with pytest.raises(WireError):
        put_together(parts, BASE_S)


def test_text_is_utf_8() -> None:
    assert text_of("\N{SNOWMAN}".encode()) == "\N{SNOWMAN}"
