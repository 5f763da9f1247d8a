"""Values as CBOR, and CBOR that nobody should have sent."""

import struct
import time

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.limits import BATCH_NESTING, NUMBER_CHARACTERS, TEXT_BYTES
from radiosync.records.value import Number, Value
from radiosync.wire.cborvalue import Plain, dump_value, dumps, load_value, loads
from tests.wire.changes import NASTY, values


@pytest.mark.parametrize(
    ("value", "item"),
    [
        (None, None),
        (True, True),
        (False, False),
        ("", ""),
        ("007", "007"),
        (Number("7"), 7),
        (Number("-7"), -7),
        (Number("-0"), ["-0"]),
        (Number("1.50"), [2, 150]),
        (Number("-0.05"), [2, -5]),
        (Number("0.0"), [1, 0]),
        (Number("-0.0"), ["-0.0"]),
        (Number("1e5"), ["1e5"]),
        (Number(str(2**63)), [str(2**63)]),
        (Number(str(2**63 - 1)), 2**63 - 1),
    ],
)
def test_each_kind_of_value_has_its_item(value: Value | None, item: Plain) -> None:
    assert dump_value(value) == item
    assert type(dump_value(value)) is type(item)
    assert load_value(item) == value


@pytest.mark.parametrize("value", NASTY, ids=lambda value: repr(value)[:30])
def test_nasty_values_survive(value: Value | None) -> None:
    assert load_value(loads(dumps([dump_value(value)]))[0]) == value  # type: ignore[index]  # a list


@given(values)
def test_values_survive_to_the_last_character(value: Value | None) -> None:
    found = load_value(loads(dumps(dump_value(value))))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "item",
    [
        1.5, b"bytes", [], [1], [1, 2, 3], [True, 5], [1, True], [0, 5], [-1, 5], [NUMBER_CHARACTERS, 5], [1, 2**63], ["x"],
        ["1", 1], [1, "1"], [None], [[1, 2]], ["1" * 200], 2**63, -(2**63), 2**100, {}, {"a": 1}, "x" * (TEXT_BYTES + 1),
        [1, 1.5], [["1"]], [b"1"], ["1\n"], ["NaN"],
    ],
    ids=lambda item: repr(item)[:20],
)  # fmt: skip
def test_what_is_no_value_is_refused(item: object) -> None:
    with pytest.raises(WireError):
        load_value(item)


def nested(depth: int) -> bytes:
    return b"\x81" * depth + b"\x00"


def test_nesting_ends_where_batches_end() -> None:
    item = loads(nested(BATCH_NESTING))
    assert item == [[[[0]]]]
    for depth in (BATCH_NESTING + 1, 1000, 1_000_000):
        with pytest.raises(WireError):
            loads(nested(depth))


HUGE = struct.pack(">Q", 2**60)
BOMBS = {
    "array of 2^60": b"\x9b" + HUGE,
    "array of 2^31": b"\x9a\x7f\xff\xff\xff\x00",
    "arrays in an array": b"\x84" + (b"\x9b" + HUGE) * 3,
    "map of 2^60": b"\xbb" + HUGE,
    "bytes of 2^60": b"\x5b" + HUGE + b"x",
    "text of 2^40": b"\x7b" + struct.pack(">Q", 2**40) + b"x",
    "indefinite array": b"\x9f" + b"\x00" * 10 + b"\xff",
    "indefinite bytes": b"\x5f\x41a\xff",
    "a break alone": b"\xff",
    "nothing": b"",
    "half a number": b"\x1b\x00",
    "two items": b"\x00\x00",
    "an array in itself": b"\xd8\x1c\x81\xd8\x1d\x00",
    "a pattern to compile": cbor2.dumps(cbor2.CBORTag(35, "(a{1,1000}){1,1000}" * 50_000)),
    "a message of parts": cbor2.dumps(
        cbor2.CBORTag(36, "Content-Type: multipart/mixed; boundary=a\n\n" + "--a\n\n" * 300_000)
    ),
    "two to a great power": cbor2.dumps(cbor2.CBORTag(5, [2**60, 1])),
    "two to a small power": cbor2.dumps(cbor2.CBORTag(5, [-400_000_000, 1])),
    "many tags": b"\xc6" * 100_000 + b"\x00",
    "bad UTF-8": b"\x61\xff",
    "a reserved head": b"\x1c",
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once(name: str) -> None:
    began = time.process_time()
    with pytest.raises(WireError):
        loads(BOMBS[name])
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize("inner", [0, -1, "a", b"a", [], [1, 2], {}, 1.5, None], ids=repr)
def test_no_tag_means_anything(inner: object) -> None:
    """The library knows some thirty: dates, patterns, addresses, shared parts. We send none."""
    for tag in (*range(1100), 43000, 55799, 2**32, 2**64 - 1):
        with pytest.raises(WireError):
            loads(cbor2.dumps(cbor2.CBORTag(tag, inner)))


@given(st.binary(max_size=60))
def test_random_bytes_give_an_item_or_a_wire_error(data: bytes) -> None:
    try:
        item = loads(data)
    except WireError:
        return
    try:
        load_value(item)
    except WireError:
        return
