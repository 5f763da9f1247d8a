"""Time-outs are airtime."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.link.timing import Timing, timing_of
from radiosync.profiles.airtime import Airtime
from radiosync.wire.framing import KissFraming, StreamFraming
from tests.link.line import FAST, SMALL, VHF

STREAM = timing_of(Airtime.of("transparent", 2400, key_up_s=0.3, longest_over_s=30.0), StreamFraming(3))
timings = st.sampled_from([VHF, FAST, SMALL, STREAM])


@given(timings, st.floats(-1, 20))
def test_the_longest_frame_that_fits_fits_and_one_byte_more_does_not(timing: Timing, room_s: float) -> None:
    fitting = timing.fitting_bytes(room_s)
    if fitting >= 0:
        assert timing.frame_s(fitting) <= room_s
    if fitting < timing.frame_bytes:
        assert timing.frame_s(fitting + 1) > room_s


@given(timings, st.integers(0, 500_000))
def test_bytes_and_seconds_are_two_names_for_airtime(timing: Timing, air_bytes: int) -> None:
    assert timing.air_bytes(timing.seconds(air_bytes)) == air_bytes
    assert timing.end_s(air_bytes) >= timing.seconds(air_bytes)


@given(timings, st.integers(0, 5000))
def test_an_answer_as_long_as_granted_arrives_before_we_stop_waiting(
    timing: Timing, grant_bytes: int
) -> None:
    answer_s = timing.turn_s + max(timing.seconds(grant_bytes), timing.frame_s(48))
    assert timing.reply_s(grant_bytes, 48) > answer_s


def test_two_bytes_of_check_where_the_modem_checks_and_four_elsewhere() -> None:
    assert (VHF.check_bytes, SMALL.check_bytes, STREAM.check_bytes) == (2, 2, 4)


def test_a_stream_frame_costs_its_framing() -> None:
    framing = StreamFraming(3)
    assert STREAM.frame_s(100) == pytest.approx(framing.air_bytes(100) * 8 / 2400)
    assert timing_of(Airtime.of("lora", 1760, max_frame_bytes=222), KissFraming()).frame_bytes == 222
