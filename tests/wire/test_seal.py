"""Batches sealed, and seals that do not fit."""

import time
import tracemalloc
from dataclasses import replace
from random import Random

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.errors import ContextError, WireError
from radiosync.limits import BATCH_BYTES, HISTORY_BYTES
from radiosync.wire.context import Context, chain_digest, extend_history
from radiosync.wire.seal import SEAL_DIGEST_BYTES, Envelope, Format, open_envelope, seal, unseal
from radiosync.wire.varint import write_uvarint

TEXT = b"shelter open 40 beds; shelter closed 0 beds; " * 9
NOISE = Random(1).randbytes(300)


def grown(*plains: bytes) -> Context:
    context = Context()
    for plain in plains:
        digest, history = chain_digest(context.digest, plain), extend_history(context.history, plain)
        context = Context(context.version + 1, digest, history=history)
    return context


SHARED = grown(TEXT, NOISE)


def there_and_back(plain: bytes, context: Context, padding: int = 0) -> bytes:
    return unseal(open_envelope(seal(plain, context, context.version + 1) + bytes(padding)), context)


@given(st.binary(max_size=400), st.integers(0, 40), st.sampled_from([Context(), grown(b"short"), SHARED]))
@settings(deadline=None)
def test_a_batch_survives_with_any_padding(plain: bytes, padding: int, context: Context) -> None:
    assert there_and_back(plain, context, padding) == plain


@pytest.mark.parametrize(
    "plain", [b"", b"\x00", bytes(100), TEXT, NOISE, TEXT + bytes(1000), NOISE + b"\x00"]
)
def test_zeros_at_the_end_of_a_batch_are_not_taken_for_padding(plain: bytes) -> None:
    for context in (Context(), SHARED):
        assert there_and_back(plain, context, 31) == plain


def test_what_does_not_shrink_is_stored_and_costs_eight_bytes() -> None:
    sealed = seal(NOISE, Context(), 1)
    assert sealed[0] == Format.STORED
    assert len(sealed) == len(NOISE) + 2 + SEAL_DIGEST_BYTES + 2


def test_what_both_sides_share_need_not_be_said_again() -> None:
    assert len(seal(NOISE, SHARED, 3)) < 30
    assert len(seal(TEXT[7:], SHARED, 3)) < len(seal(TEXT[7:], Context(), 1))


def test_a_long_history_serves_in_its_last_part() -> None:
    context = grown(Random(2).randbytes(HISTORY_BYTES), NOISE)
    assert len(context.history) == HISTORY_BYTES
    assert len(seal(NOISE, context, 3)) < 30
    assert there_and_back(NOISE, context) == NOISE


@pytest.mark.parametrize("age", [1, 2, 255])
def test_the_age_says_how_old_the_context_is(age: int) -> None:
    assert open_envelope(seal(TEXT, SHARED, SHARED.version + age)).age == age


@pytest.mark.parametrize("age", [-1, 0, 256])
def test_an_age_that_cannot_be_said_is_our_fault(age: int) -> None:
    with pytest.raises(ValueError, match="cannot build on"):
        seal(TEXT, SHARED, SHARED.version + age)


# Refusals.


@pytest.mark.parametrize("plain", [TEXT, NOISE], ids=["packed", "stored"])
@pytest.mark.parametrize(
    "other",
    [Context(), grown(TEXT), grown(NOISE, TEXT), grown(TEXT, NOISE, b""), replace(SHARED, history=b"x" * 100),
     replace(SHARED, digest=b"else")],
    ids=["empty", "older", "another order", "newer", "another history", "another digest"],
)  # fmt: skip
def test_another_context_is_refused(plain: bytes, other: Context) -> None:
    envelope = open_envelope(seal(plain, SHARED, 3))
    with pytest.raises((ContextError, WireError)):
        unseal(envelope, other)


def test_a_stored_batch_of_another_context_is_a_matter_of_context() -> None:
    with pytest.raises(ContextError):
        unseal(open_envelope(seal(NOISE[:20], Context(), 1)), SHARED)


