"""The speaker of a pool: what it says to all, and whom it asks (protocol, section 12)."""

from collections.abc import Sequence
from typing import NamedTuple

from radiosync.errors import WireError
from radiosync.link.contact import RESTARTS, STALLED_OVERS, State
from radiosync.link.events import ContactEnded, Event, Outcome, PartnerHeard, TransfersConfirmed
from radiosync.link.over import Body, Outgoing, Over, build_over
from radiosync.link.pool import PoolMailbox, PoolParties, answer_seed, answers_s, data_seed
from radiosync.link.tally import Tally
from radiosync.link.timing import CALLS, SILENT_OVERS, Timing
from radiosync.transfer.sender import Sender
from radiosync.wire.check import strip_check
from radiosync.wire.frames import (
    CALL_CHECK_BYTES,
    ROUND_BYTES,
    TURN_BYTES,
    Ack,
    Arriving,
    Hello,
    Report,
    Round,
    pool_seed,
    read_frame,
    unfold,
    write_frame,
)

TURNS = 8
"""Members that are asked in one over, at most: the last of them waits for the slots of all others."""

_BYES = 2
"""A listener that lacks something and does not hear the bye waits long for nothing."""


class _Said(NamedTuple):
    """What a member has said of a transfer, and how many pieces of each block had been sent until then."""

    sender: Sender
    arriving: Arriving
    sent: tuple[int, ...]


class _Member:
    """What the speaker knows of a listener in this contact.

    Attributes:
        identity: of the station.
        through: all transfers up to this one are applied there.
        heard: it has answered in this contact.
        silent_turns: turns in a row that it let pass.
        asked_at: number of the over that asked it last; the one that waited longest is asked next.
    """

    def __init__(self, identity: bytes, through: int) -> None:
        self.identity, self.through = identity, through
        self.heard = False
        self.silent_turns = 0
        self.asked_at = -1
        self._said: dict[int, _Said] = {}

    @property
    def left_out(self) -> bool:
        """True once it has been silent for too long. It goes on with the next contact."""
        return self.silent_turns >= (SILENT_OVERS if self.heard else CALLS)

    def note(self, sender: Sender, arriving: Arriving) -> None:
        """It has said how a transfer stands there, all that was sent so far being counted."""
        self._said[sender.number] = _Said(sender, arriving, sender.next_pieces)

    def begin_anew(self) -> None:
        """Nothing that it has said holds any more."""
        self.through, self.heard = 0, False
        self._said.clear()

    def has(self, sender: Sender) -> bool:
        """True if it has confirmed a transfer, which may be before an earlier one."""
        said = self._about(sender)
        return sender.number <= self.through or (said is not None and said.arriving.applied)

    def knows_shape(self, sender: Sender) -> bool:
        """True if it has shown that it knows how a transfer is cut, or does not need to."""
        said = self._about(sender)
        return self.has(sender) or (
            said is not None and len(said.arriving.needs) == len(sender.shape.block_sizes)
        )

    def lacks(self, sender: Sender) -> tuple[int, ...]:
        """Pieces of each block that it lacked when it last said so."""
        blocks, said = sender.shape.block_sizes, self._about(sender)
        if self.has(sender):
            return (0,) * len(blocks)
        return said.arriving.needs if said is not None and self.knows_shape(sender) else blocks

    def wants(self, sender: Sender) -> tuple[int, ...]:
        """Pieces of each block that it lacks, if all has arrived that was sent since it last said so."""
        said = self._about(sender)
        sent = (0,) * len(sender.next_pieces) if said is None else said.sent
        since = (now - then for now, then in zip(sender.next_pieces, sent, strict=True))
        return tuple(max(0, need - more) for need, more in zip(self.lacks(sender), since, strict=True))

    def _about(self, sender: Sender) -> _Said | None:
        """What it has said of this very batch; one that was sealed anew has the same number."""
        said = self._said.get(sender.number)
        return said if said is not None and said.sender is sender else None


class _Answer(NamedTuple):
    """An answer that fits its check.

    Attributes:
        report: what the member has and wants.
        through: the transfer up to which it has applied all, in full.
        agrees: its context after that is the one that it should have.
    """

    report: Report
    through: int
    agrees: bool


