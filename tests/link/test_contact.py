"""Two stations in contact over a line that loses, delays, repeats and spoils frames."""

from collections.abc import Callable
from random import Random
from typing import TypeAlias

import pytest

from radiosync.link.contact import REFUSALS, STALLED_OVERS, Contact, Role, State
from radiosync.link.events import (
    ContactEnded,
    Outcome,
    PartnerHeard,
    Progress,
    TransferApplied,
    TransfersConfirmed,
)
from radiosync.link.timing import CALLS, Timing, timing_of
from radiosync.profiles.airtime import Airtime
from radiosync.wire.check import strip_check
from radiosync.wire.frames import (
    CALL_CHECK_BYTES,
    Ack,
    Call,
    Data,
    Frame,
    Hello,
    Kind,
    Round,
    call_seed,
    kind_of,
    read_frame,
)
from radiosync.wire.frames0 import read_any_frame
from radiosync.wire.framing import StreamFraming
from tests.link.line import FAST, SMALL, VHF, Fate, Line, Sent, lossy, unharmed, without
from tests.link.memory import MemoryStore, partner_of
from tests.link.pairs import all_there, contact, meet, outcomes, stores

STREAM = timing_of(Airtime.of("transparent", 2400, key_up_s=0.3, longest_over_s=30.0), StreamFraming(3))
COMPLETE = [Outcome.COMPLETE, Outcome.COMPLETE]
TIMINGS = pytest.mark.parametrize("timing", [VHF, FAST, SMALL], ids=["vhf", "fast", "small frames"])


# Without loss.


@TIMINGS
@pytest.mark.parametrize(
    ("changes", "back"), [(0, 0), (1, 0), (0, 1), (20, 0), (0, 20), (20, 20), (300, 0), (300, 300)]
)
def test_both_sides_end_with_all(changes: int, back: int, timing: Timing) -> None:
    anna, ben = stores(changes, back, text_bytes=20)
    line = meet(anna, ben, timing=timing)
    assert all_there(anna, ben)
    assert outcomes(line) == COMPLETE
    assert sum(ben.deliveries) == changes


def acquainted(changes: int = 0, back: int = 0) -> tuple[MemoryStore, MemoryStore]:
    """Two stores that have met twice, and have changes since."""
    anna, ben = stores(20, 20)
    for number in (1, 2):
        assert outcomes(meet(anna, ben, number)) == COMPLETE
    anna.fill(Random(3), changes, first=2000)
    ben.fill(Random(4), back, first=7000)
    return anna, ben


Made: TypeAlias = Callable[[int, int], tuple[MemoryStore, MemoryStore]]
MADE = pytest.mark.parametrize("made", [stores, acquainted], ids=["strangers", "acquainted"])


def kinds_of(line: Line) -> list[Kind]:
    return [kind_of(sent.frame) for sent in line.sent]


def test_a_contact_of_strangers_with_nothing_to_send_is_three_frames() -> None:
    anna, ben = stores()
    line = meet(anna, ben)
    assert (line.overs, kinds_of(line)) == ([2, 1], [Kind.HELLO, Kind.HELLO, Kind.ACK])
    assert line.air_bytes <= 84


@TIMINGS
def test_a_contact_of_partners_with_nothing_to_send_is_two_frames(timing: Timing) -> None:
    anna, ben = acquainted()
    line = meet(anna, ben, 3, timing)
    assert (line.overs, kinds_of(line)) == ([1, 1], [Kind.CALL, Kind.ACK])
    assert outcomes(line) == COMPLETE
    assert line.air_bytes == 18, "bytes of ours, both ways, with checks"


TAG_BYTES = 8
"""An authentication tag, which each frame of a signed contact would carry beside its check."""


