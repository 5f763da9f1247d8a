"""Stores to test with: stations by letter, a clock that the test moves, pairs that know each other, random histories."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy import Connection, event

from radiosync.records.edit import Edit, Pen, apply_edit
from radiosync.records.merge import merge
from radiosync.records.model import Change, Dot, Origin, Record, Stamp, Write
from radiosync.records.value import Number, Value
from radiosync.store import Store
from radiosync.sync.ports import Delivery, Draft, Job, Partner, Plan
from radiosync.wire.context import Additions, RecordKey
from radiosync.wire.shape import Shape

JOB = Job("all")
SHAPE = Shape(5, 2)
NOTHING = Additions()


@dataclass
class Clock:
    now_ms: int = 1_600_000_000_000

    def __call__(self) -> int:
        return self.now_ms


def origin(letter: str, incarnation: int = 1) -> Origin:
    return Origin(letter.encode() * 8, incarnation)


def uuid(number: int) -> UUID:
    return UUID(int=number)


def stamp(letter: str, sequence: int, time: int | None = None) -> Stamp:
    return Stamp(sequence if time is None else time, Dot(origin(letter), sequence))


def write(letter: str, sequence: int, value: Value | None, time: int | None = None, **over: int) -> Write:
    return Write(stamp(letter, sequence, time), value, {origin(name): seen for name, seen in over.items()})


def put(number: int, table: str = "shelter", wall_ms: int | None = None, **fields: Value) -> Edit:
    return Edit(table, uuid(number), fields, wall_ms)


def delete(number: int, table: str = "shelter", wall_ms: int | None = None) -> Edit:
    return Edit(table, uuid(number), None, wall_ms)


def open_store(letter: str, where: str | Path = ":memory:", clock: Clock | None = None) -> Store:
    """A store of the station with that letter."""
    parts = iter((letter.encode() * 8, (1).to_bytes(4, "big")))
    return Store.open(where, clock=clock or Clock(), make_identity=lambda _: next(parts), durable=False)


@contextmanager
def pair(folder: Path | None = None) -> Iterator[tuple[Store, Partner, Store, Partner]]:
    """Two stores that know each other: a, b as a knows it, b, a as b knows it."""
    places = (":memory:", ":memory:") if folder is None else (folder / "a.db", folder / "b.db")
    with open_store("a", places[0]) as a, open_store("b", places[1]) as b:
        yield a, a.add_partner("b", b.station), b, b.add_partner("a", a.station)


def draft(
    plan: Plan | None = None, *, scope: str = JOB.scope, through: int = 0, plain: bytes = b"", **more
) -> Draft:
    """A draft of a plan; what does not matter is made up."""
    if plan is not None:
        through = plan.through
    carries = more.get("carries", () if plan is None else plan.changes)
    additions, collapsed = more.get("additions", NOTHING), 0 if plan is None else plan.collapsed
    return Draft(
        scope,
        through,
        b"sealed " + plain,
        more.get("shape", SHAPE),
        plain,
        additions,
        len(carries),
        more.get("priority", 2),
        collapsed,
        carries,
        more.get("model"),
    )


def carry(
    sender: Store, there: Partner, receiver: Store, here: Partner, job: Job = JOB, limit_bytes: int = 10_000
) -> int:
    """Moves all that waits from one store to another, and says how many changes that were."""
    moved = 0
    while True:
        plan = sender.plan(there, job, sender.cursor(there, job.scope), limit_bytes)
        if not plan.changes:
            return moved
        moved += len(plan.changes)
        keys = tuple(RecordKey(change.table, change.uuid) for change in plan.changes)
        additions = Additions(records=keys)
        plain = repr(keys).encode()
        sealed = sender.seal(there, draft(plan, scope=job.scope, plain=plain, additions=additions))
        receiver.deliver(here, Delivery(sealed.number, plan.changes, plain, additions))
        sender.confirm(there, sealed.number)


def sync(a: Store, b_there: Partner, b: Store, a_there: Partner, job: Job = JOB) -> None:
    """Both ways, until neither has anything."""
    while carry(a, b_there, b, a_there, job) + carry(b, a_there, a, b_there, job):
        pass


def history(random: Random, letters: str = "abc", steps: int = 30, records: int = 3) -> list[Change]:
    """Changes of several stations which now and then hear of each other, in no particular order."""
    replicas: dict[str, dict[UUID, Record]] = {letter: {} for letter in letters}
    sequences = dict.fromkeys(letters, 0)
    made: list[Change] = []
    for step in range(steps):
        letter = random.choice(letters)
        mine = replicas[letter]
        for change in random.sample(made, k=min(len(made), random.randrange(4))):
            mine[change.uuid] = merge(mine.get(change.uuid), change).record
        number = uuid(random.randrange(records))
        edit = Edit("t", number, random_fields(random), step + random.randrange(3))

        def next_sequence(letter: str = letter) -> int:
            sequences[letter] += 1
            return sequences[letter]

        own = apply_edit(mine.get(number), edit, Pen(origin(letter), next_sequence, edit.wall_ms or 0))
        if own is not None:
            mine[number] = merge(mine.get(number), own).record
            made.append(own)
    random.shuffle(made)
    return made


def random_fields(random: Random) -> dict[str, Value] | None:
    if random.random() < 0.15:
        return None
    values: Sequence[Value] = ("full", "half", Number("1"), Number("1.0"), True, "")
    return {name: random.choice(values) for name in random.sample("xyz", random.randrange(4))}


def merged(changes: Iterable[Change]) -> dict[RecordKey, Record]:
    """What pure merging makes of changes."""
    found: dict[RecordKey, Record] = {}
    for change in changes:
        key = RecordKey(change.table, change.uuid)
        found[key] = merge(found.get(key), change).record
    return found


def all_records(store: Store) -> dict[RecordKey, Record]:
    return {RecordKey(record.table, record.uuid): record for record in store.records(include_dead=True)}


def pass_on(store: Store) -> None:
    """As if another station had been told of all records."""
    with store._database.write() as connection:
        store._records.pass_on_since(connection, 0)


def dump(store: Store) -> Mapping[str, list[tuple[object, ...]]]:
    """Every row of every table, as it is on disk."""
    with store._database.read() as connection:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        names = [
            name
            for (name,) in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        ]
        return {name: sorted(raw.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}


class Statements:
    """Watches the statements of a store; raises at the one that it is told to."""

    def __init__(self, store: Store) -> None:
        self.texts: list[tuple[str, object]] = []
        self.fail_at: int | None = None
        event.listen(store._database._engine, "before_cursor_execute", self._see)
        event.listen(
            store._database._engine, "commit", lambda connection: self._see(connection, None, "COMMIT", ())
        )

    def _see(self, connection: Connection, cursor: object, text: str, values: object, *_: object) -> None:
        if self.fail_at is not None and len(self.texts) == self.fail_at:
            raise OSError("the disk is gone")
        self.texts.append((text, values))

    def start(self, fail_at: int | None = None) -> None:
        self.texts, self.fail_at = [], fail_at
