"""Two stations in contact: one side of it, from hello to bye (protocol, section 4).

The caller is timing master: it speaks first, and again whenever the other side has stopped or has not answered. The station
that was called speaks only when it has heard the caller stop. So the two never speak at once, unless both called.

Sans-IO. Feed it frames with `receive_frame` and call `handle_timer` when `next_deadline` has come; after either, send what
`poll_over` gives and take `poll_events`. A `Mailbox` keeps what must survive.
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from radiosync.link.binding import Binding, Parties
from radiosync.link.events import (
    ContactEnded,
    Event,
    Outcome,
    PartnerHeard,
    TransferRefused,
    TransfersConfirmed,
)
from radiosync.link.incoming import Incoming
from radiosync.link.leads import Leads
from radiosync.link.mailbox import Mailbox
from radiosync.link.over import Outgoing, Over, build_over
from radiosync.link.slots import Cue, Role, State, turn
from radiosync.link.tally import Tally
from radiosync.link.timing import CALLS, LONGEST_LEAD_BYTES, SILENT_OVERS, Timing
from radiosync.wire.frames import (
    CALL_CHECK_BYTES,
    PROTOCOL_VERSION,
    Ack,
    Arriving,
    Call,
    Data,
    Frame,
    Hello,
    Kind,
    Report,
    Round,
    add_pieces,
    unfold,
    write_frame,
)
from radiosync.wire.frames0 import write_old_frame

__all__ = ["REFUSALS", "STALLED_OVERS", "Contact", "Parties", "Role", "State"]

REFUSALS = 8
"""Transfers that cannot be opened, after which we hang up: a partner that sends nothing else is broken or hostile."""

RESTARTS = 8
"""New epochs of our traffic in one contact, after which we hang up, for the same reason."""

STALLED_OVERS = 32
"""Overs of ours in a row in which nothing arrived or was confirmed on either side, though both are heard; then we hang up.
In a channel that loses three frames in four that happens once in ten thousand times."""

HELLOS = 8
"""Hellos of a contact that are remembered, so that a late copy is not taken for news."""

if TYPE_CHECKING:
    from random import Random


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
        self,
        role: Role,
        parties: Parties,
        mailbox: Mailbox,
        timing: Timing,
        random: "Random",
        *,
        now: float,
        hellos: Iterable[Hello] = (),
    ) -> None:
        """`hellos`: what the partner has said in an earlier part of this contact, which we took for ended."""
        self.role, self.parties = role, parties
        self.overs = 0
        self._mailbox, self._timing, self._random = mailbox, timing, random
        self._binding = Binding(role, parties, mailbox, timing.check_bytes)
        self._leads = Leads(timing)
        self._outgoing = Outgoing(mailbox, timing)
        self.incoming = Incoming(mailbox)
        self._events: list[Event] = []
        self._over: Over | None = None
        self._deadline: float | None = None
        self._grant_bytes = 0
        self._granted_bytes = 0
        self._own_until = self._began_at = 0.0
        self._keyed_at = -math.inf
        self._silent_overs = 0
        self._stalled_overs = 0
        self._restarts = 0
        self._reported_through = self._mailbox.standing.through
        self._partner_report: Report | None = None
        self._report_is_new = False
        self._partner_sealed = 0
        self._hellos: deque[Hello] = deque(hellos, maxlen=HELLOS)
        self._met = role is Role.CALLED  # who is called has just heard a hello
        self._owes_hello = False
        self._epoch_known = False
        self._version = PROTOCOL_VERSION
        self._only_called = False
        self.heard = False
        self._closing = self._finishing = False
        self._tally = Tally(now)
        self.state = State.WAITING
        self._load_incoming()
        if role is Role.CALLER:
            self._speak(now)

    # Input from below.

    def receive_frame(self, frame: bytes, *, now: float) -> bool:
        """Take a frame that was heard. False if it does not belong to this contact, or this contact is closed."""
        parsed = None if self.state is State.CLOSED else self._read(frame)
        if parsed is None:
            return False
        content, left_bytes = parsed
        if not self.heard:
            self.heard = True
            self._events.append(PartnerHeard())
        if self.state is State.WAITING and self.overs:
            self._leads.note_answer(lost=isinstance(content, Hello) and not content.reply)
        self._silent_overs = 0
        self._over = None
        self._began_at = now - self._timing.frame_s(len(frame))
        # A straggler of the over that we have just answered is no answer to us, and gives no second slot.
        began_before_us = self._began_at < self._keyed_at and not self._timing.airtime.full_duplex
        is_late = self.state is State.WAITING and began_before_us
        self._take(content, now)
        if self.state is not State.CLOSED and not is_late:
            self.state = turn(self.role, self.state, Cue.HEARD)
            self._deadline = self._slot_at(left_bytes, now)
            self.handle_timer(now=now)
        return True

    def _slot_at(self, left_bytes: int, now: float) -> float:
        """When it is for us to speak, behind a frame with so much of its over left.

        On full duplex nobody has to wait for the other one's end: who has something to send goes on as soon as its own over
        is on the air.
        """
        if self._timing.airtime.full_duplex and (self._outgoing.wants or self.overs == 0):
            return max(now, self._own_until)
        slot_at = now + self._timing.end_s(left_bytes)
        return max(slot_at, self._own_until) if self._timing.airtime.full_duplex else slot_at

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `next_deadline`; nothing if it has not come."""
        if self._deadline is None or now < self._deadline:
            return
        self._silent_overs += self.state is State.WAITING
        self.state = turn(self.role, self.state, Cue.TIME_UP)
        if self.state is State.SPEAKING and self._silent_overs <= self._tries:
            if self._silent_overs:
                self._leads.note_answer(lost=True)
            self._speak(now)
        else:
            self._close(Outcome.DROPPED if self.heard else Outcome.NO_ANSWER)

    def finish(self) -> None:
        """Say good-bye in our next over, whatever is left. What is not confirmed stays queued on both sides."""
        self._finishing = True

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
        self.state = turn(self.role, self.state, Cue.TAKEN)
        ends_at = now + self._timing.turn_s + over.airtime_s + self._timing.airtime.tail_s
        self._keyed_at, self._own_until = now + self._timing.turn_s, ends_at
        if self._timing.airtime.full_duplex:
            self._outgoing.note_keyed(over, ends_at)
        if self._closing:
            standing = self._mailbox.standing
            is_complete = standing.confirmed == standing.sealed and not self._finishing
            self._close(Outcome.COMPLETE if is_complete else Outcome.STOPPED)
        elif self.role is Role.CALLER:
            self._deadline = ends_at + self._timing.lag_s(over.airtime_s) + self._patience_s()
        else:
            self._deadline = ends_at + self._timing.silence_s()
        return over

    def poll_events(self) -> list[Event]:
        """What has happened since the last call."""
        events, self._events = self._events, []
        return events

    @property
    def hellos(self) -> tuple[Hello, ...]:
        """The last that the partner has said of where it stands, without what it has of single transfers."""
        return tuple(self._hellos)

    @property
    def _tries(self) -> int:
        """How often a caller speaks again without an answer."""
        return SILENT_OVERS if self.heard else CALLS - 1

    # Hearing.

    def _read(self, frame: bytes) -> tuple[Frame, int] | None:
        # No station of version 0 has heard what we said if all that we said was a call.
        return self._binding.read(frame, knows_old=not self._only_called)

    def _take(self, frame: Frame, now: float) -> None:
        if self._only_called and isinstance(frame, Ack | Data):
            self._met = self._epoch_known = True  # Nobody answers a call who does not know what we know.
        match frame:
            case Hello():
                self._take_hello(frame, now)
            case Call():
                self._take_call(frame, now)
            case Ack() if self._met:
                self._take_ack(frame, now)
            case Data() if self._met:
                self._take_data(frame)
            case Ack() | Data() | Round():
                pass  # Its hello was lost. It may have a new database, whose numbers are not those that we know.
            case _ as never:
                assert_never(never)

    def _take_call(self, call: Call, now: float) -> None:
        """A call that fits has said all that a hello would; an acknowledgement is answer enough."""
        self._take_hello(self._binding.spelled_out(call.report, False, call.capabilities), now)
        self._owes_hello = False
        if call.data is not None:
            self._take_data(call.data)

    def _take_hello(self, hello: Hello, now: float) -> None:
        before = self._mailbox.standing
        where = replace(hello, report=Report(hello.report.sealed, hello.report.through))
        if where not in self._hellos:  # A late copy speaks of a past that both have left.
            self._hellos.append(where)
            self._mailbox.meet(hello)
        self._met = True
        self._only_called = False
        self._version = min(hello.version, PROTOCOL_VERSION)
        standing = self._mailbox.standing
        if (before.epoch, before.heard_epoch) != (standing.epoch, standing.heard_epoch):
            self._outgoing.reload()
        self._restarts += before.epoch != standing.epoch
        self._owes_hello = not hello.reply or before.heard_epoch != standing.heard_epoch
        self._load_incoming()
        self._epoch_known = hello.heard_epoch == standing.epoch
        if standing.confirmed > before.confirmed:
            self._confirmed(standing.confirmed)
        self._take_report(hello.report, 16, now)

    def _take_ack(self, ack: Ack, now: float) -> None:
        if self._only_called:  # It stands for the hello that the call has saved.
            self._take_hello(
                self._binding.spelled_out(ack.report, True, self._mailbox.standing.capabilities), now
            )
        else:
            self._epoch_known = True
            standing = self._mailbox.standing
            through = unfold(ack.report.through, 8, standing.confirmed)
            if standing.confirmed < through <= standing.sealed:
                self._mailbox.confirm(through)
                self._confirmed(through)
            self._take_report(ack.report, 8, now)
        if ack.bye and turn(self.role, self.state, Cue.BYE) is State.CLOSED:
            standing = self._mailbox.standing
            is_done = self._epoch_known and standing.confirmed == standing.sealed
            self._close(Outcome.COMPLETE if is_done else Outcome.DROPPED)

    def _confirmed(self, through: int) -> None:
        self._stalled_overs = 0
        self._outgoing.forget(through)
        self._events.append(TransfersConfirmed(through))

    def _take_report(self, report: Report, bits: int, now: float) -> None:
        standing = self._mailbox.standing
        self._partner_report, self._report_is_new = report, True
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
            before = sender.needed_pieces
            needs = (0,) * len(sender.shape.block_sizes) if arriving.applied else arriving.needs
            self._outgoing.acknowledge(number, needs, self._began_at)
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
        is_futile = self.incoming.refusals >= REFUSALS or self._restarts >= RESTARTS
        if is_futile and self.state is not State.CLOSED:
            self._close(Outcome.DROPPED)

    # Speaking.

    def _speak(self, now: float) -> None:
        """Make the next over."""
        self.state, self._deadline, self._closing = State.SPEAKING, None, False
        self._stalled_overs += 1
        if self._stalled_overs > STALLED_OVERS:
            self._close(Outcome.DROPPED)
            return
        if self._finishing:
            self._break_off()
            return
        lead = self._choose_lead()
        self._outgoing.version = self._version
        copies = self._copies(lead)
        # One answer may be lost in a fade, so we go on. Into longer silence goes no data: what nobody hears is airtime lost,
        # and indexes of pieces that cannot be used again.
        room_s = self._room_s(copies) if self._silent_overs <= self.heard else 0.0
        joins = lead is Kind.CALL
        data = self._outgoing.fill(room_s, self._call_bytes() if joins else 0)
        if self._is_done():
            self._say_bye()
            return
        self._grant_bytes = self._grant() if self.role is Role.CALLER else 0
        frame = self._lead(lead, self._grant_bytes)
        first = self._write(frame)
        self._owes_hello = self._report_is_new = False
        self._reported_through = self._mailbox.standing.through
        if joins and data:
            first, data = add_pieces(first, data[0]), data[1:]
        is_news = self._leads.is_news(frame, may_wait=self.role is Role.CALLER)
        self._over = self._build(lead, [first] * copies if is_news or not data else [], data)

    def _copies(self, kind: Kind) -> int:
        """How often the next lead is said if it is news."""
        if not self.heard:
            return 1
        lead = self._write(self._lead(kind, self._grant() if self.role is Role.CALLER else 0))
        return self._leads.copies(len(lead) + self._timing.check_bytes, self._longest_s)

    def _choose_lead(self) -> Kind:
        """What leads the next over.

        What is not answered may have been about an epoch, or to a process, that is no more: a hello settles both. It may
        also have been to a station that speaks another version than it did.
        """
        standing = self._mailbox.standing
        if self.role is Role.CALLER and not self.heard:
            known = PROTOCOL_VERSION if standing.version is None else min(standing.version, PROTOCOL_VERSION)
            first = self._silent_overs == 0
            self._version = known if first else self._silent_overs % 2
            self._only_called = bool(first and known and standing.version is not None)
            return Kind.CALL if self._only_called else Kind.HELLO
        says_hello = self._owes_hello or not self._epoch_known or self._silent_overs > 0
        if says_hello:
            return Kind.HELLO
        return Kind.ACK if self._version else Kind.OLD_ACK

    def _build(self, lead: Kind, leads: list[bytes], data: list[bytes]) -> Over:
        data_kind = Kind.DATA if self._version else Kind.OLD_DATA
        bodies = [self._binding.body(each, lead) for each in leads]
        return build_over(bodies + [self._binding.body(each, data_kind) for each in data], self._timing)

    def _write(self, frame: Hello | Call | Ack) -> bytes:
        return write_frame(frame) if self._version or isinstance(frame, Call) else write_old_frame(frame)

    def _say_bye(self) -> None:
        """End the contact. A bye of the caller that confirms something new is said twice, lest the partner be left in doubt;
        a caller who is in doubt asks."""
        self._closing = True
        is_news = self._reported_through != self._mailbox.standing.through
        bye = self._write(Ack(self._report(0, 0), bye=True))
        kind = Kind.ACK if self._version else Kind.OLD_ACK
        copies = max(self._copies(kind), 2 if is_news and self.role is Role.CALLER else 1)
        self._over = self._build(kind, [bye] * copies, [])

    def _break_off(self) -> None:
        """A person wants an end. Who has not been met yet would take our good-bye for noise."""
        if self._met and self._epoch_known:
            self._say_bye()
        else:
            self._close(Outcome.STOPPED)

    def _is_done(self) -> bool:
        """True if we know that neither side has anything left. In version 0 only the caller may say so.

        What the partner reported before its last over does not count: it may have sealed more for that.
        """
        standing, report = self._mailbox.standing, self._partner_report
        if report is None or not self._report_is_new or not self._epoch_known or self._owes_hello:
            return False
        if self.role is Role.CALLED and not self._version:
            return False
        is_confirmed = standing.confirmed == standing.sealed
        all_there = (is_confirmed or self._outgoing.rests) and not self._outgoing.more
        all_here = self._partner_sealed == standing.through and not report.more and not self.incoming.report()
        return all_there and all_here

    def _call_bytes(self) -> int:
        """What a call takes of the frame that it shares with pieces: one byte more if it says what is pending, and one less
        because the frame has one head."""
        call = write_frame(self._lead(Kind.CALL, self._grant()))
        return len(call) + CALL_CHECK_BYTES - self._timing.check_bytes

    def _room_s(self, leads: int) -> float:
        """For data behind so many leads, hellos at the longest."""
        lead_bytes = len(write_frame(self._lead(Kind.HELLO, 0))) + self._timing.check_bytes
        lead_s = self._timing.frame_s(lead_bytes)
        if not self.heard:
            return self._timing.first_over_s
        return self._longest_s - leads * lead_s

    @property
    def _longest_s(self) -> float:
        """Longest over to a partner who has been heard."""
        if self.role is Role.CALLED:
            return min(self._timing.over_s, self._timing.seconds(self._granted_bytes))
        return self._timing.over_s

    def _grant(self) -> int:
        """Bytes that the partner may send in its next over."""
        report = self._partner_report
        longest = self._timing.air_bytes(self._timing.over_s)
        if report is None:
            return self._timing.air_bytes(self._timing.first_over_s + self._lead_s)
        if self._timing.airtime.full_duplex:
            return longest
        missing = self.incoming.missing_bytes(self._partner_sealed)
        if report.more or missing is None:
            return longest
        lead = self._timing.air_bytes(self._lead_s)
        wish = max(report.pending_bytes, self._outgoing.piece_air_bytes(missing))
        frame = self._timing.air_bytes(self._outgoing.frame_s)
        return min(longest, lead + frame + wish) if wish else lead

    @property
    def _lead_s(self) -> float:
        return self._timing.frame_s(LONGEST_LEAD_BYTES)

    def _patience_s(self) -> float:
        """How long the caller waits, behind its over, until it speaks again.

        Twice as long each time that nothing is heard, so that a fade is sat out rather than talked over. Before the partner
        was ever heard, a random part is added: two stations that call each other at once would otherwise do so for ever.
        """
        grant_bytes = self._grant_bytes
        if (
            self._timing.airtime.full_duplex
        ):  # Nobody is hurt by a word too early: any frame shows that it is there.
            grant_bytes = self._timing.air_bytes(self._timing.frame_s(self._timing.frame_bytes))
        reply_s = self._timing.reply_s(grant_bytes, LONGEST_LEAD_BYTES)
        waits_s = min(reply_s * 2.0 ** max(0, self._silent_overs - 1), max(reply_s, self._timing.over_s))
        if not self.heard:  # Behind the bound, or all who wait for long would wait for equally long.
            waits_s += self._random.random() * (reply_s + self._timing.first_over_s)
        return waits_s

    def _lead(self, kind: Kind, grant_bytes: int) -> Hello | Call | Ack:
        report = self._report(grant_bytes, self._outgoing.pending_bytes)
        parties = self.parties
        if kind is Kind.CALL:
            return Call(parties.number, parties.capabilities, report)
        if kind is not Kind.HELLO:
            return Ack(report)
        standing = self._mailbox.standing
        return Hello(
            reply=self.role is Role.CALLED,
            receiver=parties.them,
            sender=parties.us,
            incarnation=parties.incarnation,
            contact=parties.number,
            epoch=standing.epoch,
            heard_epoch=standing.heard_epoch,
            heard_mark=standing.heard_mark,
            report=report,
            capabilities=parties.capabilities,
            begins=standing.begins,
        )

    def _report(self, grant_bytes: int, pending_bytes: int) -> Report:
        standing = self._mailbox.standing
        arriving, more = self.incoming.report(), self._outgoing.more
        return Report(standing.sealed, standing.through, arriving, grant_bytes, pending_bytes, more)

    def _close(self, outcome: Outcome) -> None:
        self.state, self._deadline, self._over = State.CLOSED, None, None
        repeated_pieces, repeated_bytes = self.incoming.repeated_pieces, self.incoming.repeated_bytes
        self._events.append(ContactEnded(outcome, self.overs, repeated_pieces, repeated_bytes))
