"""Batches sealed, and seals that do not fit."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.errors import ContextError, WireError
from radiosync.wire.context import Context, chain_digest, extend_history
from radiosync.wire.seal import (
    NAMES_THEIRS,
    SEAL_DIGEST_BYTES,
    Envelope,
    Format,
    check_digest,
    open_envelope,
    receiver_epoch,
    seal,
)

TEXT = b"shelter open 40 beds; shelter closed 0 beds; " * 9
NOISE = Random(1).randbytes(300)
THEIRS = receiver_epoch(0xDEADBEEF, 3)


def grown(*plains: bytes) -> Context:
    context = Context()
    for plain in plains:
        digest, history = chain_digest(context.digest, plain), extend_history(context.history, plain)
        context = Context(context.version + 1, digest, history=history)
    return context


SHARED = grown(TEXT, NOISE)


@given(st.sampled_from(Format), st.binary(max_size=40), st.integers(1, 255), st.sampled_from([b"", THEIRS]))
def test_what_is_sealed_can_be_opened(form: Format, body: bytes, age: int, epoch: bytes) -> None:
    sealed = seal(form, body, TEXT, SHARED, SHARED.version + age, epoch)
    envelope = open_envelope(sealed)
    assert (envelope.format, envelope.age, envelope.names_theirs) == (form, age, bool(epoch))
    assert envelope.body == body
    check_digest(envelope, TEXT, SHARED, THEIRS)


def test_a_seal_costs_five_bytes_unless_its_context_is_old() -> None:
    sizes = [len(seal(Format.COMPACT, b"", TEXT, SHARED, SHARED.version + age)) for age in (1, 7, 8, 255)]
    assert sizes == [5, 5, 6, 6]


def test_version_0_always_spells_the_age_out() -> None:
    assert seal(Format.OLD_ZSTD, b"x", TEXT, SHARED, 3)[:2] == b"\x01\x01"
    assert seal(Format.OLD_STORED, b"x", TEXT, SHARED, 3, THEIRS)[:2] == bytes([NAMES_THEIRS, 1])


@pytest.mark.parametrize("age", [-1, 0, 256])
def test_an_age_that_cannot_be_said_is_our_fault(age: int) -> None:
    with pytest.raises(ValueError, match="cannot build on"):
        seal(Format.ZSTD, b"", TEXT, SHARED, SHARED.version + age)


@pytest.mark.parametrize(
    "other",
    [Context(), grown(TEXT), grown(NOISE, TEXT), replace(SHARED, digest=b"else")],
    ids=["empty", "older", "another order", "another digest"],
)
def test_another_context_is_noticed(other: Context) -> None:
    envelope = open_envelope(seal(Format.STORED, b"", TEXT, SHARED, 3))
    check_digest(envelope, TEXT, SHARED)
    with pytest.raises(ContextError):
        check_digest(envelope, TEXT, other)


def test_another_reading_is_noticed() -> None:
    envelope = open_envelope(seal(Format.STORED, b"", TEXT, SHARED, 3))
    with pytest.raises(ContextError):
        check_digest(envelope, TEXT + b"x", SHARED)


def test_another_epoch_of_ours_counts_only_where_our_aliases_are_used() -> None:
    named = open_envelope(seal(Format.STORED, b"", TEXT, SHARED, 3, THEIRS))
    with pytest.raises(ContextError):
        check_digest(named, TEXT, SHARED, receiver_epoch(0xDEADBEEF, 4))
    alone = open_envelope(seal(Format.STORED, b"", TEXT, SHARED, 3))
    check_digest(alone, TEXT, SHARED, receiver_epoch(0xDEADBEEF, 4))


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x00\x01abc", b"\x12abc", b"\x00\x00abcd", b"\x06\x01abcd", b"\x7fabcdef"]
)
def test_what_does_not_begin_like_a_sealed_batch_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        open_envelope(data)


@given(st.binary(max_size=40))
def test_random_bytes_are_refused_or_do_not_fit(data: bytes) -> None:
    try:
        envelope = open_envelope(data)
    except WireError:
        return
    assert isinstance(envelope, Envelope)
    assert len(envelope.digest) == SEAL_DIGEST_BYTES
    with pytest.raises(ContextError):
        check_digest(envelope, TEXT, SHARED)
