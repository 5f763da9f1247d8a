"""Each method is one transaction: it fails at any of its statements and nothing has happened, on disk or in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from radiosync.records.model import Grave, Record
from radiosync.store import Contact, Store
from radiosync.store.context import KEPT_VERSIONS
from radiosync.sync.ports import Delivery, Direction, Job, Partner
from radiosync.wire.context import Additions, FieldKey, RecordKey
from tests.store.stores import (
    JOB,
    SHAPE,
    Statements,
    delete,
    draft,
    dump,
    open_store,
    origin,
    put,
    stamp,
    uuid,
    write,
)

MANY = Additions(
    origins=(origin("x"), origin("y")),
    tables=("t", "u"),
    fields=(FieldKey("t", "f"), FieldKey("u", "g")),
    records=tuple(RecordKey("t", uuid(number)) for number in range(5)),
)
CHANGES = (
    Record("t", uuid(1), 0, {"x": (write("x", 3, "new", time=90 << 16),), "y": (write("y", 1, "y"),)}),
    Record("t", uuid(2), 0, {}, Grave(stamp("x", 4, time=99 << 16), {origin("a"): 2})),
    Record("t", uuid(9), 0, {"x": (write("y", 2, "new"), write("z", 1, "lost"))}),
    Record("t", uuid(3), 0, {"x": (write("x", 5, "settles", time=95 << 16, a=3),)}),
)


@dataclass
class World:
    store: Store
    partner: Partner


def make_world() -> World:
    """A store in the middle of everything."""
    store = open_store("a")
    partner = store.add_partner("b", origin("b").station)
    store.edit(put(number, "t", wall_ms=10 + number, x="old") for number in range(1, 5))
    store.begin_epoch(partner, 1, 1)
    for number in range(1, 4):
        store.seal(partner, draft(scope="s", through=number, plain=b"plain", additions=MANY))
    store.confirm(partner, 1)
    lost = Record("t", uuid(3), 0, {"x": (write("y", 7, "lost", time=1),)})
    store.deliver(partner, Delivery(1, [lost], b"in", Additions(tables=("t",))))
    store.deliver(partner, Delivery(3, [], b"early", MANY))
    store.keep_pieces(partner, 2, SHAPE, 0, {0: b"a", 1: b"b"})
    store.keep_pieces(partner, 4, SHAPE, 0, {0: b"a", 1: b"b"})
    store.set_setting("key", "old")
    store.hold(partner, "held")
    store.leave_out(partner, RecordKey("t", uuid(4)))
    members = [store.add_partner(name, origin(name).station) for name in "xyz"]
    pool = store.add_pool("all", members[:2])
    for number in range(1, 4):
        store.seal(pool, draft(scope="s", through=number, plain=b"pool", model=b"state %d" % number))
    for each in members[:2]:
        store.note_member(pool, each.station, 1)
    store.note_member(pool, members[0].station, 2)
    return World(store, partner)


def read_all(world: World) -> object:
    """What the world says of itself through its public methods."""
    store, partner = world.store, world.partner
    if partner.name not in [each.name for each in store.partners()]:
        return store.partners()
    inbound, outbound = store.inbound(partner), store.outbound(partner)
    return (
        list(store.content()),
        store.conflicts(),
        store.plan(partner, Job("e", every_edit=True), 0, 1 << 40),
        inbound,
        outbound,
        store.unconfirmed(partner),
        store.arriving(partner),
        store.context(partner, Direction.OUT, outbound.sealed),
        store.context(partner, Direction.IN, inbound.through),
        store.aliased(partner, Direction.OUT, range(20)),
        store.aliased(partner, Direction.IN, range(20)),
        store.status(partner, [JOB]),
        store.recent_contacts(partner, 9),
        store.holds(partner),
        store.left_out(partner),
        store.worn(partner),
        [pool_of(store, each) for each in store.partners() if each.pool],
    )


def pool_of(store: Store, pool: Partner) -> object:
    outbound = store.outbound(pool)
    model = store.model(pool, Direction.OUT, outbound.sealed)
    return pool, outbound, store.members(pool), model, store.unconfirmed(pool)


def note_member(world: World) -> None:
    world.store.note_member(world.store.partner("all"), origin("y").station, 2)


def confirm_far(world: World) -> None:
    world.store.confirm(world.partner, 3)


METHODS: dict[str, Callable[[World], object]] = {
    "edit": lambda w: w.store.edit(
        [put(7, "t", x="1"), put(1, "t", x="2"), delete(4, "t"), put(3, "t", x="s")]
    ),
    "set_setting": lambda w: w.store.set_setting("key", "new"),
    "make_setting": lambda w: w.store.set_setting("other", "new"),
    "add_partner": lambda w: w.store.add_partner("c", origin("c").station),
    "remove_partner": lambda w: w.store.remove_partner("b"),
    "note_contact": lambda w: w.store.note_contact(w.partner, Contact(1, 2, "done", 3, 4)),
    "next_contact": lambda w: w.store.next_contact(w.partner),
    "meet": lambda w: w.store.meet(w.partner, 55, 1, 3),
    "skip": lambda w: w.store.skip(w.partner, "s", 9),
    "seal": lambda w: w.store.seal(
        w.partner,
        draft(through=9, plain=b"more", additions=replace(MANY, tables=("new",), origins=(origin("n"),))),
    ),
    "seal_anew": lambda w: w.store.seal_anew(
        w.partner,
        2,
        draft(scope="s", through=9, plain=b"else", additions=replace(MANY, tables=("new",)), carries=CHANGES),
    ),
    "hold": lambda w: w.store.hold(w.partner),
    "release": lambda w: w.store.release(w.partner, "held"),
    "leave_out": lambda w: w.store.leave_out(w.partner, RecordKey("t", uuid(1))),
    "put_back": lambda w: w.store.put_back(w.partner, RecordKey("t", uuid(4))),
    "add_pool": lambda w: w.store.add_pool("some", [w.partner]),
    "join_pool": lambda w: w.store.join_pool("theirs", w.partner),
    "note_member": note_member,
    "rewind_pool": lambda w: w.store.rewind(w.store.partner("all"), 0),
    "add_members": lambda w: w.store.add_members(w.store.partner("all"), [w.store.partner("z")]),
    "remove_members": lambda w: w.store.remove_members(w.store.partner("all"), [w.store.partner("y")]),
    "remove_pool": lambda w: w.store.remove_partner("all"),
    "seal_for_pool": lambda w: w.store.seal(w.store.partner("all"), draft(plain=b"p", model=b"new")),
    "promise_pieces": lambda w: w.store.promise_pieces(w.partner, {2: [3], 3: [4]}),
    "confirm": confirm_far,
    "rewind": lambda w: w.store.rewind(w.partner, 2),
    "begin_epoch": lambda w: w.store.begin_epoch(w.partner, 6, 6),
    "keep_pieces": lambda w: w.store.keep_pieces(w.partner, 6, SHAPE, 0, {0: b"a", 1: b"b"}),
    "keep_other_shape": lambda w: w.store.keep_pieces(w.partner, 4, replace(SHAPE, pieces=2), 0, {0: b"a"}),
    "drop_pieces": lambda w: w.store.drop_pieces(w.partner, 4),
    "drop_some_pieces": lambda w: w.store.drop_pieces(w.partner, 4, {0: [0]}),
    "deliver": lambda w: w.store.deliver(w.partner, Delivery(2, CHANGES, b"two", MANY)),
    "deliver_early": lambda w: w.store.deliver(w.partner, Delivery(4, CHANGES, b"four", MANY)),
}


@pytest.fixture
def world() -> Iterator[World]:
    world = make_world()
    yield world
    world.store.close()


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_fails_at_any_statement_has_done_nothing(world: World, method: str) -> None:
    call = METHODS[method]
    expected_world = make_world()
    expected = call(expected_world), read_all(expected_world), dump(expected_world.store)
    expected_world.store.close()
    before, said = dump(world.store), read_all(world)
    watched = Statements(world.store)
    for fail_at in range(200):
        watched.start(fail_at)
        try:
            result = call(world)
        except OSError:
            watched.start()
            assert dump(world.store) == before
            assert read_all(world) == said
        else:
            break
    else:
        pytest.fail("it never ends")
    assert fail_at >= 3  # BEGIN, COMMIT, and at least one more
    watched.start()
    assert (result, read_all(world), dump(world.store)) == expected
    assert dump(world.store) != before


def test_every_method_that_writes_is_tried() -> None:
    reads = {
        "open", "close", "copy_to", "origin", "station", "get_setting", "record", "records", "tables", "content",
        "content_digest", "conflicts", "partners", "partner", "waiting", "status", "recent_contacts", "outbound",
        "cursor", "plan", "unconfirmed", "mark", "inbound", "arriving", "context", "aliases", "aliased",
        "holds", "left_out", "worn", "members", "model", "is_taught_behind",
    }  # fmt: skip
    public = {name for name in vars(Store) if not name.startswith("_")}
    assert public - reads <= METHODS.keys()


def test_confirming_and_delivering_prune_within_their_transaction(world: World) -> None:
    """The statements that come only now and then are inside, too."""
    store, partner = world.store, world.partner
    for _ in range(4, 2 * KEPT_VERSIONS + 1):
        store.seal(partner, draft(plain=bytes(50_000)))
    before = dump(store)
    watched = Statements(store)
    watched.start()
    store.confirm(partner, 2 * KEPT_VERSIONS)
    statements = len(watched.texts)
    assert any(text.startswith("DELETE FROM version") for text, _ in watched.texts)
    world = make_world()
    store, partner = world.store, world.partner
    for _ in range(4, 2 * KEPT_VERSIONS + 1):
        store.seal(partner, draft(plain=bytes(50_000)))
    watched = Statements(store)
    watched.start(statements - 1)
    with pytest.raises(OSError, match="disk"):
        store.confirm(partner, 2 * KEPT_VERSIONS)
    watched.start()
    assert dump(store) == before
    store.close()
