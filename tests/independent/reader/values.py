"""Values as classes and contents, and back (protocol, 7.6)."""

import re
from dataclasses import dataclass
from datetime import date

from tests.independent.reader.basics import RefusedError, refuse_unless
from tests.independent.reader.changes import Number, Value

TEXT, INTEGER, DECIMAL, LATER, NONE, TRUE, FALSE, LITERAL, MINUS_INTEGER, MINUS_DECIMAL, EARLIER = range(11)
DECIMALS, TIMES = (DECIMAL, MINUS_DECIMAL), (LATER, EARLIER)
NUMBERS = (INTEGER, MINUS_INTEGER, *DECIMALS)
DATE, T_UNKNOWN, ZONED = 0, 7, (5, 6)
NUMBER_CHARACTERS, TEXT_BYTES = 100, 262144
SECOND = 65536000
_FORMS = {("", ""): 0, ("T", "Z"): 1, ("T", ""): 2, (" ", ""): 3, (" ", "Z"): 4}
_DAY = 86400
_EPOCH = date(1970, 1, 1).toordinal()
_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?([eE][+-]?[0-9]+)?")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:([T ])([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,15}))?(Z|[+-][0-9]{2}:[0-9]{2}|))?"
)


@dataclass(frozen=True)
class Spelled:
    """A value as symbols say it. Scale is the number of digits behind the point or the second."""

    kind: int
    form: int = 0
    scale: int = 0
    number: int = 0
    zone: int = 64
    fraction: int = 0
    text: str = ""

    def with_scale(self) -> bool:
        """Whether SCALE is said of it."""
        return self.kind in DECIMALS or (self.kind in TIMES and self.form != DATE)


def _day_text(day: int) -> str:
    try:
        return date.fromordinal(day + _EPOCH).isoformat()
    except (ValueError, OverflowError):
        raise RefusedError("a time outside of the calendar") from None


def _zone_text(zone: int) -> str:
    refuse_unless(zone < 128, "no such zone")
    hours, quarters = divmod(abs(zone - 64), 4)
    return f"{'-' if zone < 64 else '+'}{hours:02}:{quarters * 15:02}"


def _time_text(said: Spelled, time: int) -> str:
    """The text of a time, for a change with this time (protocol, 7.6)."""
    amount = -said.number if said.kind == EARLIER else said.number
    now = time // SECOND
    if said.form == DATE:
        return _day_text(now // _DAY + amount)
    refuse_unless(said.fraction < 10**said.scale, "fraction of more than a second")
    day, second = divmod(now + amount + (said.zone - 64) * 900, _DAY)
    text = f"{_day_text(day)}{' ' if said.form in (3, 4, 6) else 'T'}"
    text += f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    text += f".{said.fraction:0{said.scale}}" if said.scale else ""
    if said.form in ZONED:
        return text + _zone_text(said.zone)
    return text + {1: "Z", 4: "Z", T_UNKNOWN: "-00:00"}.get(said.form, "")


def compose(said: Spelled, time: int) -> Value | None:
    """The value that was said, in a change with this time (protocol, 7.6)."""
    if said.kind in (NONE, TRUE, FALSE):
        return {NONE: None, TRUE: True, FALSE: False}[said.kind]
    if said.kind == TEXT:
        return said.text
    if said.kind in TIMES:
        return _time_text(said, time)
    if said.kind == LITERAL:
        refuse_unless(bool(_NUMBER.fullmatch(said.text)), "literal that is no number")
        refuse_unless(len(said.text) <= NUMBER_CHARACTERS, "literal too long")
        return Number(said.text)
    digits = str(said.number)
    if said.kind in DECIMALS:
        digits = digits.zfill(said.scale + 1)
        digits = f"{digits[: -said.scale]}.{digits[-said.scale :]}"
    return Number(("-" if said.kind in (MINUS_INTEGER, MINUS_DECIMAL) else "") + digits)


def _spell_number(literal: str) -> Spelled:
    match = _NUMBER.fullmatch(literal)
    assert match
    minus, whole, behind, exponent = match.groups()
    digits = int(whole + (behind or ""))
    if exponent or digits >= 1 << 64 or len(behind or "") > 16:
        return Spelled(LITERAL, text=literal)
    if behind is None:
        return Spelled(MINUS_INTEGER if minus else INTEGER, number=digits)
    return Spelled(MINUS_DECIMAL if minus else DECIMAL, scale=len(behind), number=digits)


def _form(between: str, zone: str) -> int:
    if (between, zone) == ("T", "-00:00"):
        return T_UNKNOWN
    return _FORMS.get((between, zone), 5 if between == "T" else 6)


def _spell_time(text: str, time: int) -> Spelled | None:
    """A text as a time, if it comes back exactly (protocol, 7.6 and 7.8)."""
    match = _TIME.fullmatch(text)
    if not match:
        return None
    year, month, day, between, hour, minute, second, fraction, zone = (part or "" for part in match.groups())
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    form, east, amount = _form(between, zone), 0, days - time // SECOND // _DAY
    if form in ZONED:
        east = (int(zone[1:3]) * 4 + int(zone[4:]) // 15) * (-1 if zone[0] == "-" else 1)
    if form != DATE:
        clock = int(hour) * 3600 + int(minute) * 60 + int(second)
        amount = days * _DAY + clock - east * 900 - time // SECOND
    kind = LATER if amount >= 0 else EARLIER
    said = Spelled(kind, form, len(fraction), abs(amount), east + 64, int(fraction or 0))
    try:
        return said if 0 <= said.zone < 128 and _time_text(said, time) == text else None
    except RefusedError:
        return None


def spell(value: Value | None, time: int) -> Spelled:
    """A value as it is said whenever it comes back exactly (protocol, 7.8, classes)."""
    if value is None or isinstance(value, bool):
        return Spelled({None: NONE, True: TRUE, False: FALSE}[value])
    if isinstance(value, Number):
        return _spell_number(value.literal)
    return _spell_time(value, time) or Spelled(TEXT, text=value)


@dataclass(frozen=True)
class Hint:
    """What a value is likely to resemble (compact codec, C2)."""

    shape: int = 4096
    text: bytes = b""


def hint_at(said: Spelled, value: Value | None) -> Hint:
    """Shape, and the first 40 bytes of a text or literal (compact codec, C2)."""
    text = value.literal if isinstance(value, Number) else value if isinstance(value, str) else ""
    return Hint(said.kind + 16 * said.form + 128 * said.scale, text.encode()[:40])