class PoolSpeaker:
    """The side that has something to say. It needs at least one member.

    Attributes:
        state: what it is doing.
        overs: overs sent so far.
        heard: True once any member has been heard.
    """

    def __init__(self, parties: PoolParties, mailbox: PoolMailbox, timing: Timing, *, now: float) -> None:
        self.parties, self.overs, self.heard = parties, 0, False
        self.state = State.SPEAKING
        self._mailbox, self._timing = mailbox, timing
        self._outgoing = Outgoing(mailbox, timing)
        self._members = [_Member(*each) for each in sorted(mailbox.members().items())]
        self._lead: Round | None = None
        self._asked: list[_Member] = []
        self._awaited: list[_Member] = []
        self._is_answered = False
        self._finishing = False
        self._silent_overs = self._stalled_overs = self._restarts = 0
        self._spread: dict[int, tuple[Sender, tuple[int, ...], tuple[int, ...]]] = {}
        self._events: list[Event] = []
        self._over: Over | None = None
        self._deadline: float | None = None
        self._tally = Tally(now, self._lacking_pieces)
        self._speak()

    # Input from below.

    def receive_frame(self, frame: bytes, *, now: float) -> bool:
        """Take a frame that was heard. False if it is not an answer to our last over."""
        if self.state is not State.WAITING or self._lead is None:
            return False
        for member in self._awaited:
            answer = self._parse(frame, member, self._lead)
            if answer is not None:
                self._hear(member, answer)
                if member is self._asked[-1]:  # All slots are over: an answer is one frame.
                    self._end_round(now)
                return True
        return False

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `next_deadline`; nothing if it has not come."""
        if self._deadline is None or now < self._deadline:
            return
        self._end_round(now)

    def finish(self) -> None:
        """Say good-bye in our next over, whatever is left. What is not confirmed stays queued."""
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
        if not self._asked:
            self._close(self._outcome())
        else:
            timing = self._timing
            ends_at = now + timing.turn_s + over.airtime_s + timing.airtime.tail_s
            self.state = State.WAITING
            self._deadline = ends_at + answers_s(timing, over.airtime_s, len(self._asked))
        return over

    def poll_events(self) -> list[Event]:
        """What has happened since the last call."""
        events, self._events = self._events, []
        return events

    # Hearing.

    def _parse(self, frame: bytes, member: _Member, lead: Round) -> _Answer | None:
        check_bytes = self._timing.check_bytes
        try:
            content, _ = read_frame(frame[:-check_bytes])
            if not isinstance(content, Hello | Ack):
                return None
            is_hello = isinstance(content, Hello)
            through = unfold(content.report.through, 16 if is_hello else 8, member.through)
            mark = self._mailbox.mark(through)
            if mark is None and not is_hello:
                return None
            seed = answer_seed(self.parties.pool, member.identity, lead, None if is_hello else mark)
            strip_check(frame, seed, check_bytes)
        except WireError:
            return None
        agrees = not isinstance(content, Hello) or content.heard_mark == mark
        return _Answer(content.report, through, agrees)

    def _hear(self, member: _Member, answer: _Answer) -> None:
        """Take an answer. A second one of the same member is none."""
        if not self.heard:
            self.heard = True
            self._events.append(PartnerHeard())
        if not member.heard:
            self._stalled_overs = 0
        member.heard, member.silent_turns, self._is_answered = True, 0, True
        self._awaited = [each for each in self._awaited if each is not member]
        self._take(member, answer)

    def _end_round(self, now: float) -> None:
        """All slots are over: speak again."""
        for member in self._awaited:
            member.silent_turns += 1
        self._silent_overs = 0 if self._is_answered else self._silent_overs + 1
        if self._is_answered or any(member.left_out for member in self._awaited):
            self._share_out()
        if self._is_answered:
            self._events.append(self._tally.progress(self._outgoing.more, self.overs, now))
        self._speak()

    def _take(self, member: _Member, answer: _Answer) -> None:
        before = self._mailbox.standing
        if not answer.agrees or not before.confirmed <= answer.through <= before.sealed:
            self._begin_anew(member)
            return
        if answer.through > member.through:
            self._stalled_overs = 0
        if answer.through != member.through:
            member.through = answer.through
            self._mailbox.note_member(member.identity, answer.through)
        self._note_report(member, answer)
        confirmed = self._mailbox.standing.confirmed
        if confirmed > before.confirmed:
            self._outgoing.forget(confirmed)
            self._events.append(TransfersConfirmed(confirmed))

    def _begin_anew(self, member: _Member) -> None:
        """Start over with everybody, as a member lacks what is confirmed; but not for ever for one that is out of order."""
        self._awaited = []  # What the others are about to say is of an epoch that is no more.
        self._restarts += 1
        if self._restarts > RESTARTS:
            member.silent_turns = SILENT_OVERS
            return
        self._mailbox.begin_anew()
        self._outgoing.reload()
        for each in self._members:
            each.begin_anew()

    def _note_report(self, member: _Member, answer: _Answer) -> None:
        for sender in self._outgoing.senders:
            place = sender.number - answer.through - 1
            if place >= 0:
                entries = answer.report.arriving
                before = sum(member.lacks(sender))
                member.note(sender, entries[place] if place < len(entries) else Arriving())
                if sum(member.lacks(sender)) < before:
                    self._stalled_overs = 0

    def _share_out(self) -> None:
        """Want of each transfer what the member wants who wants most. What nobody has sent or said since stays as it is."""
        present = self._present()
        for sender in self._outgoing.senders if present else ():
            wanted = tuple(map(max, zip(*(member.wants(sender) for member in present), strict=True)))
            spread = sender, sender.next_pieces, wanted
            if self._spread.get(sender.number) != spread:
                self._spread[sender.number] = spread
                self._outgoing.acknowledge(sender.number, wanted)
            if not all(member.knows_shape(sender) for member in present):
                sender.state_shape()
        self._tally.note(self._outgoing.senders)

    def _lacking_pieces(self, sender: Sender) -> int:
        """Data pieces of a transfer that not all members have confirmed, in the block where that is most."""
        return sum(map(max, zip(*(member.lacks(sender) for member in self._members), strict=True)))

    # Speaking.

    def _speak(self) -> None:
        """Make the next over."""
        self.state, self._deadline, self._asked = State.SPEAKING, None, []
        self._stalled_overs += 1
        is_futile = self._stalled_overs > STALLED_OVERS * len(self._members)
        data: Sequence[bytes] = ()
        if self._present() and not is_futile and not self._finishing:
            room_s = self._room_s()
            data = self._outgoing.fill(room_s)
            self._asked = self._choose_turns(room_s, is_part=bool(data) and self._outgoing.wants)
        self._awaited, self._is_answered = self._asked, False
        if not self._asked and (not self.heard or self._all_know()):
            self._close(self._outcome())
        else:
            self._over = self._build(data)

    def _present(self) -> list[_Member]:
        return [member for member in self._members if not member.left_out]

    def _room_s(self) -> float:
        """Into longer silence goes no data: nobody hears it, and indexes of pieces cannot be used again."""
        if self._silent_overs > self.heard:
            return 0.0
        lead_s = self._timing.frame_s(ROUND_BYTES + TURNS * TURN_BYTES + CALL_CHECK_BYTES)
        return self._timing.over_s - lead_s if self.heard else self._timing.first_over_s

    def _choose_turns(self, room_s: float, *, is_part: bool) -> list[_Member]:
        """Of those who may lack something the ones who have waited longest; nobody if nothing can be done for anybody.

        `is_part`: more is to follow what the over carries. Then one word on how it comes through is enough.
        """
        senders = [sender for sender in self._outgoing.senders if not sender.held]
        present = self._present()
        lacking = [
            member
            for member in present
            if not member.heard or not all(member.has(sender) for sender in senders)
        ]
        if not lacking and self._outgoing.more and room_s <= 0:
            lacking = present  # More would have been sealed if there had been room.
        lacking.sort(key=lambda member: (member.asked_at, member.identity))
        return lacking[: 1 if is_part else TURNS]

    def _build(self, data: Sequence[bytes]) -> Over:
        standing, parties = self._mailbox.standing, self.parties
        lead = self._lead = Round(
            contact=parties.number,
            incarnation=parties.incarnation,
            epoch=standing.epoch,
            sealed=standing.sealed,
            over=self.overs,
            turns=tuple(member.identity[:TURN_BYTES] for member in self._asked),
            # Who does not answer twice may have had answers that did not fit: what we believe of it is wrong.
            greet=any(member.silent_turns > 1 for member in self._asked),
            more=self._outgoing.more,
            bye=not self._asked,
        )
        for member in self._asked:
            member.asked_at = self.overs
        leads = [Body(write_frame(lead), pool_seed(parties.pool), CALL_CHECK_BYTES)] * (
            _BYES if lead.bye else 1
        )
        seed = data_seed(parties.pool, lead)
        return build_over(leads + [Body(each, seed, self._timing.check_bytes) for each in data], self._timing)

    def _all_know(self) -> bool:
        """True if each member knows that it has everything, so that nobody waits for a bye."""
        standing, lead = self._mailbox.standing, self._lead
        is_told = lead is not None and not lead.more and standing.confirmed == standing.sealed
        return is_told and self._outcome() is Outcome.COMPLETE

    def _outcome(self) -> Outcome:
        if self._finishing or not self.heard:
            return Outcome.STOPPED if self._finishing else Outcome.NO_ANSWER
        standing = self._mailbox.standing
        is_confirmed = standing.confirmed == standing.sealed or self._outgoing.rests
        all_heard = all(member.heard and not member.left_out for member in self._members)
        is_done = is_confirmed and all_heard and not self._outgoing.more
        return Outcome.COMPLETE if is_done else Outcome.DROPPED

    def _close(self, outcome: Outcome) -> None:
        self.state, self._deadline, self._over = State.CLOSED, None, None
        self._events.append(ContactEnded(outcome, self.overs, 0, 0))
