"""The door to the codecs: changes to the body of a sealed batch, and back (protocol, section 8).

There are two. The *fast* one lays changes out in columns and compresses these with zstd against earlier ones. The *compact*
one says the same layout, a binary decision at a time, to a model that has learnt from all earlier batches; it takes about
half the bytes and a hundred times the work. A third, of version 0, is for partners who have not been brought up to date.

Whatever the codec, a batch has one plain form, its columns: they make the history and the digest of the context, so that
batches of both codecs can follow each other.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from radiosync.errors import RadioSyncError, WireError
from radiosync.records.key import KeyFinder
from radiosync.records.model import Change
from radiosync.wire.batch import RecordRef, encode_batch
from radiosync.wire.batchreader import read_batch
from radiosync.wire.columns import ColumnReader, Columns, ColumnWriter
from radiosync.wire.context import Additions, Aliases, Context, RecordKey
from radiosync.wire.layout import read_changes, write_changes
from radiosync.wire.memory import Memory
from radiosync.wire.mixing import MixingReader, MixingWriter, primed_statistics
from radiosync.wire.seal import Format
from radiosync.wire.squeeze import squeeze, squeeze_old, unsqueeze, unsqueeze_old
from radiosync.wire.statistics import Statistics
from radiosync.wire.varint import read_uvarint, write_uvarint

Lookup: TypeAlias = Callable[[RecordRef, Collection[int]], Mapping[int, RecordKey]]
"""The records behind aliases that the batch's sender, or its receiver, gave."""

KnownAliases: TypeAlias = Callable[[Collection[RecordKey]], Mapping[RecordKey, int]]
"""Aliases that the batch's sender gave to records, in the context that the batch builds on."""

_RAW_DIGEST_BYTES = 4
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Model:
    """What the compact codec has learnt from one direction of the traffic with one partner.

    Attributes:
        statistics: of symbols.
        memory: of records.
    """

    statistics: Statistics
    memory: Memory

    @classmethod
    def empty(cls) -> "Model":
        """One that has learnt nothing but the primer."""
        return cls(primed_statistics(), Memory())

    def copy(self) -> "Model":
        """One that learns on its own."""
        return Model(self.statistics.copy(), self.memory.copy())

    def to_bytes(self) -> bytes:
        """For a store; the same bytes on both sides."""
        memory = self.memory.to_bytes()
        return len(memory).to_bytes(_LENGTH_BYTES, "big") + memory + self.statistics.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Model":
        """The inverse of `to_bytes`. Raises WireError for bytes that do not come from there."""
        end = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "big")
        return cls(Statistics.from_bytes(data[end:]), Memory.from_bytes(data[_LENGTH_BYTES:end]))


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch in one of the codecs.

    Attributes:
        format: what the body is.
        body: its bytes.
        plain: for history and digest.
        additions: what the context gains by it.
        model: what the compact codec has learnt by it; None in another codec.
    """

    format: Format
    body: bytes
    plain: bytes
    additions: Additions
    model: Model | None = None


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A batch that has been read.

    Attributes:
        changes: what it says.
        plain, additions, model: as in `Packed`.
    """

    changes: Sequence[Change]
    plain: bytes
    additions: Additions
    model: Model | None = None


def pack_old(changes: Sequence[Change], context: Context, aliases: Aliases) -> Packed:
    """Pack for a partner who speaks version 0 of the protocol."""
    batch = encode_batch(changes, context, aliases)
    packed = squeeze_old(batch.plain, context.history)
    form, body = (
        (Format.OLD_ZSTD, packed) if len(packed) < len(batch.plain) else (Format.OLD_STORED, batch.plain)
    )
    out = bytearray()
    write_uvarint(out, len(body))
    return Packed(form, bytes(out) + body, batch.plain, batch.additions)


def pack_fast(changes: Sequence[Change], context: Context, aliases: Aliases) -> Packed:
    """Pack with little work."""
    writer = ColumnWriter()
    additions = write_changes(writer, changes, context, aliases, Memory(), KeyFinder())
    columns = writer.finish()
    packed = squeeze(columns.plain, context.history)
    out = bytearray()
    write_uvarint(out, len(columns.raw))
    out += columns.raw
    form = Format.ZSTD if len(packed) < len(columns.plain) else Format.STORED
    if form is Format.STORED:
        write_uvarint(out, len(columns.plain))
    return Packed(
        form, bytes(out) + (packed if form is Format.ZSTD else columns.plain), _plain(columns), additions
    )