@pytest.mark.parametrize(
    ("timing", "expected"),
    [(VHF, 18), (FAST, 18), (SMALL, 18), (STREAM, 20)],
    ids=["vhf", "fast", "small", "stream"],
)
def test_an_empty_contact_leaves_room_to_be_authenticated(timing: Timing, expected: int) -> None:
    """What counts are bytes of ours, both ways, with our checks: no header of AX.25, no flags, no sync word, no parity.

    The check of a call has four bytes on each modem, that of its answer on a transparent one alone.
    """
    anna, ben = acquainted()
    line = meet(anna, ben, 3, timing)
    assert kinds_of(line) == [Kind.CALL, Kind.ACK]
    assert [len(sent.frame) for sent in line.sent] == [8 + CALL_CHECK_BYTES, 4 + timing.check_bytes]
    assert line.air_bytes == expected
    assert line.air_bytes + TAG_BYTES * len(line.sent) <= 48


# What a data frame costs.


def fields_of(sent: Sent, timing: Timing) -> int:
    """Bytes of ours in a data frame that are neither its check nor pieces."""
    content = read(sent.frame, timing)
    assert isinstance(content, Data)
    return len(sent.frame) - timing.check_bytes - len(content.data)


@pytest.mark.parametrize("seed", range(40))
def test_a_data_frame_between_known_partners_has_six_bytes_of_fields_at_most(seed: int) -> None:
    """Whatever is lost: six while the shape is stated, four from when the partner has shown that it knows it."""
    random = Random(seed)
    loss = random.choice([0.05, 0.2, 0.4])
    anna, ben = acquainted(random.choice([20, 150, 300]), random.choice([0, 3, 150]))
    sizes: list[int] = []
    for number in range(3, 20):
        line = meet(anna, ben, number, VHF, lossy(random, loss, loss))
        sizes += [fields_of(sent, VHF) for sent in line.sent if kind_of(sent.frame) is Kind.DATA]
        if all_there(anna, ben):
            break
    where = f"seed {seed}, loss {loss}: {sizes}"
    assert all_there(anna, ben), where
    assert sizes, where
    assert set(sizes) <= {4, 6}, where


def test_a_stranger_gets_data_in_the_first_over() -> None:
    anna, ben = stores(3)
    line = meet(anna, ben)
    assert line.overs == [2, 1]
    assert kinds_of(line) == [Kind.HELLO, Kind.DATA, Kind.HELLO, Kind.ACK]


def test_a_partner_gets_data_in_the_very_call() -> None:
    anna, ben = acquainted(3)
    line = meet(anna, ben, 3)
    assert (line.overs, kinds_of(line)) == ([1, 1], [Kind.CALL, Kind.ACK])
    assert outcomes(line) == COMPLETE
    assert all_there(anna, ben)


@pytest.mark.parametrize("caller", ["a", "b"])
def test_twenty_small_changes_take_at_most_three_overs(caller: str) -> None:
    """A field of each of twenty records that both have. From the called they take one more: it must be asked first."""
    anna, ben = stores()
    for number in range(1, 21):
        anna.edit(number, name=f"School {number}", beds=str(number))
    meet(anna, ben, 1)
    for number in range(1, 21):
        anna.edit(number, name=f"School {number}", beds=str(number * 37 % 91))
    pair = (anna, ben) if caller == "a" else (ben, anna)
    line = meet(*pair, number=2)
    assert line.overs == ([1, 1] if caller == "a" else [2, 1])
    assert outcomes(line) == COMPLETE
    assert all_there(anna, ben)


@TIMINGS
@pytest.mark.parametrize("changes", [1, 3, 20, 300])
def test_what_rides_in_a_call_is_as_much_as_the_frame_holds(changes: int, timing: Timing) -> None:
    anna, ben = acquainted(changes)
    line = meet(anna, ben, 3, timing)
    call, _ = read_frame(line.sent[0].frame[:-CALL_CHECK_BYTES])
    assert isinstance(call, Call)
    assert call.data is not None
    assert call.data.shape is not None
    assert len(line.sent[0].frame) <= timing.frame_bytes
    if changes > 3:
        size, data_bytes = call.data.shape.piece_bytes, len(call.data.data)
        cut_zeros = -data_bytes % size
        assert len(line.sent[0].frame) + cut_zeros + size > timing.frame_bytes
    assert all(len(sent.frame) <= timing.frame_bytes for sent in line.sent)
    assert all_there(anna, ben)


