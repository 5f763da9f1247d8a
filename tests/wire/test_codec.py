"""The door to the codecs: what goes in comes out, whichever codec, and both ends learn the same."""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radiosync.errors import ContextError, RadioSyncError, WireError
from radiosync.records.model import Change, Dot, Record, Stamp, Write
from radiosync.wire.batch import RecordRef
from radiosync.wire.codec import Model, Packed, Unpacked, pack_compact, pack_fast, pack_old, unpack
from radiosync.wire.context import Context, RecordKey
from radiosync.wire.seal import Format
from tests.wire.changes import ORIGINS, End, batches, known_to

SLOW = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])


@dataclass
class Pair:
    """Both ends of one direction, and what the other direction has named."""

    end: End = field(default_factory=End)
    theirs: Mapping[RecordKey, int] = field(default_factory=dict)
    sender: Model | None = None
    receiver: Model | None = None

    def lookup(self, side: RecordRef, numbers: Collection[int]) -> Mapping[int, RecordKey]:
        known = self.end.aliases if side is RecordRef.OURS else self.theirs
        return {number: key for key, number in known.items() if number in numbers}

    def ours(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, int]:
        return {key: number for key, number in self.end.aliases.items() if key in keys}

    def pack(self, group: Sequence[Change], codec: str) -> Packed:
        context, aliases = self.end.context, known_to(self.end, self.theirs, group)
        if codec == "old":
            return pack_old(group, context, aliases)
        if codec == "fast":
            return pack_fast(group, context, aliases)
        model = self.sender or Model.empty()
        packed = pack_compact(group, context, aliases, model, teaches=codec == "compact")
        assert packed is not None
        return packed

    def unpack(self, packed: Packed, padding: int = 0) -> Unpacked:
        body = packed.body + bytes(padding)
        return unpack(packed.format, body, self.end.context, self.lookup, self.ours, self.receiver)

    def carry(self, group: Sequence[Change], codec: str, padding: int = 0) -> None:
        packed = self.pack(group, codec)
        read = self.unpack(packed, padding)
        assert list(read.changes) == list(group)
        assert (read.plain, read.additions) == (packed.plain, packed.additions)
        assert (read.model is None) == (packed.model is None) == (codec != "compact")
        if packed.model is not None and read.model is not None:
            assert packed.model.to_bytes() == read.model.to_bytes()
            self.sender, self.receiver = packed.model, Model.from_bytes(read.model.to_bytes())
        self.end.fold(packed.plain, packed.additions)


CODECS = ["old", "fast", "compact", "aside"]


@given(st.lists(st.tuples(batches, st.sampled_from(CODECS)), min_size=1, max_size=4), st.integers(0, 40))
@SLOW
def test_batches_of_all_codecs_can_follow_each_other(
    groups: list[tuple[list[Change], str]], padding: int
) -> None:
    pair = Pair()
    for group, codec in groups:
        pair.carry(group, codec, padding)


def edits(seed: int, count: int = 20) -> list[Change]:
    """Edits as they are: the same few fields of the same few records."""
    dice = Random(seed)
    made = []
    for place in range(count):
        stamp = Stamp((1_700_000_000_000 + 1000 * place) << 16, Dot(ORIGINS[0], 1 + place + 1000 * seed))
        writes = {"name": (Write(stamp, f"School {dice.randrange(30)}"),), "beds": (Write(stamp, "40"),)}
        made.append(Record("shelter", UUID(int=place), 0, writes))
    return made


def test_a_model_that_has_learnt_makes_less_of_it() -> None:
    pair = Pair()
    sizes = []
    for seed in range(5):
        sizes.append(len(pair.pack(edits(seed), "compact").body))
        pair.carry(edits(seed), "compact")
    assert sizes[-1] < sizes[0] / 2
    assert sizes[-1] < len(pair.pack(edits(9), "fast").body) < len(pair.pack(edits(9), "old").body) + 40


@pytest.mark.parametrize("codec", CODECS)
def test_another_context_is_refused_or_says_something_else(codec: str) -> None:
    """Neither zstd nor the model notices; the digest of the seal does, because the plain form is another one."""
    pair = Pair()
    pair.carry(edits(1), codec if codec != "aside" else "compact")
    packed = pair.pack(edits(2), codec)
    try:
        read = unpack(packed.format, packed.body, Context(), lambda *_: {}, lambda _: {}, None)
    except RadioSyncError:
        return
    assert (read.plain, list(read.changes)) != (packed.plain, edits(2))


@given(batches, st.sampled_from(CODECS), st.integers(0, 2**32))
@SLOW
def test_damage_gives_changes_or_a_refusal(group: list[Change], codec: str, seed: int) -> None:
    pair, dice = Pair(), Random(seed)
    packed = pair.pack(group, codec)
    body = bytearray(packed.body)
    for _ in range(3):
        if body:
            body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    with contextlib.suppress(WireError, ContextError):
        unpack(packed.format, bytes(body), Context(), pair.lookup, pair.ours)


@given(st.sampled_from(Format), st.binary(max_size=60))
@settings(deadline=None, max_examples=150)
def test_random_bodies_give_changes_or_a_refusal(form: Format, body: bytes) -> None:
    with contextlib.suppress(WireError, ContextError):
        unpack(form, body, Context(), lambda *_: {}, lambda _: {})


@given(st.binary(max_size=60))
def test_random_bytes_are_no_model(data: bytes) -> None:
    with pytest.raises(WireError):
        Model.from_bytes(data)
