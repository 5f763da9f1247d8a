"""Integers on air."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.wire.varint import (
    LEFT_MAX,
    read_left,
    read_uvarint,
    write_left,
    write_uvarint,
)

unsigned = st.integers(0, 2**64 - 1) | st.integers(0, 300)


def encoded(value: int) -> bytes:
    out = bytearray()
    write_uvarint(out, value)
    return bytes(out)


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "8001"),
        (300, "ac02"),
        (16383, "ff7f"),
        (16384, "808001"),
        (2**64 - 1, "ffffffffffffffffff01"),
    ],
)
def test_known_forms(value: int, octets: str) -> None:
    assert encoded(value).hex() == octets
    assert read_uvarint(bytes.fromhex(octets), 0) == (value, len(octets) // 2)


@given(unsigned, st.binary(max_size=4), st.binary(max_size=4))
def test_unsigned_round_trip_inside_other_bytes(value: int, before: bytes, after: bytes) -> None:
    out = bytearray(before)
    write_uvarint(out, value)
    end = len(out)
    for data in (bytes(out) + after, memoryview(bytes(out) + after)):
        assert read_uvarint(data, len(before)) == (value, end)


@given(unsigned)
def test_every_cut_is_refused(value: int) -> None:
    whole = encoded(value)
    for size in range(len(whole)):
        with pytest.raises(WireError, match="cut short"):
            read_uvarint(whole[:size], 0)


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        ("8000", "shortest"),
        ("ff00", "shortest"),
        ("80808080808080808000", "shortest"),
        ("ffffffffffffffffff02", "64 bits"),
        ("ffffffffffffffffff7f", "64 bits"),
        ("80" * 10, "longer than 10"),
        ("ff" * 10 + "01", "longer than 10"),
        ("", "cut short"),
    ],
)
def test_wrong_forms_are_refused(octets: str, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        read_uvarint(bytes.fromhex(octets), 0)


@given(st.binary(max_size=14), st.integers(0, 16))
def test_any_bytes_give_the_one_form_or_an_error(data: bytes, at: int) -> None:
    try:
        value, end = read_uvarint(data, at)
    except WireError:
        return
    assert encoded(value) == data[at:end]


@pytest.mark.parametrize("value", [-1, 2**64])
def test_values_that_do_not_fit_are_our_misuse(value: int) -> None:
    with pytest.raises(ValueError, match="64-bit"):
        write_uvarint(bytearray(), value)


def test_left_is_exact_where_it_is_small_and_reaches_far() -> None:
    assert [read_left(write_left(count)) for count in range(32)] == list(range(32))
    assert read_left(255) == LEFT_MAX >= 64 * 1024
    assert read_left(0) == 0


def test_left_codes_rise_and_name_themselves() -> None:
    counts = [read_left(code) for code in range(256)]
    assert counts == sorted(set(counts))
    assert [write_left(count) for count in counts] == list(range(256))


def test_left_rounds_up_by_a_sixteenth_at_most() -> None:
    counts = [*range(70_000), *range(70_000, LEFT_MAX + 1, 37), LEFT_MAX]
    previous = 0
    for count in counts:
        code = write_left(count)
        assert count <= read_left(code) <= count * 17 / 16
        assert code == 0 or read_left(code - 1) < count, "a smaller code would have done"
        assert code >= previous
        previous = code


def test_left_beyond_its_reach_is_its_largest() -> None:
    assert write_left(LEFT_MAX + 1) == write_left(10**9) == 255


def test_left_refuses_misuse() -> None:
    with pytest.raises(ValueError, match="negative"):
        write_left(-1)
    for code in (-1, 256):
        with pytest.raises(ValueError, match="one byte"):
            read_left(code)
