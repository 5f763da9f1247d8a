"""A listener of a pool, frame by frame: when it answers and when it does not, what it says, and when it leaves."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.limits import OPEN_TRANSFERS
from radiosync.link.contact import State
from radiosync.link.events import ContactEnded, Outcome, PartnerHeard, TransferApplied
from radiosync.link.pool import ANSWER_BYTES, answers_s, is_copy, slot_s
from radiosync.wire.erasure import CHECK_PIECES
from radiosync.wire.frames import Ack, Arriving, Data, Hello, Round, write_frame
from radiosync.wire.shape import Shape
from tests.link.line import FAST, VHF
from tests.link.memory import MemoryStore
from tests.link.pairs import all_there
from tests.link.pools import (
    LETTERS,
    POOL,
    a_round,
    answer,
    answer_of,
    hear_all,
    lead_of,
    listener,
    listening,
    outcome,
    over_of,
    pieces_of,
    speaker,
    stores,
)

ASKED = Round(contact=1, incarnation=1, epoch=0, sealed=0, turns=(b"bb",))
UNASKED = replace(ASKED, turns=(b"cc",))


# When it answers.


def test_who_is_asked_answers_and_who_is_not_is_silent() -> None:
    for lead, speaks in ((ASKED, True), (UNASKED, False), (replace(ASKED, turns=()), False)):
        said = answer(listener(MemoryStore("b")), a_round(lead))
        assert (said is not None) == speaks


def test_each_turn_is_answered_once() -> None:
    end = listener(MemoryStore("b"))
    assert answer(end, a_round(ASKED)) is not None
    assert answer(end, a_round(ASKED), now=5.0) is None, "a copy"
    later = replace(ASKED, over=2)
    assert answer(end, a_round(later), now=10.0) is not None
    assert answer(end, a_round(replace(ASKED, over=1)), now=15.0) is None, "an over before it, come late"
    assert end.overs == 2


@given(st.integers(0, 255), st.integers(0, 300))
def test_overs_are_counted_round_and_round(over: int, steps: int) -> None:
    last, lead = replace(ASKED, over=over), replace(ASKED, over=(over + steps) % 256)
    assert is_copy(lead, last) == (not 1 <= steps % 256 <= 128)
    assert not is_copy(replace(lead, contact=2), last)
    assert not is_copy(replace(lead, incarnation=2), last)


def test_the_first_slot_begins_when_the_over_has_ended() -> None:
    end = listener(MemoryStore("b"))
    over = a_round(ASKED, b"\xc0\x00" + bytes(200), b"\xc0\x00" + bytes(200))
    hear_all(end, over, now=0.0)
    assert end.state is State.SPEAKING, "the last frame says that it is the last"

    end = listener(MemoryStore("b"))
    end.receive_frame(over.frames[0], now=1.0)
    assert end.state is State.HEARING
    assert end.next_deadline is not None
    left_s = over.airtime_s - VHF.frame_s(len(over.frames[0]))
    assert 1.0 + left_s * 1.05 <= end.next_deadline <= 1.0 + left_s * 1.12


@pytest.mark.parametrize("place", [1, 2, 7])
def test_a_later_slot_is_counted_from_the_leading_frame_whatever_else_is_heard(place: int) -> None:
    turns = (*(letter.encode() * 2 for letter in LETTERS[1 : place + 1]), b"bb")
    over = a_round(replace(ASKED, turns=turns), b"\xc0\x00" + bytes(200), b"\xc0\x00" + bytes(50))
    due = []
    for heard in ([0], [0, 1], [0, 1, 2]):
        end, now = listener(MemoryStore("b")), 0.0
        for at, frame in enumerate(over.frames):
            now += VHF.frame_s(len(frame))
            if at in heard:
                end.receive_frame(frame, now=now)
        assert end.state is State.HEARING
        due.append(end.next_deadline)
    assert len(set(due)) == 1
    assert due[0] is not None
    assert due[0] >= over.airtime_s + place * slot_s(VHF)


def test_what_others_say_in_their_slots_is_not_heard() -> None:
    ben, carla = listener(MemoryStore("b")), listener(MemoryStore("c"))
    over = a_round(replace(ASKED, turns=(b"cc", b"bb")))
    said = answer(carla, over)
    assert said is not None
    hear_all(ben, over, now=0.0)
    due = ben.next_deadline
    assert not ben.receive_frame(said.frames[0], now=2.0)
    assert (ben.state, ben.next_deadline) == (State.HEARING, due)


def test_a_turn_that_was_lost_is_not_answered() -> None:
    anna, ben, _ = stores(3)
    end = listener(ben)
    first = over_of(speaker(anna))
    assert answer(end, first, without=[0]) is None
    assert not ben.deliveries, "it does not know yet whose frames these are"


# What it says.


def test_it_says_what_it_has_and_lacks() -> None:
    anna, ben, _ = stores(30, text_bytes=40)
    speaking, end = speaker(anna), listener(ben)
    over = over_of(speaking)
    said = answer(end, over)
    assert said is not None
    ack = answer_of(said)
    (transfer,) = anna.unconfirmed(listening())
    assert isinstance(ack, Ack)
    assert (ack.report.through, ack.report.grant_bytes, ack.report.pending_bytes) == (0, 0, 0)
    assert sum(ack.report.arriving[0].needs) == transfer.shape.pieces - len(pieces_of(over, anna))


def test_who_is_greeted_says_who_it_is() -> None:
    ben = MemoryStore("b", incarnation=7)
    said = answer(listener(ben), a_round(replace(ASKED, greet=True)))
    assert said is not None
    hello = answer_of(said)
    assert isinstance(hello, Hello)
    assert (hello.reply, hello.receiver, hello.sender) == (True, POOL[:4], b"bbbb")
    assert (hello.incarnation, hello.contact, hello.heard_epoch) == (7, 1, 0)


def test_an_answer_never_exceeds_its_slot() -> None:
    """A hello about four transfers of many blocks: what does not fit is left out, the newest first."""
    ben = MemoryStore("b")
    ben.begin_epoch(listening(), 1, 0)
    shape = Shape(1200, 7)
    entry = Arriving(needs=tuple(shape.block_sizes))
    for open_transfers in range(1, OPEN_TRANSFERS + 1):
        for number in range(1, open_transfers + 1):
            ben.keep_pieces(listening(), number, shape, 0, {})
        said = answer(listener(ben), a_round(replace(ASKED, greet=True, sealed=OPEN_TRANSFERS)))
        assert said is not None
        assert len(said.frames[0]) <= ANSWER_BYTES
        stated = answer_of(said).report.arriving
        assert stated
        assert list(stated) == [entry] * len(stated)
    assert len(stated) < OPEN_TRANSFERS


# Joining.


def test_a_listener_that_joins_late_gets_what_it_missed() -> None:
    anna, ben, carla = stores(60, text_bytes=40)
    speaking, early, late = speaker(anna), listener(ben), listener(carla)
    for _ in range(60):
        over = speaking.poll_over(now=0.0)
        if over is None:
            break
        ears = [early, late] if lead_of(over).over > 1 else [early]
        answers = {ear.parties.us[:2]: answer(ear, over) for ear in ears}
        for turn in lead_of(over).turns:
            said = answers.get(turn)
            if said is not None:
                speaking.receive_frame(said.frames[0], now=0.0)
        if speaking.next_deadline is not None:
            speaking.handle_timer(now=speaking.next_deadline)
    assert outcome(speaking.poll_events()) is Outcome.COMPLETE
    assert all_there(anna, ben, carla)


def test_a_round_that_is_lost_leaves_the_frames_behind_it_readable() -> None:
    anna, ben, _ = stores(40, text_bytes=40)
    speaking, end = speaker(anna), listener(ben)
    said = answer(end, over_of(speaking))
    assert said is not None
    speaking.receive_frame(said.frames[0], now=0.0)
    if speaking.next_deadline is not None:
        speaking.handle_timer(now=speaking.next_deadline)
    over = over_of(speaking)
    assert answer(end, over, without=[0]) is None
    assert all_there(anna, ben)


@pytest.mark.parametrize(("incarnation", "epoch"), [(2, 0), (1, 1)])
def test_another_incarnation_or_epoch_of_the_speaker_begins_anew(incarnation: int, epoch: int) -> None:
    anna, ben, _ = stores(3)
    end = listener(ben)
    assert answer(end, over_of(speaker(anna))) is not None
    assert ben.inbound(listening()).through == 1
    lead = replace(ASKED, over=1, sealed=4, incarnation=incarnation, epoch=epoch)
    said = answer(end, a_round(lead), now=9.0)
    assert said is not None
    assert answer_of(said).report.through == 0
    come = ben.inbound(listening())
    assert (come.incarnation, come.epoch, come.through) == (incarnation, epoch, 0)
    assert len(ben.records) == 3, "what was applied stays"


def test_pieces_of_an_epoch_that_is_no_more_are_not_read() -> None:
    anna, ben, _ = stores(3)
    old = over_of(speaker(anna))
    end = listener(ben)
    assert answer(end, a_round(replace(ASKED, epoch=1))) is not None
    assert not end.receive_frame(old.frames[1], now=5.0)
    assert not ben.records


def test_who_lacks_what_all_others_have_takes_no_pieces_for_something_else() -> None:
    """Three bits name a transfer. This one is so far behind that they would name another one."""
    ben = MemoryStore("b")
    end = listener(ben)
    data = write_frame(Data(1, 0, 0, b"12345678", Shape(1, 0)))
    answer(end, a_round(replace(ASKED, sealed=OPEN_TRANSFERS + 5), data))
    assert ben.arriving(listening()) == []
    answer(end, a_round(replace(ASKED, over=1, sealed=OPEN_TRANSFERS), data), now=9.0)
    (arriving,) = end.incoming.report()
    assert arriving.needs == (CHECK_PIECES,), "it was taken, and was no batch"


# The end.


def test_a_bye_ends_it_at_once() -> None:
    anna, ben, _ = stores(3)
    for over, expected in (
        (a_round(replace(ASKED, turns=(), bye=True)), Outcome.COMPLETE),
        (a_round(replace(ASKED, turns=(), bye=True, sealed=1)), Outcome.DROPPED),
        (a_round(replace(ASKED, turns=(), bye=True, more=True)), Outcome.DROPPED),
    ):
        end = listener(ben)
        assert answer(end, over) is None
        assert (end.state, end.is_over) == (State.CLOSED, True)
        assert outcome(end.poll_events()) is expected
        assert not end.receive_frame(over_of(speaker(anna)).frames[0], now=9.0)


def test_who_has_everything_leaves_when_the_speaker_stays_silent() -> None:
    anna, ben, _ = stores(3)
    end = listener(ben)
    assert answer(end, over_of(speaker(anna)), now=2.0) is not None
    assert end.next_deadline is not None
    # Not before the speaker has waited for all answers to a longest over, and had its turn.
    assert end.next_deadline > answers_s(VHF, VHF.over_s, 2) + VHF.turn_s
    assert end.next_deadline < VHF.silence_s() / 4
    end.handle_timer(now=end.next_deadline)
    events = end.poll_events()
    assert [type(event) for event in events] == [PartnerHeard, TransferApplied, ContactEnded]
    assert outcome(events) is Outcome.COMPLETE
    assert not end.is_over, "if it is called again it has not understood"


def test_who_lacks_something_waits_as_long_as_one_who_was_called() -> None:
    for lead in (replace(ASKED, sealed=1), replace(ASKED, more=True)):
        end = listener(MemoryStore("b"), now=3.0)
        said = answer(end, a_round(lead), now=3.0)
        assert said is not None
        assert end.next_deadline is not None
        assert end.next_deadline > 3.0 + VHF.silence_s()
        end.handle_timer(now=end.next_deadline)
        assert outcome(end.poll_events()) is Outcome.DROPPED


def test_a_person_may_have_had_enough() -> None:
    end = listener(MemoryStore("b"))
    answer(end, a_round(ASKED))
    end.finish()
    end.stop()
    assert (end.state, end.is_over, end.poll_over(now=9.0)) == (State.CLOSED, True, None)
    assert outcome(end.poll_events()) is Outcome.STOPPED


def test_a_later_part_of_a_contact_answers_what_is_new_and_no_copy() -> None:
    last = replace(ASKED, over=3)
    end = listener(MemoryStore("b"), lead=last)
    assert answer(end, a_round(last)) is None
    assert answer(end, a_round(replace(ASKED, over=4))) is not None


# Late, strange and hostile frames.


@pytest.mark.parametrize(
    ("lead", "pool"),
    [(ASKED, b"pool two"), (replace(ASKED, contact=2), POOL)],
    ids=["another pool", "another contact"],
)
def test_a_round_that_is_not_for_us_is_not_heard(lead: Round, pool: bytes) -> None:
    end = listener(MemoryStore("b"))
    over = a_round(lead, pool=pool)
    assert not end.receive_frame(over.frames[0], now=1.0)
    assert (end.state, end.lead) == (State.WAITING, None)


def test_data_of_another_pool_is_not_heard() -> None:
    ben = MemoryStore("b")
    end = listener(ben)
    data = write_frame(Data(1, 0, 0, b"12345678", Shape(2, 0)))
    answer(end, a_round(replace(UNASKED, sealed=1)))
    assert not end.receive_frame(a_round(replace(ASKED, sealed=1), data, pool=b"pool two").frames[1], now=5.0)
    assert ben.arriving(listening()) == []
    assert end.receive_frame(a_round(replace(ASKED, sealed=1), data).frames[1], now=5.0)
    assert len(ben.arriving(listening())) == 1


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60), st.builds(bytes.__add__, st.just(b"\xa0\x00"), st.binary(max_size=40))
        )
    ),
    st.booleans(),
)
def test_rubbish_is_not_heard(frames: Sequence[bytes], has_joined: bool) -> None:
    anna, ben, _ = stores(3)
    end = listener(ben)
    if has_joined:
        answer(end, a_round(replace(UNASKED, sealed=1)))
    before = end.state, end.lead, end.next_deadline
    for frame in frames:
        assert not end.receive_frame(frame, now=1.0)
    assert (end.state, end.lead, end.next_deadline) == before
    over = over_of(speaker(anna))
    end = listener(ben) if has_joined else end
    assert answer(end, over) is not None
    assert all_there(anna, ben)


def test_slots_are_long_enough_for_the_longest_answer_on_each_link() -> None:
    for timing in (VHF, FAST):
        longest = timing.turn_s + timing.frame_s(ANSWER_BYTES) * 1.04 + timing.airtime.tail_s
        assert slot_s(timing) >= longest + 0.3
