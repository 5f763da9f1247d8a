"""What goes into one over."""

from random import Random

import pytest

from radiosync.link.over import Body, Outgoing, batch_limit_bytes, build_over
from radiosync.link.timing import Timing, timing_of
from radiosync.profiles.airtime import Airtime
from radiosync.sync.mail import Mail
from radiosync.wire.check import strip_check
from radiosync.wire.frames import Ack, Data, Report, read_frame, write_frame
from radiosync.wire.framing import KissFraming
from tests.link.line import FAST, SMALL, VHF
from tests.link.memory import JOB, MemoryStore, partner_of

TINY = timing_of(Airtime.of("lora", 300, max_frame_bytes=32), KissFraming())


def outgoing(changes: int, timing: Timing, text_bytes: int = 40) -> Outgoing:
    store = MemoryStore("a")
    store.fill(Random(1), changes, text_bytes)
    return Outgoing(Mail(store, partner_of(MemoryStore("b")), [JOB]), timing)


def airtime_s(frames: list[bytes], timing: Timing) -> float:
    return sum(timing.frame_s(len(frame) + timing.check_bytes) for frame in frames)


@pytest.mark.parametrize("timing", [VHF, FAST, SMALL, TINY], ids=["vhf", "fast", "small", "tiny"])
@pytest.mark.parametrize("room_s", [-5.0, 0.0, 0.01, 0.3, 1.0, 3.0, 30.0])
def test_an_over_fits_its_room_and_each_frame_the_modem(timing: Timing, room_s: float) -> None:
    frames = outgoing(400, timing).fill(room_s)
    assert airtime_s(frames, timing) <= max(0.0, room_s) + 1e-9
    assert all(len(frame) + timing.check_bytes <= timing.frame_bytes for frame in frames)
    assert all(isinstance(read_frame(frame)[0], Data) for frame in frames)


@pytest.mark.parametrize("timing", [VHF, FAST, SMALL], ids=["vhf", "fast", "small"])
def test_an_over_is_full_while_there_is_enough(timing: Timing) -> None:
    frames = outgoing(2000, timing).fill(5.0)
    assert airtime_s(frames, timing) > 5.0 - timing.frame_s(timing.frame_bytes)


def test_what_is_taken_is_promised_before_it_is_given_out() -> None:
    store = MemoryStore("a")
    store.fill(Random(1), 20)
    partner = partner_of(MemoryStore("b"))
    out = Outgoing(Mail(store, partner, [JOB]), VHF)
    out.fill(1.0)
    assert [each.next_pieces for each in store.unconfirmed(partner)] == [
        sender.next_pieces for sender in out.senders
    ]
    assert sum(out.senders[0].next_pieces) > 0


def test_nothing_to_send_is_no_frame_and_no_promise() -> None:
    out = outgoing(0, VHF)
    assert out.fill(30.0) == []
    assert (out.pending_bytes, out.more) == (0, False)


def test_zeros_at_the_end_of_a_run_are_left_out_but_pieces_can_be_counted() -> None:
    out = outgoing(60, VHF)
    pieces = 0
    for frame in out.fill(60.0):
        content = read_frame(frame)[0]
        assert isinstance(content, Data)
        size = out.senders[0].shape.piece_bytes
        pieces += -(-len(content.data) // size)
    assert pieces == sum(sender.next_pieces[0] for sender in out.senders)


def test_pieces_longer_than_a_frame_break_nothing() -> None:
    """Such a transfer was sealed for another link; it cannot move here, and must not take the contact down."""
    store = MemoryStore("a")
    store.fill(Random(1), 100, 40)
    mail = Mail(store, partner_of(MemoryStore("b")), [JOB])
    Outgoing(mail, FAST).fill(100.0)
    out = Outgoing(mail, TINY)
    assert out.senders[0].shape.piece_bytes > TINY.frame_bytes - 7
    assert out.fill(100.0) == []
    out.acknowledge(1, (3,))
    assert out.fill(100.0) == []


def test_each_frame_says_what_is_left_behind_it() -> None:
    frames = outgoing(400, VHF).fill(8.0)
    lead = Body(write_frame(Ack(Report(1, 1))), b"lead", VHF.check_bytes)
    over = build_over([lead] * 2 + [Body(frame, b"data", VHF.check_bytes) for frame in frames], VHF)
    lefts = []
    for place, frame in enumerate(over.frames):
        _, left_bytes = read_frame(strip_check(frame, b"lead" if place < 2 else b"data", VHF.check_bytes))
        lefts.append(left_bytes)
    lengths = [VHF.frame_s(len(frame)) for frame in over.frames]
    assert over.airtime_s == pytest.approx(sum(lengths))
    for place, left_bytes in enumerate(lefts):
        exact = VHF.air_bytes(sum(lengths[place + 1 :]))
        assert exact <= left_bytes <= exact * 17 / 16 + 1
    assert lefts[-1] == 0


def test_a_batch_is_planned_for_a_few_overs_and_never_without_end() -> None:
    assert batch_limit_bytes(VHF) == 2 * 30 * 1200 // 8
    assert batch_limit_bytes(FAST) == 16 * 1024
