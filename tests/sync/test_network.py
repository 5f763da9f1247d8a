"""Three to five stations in a line and in a ring, each with a store of its own: whatever they write, they end equal."""

from collections.abc import Iterator
from random import Random
from uuid import UUID

import pytest

from radiosync.records.edit import Edit
from radiosync.records.merge import ConflictKind
from radiosync.records.value import Number, Value
from radiosync.store import Store
from radiosync.sync.mail import Mail
from radiosync.sync.ports import Job, Partner

_JOBS = (Job("all"),)
_UUIDS = [UUID(int=number) for number in range(1, 5)]
_NAMES = ("a", "b", "c")


class Network:
    """Stations that know their neighbours."""

    def __init__(self, random: Random, count: int, ring: bool) -> None:
        self.random = random
        self.stores = [self._open() for _ in range(count)]
        self.pairs = [(at, at + 1) for at in range(count - 1)] + ([(count - 1, 0)] if ring else [])
        self._partners: dict[tuple[int, int], Partner] = {}
        for left, right in self.pairs:
            for here, there in ((left, right), (right, left)):
                partner = self.stores[here].add_partner(f"s{there}", self.stores[there].station)
                self._partners[here, there] = partner
            for here, there in ((left, right), (right, left)):
                self.stores[here].begin_epoch(
                    self._partners[here, there], self.stores[there].origin.incarnation, 0
                )

    def _open(self) -> Store:
        # Each clock is wrong in its own way.
        wrong_ms = self.random.choice([0, 0, 1000, 10**12])
        return Store.open(
            ":memory:",
            durable=False,
            make_identity=self.random.randbytes,
            clock=lambda: wrong_ms + self.random.randrange(100),
        )

    def write(self, at: int) -> None:
        """A random edit at a station."""
        uuid, store = self.random.choice(_UUIDS), self.stores[at]
        if self.random.random() < 0.2:
            store.edit([Edit("t", uuid, None)])
            return
        record = store.record("t", uuid)
        fields: dict[str, Value] = dict(record.fields) if record is not None and record.alive else {}
        for name in self.random.sample(_NAMES, self.random.randint(1, 2)):
            fields[name] = Number(str(self.random.randrange(4)))
        if self.random.random() < 0.2:
            fields.pop(self.random.choice(_NAMES), None)
        store.edit([Edit("t", uuid, fields)])

    def carry(self, here: int, there: int) -> bool:
        """One batch from station to station; False if there was none."""
        mail = Mail(self.stores[here], self._partners[here, there], _JOBS)
        sender = mail.seal_next(300)
        if sender is None:
            return False
        data = self.stores[here].unconfirmed(self._partners[here, there])[-1].data
        assert Mail(self.stores[there], self._partners[there, here], _JOBS).deliver(sender.number, data)
        mail.confirm(sender.number)
        return True

    def settle(self) -> Iterator[int]:
        """Exchange until nobody has anything for anybody; yields the rounds."""
        for round_number in range(100):
            moved = [self.carry(*way) for left, right in self.pairs for way in ((left, right), (right, left))]
            if not any(moved):
                return
            yield round_number
        pytest.fail("the stations never come to rest")

    def close(self) -> None:
        for store in self.stores:
            store.close()


@pytest.mark.parametrize("ring", [False, True], ids=["line", "ring"])
@pytest.mark.parametrize("count", [3, 4, 5])
def test_all_end_equal(count: int, ring: bool) -> None:
    for seed in range(8):
        network = Network(Random(f"{seed}/{count}/{ring}"), count, ring)
        for _ in range(network.random.randint(5, 40)):
            if network.random.random() < 0.6:
                network.write(network.random.randrange(count))
            else:
                left, right = network.random.choice(network.pairs)
                network.carry(*network.random.choice([(left, right), (right, left)]))
        rounds = list(network.settle())
        digests = {store.content_digest() for store in network.stores}
        assert len(digests) == 1, f"seed {seed}: {count} stations differ after {len(rounds)} rounds"
        network.close()


def test_what_arrives_is_not_sent_back() -> None:
    network = Network(Random(1), 3, ring=False)
    for _ in range(10):
        network.write(0)
    assert network.carry(0, 1)
    assert not network.carry(1, 0)
    assert network.carry(1, 2)
    assert not network.carry(2, 1)
    network.close()


def test_the_loser_of_a_conflict_is_kept_at_both_ends_of_a_line() -> None:
    network = Network(Random(2), 3, ring=False)
    network.stores[0].edit([Edit("t", _UUIDS[0], {"a": Number("1"), "b": Number("1")})])
    list(network.settle())
    network.stores[0].edit([Edit("t", _UUIDS[0], {"a": Number("2"), "b": Number("1")})])
    network.stores[2].edit([Edit("t", _UUIDS[0], {"a": Number("3"), "b": Number("9")})])
    list(network.settle())
    for store in network.stores:
        record = store.record("t", _UUIDS[0])
        assert record is not None
        values = [write.value for write in record.writes["a"]]
        assert sorted(value.literal for value in values if isinstance(value, Number)) == ["2", "3"]
        assert record.fields["b"] == Number("9")
        assert {conflict.field for conflict in store.conflicts(only_open=True)} == {"a"}
    network.close()


def test_a_record_that_is_made_and_deleted_between_two_contacts_costs_nothing() -> None:
    network = Network(Random(3), 3, ring=False)
    network.stores[0].edit([Edit("t", _UUIDS[0], {"a": "a long text that nobody needs any more"})])
    network.stores[0].edit([Edit("t", _UUIDS[0], None)])
    assert not list(network.settle())
    assert len({store.content_digest() for store in network.stores}) == 1
    network.close()


def test_what_a_dead_record_held_comes_back_with_it() -> None:
    """The delete at one end and an edit at the other do not know of each other; the middle knew neither."""
    network = Network(Random(4), 3, ring=False)
    first, middle, last = network.stores
    first.edit([Edit("t", _UUIDS[0], {"a": Number("1"), "b": Number("1")})])
    list(network.settle())
    first.edit([Edit("t", _UUIDS[0], {"a": Number("2"), "b": Number("1")})])
    first.edit([Edit("t", _UUIDS[0], None)])
    last.edit([Edit("t", _UUIDS[0], {"a": Number("1"), "b": Number("7")})])
    list(network.settle())
    for store in (first, middle, last):
        record = store.record("t", _UUIDS[0])
        assert record is not None
        assert record.alive
        assert record.fields == {"a": Number("2"), "b": Number("7")}
        assert any(conflict.kind is ConflictKind.DELETE for conflict in store.conflicts())
    network.close()
