"""Values taken apart for the layout of changes, and put together again.

A number keeps its literal and a time keeps its spelling. What would not come back exactly (`-0`, exponents, an hour of 24)
is left whole, as a text or a literal.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Final

from radiosync.errors import WireError
from radiosync.limits import NUMBER_CHARACTERS
from radiosync.records.value import Number, Value, check_text

_NUMBER_LIMIT: Final = 1 << 64
"""A coder takes numbers below this."""

_DAY_S: Final = 86_400
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_QUARTER_S: Final = 15 * 60
_WEST: Final = 64
"""Zones reach from 16:00 west to 15:45 east, in quarters of an hour counted from the west."""

_NUMERIC: Final = re.compile(r"-?([0-9]+)(?:\.([0-9]{1,16}))?", re.ASCII)
_TIME: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:([T ])([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,15}))?(Z|[+-][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)


class Class(IntEnum):
    """What a value is."""

    TEXT = 0
    INTEGER = 1
    DECIMAL = 2
    LATER = 3
    """A time that is not before that of its change."""
    NONE = 4
    """No value: the write empties the field."""
    TRUE = 5
    FALSE = 6
    LITERAL = 7
    """A number that is neither an integer nor a decimal that we can say, such as `1e5`."""
    MINUS_INTEGER = 8
    MINUS_DECIMAL = 9
    EARLIER = 10
    """A time before that of its change."""


DECIMALS: Final = frozenset((Class.DECIMAL, Class.MINUS_DECIMAL))
TIMES: Final = frozenset((Class.LATER, Class.EARLIER))


class Form(IntEnum):
    """How a time is spelled."""

    DATE = 0
    T_Z = 1
    T_BARE = 2
    SPACE_BARE = 3
    SPACE_Z = 4
    T_ZONE = 5
    """With a zone such as `-07:00`."""
    SPACE_ZONE = 6
    T_UNKNOWN = 7
    """With `-00:00`, by which some say that the zone is not known."""


ZONED: Final = frozenset((Form.T_ZONE, Form.SPACE_ZONE))

_FORMS: Final = {
    ("T", "Z"): Form.T_Z,
    ("T", ""): Form.T_BARE,
    (" ", ""): Form.SPACE_BARE,
    (" ", "Z"): Form.SPACE_Z,
    ("T", "-00:00"): Form.T_UNKNOWN,
}
_ENDS: Final = {form: ends for ends, form in _FORMS.items()}


@dataclass(slots=True)
class Parts:
    """A value taken apart.

    Attributes:
        kind: its `Class`.
        scale: digits behind the point of a decimal, or behind the second of a time.
        form: `Form` of a time.
        number: amount of an integer; all digits of a decimal; seconds (of a date: days) between a time and its change.
        fraction: the digits behind the second.
        zone: of a time, in quarters of an hour from 16:00 west.
        text: bytes of a text or a literal.
    """

    kind: int = Class.TEXT
    scale: int = 0
    form: int = Form.DATE
    number: int = 0
    fraction: int = 0
    zone: int = _WEST
    text: bytes = b""


def take_apart(value: Value | None, base_s: int) -> Parts:
    """The parts of a value in a change that was made at `base_s`, in seconds since 1970."""
    match value:
        case None:
            return Parts(Class.NONE)
        case bool():
            return Parts(Class.TRUE if value else Class.FALSE)
        case Number(literal):
            return _take_number(literal)
        case str():
            parts = _take_time(value, base_s) if value[4:5] == "-" else None
            return parts or Parts(text=value.encode())


def put_together(parts: Parts, base_s: int) -> Value | None:
    """The inverse of `take_apart`. Raises WireError."""
    match parts.kind:
        case Class.NONE:
            return None
        case Class.TRUE | Class.FALSE:
            return parts.kind == Class.TRUE
        case Class.LATER | Class.EARLIER:
            return _time_text(parts, base_s)
        case Class.TEXT:
            return text_of(parts.text)
        case Class.LITERAL:
            return _number_of(text_of(parts.text[: NUMBER_CHARACTERS + 1]))
        case _:
            return _number_of(_number_text(parts))


def text_of(data: bytes) -> str:
    """UTF-8 as text. Raises WireError."""
    try:
        return check_text(data.decode())
    except ValueError as error:
        raise WireError(f"a batch holds a bad text: {error}") from error


def _take_number(literal: str) -> Parts:
    match = _NUMERIC.fullmatch(literal)
    digits = int(match[1] + (match[2] or "")) if match else _NUMBER_LIMIT
    if match and digits < _NUMBER_LIMIT:
        scale, minus = len(match[2] or ""), literal[0] == "-"
        if scale:
            kind = Class.MINUS_DECIMAL if minus else Class.DECIMAL
        else:
            kind = Class.MINUS_INTEGER if minus else Class.INTEGER
        return Parts(kind, scale, number=digits)
    return Parts(Class.LITERAL, text=literal.encode())


def _number_text(parts: Parts) -> str:
    digits = str(parts.number).rjust(parts.scale + 1, "0")
    if parts.scale:
        digits = f"{digits[: -parts.scale]}.{digits[-parts.scale :]}"
    return f"-{digits}" if parts.kind in (Class.MINUS_INTEGER, Class.MINUS_DECIMAL) else digits


def _number_of(literal: str) -> Number:
    try:
        return Number(literal)
    except ValueError as error:
        raise WireError(f"a batch holds a bad number: {error}") from error


def _take_time(text: str, base_s: int) -> Parts | None:
    """The parts of a time, None for a text that is none or is spelled in another way than we spell it."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    parts = Parts(Class.LATER)
    try:
        days = date(int(match[1]), int(match[2]), int(match[3])).toordinal() - _EPOCH_DAY
        step = _take_clock(match, parts, days * _DAY_S - base_s) if match[4] else days - base_s // _DAY_S
        parts.kind, parts.number = Class.EARLIER if step < 0 else Class.LATER, abs(step)
        return parts if 0 <= parts.zone < 2 * _WEST and _time_text(parts, base_s) == text else None
    except (ValueError, WireError):
        return None


