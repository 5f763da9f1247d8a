"""Records through their columns and back."""

import json

from hypothesis import given
from hypothesis import strategies as st

from radiosync.records.model import EXISTS, Dot, Grave, Origin, Record, Stamp, Write
from radiosync.records.value import Number
from radiosync.store.codec import decode_record, encode_record
from tests.store.stores import origin, uuid, write


class Table:
    """Origins by number, without a database."""

    def __init__(self) -> None:
        self.known: list[Origin] = []

    def number_of(self, origin: Origin) -> int:
        if origin not in self.known:
            self.known.append(origin)
        return self.known.index(origin)

    def origin_of(self, number: int) -> Origin:
        return self.known[number]


ORIGINS = st.sampled_from(
    [origin("a"), origin("a", 2), origin("b"), Origin(bytes(8), 0), Origin(b"\xff" * 8, 2**32 - 1)]
)
BIG = st.one_of(st.integers(1, 5), st.integers(0, 2**63 - 1))
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.sampled_from(["0", "-0", "1.0", "1.00", "1e5", "1E+05", "-12.50e-7", "9" * 100]).map(Number)
VALUES = st.none() | st.booleans() | NUMBERS | TEXTS
STAMPS = st.builds(Stamp, BIG, st.builds(Dot, ORIGINS, BIG))
SEEN = st.dictionaries(ORIGINS, BIG, max_size=3)
WRITES = st.builds(Write, STAMPS, VALUES, SEEN)
SHARED = st.builds(
    lambda stamp, values: [Write(stamp, value) for value in values], STAMPS, st.lists(VALUES, max_size=4)
)
NAMES = st.sampled_from([EXISTS, "name", 'q"uote', "nul\0", "über", "null"]) | TEXTS
RECORDS = st.builds(
    lambda alone, shared, **rest: Record(
        "table", uuid(1), writes={**{f"s{i}": (write,) for i, write in enumerate(shared)}, **alone}, **rest
    ),
    alone=st.dictionaries(NAMES, st.lists(WRITES, min_size=1, max_size=3).map(tuple), max_size=5),
    shared=SHARED,
    life=BIG,
    grave=st.none() | st.builds(Grave, STAMPS, SEEN),
    past=SEEN,
)


@given(RECORDS)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    table = Table()
    content = encode_record(record, table.number_of)
    assert decode_record(record.table, record.uuid, content, table.origin_of) == record


@given(RECORDS)
def test_columns_do_not_depend_on_the_order_of_fields(record: Record) -> None:
    table = Table()
    turned = Record(
        record.table,
        record.uuid,
        record.life,
        dict(reversed(list(record.writes.items()))),
        record.grave,
        record.past,
    )
    assert encode_record(turned, table.number_of) == encode_record(record, table.number_of)


def test_the_columns_of_a_plain_record_are_short_and_can_be_read() -> None:
    stamp = write("a", 7, None).stamp
    record = Record("t", uuid(1), 0, {"b": (Write(stamp, Number("1.50")),), "a": (Write(stamp, "ü"),)})
    content = encode_record(record, lambda _: 3)
    assert content.fields == '{"a":"ü","b":1.50}'
    assert json.loads(content.writes) == [[[7, 3, 7, [], []]], []]
    assert (content.life, content.grave, content.past) == (0, None, None)


def test_fields_that_were_written_otherwise_are_named() -> None:
    base = write("a", 7, None).stamp
    record = Record(
        "t",
        uuid(1),
        0,
        {
            "a": (Write(base, "x"),),
            "b": (Write(base, None),),
            "c": (write("a", 8, "y", a=1), write("b", 2, Number("2.0"))),
        },
    )
    content = encode_record(record, {origin("a"): 1, origin("b"): 2}.__getitem__)
    assert content.fields == '{"a":"x","c":"y"}'
    assert json.loads(content.writes) == [
        [[7, 1, 7, [], ["b"]], [8, 1, 8, [1, 1], ["c"]]],
        [[2, 2, 2, [], "c", "2.0"]],
    ]
