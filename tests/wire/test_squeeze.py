"""zstd with tables and a history that both sides have."""

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.limits import BATCH_BYTES, HISTORY_BYTES
from radiosync.wire.squeeze import squeeze, unsqueeze

KEPT = bytes.fromhex("0000e50000885363686f6f6c2c2031352062656473003603fc8306e88606ec00ff")
"""`TEXT` without history as the first release wrote it. It must be readable for ever."""

TEXT = b"School, 15 beds\0School, 16 beds\0School, 15 beds\0"


@given(st.binary(max_size=400), st.binary(max_size=400))
@settings(deadline=None, max_examples=50)
def test_what_is_squeezed_comes_back(plain: bytes, history: bytes) -> None:
    assert unsqueeze(squeeze(plain, history), history) == plain


def test_a_long_history_is_used_up_to_its_limit() -> None:
    history = TEXT + bytes(number * 7919 % 251 for number in range(HISTORY_BYTES))
    assert unsqueeze(squeeze(TEXT * 9, history), history[-HISTORY_BYTES:]) == TEXT * 9


def test_text_in_the_manner_of_records_takes_less_than_with_plain_zstd() -> None:
    plain = b"Lincoln Middle School\x00SPRINGFIELD\x00Red Cross of Central Illinois\x00OPEN\x00"
    parameters = zstandard.ZstdCompressionParameters.from_level(
        22, write_content_size=False, format=zstandard.FORMAT_ZSTD1_MAGICLESS
    )
    assert len(squeeze(plain, b"")) + 5 < len(
        zstandard.ZstdCompressor(compression_params=parameters).compress(plain)
    )


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_random_bytes_are_refused_or_short(body: bytes) -> None:
    try:
        assert len(unsqueeze(body, b"")) <= BATCH_BYTES
    except WireError:
        return


def test_a_bomb_is_refused() -> None:
    with pytest.raises(WireError):
        unsqueeze(squeeze(bytes(BATCH_BYTES + 1), b""), b"")


def test_frames_of_other_kinds_are_refused() -> None:
    whole = zstandard.ZstdCompressor().compress(TEXT)
    for body in (b"", whole, whole[4:], b"\0", squeeze(TEXT, b"")[:-1]):
        with pytest.raises(WireError):
            unsqueeze(body, b"")


def test_what_was_squeezed_long_ago_can_be_read() -> None:
    assert unsqueeze(KEPT, b"") == TEXT
