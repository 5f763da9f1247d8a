"""A listener of a pool: takes what is for all, and answers when it is asked to (protocol, section 12)."""

from collections.abc import Sequence
from typing import assert_never

from radiosync.errors import WireError
from radiosync.limits import OPEN_TRANSFERS
from radiosync.link.contact import State
from radiosync.link.events import ContactEnded, Event, Outcome, PartnerHeard
from radiosync.link.incoming import Incoming
from radiosync.link.mailbox import Mailbox
from radiosync.link.over import Body, Over, build_over
from radiosync.link.pool import (
    ANSWER_BYTES,
    PoolParties,
    answer_seed,
    answers_s,
    data_seed,
    hear_round,
    is_copy,
    slot_s,
)
from radiosync.link.timing import Timing
from radiosync.wire.check import strip_check
from radiosync.wire.context import EMPTY_MARK
from radiosync.wire.frames import (
    TURN_BYTES,
    Ack,
    Arriving,
    Data,
    Hello,
    Report,
    Round,
    read_frame,
    unfold,
    write_frame,
)


class PoolListener:
    """A side that listens. `Outcome.COMPLETE` means that it has all that the speaker had.

    Attributes:
        state: what it is doing.
        overs: answers given so far.
        incoming: the pool's transfers.
        lead: the newest leading frame that was heard.
        is_over: the speaker has said bye, or a person has had enough: what else is heard of this contact is not for us.
    """

    def __init__(
        self,
        parties: PoolParties,
        mailbox: Mailbox,
        timing: Timing,
        *,
        now: float,
        lead: Round | None = None,
    ) -> None:
        """`lead`: the newest that an earlier part of this contact has heard, which we took for ended."""
        self.parties, self.overs = parties, 0
        self.state = State.WAITING
        self.incoming = Incoming(mailbox)
        self.lead = lead
        self.is_over = False
        self._mailbox, self._timing = mailbox, timing
        self._place: int | None = None
        self._slot_at = 0.0
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
                if self.lead is not None and is_copy(content, self.lead):
                    return True  # We must not answer twice.
                self._take_round(content)
                slots_s = (self._place or 0) * slot_s(self._timing)
                self._slot_at = now + self._timing.end_s(left_bytes) + slots_s
            case Data():
                self._take_data(content)
            case _ as never:
                assert_never(never)
        if self.lead is not None and self.lead.bye:
            self.is_over = True
            self._close(self._outcome())
            return True
        self.state, self._over = State.HEARING, None
        self._deadline = self._act_at(left_bytes, now)
        self.handle_timer(now=now)
        return True

    def _act_at(self, left_bytes: int, now: float) -> float:
        """When it is for us to answer, or at least to take the over for ended.

        All slots but the first are counted from the leading frame, which all those who are asked have heard.
        """
        ends_at = now + self._timing.end_s(left_bytes)
        if self._place is None:
            return ends_at
        return max(now, self._slot_at if self._place else min(ends_at, self._slot_at))

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `next_deadline`; nothing if it has not come."""
        if self._deadline is None or now < self._deadline:
            return
        if self.state is State.HEARING:
            self._over_ended(now)
        else:
            self._close(self._outcome())

    def give_way(self) -> None:
        """The speaker has begun another contact."""
        if self.state is not State.CLOSED:
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

    def _take_round(self, lead: Round) -> None:
        standing = self._mailbox.standing
        is_known = (standing.heard_incarnation, standing.heard_epoch) == (lead.incarnation, lead.epoch)
        if self.lead is None or not is_known:
            self._mailbox.meet(self._hello_of(lead))
        if not is_known:
            self.incoming.load()
        self.lead = lead
        us = self.parties.us[:TURN_BYTES]
        self._place = lead.turns.index(us) if us in lead.turns else None

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
            heard_mark=self._mailbox.mark(standing.confirmed) or EMPTY_MARK,
            report=Report(lead.sealed, standing.confirmed, more=lead.more),
            begins=0,
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
        if lead is None or self._place is None:
            self._wait(now)
            return
        self.state, self._deadline, self._place = State.SPEAKING, None, None
        mark = None if lead.greet else self._mailbox.standing.heard_mark
        seed = answer_seed(self.parties.pool, us, lead, mark)
        body = Body(self._write_answer(lead), seed, self._timing.check_bytes)
        self._over = build_over([body], self._timing)

    def _write_answer(self, lead: Round) -> bytes:
        """What is here, as far as it fits a slot; of the last transfers the speaker then thinks that nothing is."""
        arriving = self.incoming.report()
        answer = write_frame(self._answer(lead, arriving))
        while arriving and len(answer) + self._timing.check_bytes > ANSWER_BYTES:
            arriving = arriving[:-1]
            answer = write_frame(self._answer(lead, arriving))
        return answer

    def _answer(self, lead: Round, arriving: Sequence[Arriving]) -> Hello | Ack:
        standing, parties = self._mailbox.standing, self.parties
        report = Report(0, standing.through, arriving)
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
            heard_mark=standing.heard_mark,
            report=report,
        )

    def _wait(self, at: float) -> None:
        self.state = State.WAITING
        self._deadline = at + (self._pause_s() if self._has_all() else self._timing.silence_s())

    def _pause_s(self) -> float:
        """How long a speaker may be silent before anything of its next over is heard."""
        timing, turns = self._timing, 0 if self.lead is None else len(self.lead.turns)
        over_s = timing.turn_s + timing.frame_s(timing.frame_bytes)
        return answers_s(timing, timing.over_s, turns) + over_s

    def _has_all(self) -> bool:
        """True if we have all that the speaker had when we last heard it: it need not say good-bye to us."""
        lead = self.lead
        return lead is not None and not lead.more and self._sealed() == self._mailbox.standing.through

    def _outcome(self) -> Outcome:
        return Outcome.COMPLETE if self._has_all() else Outcome.DROPPED

    def _close(self, outcome: Outcome) -> None:
        self.state, self._deadline, self._over = State.CLOSED, None, None
        incoming = self.incoming
        self._events.append(
            ContactEnded(outcome, self.overs, incoming.repeated_pieces, incoming.repeated_bytes)
        )
