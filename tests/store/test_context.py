"""The shared context: two stores number everything alike, and every version can be had again."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from radiosync.errors import ContextError
from radiosync.limits import HISTORY_BYTES
from radiosync.store import Store
from radiosync.store.context import KEPT_VERSIONS
from radiosync.sync.ports import Delivery, Direction, Partner
from radiosync.wire.context import (
    EMPTY_DIGEST,
    Additions,
    Context,
    FieldKey,
    Mark,
    RecordKey,
    chain_digest,
    extend_history,
)
from tests.store.stores import NOTHING, Statements, draft, open_store, origin, pair, uuid


def keys(*numbers: int, table: str = "shelter") -> tuple[RecordKey, ...]:
    return tuple(RecordKey(table, uuid(number)) for number in numbers)


def random_additions(random: Random) -> Additions:
    """Names with repetitions, such as a sender makes who does not know yet what was confirmed."""
    tables = [random.choice("stuv") for _ in range(random.randrange(3))]
    return Additions(
        origins=tuple(origin(random.choice("abcdef")) for _ in range(random.randrange(3))),
        tables=tuple(tables),
        fields=tuple(
            FieldKey(random.choice("stuv"), random.choice("xyz")) for _ in range(random.randrange(5))
        ),
        records=tuple(
            keys(random.randrange(12), table=random.choice("st"))[0] for _ in range(random.randrange(6))
        ),
    )


@pytest.fixture
def both() -> Iterator[tuple[Store, Partner, Store, Partner]]:
    with pair() as stores:
        yield stores


def model(transfers: list[tuple[bytes, Additions]]) -> tuple[Context, dict[RecordKey, int]]:
    """What a context is, without a database."""
    digest, history = EMPTY_DIGEST, b""
    for plain, _ in transfers:
        digest, history = chain_digest(digest, plain), extend_history(history, plain)
    names = [additions for _, additions in transfers]
    context = Context(
        len(transfers),
        digest,
        tuple(dict.fromkeys(name for each in names for name in each.origins)),
        tuple(dict.fromkeys(name for each in names for name in each.tables)),
        tuple(dict.fromkeys(name for each in names for name in each.fields)),
        history,
    )
    records = dict.fromkeys(name for each in names for name in each.records)
    return context, {key: number for number, key in enumerate(records)}


@pytest.mark.parametrize("seed", range(8))
def test_both_ends_number_alike_in_any_order_of_arrival(
    both: tuple[Store, Partner, Store, Partner], seed: int
) -> None:
    a, there, b, here = both
    random = Random(seed)
    transfers = [(random.randbytes(random.randrange(40)), random_additions(random)) for _ in range(12)]
    for plain, additions in transfers:
        a.seal(there, draft(plain=plain, additions=additions))
    numbers = list(range(1, 13))
    random.shuffle(numbers)
    for number in numbers:
        plain, additions = transfers[number - 1]
        b.deliver(here, Delivery(number, [], plain, additions))
    every_key = [RecordKey(table, uuid(number)) for table in "st" for number in range(12)]
    for version in random.sample(range(13), 13):
        context, aliases = model(transfers[:version])
        assert a.context(there, Direction.OUT, version) == context
        assert b.context(here, Direction.IN, version) == context
        assert a.aliases(there, Direction.OUT, version, every_key) == aliases
        assert b.aliases(here, Direction.IN, version, every_key) == aliases
    context, aliases = model(transfers)
    aliased = {number: key for key, number in aliases.items()}
    assert a.aliased(there, Direction.OUT, range(100)) == aliased
    assert b.aliased(here, Direction.IN, [*range(100), 3, 3]) == aliased
    assert b.inbound(here).mark == a.mark(there, 12) == Mark(context.digest)


def test_the_two_directions_have_nothing_in_common(both: tuple[Store, Partner, Store, Partner]) -> None:
    a, there, *_ = both
    a.seal(there, draft(plain=b"out", additions=Additions(tables=("out",), records=keys(1))))
    a.deliver(there, Delivery(1, [], b"in", Additions(tables=("in",), records=keys(2, 1))))
    assert list(a.context(there, Direction.OUT, 1).tables) == ["out"]
    assert list(a.context(there, Direction.IN, 1).tables) == ["in"]
    assert a.aliased(there, Direction.IN, [0, 1]) == dict(enumerate(keys(2, 1)))
    assert a.aliases(there, Direction.OUT, 1, keys(1, 2)) == {keys(1)[0]: 0}


def test_what_arrives_early_is_not_yet_in_the_context(both: tuple[Store, Partner, Store, Partner]) -> None:
    _, _, b, here = both
    b.deliver(here, Delivery(2, [], b"two", Additions(records=keys(2))))
    assert b.inbound(here).through == 0
    assert b.aliased(here, Direction.IN, [0]) == {}
    with pytest.raises(ContextError):
        b.context(here, Direction.IN, 2)
    b.deliver(here, Delivery(1, [], b"one", Additions(records=keys(1))))
    assert b.aliased(here, Direction.IN, [0, 1]) == dict(enumerate(keys(1, 2)))


def test_a_store_that_was_opened_again_knows_the_same(tmp_path: Path) -> None:
    random = Random(1)
    transfers = [(random.randbytes(30), random_additions(random)) for _ in range(5)]
    with open_store("a", tmp_path / "a.db") as a:
        there = a.add_partner("b", b"bbbbbbbb")
        for plain, additions in transfers:
            a.context(there, Direction.OUT, a.outbound(there).sealed)
            a.seal(there, draft(plain=plain, additions=additions))
    with open_store("a", tmp_path / "a.db") as a:
        for version in (3, 5, 0, 4):
            assert a.context(there, Direction.OUT, version) == model(transfers[:version])[0]


def test_another_process_that_changes_the_context_is_noticed(tmp_path: Path) -> None:
    """What is kept in memory is used only if it is what the database says."""
    with open_store("a", tmp_path / "a.db") as a, open_store("a", tmp_path / "a.db") as other:
        there = a.add_partner("b", b"bbbbbbbb")
        a.seal(there, draft(plain=b"x", additions=Additions(tables=("x",))))
        assert list(a.context(there, Direction.OUT, 1).tables) == ["x"]
        other.rewind(there, 0)
        other.seal(there, draft(plain=b"y", additions=Additions(tables=("y",))))
        other.seal(there, draft(plain=b"z", additions=Additions(tables=("z",))))
        assert list(a.context(there, Direction.OUT, 2).tables) == ["y", "z"]
        assert list(a.context(there, Direction.OUT, 1).tables) == ["y"]


def test_the_next_version_reads_only_what_is_new(both: tuple[Store, Partner, Store, Partner]) -> None:
    a, there, *_ = both
    for number in range(30):
        a.seal(there, draft(plain=bytes(100), additions=Additions(tables=(f"t{number}",))))
    a.context(there, Direction.OUT, 29)
    watched = Statements(a)
    a.context(there, Direction.OUT, 30)
    after = [values for text, values in watched.texts if "context_name" in text]
    assert len(after) == 1
    assert 29 in after[0]  # type: ignore[operator]
    watched.start()
    a.context(there, Direction.OUT, 30)
    assert [text.split()[0] for text, _ in watched.texts] == ["BEGIN", "SELECT", "COMMIT"]


def test_history_is_limited_and_old_transfers_are_forgotten(
    both: tuple[Store, Partner, Store, Partner],
) -> None:
    a, there, b, here = both
    random, size = Random(2), 5000
    transfers = [(random.randbytes(size), NOTHING) for _ in range(200)]
    for number, (plain, _) in enumerate(transfers, 1):
        a.seal(there, draft(plain=plain))
        a.confirm(there, number)
        b.deliver(here, Delivery(number, [], plain, NOTHING))
        if number % 37 == 0 or number == 200:
            for version in {number, max(0, number - 32), max(0, number - KEPT_VERSIONS + 16)}:
                expected = model(transfers[:version])[0]
                assert a.context(there, Direction.OUT, version) == expected
                assert b.context(here, Direction.IN, version) == expected
    needed = KEPT_VERSIONS + HISTORY_BYTES // size + 20
    for store in (a, b):
        with store._database.read() as connection:
            kept = connection.exec_driver_sql("SELECT count(*) FROM version").scalar_one()
            assert KEPT_VERSIONS < kept <= needed + 1


def test_a_version_whose_history_is_gone_is_not_known(both: tuple[Store, Partner, Store, Partner]) -> None:
    a, there, *_ = both
    for number in range(1, 200):
        a.seal(there, draft(plain=bytes(5000)))
        a.confirm(there, number)
    known = []
    for version in range(1, 200):
        try:
            known.append(a.context(there, Direction.OUT, version).version)
        except ContextError:
            assert not known
    assert all(second == first + 1 for first, second in pairwise(known))
    assert known[-1] == 199
    assert 64 <= len(known) <= 64 + 20
