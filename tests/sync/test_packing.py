"""Which codec a batch goes in; above all, none that the partner would read as something else."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, TypeAlias
from uuid import UUID

import pytest

from radiosync.errors import ContextError, WireError
from radiosync.link.events import Outcome
from radiosync.records.edit import Edit
from radiosync.records.model import Change
from radiosync.wire import codec
from radiosync.wire.codec import Model, Unpacked, pack_compact
from radiosync.wire.context import Aliases, Context, RecordKey
from radiosync.wire.seal import Format
from tests.sync.slowpair import slow_pair
from tests.wire.test_codec import edits

FAST = {Format.ZSTD, Format.STORED}
COMPACT = {Format.COMPACT, Format.COMPACT_ASIDE}

Spoil: TypeAlias = Callable[[Unpacked], Unpacked]
"""What reading makes of what stands in a batch."""


def raising(error: Exception) -> Spoil:
    def spoil(read: Unpacked) -> Unpacked:
        raise error

    return spoil


SPOILS: dict[str, Spoil] = {
    "a change less": lambda read: replace(read, changes=read.changes[1:]),
    "a change twice": lambda read: replace(read, changes=[*read.changes, read.changes[0]]),
    "another value": lambda read: replace(read, changes=[_another(read.changes[0]), *read.changes[1:]]),
    "another order": lambda read: replace(read, changes=[*read.changes[1:], read.changes[0]]),
    "another name": lambda read: replace(
        read, additions=replace(read.additions, records=(RecordKey("t", UUID(int=9)),))
    ),
    "damage": raising(WireError("no codec writes this")),
    "another context": raising(ContextError("this builds on something else")),
}
CASES = pytest.mark.parametrize("spoil", SPOILS.values(), ids=list(SPOILS))


def _another(change: Change) -> Change:
    return replace(change, uuid=UUID(int=change.uuid.int ^ 1))


def spoil_reading(monkeypatch: pytest.MonkeyPatch, spoil: Spoil, times: int = 10**9) -> list[int]:
    """The sender reads its own compact batches wrong, at first; the receiver has its own way to `unpack`.

    Gives how often, as it goes.
    """
    read, done = codec.unpack, [0]

    def unpack(form: Format, *more: Any) -> Unpacked:
        found = read(form, *more)
        assert form in COMPACT
        if done[0] == times:
            return found
        done[0] += 1
        return spoil(found)

    monkeypatch.setattr(codec, "unpack", unpack)
    return done


@CASES
@pytest.mark.parametrize("teaches", [True, False])
def test_a_compact_batch_that_is_not_read_as_it_was_meant_is_none(
    monkeypatch: pytest.MonkeyPatch, spoil: Spoil, teaches: bool
) -> None:
    group, model = edits(1), Model.empty()
    before = model.to_bytes()
    assert pack_compact(group, Context(), Aliases(), model, teaches=teaches) is not None
    spoil_reading(monkeypatch, spoil)
    assert pack_compact(group, Context(), Aliases(), model, teaches=teaches) is None
    assert model.to_bytes() == before, "a batch that is never sent teaches nothing"


@CASES
def test_what_the_compact_codec_would_get_wrong_goes_in_the_fast_one(
    monkeypatch: pytest.MonkeyPatch, spoil: Spoil
) -> None:
    """From both sides, in the first contact after they met, and everything arrives as it was written."""
    with slow_pair() as pair:
        taught = [site.taught for site in pair.sites]
        done = spoil_reading(monkeypatch, spoil)
        for place, site in enumerate(pair.sites):
            site.write(Random(10 + place), 12)
        pair.call()
        assert done[0] >= 2
        assert pair.equal
        assert pair.epochs == [0, 0]
        for site in pair.sites:
            assert site.sealed.total() > 0
            assert set(site.sealed) <= FAST
            assert site.outcomes() == [Outcome.COMPLETE]
        taught_after = [site.taught for site in pair.sites]
        assert taught_after == taught, "the fast codec teaches nothing"


@CASES
def test_after_one_in_the_fast_codec_the_next_ones_are_compact_again(
    monkeypatch: pytest.MonkeyPatch, spoil: Spoil
) -> None:
    """The model is where the last compact batch has left it, on both sides."""
    with slow_pair() as pair:
        a, b = pair.sites
        forms = []
        for contact in range(6):
            with monkeypatch.context() as patched:
                spoil_reading(patched, spoil, times=contact in (2, 4))
                a.write(Random(20 + contact), 8)
                pair.call(contact % 2)
            assert pair.equal, f"contact {contact}"
            forms.append(set(a.sealed))
            a.sealed.clear()
        assert [form <= FAST for form in forms] == [False, False, True, False, True, False]
        assert [form == {Format.COMPACT} for form in forms] == [True, True, False, True, False, True]
        assert pair.epochs == [0, 0]
        assert a.taught is not None
        assert a.taught == b.learnt


def test_a_batch_that_is_read_right_is_compact_at_once() -> None:
    """Else the tests above would show nothing."""
    with slow_pair() as pair:
        pair.sites[0].store.edit([Edit("shelter", UUID(int=1), {"name": "School 1"})])
        pair.call()
        assert dict(pair.sites[0].sealed) == {Format.COMPACT: 1}
        assert pair.equal
