"""A database with something in every table, as each revision of the schema leaves one behind for later ones to open.

A new revision of the schema brings its own: `python -m tests.store.old_database` writes it into `tests/store/data`.
"""

import json
import sqlite3
import tempfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from uuid import UUID

from radiosync.records.model import Record
from radiosync.records.value import Number
from radiosync.store import Contact, Store
from radiosync.store.schema import REVISION
from radiosync.sync.ports import Delivery, Direction, Job
from radiosync.wire.context import Additions, FieldKey, RecordKey
from tests.store.stores import JOB, SHAPE, delete, draft, open_store, origin, put, uuid, write

DATA = Path(__file__).parent / "data"
NAMES = Additions(
    (origin("a"), origin("c")), ("shelter",), (FieldKey("shelter", "name"),), (RecordKey("shelter", uuid(1)),)
)


def fill(store: Store) -> None:
    """Something in every table."""
    partner = store.add_partner("base", origin("b").station, "N0CALL-7")
    store.set_setting("language", "es")
    store.edit(
        [put(1, wall_ms=1000, name="Escuela Nº 3", beds=Number("12.50"), open=True), put(2, wall_ms=1000)]
    )
    store.edit(
        [
            put(1, wall_ms=2000, name="Escuela", open=True),
            delete(2, wall_ms=2000),
            put(3, wall_ms=1, name="x"),
        ]
    )
    store.edit([delete(3, wall_ms=2), put(3, wall_ms=3, name="again")])
    store.meet(partner, 7, 1, 0)
    store.begin_epoch(partner, 7, 3)
    theirs = Record("shelter", uuid(1), 0, {"name": (write("c", 4, "School", time=1 << 40),)})
    store.deliver(partner, Delivery(1, [theirs], b"first", NAMES, b"model"))
    store.deliver(partner, Delivery(3, [], b"third", NAMES))
    store.keep_pieces(partner, 2, SHAPE, 0, {0: b"piece", 4: b"other"})
    store.seal(partner, draft(store.plan(partner, JOB, 0, 10), plain=b"sealed", additions=NAMES))
    store.seal(partner, draft(store.plan(partner, JOB, 2, 10), plain=b"again"))
    store.promise_pieces(partner, {2: [3]})
    store.confirm(partner, 1)
    store.hold(partner, "stock")
    store.leave_out(partner, RecordKey("shelter", uuid(2)))
    pool = store.add_pool("everybody", [partner])
    store.seal(pool, draft(store.plan(pool, JOB, 0, 10), plain=b"for all", model=b"of all"))
    store.note_member(pool, partner.station, 1)
    store.next_contact(partner)
    store.note_contact(partner, Contact(1000, 2000, "contact.done", 300, 200))


def describe(store: Store) -> object:
    """All that a store says about itself, in the terms of JSON."""
    partner = store.partner("base")
    inbound = store.inbound(partner)
    return _plain(
        {
            "origin": store.origin,
            "language": store.get_setting("language"),
            "content": list(store.content()),
            "tables": store.tables(),
            "conflicts": store.conflicts(),
            "partners": store.partners(),
            "status": store.status(partner, [JOB]),
            "contacts": store.recent_contacts(partner, 9),
            "outbound": store.outbound(partner),
            "unconfirmed": store.unconfirmed(partner),
            "plan": store.plan(partner, Job("each", every_edit=True), 0, 1 << 40),
            "inbound": {
                "incarnation": inbound.incarnation,
                "epoch": inbound.epoch,
                "through": inbound.through,
                "digest": inbound.mark.context,
                "model digest": inbound.mark.model,
            },
            "arriving": store.arriving(partner),
            "contexts": [store.context(partner, way, 1) for way in Direction],
            "holds": sorted(store.holds(partner).jobs),
            "left_out": store.left_out(partner),
            "model": store.model(partner, Direction.IN, 1),
            "members": [list(store.members(pool).items()) for pool in store.partners() if pool.pool],
            "aliases": [store.aliased(partner, way, range(9)) for way in Direction],
        }
    )


def _plain(thing: object) -> object:
    match thing:
        case bytes():
            return thing.hex()
        case UUID():
            return str(thing)
        case Enum():
            return thing.value
        case frozenset():
            return sorted(thing)
        case None | bool() | int() | str():
            return thing
        case Mapping() if all(isinstance(key, str) for key in thing):
            return {key: _plain(value) for key, value in thing.items()}
        case Mapping():
            return [[_plain(key), _plain(value)] for key, value in thing.items()]
        case tuple() | list():
            return [_plain(part) for part in thing]
        case _ if is_dataclass(thing):
            return {each.name: _plain(getattr(thing, each.name)) for each in fields(thing)}
        case _:
            raise TypeError(type(thing))


def holds(now: object, then: object) -> bool:
    """True if `now` says all that `then` said. It may say more: what has been added since."""
    match now, then:
        case dict(), dict():
            return all(key in now and holds(now[key], value) for key, value in then.items())
        case list(), list():
            return len(now) == len(then) and all(map(holds, now, then))
        case _:
            return now == then


def restore(script: Path, where: Path) -> None:
    """Make a database file from the text of an old one."""
    opened = sqlite3.connect(where)
    opened.executescript(script.read_text("utf-8"))
    opened.close()


def main() -> None:
    """Keep a database of the present revision."""
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "a.db"
        with open_store("a", where) as store:
            fill(store)
            said = json.dumps(describe(store), indent=1, ensure_ascii=False)
            (DATA / f"revision-{REVISION}.json").write_text(said + "\n", "utf-8")
        opened = sqlite3.connect(where)
        lines = [line + "\n" for line in opened.iterdump()]
        opened.close()
        (DATA / f"revision-{REVISION}.sql").write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main()
