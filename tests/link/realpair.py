"""Two stations with real stores on a line, one contact at a time, and a hand that acts in the middle of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from uuid import UUID

from radiosync.link.contact import Contact, Parties, Role
from radiosync.link.timing import Timing
from radiosync.records.edit import Edit
from radiosync.store import Store
from radiosync.sync.mail import Mail
from radiosync.sync.ports import Job, Partner
from tests.link.line import VHF, Fate, Line, Sent, unharmed
from tests.link.pairs import Summoned

MEDICAL = Job("medical", frozenset({"medical"}), priority=0)
STOCK = Job("stock", frozenset({"stock"}), priority=3)
JOBS = (STOCK, MEDICAL)


class Site:
    """A store with one partner."""

    def __init__(self, letter: str, jobs: Sequence[Job] = JOBS) -> None:
        parts = iter([letter.encode() * 8, (1).to_bytes(4, "big")])
        self.store = Store.open(":memory:", durable=False, make_identity=lambda size: next(parts)[:size])
        self.jobs = jobs
        self.contact: Contact

    @property
    def partner(self) -> Partner:
        return self.store.partners()[0]

    def put(self, table: str, number: int, **fields: str) -> None:
        self.store.edit([Edit(table, UUID(int=number), fields)])

    def fill(self, table: str, count: int, text_bytes: int = 60, first: int = 1, seed: int = 1) -> None:
        """Records that compress badly."""
        random = Random(f"{table} {first} {seed}")
        self.store.edit(
            Edit(table, UUID(int=number), {"text": random.randbytes(text_bytes // 2).hex()})
            for number in range(first, first + count)
        )

    def text(self, table: str, number: int) -> object:
        record = self.store.record(table, UUID(int=number))
        return None if record is None else record.fields.get("text")

    def mail(self) -> Mail:
        return Mail(self.store, self.partner, self.jobs)

    def answer(self, role: Role, them: "Site", number: int, timing: Timing) -> Contact:
        origin = self.store.origin
        parties = Parties(origin.station, them.store.station, origin.incarnation, number)
        kind = Contact if role is Role.CALLER else Summoned
        self.contact = kind(role, parties, self.mail(), timing, Random(number), now=0.0)
        return self.contact


@contextmanager
def sites(jobs: Sequence[Job] = JOBS) -> Iterator[tuple[Site, Site]]:
    """Two sites that know each other."""
    a, b = Site("a", jobs), Site("b", jobs)
    a.store.add_partner("b", b.store.station)
    b.store.add_partner("a", a.store.station)
    try:
        yield a, b
    finally:
        a.store.close()
        b.store.close()


def run(
    a: Site,
    b: Site,
    number: int = 1,
    timing: Timing = VHF,
    fate: Fate = unharmed,
    on_over: Callable[[int, int], None] = lambda side, count: None,
) -> Line:
    """One contact, `a` calling. `on_over(side, n)` is called before a side makes its n-th over, counted from 1."""
    ends = [a.answer(Role.CALLER, b, number, timing), b.answer(Role.CALLED, a, number, timing)]
    line = Line(list(ends), timing, fate)
    for side, end in enumerate(ends):
        _watch(end, side, on_over)
    line.run()
    return line


def _watch(end: Contact, side: int, on_over: Callable[[int, int], None]) -> None:
    made = 1 - side  # a caller makes its first over when it is made itself
    fill = end._outgoing.fill

    def watched(room_s: float, lead_bytes: int = 0) -> list[bytes]:
        nonlocal made
        made += 1
        on_over(side, made)
        return fill(room_s, lead_bytes)

    end._outgoing.fill = watched  # type: ignore[method-assign]


def overs_of(line: Line, side: int) -> list[list[Sent]]:
    """The frames of each over of one side."""
    overs: list[list[Sent]] = []
    for sent in line.sent:
        if sent.side == side:
            if sent.place == 0:
                overs.append([])
            overs[-1].append(sent)
    return overs
