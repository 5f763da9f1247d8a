"""A speaker and listeners on a virtual channel, with mail in memory that knows the truth about everybody."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import TypeAlias

from radiosync.link.events import ContactEnded, Outcome
from radiosync.link.mailbox import EVERY_CLASS, Standing
from radiosync.link.pool import PoolParties, hear_round
from radiosync.link.poollistener import PoolListener
from radiosync.link.poolspeaker import PoolSpeaker
from radiosync.link.timing import Timing
from radiosync.transfer.receiver import Receiver
from radiosync.transfer.sender import Sender
from radiosync.wire.context import EMPTY_DIGEST, chain_digest
from radiosync.wire.frames import Hello
from radiosync.wire.shape import Shape, choose_shape
from tests.link.line import VHF, Endpoint, LivelockError

POOL = b"all-pool"
SPEAKER = b"speaker!"


@dataclass
class SpeakerMail:
    """The speaker's mail: payloads, one in each transfer. Refuses to believe what is not so.

    Attributes:
        payloads: all that there is to say, ever.
        truth: the listeners' mail, to check what is said of it.
        renew: on this many reviews, what may be sealed anew is.
    """

    payloads: list[bytes]
    truth: "dict[bytes, ListenerMail]"
    incarnation: int = 1
    epoch: int = 0
    confirmed: int = 0
    taken: list[list[int]] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    throughs: dict[bytes, int] = field(default_factory=dict)
    contacts: int = 0
    renew: int = 0
    held: bool = False
    most_urgent: int = 2

    def __post_init__(self) -> None:
        self.throughs = dict.fromkeys(self.truth, 0)

    @property
    def standing(self) -> Standing:
        return Standing(self.epoch, len(self.shapes), self.confirmed, 0, 0, EMPTY_DIGEST)

    @property
    def has_more(self) -> bool:
        return len(self.shapes) < len(self.payloads)

    def data(self, number: int) -> bytes:
        return sealed(self.epoch, number, self.payloads[number - 1])

    def mark(self, number: int) -> bytes | None:
        if not 0 <= number <= len(self.shapes):
            return None
        digest = EMPTY_DIGEST
        for each in range(1, number + 1):
            digest = chain_digest(digest, self.data(each))
        return digest

    def sender(self, number: int) -> Sender:
        return Sender(number, self.data(number), self.shapes[number - 1], self.taken[number - 1])

    def senders(self) -> list[Sender]:
        return [self.sender(number) for number in range(self.confirmed + 1, len(self.shapes) + 1)]

    def receivers(self) -> Mapping[int, Receiver | None]:
        return {}

    def review(self, senders: Sequence[Sender], limit_bytes: int) -> Sequence[Sender]:
        found = list(senders)
        for place, sender in enumerate(found):
            sender.held = self.held
            if self.renew and sum(sender.next_pieces) and not sender.may_have_arrived:
                self.renew -= 1
                number, old = sender.number, sender.shape
                data = self.data(number)
                shape = Shape(max(1, -(-len(data) // Shape(1, old.size_code + 1).piece_bytes)), old.size_code + 1)
                self.shapes[number - 1], self.taken[number - 1] = shape, [0] * len(shape.block_sizes)
                found[place] = Sender(number, data, shape, self.taken[number - 1], states_shape=True)
        return found

    def seal_next(self, limit_bytes: int, more_urgent_than: int = EVERY_CLASS) -> Sender | None:
        if not self.has_more or self.held or more_urgent_than <= self.most_urgent:
            return None
        number = len(self.shapes) + 1
        self.shapes.append(choose_shape(len(self.data(number))))
        self.taken.append([0] * len(self.shapes[-1].block_sizes))
        return self.sender(number)

    def promise(self, senders: Sequence[Sender]) -> None:
        for sender in senders:
            self.taken[sender.number - 1] = list(sender.next_pieces)

    def members(self) -> Mapping[bytes, int]:
        return dict(self.throughs)

    def note_member(self, member: bytes, through: int) -> None:
        listener = self.truth[member]
        knows = (listener.heard_incarnation, listener.heard_epoch) == (self.incarnation, self.epoch)
        assert knows and listener.through >= through, f"{member!r} does not have {through}"
        assert through >= self.confirmed, "what was confirmed is gone"
        self.throughs[member] = through
        self.confirmed = max(self.confirmed, min(self.throughs.values()))

    def begin_anew(self) -> None:
        self.epoch = (self.epoch + 1) % 256
        self.confirmed, self.taken, self.shapes = 0, [], []
        self.throughs = dict.fromkeys(self.throughs, 0)

    def confirm(self, through: int) -> None:
        raise AssertionError("members are noted one by one")

    def keep(self, number: int, shape: Shape, block: int, pieces: Mapping[int, bytes]) -> None:
        raise AssertionError("a speaker is told nothing")

    def deliver(self, number: int, data: bytes) -> bool:
        raise AssertionError("a speaker is told nothing")

    def meet(self, hello: Hello) -> None:
        raise AssertionError("a speaker is told nothing")


@dataclass
class ListenerMail:
    """A listener's mail.

    Attributes:
        incarnation: of its database.
        delivered: every payload, each time that it was delivered.
    """

    incarnation: int = 1
    heard_incarnation: int | None = None
    heard_epoch: int = 0
    digest: bytes = EMPTY_DIGEST
    through: int = 0
    applied: dict[int, bytes] = field(default_factory=dict)
    arriving: dict[int, tuple[Shape, list[dict[int, bytes]]]] = field(default_factory=dict)
    delivered: list[tuple[int, bytes]] = field(default_factory=list)
    refusals: int = 0
    has_more: bool = False
    most_urgent: int = 2

    @property
    def standing(self) -> Standing:
        return Standing(
            0, 0, 0, self.heard_epoch, self.through, self.digest, heard_incarnation=self.heard_incarnation
        )

    @property
    def payloads(self) -> set[bytes]:
        return {payload for _, payload in self.delivered}

    def mark(self, number: int) -> bytes | None:
        return EMPTY_DIGEST if number == 0 else None

    def senders(self) -> Sequence[Sender]:
        return ()

    def receivers(self) -> Mapping[int, Receiver | None]:
        unfinished = {number: Receiver(number, *kept) for number, kept in self.arriving.items()}
        return {**unfinished, **dict.fromkeys(number for number in self.applied if number > self.through)}

    def review(self, senders: Sequence[Sender], limit_bytes: int) -> Sequence[Sender]:
        return senders

    def seal_next(self, limit_bytes: int, more_urgent_than: int = EVERY_CLASS) -> Sender | None:
        raise AssertionError("a listener has nothing to say")

    def promise(self, senders: Sequence[Sender]) -> None:
        raise AssertionError("a listener has nothing to say")

    def confirm(self, through: int) -> None:
        raise AssertionError("a listener has nothing to say")

    def keep(self, number: int, shape: Shape, block: int, pieces: Mapping[int, bytes]) -> None:
        known = self.arriving.get(number)
        if known is None or known[0] != shape:
            known = self.arriving[number] = shape, [{} for _ in shape.block_sizes]
        known[1][block].update(pieces)

    def deliver(self, number: int, data: bytes) -> bool:
        size, epoch, named = int.from_bytes(data[:2], "big"), data[2], int.from_bytes(data[3:5], "big")
        self.arriving.pop(number, None)
        if (epoch, named) != (self.heard_epoch, number) or number <= self.through or number in self.applied:
            self.refusals += 1
            return False
        self.applied[number] = data[:size]
        self.delivered.append((self.heard_epoch, data[5:size]))
        while self.through + 1 in self.applied:
            self.through += 1
            self.digest = chain_digest(self.digest, self.applied[self.through])
        return True

    def meet(self, hello: Hello) -> None:
        self.heard_incarnation, self.heard_epoch = hello.incarnation, hello.epoch
        self.digest, self.through = EMPTY_DIGEST, 0
        self.applied.clear()
        self.arriving.clear()


def sealed(epoch: int, number: int, payload: bytes) -> bytes:
    """A transfer that names itself, as a seal does, so that it is not taken for another one."""
    head = bytes([epoch]) + number.to_bytes(2, "big")
    return (len(payload) + 5).to_bytes(2, "big") + head + payload


class Ear:
    """A listening station: joins in whenever it hears an over.

    Attributes:
        outcomes: of the contacts that it was in.
    """

    def __init__(self, identity: bytes, mail: ListenerMail, timing: Timing = VHF) -> None:
        self.identity, self.mail, self.timing = identity, mail, timing
        self.listener: PoolListener | None = None
        self.outcomes: list[Outcome] = []

    def receive_frame(self, frame: bytes, *, now: float) -> object:
        if self.listener is None or not self.listener.receive_frame(frame, now=now):
            lead = hear_round(frame, POOL)
            if lead is not None and not lead[0].bye and not (self.listener and self.listener.is_over):
                parties = PoolParties(POOL, self.identity, self.mail.incarnation, lead[0].contact)
                self.listener = PoolListener(parties, self.mail, self.timing, now=now)
                self.listener.receive_frame(frame, now=now)
        return self._note()

    def handle_timer(self, *, now: float) -> None:
        if self.listener is not None:
            self.listener.handle_timer(now=now)
            self._note()

    def poll_over(self, *, now: float):
        return None if self.listener is None else self.listener.poll_over(now=now)

    @property
    def next_deadline(self) -> float | None:
        return None if self.listener is None else self.listener.next_deadline

    def _note(self) -> None:
        events = [] if self.listener is None else self.listener.poll_events()
        self.outcomes += [event.outcome for event in events if isinstance(event, ContactEnded)]


@dataclass(frozen=True)
class Heard:
    """A frame on its way to one hearer.

    Attributes:
        index: number of the frame among all on the channel, from 0.
        sender, hearer: places of the ends.
        place: of the frame in its over.
        frame: its bytes.
        begins_at, ends_at: when it is on the air.
    """

    index: int
    sender: int
    hearer: int
    place: int
    frame: bytes
    begins_at: float
    ends_at: float


Fate: TypeAlias = Callable[[Heard], list[tuple[float, bytes]]]
"""What arrives of a frame at one hearer, each with its delay."""


def unharmed(heard: Heard) -> list[tuple[float, bytes]]:
    return [(0.0, heard.frame)]


@dataclass
class Air:
    """A channel on which everybody hears everybody, unless two speak at once.

    Attributes:
        ends: the stations; None is switched off.
        overs: (from, to, place of the end) of each transmission.
        air_bytes: bytes of ours on the air.
    """

    ends: list[Endpoint | None]
    timing: Timing = VHF
    fate: Fate = unharmed
    now: float = 0.0
    overs: list[tuple[float, float, int]] = field(default_factory=list)
    air_bytes: int = 0
    frames: int = 0
    at: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _arrivals: list[tuple[float, int, Heard, bytes]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def run(self, max_steps: int = 60_000, until: float = 50_000.0) -> None:
        """Run until nothing is due. Raises LivelockError when that never happens."""
        for place in range(len(self.ends)):
            self._wake(place)
        for _ in range(max_steps):
            due = self._due()
            if due is None or due > until:
                return
            self.now = max(self.now, due)
            self._step()
        raise LivelockError(f"no end after {max_steps} steps, at {self.now:.1f} s")

    @property
    def airtime_s(self) -> float:
        return sum(end - begin for begin, end, _ in self.overs)

    @property
    def collides(self) -> bool:
        """True if two were ever on the air at once."""
        return any(later[0] < earlier[1] - 1e-9 for earlier, later in pairwise(sorted(self.overs)))

    def _due(self) -> float | None:
        known = [end.next_deadline for end in self.ends if end is not None]
        dues = [due for due in known if due is not None]
        dues += [each[0] for each in self._arrivals[:1]] + [each[0] for each in self.at[:1]]
        return min(dues, default=None)

    def _step(self) -> None:
        if self.at and self.at[0][0] <= self.now:
            self.at.pop(0)[1]()
            for place in range(len(self.ends)):
                self._wake(place)
        elif self._arrivals and self._arrivals[0][0] <= self.now:
            _, _, heard, frame = heapq.heappop(self._arrivals)
            self._hear(heard, frame)
        else:
            for place, end in enumerate(self.ends):
                if end is not None and end.next_deadline is not None and end.next_deadline <= self.now:
                    end.handle_timer(now=self.now)
                    self._wake(place)
                    return

    def _hear(self, heard: Heard, frame: bytes) -> None:
        end = self.ends[heard.hearer]
        jammed = any(
            begin < heard.ends_at and heard.begins_at < until
            for begin, until, who in self.overs
            if who != heard.sender
        )
        if end is not None and not jammed:
            end.receive_frame(frame, now=self.now)
            self._wake(heard.hearer)

    def switch(self, place: int, end: Endpoint | None) -> None:
        """Another process in the place of one end, or none. What it had not yet sent is not sent."""
        self._arrivals = [each for each in self._arrivals if each[2].sender != place]
        heapq.heapify(self._arrivals)
        self.overs = [
            (begin, min(end_at, max(begin, self.now)), who) if who == place else (begin, end_at, who)
            for begin, end_at, who in self.overs
        ]
        self.ends[place] = end

    def _wake(self, place: int) -> None:
        end = self.ends[place]
        over = None if end is None else end.poll_over(now=self.now)
        if over is None:
            return
        begins_at = at = self.now + self.timing.turn_s
        for number, frame in enumerate(over.frames):
            ends_at = at + self.timing.frame_s(len(frame))
            self.air_bytes += len(frame)
            for hearer in range(len(self.ends)):
                if hearer != place:
                    heard = Heard(self.frames, place, hearer, number, frame, at, ends_at)
                    for delay_s, arrived in self.fate(heard):
                        heapq.heappush(self._arrivals, (ends_at + delay_s, next(self._order), heard, arrived))
            self.frames += 1
            at = ends_at
        self.overs.append((begins_at, at, place))


@dataclass
class Party:
    """A speaker and listeners that belong to one pool.

    Attributes:
        mail: the speaker's.
        ears: the listeners.
        air: of the present contact.
    """

    mail: SpeakerMail
    ears: list[Ear]
    timing: Timing = VHF
    air: Air = field(init=False)
    speaker: PoolSpeaker = field(init=False)

    def __post_init__(self) -> None:
        self.air = Air([None, *self.ears], self.timing)

    def speak(self) -> PoolSpeaker:
        """A new contact of the speaker, ready to be run."""
        self.mail.contacts += 1
        parties = PoolParties(POOL, SPEAKER, self.mail.incarnation, self.mail.contacts)
        self.speaker = PoolSpeaker(parties, self.mail, self.timing, now=self.air.now)
        return self.speaker

    def meet(self, fate: Fate = unharmed, at: Sequence[tuple[float, Callable[[], None]]] = ()) -> Outcome:
        """One contact, run to its end everywhere."""
        begins_at = self.air.now
        on = [end is not None for end in self.air.ends[1:]]
        self.air = Air(
            [None, *(ear if is_on else None for ear, is_on in zip(self.ears, on, strict=True))],
            self.timing,
            fate,
            begins_at,
            at=[(begins_at + after_s, action) for after_s, action in at],
        )
        self.air.ends[0] = self.speak()
        self.air.run()
        return outcome_of(self.speaker)

    def meet_until_done(self, fate: Fate = unharmed, contacts: int = 30) -> int:
        """Contacts until one is complete; gives how many that took."""
        for number in range(1, contacts + 1):
            if self.meet(fate) is Outcome.COMPLETE:
                return number
        raise AssertionError(f"{contacts} contacts were not enough")

    def switch(self, place: int, on: bool) -> None:
        """A listener is switched on or off; 1 is the first."""
        self.air.switch(place, self.ears[place - 1] if on else None)

    def lose_database(self, place: int) -> None:
        """A listener's process begins again with nothing."""
        ear = self.ears[place - 1]
        fresh = ListenerMail(ear.mail.incarnation + 1)
        self.mail.truth[ear.identity] = fresh
        self.ears[place - 1] = Ear(ear.identity, fresh, self.timing)
        self.air.switch(place, self.ears[place - 1])

    def restart_listener(self, place: int) -> None:
        """A listener's process begins again on what it had kept."""
        ear = self.ears[place - 1]
        self.ears[place - 1] = Ear(ear.identity, ear.mail, self.timing)
        self.air.switch(place, self.ears[place - 1])

    def restart_speaker(self) -> None:
        """The speaker's process begins again and calls at once."""
        self.air.switch(0, self.speak())

    @property
    def all_there(self) -> bool:
        """True if everybody has everything, and got nothing twice in one epoch."""
        wanted = set(self.mail.payloads)
        once = all(len(set(ear.mail.delivered)) == len(ear.mail.delivered) for ear in self.ears)
        return once and all(ear.mail.payloads == wanted for ear in self.ears)


def outcome_of(speaker: PoolSpeaker) -> Outcome:
    """How a contact ended for the speaker."""
    [ended] = [event for event in speaker.poll_events() if isinstance(event, ContactEnded)]
    return ended.outcome


def identity(number: int) -> bytes:
    """Of a listener."""
    return bytes([number, 255 - number]) * 4


def party(listeners: int = 2, payloads: int = 3, size: int = 300, timing: Timing = VHF) -> Party:
    """A pool with so many listeners, and so many payloads of that size to be told."""
    mails = {identity(number): ListenerMail() for number in range(1, listeners + 1)}
    texts = [bytes([number]) * (size + 17 * number) for number in range(1, payloads + 1)]
    mail = SpeakerMail(texts, mails)
    return Party(mail, [Ear(each, known, timing) for each, known in mails.items()], timing)
