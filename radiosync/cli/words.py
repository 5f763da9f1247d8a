"""Figures in words: bytes, minutes, ages, times and counts as a person reads them, and text from elsewhere made harmless."""

import math
from datetime import UTC, datetime
from typing import Final

_UNITS: Final = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400


def printable(text: str) -> str:
    """The text without anything that moves a cursor or colours a terminal: such characters are written as their numbers."""
    return "".join(
        character if character.isprintable() or character == "\n" else _escaped(character)
        for character in text
    )


def size(count: int) -> str:
    """A number of bytes, such as `6.8 kB` or `312 bytes`."""
    factor, unit = _unit(count)
    return f"{_scaled(count, factor)} {unit}"


def size_of(part: int, whole: int) -> str:
    """A part of a whole, such as `4.1 of 6.8 kB`. A part that is not the whole never looks like it."""
    factor, unit = _unit(whole)
    shown, total = _scaled(part, factor), _scaled(whole, factor)
    if shown == total and part < whole:
        shown = _scaled(part - factor // 10, factor)
    return f"{shown} of {total} {unit}"


def count(number: int, thing: str, things: str | None = None) -> str:
    """A number of things, such as `1 change` or `9,120 changes`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def span(seconds: float) -> str:
    """A length of time with as much precision as is of use: `40 s`, `6 min`, `2 h 10 min`, `3 days`."""
    if seconds < _MINUTE_S - 0.5:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR_S - 30:
        return f"{round(seconds / _MINUTE_S)} min"
    if seconds < _DAY_S:
        hours, minutes = divmod(round(seconds / _MINUTE_S), 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return count(math.floor(seconds / _DAY_S), "day")


def span_range(least_s: float, most_s: float) -> str:
    """Two lengths of time, such as `4 to 9 min`."""
    least, most = span(least_s), span(most_s)
    if least == most:
        return most
    same_unit = least.count(" ") == most.count(" ") == 1 and least.split()[1] == most.split()[1]
    return f"{least.split()[0] if same_unit else least} to {most}"


def age(milliseconds: int, now_ms: int) -> str:
    """How long ago an instant was, in milliseconds since 1970: `3 h`; an instant to come counts as now."""
    return span(max(0, now_ms - milliseconds) / 1000)


def clock_time(milliseconds: int, now_ms: int) -> str:
    """An instant as `14:31 UTC`, with its day unless that is today."""
    at, now = _utc(milliseconds), _utc(now_ms)
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M} UTC"


def iso_time(milliseconds: int | None) -> str | None:
    """An instant as JSON has it, such as `2026-11-23T14:31:00Z`."""
    return None if milliseconds is None else f"{_utc(milliseconds):%Y-%m-%dT%H:%M:%SZ}"


def _escaped(character: str) -> str:
    number = ord(character)
    return (
        f"\\x{number:02x}"
        if number < 0x100
        else f"\\u{number:04x}"
        if number < 0x10000
        else f"\\U{number:08x}"
    )


def _unit(number: int) -> tuple[int, str]:
    for factor, unit in _UNITS:
        if number >= factor:
            return factor, unit
    return 1, "byte" if number == 1 else "bytes"


def _scaled(number: int, factor: int) -> str:
    """Rounded down, to one place."""
    return str(number) if factor == 1 else f"{math.floor(max(0, number) * 10 / factor) / 10:.1f}"


def _utc(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
