"""Two stations in contact: one side of it, from hello to bye (protocol, section 4).

The caller is timing master: it speaks first, and again whenever the other side has stopped or has not answered. The station
that was called speaks only when it has heard the caller stop. So the two never speak at once, unless both called.

Sans-IO. Feed it frames with `receive_frame` and call `handle_timer` when `next_deadline` has come; after either, send what
`poll_over` gives and take `poll_events`. A `Mailbox` keeps what must survive.
"""

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from radiosync.errors import WireError
from radiosync.link.events import (
    ContactEnded,
    Event,
    Outcome,
    PartnerHeard,
    TransferRefused,
    TransfersConfirmed,
)
from radiosync.link.incoming import Incoming
from radiosync.link.mailbox import Mailbox
from radiosync.link.over import Outgoing, Over, build_over
from radiosync.link.tally import Tally
from radiosync.link.timing import CALLS, SILENT_OVERS, Timing
from radiosync.wire.check import strip_check
from radiosync.wire.frames import (
    Ack,
    Arriving,
    Data,
    Frame,
    Hello,
    Kind,
    Report,
    call_seed,
    kind_of,
    read_frame,
    unfold,
    write_frame,
)

REFUSALS = 8
"""Transfers that cannot be opened, after which we hang up: a partner that sends nothing else is broken or hostile."""

STALLED_OVERS = 32
"""Overs of ours in a row in which nothing arrived or was confirmed on either side, though both are heard; then we hang up.
In a channel that loses three frames in four that happens once in ten thousand times."""

HELLOS = 8
"""Hellos of a contact that are remembered, so that a late copy is not taken for news."""

LONGEST_LEAD_BYTES = 48
"""A hello with four transfers under way."""

if TYPE_CHECKING:
    from random import Random


class Role(Enum):
    """Which side of a contact this is."""

    CALLER = "caller"
    CALLED = "called"