def test_events_tell_the_contact_in_order() -> None:
    anna, ben = stores(20)
    line = meet(anna, ben)
    mine, theirs = (end.poll_events() for end in line.ends if isinstance(end, Contact))
    kinds = [type(event) for event in mine]
    assert kinds[0] is PartnerHeard
    assert kinds[-1] is ContactEnded
    assert kinds.count(TransfersConfirmed) == kinds.count(ContactEnded) == 1
    assert [event.number for event in theirs if isinstance(event, TransferApplied)] == [1]
    last = [event for event in mine if isinstance(event, Progress)][-1]
    assert (last.pieces_there, last.bytes_there, last.more) == (last.pieces, last.bytes_total, False)
    assert last.left_s == 0


def test_the_second_contact_sends_only_what_is_new() -> None:
    anna, ben = stores(20)
    first = meet(anna, ben)
    anna.edit(3, name="new")
    second = meet(anna, ben, number=2)
    assert all_there(anna, ben)
    assert sum(ben.deliveries) == 21
    assert second.air_bytes < first.air_bytes / 2


def test_only_the_called_side_may_have_something() -> None:
    anna, ben = stores(0, 40)
    assert outcomes(meet(anna, ben)) == COMPLETE
    assert all_there(anna, ben)


def test_hundreds_of_transfers_wrap_around_their_eight_bits() -> None:
    anna, ben = stores()
    for number in range(1, 270):
        anna.edit(number % 7, name=str(number))
        ben.edit(100 + number % 3, name=str(number))
        assert outcomes(meet(anna, ben, number=number)) == COMPLETE
    assert all_there(anna, ben)
    assert len(anna.traffic_of(ben).sealed) == len(ben.traffic_of(anna).sealed) == 269
    assert anna.traffic_of(ben).rewinds == 0


@TIMINGS
@MADE
@pytest.mark.parametrize("seed", range(4))
def test_the_called_side_keeps_to_what_it_was_granted(seed: int, timing: Timing, made: Made) -> None:
    """The caller counts on it when it decides how long to wait."""
    anna, ben = made(60, 300)
    line = meet(anna, ben, 3, timing, fate=lossy(Random(seed), 0.15, 0.15))
    granted_s = 0.0
    for over in overs_of(line):
        if over[0].side == 0:
            grants = [grant_of(sent.frame, timing) for sent in over]
            granted_s = max(granted_s, *(timing.seconds(grant) for grant in grants))
        else:
            assert over[-1].ends_at - over[0].begins_at <= max(granted_s, timing.frame_s(50))


def overs_of(line: Line) -> list[list[Sent]]:
    overs: list[list[Sent]] = []
    for sent in line.sent:
        if sent.place == 0:
            overs.append([])
        overs[-1].append(sent)
    return overs


def read(frame: bytes, timing: Timing) -> Frame:
    size = CALL_CHECK_BYTES if kind_of(frame) is Kind.CALL else timing.check_bytes
    return read_any_frame(frame[:-size])[0]


def is_data(frame: bytes) -> bool:
    return kind_of(frame) is Kind.DATA


def grant_of(frame: bytes, timing: Timing) -> int:
    content = read(frame, timing)
    return 0 if isinstance(content, Data | Round) else content.report.grant_bytes


# Any one frame lost.


LOADS = pytest.mark.parametrize(("changes", "back"), [(0, 0), (1, 1), (20, 0), (0, 20), (60, 60)])


@MADE
@LOADS
def test_the_loss_of_any_one_frame_stalls_nothing(changes: int, back: int, made: Made) -> None:
    clean = meet(*made(changes, back), number=3)
    for lost in range(len(clean.sent)):
        anna, ben = made(changes, back)
        line = meet(anna, ben, number=3, fate=without(lost))
        assert all_there(anna, ben), lost
        assert outcomes(line)[0] is Outcome.COMPLETE, lost
        # A call that is lost takes its data with it. A bye of the caller that is lost leaves nothing to be done; one of the
        # called is asked for: hello, answer, bye.
        is_bye_of_called = lost == len(clean.sent) - 1 and clean.sent[lost].side == 1
        assert sum(line.overs) <= sum(clean.overs) + 2 + (lost == 0 or is_bye_of_called), lost
        assert line.overs[0] <= clean.overs[0] + 2, lost


