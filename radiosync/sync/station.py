"""One station on one link: answers calls, makes calls, and has at most one contact at a time.

This is what a gateway drives. Feed it frames and time, send the overs that it gives, and look at its events. It calls the
store directly, so a gateway runs it wherever the store runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from radiosync.errors import WireError
from radiosync.link.contact import Contact, Parties, Role, State
from radiosync.link.events import Event, Outcome
from radiosync.link.over import Over
from radiosync.link.timing import Timing
from radiosync.sync.mail import Mail
from radiosync.sync.ports import Job, Partner, SyncStore
from radiosync.wire.check import strip_check
from radiosync.wire.frames import Hello, call_seed, read_frame

if TYPE_CHECKING:
    from random import Random


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """Something happened in a contact.

    Attributes:
        partner: with whom.
        contact: number of the contact.
        event: what.
    """

    partner: Partner
    contact: int
    event: Event


@dataclass(frozen=True, slots=True)
class ContactBegan:
    """A contact has begun.

    Attributes:
        partner: with whom.
        contact: number of the contact.
        called: True if the partner called us.
    """

    partner: Partner
    contact: int
    called: bool


@dataclass(frozen=True, slots=True)
class StrangerHeard:
    """A station that is no partner of ours called us. We stay silent.

    Attributes:
        station: the first bytes of its identity.
    """

    station: bytes


StationEvent: TypeAlias = ContactBegan | ContactEvent | StrangerHeard


class Station:
    """A station on a link."""

    def __init__(
        self,
        store: SyncStore,
        timing: Timing,
        random: "Random",
        *,
        partners: Callable[[], Sequence[Partner]],
        jobs: Callable[[Partner], Sequence[Job]],
    ) -> None:
        self._store, self._timing, self._random = store, timing, random
        self._partners, self._jobs = partners, jobs
        self._contact: Contact | None = None
        self._partner: Partner | None = None
        self._events: list[StationEvent] = []

    @property
    def busy(self) -> bool:
        """True while there is a contact."""
        return self._contact is not None

    @property
    def contact(self) -> Contact | None:
        """The contact that is under way."""
        return self._contact

    def call(self, partner: Partner, *, now: float) -> None:
        """Open a contact. Raises ValueError while there is one."""
        if self._contact is not None:
            raise ValueError("there is a contact already")
        self._begin(Role.CALLER, partner, self._store.next_contact(partner), now)

    def hang_up(self, outcome: Outcome = Outcome.STOPPED) -> None:
        """End the contact, if there is one, without a word on the air."""
        if self._contact is not None:
            self._contact.stop(outcome)
            self._collect()

    def receive_frame(self, frame: bytes, *, now: float) -> None:
        """Take a frame that was heard."""
        if self._contact is not None and self._contact.receive_frame(frame, now=now):
            self._collect()
            return
        hello = self._read_call(frame)
        if hello is not None:
            self._answer(hello, frame, now)

    def handle_timer(self, *, now: float) -> None:
        """Do what is due."""
        if self._contact is not None:
            self._contact.handle_timer(now=now)
            self._collect()

    @property
    def next_deadline(self) -> float | None:
        """When `handle_timer` is due; None if nothing is."""
        return None if self._contact is None else self._contact.next_deadline

    def poll_over(self, *, now: float) -> Over | None:
        """The over that is to be sent now, once; None if there is none."""
        over = None if self._contact is None else self._contact.poll_over(now=now)
        self._collect()
        return over

    def poll_events(self) -> list[StationEvent]:
        """What has happened since the last call."""
        events, self._events = self._events, []
        return events

    def _read_call(self, frame: bytes) -> Hello | None:
        us = self._store.origin.station
        try:
            content, _ = read_frame(strip_check(frame, call_seed(us), self._timing.check_bytes))
        except WireError:
            return None
        if isinstance(content, Hello) and not content.reply and us.startswith(content.receiver):
            return content
        return None

    def _answer(self, hello: Hello, frame: bytes, now: float) -> None:
        partner = next((known for known in self._partners() if known.station.startswith(hello.sender)), None)
        if partner is None:
            self._events.append(StrangerHeard(hello.sender))
            return
        if self._contact is not None:
            if self._partner is None or partner.key != self._partner.key or self._insists():
                return
            self.hang_up(Outcome.DROPPED)
        contact = self._begin(Role.CALLED, partner, hello.contact, now)
        contact.receive_frame(frame, now=now)
        self._collect()

    def _insists(self) -> bool:
        """True if we are calling the very station that calls us, and it is for them to give way.

        The station with the greater identity stays the caller; the other one becomes the called.
        """
        contact = self._contact
        if contact is None or contact.role is not Role.CALLER or contact.heard:
            return False
        return contact.parties.us > contact.parties.them

    def _begin(self, role: Role, partner: Partner, number: int, now: float) -> Contact:
        origin = self._store.origin
        parties = Parties(origin.station, partner.station, origin.incarnation, number)
        mail = Mail(self._store, partner, self._jobs(partner))
        self._contact = Contact(role, parties, mail, self._timing, self._random, now=now)
        self._partner = partner
        self._events.append(ContactBegan(partner, number, role is Role.CALLED))
        return self._contact

    def _collect(self) -> None:
        contact, partner = self._contact, self._partner
        if contact is None or partner is None:
            return
        number = contact.parties.number
        self._events.extend(ContactEvent(partner, number, event) for event in contact.poll_events())
        if contact.state is State.CLOSED:
            self._contact = self._partner = None
