"""Declared types: what each accepts, and the one form in which its values are kept.

| type | accepts | kept as |
|---|---|---|
| text | anything | text; a number as its literal |
| integer | 7, 007, +7, 7.0 | number without sign +, leading zeros and fraction |
| decimal | 7, 007.50, .5 | number with all its decimal places; no exponent |
| float | any number as JSON writes it | number, its literal as it is |
| boolean | true, false, yes, no, 1, 0 in small or capital letters | boolean |
| date | 2019-06-10 | text, checked against the calendar |
| time | ISO 8601 date and time of day, with Z or an offset, or local without either | text; an offset turned into UTC |
| reference | a UUID in any case | text in small letters |

White space around a value is dropped for all but text. The empty text in a declared field that is not text is no
value: programs that quote every cell write it so.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final, assert_never
from uuid import UUID

from radiosync.config import FieldType, Schema
from radiosync.errors import InputError
from radiosync.limits import NUMBER_CHARACTERS, RECORD_BYTES
from radiosync.records.value import Number, Value, text_form

NO_SCHEMA: Final[Schema] = {}
"""Nothing is declared."""

_INTEGER: Final = re.compile(r"([+-]?)0*([0-9]+)(?:\.0*)?", re.ASCII)
_DECIMAL: Final = re.compile(r"([+-]?)0*([0-9]*)(\.[0-9]+)?", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_TRUE: Final = frozenset({"true", "yes", "1"})
_FALSE: Final = frozenset({"false", "no", "0"})


def coerce(value: Value, kind: FieldType) -> Value:
    """The value in the form of a declared type. Raises ValueError, in plain words, when it does not fit."""
    text = text_form(value)
    if kind.kind == "text":
        return text
    text = text.strip()
    match kind.kind:
        case "integer":
            return _integer(text)
        case "decimal":
            return _decimal(text)
        case "float":
            return _float(text)
        case "boolean":
            return _boolean(text)
        case "date":
            return _date(text)
        case "time":
            return _time(text)
        case "reference":
            return _reference(text)
        case _:
            assert_never(kind.kind)


def typed_fields(
    fields: Mapping[str, Value], types: Mapping[str, FieldType], source: str, line: int
) -> Mapping[str, Value]:
    """The fields of one record with their declared types.

    Raises InputError that names line and field: a value is not of its type, or the record is too long to travel.
    """
    size = sum(len(name.encode()) + len(text_form(value).encode()) for name, value in fields.items())
    if size > RECORD_BYTES:
        raise InputError(source, line, None, f"the record has {size} bytes; the limit is {RECORD_BYTES}")
    if not types:
        return fields
    typed: dict[str, Value] = {}
    for name, value in fields.items():
        kind = types.get(name)
        if kind is None:
            typed[name] = value
        elif value != "" or kind.kind == "text":
            try:
                typed[name] = coerce(value, kind)
            except ValueError as error:
                raise InputError(source, line, name, str(error)) from None
    return typed


def parse_uuid(text: str) -> UUID:
    """A UUID as 32 hexadecimal digits with hyphens, in any case. Raises ValueError."""
    if not _UUID.fullmatch(text.lower()):
        raise ValueError(f"must be a UUID of 32 digits and four hyphens, not {_shown(text)}")
    return UUID(text)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")


def _integer(text: str) -> Number:
    found = _INTEGER.fullmatch(text) if len(text) <= NUMBER_CHARACTERS else None
    if found is None:
        raise ValueError(f"must be a whole number, not {_shown(text)}")
    return Number(_minus(found[1], found[2]) + found[2])


def _decimal(text: str) -> Number:
    found = _DECIMAL.fullmatch(text) if len(text) <= NUMBER_CHARACTERS else None
    if found is None or not any(character.isdigit() for character in text):
        hint = "; write a point, not a comma" if "," in text else ""
        raise ValueError(f"must be a number without an exponent, such as 12.50, not {_shown(text)}{hint}")
    digits = (found[2] or "0") + (found[3] or "")
    return Number(_minus(found[1], digits) + digits)


def _minus(sign: str, digits: str) -> str:
    """The sign to keep: there is one zero."""
    return "-" if sign == "-" and digits.strip("0.") else ""


def _float(text: str) -> Number:
    try:
        return Number(text)
    except ValueError:
        raise ValueError(f"must be a number such as 12.5 or 1e-3, not {_shown(text)}") from None


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f"must be true or false (or yes, no, 1, 0), not {_shown(text)}")


def _date(text: str) -> str:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"{text} is not a day of the calendar") from None
    raise ValueError(f"must be a date such as 2019-06-10, not {_shown(text)}")


def _time(text: str) -> str:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"must be a time such as 2019-06-10T05:34:02Z, not {_shown(text)}")
    day, minute, second, fraction, zone = found.groups()
    offset = "" if zone is None else "+00:00" if zone in "Zz" else f"{zone[:3]}:{zone[-2:]}"
    try:
        instant = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}{offset}")
        if zone is not None:
            instant = instant.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ValueError(f"{text} is not a time of the calendar") from None
    fraction = (fraction or "").rstrip("0")
    return f"{instant.isoformat()}{'.' + fraction if fraction else ''}{'' if zone is None else 'Z'}"


def _reference(text: str) -> str:
    return str(parse_uuid(text))
