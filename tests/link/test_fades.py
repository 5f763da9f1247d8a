"""A fade takes frames that follow each other; a transfer of several blocks sends them in turn, so that none is hit alone."""

from collections import Counter
from collections.abc import Collection

import pytest

from radiosync.link.timing import Timing
from radiosync.wire.frames import Ack, Data, read_frame
from tests.link.line import FAST, VHF, Line, Sent, without
from tests.link.memory import MemoryStore
from tests.link.pairs import all_there, meet, stores
from tests.link.realpair import overs_of

_PIECE_BYTES = 40
TIMINGS = pytest.mark.parametrize(("timing", "blocks"), [(VHF, 2), (FAST, 4)], ids=["vhf", "fast"])


def loaded() -> tuple[MemoryStore, MemoryStore]:
    """The first transfer has several blocks."""
    return stores(400, text_bytes=60)


def data_of(sent: Sent, timing: Timing) -> Data:
    content, _ = read_frame(sent.frame[: -timing.check_bytes])
    assert isinstance(content, Data)
    return content


def first_long_over(line: Line) -> list[Sent]:
    """The data frames of the first over that is full: the second one, behind the hello and its answer."""
    return overs_of(line, 0)[1][1:]


def frames_by_block(frames: Collection[Sent], timing: Timing) -> Counter[int]:
    return Counter(data_of(sent, timing).block for sent in frames)


def answer_to(line: Line, over: list[Sent], timing: Timing) -> Ack:
    """What the other side reports behind that over."""
    answer = next(sent for sent in line.sent if sent.side == 1 and sent.index > over[-1].index)
    content, _ = read_frame(answer.frame[: -timing.check_bytes])
    assert isinstance(content, Ack)
    return content


@TIMINGS
def test_frames_of_the_blocks_take_turns(timing: Timing, blocks: int) -> None:
    """Wherever a fade begins and ends, each block loses its share of the frames, give or take one."""
    clean = first_long_over(meet(*loaded(), timing=timing))
    assert {data_of(sent, timing).number for sent in clean} == {1}
    assert len(frames_by_block(clean, timing)) == blocks
    for lost in range(1, len(clean) + 1):
        for first in range(len(clean) - lost + 1):
            hit = frames_by_block(clean[first : first + lost], timing)
            for block in range(blocks):
                where = f"frames {first} to {first + lost - 1}: {hit}"
                assert lost // blocks - 1 <= hit[block] <= -(-lost // blocks) + 1, where


@TIMINGS
@pytest.mark.parametrize("lost", [4, 8, 12])
def test_a_fade_costs_each_block_a_little(lost: int, timing: Timing, blocks: int) -> None:
    """By what the other side still needs of each, so that all are whole at about the same time."""
    clean = first_long_over(meet(*loaded(), timing=timing))
    longest = max(-(-len(data_of(sent, timing).data) // _PIECE_BYTES) for sent in clean)
    before = answer_to(meet(*loaded(), timing=timing), clean, timing).report.arriving[0].needs
    assert len(before) == blocks
    assert max(before) - min(before) <= longest
    for first in range(1, len(clean) - lost, 3):
        fade = [sent.index for sent in clean[first : first + lost]]
        anna, ben = loaded()
        line = meet(anna, ben, timing=timing, fate=without(*fade))
        needs = answer_to(line, clean, timing).report.arriving[0].needs
        costs = [after - need for after, need in zip(needs, before, strict=True)]
        where = f"frames {first} to {first + lost - 1}: {costs}"
        share = lost * longest / blocks
        assert all(share - 1.5 * longest <= cost <= share + longest for cost in costs), where
        assert 0 < sum(costs) <= lost * longest, where
        assert all_there(anna, ben), where
