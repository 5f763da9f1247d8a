"""How many spare frames an over carries."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from radiosync.link.parity import LossMeter, spare_frames


@given(st.integers(-3, 100), st.floats(0, 1), st.floats(0.01, 10), st.floats(0, 30))
def test_spares_are_few_and_worth_their_airtime(
    frames: int, loss: float, frame_s: float, repair_s: float
) -> None:
    spare = spare_frames(frames, loss, frame_s, repair_s)
    assert 0 <= spare <= max(0, frames)
    assert spare * frame_s <= repair_s


def test_no_loss_no_spares() -> None:
    assert spare_frames(50, 0.0, 1.0, 30.0) == 0


def test_short_frames_before_a_long_turn_get_spares_and_long_ones_none() -> None:
    assert spare_frames(10, 0.2, 0.1, 5.0) == 2
    assert spare_frames(10, 0.2, 7.0, 5.0) == 0


def test_the_meter_follows_the_channel_and_stays_in_range() -> None:
    meter, random = LossMeter(), Random(1)
    for _ in range(40):
        meter.note(20, sum(random.random() > 0.4 for _ in range(20)))
    assert 0.2 < meter.loss < 0.6
    for sent, arrived in ((0, 0), (5, 50), (5, -50), (1, 1), (-1, 3)):
        meter.note(sent, arrived)
        assert 0 <= meter.loss <= 1
    for _ in range(30):
        meter.note(20, 20)
    assert meter.loss < 0.01
