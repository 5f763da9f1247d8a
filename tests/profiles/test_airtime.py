"""How long bytes stay on the air."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.profiles.airtime import MODEM_KINDS, Airtime, ModemKind

VHF = Airtime.of("kiss-tnc", 1200, key_up_s=0.5, max_frame_bytes=256, longest_over_s=30)
LORA = Airtime.of("lora", 1760, key_up_s=0.1, max_frame_bytes=222, longest_over_s=10)
STREAM = Airtime.of("transparent", 2400, key_up_s=0.3, longest_over_s=30)


def test_a_tnc_frame_by_hand() -> None:
    """256 + 16 + 2 bytes stuffed by 63/62, two flags: 2243.4 bits, 1.87 s at 1200 bit/s."""
    assert VHF.frame_s(256) == pytest.approx((274 * 8 * 63 / 62 + 16) / 1200)
    assert VHF.frame_s(256) == pytest.approx(1.8695, abs=1e-4)


def test_a_lora_frame_by_hand() -> None:
    assert LORA.frame_s(222) == pytest.approx(0.05 + 222 * 8 / 1760)


@pytest.mark.parametrize("payload", [1, 20, 100, 222])
def test_a_lora_frame_is_near_the_data_sheet(payload: int) -> None:
    """SX1276 data sheet 4.1.1.7 for SF 9, 125 kHz, 4/5, explicit header, CRC, 8 preamble symbols."""
    symbols = 8 + -(-(8 * payload - 4 * 9 + 28 + 16) // (4 * 9)) * 5
    exact_s = (12.25 + symbols) * 512 / 125_000
    assert exact_s - LORA.frame_s(payload) == pytest.approx(0.045, abs=0.012)


def test_a_stream_is_only_its_bytes() -> None:
    assert STREAM.frame_s(300) == pytest.approx(1.0)
    assert STREAM.frame_s(0) == 0


def test_a_change_of_direction_costs_nothing_on_full_duplex() -> None:
    half = Airtime.of("transparent", 9600, key_up_s=0.4, turn_s=0.2)
    assert half.direction_change_s == pytest.approx(0.6)
    assert replace(half, full_duplex=True).direction_change_s == 0


def test_an_over_holds_whole_frames_and_one_shorter() -> None:
    sixteen_s = 16 * VHF.frame_s(256)
    assert VHF.bytes_in(sixteen_s) == 16 * 256
    assert VHF.bytes_in(sixteen_s + VHF.frame_s(10)) == 16 * 256 + 10
    assert VHF.bytes_in(sixteen_s + VHF.frame_s(0)) == 16 * 256
    assert VHF.bytes_in(0.1) == 0


@given(st.sampled_from(MODEM_KINDS), st.integers(0, 5000), st.floats(50, 1e6))
def test_what_fits_is_the_inverse_of_what_it_takes(kind: ModemKind, payload: int, bit_rate: float) -> None:
    airtime = Airtime.of(kind, bit_rate, max_frame_bytes=None if kind == "transparent" else 5000)
    assert airtime.bytes_in(airtime.frame_s(payload)) == payload


@given(st.floats(-1, 100), st.integers(1, 300))
def test_never_more_than_the_time_allows(seconds: float, frame_bytes: int) -> None:
    airtime = Airtime.of("kiss-tnc", 1200, max_frame_bytes=frame_bytes)
    full, rest = divmod(airtime.bytes_in(seconds), frame_bytes)
    took_s = full * airtime.frame_s(frame_bytes) + (airtime.frame_s(rest) if rest else 0)
    assert took_s <= max(seconds, 0) + 1e-6
