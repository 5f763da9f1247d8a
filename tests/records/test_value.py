"""Values and their one form as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.limits import NUMBER_CHARACTERS, TEXT_BYTES
from radiosync.records.value import (
    Number,
    Value,
    check_text,
    fields_from_json,
    fields_to_json,
    parse_json,
    value_to_json,
)

LITERALS = [
    "0", "-0", "1", "-1", "1.0", "1.00", "0.1", "-0.10", "1e5", "1E5", "1e+5", "1E-05", "-1.50e-300",
    "123456789012345678901234567890", "9007199254740993", "1" * NUMBER_CHARACTERS,
]  # fmt: skip

NO_NUMBERS = [
    "", "-", "+1", "01", "00", "-01", ".5", "5.", "1e", "1e+", "0x10", "1_000", " 1", "1 ", "1\n", "NaN", "Infinity",
    "\N{ARABIC-INDIC DIGIT ONE}", "1,5", "1" * (NUMBER_CHARACTERS + 1),
]  # fmt: skip


@pytest.mark.parametrize("literal", LITERALS)
def test_a_number_keeps_its_literal(literal: str) -> None:
    assert value_to_json(Number(literal)) == literal
    assert parse_json(f"[{literal}]") == [Number(literal)]
    assert fields_to_json(fields_from_json(f'{{"a":{literal}}}')) == f'{{"a":{literal}}}'


@pytest.mark.parametrize("literal", NO_NUMBERS)
def test_what_json_does_not_call_a_number_is_refused(literal: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        Number(literal)


def test_values_of_different_kinds_are_never_equal() -> None:
    values: list[Value] = [
        "1",
        "true",
        "1.0",
        Number("1"),
        Number("1.0"),
        Number("1.00"),
        True,
        False,
        Number("0"),
        "",
    ]
    for place, one in enumerate(values):
        assert [each == one for each in values] == [other == place for other in range(len(values))]


texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.from_regex(r"\A-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,20})?\Z").map(Number)


@given(st.dictionaries(texts, st.one_of(texts, st.booleans(), numbers)))
def test_fields_survive_json(fields: dict[str, Value]) -> None:
    text = fields_to_json(fields)
    assert list(fields_from_json(text).items()) == list(fields.items())
    assert parse_json(text) == fields
    assert list(json.loads(text)) == list(fields)


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":2}', '[{"b":{"a":1,"a":1}}]', "NaN", "[Infinity]", "-Infinity", "{", "", "1 2"]
)
def test_json_that_is_not_strict_or_ambiguous_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  json says it in its own words
        parse_json(text)


def test_text_is_bounded_in_utf8() -> None:
    longest = "ü" * (TEXT_BYTES // 2)
    assert check_text(longest) is longest
    with pytest.raises(ValueError, match="longer than the limit"):
        check_text(longest + "x")
    with pytest.raises(ValueError, match="surrogate"):
        check_text("half \ud800 pair")