@MADE
def test_the_loss_of_any_two_frames_stalls_nothing(made: Made) -> None:
    frames = len(meet(*made(20, 20), number=3).sent)
    for first in range(frames):
        for second in range(first + 1, frames + 2):
            anna, ben = made(20, 20)
            line = meet(anna, ben, number=3, fate=without(first, second))
            assert all_there(anna, ben), (first, second)
            assert outcomes(line)[0] is Outcome.COMPLETE, (first, second)


def test_a_lost_bye_leaves_the_called_side_waiting_not_for_ever() -> None:
    anna, ben = stores(3)
    last = len(meet(*stores(3)).sent) - 1
    line = meet(anna, ben, fate=without(last))
    assert line.sent[last].side == 0
    assert outcomes(line) == [Outcome.COMPLETE, Outcome.DROPPED]
    assert line.now < 600
    assert outcomes(meet(anna, ben, number=2)) == COMPLETE


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize(("changes", "back"), [(0, 0), (3, 0), (20, 0), (60, 0)])
def test_a_bye_of_the_called_that_is_lost_is_asked_for(changes: int, back: int, times: int) -> None:
    """The called has ended the contact and knows no more of it. It answers anew, and nothing is delivered twice."""
    lost = [0]

    def fate(sent: Sent) -> list[tuple[float, bytes]]:
        content = read(sent.frame, VHF)
        is_bye = sent.side == 1 and isinstance(content, Ack) and content.bye
        if lost[0] < times and (is_bye or (lost[0] and sent.side == 1)):
            lost[0] += 1
            return []
        return unharmed(sent)

    anna, ben = acquainted(changes, back)
    before = [sum(store.deliveries) for store in (anna, ben)]
    line = meet(anna, ben, 3, fate=fate)
    assert lost[0] == times
    assert outcomes(line) == COMPLETE
    assert all_there(anna, ben)
    assert [sum(store.deliveries) for store in (anna, ben)] == [before[0] + back, before[1] + changes]
    assert anna.traffic_of(ben).rewinds == ben.traffic_of(anna).rewinds == 0
    assert line.now < 60


def test_a_bye_that_is_never_heard_ends_after_a_bounded_time() -> None:
    anna, ben = acquainted(3)
    line = meet(anna, ben, 3, fate=lambda sent: [] if sent.side == 1 else unharmed(sent))
    assert outcomes(line) == [Outcome.NO_ANSWER, Outcome.COMPLETE]
    assert all_there(anna, ben)
    assert sum(ben.deliveries) == 20 + 3
    assert line.overs[0] == CALLS
    again = meet(anna, ben, 4)
    assert outcomes(again) == COMPLETE
    assert sum(ben.deliveries) == 20 + 3
    assert again.air_bytes == 18


def test_a_bye_of_the_caller_that_confirms_something_new_is_said_twice() -> None:
    anna, ben = stores(0, 3)
    line = meet(anna, ben)
    assert [sent.side for sent in line.sent[-2:]] == [0, 0]
    assert line.sent[-1].place == 1
    assert line.sent[-1].frame[2:-2] == line.sent[-2].frame[2:-2]


def test_nobody_says_bye_for_what_was_true_an_over_ago() -> None:
    """The called has all that it knows of; that there is more was said in a frame that it did not hear."""
    anna, ben = acquainted(60)
    one, called = contact(Role.CALLER, anna, ben, 3, VHF), contact(Role.CALLED, ben, anna, 3, VHF)
    call = one.poll_over(now=0.0)
    assert call is not None
    assert called.receive_frame(call.frames[0], now=2.0)
    answer = called.poll_over(now=2.0)
    assert answer is not None
    assert called.state is State.WAITING
    anna.fill(Random(8), 300, first=9000)
    assert one.receive_frame(answer.frames[0], now=4.0)
    second = one.poll_over(now=4.0)
    assert second is not None
    numbers = {content.number for frame in second.frames if isinstance(content := read(frame, VHF), Data)}
    assert len(numbers) > 1
    oldest = [frame for frame in second.frames if isinstance(content := read(frame, VHF), Data)]
    first_number = read(oldest[0], VHF)
    assert isinstance(first_number, Data)
    for frame in oldest:
        content = read(frame, VHF)
        if isinstance(content, Data) and content.number == first_number.number:
            assert called.receive_frame(frame, now=20.0)
    due = called.next_deadline
    assert due is not None
    called.handle_timer(now=due)
    assert ben.inbound(partner_of(anna)).through == anna.outbound(partner_of(ben)).confirmed + 1
    assert called.poll_over(now=due) is not None
    assert called.state is State.WAITING


