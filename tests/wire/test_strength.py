"""How strong frames are asked for: more where bytes are wrong, less where they are right, and what two ends agree on."""

from random import Random
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.limits import STREAM_PAYLOAD_BYTES
from radiosync.wire.framing import StreamFraming
from radiosync.wire.stream import STRENGTHS, StreamDecoder, encode_stream, stream_bytes
from radiosync.wire.strength import LEAST_STRENGTH, SHORT_BYTES, StrengthMeter
from tests.wire.test_stream import noisy

STRONGEST = len(STRENGTHS) - 1
_LONGEST_BYTES = max(stream_bytes(STREAM_PAYLOAD_BYTES, code) for code in range(len(STRENGTHS)))
_FRAME_BYTES = 250
_MANY = 100
"""Frames: more than outweigh what is believed at first."""

Note: TypeAlias = tuple[bool, int, float, int]
"""Damaged, bytes on air, wrong bytes of its worst block, strength."""

codes = st.integers(0, STRONGEST)
notes: st.SearchStrategy[Note] = st.tuples(
    st.booleans(),
    st.integers(1, _LONGEST_BYTES),
    st.floats(0, 255) | st.integers(0, 255).map(float),
    codes,
)


def meter(guess: int = LEAST_STRENGTH) -> StrengthMeter:
    return StrengthMeter(STRENGTHS, guess)


def take(into: StrengthMeter, note: Note) -> None:
    is_damaged, air_bytes, wrong_bytes, strength = note
    if is_damaged:
        into.note_damaged(air_bytes, strength)
    else:
        into.note(air_bytes, wrong_bytes)


@given(codes, st.lists(notes, max_size=80), st.integers(1, 300))
def test_whatever_was_heard_a_strength_that_there_is_is_asked_for(
    guess: int, history: list[Note], times: int
) -> None:
    """And never one with which a wrong repair looks like a right one."""
    found = meter(guess)
    assert LEAST_STRENGTH <= found.best <= STRONGEST
    for note in history:
        take(found, note)
        assert LEAST_STRENGTH <= found.best <= STRONGEST
    for note in history[-1:] * times:
        take(found, note)
    assert LEAST_STRENGTH <= found.best <= STRONGEST


@pytest.mark.parametrize(
    ("wrong_bytes", "code"), [(1, 2), (3, 2), (4, 3), (7, 3), (8, 4), (8.5, 4), (14, 5), (20, 6), (30, 7)]
)
@pytest.mark.parametrize("guess", [LEAST_STRENGTH, 4, STRONGEST])
def test_frames_with_wrong_bytes_ask_for_what_repairs_them_and_one_more(
    guess: int, wrong_bytes: float, code: int
) -> None:
    """A block that is repaired to the brim may be a wrong repair."""
    found = meter(guess)
    for _ in range(_MANY):
        found.note(_FRAME_BYTES, wrong_bytes)
    assert found.best == code
    assert code == LEAST_STRENGTH or STRENGTHS[code - 1] // 2 < wrong_bytes + 1 <= STRENGTHS[code] // 2


@pytest.mark.parametrize("strength", range(LEAST_STRENGTH, STRONGEST))
def test_a_few_damaged_frames_ask_for_more_than_they_had(strength: int) -> None:
    found = meter(strength)
    for _ in range(3):
        found.note_damaged(_FRAME_BYTES, strength)
    assert found.best > strength


def test_what_is_damaged_at_each_strength_asks_for_the_strongest_and_no_more() -> None:
    found = meter()
    asked = []
    for _ in range(_MANY):
        found.note_damaged(_FRAME_BYTES, found.best)
        asked.append(found.best)
    assert asked[-1] == STRONGEST
    assert set(asked[asked.index(STRONGEST) :]) == {STRONGEST}


@pytest.mark.parametrize(("wrong_bytes", "code"), [(0, 3), (30, STRONGEST)])
def test_damaged_frames_are_thought_to_need_what_others_needed(wrong_bytes: int, code: int) -> None:
    """Those that were repaired tell more of a lost one than its own strength does."""
    found = meter()
    for _ in range(10):
        found.note(_FRAME_BYTES, 0)
    found.note(_FRAME_BYTES, wrong_bytes)
    assert found.best < code
    for _ in range(3):
        found.note_damaged(_FRAME_BYTES, LEAST_STRENGTH)
    assert found.best == code


def test_a_line_that_was_good_for_long_is_not_trusted_for_long() -> None:
    found = meter()
    for _ in range(40 * _MANY):
        found.note(_FRAME_BYTES, 0)
    frames = 0
    while found.best < STRONGEST:
        found.note(_FRAME_BYTES, 30)
        frames += 1
    assert 5 < frames < 20


