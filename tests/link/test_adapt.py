"""The length of data frames follows the damage that they meet."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.link.adapt import DamageMeter, Traffic, best_frame_s
from radiosync.link.timing import timing_of
from radiosync.profiles.airtime import Airtime
from radiosync.wire.framing import StreamFraming
from tests.link.line import FAST, SMALL, VHF

HF = timing_of(
    Airtime.of("kiss-tnc", 300, key_up_s=2.5, max_frame_bytes=256, longest_over_s=60.0), StreamFraming(3)
)
STREAM = timing_of(Airtime.of("transparent", 2400, key_up_s=0.3, longest_over_s=30.0), StreamFraming(3))
TIMINGS = {"vhf": VHF, "fast": FAST, "small": SMALL, "hf": HF, "stream": STREAM}
HEAD_BYTES = 5


def send_overs(traffic: Traffic, random: Random, overs: int, constant: float, hazard: float) -> list[float]:
    """Overs of ten frames of the length that is wanted, and what arrives; the lengths."""
    lengths = []
    for number in range(overs):
        frame_s = traffic.best_s
        lengths.append(frame_s)
        lost = sum(random.random() > math.exp(-constant - hazard * frame_s) for _ in range(10))
        for _ in range(10):
            traffic.note_sent(number, 2, frame_s)
        traffic.note_report(number, 1000, 1000 - 2 * (10 - lost))
    return lengths


def goodput(frame_s: float, overhead_s: float, hazard: float) -> float:
    return (1 - overhead_s / frame_s) * math.exp(-hazard * frame_s)


@given(st.floats(0.001, 2), st.floats(0.001, 10), st.floats(1.01, 50))
def test_no_other_length_brings_more_through(overhead_s: float, hazard: float, times: float) -> None:
    best = best_frame_s(overhead_s, hazard)
    assert best > overhead_s
    for other in (best * times, overhead_s + (best - overhead_s) / times):
        assert goodput(other, overhead_s, hazard) <= goodput(best, overhead_s, hazard) + 1e-9


@given(st.floats(0.001, 2), st.floats(0.001, 10), st.floats(1.01, 50))
def test_more_damage_means_shorter_frames(overhead_s: float, hazard: float, times: float) -> None:
    assert best_frame_s(overhead_s, hazard * times) < best_frame_s(overhead_s, hazard)
    assert best_frame_s(overhead_s, 0.0) == math.inf


@pytest.mark.parametrize(("constant", "hazard"), [(0.0, 0.3), (0.5, 0.0), (0.2, 0.1), (0.0, 2.0)])
def test_frames_of_several_lengths_show_what_part_grows(constant: float, hazard: float) -> None:
    meter = DamageMeter(0.05)
    for _ in range(200):
        for frame_s in (0.5, 1.0, 2.0):
            meter.note(100, 100 * (1 - math.exp(-constant - hazard * frame_s)), frame_s)
    assert meter.hazard == pytest.approx(hazard, abs=0.15 * hazard + 0.04)
    assert meter.loss(1.0) == pytest.approx(1 - math.exp(-constant - hazard), abs=0.05)


@given(st.lists(st.tuples(st.floats(-1, 50), st.floats(-5, 60), st.floats(0.01, 20)), max_size=40))
def test_whatever_is_reported_the_line_makes_sense(points: list[tuple[float, float, float]]) -> None:
    meter = DamageMeter(0.05)
    for frames, lost, frame_s in points:
        meter.note(frames, lost, frame_s)
    assert 0 <= meter.hazard < math.inf
    assert 0 <= meter.loss(0.0) <= meter.loss(1.0) <= meter.loss(10.0) <= 1


@pytest.mark.parametrize("name", TIMINGS)
@given(overs=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 90), st.integers(0, 90)), max_size=20))
def test_a_length_is_always_one_that_the_modem_and_the_over_take(
    name: str, overs: list[tuple[int, int, int]]
) -> None:
    timing = TIMINGS[name]
    traffic = Traffic(timing, HEAD_BYTES)
    for number, (frames, before, needed) in enumerate(overs):
        for _ in range(frames):
            traffic.note_sent(number, 3, traffic.best_s)
        traffic.note_report(number, before, needed)
        assert timing.frame_s(HEAD_BYTES) < traffic.best_s <= timing.frame_s(timing.frame_bytes)
        assert traffic.best_s <= timing.over_s
        assert 0 <= traffic.spare_pieces(number) <= 3 * frames


@pytest.mark.parametrize("name", ["vhf", "small", "hf"])
@pytest.mark.parametrize(("constant", "hazard"), [(0.0, 0.02), (0.1, 0.05), (0.0, 1.0), (0.5, 0.0)])
def test_after_twenty_overs_little_is_wasted(name: str, constant: float, hazard: float) -> None:
    timing, random = TIMINGS[name], Random(7)
    overhead_s = timing.frame_s(HEAD_BYTES + timing.check_bytes)
    longest_s = timing.frame_s(timing.frame_bytes)
    lengths = send_overs(Traffic(timing, HEAD_BYTES), random, 60, constant, hazard)[20:]
    best = goodput(min(longest_s, best_frame_s(overhead_s, hazard)), overhead_s, hazard)
    reached = sum(goodput(length, overhead_s, hazard) for length in lengths) / len(lengths)
    assert reached > 0.88 * best


def test_one_bad_over_changes_little_and_a_bad_channel_soon_much() -> None:
    traffic = Traffic(HF, HEAD_BYTES)
    before = traffic.best_s
    send_overs(traffic, Random(1), 1, 0.0, 0.3)
    assert traffic.best_s > 0.6 * before
    send_overs(traffic, Random(1), 20, 0.0, 1.0)
    assert traffic.best_s < 0.5 * before


@pytest.mark.parametrize("name", TIMINGS)
@given(room_s=st.floats(0.01, 60))
def test_equal_frames_fill_the_room(name: str, room_s: float) -> None:
    traffic = Traffic(TIMINGS[name], HEAD_BYTES)
    share_s = traffic.share_s(room_s)
    assert room_s / share_s == pytest.approx(round(room_s / share_s))
    assert share_s <= TIMINGS[name].frame_s(TIMINGS[name].frame_bytes) + 1e-9
    assert share_s <= max(room_s / 2, 1.5 * traffic.best_s) + 1e-9


def test_what_is_in_the_air_counts_in_the_report_that_counts_it() -> None:
    """Reports one frame late, as on full duplex, teach the same as reports in time."""
    late, timely = Traffic(VHF, HEAD_BYTES), Traffic(VHF, HEAD_BYTES)
    random, needed = Random(5), 1000
    for traffic in (late, timely):
        traffic.note_sent(1, 2, 1.0)
    for _ in range(100):
        before, needed = needed, needed - 2 * (random.random() < 0.6)
        timely.note_report(1, before, needed)
        for traffic in (late, timely):
            traffic.note_sent(1, 2, 1.0)
        late.note_report(1, before, needed, flying=1)
        assert late.best_s == timely.best_s
    assert late.best_s < 0.9 * Traffic(VHF, HEAD_BYTES).best_s


def test_if_all_is_in_the_air_nothing_is_learnt() -> None:
    traffic = Traffic(VHF, HEAD_BYTES)
    before = traffic.best_s
    for _ in range(20):
        traffic.note_sent(1, 2, 1.0)
        traffic.note_report(1, 1000, 1000, flying=20)
    assert traffic.best_s == before


def test_a_finished_transfer_is_not_taken_for_a_loss() -> None:
    """Its last pieces may all have arrived: more were sent than it needed."""
    traffic = Traffic(VHF, HEAD_BYTES)
    for number in range(30):
        for _ in range(20):
            traffic.note_sent(number, 2, 1.0)
        traffic.note_report(number, 20, 0)
    assert traffic.best_s == pytest.approx(VHF.frame_s(VHF.frame_bytes))