# Much lost.


def until_done(anna: MemoryStore, ben: MemoryStore, timing: Timing, fate: Fate, contacts: int = 40) -> int:
    """Call until both have all; the number of contacts it took."""
    for number in range(1, contacts + 1):
        line = meet(anna, ben, number, timing, fate)
        if all_there(anna, ben) and outcomes(line)[0] is Outcome.COMPLETE:
            return number
    raise AssertionError(f"not done after {contacts} contacts")


@TIMINGS
@pytest.mark.parametrize("losses", [(0.1, 0.1), (0.3, 0.3), (0.4, 0.4), (0.6, 0.0), (0.0, 0.6), (0.6, 0.3)])
@pytest.mark.parametrize("seed", range(3))
def test_random_loss_is_survived(losses: tuple[float, float], seed: int, timing: Timing) -> None:
    anna, ben = stores(60, 30)
    assert until_done(anna, ben, timing, lossy(Random(seed), *losses)) <= 12


@pytest.mark.parametrize("seed", range(25))
def test_little_loss_needs_one_contact(seed: int) -> None:
    anna, ben = stores(60, 30)
    assert until_done(anna, ben, VHF, lossy(Random(seed), 0.1, 0.1)) == 1


def copies_of_leads(line: Line) -> list[int]:
    """For each over how often its lead was said."""
    copies: list[int] = []
    for sent in line.sent:
        if sent.place == 0:
            copies.append(0)
        copies[-1] += kind_of(sent.frame) in (Kind.CALL, Kind.HELLO, Kind.ACK)
    return copies


@pytest.mark.parametrize(("changes", "back"), [(300, 0), (0, 300), (300, 300)])
def test_leads_are_said_more_than_once_where_answers_get_lost(changes: int, back: int) -> None:
    clean = meet(*stores(changes, back))
    assert max(copies_of_leads(clean)[:-1]) == 1, "the bye confirms, and is said twice"
    repeated = overs = 0
    for seed in range(12):
        anna, ben = stores(changes, back)
        copies = copies_of_leads(meet(anna, ben, fate=lossy(Random(seed), 0.4, 0.4)))
        assert max(copies) <= 4, f"seed {seed}"
        repeated += sum(each > 1 for each in copies)
        overs += len(copies)
    assert repeated > overs / 4


@pytest.mark.parametrize("seed", range(10))
def test_nothing_confirmed_is_sent_again(seed: int) -> None:
    """Repetition only comes from acknowledgements that were lost; without those there is none."""
    random = Random(seed)
    anna, ben = stores(120, 0)
    line = meet(
        anna,
        ben,
        fate=lambda sent: [] if sent.side == 0 and sent.place and random.random() < 0.4 else unharmed(sent),
    )
    assert all_there(anna, ben)
    ends = [end for end in line.ends if isinstance(end, Contact)]
    assert [end.incoming.repeated_pieces for end in ends] == [0, 0]


def mistreat(random: Random) -> Fate:
    """Loss, copies, delays up to several overs, cut and spoiled frames, and pure rubbish."""

    def fate(sent: Sent) -> list[tuple[float, bytes]]:
        arrivals = []
        for _ in range(random.choice([0, 1, 1, 1, 1, 2, 3])):
            frame = bytearray(sent.frame)
            dice = random.random()
            if dice < 0.1:
                del frame[random.randrange(len(frame)) :]
            elif dice < 0.2:
                frame[random.randrange(len(frame))] ^= 1 << random.randrange(8)
            elif dice < 0.25:
                frame = bytearray(random.randbytes(random.randint(0, 300)))
            arrivals.append(
                (random.choice([0.0, 0.0, 0.0, random.random(), 40 * random.random()]), bytes(frame))
            )
        return arrivals

    return fate


