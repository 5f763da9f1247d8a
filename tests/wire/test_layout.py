"""One layout through both coders: changes there and back, and what nobody should have written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.errors import ContextError, PeerError, WireError
from radiosync.limits import BATCH_CHANGES, CONTEXT_NAMES, FIELD_NAME_CHARACTERS, TABLE_NAME_CHARACTERS
from radiosync.records.clock import from_milliseconds
from radiosync.records.key import KeyFinder, uuid_of_key
from radiosync.records.model import Change, Dot, Grave, Origin, Record, Seen, Stamp, Write
from radiosync.records.value import Number, Value
from radiosync.wire.batch import RecordRef
from radiosync.wire.columns import ColumnReader, Columns, ColumnWriter
from radiosync.wire.context import Additions, Aliases, Context, FieldKey, RecordKey
from radiosync.wire.layout import read_changes, write_changes
from radiosync.wire.memory import Memory
from radiosync.wire.mixing import MixingReader, MixingWriter
from radiosync.wire.slot import Slot
from radiosync.wire.statistics import Statistics
from tests.wire.changes import NAMES, NASTY, ORIGINS, TABLES, UUIDS, End, batches, known_to

A, B = Origin(b"A" * 8, 7), Origin(b"B" * 8, 1)
NOTHING = Aliases()
EMPTY = Context()


def stamp(origin: Origin = A, sequence: int = 1, time: int = 5) -> Stamp:
    return Stamp(time, Dot(origin, sequence))


def change(
    number: int = 1, at: Stamp | None = None, table: str = "shelter", **fields: Value | None
) -> Change:
    at = at or stamp()
    return Record(table, UUID(int=number), 0, {name: (Write(at, value),) for name, value in fields.items()})


def lookup(ours: Mapping[RecordKey, int], theirs: Mapping[RecordKey, int]) -> Any:
    def find(side: RecordRef, numbers: Collection[int]) -> Mapping[int, RecordKey]:
        known = ours if side is RecordRef.OURS else theirs
        return {number: key for key, number in known.items() if number in numbers}

    return find


def write(group: Sequence[Change], context: Context = EMPTY, aliases: Aliases = NOTHING) -> Columns:
    writer = ColumnWriter()
    write_changes(writer, group, context, aliases, Memory())
    return writer.finish()


def read(columns: Columns, context: Context = EMPTY, memory: Memory | None = None) -> list[Change]:
    reader = ColumnReader(columns)
    changes, _ = read_changes(reader, context, lookup({}, {}), memory or Memory())
    reader.end()
    return changes


# There and back.


@given(batches)
@settings(max_examples=50, deadline=None)
def test_changes_survive_columns_exactly(group: list[Change]) -> None:
    writer = ColumnWriter()
    additions = write_changes(writer, group, EMPTY, NOTHING, Memory())
    reader = ColumnReader(writer.finish())
    assert read_changes(reader, EMPTY, lookup({}, {}), Memory()) == (group, additions)
    reader.end()


@dataclass
class Station:
    """One end of one direction, as the compact codec leaves it: folded from the batches alone."""

    end: End = field(default_factory=End)
    memory: Memory = field(default_factory=Memory)
    statistics: Statistics = field(default_factory=Statistics)

    def fold(self, group: list[Change], additions: Additions) -> None:
        self.end.fold(b"", additions)
        self.memory.learn(group)


@given(st.lists(batches, min_size=1, max_size=4), st.dictionaries(st.sampled_from(UUIDS), st.integers(0, 9)))
@settings(max_examples=10, deadline=None)
def test_changes_survive_mixing_and_both_ends_stay_the_same(
    traffic: list[list[Change]], theirs: dict[UUID, int]
) -> None:
    other = {RecordKey("shelter", uuid): number for uuid, number in theirs.items()}
    other = {key: number for number, key in {number: key for key, number in other.items()}.items()}
    sender, receiver = Station(), Station()
    for group in traffic:
        writer = MixingWriter(sender.statistics)
        aliases = known_to(sender.end, other, group)
        added = write_changes(writer, group, sender.end.context, aliases, sender.memory)
        reader = MixingReader(receiver.statistics, writer.finish())
        find = lookup(receiver.end.aliases, other)
        changes, additions = read_changes(reader, receiver.end.context, find, receiver.memory)
        assert (changes, additions) == (group, added)
        sender.fold(group, added)
        receiver.fold(changes, additions)
        assert sender.end == receiver.end
        assert sender.memory.to_bytes() == receiver.memory.to_bytes()


@given(batches, batches, batches)
@settings(max_examples=25, deadline=None)
def test_batches_on_one_base_can_be_read_in_any_order(
    first: list[Change], second: list[Change], third: list[Change]
) -> None:
    """Two transfers on their way build on the same confirmed context, and add the same things twice."""
    base = End()
    base.fold(b"", write_changes(ColumnWriter(), first, EMPTY, NOTHING, Memory()))
    for group in (third, second):
        columns = write(group, base.context, known_to(base, {}, group))
        found = lookup(base.aliases, {})
        assert read_changes(ColumnReader(columns), base.context, found, Memory())[0] == group


@pytest.mark.parametrize("value", NASTY, ids=lambda value: repr(value)[:30])
def test_every_class_of_value_survives_first_and_as_a_sibling(value: Value | None) -> None:
    old = Write(stamp(B, 1, 1), value)
    group = [Record("t", UUIDS[1], 0, {"first": (Write(stamp(), value), old), "alone": (old,)})]
    assert read(write(group)) == group


def test_no_change_at_all_is_a_batch() -> None:
    assert read(write([])) == []


# How little it takes.


def test_what_is_known_is_not_said_again() -> None:
    group = [change(number, stamp(A, number, 5), name=f"shelter {number}") for number in (1, 2, 3)]
    end = End()
    additions = write_changes(ColumnWriter(), group, EMPTY, NOTHING, Memory())
    assert additions == Additions(
        (A,),
        ("shelter",),
        (FieldKey("shelter", "name"),),
        tuple(RecordKey("shelter", UUID(int=number)) for number in (1, 2, 3)),
    )
    end.fold(b"", additions)
    writer = ColumnWriter()
    again = write_changes(writer, group, end.context, known_to(end, {}, group), Memory())
    assert again == Additions()
    assert b"shelter\0" not in writer.finish().plain


def test_a_record_known_to_each_side_is_named_by_the_senders_alias() -> None:
    key = RecordKey("shelter", UUID(int=1))
    columns = write([change(1, name="x")], EMPTY, Aliases({key: 3}, {key: 4}))
    asked: dict[RecordRef, set[int]] = {}

    def find(side: RecordRef, numbers: Collection[int]) -> Mapping[int, RecordKey]:
        asked[side] = set(numbers)
        return dict.fromkeys(numbers, key)

    assert read_changes(ColumnReader(columns), EMPTY, find, Memory())[0] == [change(1, name="x")]
    assert asked == {RecordRef.OURS: {3}, RecordRef.THEIRS: set()}


def mixed_bytes(groups: Sequence[list[Change]], *, remember: bool) -> list[int]:
    sender, sizes = Station(), []
    for group in groups:
        writer = MixingWriter(sender.statistics)
        aliases = known_to(sender.end, {}, group)
        additions = write_changes(writer, group, sender.end.context, aliases, sender.memory)
        sizes.append(len(writer.finish()))
        sender.end.fold(b"", additions)
        if remember:
            sender.memory.learn(group)
    return sizes


def edits(second: int) -> list[Change]:
    """Ten records get a new number of people, always in the same order."""
    at = from_milliseconds(1_600_000_000_000 + 60_000 * second)
    return [
        change(number, stamp(A, 10 * second + number, at), people=Number(str(10 * number + second)))
        for number in range(1, 11)
    ]


def test_a_memory_names_records_and_expects_times() -> None:
    groups = [edits(second) for second in range(8)]
    assert mixed_bytes(groups, remember=True)[-1] <= 0.75 * mixed_bytes(groups, remember=False)[-1]


def test_a_record_that_is_put_again_costs_little_more_than_its_fields() -> None:
    lives: list[list[Change]] = []
    past: Seen = {}
    for life in range(8):
        first = 2 * life + 1
        put = replace(change(1, stamp(A, first, first << 30), name="School"), life=life, past=past)
        grave = Record("shelter", UUID(int=1), life, {}, Grave(stamp(A, first + 1, (first + 1) << 30)), past)
        past = {A: first + 1}
        lives += [[put], [grave]]
    assert max(mixed_bytes(lives, remember=True)[-4:]) <= 6


def test_a_row_like_the_one_before_takes_few_bytes() -> None:
    """Net effect of twenty edits of known records: the figure that all else builds on."""
    end = End()
    first = [change(number, stamp(A, number, 0), name="School", beds="40") for number in range(1, 21)]
    end.fold(b"", write_changes(ColumnWriter(), first, EMPTY, NOTHING, Memory()))
    second = [
        change(number, stamp(A, 20 + number, from_milliseconds(1000 * number)), beds=Number("41"))
        for number in range(1, 21)
    ]
    plain, raw = write(second, end.context, known_to(end, {}, second))
    assert len(plain) + len(raw) <= 20 * 8 + 20


# Identities that were made from fields.

MANY = ["11", "Ward 4", "north"]


def keyed(*key: str, **fields: Value | None) -> Change:
    writes = {name: (Write(stamp(), value),) for name, value in fields.items()}
    return replace(change(1), uuid=uuid_of_key("shelter", key), writes=writes)


def written(group: list[Change], keys: KeyFinder | None) -> Columns:
    writer = ColumnWriter()
    write_changes(writer, group, EMPTY, NOTHING, Memory(), keys)
    return writer.finish()


@pytest.mark.parametrize(
    "one",
    [
        keyed("17", id=Number("17"), ok=True),
        keyed("true", id=Number("17"), ok=True),
        keyed("11", "Ward 4", bed="11", ward="Ward 4", open=True),
        keyed("Ward 4", "11", bed="11", ward="Ward 4", open=True),
    ],
)
def test_an_identity_that_was_made_from_fields_is_not_said(one: Change) -> None:
    columns = written([one], KeyFinder())
    changes, additions = read_changes(ColumnReader(columns), EMPTY, lookup({}, {}), Memory())
    assert changes == [one]
    assert additions.records == (RecordKey("shelter", one.uuid),)
    assert len(columns.raw) + 15 == len(written([one], None).raw)


def test_keys_are_learnt_and_cost_next_to_nothing() -> None:
    statistics, sizes = Statistics(), []
    for number in range(40):
        writer = MixingWriter(statistics)
        write_changes(
            writer,
            [keyed(str(number), id=Number(str(number)))],
            EMPTY,
            NOTHING,
            Memory(),
            KeyFinder(),
        )
        sizes.append(len(writer.finish()))
    assert sum(sizes[-5:]) < 5 * 32


@pytest.mark.parametrize(
    "one",
    [
        keyed("17", id=Number("18")),
        keyed("17", id=None, ok=True),
        keyed("17", "x", id=Number("17")),
        keyed(*MANY, bed="11", ward="Ward 4", side="north"),
        replace(keyed("17", id=Number("17")), uuid=uuid5(UUID(int=0), "radiosync:shelter/17")),
        replace(keyed("17", id=Number("17")), uuid=UUID(int=17, version=4)),
    ],
)
def test_an_identity_that_was_not_is_said(one: Change) -> None:
    columns = written([one], KeyFinder())
    assert read(columns) == [one]
    assert len(columns.raw) == len(written([one], None).raw)


def test_no_long_search_for_keys_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr("radiosync.records.key.uuid_of_key", lambda table, texts: made.append(table))
    fields: dict[str, Value | None] = {f"f{number}": str(number) for number in range(10)}
    finder = KeyFinder()
    for number in range(100):
        assert finder.key_of(keyed(f"foreign {number}", **fields)) is None
    assert len(made) <= 400


# Refusals.


class Liar(ColumnWriter):
    """Says something else, the n-th time that it is about that slot and place."""

    def __init__(self, slot: Slot, lie: int | bytes, place: int | None, turn: int) -> None:
        super().__init__()
        self._about, self._lie, self._about_place, self._turn = slot, lie, place, turn

    def _lies(self, slot: int, place: int) -> bool:
        if slot != self._about or self._about_place not in (None, place):
            return False
        self._turn -= 1
        return self._turn == -1

    def choice(self, slot: int, place: int, value: int, count: int, *contexts: int) -> int:
        said = self._lie if self._lies(slot, place) else value
        assert isinstance(said, int)
        super().choice(slot, place, said, count)
        return value

    def number(self, slot: int, place: int, value: int, *contexts: int) -> int:
        said = self._lie if self._lies(slot, place) else value
        assert isinstance(said, int)
        super().number(slot, place, said)
        return value

    def text(self, slot: int, place: int, value: bytes, *contexts: int, old: bytes = b"") -> bytes:
        said = self._lie if self._lies(slot, place) else value
        assert isinstance(said, bytes)
        super().text(slot, place, said)
        return value


def at(origin: Origin, sequence: int, second: int) -> Stamp:
    return stamp(origin, sequence, from_milliseconds(1_600_000_000_000 + 1000 * second))


GROUP = [
    change(1, at(A, 1, 5), name="x", beds="4"),
    change(2, at(B, 9, 8), table="incident", name="y"),
    change(1, at(A, 2, 9), name="z", beds=Number("1e5")),
    Record("shelter", UUID(int=2), 1, {}, Grave(at(A, 3, 9), {B: 9}), {B: 4}),
    Record("shelter", UUID(int=3), 0, {"name": (Write(at(A, 4, 9), "q", {B: 9}), Write(at(B, 1, 1), Number("1")))}),
    change(4, at(A, 2, 7), name="2020-09-13T05:26:40-07:00"),
]  # fmt: skip

LIES: dict[str, tuple[Slot, int | bytes, int | None, int, type[Exception]]] = {
    "too many rows": (Slot.COUNT, BATCH_CHANGES + 1, None, 0, WireError),
    "more rows than there are": (Slot.COUNT, 7, None, 0, WireError),
    "too many origins": (Slot.NEW_COUNT, CONTEXT_NAMES + 1, 0, 0, WireError),
    "more fields than there are": (Slot.NEW_COUNT, CONTEXT_NAMES, 2, 0, PeerError),
    "a table without a name": (Slot.NEW_NAME, b"", 0, 0, WireError),
    "a table's name too long": (Slot.NEW_NAME, b"x" * (TABLE_NAME_CHARACTERS + 1), 0, 0, WireError),
    "a table twice": (Slot.NEW_NAME, b"shelter", 0, 1, WireError),
    "a name that is no text": (Slot.NEW_NAME, b"\xff", 0, 0, WireError),
    "a field's name too long": (Slot.NEW_NAME, b"x" * (FIELD_NAME_CHARACTERS + 1), 1, 0, WireError),
    "a field twice": (Slot.NEW_NAME, b"name", 1, 1, WireError),
    "a field of an unknown table": (Slot.NEW_TABLE, 2, None, 0, ContextError),
    "an unknown author": (Slot.AUTHOR, 2, None, 0, ContextError),
    "an unknown table": (Slot.TABLE, 2, None, 0, ContextError),
    "a sequence below one": (Slot.SEQUENCE, 2**48, 2, 0, WireError),
    "a sequence out of range": (Slot.SEQUENCE, 2**48, None, 0, WireError),
    "a time before time": (Slot.TIME, 2**40, 2, 0, WireError),
    "a time out of range": (Slot.TIME, 2**63, None, 0, WireError),
    "an alias that nobody gave": (Slot.REF, 2, None, 0, PeerError),
    "a place that nobody has": (Slot.REF, 0, None, 0, ContextError),
    "a row before the first": (Slot.AGAIN, 9, None, 0, WireError),
    "a row of another table": (Slot.AGAIN, 0, None, 0, ContextError),
    "a row that changes nothing": (Slot.MASK, 0, None, 1, WireError),
    "a life out of range": (Slot.LIFE, 2**20, None, 0, WireError),
    "a sight of too much": (Slot.SEEN_COUNT, 2**60, None, 0, WireError),
    "a sight of nobody": (Slot.SEEN_ORIGIN, 9, None, 0, ContextError),
    "a sight out of range": (Slot.SEEN_SEQUENCE, 2**60, None, 0, WireError),
    "too many stamps": (Slot.STAMPS, 2**60, None, 0, WireError),
    "too many siblings": (Slot.SIBLINGS, 2**60, None, 0, WireError),
    "a literal that is no number": (Slot.TEXT, b"1e", None, 4, WireError),
    "a text that is none": (Slot.TEXT, b"\xff", None, 0, WireError),
    "a time beyond the calendar": (Slot.NUMBER, 2**63, None, 1, WireError),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_refused(name: str) -> None:
    slot, lie, place, turn, error = LIES[name]
    liar = Liar(slot, lie, place, turn)
    write_changes(liar, GROUP, EMPTY, NOTHING, Memory())
    with pytest.raises(error):
        read(liar.finish())


def test_the_group_that_is_lied_about_is_good() -> None:
    assert read(write(GROUP)) == GROUP


def test_an_alias_that_we_do_not_share_is_a_matter_of_context() -> None:
    key = RecordKey("shelter", UUID(int=1))
    for aliases in (Aliases({key: 5}), Aliases({}, {key: 5})):
        with pytest.raises(ContextError, match="alias"):
            read(write([change(1, name="x")], EMPTY, aliases))


def test_an_alias_of_a_record_of_another_table_is_a_matter_of_context() -> None:
    key = RecordKey("shelter", UUID(int=1))
    columns = write([change(1, name="x")], EMPTY, Aliases({key: 5}))
    with pytest.raises(ContextError, match="another table"):
        read_changes(ColumnReader(columns), EMPTY, lookup({RecordKey("other", key.uuid): 5}, {}), Memory())


def test_numbers_of_another_context_are_a_matter_of_context() -> None:
    context = Context(1, b"1234", (A, B), ("shelter", "incident"), (FieldKey("incident", "name"),))
    with pytest.raises(ContextError):
        read(write([change(1, stamp(B), table="incident", name="x")], context))


def small_read(reader: ColumnReader | MixingReader, context: Context = EMPTY) -> None:
    """Nothing but the two documented errors may come out."""
    memory = Memory()
    memory.learn(GROUP)
    key = RecordKey("shelter", UUID(int=9))
    try:
        read_changes(reader, context, lambda _, numbers: dict.fromkeys(numbers, key), memory)
    except (WireError, ContextError):
        return


KNOWN = Context(3, b"1234", tuple(ORIGINS), tuple(TABLES), tuple(FieldKey("shelter", name) for name in NAMES))


@given(st.binary(max_size=80), st.binary(max_size=40))
@settings(max_examples=150, deadline=None)
def test_random_columns_give_changes_or_a_refusal(plain: bytes, raw: bytes) -> None:
    for context in (EMPTY, KNOWN):
        try:
            small_read(ColumnReader(Columns(plain, raw)), context)
        except WireError:
            return


@given(batches, st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_flipped_bits_give_changes_or_a_refusal(group: list[Change], seed: int) -> None:
    random = Random(seed)
    columns = write(group)
    plain, raw = bytearray(columns.plain), bytearray(columns.raw)
    for _ in range(random.randint(1, 3)):
        part = random.choice([part for part in (plain, raw) if part])
        part[random.randrange(len(part))] ^= 1 << random.randrange(8)
    for context in (EMPTY, KNOWN):
        try:
            small_read(ColumnReader(Columns(bytes(plain), bytes(raw))), context)
        except WireError:
            return


@given(st.binary(max_size=30))
@settings(max_examples=20, deadline=None)
def test_random_bytes_through_mixing_give_changes_or_a_refusal(data: bytes) -> None:
    small_read(MixingReader(Statistics(), data), KNOWN)


def test_a_batch_cut_short_is_refused() -> None:
    plain, raw = write(GROUP)
    for spoiled in (Columns(plain, raw[:-1]), Columns(plain[:-1], raw), Columns(plain + b"\0", raw)):
        with pytest.raises((WireError, ContextError)):
            read(spoiled)