@pytest.mark.parametrize("plain", [TEXT, NOISE, b"", b"x"], ids=["packed", "stored", "empty", "one byte"])
@pytest.mark.parametrize("context", [Context(), SHARED], ids=["alone", "with history"])
def test_no_wrong_byte_makes_another_batch(plain: bytes, context: Context) -> None:
    """Some bits mean nothing, such as one that zstd keeps unused. The rest is noticed."""
    harmless = 0
    sealed = seal(plain, context, context.version + 1) + bytes(3)
    for place in range(len(sealed)):
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(sealed)
            damaged[place] ^= flip
            try:
                envelope = open_envelope(bytes(damaged))
                found = unseal(envelope, context)
            except (WireError, ContextError):
                continue
            assert found == plain
            harmless += 1
    assert harmless < 10


@pytest.mark.parametrize("plain", [TEXT, NOISE], ids=["packed", "stored"])
def test_a_batch_cut_short_is_refused(plain: bytes) -> None:
    sealed = seal(plain, SHARED, 3)
    for end in range(len(sealed)):
        with pytest.raises(WireError):
            open_envelope(sealed[:end])


@given(st.binary(max_size=100))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises((WireError, ContextError)):
        unseal(open_envelope(data), SHARED)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", b"\x02\x01" + bytes(20), b"\x00\x00" + bytes(20), b"\x00\x01abcd", b"\x00\x01abcd\x80",
     b"\x00\x01abcd\x80\x00", b"\x00\x01abcd\x05xxxx", b"\x00\x01abcd\x01xx", b"\x00\x01abcd" + b"\xff" * 10,
     b"\x00\x01abcd\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"],
)  # fmt: skip
def test_what_does_not_begin_like_a_sealed_batch_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        open_envelope(data)


def packed(plain: bytes, **options: bool) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        3, format=zstandard.FORMAT_ZSTD1_MAGICLESS, source_size=len(plain), **options
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compress(plain)


def envelope(body: bytes) -> Envelope:
    out = bytearray([Format.ZSTD, 1]) + bytes(SEAL_DIGEST_BYTES)
    write_uvarint(out, len(body))
    return open_envelope(bytes(out) + body)


@pytest.mark.parametrize(
    "options",
    [{"write_content_size": True}, {"write_content_size": False, "write_checksum": True}],
    ids=["size", "checksum"],
)
def test_another_kind_of_zstd_frame_than_ours_is_refused(options: dict[str, bool]) -> None:
    with pytest.raises(WireError, match="not the kind"):
        unseal(envelope(packed(TEXT, **options)), Context())


@pytest.mark.parametrize("head", range(256))
def test_no_head_of_a_zstd_frame_leads_anywhere_else(head: int) -> None:
    body = packed(TEXT, write_content_size=False)
    with pytest.raises((WireError, ContextError)):
        unseal(envelope(bytes([head]) + body[1:]), Context())


def test_a_body_that_unpacks_without_end_is_refused_in_little_time_and_memory() -> None:
    bomb = packed(bytes(64 * BATCH_BYTES), write_content_size=False)
    assert len(bomb) < 40_000
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(WireError, match="cannot be unpacked"):
            unseal(envelope(bomb), Context())
        assert time.process_time() - began < 1
        assert tracemalloc.get_traced_memory()[1] < 2 * BATCH_BYTES
    finally:
        tracemalloc.stop()


def test_a_body_of_just_the_limit_passes_and_one_byte_more_does_not() -> None:
    longest = bytes(BATCH_BYTES)
    assert there_and_back(longest, Context()) == longest
    with pytest.raises(WireError):
        there_and_back(longest + b"\x00", Context())


@pytest.mark.parametrize(("begin", "end"), [(0, -1), (1, None), (0, 3), (0, 0)])
def test_a_body_that_is_not_a_whole_frame_is_refused(begin: int, end: int | None) -> None:
    with pytest.raises(WireError):
        unseal(envelope(packed(TEXT, write_content_size=False)[begin:end]), Context())


def test_a_window_as_wide_as_a_frame_can_ask_for_is_refused() -> None:
    """Two bytes of head can ask for terabytes of memory."""
    for descriptor in (0xFF, 0xF8, 0xA0):
        with pytest.raises(WireError):
            unseal(envelope(bytes([0x00, descriptor]) + b"\x03\x00\x00" + b"x"), Context())
