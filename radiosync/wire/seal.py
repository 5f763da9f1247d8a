"""A batch, compressed and sealed: the bytes that a transfer carries (protocol, section 8).

::

    byte 0      format: 0 stored, 1 zstd; plus 128 if the batch names records by the receiver's aliases
    byte 1      age: how many transfers before this one its context ends
    bytes 2-5   digest over the digest of that context, the receiver's epoch in that case, and the plain bytes
    then        length of the body (unsigned LEB128), body, zeros up to a whole number of pieces

The digest covers the plain bytes together with the context that they were read with. So a wrong dictionary, which zstd
itself does not notice, is noticed here, and so is any damage that slipped through the checks of the frames. A receiver that
has begun to give its aliases anew would take those of a batch for other records: its epoch is part of the digest too.
"""

import hashlib
import hmac
from dataclasses import dataclass
from enum import IntEnum

import zstandard

from radiosync.errors import ContextError, WireError
from radiosync.limits import BATCH_BYTES, HISTORY_BYTES
from radiosync.wire.context import Context
from radiosync.wire.varint import read_uvarint, write_uvarint

SEAL_DIGEST_BYTES = 4
"""As long as the security notes want the public digest of a batch; a MAC of 8 bytes will take its place."""

_LEVEL = 22
_FRAME_FLAGS = 0b1110_0111
"""Bits of a zstd frame header (RFC 8878 section 3.1.1.1.1) that we never set: content size, single segment, reserved,
checksum, dictionary number. A stated content size would switch off the limit on what is unpacked."""


NAMES_THEIRS = 0x80
"""Bit of the first byte: the batch names records by aliases that the receiver gave."""


class Format(IntEnum):
    """What the body is."""

    STORED = 0
    ZSTD = 1


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed batch, not yet opened.

    Attributes:
        format: what the body is.
        names_theirs: it names records by aliases that the receiver gave.
        age: how many transfers before this one its context ends, from 1.
        digest: over context and plain bytes.
        body: possibly compressed bytes.
    """

    format: Format
    names_theirs: bool
    age: int
    digest: bytes
    body: bytes


def receiver_epoch(incarnation: int, epoch: int) -> bytes:
    """What makes the receiver's aliases what they are, as the digest takes it in."""
    return incarnation.to_bytes(4, "big") + bytes([epoch])


def seal(plain: bytes, context: Context, number: int, epoch: bytes = b"") -> bytes:
    """Seal `plain` as transfer `number`.

    `epoch` is the receiver's (`receiver_epoch`) if the batch names records by the receiver's aliases.
    Raises ValueError if the context is more than 255 transfers old.
    """
    age = number - context.version
    if not 1 <= age <= 255:
        raise ValueError(f"transfer {number} cannot build on context {context.version}")
    packed = _compress(plain, context.history)
    form, body = (Format.ZSTD, packed) if len(packed) < len(plain) else (Format.STORED, plain)
    out = bytearray([form | NAMES_THEIRS * bool(epoch), age]) + _digest(plain, context.digest + epoch)
    write_uvarint(out, len(body))
    return bytes(out + body)


def open_envelope(data: bytes) -> Envelope:
    """Take the outer layer off. `data` may be padded. Raises WireError."""
    form = data[0] & ~NAMES_THEIRS if data else -1
    if len(data) < 2 + SEAL_DIGEST_BYTES or form not in (Format.STORED, Format.ZSTD) or not data[1]:
        raise WireError("a transfer does not begin like a sealed batch")
    length, start = read_uvarint(data, 2 + SEAL_DIGEST_BYTES)
    if start + length > len(data) or any(data[start + length :]):
        raise WireError("a sealed batch is longer or shorter than it says")
    digest, body = data[2 : 2 + SEAL_DIGEST_BYTES], data[start : start + length]
    return Envelope(Format(form), data[0] != form, data[1], digest, body)


def unseal(envelope: Envelope, context: Context, epoch: bytes = b"") -> bytes:
    """The plain bytes. `epoch` is our own (`receiver_epoch`).

    Raises:
        WireError: the body cannot be unpacked, or is too large.
        ContextError: it can, but not to what was sealed: damage, another context, or another epoch of ours.
    """
    plain = envelope.body if envelope.format is Format.STORED else _decompress(envelope.body, context.history)
    if not hmac.compare_digest(
        _digest(plain, context.digest + epoch * envelope.names_theirs), envelope.digest
    ):
        raise ContextError("a sealed batch was damaged, or sealed with another history than ours")
    return plain


def _digest(plain: bytes, context_digest: bytes) -> bytes:
    return hashlib.blake2b(context_digest + plain, digest_size=SEAL_DIGEST_BYTES).digest()


def _compress(plain: bytes, history: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        _LEVEL,
        dict_size=len(history),
        source_size=len(plain),
        write_content_size=False,
        write_checksum=False,
        write_dict_id=False,
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
    )
    return zstandard.ZstdCompressor(compression_params=parameters, dict_data=_dictionary(history)).compress(
        plain
    )


def _decompress(body: bytes, history: bytes) -> bytes:
    if not body or body[0] & _FRAME_FLAGS:
        raise WireError("a sealed batch is not the kind of zstd frame that we send")
    decompressor = zstandard.ZstdDecompressor(
        dict_data=_dictionary(history),
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
        max_window_size=2 * BATCH_BYTES,
    )
    try:
        return decompressor.decompress(body, max_output_size=BATCH_BYTES, allow_extra_data=False)
    except (zstandard.ZstdError, MemoryError) as error:
        raise WireError(f"a sealed batch cannot be unpacked: {error}") from error


def _dictionary(history: bytes) -> zstandard.ZstdCompressionDict | None:
    """The history as raw content; zstd takes nothing shorter than eight bytes."""
    if len(history) < 8:
        return None
    return zstandard.ZstdCompressionDict(history[-HISTORY_BYTES:], dict_type=zstandard.DICT_TYPE_RAWCONTENT)
