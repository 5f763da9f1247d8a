"""Pairs of contacts and stations on a line, with a store in memory behind each."""

from random import Random

from radiosync.errors import WireError
from radiosync.link.calling import hear_call
from radiosync.link.contact import Contact, Parties, Role, State
from radiosync.link.events import ContactEnded, Event, Outcome
from radiosync.link.timing import Timing
from radiosync.sync.mail import Mail
from radiosync.sync.ports import Partner
from radiosync.sync.station import Station
from radiosync.wire.check import strip_check
from radiosync.wire.frames import Hello, call_seed
from radiosync.wire.frames0 import read_any_frame
from tests.link.line import VHF, Fate, Line, unharmed
from tests.link.memory import JOB, MemoryStore, partner_of


def stores(changes: int = 0, back: int = 0, text_bytes: int = 12) -> tuple[MemoryStore, MemoryStore]:
    """Two stores, each with changes that the other one lacks."""
    anna, ben = MemoryStore("a"), MemoryStore("b")
    anna.fill(Random(1), changes, text_bytes)
    ben.fill(Random(2), back, text_bytes, first=5000)
    return anna, ben


def contact(
    role: Role, us: MemoryStore, them: MemoryStore, number: int, timing: Timing, now: float = 0.0
) -> Contact:
    parties = Parties(us.origin.station, them.origin.station, us.origin.incarnation, number)
    kind = Contact if role is Role.CALLER else Summoned
    return kind(
        role, parties, Mail(us, partner_of(them, known_to=us), [JOB]), timing, Random(number), now=now
    )


class Summoned(Contact):
    """The called side, as a station makes it: nothing is heard before a call, and a call behind the bye begins it anew."""

    def receive_frame(self, frame: bytes, *, now: float) -> bool:
        has_said_bye = self.state is State.CLOSED and self._closing
        if (not self.heard or has_said_bye) and not self._is_call(frame):
            return False
        if has_said_bye:
            self._begin_anew(now)
        return super().receive_frame(frame, now=now)

    def _is_call(self, frame: bytes) -> bool:
        us, them, incarnation = self.parties.us, self.parties.them, self.parties.incarnation
        call = hear_call(frame, us, them, incarnation, self._mailbox)
        if call is not None:
            return call[0].contact == self.parties.number
        try:
            hello, _ = read_any_frame(strip_check(frame, call_seed(us), self._timing.check_bytes))
        except WireError:
            return False
        return isinstance(hello, Hello) and not hello.reply and hello.contact == self.parties.number

    def _begin_anew(self, now: float) -> None:
        events, overs, hellos = self._events, self.overs, self._hellos
        Contact.__init__(
            self, Role.CALLED, self.parties, self._mailbox, self._timing, self._random, now=now, hellos=hellos
        )
        self._events, self.overs = events, overs


def meet(
    anna: MemoryStore,
    ben: MemoryStore,
    number: int = 1,
    timing: Timing = VHF,
    fate: Fate = unharmed,
    collisions: bool = True,
) -> Line:
    """One contact, `anna` calling, run to its end on both sides."""
    ends = [contact(Role.CALLER, anna, ben, number, timing), contact(Role.CALLED, ben, anna, number, timing)]
    found = Line(list(ends), timing, fate, collisions)
    found.run()
    return found


def outcomes(line: Line) -> list[Outcome | None]:
    """How the contact ended for each side."""
    return [ended(end.poll_events()) if isinstance(end, Contact) else None for end in line.ends]


def ended(events: list[Event]) -> Outcome | None:
    return next((event.outcome for event in events if isinstance(event, ContactEnded)), None)


def station(us: MemoryStore, *partners: MemoryStore, timing: Timing = VHF, seed: int = 1) -> Station:
    def known() -> list[Partner]:
        return [partner_of(each, key, us) for key, each in enumerate(partners, 1)]

    return Station(us, timing, Random(seed), partners=known, jobs=lambda _: [JOB])


def all_there(*stores: MemoryStore) -> bool:
    """True if all hold the same records."""
    return all(store.records == stores[0].records for store in stores)
