"""A field's value: text, number or boolean; and its one form as JSON text.

A field has a value or it has none: there is no null (decision 0002). A number keeps the literal that it was written
with, so that `1.0`, `1.00` and `1` stay three different values and nothing is lost on the way through a float.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from radiosync.limits import NUMBER_CHARACTERS, TEXT_BYTES

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written, in the grammar of JSON (RFC 8259 section 6)."""

    literal: str

    def __post_init__(self) -> None:
        if len(self.literal) > NUMBER_CHARACTERS or not _NUMBER.fullmatch(self.literal):
            raise ValueError(f"not a number: {self.literal[:NUMBER_CHARACTERS]!r}")


Value: TypeAlias = str | bool | Number
"""What a field can hold. `Number` and `bool` never compare equal to each other, unlike Python's `1 == True`."""


def check_text(text: str) -> str:
    """`text` itself, if it can be a value: storable as UTF-8 and within `TEXT_BYTES`; else `ValueError`."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("text holds half of a surrogate pair and cannot be written as UTF-8") from None
    if size > TEXT_BYTES:
        raise ValueError(f"text of {size} bytes is longer than the limit of {TEXT_BYTES}")
    return text


def text_form(value: Value) -> str:
    """A value as plain text: what a cell of a CSV file says."""
    return value if isinstance(value, str) else value_to_json(value)


def value_to_json(value: Value) -> str:
    """The value as JSON text, numbers as their literal."""
    match value:
        case Number(literal):
            return literal
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)


def fields_to_json(fields: Mapping[str, Value]) -> str:
    """A JSON object with the fields in the order given and no white space."""
    pairs = (
        f"{json.dumps(name, ensure_ascii=False)}:{value_to_json(value)}" for name, value in fields.items()
    )
    return "{" + ",".join(pairs) + "}"


def parse_json(text: str) -> object:
    """Parse JSON so that numbers become `Number`. Raises ValueError for anything else than strict, unambiguous JSON."""
    return json.loads(
        text,
        parse_float=Number,
        parse_int=Number,
        parse_constant=_refuse_constant,
        object_pairs_hook=_unique_keys,
    )


def fields_from_json(text: str) -> dict[str, Value]:
    """The inverse of `fields_to_json`, for text that we wrote ourselves."""
    fields: dict[str, Value] = json.loads(text, parse_float=Number, parse_int=Number)
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found