@TIMINGS
@pytest.mark.parametrize("seed", range(8))
def test_a_line_that_repeats_delays_and_spoils_is_survived(seed: int, timing: Timing) -> None:
    anna, ben = stores(60, 30)
    assert until_done(anna, ben, timing, mistreat(Random(seed)), contacts=30) < 15


@pytest.mark.parametrize("seed", range(8))
def test_jitter_alone_needs_one_contact(seed: int) -> None:
    """A packet network behind the radio: late, but in order within an over."""
    random = Random(seed)
    anna, ben = stores(60, 30)
    assert until_done(anna, ben, VHF, lambda sent: [(random.random() * 0.5, sent.frame)]) == 1


# Silence.


def test_nobody_there_ends_after_a_bounded_time() -> None:
    anna, ben = stores(20)
    line = meet(anna, ben, fate=lambda sent: [])
    assert outcomes(line) == [Outcome.NO_ANSWER, None]
    assert line.overs == [CALLS, 0]
    assert line.now < 300


def test_a_call_that_is_not_answered_is_short() -> None:
    anna, ben = stores(300)
    line = meet(anna, ben, fate=lambda sent: [])
    for each in line.sent:
        if each.place == 0:
            over_s = sum(
                other.ends_at - other.begins_at for other in line.sent if other.begins_at >= each.begins_at
            )
            assert over_s / (line.overs[0]) < 5


@pytest.mark.parametrize("silent", [0, 1])
def test_a_partner_that_falls_silent_ends_after_a_bounded_time(silent: int) -> None:
    anna, ben = stores(300, 300)
    line = meet(
        anna, ben, fate=lambda sent: [] if sent.side == silent and sent.index > 10 else unharmed(sent)
    )
    assert outcomes(line) == [Outcome.DROPPED, Outcome.DROPPED]
    assert line.now < 1500


def test_a_partner_with_whom_nothing_moves_is_hung_up_on() -> None:
    """It answers each over, yet takes nothing: all our data is lost, and it says that it has more than it sends."""
    anna, ben = stores(20)
    line = meet(anna, ben, fate=lambda sent: [] if sent.side == 0 and is_data(sent.frame) else unharmed(sent))
    assert outcomes(line)[0] is Outcome.DROPPED
    assert line.overs[0] <= STALLED_OVERS + 2


def test_stopping_says_nothing_more() -> None:
    anna, ben = stores(20)
    one = contact(Role.CALLER, anna, ben, 1, VHF)
    one.stop()
    one.stop()
    assert one.poll_over(now=0.0) is None
    assert one.next_deadline is None
    assert [event for event in one.poll_events() if isinstance(event, ContactEnded)] == [
        ContactEnded(Outcome.STOPPED, 0, 0, 0)
    ]
    assert not one.receive_frame(b"anything", now=1.0)


# Frames that do not belong.


def test_frames_of_another_contact_or_direction_look_like_noise() -> None:
    anna, ben = stores(20, 20)
    earlier = meet(anna, ben, number=1)
    anna.edit(1, name="x")
    one = contact(Role.CALLER, anna, ben, 2, VHF)
    called = contact(Role.CALLED, ben, anna, 2, VHF)
    mine = one.poll_over(now=0.0)
    assert mine is not None
    for each in earlier.sent:
        assert not one.receive_frame(each.frame, now=1.0)
        assert not called.receive_frame(each.frame, now=1.0)
    for frame in mine.frames:
        assert not one.receive_frame(frame, now=1.0)
    assert called.receive_frame(mine.frames[0], now=2.0)


def test_no_bytes_make_a_contact_raise() -> None:
    random = Random(5)
    anna, ben = stores(20, 20)
    one, called = contact(Role.CALLER, anna, ben, 1, VHF), contact(Role.CALLED, ben, anna, 1, VHF)
    for _ in range(3000):
        frame = random.randbytes(random.randint(0, 60))
        assert not one.receive_frame(frame, now=1.0)
        assert not called.receive_frame(frame, now=1.0)
    assert called.state is State.WAITING
    assert called.next_deadline is None


