"""Symbols into columns and back, and columns that nobody wrote."""

from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.limits import BATCH_BYTES, TEXT_BYTES
from radiosync.wire.coder import Coder
from radiosync.wire.columns import ColumnReader, Columns, ColumnWriter, number_of, token_of
from radiosync.wire.slot import Slot

Symbol: TypeAlias = tuple[str, Slot, int, int | bytes]

slots = st.sampled_from([Slot.STEP, Slot.REF, Slot.MASK, Slot.CLASS, Slot.KIND])
choices = st.integers(2, 16).flatmap(
    lambda count: st.tuples(st.just("choice"), slots, st.just(count), st.integers(0, count - 1))
)
numbers = st.tuples(
    st.just("number"), slots, st.just(0), st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 1))
)
texts = st.tuples(st.just("text"), slots, st.just(0), st.binary(max_size=20))
raws = st.binary(max_size=20).map(lambda data: ("raw", Slot.UUID, len(data), data))
symbols: st.SearchStrategy[list[Symbol]] = st.lists(st.one_of(choices, numbers, texts, raws), max_size=40)


def say(coder: Coder, symbol: Symbol, blank: bool) -> int | bytes:
    kind, slot, size, value = symbol
    if isinstance(value, int):
        given = 0 if blank else value
        return coder.choice(slot, 0, given, size) if kind == "choice" else coder.number(slot, 0, given)
    given_bytes = b"" if blank else value
    return coder.text(slot, 0, given_bytes) if kind == "text" else coder.raw(slot, 0, given_bytes, size)


def write(said: list[Symbol]) -> Columns:
    writer = ColumnWriter()
    for symbol in said:
        assert say(writer, symbol, blank=False) == symbol[3]
    return writer.finish()


@given(symbols)
@settings(deadline=None)
def test_symbols_come_back(said: list[Symbol]) -> None:
    reader = ColumnReader(write(said))
    assert [say(reader, symbol, blank=True) for symbol in said] == [symbol[3] for symbol in said]
    reader.end()


@given(st.integers(0, 2**64 - 1))
def test_a_number_is_one_byte_and_the_bits_that_are_left(number: int) -> None:
    token, low = token_of(number)
    assert 0 <= token <= 255
    high, same = number_of(token)
    assert (high << low | number & (1 << low) - 1, same) == (number, low)


def test_tokens_are_told_apart() -> None:
    tokens = [token_of(number)[0] for number in range(70_000)]
    assert tokens == sorted(tokens)
    assert tokens[:16] == list(range(16))
    assert token_of(2**64 - 1)[0] < 255


@pytest.mark.parametrize("token", range(token_of(2**64 - 1)[0] + 1, 256))
def test_tokens_of_longer_numbers_are_refused(token: int) -> None:
    with pytest.raises(WireError):
        number_of(token)


def test_identities_stay_out_of_what_is_compressed() -> None:
    columns = write([("raw", Slot.UUID, 16, b"0123456789abcdef")])
    assert columns == Columns(bytes(2), b"0123456789abcdef")


def test_like_rows_have_like_bytes() -> None:
    row: list[Symbol] = [
        ("choice", Slot.STEP, 9, 1),
        ("choice", Slot.REF, 7, 2),
        ("choice", Slot.MASK, 16, 5),
    ]
    assert write(row * 3).plain == bytes([9, 0]) + bytes([1, 2, 5]) * 3


@given(st.binary(max_size=60), st.binary(max_size=20), symbols)
@settings(deadline=None)
def test_random_columns_give_symbols_or_a_refusal(plain: bytes, raw: bytes, said: list[Symbol]) -> None:
    try:
        reader = ColumnReader(Columns(plain, raw))
        for kind, slot, size, value in said:
            got = say(reader, (kind, slot, size, value), blank=True)
            assert type(got) is type(value)
            if isinstance(got, int):
                assert 0 <= got < (size if kind == "choice" else 2**64)
            elif kind == "raw":
                assert len(got) == size
        reader.end()
    except WireError:
        return


@given(symbols.filter(bool))
@settings(deadline=None)
def test_columns_cut_short_or_longer_are_refused(said: list[Symbol]) -> None:
    plain, raw = write(said)
    for spoiled in (Columns(plain + b"x", raw), Columns(plain, raw + b"\0"), Columns(plain[:-1], raw)):
        with pytest.raises(WireError):
            read_all(spoiled, said)


def read_all(columns: Columns, said: list[Symbol]) -> None:
    reader = ColumnReader(columns)
    for symbol in said:
        say(reader, symbol, blank=True)
    reader.end()


def test_a_text_has_a_limit() -> None:
    longest: list[Symbol] = [("text", Slot.TEXT, 0, b"x" * TEXT_BYTES)]
    read_all(write(longest), longest)
    with pytest.raises(WireError):
        read_all(write([("text", Slot.TEXT, 0, b"x" * (TEXT_BYTES + 1))]), longest)


def test_a_batch_has_a_limit() -> None:
    with pytest.raises(WireError):
        ColumnReader(Columns(bytes(BATCH_BYTES + 1), b""))


@pytest.mark.parametrize("text", [b"\1", b"\1\3", b"a\1"])
def test_an_escape_that_nobody_writes_is_refused(text: bytes) -> None:
    with pytest.raises(WireError):
        read_all(Columns(b"\0\0" + text + b"\0", b""), [("text", Slot.TEXT, 0, b"")])
