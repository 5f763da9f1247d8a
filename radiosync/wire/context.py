"""What two partners share about one direction of their traffic, so that a batch need not say it again.

Everything here only ever grows, one transfer after the other, by what the transfers themselves carried. A version of the
context is therefore nothing but the number of the last transfer that it includes, and an older version is a prefix of a
newer one. `advance` is the one step from a version to the next; its digest, a chain over the plain bytes of all transfers,
tells two partners in four bytes whether their contexts are the same.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from radiosync.limits import HISTORY_BYTES
from radiosync.records.model import Origin

DIGEST_BYTES = 4
EMPTY_DIGEST = bytes(DIGEST_BYTES)


class Mark(NamedTuple):
    """Tells in eight bytes whether two stations share the same.

    Attributes:
        context: chain digest of the context.
        model: digest of the compact codec's model; zeros if it has learnt nothing.
    """

    context: bytes = EMPTY_DIGEST
    model: bytes = EMPTY_DIGEST

    @property
    def seed(self) -> bytes:
        """Both, as they stand in the seed of a check."""
        return self.context + self.model


EMPTY_MARK = Mark()


class RecordKey(NamedTuple):
    """What a record is called everywhere: its table and its identity."""

    table: str
    uuid: UUID


class FieldKey(NamedTuple):
    """A field of a table."""

    table: str
    name: str


@dataclass(frozen=True, slots=True)
class Additions:
    """What one batch adds to the context: names and records that it mentions for the first time, in order."""

    origins: tuple[Origin, ...] = ()
    tables: tuple[str, ...] = ()
    fields: tuple[FieldKey, ...] = ()
    records: tuple[RecordKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """A version of the shared context, without its records, which may be many and are looked up one by one.

    Attributes:
        version: number of the last transfer included, 0 for the empty context.
        digest: chain digest over the plain bytes of transfers 1 to `version`.
        origins, tables, fields: numbered from 0 in the order of their first mention.
        history: the last `HISTORY_BYTES` of the plain bytes of all transfers, for the compressor.
    """

    version: int = 0
    digest: bytes = EMPTY_DIGEST
    origins: Sequence[Origin] = ()
    tables: Sequence[str] = ()
    fields: Sequence[FieldKey] = ()
    history: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Aliases:
    """Short numbers of the records that one batch mentions.

    Each side numbers the records that it was the first to send on this pair: `ours` from the sender's traffic, `theirs`
    from what the receiver has sent and the sender has applied. Which is which is always said from the sender's side.
    """

    ours: Mapping[RecordKey, int] = field(default_factory=dict)
    theirs: Mapping[RecordKey, int] = field(default_factory=dict)


def chain_digest(before: bytes, plain: bytes) -> bytes:
    """Digest of the context after a transfer whose plain bytes are `plain`, or of the model after one that taught it."""
    return hashlib.blake2b(
        before + hashlib.blake2b(plain, digest_size=32).digest(), digest_size=DIGEST_BYTES
    ).digest()


def extend_history(history: bytes, plain: bytes) -> bytes:
    """History after a transfer whose plain bytes are `plain`."""
    return (history + plain)[-HISTORY_BYTES:]