@pytest.mark.parametrize("seed", range(6))
def test_replayed_frames_of_the_same_contact_wedge_nothing(seed: int) -> None:
    """Old acknowledgements and hellos come again, much later."""
    random = Random(seed)
    heard: list[Sent] = []

    def fate(sent: Sent) -> list[tuple[float, bytes]]:
        heard.append(sent)
        old = [each for each in heard if each.side == sent.side]
        return [
            (0.0, sent.frame),
            *((random.random(), random.choice(old).frame) for _ in range(random.randint(0, 2))),
        ]

    anna, ben = stores(200, 100)
    assert until_done(anna, ben, VHF, fate) <= 6


def test_a_replayed_call_takes_nothing_back() -> None:
    """The first hello comes again when much has been confirmed since: it speaks of a past that both have left."""
    anna, ben = stores(300, 300)
    calls: list[bytes] = []

    def fate(sent: Sent) -> list[tuple[float, bytes]]:
        if not calls:
            calls.append(sent.frame)
        return [(0.0, sent.frame), *((0.1, calls[0]) for _ in range(sent.side == 0 and sent.index > 20))]

    meet(anna, ben, fate=fate)
    assert all_there(anna, ben)
    assert anna.traffic_of(ben).rewinds == ben.traffic_of(anna).rewinds == 0


def test_the_first_frame_says_who_calls_whom() -> None:
    anna, ben = stores()
    over = contact(Role.CALLER, anna, ben, 77, VHF).poll_over(now=0.0)
    assert over is not None
    hello, left_bytes = read_frame(
        strip_check(over.frames[0], call_seed(ben.origin.station), VHF.check_bytes)
    )
    assert isinstance(hello, Hello)
    assert (hello.receiver, hello.sender, hello.contact, hello.reply) == (b"bbbb", b"aaaa", 77, False)
    assert left_bytes == 0


# The contract of the object.


def test_an_over_is_given_out_once() -> None:
    anna, ben = stores(3)
    one = contact(Role.CALLER, anna, ben, 1, VHF)
    assert (one.state, one.next_deadline) == (State.SPEAKING, None)
    assert one.poll_over(now=0.0) is not None
    assert one.poll_over(now=0.0) is None
    assert one.state is State.WAITING


def test_a_timer_that_has_not_come_does_nothing() -> None:
    anna, ben = stores(3)
    one = contact(Role.CALLER, anna, ben, 1, VHF)
    one.poll_over(now=0.0)
    due = one.next_deadline
    assert due is not None
    one.handle_timer(now=due - 0.01)
    assert (one.state, one.next_deadline) == (State.WAITING, due)
    one.handle_timer(now=due)
    assert one.state is State.SPEAKING


def test_a_bye_that_was_made_and_never_sent_is_no_end() -> None:
    """A frame comes in between: the contact goes on, and its next over is not mistaken for the bye."""
    anna, ben = stores(0, 0)
    one, called = contact(Role.CALLER, anna, ben, 1, VHF), contact(Role.CALLED, ben, anna, 1, VHF)
    call = one.poll_over(now=0.0)
    assert call is not None
    called.receive_frame(call.frames[0], now=1.0)
    ben.edit(1, name="late")
    answer = called.poll_over(now=1.0)
    assert answer is not None
    one.receive_frame(answer.frames[-1], now=2.0)
    anna.edit(2, name="later still")
    one.receive_frame(answer.frames[0], now=2.1)
    due = one.next_deadline
    if due is not None:
        one.handle_timer(now=due)
    assert one.poll_over(now=due or 2.1) is not None
    assert one.state is State.WAITING


def test_a_partner_that_sends_only_what_cannot_be_read_is_hung_up_on() -> None:
    anna, ben = stores(20)
    anna.spoils = True
    line = meet(anna, ben)
    assert outcomes(line)[1] is Outcome.DROPPED
    assert line.overs[1] <= 3 * REFUSALS
    assert ben.records == {}
    assert line.now < 2000