class State(Enum):
    """What a side of a contact is doing.

    ::

                     poll_over               frame heard
        SPEAKING ----------------> WAITING --------------> HEARING
            ^                         |                       |
            |  caller: no answer      |   over has ended      |
            +-------------------------+-----------------------+
                                      | too long silent, or bye
                                      v
                                   CLOSED
    """

    SPEAKING = "speaking"
    """An over of ours is ready to be taken by `poll_over`."""
    WAITING = "waiting"
    """Our over is on the air or has ended; nothing was heard since."""
    HEARING = "hearing"
    """The partner is in the middle of an over."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Parties:
    """Who is in contact.

    Attributes:
        us, them: identities of the stations.
        incarnation: of our database.
        number: that the caller gave the contact.
    """

    us: bytes
    them: bytes
    incarnation: int
    number: int


class Contact:
    """One side of a contact.

    Attributes:
        role: which side.
        state: what it is doing.
        parties: who is in contact.
        heard: True once the partner has been heard.
        overs: overs sent so far.
        incoming: the partner's transfers.
    """

    def __init__(
        self, role: Role, parties: Parties, mailbox: Mailbox, timing: Timing, random: "Random", *, now: float
    ) -> None:
        self.role, self.parties = role, parties
        self.overs = 0
        self._mailbox, self._timing, self._random = mailbox, timing, random
        self._outgoing = Outgoing(mailbox, timing)
        self.incoming = Incoming(mailbox)
        self._events: list[Event] = []
        self._over: Over | None = None
        self._deadline: float | None = None
        self._grant_bytes = 0
        self._granted_bytes = 0
        self._silent_overs = 0
        self._stalled_overs = 0
        self._reported_through = self._mailbox.standing.through
        self._partner_report: Report | None = None
        self._partner_sealed = 0
        self._hellos: deque[Hello] = deque(maxlen=HELLOS)
        self._met = role is Role.CALLED  # who is called has just heard a hello
        self._owes_hello = False
        self._epoch_known = False
        self.heard = False
        self._closing = False
        self._tally = Tally(now)
        self.state = State.WAITING
        self._load_incoming()
        if role is Role.CALLER:
            self._speak(now)

    # Input from below.

    def receive_frame(self, frame: bytes, *, now: float) -> bool:
        """Take a frame that was heard. False if it does not belong to this contact, or this contact is closed."""
        parsed = None if self.state is State.CLOSED else self._parse(frame)
        if parsed is None:
            return False
        content, left_bytes = parsed
        if not self.heard:
            self.heard = True
            self._events.append(PartnerHeard())
        self._silent_overs = 0
        self._over = None
        self._take(content, now)
        if self.state is not State.CLOSED:
            self.state = State.HEARING
            self._deadline = now + self._timing.end_s(left_bytes)
            if left_bytes == 0:
                self._speak(now)
        return True

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `next_deadline`; nothing if it has not come."""
        if self._deadline is None or now < self._deadline:
            return
        match self.state:
            case State.HEARING:
                self._speak(now)
            case State.WAITING if self.role is Role.CALLER and self._silent_overs < self._tries:
                self._silent_overs += 1
                self._speak(now)
            case State.WAITING:
                self._close(Outcome.DROPPED if self.heard else Outcome.NO_ANSWER)
            case State.SPEAKING | State.CLOSED:
                self._deadline = None
            case _ as never:
                assert_never(never)

    def stop(self, outcome: Outcome = Outcome.STOPPED) -> None:
        """End the contact here and now, without a word on the air."""
        if self.state is not State.CLOSED:
            self._close(outcome)

    # Output.

    @property
    def next_deadline(self) -> float | None:
        """When `handle_timer` is due; None if nothing is."""
        return self._deadline

    def poll_over(self, *, now: float) -> Over | None:
        """The over that is to be sent now, once; None if there is none."""
        over, self._over = self._over, None
        if over is None:
            return None
        self.overs += 1
        ends_at = now + self._timing.turn_s + over.airtime_s + self._timing.airtime.tail_s
        if self._closing:
            self._close(Outcome.COMPLETE)
        elif self.role is Role.CALLER:
            self.state = State.WAITING
            self._deadline = ends_at + self._patience_s()
        else:
            self.state = State.WAITING
            self._deadline = ends_at + self._timing.silence_s()
        return over

    def poll_events(self) -> list[Event]:
        """What has happened since the last call."""
        events, self._events = self._events, []
        return events

    @property
    def _tries(self) -> int:
        """How often a caller speaks again without an answer."""
        return SILENT_OVERS if self.heard else CALLS - 1

    # Hearing.

    def _parse(self, frame: bytes) -> tuple[Frame, int] | None:
        incoming = Role.CALLED if self.role is Role.CALLER else Role.CALLER
        try:
            seed = self._seed(incoming, kind_of(frame))
            content, left_bytes = read_frame(strip_check(frame, seed, self._timing.check_bytes))
        except WireError:
            return None
        return (content, left_bytes) if self._is_ours(content) else None

    def _is_ours(self, frame: Frame) -> bool:
        """False for a call that opens another contact: other stations count theirs too. Other frames show by their check."""
        if not isinstance(frame, Hello):
            return True
        is_us = self.parties.us.startswith(frame.receiver) and self.parties.them.startswith(frame.sender)
        return is_us and frame.contact == self.parties.number

    def _seed(self, speaker: Role, kind: Kind) -> bytes:
        """Seed of a frame's check. It binds the frame to this contact and to the epochs that its numbers belong to.

        So what is said by or to a station that has not heard of a new epoch is noise, and cannot confirm what is not there.
        A hello agrees on epochs, so it cannot depend on them.
        """
        us_first = self.role is Role.CALLER
        caller, called = (self.parties.us, self.parties.them)[:: 1 if us_first else -1]
        if kind is Kind.HELLO and speaker is Role.CALLER:
            return call_seed(called)
        seed = speaker.value.encode() + caller + called + self.parties.number.to_bytes(2, "big")
        standing = self._mailbox.standing
        own, other = standing.epoch, standing.heard_epoch
        speakers, hearers = (own, other) if speaker is self.role else (other, own)
        match kind:
            case Kind.HELLO:
                return seed
            case Kind.DATA:
                return seed + bytes([speakers])
            case Kind.ACK:
                return seed + bytes([speakers, hearers])
            case _ as never:
                assert_never(never)

    def _take(self, frame: Frame, now: float) -> None:
        match frame:
            case Hello():
                self._take_hello(frame, now)
            case Ack() if self._met:
                self._take_ack(frame, now)
            case Data() if self._met:
                self._take_data(frame)
            case Ack() | Data():
                pass  # Its hello was lost. It may have a new database, whose numbers are not those that we know.
            case _ as never:
                assert_never(never)

    def _take_hello(self, hello: Hello, now: float) -> None:
        before = self._mailbox.standing
        where = replace(hello, report=Report(hello.report.sealed, hello.report.through))
        if where not in self._hellos:  # A late copy speaks of a past that both have left.
            self._hellos.append(where)
            self._mailbox.meet(hello)
        self._met = True
        standing = self._mailbox.standing
        if (before.epoch, before.heard_epoch) != (standing.epoch, standing.heard_epoch):
            self._outgoing.reload()
        self._owes_hello = not hello.reply or before.heard_epoch != standing.heard_epoch
        self._load_incoming()
        self._epoch_known = hello.heard_epoch == standing.epoch
        if standing.confirmed > before.confirmed:
            self._confirmed(standing.confirmed)
        self._take_report(hello.report, 16, now)

    def _take_ack(self, ack: Ack, now: float) -> None:
        self._epoch_known = True
        standing = self._mailbox.standing
        through = unfold(ack.report.through, 8, standing.confirmed)
        if standing.confirmed < through <= standing.sealed:
            self._mailbox.confirm(through)
            self._confirmed(through)
        self._take_report(ack.report, 8, now)
        if ack.bye:
            standing = self._mailbox.standing
            self._close(Outcome.COMPLETE if standing.confirmed == standing.sealed else Outcome.DROPPED)

    def _confirmed(self, through: int) -> None:
        self._stalled_overs = 0
        self._outgoing.forget(through)
        self._events.append(TransfersConfirmed(through))

    def _take_report(self, report: Report, bits: int, now: float) -> None:
        standing = self._mailbox.standing
        self._partner_report = report
        self._partner_sealed = unfold(report.sealed, bits, standing.through)
        self._granted_bytes = report.grant_bytes
        if self._epoch_known:
            through = unfold(report.through, bits, standing.confirmed)
            for number in range(max(standing.confirmed, through) + 1, standing.sealed + 1):
                place = number - through - 1
                arriving = report.arriving[place] if place < len(report.arriving) else Arriving()
                self._acknowledge(number, arriving)
        self._tally.note(self._outgoing.senders)
        self._events.append(self._tally.progress(self._outgoing.more, self.overs, now))

    def _acknowledge(self, number: int, arriving: Arriving) -> None:
        sender = next((sender for sender in self._outgoing.senders if sender.number == number), None)
        if sender is not None:
            done = (0,) * len(sender.shape.block_sizes)
            before = sender.needed_pieces
            self._outgoing.acknowledge(number, done if arriving.applied else arriving.needs)
            if sender.needed_pieces < before:
                self._stalled_overs = 0

    def _take_data(self, data: Data) -> None:
        if self.incoming.take(data):
            self._stalled_overs = 0
        self._collect()

    def _load_incoming(self) -> None:
        self.incoming.load()
        self._collect()

    def _collect(self) -> None:
        """Hand on what the incoming side has to say. One that cannot be read is answered by a hello: our contexts differ."""
        events = self.incoming.poll_events()
        self._events += events
        self._owes_hello |= any(isinstance(event, TransferRefused) for event in events)
        if self.incoming.refusals >= REFUSALS and self.state is not State.CLOSED:
            self._close(Outcome.DROPPED)

    # Speaking.

    def _speak(self, now: float) -> None:
        """Make the next over."""
        self.state, self._deadline, self._closing = State.SPEAKING, None, False
        self._stalled_overs += 1
        if self._stalled_overs > STALLED_OVERS:
            self._close(Outcome.DROPPED)
            return
        # Into silence goes no data: what nobody hears is airtime lost, and indexes of pieces that cannot be used again.
        data = self._outgoing.fill(self._room_s() if self._silent_overs == 0 else 0.0)
        if self.role is Role.CALLER and self._is_done():
            self._say_bye()
            return
        # What is not answered may have been about an epoch, or to a process, that is no more: a hello settles both.
        says_hello = self._owes_hello or not self._epoch_known or self._silent_overs > 0
        self._grant_bytes = self._grant() if self.role is Role.CALLER else 0
        lead = self._lead(says_hello, self._grant_bytes)
        self._owes_hello = False
        self._reported_through = self._mailbox.standing.through
        self._over = build_over(lead, self._seeds(says_hello), data, self._timing)

    def _say_bye(self) -> None:
        """End the contact. A bye that confirms something new is said twice, lest the partner be left in doubt."""
        self._closing = True
        copies = 1 if self._reported_through == self._mailbox.standing.through else 2
        self._over = build_over(
            Ack(self._report(0, 0), bye=True), self._seeds(False), (), self._timing, copies
        )

    def _is_done(self) -> bool:
        """True if the caller knows that neither side has anything left."""
        standing, report = self._mailbox.standing, self._partner_report
        if report is None or not self._epoch_known or self._owes_hello:
            return False
        all_there = standing.confirmed == standing.sealed and not self._outgoing.more
        all_here = self._partner_sealed == standing.through and not report.more and not self.incoming.report()
        return all_there and all_here

    def _room_s(self) -> float:
        lead_s = self._timing.frame_s(len(write_frame(self._lead(True, 0))) + self._timing.check_bytes)
        if not self.heard:
            return self._timing.first_over_s
        if self.role is Role.CALLED:
            return min(self._timing.over_s, self._timing.seconds(self._granted_bytes)) - lead_s
        return self._timing.over_s - lead_s

    def _grant(self) -> int:
        """Bytes that the partner may send in its next over."""
        report = self._partner_report
        if report is None:
            return self._timing.air_bytes(self._timing.first_over_s + self._lead_s)
        longest = self._timing.air_bytes(self._timing.over_s)
        missing = self.incoming.missing_bytes(self._partner_sealed)
        if report.more or missing is None:
            return longest
        lead = self._timing.air_bytes(self._lead_s)
        wish = max(report.pending_bytes, self._outgoing.piece_air_bytes(missing))
        frame = self._timing.air_bytes(self._timing.frame_s(self._timing.frame_bytes))
        return min(longest, lead + frame + wish) if wish else lead

    @property
    def _lead_s(self) -> float:
        return self._timing.frame_s(LONGEST_LEAD_BYTES)

    def _patience_s(self) -> float:
        """How long the caller waits, behind its over, until it speaks again.

        Twice as long each time that nothing is heard, so that a fade is sat out rather than talked over. Before the partner
        was ever heard, a random part is added: two stations that call each other at once would otherwise do so for ever.
        """
        waits_s = self._timing.reply_s(self._grant_bytes, LONGEST_LEAD_BYTES)
        if not self.heard:
            waits_s += self._random.random() * (waits_s + self._timing.first_over_s)
        return min(waits_s * 2.0 ** max(0, self._silent_overs - 1), max(waits_s, self._timing.over_s))

    def _seeds(self, says_hello: bool) -> tuple[bytes, bytes]:
        lead = Kind.HELLO if says_hello else Kind.ACK
        return self._seed(self.role, lead), self._seed(self.role, Kind.DATA)

    def _lead(self, says_hello: bool, grant_bytes: int) -> Hello | Ack:
        report = self._report(grant_bytes, self._outgoing.pending_bytes)
        if not says_hello:
            return Ack(report)
        standing = self._mailbox.standing
        return Hello(
            reply=self.role is Role.CALLED,
            receiver=self.parties.them,
            sender=self.parties.us,
            incarnation=self.parties.incarnation,
            contact=self.parties.number,
            epoch=standing.epoch,
            heard_epoch=standing.heard_epoch,
            heard_digest=standing.heard_digest,
            report=report,
        )

    def _report(self, grant_bytes: int, pending_bytes: int) -> Report:
        standing = self._mailbox.standing
        arriving, more = self.incoming.report(), self._outgoing.more
        return Report(standing.sealed, standing.through, arriving, grant_bytes, pending_bytes, more)

    def _close(self, outcome: Outcome) -> None:
        self.state, self._deadline, self._over = State.CLOSED, None, None
        repeated_pieces, repeated_bytes = self.incoming.repeated_pieces, self.incoming.repeated_bytes
        self._events.append(ContactEnded(outcome, self.overs, repeated_pieces, repeated_bytes))
