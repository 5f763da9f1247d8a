"""Models of the compact codec: each batch finds the one that it builds on, and no older one is kept."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import delete, select

from radiosync.errors import StoreError
from radiosync.limits import OPEN_TRANSFERS
from radiosync.store import Store
from radiosync.store.schema import model
from radiosync.sync.ports import Delivery, Direction, Partner
from radiosync.wire.context import EMPTY_DIGEST, Mark, chain_digest
from tests.store.stores import NOTHING, Statements, draft, dump, open_store, origin, pair

BACK = 8
"""Versions before `through` on which a receiver may still be told to build (protocol, section 8.4)."""


def test_the_window_is_that_of_the_protocol() -> None:
    """A batch builds on what was confirmed when it was sealed, and so many may be open at each of the two ends."""
    assert BACK == 2 * OPEN_TRANSFERS


@pytest.fixture
def both() -> Iterator[tuple[Store, Partner, Store, Partner]]:
    with pair() as stores:
        yield stores


def kept(store: Store, direction: Direction) -> list[int]:
    """The transfers whose models are on disk."""
    is_kept = (model.c.direction == direction.value) & model.c.state.is_not(None)
    statement = select(model.c.number).where(is_kept).order_by(model.c.number)
    with store._database.read() as connection:
        return list(connection.execute(statement).scalars())


@dataclass
class Taught:
    """What section 8.4 of the protocol says, without a database.

    Attributes:
        left: the model that each transfer left behind, if it did.
    """

    left: dict[int, bytes] = field(default_factory=dict)

    def at(self, version: int) -> bytes | None:
        """What a batch builds on whose context is that version."""
        return self.left.get(max((number for number in self.left if number <= version), default=0))

    def needed(self, base: int) -> list[int]:
        """The transfers whose models versions from `base` on can build on."""
        newest = max((number for number in self.left if number <= base), default=0)
        return sorted(number for number in self.left if number >= newest)


def state(random: Random) -> bytes | None:
    """What a batch leaves behind; those of the fast codec nothing."""
    return random.randbytes(20) if random.random() < 0.6 else None


@pytest.mark.parametrize("seed", range(10))
def test_a_sender_keeps_what_is_confirmed_and_all_behind_it(
    both: tuple[Store, Partner, Store, Partner], seed: int
) -> None:
    a, there, *_ = both
    random, taught, sealed, confirmed = Random(seed), Taught(), 0, 0
    for _ in range(80):
        if sealed < confirmed + OPEN_TRANSFERS and random.random() < 0.6:
            sealed, left = sealed + 1, state(random)
            a.seal(there, draft(plain=bytes([sealed]), model=left))
            if left is not None:
                taught.left[sealed] = left
        elif sealed > confirmed:
            confirmed = random.randint(confirmed + 1, sealed)
            a.confirm(there, confirmed)
        if confirmed:
            assert kept(a, Direction.OUT) == taught.needed(confirmed)
        for version in range(confirmed, sealed + 1):
            assert a.model(there, Direction.OUT, version) == taught.at(version), version
            behind = {number for number in taught.left if number > version}
            for number in range(version + 1, sealed + 2):
                assert a.is_taught_behind(there, version, number) == bool(behind - {number})
    assert confirmed > 3 * BACK


@pytest.mark.parametrize("seed", range(10))
def test_a_receiver_keeps_what_the_sender_may_still_build_on(
    both: tuple[Store, Partner, Store, Partner], seed: int
) -> None:
    """Transfers are applied in any order."""
    _, _, b, here = both
    random, taught, applied, through = Random(seed), Taught(), set[int](), 0
    while through < 4 * BACK:
        number = random.choice([each for each in range(through + 1, through + 5) if each not in applied])
        left = state(random)
        b.deliver(here, Delivery(number, [], bytes([number]), NOTHING, left))
        applied.add(number)
        if left is not None:
            taught.left[number] = left
        while through + 1 in applied:
            through += 1
        assert b.inbound(here).through == through
        for version in range(max(0, through - BACK), through + 1):
            assert b.model(here, Direction.IN, version) == taught.at(version), version
        if number <= through > BACK:
            assert kept(b, Direction.IN) == taught.needed(through - BACK)


@pytest.mark.parametrize("direction", Direction)
def test_one_that_was_taught_long_ago_is_kept_while_it_is_the_newest(
    both: tuple[Store, Partner, Store, Partner], direction: Direction
) -> None:
    """A link got faster: hundreds of batches in the fast codec later a slow one goes on where it was."""
    a, there, *_ = both
    for number in range(1, 200):
        left = b"learnt" if number == 3 else None
        if direction is Direction.OUT:
            a.seal(there, draft(plain=b"x", model=left))
            a.confirm(there, number)
        else:
            a.deliver(there, Delivery(number, [], b"x", NOTHING, left))
        assert a.model(there, direction, number) == (None if number < 3 else b"learnt")
    assert kept(a, direction) == [3]


@pytest.mark.parametrize("direction", Direction)
def test_each_partner_and_each_direction_has_its_own(
    both: tuple[Store, Partner, Store, Partner], direction: Direction
) -> None:
    a, there, *_ = both
    other = a.add_partner("c", origin("c").station)
    for number in range(1, 4):
        for partner in (there, other):
            a.seal(partner, draft(plain=b"x", model=f"out {partner.name} {number}".encode()))
            left = f"in {partner.name} {number}".encode()
            a.deliver(partner, Delivery(number, [], b"x", NOTHING, left))
    a.confirm(there, 3)
    for partner in (there, other):
        expected = f"{direction.value} {partner.name} 3".encode()
        assert a.model(partner, direction, 3) == expected
    assert a.model(other, Direction.OUT, 1) == b"out c 1", "what another partner confirms prunes nothing here"
    assert a.model(there, Direction.OUT, 2) is None


# Which one it is.


def test_a_digest_says_which_batches_have_taught_a_model(both: tuple[Store, Partner, Store, Partner]) -> None:
    a, there, b, here = both
    digest, marks = EMPTY_DIGEST, []
    for number, teaches in enumerate((False, True, False, False, True, True), 1):
        plain, left = b"plain %d" % number, b"left %d" % number if teaches else None
        digest = chain_digest(digest, plain) if teaches else digest
        a.seal(there, draft(plain=plain, model=left))
        a.confirm(there, number - 1)
        b.deliver(here, Delivery(number, [], plain, NOTHING, left))
        marks.append(a.mark(there, number))
        assert b.inbound(here).mark == marks[-1]
        assert b.inbound(here).mark.model == digest
    assert [a.mark(there, number) for number in range(1, 7)] == marks, "models that are gone had digests too"
    other = b.inbound(here).mark
    b.begin_epoch(here, 1, 1, 6)
    assert b.inbound(here).mark == Mark(other.context, EMPTY_DIGEST)


def test_a_model_that_is_gone_shows(both: tuple[Store, Partner, Store, Partner]) -> None:
    a, there, *_ = both
    fill(a, there, 2, confirmed=2)
    marks = a.mark(there, 2), a.inbound(there).mark
    with a._database.write() as connection:
        connection.execute(delete(model))
    for before, now in zip(marks, (a.mark(there, 2), a.inbound(there).mark), strict=True):
        assert before is not None
        assert now == Mark(before.context)
        assert now != before


# What is not so any more.


def fill(store: Store, partner: Partner, transfers: int, confirmed: int) -> None:
    """Compact batches both ways."""
    for number in range(1, transfers + 1):
        store.seal(partner, draft(plain=b"x", model=b"out %d" % number))
        store.deliver(partner, Delivery(number, [], b"x", NOTHING, b"in %d" % number))
    store.confirm(partner, confirmed)


def test_a_new_epoch_of_ours_forgets_what_our_batches_taught(
    both: tuple[Store, Partner, Store, Partner],
) -> None:
    """Even one that goes on from there: a partner that has lost its models could not tell which."""
    a, there, *_ = both
    fill(a, there, 4, confirmed=2)
    a.rewind(there, 2)
    assert kept(a, Direction.OUT) == []
    assert [a.model(there, Direction.OUT, version) for version in range(5)] == [None] * 5
    assert not a.is_taught_behind(there, 0, 1)
    assert a.model(there, Direction.IN, 4) == b"in 4"
    a.seal(there, draft(plain=b"y", model=b"anew"))
    assert a.model(there, Direction.OUT, 3) == b"anew"
    assert a.model(there, Direction.OUT, 2) is None


def test_a_new_epoch_of_the_partner_forgets_what_its_batches_taught(
    both: tuple[Store, Partner, Store, Partner],
) -> None:
    a, there, *_ = both
    fill(a, there, 4, confirmed=2)
    a.deliver(there, Delivery(6, [], b"early", NOTHING, b"in 6"))
    a.begin_epoch(there, 1, 1)
    assert kept(a, Direction.IN) == []
    assert [a.model(there, Direction.IN, version) for version in range(7)] == [None] * 7
    assert a.model(there, Direction.OUT, 4) == b"out 4"


@pytest.mark.parametrize("anew", [b"taught anew", None])
def test_a_batch_that_is_sealed_anew_takes_back_what_the_old_one_taught(
    both: tuple[Store, Partner, Store, Partner], anew: bytes | None
) -> None:
    a, there, *_ = both
    a.seal(there, draft(plain=b"one", model=b"first"))
    a.confirm(there, 1)
    a.seal(there, draft(plain=b"two", model=b"second"))
    a.seal(there, draft(plain=b"three"))
    assert a.is_taught_behind(there, 1, 3)
    a.seal_anew(there, 2, draft(plain=b"two again", model=anew))
    assert a.model(there, Direction.OUT, 2) == a.model(there, Direction.OUT, 3) == (anew or b"first")
    assert a.is_taught_behind(there, 1, 3) == (anew is not None)


@pytest.mark.parametrize("step", ["seal", "seal anew", "deliver", "confirm", "rewind", "begin epoch"])
def test_a_transaction_that_fails_leaves_the_models_as_they_were(
    both: tuple[Store, Partner, Store, Partner], step: str
) -> None:
    """At each of its statements, the last one included."""
    a, there, *_ = both
    fill(a, there, 12, confirmed=9)
    steps = {
        "seal": lambda: a.seal(there, draft(plain=b"y", model=b"new")),
        "seal anew": lambda: a.seal_anew(there, 12, draft(plain=b"y", model=None)),
        "deliver": lambda: a.deliver(there, Delivery(13, [], b"y", NOTHING, b"new")),
        "confirm": lambda: a.confirm(there, 11),
        "rewind": lambda: a.rewind(there, 0),
        "begin epoch": lambda: a.begin_epoch(there, 2, 1),
    }
    before, watched = dump(a)["model"], Statements(a)
    for fail_at in range(1, 100):
        watched.start(fail_at)
        try:
            steps[step]()
        except (OSError, StoreError):
            watched.start()
            assert dump(a)["model"] == before, fail_at
            continue
        break
    assert fail_at > 3
    watched.start()
    assert dump(a)["model"] != before


def test_a_database_that_was_put_back_finds_what_it_had_then(tmp_path: Path) -> None:
    with open_store("a", tmp_path / "a.db") as a:
        there = a.add_partner("b", origin("b").station)
        fill(a, there, 10, confirmed=7)
    shutil.copy(tmp_path / "a.db", tmp_path / "backup.db")
    with open_store("a", tmp_path / "a.db") as a:
        for number in range(11, 21):
            a.seal(there, draft(plain=b"x", model=b"out %d" % number))
            a.confirm(there, number)
        assert a.model(there, Direction.OUT, 20) == b"out 20"
    with open_store("a", tmp_path / "backup.db") as a:
        assert kept(a, Direction.OUT) == [7, 8, 9, 10]
        assert kept(a, Direction.IN) == list(range(10 - BACK, 11))
        assert [a.model(there, Direction.OUT, version) for version in (7, 9, 12)] == [
            b"out 7",
            b"out 9",
            b"out 10",
        ]


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_a_model_comes_back_as_it_was(both: tuple[Store, Partner, Store, Partner], size: int) -> None:
    a, there, *_ = both
    left = Random(size).randbytes(min(size, 10_000)) + bytes(max(0, size - 10_000))
    a.seal(there, draft(plain=b"x", model=left))
    assert a.model(there, Direction.OUT, 1) == left


def test_a_damaged_model_is_said_to_be_one(both: tuple[Store, Partner, Store, Partner]) -> None:
    a, there, *_ = both
    a.seal(there, draft(plain=b"x", model=b"learnt"))
    with a._database.write() as connection:
        connection.exec_driver_sql("UPDATE model SET state = x'00112233'")
    with pytest.raises(StoreError, match="damaged model"):
        a.model(there, Direction.OUT, 1)
