"""Changes of one partner's traffic to sealed batches, and back: which codec, and what both sides share."""

from collections.abc import Collection, Mapping, Sequence

from radiosync.errors import ContextError
from radiosync.records.model import Change
from radiosync.sync.ports import Direction, Partner, SyncStore
from radiosync.wire.batch import RecordRef
from radiosync.wire.codec import Model, Packed, Unpacked, pack_compact, pack_fast, pack_old, unpack
from radiosync.wire.context import Aliases, Context, RecordKey
from radiosync.wire.frames import Capability
from radiosync.wire.seal import NAMES_THEIRS, Format, check_digest, open_envelope, receiver_epoch, seal

COMPACT_BIT_RATE = 2400
"""Fastest link, in bit/s, on which batches go in the compact codec. A desktop packs 40 kbit/s, and what is packed is packed,
checked and opened; so a small computer, five times slower, keeps up with this."""

_SHELVED = 8
"""Models of some five megabytes each."""


def reads_compact(partner: Partner) -> bool:
    """True if the partner can read the compact codec. All listeners of a pool can (protocol, section 12)."""
    return partner.pool is not None or bool(partner.capabilities & Capability.COMPACT)


def can_read(partner: Partner, data: bytes) -> bool:
    """False if a sealed batch is of a kind that the partner has said it cannot read."""
    form = open_envelope(data).format
    if partner.version == 0:
        return form <= Format.OLD_ZSTD
    return form < Format.COMPACT or reads_compact(partner)


class Shelf:
    """Models that were used last, ready for use: to take one from its bytes takes as long as to pack a small batch."""

    def __init__(self) -> None:
        self._models: dict[tuple[int, Direction], tuple[bytes, Model]] = {}

    def put(self, partner: Partner, direction: Direction, state: bytes, model: Model) -> Model:
        """Keep a model and its bytes."""
        self._models.pop((partner.key, direction), None)
        self._models[partner.key, direction] = state, model
        while len(self._models) > _SHELVED:
            del self._models[next(iter(self._models))]
        return model

    def take(self, partner: Partner, direction: Direction, state: bytes) -> Model:
        """The model with these bytes."""
        kept = self._models.get((partner.key, direction))
        if kept is not None and kept[0] == state:
            return kept[1]
        return self.put(partner, direction, state, Model.from_bytes(state))


class Packer:
    """Packs and opens batches of the traffic with one partner."""

    def __init__(self, store: SyncStore, compact: bool, shelf: Shelf) -> None:
        """`compact`: use the compact codec where the partner can read it."""
        self._store, self._compact, self._shelf = store, compact, shelf

    # Out.

    def may_do_better(self, partner: Partner) -> bool:
        """True if batches will take fewer bytes once the partner has said what it can read."""
        return self._compact and partner.version is None and not reads_compact(partner)

    def pack(
        self, partner: Partner, number: int, changes: Sequence[Change]
    ) -> tuple[bytes, Packed, bytes | None]:
        """Pack and seal changes as transfer `number`; they build on what is confirmed.

        Gives the sealed bytes, the batch, and the state of the model as it leaves it, if it teaches it.
        """
        version = self._store.outbound(partner).confirmed
        context = self._store.context(partner, Direction.OUT, version)
        aliases = self._aliases(partner, version, changes)
        packed = self._pack(partner, number, changes, context, aliases)
        come = self._store.inbound(partner)
        epoch = receiver_epoch(come.incarnation or 0, come.epoch) if aliases.theirs else b""
        sealed = seal(packed.format, packed.body, packed.plain, context, number, epoch)
        return sealed, packed, self._state(partner, Direction.OUT, packed.model)

    def _pack(
        self, partner: Partner, number: int, changes: Sequence[Change], context: Context, aliases: Aliases
    ) -> Packed:
        if partner.version == 0:
            return pack_old(changes, context, aliases)
        if self._compact and reads_compact(partner):
            teaches = not self._store.is_taught_behind(partner, context.version, number)
            model = self._model(partner, Direction.OUT, context.version) or Model.empty()
            packed = pack_compact(changes, context, aliases, model, teaches=teaches)
            if packed is not None:
                return packed
        return pack_fast(changes, context, aliases)

    def _aliases(self, partner: Partner, version: int, changes: Sequence[Change]) -> Aliases:
        keys = {RecordKey(change.table, change.uuid) for change in changes}
        ours = self._store.aliases(partner, Direction.OUT, version, keys)
        come = self._store.inbound(partner)
        if come.through == come.begins:
            return Aliases(ours)  # Nothing has shown yet that we have the context that the partner means.
        return Aliases(ours, self._store.aliases(partner, Direction.IN, come.through, keys - ours.keys()))

    # In.

    def open(self, partner: Partner, number: int, data: bytes) -> tuple[Unpacked, bytes | None]:
        """Open transfer `number` of the partner: what it says, and the state of the model as it leaves it.

        Raises:
            WireError: it is damaged.
            ContextError: it builds on something that is not here, or is damaged in a way that only the digest shows.
        """
        envelope = open_envelope(data)
        version = number - envelope.age
        if not 0 <= version <= self._store.inbound(partner).through:
            raise ContextError("a transfer builds on others that are not here")
        context = self._store.context(partner, Direction.IN, version)

        def lookup(side: RecordRef, numbers: Collection[int]) -> Mapping[int, RecordKey]:
            direction = Direction.IN if side is RecordRef.OURS else Direction.OUT
            return self._store.aliased(partner, direction, numbers)

        def ours(keys: Collection[RecordKey]) -> Mapping[RecordKey, int]:
            return self._store.aliases(partner, Direction.IN, version, keys)

        is_compact = envelope.format in (Format.COMPACT, Format.COMPACT_ASIDE)
        model = self._model(partner, Direction.IN, version) if is_compact else None
        read = unpack(envelope.format, envelope.body, context, lookup, ours, model)
        our_epoch = receiver_epoch(self._store.origin.incarnation, self._store.outbound(partner).epoch)
        check_digest(envelope, read.plain, context, our_epoch)
        return read, self._state(partner, Direction.IN, read.model)

    def _model(self, partner: Partner, direction: Direction, version: int) -> Model | None:
        state = self._store.model(partner, direction, version)
        return None if state is None else self._shelf.take(partner, direction, state)

    def _state(self, partner: Partner, direction: Direction, model: Model | None) -> bytes | None:
        if model is None:
            return None
        state = model.to_bytes()
        self._shelf.put(partner, direction, state, model)
        return state


def names_theirs(data: bytes) -> bool:
    """True if a sealed batch names records by aliases that its receiver gave."""
    return bool(data[0] & NAMES_THEIRS)
