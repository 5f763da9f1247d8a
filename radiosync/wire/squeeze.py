"""What is behind the fast codec's columns: zstd with what both sides know already.

Both sides know the history (`wire.context`), and how likely each byte is. zstd would say the latter in each batch, in some
twenty bytes; as a part of the dictionary it costs nothing (RFC 8878 section 5). It hardly depends on the records: measured
on one stream of records, tables made from two others save nearly as much as tables made from all three.
"""

from base64 import b85decode
from typing import Final

import zstandard

from radiosync.errors import WireError
from radiosync.limits import BATCH_BYTES, HISTORY_BYTES
from radiosync.wire.primer import primer_bytes

_LEVEL: Final = 22

_FRAME_FLAGS: Final = 0b1110_0111
"""Bits of a zstd frame header (RFC 8878 section 3.1.1.1.1) that we never set: content size, single segment, reserved,
checksum, dictionary number. A stated content size would switch off the limit on what is unpacked."""

_TABLES: Final = b85decode(
    "Q4nxdQ*|)RFvAQp%rL_Y^R=2w00=^G#2C+magXi8+1f3?kVRBj6)js0&28wG|9>?f+W+*eyzqFk-TvQQvg59$AQjn3+_IfGk8S@y"
    "NdXgK02mUEj0Ey<JRnxL8`NRS&5H@h1_k4YJQfOq97RzW1VM~3#t>r+F~%5Uj8p~y004B73S~u0I)#i8000000000000"
)
"""Entropy tables of a zstd dictionary: literals, offsets, lengths of matches and of literals. Made by `zstd --train` from
columns of public records, of which nothing but these frequencies is left: no text. They are part of the format."""

_HEAD: Final = (
    bytes.fromhex("37a430ec")  # magic number of a dictionary
    + bytes.fromhex("01000080")  # its number, which is never said
    + _TABLES
    + bytes.fromhex("010000000400000008000000")  # the first distances to repeat
    + bytes(8)  # so many bytes at least belong behind it
    + primer_bytes()
)


def squeeze(plain: bytes, history: bytes) -> bytes:
    """Compress `plain` for somebody who has the same history. Any level can be read; ours is the highest."""
    return _compress(plain, _dictionary(history))


def unsqueeze(body: bytes, history: bytes) -> bytes:
    """The inverse of `squeeze`. A wrong history, or what is behind the end, is not noticed. Raises WireError."""
    return _decompress(body, _dictionary(history))


def squeeze_old(plain: bytes, history: bytes) -> bytes:
    """As `squeeze`, for a partner who speaks version 0 and has no tables."""
    return _compress(plain, _old_dictionary(history))


def unsqueeze_old(body: bytes, history: bytes) -> bytes:
    """The inverse of `squeeze_old`. Raises WireError."""
    return _decompress(body, _old_dictionary(history))


def _compress(plain: bytes, dictionary: zstandard.ZstdCompressionDict | None) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        _LEVEL,
        dict_size=0 if dictionary is None else len(dictionary),
        source_size=len(plain),
        write_content_size=False,
        write_checksum=False,
        write_dict_id=False,
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
    )
    return zstandard.ZstdCompressor(compression_params=parameters, dict_data=dictionary).compress(plain)


def _decompress(body: bytes, dictionary: zstandard.ZstdCompressionDict | None) -> bytes:
    if not body or body[0] & _FRAME_FLAGS:
        raise WireError("a batch is not the kind of zstd frame that we send")
    decompressor = zstandard.ZstdDecompressor(
        dict_data=dictionary,
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
        max_window_size=2 * BATCH_BYTES,
    )
    try:
        return decompressor.decompress(body, max_output_size=BATCH_BYTES, allow_extra_data=True)
    except (zstandard.ZstdError, MemoryError) as error:
        raise WireError(f"a batch cannot be unpacked: {error}") from error


def _dictionary(history: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(
        _HEAD + history[-HISTORY_BYTES:], dict_type=zstandard.DICT_TYPE_FULLDICT
    )


def _old_dictionary(history: bytes) -> zstandard.ZstdCompressionDict | None:
    """The history as raw content; zstd takes nothing shorter than eight bytes."""
    if len(history) < 8:
        return None
    return zstandard.ZstdCompressionDict(history[-HISTORY_BYTES:], dict_type=zstandard.DICT_TYPE_RAWCONTENT)
