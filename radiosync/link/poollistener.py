"""A listener of a pool: takes what is for all, and answers when it is asked to (protocol, section 12)."""

from typing import assert_never

from radiosync.errors import WireError
from radiosync.limits import OPEN_TRANSFERS
from radiosync.link.contact import State
from radiosync.link.events import ContactEnded, Event, Outcome, PartnerHeard
from radiosync.link.incoming import Incoming
from radiosync.link.mailbox import Mailbox
from radiosync.link.over import Body, Over, build_over
from radiosync.link.pool import PoolParties, answer_seed, data_seed, hear_round
from radiosync.link.timing import Timing
from radiosync.wire.check import strip_check
from radiosync.wire.frames import TURN_BYTES, Ack, Data, Hello, Report, Round, read_frame, unfold, write_frame

_OVERS = 256
"""Overs are counted modulo this."""


class PoolListener:
    """A side that listens. `Outcome.COMPLETE` means that it has all that the speaker had.

    Attributes:
        state: what it is doing.
        overs: answers given so far.
        incoming: the pool's transfers.
        lead: the newest leading frame that was heard.
        is_over: the speaker has said bye, or a person has had enough: what else is heard of this contact is not for us.
    """

    def __init__(self, parties: PoolParties, mailbox: Mailbox, timing: Timing, *, now: float) -> None:
        self.parties, self.overs = parties, 0
        self.state = State.WAITING
        self.incoming = Incoming(mailbox)
        self.lead: Round | None = None
        self.is_over = False
        self._mailbox, self._timing = mailbox, timing
        self._is_asked = False
        self._events: list[Event] = [PartnerHeard()]
        self._over: Over | None = None
        self._deadline: float | None = now + timing.silence_s()
        self.incoming.load()

    # Input from below.

    def receive_frame(self, frame: bytes, *, now: float) -> bool:
        """Take a frame that was heard. False if it does not belong to this contact."""
        heard = None if self.state is State.CLOSED else self._parse(frame)
        if heard is None:
            return False
        content, left_bytes = heard
        match content:
            case Round():
                if self._is_late(content):
                    return True
                self._take_round(content)
            case Data():
                self._take_data(content)
            case _ as never:
                assert_never(never)
        if self.lead is not None and self.lead.bye:
            self.is_over = True
            self._close(self._outcome())
            return True
        self.state, self._over = State.HEARING, None
        self._deadline = now + self._timing.end_s(left_bytes)
        if left_bytes == 0:
            self._over_ended(now)
        return True

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `next_deadline`; nothing if it has not come."""
        if self._deadline is None or now < self._deadline:
            return
        if self.state is State.HEARING:
            self._over_ended(now)
        else:
            self._close(self._outcome())

    def finish(self) -> None:
        """Listen no more. What is not here yet comes with the next contact."""
        self.is_over = True
        self.stop()

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
        """The answer that is to be sent now, once; None if there is none."""
        over, self._over = self._over, None
        if over is not None:
            self.overs += 1
            self._wait(now + self._timing.turn_s + over.airtime_s + self._timing.airtime.tail_s)
        return over

    def poll_events(self) -> list[Event]:
        """What has happened since the last call."""
        events, self._events = self._events, []
        return events

    # Hearing.

    def _parse(self, frame: bytes) -> tuple[Round | Data, int] | None:
        lead = hear_round(frame, self.parties.pool)
        if lead is not None:
            return lead if lead[0].contact == self.parties.number else None
        if self.lead is None:
            return None
        try:
            seed = data_seed(self.parties.pool, self.lead)
            content, left_bytes = read_frame(strip_check(frame, seed, self._timing.check_bytes))
        except WireError:
            return None
        return (content, left_bytes) if isinstance(content, Data) else None

    def _is_late(self, lead: Round) -> bool:
        """True for a copy of an over that we have heard, or of one before it: we must not answer twice."""
        last = self.lead
        if last is None or last.incarnation != lead.incarnation:
            return False
        return (lead.over - last.over - 1) % _OVERS >= _OVERS // 2

    def _take_round(self, lead: Round) -> None:
        standing = self._mailbox.standing
        if (standing.heard_incarnation, standing.heard_epoch) != (lead.incarnation, lead.epoch):
            self._mailbox.meet(self._hello_of(lead))
            self.incoming.load()
        self.lead = lead
        self._is_asked = lead.turn == self.parties.us[:TURN_BYTES]

    def _hello_of(self, lead: Round) -> Hello:
        """What the speaker says of itself, as a hello would: nothing of ours has ever gone its way in this pool."""
        standing = self._mailbox.standing
        return Hello(
            reply=False,
            receiver=self.parties.us,
            sender=self.parties.pool,
            incarnation=lead.incarnation,
            contact=lead.contact,
            epoch=lead.epoch,
            heard_epoch=standing.epoch,
            heard_digest=self._mailbox.mark(standing.confirmed) or b"",
            report=Report(lead.sealed, standing.confirmed, more=lead.more),
        )

    def _take_data(self, data: Data) -> None:
        through = self._mailbox.standing.through
        if self._sealed() - through > OPEN_TRANSFERS:
            return  # We lack what the others have confirmed. The three bits of its number would name another transfer.
        self.incoming.take(data)
        self._events += self.incoming.poll_events()

    def _sealed(self) -> int:
        """Number of the newest transfer of the speaker."""
        through = self._mailbox.standing.through
        return through if self.lead is None else unfold(self.lead.sealed, 16, through)

    # Answering.

    def _over_ended(self, now: float) -> None:
        lead, us = self.lead, self.parties.us
        if lead is None or not self._is_asked:
            self._wait(now)
            return
        self.state, self._deadline, self._is_asked = State.SPEAKING, None, False
        digest = b"" if lead.greet else self._mailbox.standing.heard_digest
        seed = answer_seed(self.parties.pool, us, lead, digest)
        body = Body(write_frame(self._answer(lead)), seed, self._timing.check_bytes)
        self._over = build_over([body], self._timing)

    def _answer(self, lead: Round) -> Hello | Ack:
        standing, parties = self._mailbox.standing, self.parties
        report = Report(0, standing.through, self.incoming.report())
        if not lead.greet:
            return Ack(report)
        return Hello(
            reply=True,
            receiver=parties.pool,
            sender=parties.us,
            incarnation=parties.incarnation,
            contact=parties.number,
            epoch=0,
            heard_epoch=standing.heard_epoch,
            heard_digest=standing.heard_digest,
            report=report,
        )

    def _wait(self, at: float) -> None:
        self.state = State.WAITING
        self._deadline = at + self._timing.silence_s()

    def _outcome(self) -> Outcome:
        lead = self.lead
        is_done = lead is not None and not lead.more and self._sealed() == self._mailbox.standing.through
        return Outcome.COMPLETE if is_done else Outcome.DROPPED

    def _close(self, outcome: Outcome) -> None:
        self.state, self._deadline, self._over = State.CLOSED, None, None
        incoming = self.incoming
        self._events.append(
            ContactEnded(outcome, self.overs, incoming.repeated_pieces, incoming.repeated_bytes)
        )
