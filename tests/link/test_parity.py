"""How many spare frames an over carries."""

from math import comb

from hypothesis import given
from hypothesis import strategies as st

from radiosync.link.parity import spare_frames


def cost_s(spare: int, frames: int, loss: float, frame_s: float, repair_s: float) -> float:
    """What the docstring says, summed in the plainest way."""
    exactly = [comb(frames + s - 1, s) * loss**s * (1 - loss) ** frames for s in range(spare + 1)]
    unused = sum((spare - s) * exactly[s] for s in range(spare + 1))
    return frame_s * unused + repair_s * (1 - sum(exactly))


losses, seconds = st.floats(0, 0.9), st.floats(0.01, 30)


@given(st.integers(-3, 30), losses, st.floats(0.01, 10), seconds)
def test_no_other_number_of_spares_is_cheaper(
    frames: int, loss: float, frame_s: float, repair_s: float
) -> None:
    spare = spare_frames(frames, loss, frame_s, repair_s)
    assert 0 <= spare <= max(0, frames)
    if frames > 0:
        least_s = min(cost_s(other, frames, loss, frame_s, repair_s) for other in range(frames + 1))
        assert cost_s(spare, frames, loss, frame_s, repair_s) <= least_s + 1e-6


@given(st.integers(1, 60), losses, seconds, seconds, st.floats(1, 5))
def test_a_dearer_repair_never_means_fewer_spares(
    frames: int, loss: float, frame_s: float, repair_s: float, times: float
) -> None:
    few, many = (spare_frames(frames, loss, frame_s, cost) for cost in (repair_s, repair_s * times))
    assert few <= many


def test_no_loss_no_spares_and_none_in_a_channel_that_is_dead() -> None:
    assert spare_frames(50, 0.0, 1.0, 30.0) == 0
    assert spare_frames(50, 1.0, 1.0, 30.0) == 0


def test_short_frames_before_a_long_turn_get_spares_and_long_ones_none() -> None:
    assert spare_frames(10, 0.2, 0.1, 5.0) >= 4
    assert spare_frames(10, 0.2, 7.0, 1.0) == 0
