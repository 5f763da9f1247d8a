"""Profiles with a link's own numbers, and what a TNC is told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.profiles.airtime import Airtime
from radiosync.profiles.model import Kiss, Profile, SerialSettings

TNC = Profile(
    id="a-tnc",
    name="A TNC",
    kind="kiss-tnc",
    description="For a test.",
    serial=SerialSettings(rate=19200),
    bit_rate=1200,
    key_up_s=0.3,
    turn_s=0.1,
    tail_s=0.05,
    max_frame_bytes=256,
    stop="drain",
    before_you_start=(),
    kiss=Kiss(set_timing=True, persistence=63, slot_s=0.1, set_duplex=True),
)


def test_the_airtime_is_that_of_the_profile() -> None:
    expected = Airtime.of("kiss-tnc", 1200, key_up_s=0.3, turn_s=0.1, tail_s=0.05, max_frame_bytes=256)
    assert TNC.airtime() == expected
    assert replace(TNC, full_duplex=True, longest_over_s=9).airtime().direction_change_s == 0


def test_a_tnc_is_told_what_the_profile_says() -> None:
    assert dict(TNC.kiss_commands()) == {
        "TXDELAY": 30,
        "PERSISTENCE": 63,
        "SLOTTIME": 10,
        "TXTAIL": 5,
        "FULLDUPLEX": 0,
    }


def test_what_is_not_set_is_not_sent() -> None:
    assert replace(TNC, kiss=Kiss()).kiss_commands() == ()
    assert replace(TNC, kiss=None).kiss_commands() == ()


def test_a_link_has_its_own_numbers() -> None:
    own = TNC.adjusted(
        bit_rate=300,
        serial_rate=4800,
        key_up_s=0.0,
        turn_s=2,
        tail_s=0.111,
        max_frame_bytes=64,
        longest_over_s=60,
    )
    assert (own.bit_rate, own.serial.rate, own.key_up_s, own.turn_s) == (300, 4800, 0.0, 2)
    assert (own.tail_s, own.max_frame_bytes, own.longest_over_s) == (0.111, 64, 60)
    assert dict(own.kiss_commands())["TXDELAY"] == 0, "the TNC is told what we count with"
    assert dict(own.kiss_commands())["TXTAIL"] == 12, "rounded up: rather a little longer"


def test_a_link_without_numbers_changes_nothing() -> None:
    assert TNC.adjusted() == TNC


def test_numbers_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="key_up_s"):
        TNC.adjusted(key_up_s=3)


@given(st.integers(0, 255))
def test_whole_steps_of_kiss_stay_what_they_are(steps: int) -> None:
    assert dict(TNC.adjusted(key_up_s=steps / 100).kiss_commands())["TXDELAY"] == steps
