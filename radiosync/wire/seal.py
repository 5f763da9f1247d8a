"""A batch, packed and sealed: the bytes that a transfer carries (protocol, section 8).

::

    byte 0      format in the low four bits; age in the next three, or 0 if it has a byte of its own; plus 128 if the batch
                names records by the receiver's aliases
    (byte 1)    age: how many transfers before this one its context ends
    4 bytes     digest over the digest of that context, the receiver's epoch in that case, and the plain form of the batch
    then        body, zeros up to a whole number of pieces

The digest covers the plain form together with the context that it was read with. So a wrong dictionary or model, which
neither zstd nor the compact codec notices, is noticed here, and so is any damage that slipped through the checks of the
frames. A receiver that has begun to give its aliases anew would take those of a batch for other records: its epoch is part
of the digest too.
"""

import hashlib
import hmac
from dataclasses import dataclass
from enum import IntEnum

from radiosync.errors import ContextError, WireError
from radiosync.wire.context import Context

SEAL_DIGEST_BYTES = 4
"""As long as the security notes want the public digest of a batch; a MAC of 8 bytes will take its place."""

NAMES_THEIRS = 0x80
"""Bit of the first byte: the batch names records by aliases that the receiver gave."""

_AGE_SHIFT, _AGE_LIMIT = 4, 8


class Format(IntEnum):
    """What the body is."""

    OLD_STORED = 0
    """Columns of version 0."""
    OLD_ZSTD = 1
    """The same, compressed."""
    STORED = 2
    """Columns."""
    ZSTD = 3
    """The same, compressed."""
    COMPACT = 4
    """Compact codec; both sides keep the model as this batch leaves it."""
    COMPACT_ASIDE = 5
    """Compact codec; the model stays as it was."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed batch, not yet opened.

    Attributes:
        format: what the body is.
        names_theirs: it names records by aliases that the receiver gave.
        age: how many transfers before this one its context ends, from 1.
        digest: over context and plain form.
        body: packed batch; zeros may follow it.
    """

    format: Format
    names_theirs: bool
    age: int
    digest: bytes
    body: bytes


def receiver_epoch(incarnation: int, epoch: int) -> bytes:
    """What makes the receiver's aliases what they are, as the digest takes it in."""
    return incarnation.to_bytes(4, "big") + bytes([epoch])


def seal(form: Format, body: bytes, plain: bytes, context: Context, number: int, epoch: bytes = b"") -> bytes:
    """Seal a packed batch as transfer `number`.

    `epoch` is the receiver's (`receiver_epoch`) if the batch names records by the receiver's aliases.
    Raises ValueError if the context is more than 255 transfers old.
    """
    age = number - context.version
    if not 1 <= age <= 255:
        raise ValueError(f"transfer {number} cannot build on context {context.version}")
    first = form | NAMES_THEIRS * bool(epoch)
    is_short = age < _AGE_LIMIT and form > Format.OLD_ZSTD
    head = bytes([first | age << _AGE_SHIFT]) if is_short else bytes([first, age])
    return head + batch_digest(plain, context, epoch) + body


def open_envelope(data: bytes) -> Envelope:
    """Take the outer layer off. `data` may be padded. Raises WireError."""
    try:
        form, age = Format(data[0] & 0x0F), data[0] >> _AGE_SHIFT & _AGE_LIMIT - 1
        age, at = (age, 1) if age else (data[1], 2)
    except (IndexError, ValueError):
        raise WireError("a transfer does not begin like a sealed batch") from None
    body_at = at + SEAL_DIGEST_BYTES
    if len(data) < body_at or not age:
        raise WireError("a transfer does not begin like a sealed batch")
    return Envelope(form, bool(data[0] & NAMES_THEIRS), age, data[at:body_at], data[body_at:])


def check_digest(envelope: Envelope, plain: bytes, context: Context, epoch: bytes = b"") -> None:
    """Check that a batch was read as it was meant. `epoch` is our own (`receiver_epoch`).

    Raises ContextError if not: damage, another context, or another epoch of ours.
    """
    digest = batch_digest(plain, context, epoch * envelope.names_theirs)
    if not hmac.compare_digest(digest, envelope.digest):
        raise ContextError("a sealed batch was damaged, or sealed with another history than ours")


def batch_digest(plain: bytes, context: Context, epoch: bytes) -> bytes:
    """Digest of a batch in its context."""
    return hashlib.blake2b(context.digest + epoch + plain, digest_size=SEAL_DIGEST_BYTES).digest()