def _take_clock(match: re.Match[str], parts: Parts, midnight_s: int) -> int:
    end, digits = match[9] or "", match[8] or ""
    form = _FORMS.get((match[4], end))
    if form is None:
        form = Form.T_ZONE if match[4] == "T" else Form.SPACE_ZONE
        quarters = int(end[1:3]) * 4 + int(end[4:]) // 15
        parts.zone = _WEST - quarters if end[0] == "-" else _WEST + quarters
    parts.form, parts.scale, parts.fraction = form, len(digits), int(digits or 0)
    second = int(match[5]) * 3600 + int(match[6]) * 60 + int(match[7])
    return midnight_s + second - (parts.zone - _WEST) * _QUARTER_S


def _time_text(parts: Parts, base_s: int) -> str:
    step = -parts.number if parts.kind == Class.EARLIER else parts.number
    if parts.form == Form.DATE:
        return _day(base_s // _DAY_S + step)
    if parts.form in ZONED:
        west_s = (_WEST - parts.zone) * _QUARTER_S
        separator = "T" if parts.form == Form.T_ZONE else " "
        end = f"{'-' if west_s > 0 else '+'}{abs(west_s) // 3600:02}:{abs(west_s) // 60 % 60:02}"
    else:
        west_s = 0
        separator, end = _ENDS[Form(parts.form)]
    days, second = divmod(base_s + step - west_s, _DAY_S)
    fraction = f".{parts.fraction:0{parts.scale}}" if parts.scale else ""
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"{_day(days)}{separator}{clock}{fraction}{end}"


def _day(days: int) -> str:
    ordinal = days + _EPOCH_DAY
    if not 0 < ordinal <= date.max.toordinal():
        raise WireError("a batch has a time outside of the calendar")
    return date.fromordinal(ordinal).isoformat()
