"""One station on one link: answers calls, makes calls, and has at most one contact at a time.

This is what a gateway drives. Feed it frames and time, send the overs that it gives, and look at its events. It calls the
store directly, so a gateway runs it wherever the store runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from radiosync.errors import UsageError, WireError
from radiosync.link.calling import hear_call
from radiosync.link.contact import Contact, Parties, Role, State
from radiosync.link.events import Event, Outcome
from radiosync.link.over import Over
from radiosync.link.pool import PoolParties, hear_round, is_copy
from radiosync.link.poollistener import PoolListener
from radiosync.link.poolspeaker import PoolSpeaker
from radiosync.link.timing import Timing
from radiosync.sync.mail import Mail, PoolMail
from radiosync.sync.packing import COMPACT_BIT_RATE, Shelf
from radiosync.sync.ports import Job, Partner, PoolRole, SyncStore
from radiosync.wire.check import strip_check
from radiosync.wire.frames import Capability, Hello, Kind, Round, call_seed
from radiosync.wire.frames0 import read_any_frame

if TYPE_CHECKING:
    from random import Random


CAPABILITIES = int(Capability.COMPACT)
"""What this version can read beyond what every station can."""


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


AnyContact: TypeAlias = Contact | PoolSpeaker | PoolListener
"""A contact with a partner, or on one of the two sides of a pool."""


class Station:
    """A station on a link.

    Attributes:
        compact: True if batches go in the compact codec on this link, where the partner can read it.
        shelf: models in use.
    """

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
        self._contact: AnyContact | None = None
        self._last: Contact | None = None
        self._listened: PoolListener | None = None
        self._partner: Partner | None = None
        self.compact = timing.airtime.bit_rate <= COMPACT_BIT_RATE
        self.shelf = Shelf()
        self._events: list[StationEvent] = []

    @property
    def busy(self) -> bool:
        """True while there is a contact."""
        return self._contact is not None

    @property
    def contact(self) -> AnyContact | None:
        """The contact that is under way."""
        return self._contact

    def call(self, partner: Partner, *, now: float) -> None:
        """Open a contact.

        Raises:
            ValueError: there is one already.
            UsageError: the partner is a pool that we only listen to.
        """
        if self._contact is not None:
            raise ValueError("there is a contact already")
        as_known_now = next((known for known in self._partners() if known.key == partner.key), partner)
        if as_known_now.pool is PoolRole.LISTENER:
            raise UsageError(f"{partner.name} is a pool that we only listen to")
        number = self._store.next_contact(partner)
        if as_known_now.pool is PoolRole.SPEAKER:
            self._speak_to_pool(as_known_now, number, now)
        else:
            self._begin(Role.CALLER, as_known_now, number, now)

    def mail(self, partner: Partner) -> Mail:
        """Traffic with a partner, as this link carries it."""
        return Mail(self._store, partner, self._jobs(partner), compact=self.compact, shelf=self.shelf)

    def hang_up(self, outcome: Outcome = Outcome.STOPPED) -> None:
        """End the contact, if there is one, without a word on the air."""
        if self._contact is not None:
            self._contact.stop(outcome)
            self._collect()

    def finish(self) -> None:
        """End the contact, if there is one, when it would be our turn to speak. What is not confirmed stays queued."""
        if self._contact is not None:
            self._contact.finish()
            self._collect()

    def receive_frame(self, frame: bytes, *, now: float) -> None:
        """Take a frame that was heard."""
        if self._contact is not None and self._contact.receive_frame(frame, now=now):
            self._collect()
            return
        if frame and frame[0] >> 5 == Kind.CALL:
            self._hear_call(frame, now)
            return
        if frame and frame[0] >> 5 == Kind.ROUND:
            self._hear_round(frame, now)
            return
        hello = self._read_call(frame)
        if hello is not None:
            partner = self._partner_at(hello.sender)
            if partner is None:
                self._events.append(StrangerHeard(hello.sender))
            else:
                self._answer(partner, hello.contact, frame, now)

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
            content, _ = read_any_frame(strip_check(frame, call_seed(us), self._timing.check_bytes))
        except WireError:
            return None
        if isinstance(content, Hello) and not content.reply and us.startswith(content.receiver):
            return content
        return None

    def _hear_call(self, frame: bytes, now: float) -> None:
        """A call names nobody: it is tried against every partner that we have met."""
        origin = self._store.origin
        for partner in self._stations():
            mail = self.mail(partner)
            heard = hear_call(frame, origin.station, partner.station, origin.incarnation, mail)
            if heard is not None:
                self._answer(partner, heard[0].contact, frame, now)
                return

    def _partner_at(self, address: bytes) -> Partner | None:
        return next((known for known in self._stations() if known.station.startswith(address)), None)

    def _stations(self) -> list[Partner]:
        """The partners that call us, and that we call, one by one."""
        return [known for known in self._partners() if known.pool is None]

    def _answer(self, partner: Partner, number: int, frame: bytes, now: float) -> None:
        if self._contact is not None:
            if self._partner is None or partner.key != self._partner.key or self._insists():
                return
            self.hang_up(Outcome.DROPPED)
        contact = self._begin(Role.CALLED, partner, number, now)
        contact.receive_frame(frame, now=now)
        self._collect()

    def _insists(self) -> bool:
        """True if we are calling the very station that calls us, and it is for them to give way.

        The station with the greater identity stays the caller; the other one becomes the called.
        """
        contact = self._contact
        if not isinstance(contact, Contact) or contact.role is not Role.CALLER or contact.heard:
            return False
        return contact.parties.us > contact.parties.them

    # Pools.

    def _speak_to_pool(self, pool: Partner, number: int, now: float) -> None:
        mail = PoolMail(self._store, pool, self._jobs(pool), compact=self.compact, shelf=self.shelf)
        speaker = PoolSpeaker(self._pool_parties(pool, number), mail, self._timing, now=now)
        self._join(speaker, pool, called=False)

    def _hear_round(self, frame: bytes, now: float) -> None:
        """An over to a pool: whoever listens to it joins in, unless it is busy."""
        for pool in self._partners():
            heard = hear_round(frame, pool.station) if pool.pool is PoolRole.LISTENER else None
            if heard is not None and not heard[0].bye:
                self._listen(pool, heard[0], frame, now)
                return

    def _listen(self, pool: Partner, lead: Round, frame: bytes, now: float) -> None:
        last = self._listened_to(pool, lead)
        if last is not None and last.lead is not None and (last.is_over or is_copy(lead, last.lead)):
            return  # A modem may have kept a copy of what we have heard.
        if isinstance(self._contact, PoolListener) and self._contact.parties.pool == pool.station:
            self._contact.give_way()  # The speaker has begun another contact.
            self._collect()
        if self._contact is None:
            parties, known = self._pool_parties(pool, lead.contact), None if last is None else last.lead
            listener = PoolListener(parties, self.mail(pool), self._timing, now=now, lead=known)
            self._join(listener, pool, called=True)
            self.receive_frame(frame, now=now)

    def _listened_to(self, pool: Partner, lead: Round) -> PoolListener | None:
        """The part of a speaker's contact that we have heard and taken for ended."""
        last = self._listened
        if last is None or last.lead is None or last.parties.pool != pool.station:
            return None
        return last if _contact_of(last.lead) == _contact_of(lead) else None

    def _pool_parties(self, pool: Partner, number: int) -> PoolParties:
        origin = self._store.origin
        return PoolParties(pool.station, origin.station, origin.incarnation, number)

    def _join(self, contact: PoolSpeaker | PoolListener, pool: Partner, called: bool) -> None:
        self._contact, self._partner = contact, pool
        self._events.append(ContactBegan(pool, contact.parties.number, called))

    def _begin(self, role: Role, partner: Partner, number: int, now: float) -> Contact:
        origin = self._store.origin
        parties = Parties(origin.station, partner.station, origin.incarnation, number, CAPABILITIES)
        mail = self.mail(partner)
        # A caller who has not heard our bye goes on with its contact; and a modem may have kept a copy of a call.
        goes_on = self._last is not None and role is self._last.role and parties == self._last.parties
        hellos = self._last.hellos if self._last is not None and goes_on else ()
        contact = Contact(role, parties, mail, self._timing, self._random, now=now, hellos=hellos)
        self._contact, self._partner = contact, partner
        self._events.append(ContactBegan(partner, number, role is Role.CALLED))
        return contact

    def _collect(self) -> None:
        contact, partner = self._contact, self._partner
        if contact is None or partner is None:
            return
        number = contact.parties.number
        self._events.extend(ContactEvent(partner, number, event) for event in contact.poll_events())
        if contact.state is State.CLOSED:
            self._last = contact if isinstance(contact, Contact) else self._last
            self._listened = contact if isinstance(contact, PoolListener) else self._listened
            self._contact = self._partner = None


def _contact_of(lead: Round) -> tuple[int, int]:
    return lead.contact, lead.incarnation
