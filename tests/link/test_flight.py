"""What a report cannot count yet: frames of ours that were in the air when the partner began to say it."""

from hypothesis import given
from hypothesis import strategies as st

from radiosync.link.flight import Flight, Flown

times = st.floats(0, 100)


def frames(number: int, *ends_at: float) -> list[Flown]:
    return [Flown(number, 0, 3, each) for each in ends_at]


@given(st.lists(times, max_size=20), times)
def test_what_had_ended_is_counted_and_nothing_else(ends_at: list[float], said_at: float) -> None:
    flight = Flight()
    flight.begin(frames(1, *ends_at))
    found = [frame.ends_at for frame in flight.at(said_at, 1)]
    assert all(each > said_at for each in found)
    assert all(each <= said_at + 0.01 for each in ends_at if each not in found)


def test_each_transfer_has_its_own_frames() -> None:
    flight = Flight()
    flight.begin([*frames(1, 5.0, 6.0), *frames(2, 7.0)])
    assert [len(flight.at(5.5, number)) for number in (1, 2, 3)] == [1, 1, 0]


def test_what_was_said_while_an_over_ended_may_be_heard_in_the_next_one() -> None:
    flight = Flight()
    flight.begin(frames(1, 8.0, 10.0))
    flight.begin(frames(1, 12.0))
    assert [frame.ends_at for frame in flight.at(9.0, 1)] == [10.0, 12.0]
    flight.begin(frames(1, 14.0))
    assert [frame.ends_at for frame in flight.at(9.0, 1)] == [12.0, 14.0]


def test_after_a_new_epoch_nothing_is_in_the_air() -> None:
    flight = Flight()
    flight.begin(frames(1, 8.0))
    flight.begin(frames(1, 10.0))
    flight.clear()
    assert flight.at(0.0, 1) == []
