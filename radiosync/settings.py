"""TOML tables read strictly into dataclasses, with faults that say where, what and what instead.

Each fault is a `ConfigError` such as::

    radiosync.toml, [link.hf-1], key "bit_rate": must be a whole number from 1 to 1000000, not "fast"

A dataclass describes its table: the names of its fields are the keys, their annotations say what fits (`msgspec.Meta` for
bounds; its `description` replaces the words made from them), a field without a default must be given.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.inspect import (
    BoolType,
    FloatType,
    IntType,
    LiteralType,
    Metadata,
    NoneType,
    StrType,
    Type,
    VarTupleType,
    type_info,
)
from msgspec.inspect import UnionType as EitherType

from radiosync.errors import ConfigError

_T = TypeVar("_T")

_SHOWN_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Place:
    """One table of a file.

    Attributes:
        file: name of the file, for messages.
        table: its heading as it stands in the file, such as `[link.hf-1]`; empty for the top.
    """

    file: str
    table: str = ""

    def fault(self, key: str | None, problem: str) -> ConfigError:
        """What to raise when `key`, or the table as a whole, has a problem."""
        parts = [self.file, self.table, f'key "{key}"' if key is not None else ""]
        return ConfigError(f"{', '.join(part for part in parts if part)}: {problem}")

    def unknown(self, key: str, known: Iterable[str]) -> ConfigError:
        """What to raise for a key that this table does not have."""
        known = list(known)
        near = get_close_matches(key, known, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(known)}"
        return self.fault(key, f"is not known here; {hint}")


def load_toml(path: Path) -> dict[str, object]:
    """The document in a file. Raises ConfigError when it cannot be read or is not TOML."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}, line {line}: is not UTF-8; save the file as UTF-8") from None
    return parse_toml(text, str(path))


def parse_toml(text: str, file: str) -> dict[str, object]:
    """The document in a text. Raises ConfigError when it is not TOML."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{file}: is not TOML: {error}") from None


def read_table(kind: type[_T], values: Mapping[str, object], place: Place, **ready: object) -> _T:
    """Make a `kind`, a dataclass, from the keys of one table.

    Args:
        kind: what to make. Keys that it has no field for are refused.
        values: the table.
        place: where it stands.
        ready: fields that do not come from keys of this table.

    Raises:
        ConfigError: a key is unknown, missing or does not fit.
    """
    wanted = {field.name: field for field in fields(kind) if field.name not in ready}  # type: ignore[arg-type]
    for key in values:
        if key not in wanted:
            raise place.unknown(key, wanted)
    types = get_type_hints(kind, include_extras=True)
    arguments = dict(ready)
    for key, field in wanted.items():
        if key in values:
            arguments[key] = _convert(values[key], types[key], key, place)
        elif _is_required(field):
            raise place.fault(key, f"is missing; it must be {_words(type_info(types[key]))}")
    return kind(**arguments)


def sub_table(values: Mapping[str, object], key: str, place: Place) -> dict[str, object]:
    """The table under `key`, an empty one if there is none. Raises ConfigError when it is something else."""
    value = values.get(key, {})
    if not isinstance(value, dict):
        raise place.fault(key, f"must be a table, not {_shown(value)}")
    return value


def table_list(
    values: Mapping[str, object], key: str, place: Place
) -> Iterator[tuple[Place, dict[str, object]]]:
    """The tables `[[key]]`, each with its place."""
    value = values.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise place.fault(key, f"must be written as [[{key}]], once for each, with its keys below")
    for number, item in enumerate(value, 1):
        yield Place(place.file, f"[[{key}]] number {number}"), item


def _convert(value: object, wanted: object, key: str, place: Place) -> object:
    if _fits(value, wanted):
        converted: object = msgspec.convert(value, wanted)
        return converted
    item = _item_of(wanted)
    if item is not None and isinstance(value, list):
        for number, entry in enumerate(value, 1):
            if not _fits(entry, item):
                problem = f"item {number} must be {_words(type_info(item))}, not {_shown(entry)}"
                raise place.fault(key, problem)
    raise place.fault(key, f"must be {_words(type_info(wanted))}, not {_shown(value)}")


def _fits(value: object, wanted: object) -> bool:
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError:
        return False
    return True


def _is_required(field: "Field[object]") -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _item_of(wanted: object) -> object | None:
    """The item's type of `tuple[item, ...]`, annotated or optional too; None for anything else."""
    if get_origin(wanted) is Annotated:
        return _item_of(get_args(wanted)[0])
    if get_origin(wanted) is tuple:
        item: object = get_args(wanted)[0]
        return item
    if get_origin(wanted) in (Union, UnionType):
        return next((item for kind in get_args(wanted) if (item := _item_of(kind)) is not None), None)
    return None


def _words(described: Type) -> str:
    match described:
        case Metadata(extra_json_schema={"description": str(words)}):
            return words
        case Metadata(type=inner):
            return _words(inner)
        case BoolType():
            return "true or false"
        case IntType(ge=low, le=high):
            return "a whole number" + _range(low, high)
        case FloatType(ge=low, le=high):
            return "a number" + _range(low, high)
        case StrType(max_length=longest):
            return "text in quotes" + (f", at most {longest} characters" if longest is not None else "")
        case LiteralType(values=values):
            return f"one of {', '.join(_shown(value) for value in values)}"
        case VarTupleType(item_type=item):
            return f"a list, each item {_words(item)}"
        case EitherType(types=types):
            return " or ".join(_words(kind) for kind in types if not isinstance(kind, NoneType))
        case _:
            raise TypeError(f"no words for settings of type {described}")


def _range(low: float | None, high: float | None) -> str:
    if high is None:
        return "" if low is None else f", {low} or more"
    return f" from {low or 0} to {high}"


def _shown(value: object) -> str:
    match value:
        case dict():
            return "a table"
        case list():
            return "a list" if value else "an empty list"
        case bool() | str():
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= _SHOWN_CHARACTERS else f'{text[:_SHOWN_CHARACTERS]}..."'
        case _:
            return str(value)