def pack_compact(
    changes: Sequence[Change], context: Context, aliases: Aliases, model: Model, *, teaches: bool
) -> Packed | None:
    """Pack with much work: None if the result would not be read as it was meant.

    `teaches`: both sides keep the model as this batch leaves it.
    """
    learning = model.copy()
    writer = MixingWriter(learning.statistics)
    additions = write_changes(writer, changes, context, aliases, learning.memory, KeyFinder())
    body = writer.finish()
    learning.memory.learn(changes)
    keys = {
        side: {number: key for key, number in known.items()}
        for side, known in ((RecordRef.OURS, aliases.ours), (RecordRef.THEIRS, aliases.theirs))
    }
    form = Format.COMPACT if teaches else Format.COMPACT_ASIDE
    try:
        read = unpack(form, body, context, lambda side, _: keys[side], lambda _: aliases.ours, model)
    except RadioSyncError:
        return None
    if list(read.changes) != list(changes) or read.additions != additions:
        return None
    return Packed(form, body, read.plain, additions, learning if teaches else None)


def unpack(
    form: Format,
    body: bytes,
    context: Context,
    lookup: Lookup,
    ours: KnownAliases,
    model: Model | None = None,
) -> Unpacked:
    """Read the body of a batch; zeros may follow it.

    `model` is what the compact codec has learnt from the batches in the context; None for nothing.

    Raises:
        WireError: no codec writes such a body.
        ContextError: it builds on something else than what is given.
    """
    match form:
        case Format.OLD_STORED | Format.OLD_ZSTD:
            return _unpack_old(form, body, context, lookup)
        case Format.STORED | Format.ZSTD:
            return _unpack_fast(form, body, context, lookup)
        case Format.COMPACT | Format.COMPACT_ASIDE:
            learning = Model.empty() if model is None else model.copy()
            reader = MixingReader(learning.statistics, body)
            changes, additions = read_changes(reader, context, lookup, learning.memory)
            learning.memory.learn(changes)
            plain = _plain_of(changes, context, ours)
            return Unpacked(changes, plain, additions, learning if form is Format.COMPACT else None)


def _unpack_old(form: Format, body: bytes, context: Context, lookup: Lookup) -> Unpacked:
    length, at = read_uvarint(body, 0)
    _end_with_zeros(body, at + length)
    plain = body[at : at + length]
    if form is Format.OLD_ZSTD:
        plain = unsqueeze_old(plain, context.history)
    raw = read_batch(plain)
    ours, theirs = lookup(RecordRef.OURS, raw.ours), lookup(RecordRef.THEIRS, raw.theirs)
    changes, additions = raw.resolve(context, ours, theirs)
    return Unpacked(changes, plain, additions)


def _unpack_fast(form: Format, body: bytes, context: Context, lookup: Lookup) -> Unpacked:
    length, at = read_uvarint(body, 0)
    raw, rest = body[at : at + length], body[at + length :]
    if form is Format.ZSTD:
        plain = unsqueeze(rest, context.history)
    else:
        length, at = read_uvarint(rest, 0)
        _end_with_zeros(rest, at + length)
        plain = rest[at : at + length]
    columns = Columns(plain, raw)
    reader = ColumnReader(columns)
    changes, additions = read_changes(reader, context, lookup, Memory())
    reader.end()
    return Unpacked(changes, _plain(columns), additions)


def _plain_of(changes: Sequence[Change], context: Context, ours: KnownAliases) -> bytes:
    """The plain form of what came in the compact codec, as both sides can make it."""
    writer = ColumnWriter()
    aliases = Aliases(ours({RecordKey(change.table, change.uuid) for change in changes}))
    write_changes(writer, changes, context, aliases, Memory())
    return _plain(writer.finish())


def _plain(columns: Columns) -> bytes:
    """Of what nothing predicts the history keeps a digest alone."""
    if not columns.raw:
        return columns.plain
    return columns.plain + hashlib.blake2b(columns.raw, digest_size=_RAW_DIGEST_BYTES).digest()


def _end_with_zeros(data: bytes, end: int) -> None:
    if end > len(data) or any(data[end:]):
        raise WireError("a sealed batch is longer or shorter than it says")
