"""Sealed batches (protocol, 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.independent.reader.basics import Cursor, blake, refuse_unless
from tests.independent.reader.changes import Change, Record
from tests.independent.reader.columns import ColumnReader, read_body
from tests.independent.reader.context import Context, Names
from tests.independent.reader.layout import Known, Layout, LayoutReader
from tests.independent.reader.mixing import Arithmetic, CompactReader, Model, empty_model
from tests.independent.reader.plain import columns, plain_form

STORED, ZSTD, COMPACT, COMPACT_ASIDE = 2, 3, 4, 5


@dataclass(frozen=True)
class Batch:
    """A batch that was opened, and what it adds to context and models."""

    changes: list[Change]
    new_names: Names
    new_records: tuple[Record, ...]
    plain: bytes
    model: Model | None


@dataclass(frozen=True)
class Receiver:
    """What the receiver's aliases belong to (protocol, 8.1)."""

    incarnation: int
    epoch: int
    aliases: Sequence[Record]

    def name(self) -> bytes:
        """Its part of the digest."""
        return self.incarnation.to_bytes(4, "big") + bytes([self.epoch])


@dataclass(frozen=True)
class Envelope:
    """What stands before the body (protocol, 8.1)."""

    kind: int
    age: int
    with_theirs: bool
    digest: bytes
    body: bytes


def read_envelope(sealed: bytes) -> Envelope:
    """Take a sealed batch apart."""
    cursor = Cursor(sealed)
    first = cursor.integer(1)
    age = first >> 4 & 7 or cursor.integer(1)
    refuse_unless(age > 0, "a batch that builds on itself")
    refuse_unless(STORED <= first & 15 <= COMPACT_ASIDE, "unknown format")
    return Envelope(first & 15, age, first > 127, cursor.take(4), cursor.rest())


def _read_fast(envelope: Envelope, context: Context, known: Known) -> tuple[Layout, bytes]:
    packed, string = read_body(envelope.body, envelope.kind == ZSTD, context.history)
    return LayoutReader(ColumnReader(packed, string), known).read(), plain_form(packed, string)


def open_batch(
    number: int, sealed: bytes, contexts: Sequence[Context], models: Mapping[int, Model], receiver: Receiver
) -> Batch:
    """Open the transfer with this number. Contexts are the versions 0, 1, ... of the sender's traffic."""
    envelope = read_envelope(sealed)
    version = number - envelope.age
    refuse_unless(0 <= version < len(contexts), "builds on a context that is not there")
    context = contexts[version]
    theirs = receiver.aliases if envelope.with_theirs else ()
    model = None
    if envelope.kind in (STORED, ZSTD):
        layout, plain = _read_fast(envelope, context, Known(context.names, context.aliases, theirs))
    else:
        newest = max((n for n in models if n <= version), default=None)
        model = empty_model() if newest is None else models[newest].copy()
        known = Known(context.names, context.aliases, theirs, model.memory)
        layout = LayoutReader(CompactReader(model.statistics, Arithmetic(envelope.body)), known).read()
        plain = plain_form(*columns(layout.changes, layout.names, context.names, context.aliases))
        model.memory.learn(layout.changes)
    digest = blake(4, context.digest, receiver.name() if envelope.with_theirs else b"", plain)
    refuse_unless(digest == envelope.digest, "digest does not fit: the context differs")
    kept = model if envelope.kind == COMPACT else None
    return Batch(layout.changes, layout.new_names, layout.new_records, plain, kept)