@pytest.mark.parametrize("before", ["wrong bytes", "damage"])
def test_a_line_that_is_clean_again_asks_for_less_step_by_step(before: str) -> None:
    found = meter()
    for _ in range(_MANY):
        if before == "damage":
            found.note_damaged(_FRAME_BYTES, STRONGEST - 1)
        else:
            found.note(_FRAME_BYTES, 30)
    asked = [found.best]
    assert asked[0] == STRONGEST
    frames = 0
    while found.best > LEAST_STRENGTH:
        frames += 1
        assert frames < 20 * _MANY, f"still at {found.best}"
        found.note(_FRAME_BYTES, 0)
        asked.append(found.best)
    assert asked == sorted(asked, reverse=True)
    assert frames > 5, "one good frame is no good line"


def test_a_bad_frame_now_and_then_is_not_worth_more_parity_for_all() -> None:
    found = meter()
    for place in range(10 * _MANY):
        found.note(_FRAME_BYTES, 30 if place % 50 == 25 else 0)
        assert place < _MANY or found.best == LEAST_STRENGTH


# Two ends.


def converse(a: StreamFraming, b: StreamFraming, bit_error_rate: float, random: Random, turns: int) -> None:
    """Each turn a short frame and a long one from each end, some of which do not arrive."""
    for _ in range(turns):
        for source, target in ((a, b), (b, a)):
            for size in (12, 200):
                wire = source.encode(random.randbytes(size))
                target.receive(noisy(wire, bit_error_rate, random) if bit_error_rate else wire)


def strength_of(end: StreamFraming, frame_bytes: int) -> int:
    """Strength code of the next frame of that length, as its header says it."""
    (frame,) = StreamDecoder().receive(end.encode(bytes(frame_bytes)))
    return frame.strength


@pytest.mark.parametrize("guess", [1, 3, STRONGEST])
@pytest.mark.parametrize("seed", range(3))
def test_long_frames_get_strong_on_a_bad_line_and_weak_when_it_is_clean_again(guess: int, seed: int) -> None:
    """Not a byte is spent on saying so, and the guess of the profile is soon forgotten."""
    random, ends = Random(seed), (StreamFraming(guess), StreamFraming(guess))
    converse(*ends, 1e-2, random, 12)
    assert [strength_of(end, 200) for end in ends] == [STRONGEST, STRONGEST]
    converse(*ends, 0.0, random, 150)
    assert [strength_of(end, 200) for end in ends] == [LEAST_STRENGTH, LEAST_STRENGTH]


@pytest.mark.parametrize("guess", [1, 2, 3, 5, STRONGEST])
def test_long_frames_get_weak_on_a_clean_line(guess: int) -> None:
    ends = (StreamFraming(guess), StreamFraming(guess))
    assert [strength_of(end, 200) for end in ends] == [guess, guess]
    converse(*ends, 0.0, Random(1), 40)
    assert [strength_of(end, 200) for end in ends] == [LEAST_STRENGTH, LEAST_STRENGTH]


@pytest.mark.parametrize("seed", range(6))
def test_short_frames_alone_settle_it(seed: int) -> None:
    """Hellos and acknowledgements are enough: the first long frame is as strong as it has to be."""
    random, ends = Random(seed), (StreamFraming(LEAST_STRENGTH), StreamFraming(LEAST_STRENGTH))
    for _ in range(20):
        for source, target in (ends, ends[::-1]):
            target.receive(noisy(source.encode(random.randbytes(12)), 1e-2, random))
    assert [strength_of(end, 200) for end in ends] == [STRONGEST, STRONGEST]


@pytest.mark.parametrize("seed", range(4))
def test_each_direction_has_a_strength_of_its_own(seed: int) -> None:
    """One end hears badly, the other one well."""
    random, a, b = Random(seed), StreamFraming(3), StreamFraming(3)
    for _ in range(40):
        for size in (12, 200):
            b.receive(noisy(a.encode(random.randbytes(size)), 1e-2, random))
            a.receive(b.encode(random.randbytes(size)))
    assert (strength_of(a, 200), strength_of(b, 200)) == (STRONGEST, LEAST_STRENGTH)
    assert strength_of(b, 12) == STRONGEST, "a short frame says what its sender would like to hear"


@pytest.mark.parametrize("bit_error_rate", [0.0, 1e-3, 1e-2])
@pytest.mark.parametrize("seed", range(3))
def test_a_wire_without_errors_keeps_its_strength_for_ever(seed: int, bit_error_rate: float) -> None:
    """Whatever it hears, and whatever the other end asks for."""
    random, wire, radio = Random(seed), StreamFraming(0), StreamFraming(5)
    for ends in ((wire, StreamFraming(0)), (wire, radio)):
        converse(*ends, bit_error_rate, random, 10)
        assert [strength_of(wire, size) for size in (12, SHORT_BYTES, SHORT_BYTES + 1, 200)] == [0] * 4


@pytest.mark.parametrize("asked", range(STRONGEST + 1))
def test_what_is_asked_for_is_taken_from_short_frames_and_from_no_others(asked: int) -> None:
    us = StreamFraming(3)
    us.receive(encode_stream(bytes(SHORT_BYTES + 1), asked))
    assert strength_of(us, 200) == 3
    us.receive(encode_stream(bytes(SHORT_BYTES), asked))
    assert strength_of(us, 200) == strength_of(us, SHORT_BYTES + 1) == max(LEAST_STRENGTH, asked)
