"""Values and columns as CBOR (RFC 8949), and back with every check.

A number keeps its literal: an integer that JSON would print the same way is a CBOR integer, a decimal is [scale, mantissa],
any other literal is [text]. No value is null.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import NoReturn, TypeAlias

import cbor2

from radiosync.errors import WireError
from radiosync.limits import BATCH_NESTING, NUMBER_CHARACTERS
from radiosync.records.value import Number, Value, check_text

Plain: TypeAlias = "bool | int | str | bytes | Sequence[Plain] | None"
"""What our CBOR consists of."""

_INT64 = 1 << 63
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.([0-9]+)")


def _refuse_tag(_item: object, _immutable: bool) -> NoReturn:
    raise ValueError("no tag means anything here")


class _NoTags(Mapping[int, Callable[[object, bool], NoReturn]]):
    """Takes the place of the library's decoders of tags. Among these are patterns that take minutes to compile, messages
    that take as long to parse, and arrays that contain themselves."""

    def __getitem__(self, tag: int) -> Callable[[object, bool], NoReturn]:
        return _refuse_tag

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 0


_NO_TAGS = _NoTags()


def dumps(item: Plain) -> bytes:
    """CBOR for an item."""
    return cbor2.dumps(item)


def loads(data: bytes) -> object:
    """The one item that `data` holds.

    Raises WireError for anything else, also for tags and for nesting beyond `BATCH_NESTING`.
    """
    stream = BytesIO(data)
    decoder = cbor2.CBORDecoder(
        stream,
        semantic_decoders=_NO_TAGS,
        max_depth=BATCH_NESTING,
        allow_indefinite=False,
        allow_duplicate_keys=False,
        read_size=1,
    )
    try:
        item: object = decoder.decode()
    except (
        cbor2.CBORDecodeError,
        UnicodeDecodeError,
        ValueError,
        RecursionError,
        MemoryError,
        OverflowError,
    ) as error:
        raise WireError(f"a batch is not CBOR: {type(error).__name__}") from error
    if stream.read(1):
        raise WireError("a batch has bytes behind its end")
    return item


def dump_value(value: Value | None) -> Plain:
    """A value, or None for an emptied field, as CBOR item."""
    match value:
        case Number(literal):
            return _dump_number(literal)
        case None | bool() | str():
            return value


def _dump_number(literal: str) -> Plain:
    decimal = _DECIMAL.fullmatch(literal)
    if decimal:
        pair = [len(decimal[1]), int(literal.replace(".", ""))]
        return pair if abs(pair[1]) < _INT64 and _decimal_text(*pair) == literal else [literal]
    if literal.lstrip("-").isdigit() and literal != "-0" and abs(int(literal)) < _INT64:
        return int(literal)
    return [literal]


def load_value(item: object) -> Value | None:
    """The inverse of `dump_value`. Raises WireError."""
    try:
        match item:
            case None | bool():
                return item
            case str():
                return check_text(item)
            case int() if abs(item) < _INT64:
                return Number(str(item))
            case [int(scale), int(mantissa)] if (
                _small(scale) and abs(mantissa) < _INT64 and not isinstance(mantissa, bool)
            ):
                return Number(_decimal_text(scale, mantissa))
            case [str(literal)]:
                return Number(literal)
            case _:
                pass
    except ValueError as error:
        raise WireError(f"a batch holds a bad value: {error}") from error
    raise WireError(f"a batch holds a value of an unknown kind: {type(item).__name__}")


def _small(scale: int) -> bool:
    return not isinstance(scale, bool) and 1 <= scale < NUMBER_CHARACTERS


def _decimal_text(scale: int, mantissa: int) -> str:
    digits = str(abs(mantissa)).rjust(scale + 1, "0")
    return f"{'-' if mantissa < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"
