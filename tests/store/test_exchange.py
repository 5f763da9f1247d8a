"""Transfers out and in: what a contact finds again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random

import pytest

from radiosync.errors import UsageError
from radiosync.records.edit import Edit
from radiosync.store import Store
from radiosync.store.context import KEPT_VERSIONS
from radiosync.sync.ports import (
    ArrivingTransfer,
    Delivery,
    Direction,
    Inbound,
    Job,
    Outbound,
    Partner,
    SealedTransfer,
)
from radiosync.wire.context import EMPTY_DIGEST, EMPTY_MARK, Additions, Context, Mark, RecordKey, chain_digest
from radiosync.wire.shape import Shape
from tests.store.stores import (
    JOB,
    NOTHING,
    SHAPE,
    all_records,
    carry,
    draft,
    dump,
    history,
    merged,
    open_store,
    origin,
    pair,
    put,
    random_fields,
    sync,
    uuid,
)

WIDE = Shape(200, 5)
"""Two blocks."""


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("a") as store:
        yield store


@pytest.fixture
def partner(store: Store) -> Partner:
    return store.add_partner("b", origin("b").station)


@pytest.fixture
def both() -> Iterator[tuple[Store, Partner, Store, Partner]]:
    with pair() as stores:
        yield stores


# Out.


def test_a_new_partner_has_nothing(store: Store, partner: Partner) -> None:
    assert store.outbound(partner) == Outbound(epoch=0, sealed=0, confirmed=0)
    assert store.unconfirmed(partner) == []
    assert store.cursor(partner, "any") == 0
    assert store.mark(partner, 0) == EMPTY_MARK
    assert store.mark(partner, 1) is None


def test_sealed_transfers_are_numbered_and_kept_until_confirmed(store: Store, partner: Partner) -> None:
    first = store.seal(partner, draft(scope="s", through=3, plain=b"one"))
    second = store.seal(partner, draft(scope="t", through=5, plain=b"two", shape=WIDE, priority=0))
    assert first == SealedTransfer(1, b"sealed one", SHAPE, (0,), 2, "s")
    assert second == SealedTransfer(2, b"sealed two", WIDE, (0, 0), 0, "t")
    assert store.unconfirmed(partner) == [first, second]
    assert store.outbound(partner) == Outbound(0, 2, 0)
    store.confirm(partner, 1)
    assert store.unconfirmed(partner) == [second]
    assert store.outbound(partner) == Outbound(0, 2, 1)
    store.confirm(partner, 2)
    store.confirm(partner, 1)
    assert store.unconfirmed(partner) == []
    assert store.outbound(partner) == Outbound(0, 2, 2)


def test_what_was_never_sealed_cannot_be_confirmed(store: Store, partner: Partner) -> None:
    store.seal(partner, draft())
    with pytest.raises(UsageError):
        store.confirm(partner, 2)


def test_each_scope_has_a_cursor(store: Store, partner: Partner) -> None:
    store.seal(partner, draft(scope="s", through=3))
    store.seal(partner, draft(scope="t", through=5))
    store.seal(partner, draft(scope="s", through=9))
    store.confirm(partner, 2)
    assert [store.cursor(partner, scope) for scope in "stu"] == [9, 5, 0]


def test_a_cursor_can_skip_what_is_not_for_the_partner(store: Store, partner: Partner) -> None:
    store.skip(partner, "s", 4)
    assert store.cursor(partner, "s") == 4
    store.seal(partner, draft(scope="t", through=2))
    store.skip(partner, "s", 7)
    store.seal(partner, draft(scope="t", through=8))
    assert [store.cursor(partner, scope) for scope in "st"] == [7, 8]
    store.rewind(partner, 1)
    assert [store.cursor(partner, scope) for scope in "st"] == [7, 2]


def test_promised_pieces_are_kept(store: Store, partner: Partner) -> None:
    for plain in (b"1", b"2", b"3"):
        store.seal(partner, draft(plain=plain, shape=WIDE))
    store.promise_pieces(partner, {1: [4, 0], 3: (100, 99)})
    store.promise_pieces(partner, {1: [5, 1], 9: [1]})
    store.promise_pieces(partner, {})
    assert [transfer.next_pieces for transfer in store.unconfirmed(partner)] == [(5, 1), (0, 0), (100, 99)]


def test_digests_follow_the_plain_bytes(store: Store, partner: Partner) -> None:
    digest = EMPTY_DIGEST
    for number, plain in enumerate((b"one", b"", b"three"), 1):
        digest = chain_digest(digest, plain)
        store.seal(partner, draft(plain=plain))
        assert store.mark(partner, number) == Mark(digest)
    assert store.mark(partner, 4) is None


def test_digests_of_the_last_confirmed_transfers_are_known(store: Store, partner: Partner) -> None:
    total = 3 * KEPT_VERSIONS
    for number in range(1, total + 1):
        store.seal(partner, draft(plain=bytes(40_000)))
        store.confirm(partner, number)
    known = [number for number in range(1, total + 1) if store.mark(partner, number) is not None]
    assert known == list(range(known[0], total + 1))
    assert KEPT_VERSIONS <= len(known) <= KEPT_VERSIONS + 20
    assert store.mark(partner, 0) == EMPTY_MARK


def five_tables(store: Store, partner: Partner, confirmed: int) -> None:
    """Transfers 1 to 5, each with a table of its own."""
    for through in range(1, 6):
        store.seal(partner, draft(scope="s", through=through, additions=Additions(tables=(f"t{through}",))))
    store.confirm(partner, confirmed)


def test_an_epoch_goes_on_from_where_the_partner_has_come(store: Store, partner: Partner) -> None:
    five_tables(store, partner, confirmed=4)
    before = [store.mark(partner, number) for number in range(4)], store.context(partner, Direction.OUT, 3)
    store.rewind(partner, 3)
    assert store.outbound(partner) == Outbound(epoch=1, sealed=3, confirmed=3, begins=3)
    assert store.cursor(partner, "s") == 3
    assert store.unconfirmed(partner) == []
    assert store.mark(partner, 4) is None
    assert before == (
        [store.mark(partner, number) for number in range(4)],
        store.context(partner, Direction.OUT, 3),
    )
    assert store.seal(partner, draft(scope="s", through=5, additions=Additions(tables=("u",)))).number == 4
    assert list(store.context(partner, Direction.OUT, 4).tables) == ["t1", "t2", "t3", "u"]
    store.rewind(partner, 1)
    assert store.outbound(partner) == Outbound(epoch=2, sealed=1, confirmed=1, begins=1)
    assert store.cursor(partner, "s") == 1


def test_an_epoch_that_begins_with_nothing_has_no_cursors_either(store: Store, partner: Partner) -> None:
    five_tables(store, partner, confirmed=4)
    store.rewind(partner, 0)
    assert store.outbound(partner) == Outbound(epoch=1, sealed=0, confirmed=0)
    assert store.cursor(partner, "s") == 0
    assert store.unconfirmed(partner) == []
    assert store.mark(partner, 1) is None
    assert store.context(partner, Direction.OUT, 0).tables == ()
    store.seal(partner, draft(scope="s", through=5, additions=Additions(tables=("u",))))
    assert list(store.context(partner, Direction.OUT, 1).tables) == ["u"]


@pytest.mark.parametrize(("heard", "found"), [(None, 1), (0, 1), (1, 2), (2, 1), (255, 1)])
def test_an_epoch_is_another_one_than_the_partner_names(
    store: Store, partner: Partner, heard: int | None, found: int
) -> None:
    """Who was put back would else give a number again that it has forgotten."""
    store.rewind(partner, 0, heard)
    assert store.outbound(partner).epoch == found


@pytest.mark.parametrize("through", [0, 1, 6, 1000])
def test_rewinding_to_nothing_or_the_unknown_begins_at_the_very_start(
    store: Store, partner: Partner, through: int
) -> None:
    for number in range(1, 3 * KEPT_VERSIONS):
        store.seal(partner, draft(scope="s", through=number, plain=bytes(40_000)))
        store.confirm(partner, number)
    store.rewind(partner, through)
    assert store.cursor(partner, "s") == 0
    assert store.outbound(partner) == Outbound(epoch=1, sealed=0, confirmed=0)


def test_epochs_are_counted_modulo_256(store: Store, partner: Partner) -> None:
    epochs = []
    for _ in range(257):
        store.rewind(partner, 0)
        epochs.append(store.outbound(partner).epoch)
    assert epochs == [*range(1, 256), 0, 1]


def test_rewinding_keeps_what_came_in(store: Store, partner: Partner) -> None:
    store.begin_epoch(partner, 9, 4)
    store.deliver(partner, Delivery(1, [], b"in", Additions(tables=("t",))))
    store.keep_pieces(partner, 2, SHAPE, 0, {0: b"x"})
    before = store.inbound(partner), store.context(partner, Direction.IN, 1), store.arriving(partner)
    store.rewind(partner, 0)
    assert (
        store.inbound(partner),
        store.context(partner, Direction.IN, 1),
        store.arriving(partner),
    ) == before


# In.


def pieces_of(arriving: Sequence[ArrivingTransfer]) -> dict[int, Sequence[Mapping[int, bytes]]]:
    return {transfer.number: transfer.pieces for transfer in arriving}


def test_nothing_has_come_from_a_new_partner(store: Store, partner: Partner) -> None:
    assert store.inbound(partner) == Inbound(None, 0, 0, EMPTY_MARK)
    assert store.arriving(partner) == []


def test_pieces_are_kept_by_transfer_and_block(store: Store, partner: Partner) -> None:
    store.keep_pieces(partner, 2, WIDE, 1, {0: b"a", 254: b"b"})
    store.keep_pieces(partner, 1, SHAPE, 0, {3: b"c"})
    store.keep_pieces(partner, 2, WIDE, 0, {7: b"d"})
    store.keep_pieces(partner, 2, WIDE, 1, {1: b"e", 0: b"again"})
    assert store.arriving(partner) == [
        ArrivingTransfer(1, SHAPE, ({3: b"c"},), False),
        ArrivingTransfer(2, WIDE, ({7: b"d"}, {0: b"a", 254: b"b", 1: b"e"}), False),
    ]


def test_dropped_pieces_are_gone(store: Store, partner: Partner) -> None:
    store.keep_pieces(partner, 1, SHAPE, 0, {3: b"c"})
    store.keep_pieces(partner, 2, SHAPE, 0, {3: b"c"})
    store.drop_pieces(partner, 1)
    store.drop_pieces(partner, 77)
    assert pieces_of(store.arriving(partner)) == {2: ({3: b"c"},)}


def test_single_pieces_are_dropped(store: Store, partner: Partner) -> None:
    store.keep_pieces(partner, 1, WIDE, 0, {3: b"c", 4: b"d"})
    store.keep_pieces(partner, 1, WIDE, 1, {3: b"c", 4: b"d", 5: b"e"})
    store.keep_pieces(partner, 2, WIDE, 1, {3: b"c"})
    store.drop_pieces(partner, 1, {0: [3, 4], 1: {4, 9}})
    store.drop_pieces(partner, 77, {0: [3]})
    assert pieces_of(store.arriving(partner)) == {1: ({}, {3: b"c", 5: b"e"}), 2: ({}, {3: b"c"})}


def test_another_shape_drops_the_pieces_of_the_old_one(store: Store, partner: Partner) -> None:
    store.keep_pieces(partner, 1, SHAPE, 0, {0: b"old", 1: b"old"})
    store.keep_pieces(partner, 1, WIDE, 0, {0: b"new"})
    assert store.arriving(partner) == [ArrivingTransfer(1, WIDE, ({0: b"new"}, {}), False)]


def test_pieces_of_an_applied_transfer_are_of_no_use(store: Store, partner: Partner) -> None:
    store.keep_pieces(partner, 1, SHAPE, 0, {0: b"x"})
    store.keep_pieces(partner, 3, SHAPE, 0, {0: b"x"})
    store.deliver(partner, Delivery(1, [], b"one", NOTHING))
    store.deliver(partner, Delivery(3, [], b"three", NOTHING))
    before = dump(store)
    store.keep_pieces(partner, 1, SHAPE, 0, {1: b"x"})
    store.keep_pieces(partner, 3, SHAPE, 0, {1: b"x"})
    store.drop_pieces(partner, 3)
    assert dump(store) == before
    assert store.arriving(partner) == [ArrivingTransfer(3, SHAPE, ({},), True)]


def test_a_transfer_that_came_without_pieces_waits_for_the_earlier_one_too(
    store: Store, partner: Partner
) -> None:
    store.deliver(partner, Delivery(2, [], b"two", NOTHING))
    (waits,) = store.arriving(partner)
    assert (waits.number, waits.applied, any(waits.pieces)) == (2, True, False)


def test_through_moves_as_far_as_there_is_no_gap(store: Store, partner: Partner) -> None:
    throughs = []
    for number in (3, 1, 5, 2, 4):
        store.deliver(partner, Delivery(number, [], str(number).encode(), NOTHING))
        throughs.append(store.inbound(partner).through)
    assert throughs == [0, 1, 1, 3, 5]
    assert store.arriving(partner) == []
    digest = EMPTY_DIGEST
    for number in range(1, 6):
        digest = chain_digest(digest, str(number).encode())
    assert store.inbound(partner).mark == Mark(digest)


def test_a_transfer_is_applied_once(both: tuple[Store, Partner, Store, Partner]) -> None:
    a, there, b, here = both
    a.edit([put(1, x="1")])
    changes = a.plan(there, JOB, 0, 1000).changes
    b.deliver(here, Delivery(1, changes, b"one", NOTHING))
    b.deliver(here, Delivery(3, changes, b"three", NOTHING))
    before = dump(b)
    b.deliver(here, Delivery(1, changes, b"other", Additions(tables=("t",))))
    b.deliver(here, Delivery(3, changes, b"other", Additions(tables=("t",))))
    assert dump(b) == before


def test_a_new_epoch_forgets_traffic_and_keeps_records(both: tuple[Store, Partner, Store, Partner]) -> None:
    a, there, b, here = both
    a.edit([put(1, x="1")])
    carry(a, there, b, here)
    b.seal(here, draft(plain=b"out", additions=Additions(tables=("t",))))
    b.keep_pieces(here, 2, SHAPE, 0, {0: b"x"})
    b.deliver(here, Delivery(3, [], b"three", NOTHING))
    before = all_records(b)
    b.begin_epoch(here, 9, 4)
    assert b.inbound(here) == Inbound(9, 4, 0, EMPTY_MARK)
    assert b.partner("a").incarnation == 9
    assert b.arriving(here) == []
    assert b.aliased(here, Direction.IN, [0]) == {}
    assert all_records(b) == before
    assert (b.outbound(here).sealed, b.context(here, Direction.OUT, 1).tables) == (1, ("t",))
    b.deliver(here, Delivery(1, [], b"anew", NOTHING))
    assert b.inbound(here).mark == Mark(chain_digest(EMPTY_DIGEST, b"anew"))


@pytest.mark.parametrize("begins", range(7))
def test_a_new_epoch_of_the_partner_goes_on_from_where_it_says(
    both: tuple[Store, Partner, Store, Partner], begins: int
) -> None:
    """If that is here; the fifth has arrived, and the fourth has not."""
    _, _, b, here = both
    b.begin_epoch(here, 9, 4)
    throughs = []
    for number in (1, 2, 3, 5):
        b.deliver(here, Delivery(number, [], b"%d" % number, Additions(tables=(f"t{number}",))))
        throughs.append((b.inbound(here), b.context(here, Direction.IN, b.inbound(here).through)))
    b.begin_epoch(here, 9, 5, begins)
    if 0 < begins < 4:
        inbound, context = throughs[begins - 1]
    else:
        begins, inbound, context = 0, Inbound(9, 4, 0, EMPTY_MARK), Context()
    assert b.inbound(here) == replace(inbound, epoch=5, begins=begins)
    assert b.context(here, Direction.IN, begins) == context
    assert b.arriving(here) == []
    b.deliver(here, Delivery(begins + 1, [], b"on", Additions(tables=("u",))))
    assert list(b.context(here, Direction.IN, begins + 1).tables) == [*context.tables, "u"]


def test_partners_do_not_see_each_others_pieces(store: Store, partner: Partner) -> None:
    other = store.add_partner("c", origin("c").station)
    store.keep_pieces(partner, 1, SHAPE, 0, {0: b"x"})
    store.deliver(partner, Delivery(2, [], b"two", NOTHING))
    store.seal(partner, draft())
    assert (store.arriving(other), store.unconfirmed(other), store.inbound(other).through) == ([], [], 0)
    store.begin_epoch(other, 1, 1)
    store.rewind(other, 0)
    assert len(store.arriving(partner)) == 2
    assert len(store.unconfirmed(partner)) == 1


# Records through transfers.


@pytest.mark.parametrize("seed", range(12))
def test_delivering_is_merging(store: Store, partner: Partner, seed: int) -> None:
    random = Random(seed)
    changes = history(random, steps=40)
    expected = merged(changes)
    number = 0
    while changes:
        number += 1
        size = random.randrange(1, 6)
        store.deliver(partner, Delivery(number, changes[:size], b"", NOTHING))
        changes = changes[size:]
    assert all_records(store) == expected


def random_edit(random: Random, round_: int) -> Edit:
    """Of one of few records, at a time that need not be in order."""
    wall_ms = round_ * 10 + random.randrange(15)
    return Edit("shelter", uuid(random.randrange(3)), random_fields(random), wall_ms)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("every_edit", [False, True])
def test_two_stores_that_both_edit_end_equal(
    both: tuple[Store, Partner, Store, Partner], seed: int, every_edit: bool
) -> None:
    a, there, b, here = both
    random = Random(seed)
    job = Job("all", every_edit=every_edit)
    for round_ in range(6):
        for store in (a, b):
            store.edit(random_edit(random, round_) for _ in range(random.randrange(5)))
        if random.random() < 0.7:
            sync(a, there, b, here, job)
    sync(a, there, b, here, job)
    assert list(a.content()) == list(b.content())


@pytest.mark.parametrize("seed", range(8))
def test_a_line_of_stations_ends_equal(seed: int) -> None:
    """What b hears from a it tells c, and the other way round."""
    random = Random(seed)
    with open_store("a") as a, open_store("b") as b, open_store("c") as c:
        ab, ba = a.add_partner("b", b.station), b.add_partner("a", a.station)
        bc, cb = b.add_partner("c", c.station), c.add_partner("b", b.station)
        for round_ in range(4):
            for store in (a, b, c):
                store.edit([random_edit(random, round_)])
            if random.random() < 0.5:
                sync(a, ab, b, ba)
            if random.random() < 0.5:
                sync(b, bc, c, cb)
        for _ in range(2):
            sync(a, ab, b, ba)
            sync(b, bc, c, cb)
        assert a.content_digest() == b.content_digest() == c.content_digest()


def test_what_was_applied_is_passed_on_and_not_sent_back(both: tuple[Store, Partner, Store, Partner]) -> None:
    a, there, b, here = both
    third = b.add_partner("c", origin("c").station)
    a.edit([put(1, x="1"), put(2, x="2")])
    assert carry(a, there, b, here) == 2
    assert b.plan(here, JOB, 0, 1000).changes == []
    assert merged(b.plan(third, JOB, 0, 1000).changes) == all_records(a)


def test_a_record_that_no_job_lets_in_has_an_alias_all_the_same(store: Store, partner: Partner) -> None:
    key = RecordKey("shelter", uuid(9))
    store.deliver(partner, Delivery(1, [], b"one", Additions(records=(key,))))
    assert store.aliased(partner, Direction.IN, [0]) == {0: key}
    assert all_records(store) == {}
