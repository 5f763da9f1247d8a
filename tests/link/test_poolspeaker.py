"""The speaker of a pool, over by over: whom it asks, what it believes of them, what it sends them, and when it stops."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.link.contact import RESTARTS, STALLED_OVERS, State
from radiosync.link.events import Outcome, PartnerHeard, Progress, TransfersConfirmed
from radiosync.link.over import Over
from radiosync.link.pool import answers_s
from radiosync.link.poollistener import PoolListener
from radiosync.link.poolspeaker import TURNS, PoolSpeaker
from radiosync.link.timing import CALLS, SILENT_OVERS
from radiosync.wire.context import EMPTY_MARK, Mark
from radiosync.wire.frames import Ack, Arriving, Hello, Kind, Report
from tests.link.line import VHF
from tests.link.memory import MemoryStore
from tests.link.pairs import all_there
from tests.link.pools import (
    LETTERS,
    POOL,
    an_answer,
    answer,
    data_of,
    kinds,
    lead_of,
    listener,
    outcome,
    over_of,
    pieces_of,
    speaker,
    speaking,
    stores,
)

BEN, CARLA = b"b" * 8, b"c" * 8
NOTHING = Ack(Report(0, 0))


def take_turns(end: PoolSpeaker, over: Over, *ears: PoolListener, lost: Sequence[Sequence[int]] = ()) -> None:
    """These ears hear an over, each but the frames that it loses, and answer it in turn. The others are silent."""
    answers = {
        ear.parties.us[:2]: answer(ear, over, without=missed)
        for ear, missed in zip_longest(ears, lost, fillvalue=())
        if isinstance(ear, PoolListener)
    }
    for turn in lead_of(over).turns:
        said = answers.get(turn)
        if said is not None:
            assert end.receive_frame(said.frames[0], now=0.0)
    pass_time(end)


def pass_time(end: PoolSpeaker) -> None:
    """Nothing more is heard until the last slot is over."""
    if end.state is State.WAITING and end.next_deadline is not None:
        end.handle_timer(now=end.next_deadline)


def finish(end: PoolSpeaker, *ears: PoolListener) -> list[Over]:
    """All overs to the end of the contact, which these ears hear and answer."""
    overs: list[Over] = []
    while (over := end.poll_over(now=0.0)) is not None:
        overs.append(over)
        assert len(overs) < 100
        take_turns(end, over, *ears)
    return overs


# Whom it asks.


def test_what_fits_one_over_is_answered_by_all_members_in_it() -> None:
    anna, *others = stores(3)
    end = speaker(anna)
    over = over_of(end)
    assert lead_of(over).turns == (b"bb", b"cc")
    assert kinds(over.frames) == [Kind.ROUND, Kind.DATA]
    take_turns(end, over, *map(listener, others))
    assert all_there(anna, *others)
    events = end.poll_events()
    assert [type(event) for event in events[:2]] == [PartnerHeard, TransfersConfirmed]
    assert outcome(events) is Outcome.COMPLETE
    assert end.overs == 1, "it has nothing to add, and they know that"


def test_a_pool_with_nothing_to_say_asks_how_they_are() -> None:
    anna, ben, carla = stores()
    end = speaker(anna)
    over = over_of(end)
    assert kinds(over.frames) == [Kind.ROUND]
    take_turns(end, over, listener(ben), listener(carla))
    assert outcome(end.poll_events()) is Outcome.COMPLETE


def test_in_the_middle_of_something_long_one_is_asked_and_the_next_time_another_one() -> None:
    anna, *others = stores(600, listeners=3, text_bytes=40)
    end, ears = speaker(anna), [listener(each) for each in others]
    asked: list[bytes] = []
    for _ in range(4):
        over = over_of(end)
        asked += lead_of(over).turns
        take_turns(end, over, *ears)
    assert asked == [b"bb", b"cc", b"dd", b"bb"]


def test_at_the_end_of_something_long_all_are_asked() -> None:
    anna, *others = stores(200, listeners=3, text_bytes=40)
    end, ears = speaker(anna), [listener(each) for each in others]
    turns = [lead_of(over).turns for over in finish(end, *ears)]
    assert set(turns[-1]) == {b"bb", b"cc", b"dd"}
    assert [len(each) for each in turns[:-1]] == [1] * (len(turns) - 1)
    assert outcome(end.poll_events()) is Outcome.COMPLETE


def test_no_more_are_asked_at_once_than_there_are_slots_and_then_the_rest() -> None:
    anna, *others = stores(1, listeners=TURNS + 3)
    end = speaker(anna)
    first = over_of(end)
    assert lead_of(first).turns == tuple(each.encode() * 2 for each in LETTERS[:TURNS])
    take_turns(end, first, *map(listener, others))
    second = over_of(end)
    assert lead_of(second).turns == tuple(each.encode() * 2 for each in LETTERS[TURNS : TURNS + 3])


def test_who_has_everything_is_not_asked_again() -> None:
    anna, ben, carla = stores(3)
    end = speaker(anna)
    over = over_of(end)
    take_turns(end, over, listener(ben))
    assert lead_of(over_of(end)).turns == (b"cc",)
    assert anna.members(speaking(anna)) == {BEN: 1, CARLA: 0}
    assert not all_there(anna, carla)


# How long it waits.


def test_it_speaks_again_as_soon_as_the_last_slot_was_used() -> None:
    anna, ben, carla = stores(3)
    end = speaker(anna)
    over = over_of(end)
    first, last = answer(listener(ben), over), answer(listener(carla), over, without=[1])
    assert first is not None
    assert last is not None
    assert end.receive_frame(first.frames[0], now=5.0)
    assert end.poll_over(now=5.0) is None, "the other one may be speaking"
    assert end.receive_frame(last.frames[0], now=9.0)
    assert end.poll_over(now=9.0) is not None


def test_it_waits_for_each_slot_that_it_has_given() -> None:
    for listeners in (1, 2, 5):
        anna, *_ = stores(3, listeners)
        end = speaker(anna)
        over = over_of(end, now=7.0)
        assert end.next_deadline == pytest.approx(
            7.0 + VHF.turn_s + over.airtime_s + answers_s(VHF, over.airtime_s, listeners)
        )


def test_before_its_time_is_up_a_timer_does_nothing() -> None:
    end = speaker(stores(3)[0])
    over_of(end)
    assert end.next_deadline is not None
    end.handle_timer(now=end.next_deadline - 0.01)
    assert end.poll_over(now=0.0) is None
    assert end.state is State.WAITING


# Repair.


def test_as_many_pieces_follow_as_the_one_wants_who_lacks_most() -> None:
    anna, ben, carla = stores(40, text_bytes=40)
    end, ears = speaker(anna), [listener(ben), listener(carla)]
    over = over_of(end)  # A first over of one frame.
    take_turns(end, over, *ears)
    over = over_of(end)
    frames = range(1, len(over.frames))
    assert len(frames) >= 5
    # Whoever repairs what one of them has lost repairs what the other one has lost: they need the same number of others.
    take_turns(end, over, *ears, lost=[[1], [2, 3]])
    needs = [sum(ear.incoming.report()[0].needs) for ear in ears]
    assert 0 < needs[0] < needs[1]
    repair = over_of(end)
    sent, before = pieces_of(repair, anna), pieces_of(over, anna)
    assert needs[1] <= len(sent) < sum(needs)
    assert set(sent).isdisjoint(before)
    assert lead_of(repair).turns == (b"bb", b"cc")
    take_turns(end, repair, *ears)
    assert all_there(anna, ben, carla)
    assert [ear.incoming.repeated_pieces for ear in ears] == [0, 0]


def test_what_was_sent_since_a_member_was_heard_is_not_sent_again_for_it() -> None:
    """It may well have arrived: the member is asked first."""
    anna, ben, _ = stores(40, text_bytes=40)
    end, ear = speaker(anna), listener(ben)
    sent = []
    for _ in range(4):
        over = over_of(end)
        sent += pieces_of(over, anna)
        take_turns(end, over, ear)
    (transfer,) = anna.unconfirmed(speaking(anna))
    assert len(sent) == len(set(sent))
    assert sum(transfer.next_pieces) == len(sent) < transfer.shape.pieces + 12
    assert data_of(over) == []


def test_the_shape_is_stated_until_all_have_shown_that_they_know_it() -> None:
    anna, ben, carla = stores(60, text_bytes=40)
    end, ears = speaker(anna), [listener(ben), listener(carla)]
    over = over_of(end)
    take_turns(end, over, *ears, lost=[[], [1]])
    for hers in (range(1, 100), range(2, 8)):
        over = over_of(end)
        assert all(data.shape is not None for data in data_of(over))
        take_turns(end, over, *ears, lost=[[1], hers])
    over = over_of(end)
    assert data_of(over)
    assert all(data.shape is None for data in data_of(over))


# Who is not heard.


def test_a_deaf_member_is_left_out_after_its_turns_and_gets_what_it_lacks_in_the_next_contact() -> None:
    anna, ben, carla = stores(20)
    end, ear = speaker(anna), listener(ben)
    overs = finish(end, ear)
    assert outcome(end.poll_events()) is Outcome.DROPPED
    assert all_there(anna, ben)
    assert sum(b"cc" in lead_of(over).turns for over in overs) == CALLS
    assert (lead_of(overs[-1]).bye, lead_of(overs[-1]).turns) == (True, ())
    assert len(overs) <= CALLS + 2

    again, both = speaker(anna, 2), [listener(ben, 2), listener(carla, 2)]
    finish(again, *both)
    assert outcome(again.poll_events()) is Outcome.COMPLETE
    assert all_there(anna, carla)
    assert ben.deliveries == [20]


def test_a_member_that_falls_silent_has_a_few_more_turns() -> None:
    anna, ben, carla = stores(40, text_bytes=40)
    end, ears = speaker(anna), [listener(ben), listener(carla)]
    for _ in range(2):
        take_turns(end, over_of(end), *ears, lost=[[], [1]])
    overs = finish(end, ears[0])
    assert sum(b"cc" in lead_of(over).turns for over in overs) == SILENT_OVERS
    assert all_there(anna, ben)
    assert outcome(end.poll_events()) is Outcome.DROPPED


def test_if_nobody_answers_it_gives_up_without_a_word_and_without_much_data() -> None:
    anna, *_ = stores(300, text_bytes=40)
    end = speaker(anna)
    overs = finish(end)
    assert len(overs) == CALLS + 1, "the second one was not asked in the first over"
    assert outcome(end.poll_events()) is Outcome.NO_ANSWER
    assert [kinds(over.frames) for over in overs[1:]] == [[Kind.ROUND]] * CALLS
    assert overs[0].airtime_s < VHF.first_over_s + VHF.frame_s(40)


def test_into_a_silence_goes_one_more_over_of_data() -> None:
    anna, ben, carla = stores(900, text_bytes=40)
    end = speaker(anna)
    over = over_of(end)
    take_turns(end, over, listener(ben), listener(carla))
    assert [len(over.frames) > 1 for over in finish(end)][:4] == [True, True, False, False]


def test_who_is_silent_twice_is_asked_who_it_is() -> None:
    anna, ben, _ = stores(3)
    end, ear = speaker(anna), listener(ben)
    greets = [lead_of(over).greet for over in finish(end, ear)]
    assert greets[:4] == [False, False, True, True]


@contextmanager
def never_ahead(anna: MemoryStore) -> Iterator[None]:
    """Nothing is confirmed in here."""
    before = anna.outbound(speaking(anna))
    yield
    assert anna.outbound(speaking(anna)).confirmed == before.confirmed


def test_it_hangs_up_on_members_that_answer_and_take_nothing() -> None:
    anna, *others = stores(3)
    end = speaker(anna)
    overs = 0
    with never_ahead(anna):
        while (over := end.poll_over(now=0.0)) is not None:
            overs += 1
            lead = lead_of(over)
            for each in others:
                frame = an_answer(NOTHING, each.origin.station, lead, EMPTY_MARK)
                assert end.receive_frame(frame, now=0.0) == (not lead.bye)
    assert STALLED_OVERS * 2 <= overs <= STALLED_OVERS * 2 + 2
    assert outcome(end.poll_events()) is Outcome.DROPPED


# Members with another history.


def met(changes: int = 5) -> tuple[MemoryStore, ...]:
    """A pool that has had a contact, and has more to say since."""
    anna, *others = stores(changes)
    end = speaker(anna)
    over = over_of(end)
    take_turns(end, over, *map(listener, others))
    assert outcome(end.poll_events()) is Outcome.COMPLETE
    anna.fill(Random(7), changes, first=1000)
    return anna, *others


def test_known_members_need_no_hello() -> None:
    anna, ben, carla = met()
    end = speaker(anna, 2)
    assert len(finish(end, listener(ben, 2), listener(carla, 2))) == 1
    assert all_there(anna, ben, carla)
    assert ben.deliveries == [5, 5]


def test_a_member_that_lost_everything_makes_all_begin_anew() -> None:
    anna, ben, _ = met()
    new = MemoryStore("c", incarnation=2)
    end = speaker(anna, 2)
    finish(end, listener(ben, 2), listener(new, 2))
    assert outcome(end.poll_events()) is Outcome.COMPLETE
    assert all_there(anna, ben, new)
    assert anna.outbound(speaking(anna)).epoch == 1
    assert sum(new.deliveries) == 10


def test_a_member_that_was_restored_from_an_older_copy_gets_again_what_it_lacks() -> None:
    anna, ben, carla = met()
    end = speaker(anna, 2)
    over = over_of(end)
    take_turns(end, over, listener(ben, 2))
    # Now ben is what he was before: less than he has said, but no less than all have.
    traffic = ben.traffic(speaking(anna))
    traffic.received.pop()
    finish(end, listener(ben, 2, lead=lead_of(over)), listener(carla, 2))
    assert outcome(end.poll_events()) is Outcome.COMPLETE
    assert anna.outbound(speaking(anna)).epoch == 0
    assert ben.deliveries == [5, 5, 5]


def test_a_member_that_is_always_out_of_order_cannot_make_all_begin_anew_for_ever() -> None:
    anna, *_ = met()
    end, rewinds = speaker(anna, 2), anna.traffic(speaking(anna)).rewinds
    for _ in range(60):
        over = end.poll_over(now=0.0)
        if over is None:
            break
        lead = lead_of(over)
        lost = Hello(True, POOL, BEN, 9, 2, 0, lead.epoch, Mark(b"\xff" * 4), Report(0, 0))
        end.receive_frame(an_answer(lost, BEN, lead), now=0.0)
        pass_time(end)
    assert end.state is State.CLOSED
    assert anna.traffic(speaking(anna)).rewinds == rewinds + RESTARTS


def test_what_others_say_of_an_epoch_that_is_no_more_is_not_taken() -> None:
    anna, ben, carla = met()
    end = speaker(anna, 2)
    over = over_of(end)
    lead = lead_of(over)
    hers = answer(listener(carla, 2), over)
    assert hers is not None
    lost = Hello(True, POOL, BEN, 9, 2, 0, lead.epoch, Mark(b"\xff" * 4), Report(0, 0))
    assert end.receive_frame(an_answer(lost, BEN, lead), now=5.0)
    assert not end.receive_frame(hers.frames[0], now=6.0)
    assert end.poll_over(now=6.0) is None, "her slot is not over"
    pass_time(end)
    assert lead_of(over_of(end)).epoch == 1
    assert anna.members(speaking(anna)) == {BEN: 0, CARLA: 0}
    assert not all_there(anna, ben)


def test_a_new_member_gets_everything_and_the_others_nothing_twice() -> None:
    anna, ben, carla = met()
    dora = MemoryStore("d")
    speaking(anna, dora)
    end = speaker(anna, 2)
    finish(end, *(listener(each, 2) for each in (ben, carla, dora)))
    assert outcome(end.poll_events()) is Outcome.COMPLETE
    assert all_there(anna, ben, carla, dora)
    assert anna.outbound(speaking(anna)).epoch == 1


# The end.


def test_a_person_who_has_had_enough_lets_it_say_good_bye() -> None:
    anna, ben, carla = stores(40, text_bytes=40)
    end, ears = speaker(anna), [listener(ben), listener(carla)]
    over = over_of(end)
    end.finish()
    take_turns(end, over, *ears)
    bye = over_of(end)
    assert [lead_of(bye).bye, *kinds(bye.frames)] == [True, Kind.ROUND, Kind.ROUND]
    assert outcome(end.poll_events()) is Outcome.STOPPED
    assert [answer(each, bye) for each in ears] == [None, None]
    assert [each.state for each in ears] == [State.CLOSED] * 2


def test_before_anybody_was_heard_there_is_nobody_to_say_good_bye_to() -> None:
    end = speaker(stores(3)[0])
    over_of(end)
    end.finish()
    pass_time(end)
    assert end.poll_over(now=0.0) is None
    assert outcome(end.poll_events()) is Outcome.STOPPED


def test_it_can_be_stopped_without_a_word() -> None:
    end = speaker(stores(3)[0])
    end.stop(Outcome.DROPPED)
    end.stop()
    assert end.poll_over(now=0.0) is None
    assert end.next_deadline is None
    assert [event.outcome for event in end.poll_events() if hasattr(event, "outcome")] == [Outcome.DROPPED]


def test_progress_is_told_after_each_round_that_was_answered() -> None:
    anna, ben, carla = stores(40, text_bytes=40)
    end = speaker(anna)
    finish(end, listener(ben), listener(carla))
    told = [event for event in end.poll_events() if isinstance(event, Progress)]
    assert len(told) == end.overs
    assert [each.bytes_there for each in told] == sorted(each.bytes_there for each in told)
    assert told[-1].pieces_there == told[-1].pieces
    assert told[-1].left_s == 0


# Late, strange and hostile frames.


def test_a_copy_of_an_answer_is_none() -> None:
    anna, ben, _ = stores(3)
    end = speaker(anna)
    said = answer(listener(ben), over_of(end))
    assert said is not None
    assert end.receive_frame(said.frames[0], now=5.0)
    assert not end.receive_frame(said.frames[0], now=5.5)


def test_an_answer_to_an_earlier_over_is_none() -> None:
    anna, ben, _ = stores(3)
    end = speaker(anna)
    said = answer(listener(ben), over_of(end))
    assert said is not None
    pass_time(end)
    over_of(end)
    with never_ahead(anna):
        assert not end.receive_frame(said.frames[0], now=5.0)


def test_while_it_speaks_it_takes_nothing() -> None:
    anna, ben, _ = stores(3)
    end = speaker(anna)
    said = answer(listener(ben), over_of(end))
    assert said is not None
    pass_time(end)
    assert not end.receive_frame(said.frames[0], now=5.0), "its next over is ready and not keyed yet"
    end.stop()
    assert not end.receive_frame(said.frames[0], now=5.0)


def test_who_was_not_asked_is_not_heard() -> None:
    anna, *_ = stores(600, text_bytes=40)
    end = speaker(anna)
    over = over_of(end)
    assert lead_of(over).turns == (b"bb",)
    with never_ahead(anna):
        frame = an_answer(NOTHING, CARLA, lead_of(over), EMPTY_MARK)
        assert not end.receive_frame(frame, now=5.0)
    assert not end.heard


@pytest.mark.parametrize(
    ("member", "pool", "mark"),
    [(b"s" * 8, POOL, EMPTY_MARK), (BEN, b"pool two", EMPTY_MARK), (BEN, POOL, Mark(b"else"))],
    ids=["a stranger", "another pool", "another history"],
)
def test_an_answer_that_does_not_fit_is_noise(member: bytes, pool: bytes, mark: Mark) -> None:
    anna, *_ = stores(3)
    end = speaker(anna)
    lead = lead_of(over_of(end))
    with never_ahead(anna):
        assert not end.receive_frame(an_answer(NOTHING, member, lead, mark, pool), now=5.0)
        assert not end.receive_frame(an_answer(Ack(Report(0, 200)), member, lead, mark, pool), now=5.0)
    assert not end.heard
    assert anna.outbound(speaking(anna)).epoch == 0


@pytest.mark.parametrize(("contact", "incarnation", "over"), [(2, 1, 0), (1, 2, 0), (1, 1, 1)])
def test_an_answer_to_another_contact_or_over_is_noise(contact: int, incarnation: int, over: int) -> None:
    anna, *_ = stores(3)
    end = speaker(anna)
    lead = replace(lead_of(over_of(end)), contact=contact, incarnation=incarnation, over=over)
    assert not end.receive_frame(an_answer(NOTHING, BEN, lead, EMPTY_MARK), now=5.0)
    assert not end.receive_frame(
        an_answer(Hello(True, POOL, BEN, 1, 1, 0, 0, EMPTY_MARK, Report(0, 0)), BEN, lead), now=5.0
    )


@given(
    st.lists(st.one_of(st.binary(max_size=60), st.integers(0, 40).map(lambda size: b"\x80" + bytes(size))))
)
def test_rubbish_is_not_heard(frames: list[bytes]) -> None:
    anna, ben, carla = stores(3)
    end = speaker(anna)
    over = over_of(end)
    for frame in frames:
        assert not end.receive_frame(frame, now=1.0)
    take_turns(end, over, listener(ben), listener(carla))
    assert outcome(end.poll_events()) is Outcome.COMPLETE


@settings(deadline=None, max_examples=40)
@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 300), max_size=5))
def test_a_member_that_lies_gets_no_more_than_there_is(random: Random, needs: list[int]) -> None:
    """Whatever a member says that it lacks, no over is longer than an over, and the contact ends."""
    anna, *_ = stores(30, listeners=1)
    end = speaker(anna)
    for _ in range(200):
        over = end.poll_over(now=0.0)
        if over is None:
            break
        assert over.airtime_s <= VHF.over_s + 0.01
        arriving = [Arriving(random.random() < 0.1, tuple(needs)) for _ in range(random.randrange(5))]
        frame = an_answer(Ack(Report(random.randrange(256), 0, arriving)), BEN, lead_of(over), EMPTY_MARK)
        end.receive_frame(frame, now=0.0)
        pass_time(end)
    assert end.state is State.CLOSED
