"""Lines of text from a binary file that may be compressed with gzip; each fault with its line."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from radiosync.errors import InputError
from radiosync.limits import INPUT_LINE_BYTES

_GZIP_MAGIC: Final = b"\x1f\x8b"  # RFC 1952 section 2.3.1; no UTF-8 text begins like this
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class BinaryReader(Protocol):
    """What we need of an open binary file."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end of the file."""


def read_lines(file: BinaryReader, source: str) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file, numbered from 1, each with its line end. A byte order mark is skipped.

    Only LF ends a line; a CR before it stays. Files compressed with gzip are known by their first bytes.

    Args:
        file: open for reading bytes, at its beginning. It is not closed.
        source: name for messages.

    Raises:
        InputError: a line is not UTF-8 or longer than `INPUT_LINE_BYTES`, or the compression is damaged or missing.
    """
    head = _read_head(file)
    if source.lower().endswith(".gz") and head != _GZIP_MAGIC:
        raise InputError(source, None, None, "its name ends in .gz, but it is not a gzip file")
    plain = io.BufferedReader(_Rejoined(head, file))
    number = 0
    read_line = (
        io.BufferedReader(gzip.GzipFile(fileobj=plain)).readline if head == _GZIP_MAGIC else plain.readline
    )
    while line := _read_line(read_line, source, number + 1):
        number += 1
        if number == 1:
            line = _without_mark(line, source)
        if line:
            yield number, _decode(line, source, number)


class _Rejoined(io.RawIOBase):
    """A file with the bytes that were already read from it put back in front."""

    def __init__(self, head: bytes, file: BinaryReader) -> None:
        super().__init__()
        self._head, self._file = head, file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data, self._head = self._head or self._file.read(len(buffer)), b""
        buffer[: len(data)] = data
        return len(data)


def _read_head(file: BinaryReader) -> bytes:
    head = b""
    while len(head) < len(_GZIP_MAGIC) and (more := file.read(len(_GZIP_MAGIC) - len(head))):
        head += more
    return head


def _read_line(read_line: Callable[[int], bytes], source: str, number: int) -> bytes:
    try:
        line = read_line(INPUT_LINE_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputError(source, number, None, "the gzip compression is damaged or cut off here") from None
    if len(line) > INPUT_LINE_BYTES:
        raise InputError(source, number, None, f"the line is longer than {INPUT_LINE_BYTES} bytes")
    return line


def _without_mark(line: bytes, source: str) -> bytes:
    if line.startswith(_UTF_16_MARKS):
        raise InputError(source, 1, None, "the file is UTF-16; save it as UTF-8")
    return line.removeprefix(_BYTE_ORDER_MARK)


def _decode(line: bytes, source: str, number: int) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = (
            f"byte {line[error.start]:#04x} at column {error.start + 1} is not UTF-8; save the file as UTF-8"
        )
        raise InputError(source, number, None, problem) from None
