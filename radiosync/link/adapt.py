"""How long data frames should be, from the damage that earlier ones have met (protocol, section 9).

A long frame carries more behind one header; a short one is hit less often. Where the best length lies depends on how loss
grows with length, and only on that part of it: what a busy channel or a full buffer swallows is lost whatever its length.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from radiosync.link.parity import spare_frames
from radiosync.link.timing import Timing

_MEMORY_FRAMES = 300.0
"""Frames after which half of what we know is new. Fades come in bursts: fewer frames would show luck and not the channel."""

_GUESS_FRAMES, _ZERO_FRAMES = 40.0, 10.0
"""What we think before anything is known counts as so many frames of the usual length, and as so many of no length."""

_CONSTANT_SHARE = 1 / 3
"""Share of the damage that we take to be the same for a frame of no length, until frames of several lengths show it. A fade
has a length of its own, which it adds to that of the frame. It costs 2 % where errors come alone, and saves 3 % in fades."""

_OVER_SHARE = 0.25
"""Of an over, for one frame at most: the loss of one should not cost most of it."""


class DamageMeter:
    """Damage to frames by their length: the straight line that comes nearest to what reports have told.

    The damage of a length is -ln(share of such frames that arrive), so that independent causes add up:

        damage = constant + hazard x length
    """

    def __init__(self, guessed_hazard: float) -> None:
        """`guessed_hazard`: damage for each second of a frame before anything is known."""
        self._guessed_hazard = guessed_hazard
        self._seen = _Points()

    def note(self, frames: float, lost: float, frame_s: float) -> None:
        """Of so many frames with a mean length of `frame_s` so many were lost."""
        if frames > 0:
            lost = min(frames, max(0.0, lost))
            damage = math.log((frames + 0.5) / (frames - lost + 0.5))
            self._seen = self._seen.faded(_MEMORY_FRAMES / (_MEMORY_FRAMES + frames))
            self._seen = self._seen.with_point(frames, frame_s, damage)

    def loss(self, frame_s: float) -> float:
        """Share of frames of that length that is lost."""
        constant, hazard = self._line()
        return 1 - math.exp(-constant - hazard * frame_s)

    @property
    def hazard(self) -> float:
        """Damage that each second of length adds."""
        return self._line()[1]

    def _line(self) -> tuple[float, float]:
        """Constant and hazard: least squares over what was seen and what was guessed. Neither is negative."""
        usual_s = self._seen.length_s / self._seen.frames if self._seen.frames else 1.0
        points = self._seen.with_point(_GUESS_FRAMES, usual_s, self._guessed_hazard * usual_s)
        points = points.with_point(_ZERO_FRAMES, 0.0, _CONSTANT_SHARE * points.damage / points.frames)
        mean_s, mean_damage = points.length_s / points.frames, points.damage / points.frames
        hazard = (points.product / points.frames - mean_s * mean_damage) / (
            points.square / points.frames - mean_s**2
        )
        if hazard <= 0:
            return mean_damage, 0.0
        constant = mean_damage - hazard * mean_s
        return (constant, hazard) if constant >= 0 else (0.0, points.product / points.square)


@dataclass(frozen=True, slots=True)
class _Points:
    """Sums over frames, of what least squares needs: their number, lengths, damage, squares of lengths, length x damage."""

    frames: float = 0.0
    length_s: float = 0.0
    damage: float = 0.0
    square: float = 0.0
    product: float = 0.0

    def faded(self, factor: float) -> "_Points":
        return _Points(
            self.frames * factor,
            self.length_s * factor,
            self.damage * factor,
            self.square * factor,
            self.product * factor,
        )

    def with_point(self, frames: float, frame_s: float, damage: float) -> "_Points":
        return _Points(
            self.frames + frames,
            self.length_s + frames * frame_s,
            self.damage + frames * damage,
            self.square + frames * frame_s**2,
            self.product + frames * frame_s * damage,
        )


def best_frame_s(overhead_s: float, hazard: float) -> float:
    """Length of a frame that brings most through: where (1 - overhead / T) x exp(-hazard x T) is greatest.

    Its derivative is zero where T^2 - overhead x T - overhead / hazard = 0. Infinite without damage.
    """
    if hazard <= 0:
        return math.inf
    return (overhead_s + math.sqrt(overhead_s**2 + 4 * overhead_s / hazard)) / 2


class Traffic:
    """Our data frames on one link: what became of them, and what follows for the next ones."""

    def __init__(self, timing: Timing, head_bytes: int) -> None:
        """`head_bytes`: what a data frame has in front of its pieces."""
        self._timing = timing
        self._overhead_s = timing.frame_s(head_bytes + timing.check_bytes)
        self._meter = DamageMeter(timing.guessed_hazard)
        self._sent: dict[int, list[_Sent]] = {}

    # What became of them.

    def note_sent(self, number: int, pieces: int, frame_s: float) -> None:
        """A frame with so many pieces of a transfer is in the over that is being filled."""
        self._sent.setdefault(number, []).append(_Sent(pieces, frame_s, self._protection_s))

    def note_report(self, number: int, before: int, needed: int, flying: int = 0) -> None:
        """A transfer needed so many pieces before what was sent since the last report about it, and needs so many now.

        The last `flying` frames are not counted yet: they stay for the next report. When it needs none any more, some of
        the frames may have been lost all the same: no more than usual, we take it. Where the partner asked for another
        strength meanwhile, that is the remedy, and the length of frames stays.
        """
        sent = self._sent.pop(number, [])
        if flying:
            self._sent[number] = sent[-flying:]
            sent = sent[:-flying]
        if not sent or any(each.protection_s != self._protection_s for each in sent):
            return
        frame_s = _mean_s(sent)
        lost = 1 - max(0, before - needed) / sum(each.pieces for each in sent)
        if needed == 0:
            lost = min(lost, self._meter.loss(frame_s))
        self._meter.note(len(sent), lost * len(sent), frame_s)

    def forget(self, number: int) -> None:
        """What was sent of this transfer will not be reported."""
        self._sent.pop(number, None)

    def clear(self) -> None:
        """Nothing that was sent will be reported."""
        self._sent.clear()

    # What follows.

    @property
    def best_s(self) -> float:
        """Length that data frames should have."""
        longest_s = self._timing.frame_s(self._timing.frame_bytes)
        best_s = best_frame_s(self._overhead_s, self._meter.hazard)
        return min(best_s, longest_s, max(self._timing.over_s * _OVER_SHARE, 2 * self._overhead_s))

    @property
    def _protection_s(self) -> float:
        """Airtime of a long frame: another one where the strength of a framing is another one."""
        return self._timing.frame_s(self._timing.frame_bytes)

    def share_s(self, room_s: float) -> float:
        """Length of the next frame in what is left of an over, so that equal frames of about the best length fill it."""
        longest_s = self._timing.frame_s(self._timing.frame_bytes)
        return room_s / max(1, round(room_s / self.best_s), math.ceil(room_s / longest_s))

    def spare_pieces(self, number: int) -> int:
        """Pieces beyond what a transfer needs that are worth sending behind all that it needs."""
        sent = self._sent.get(number)
        if not sent:
            return 0
        frame_s, repair_s = _mean_s(sent), 2 * self._timing.turn_s + 2 * self._overhead_s
        spare = spare_frames(len(sent), self._meter.loss(frame_s), frame_s, repair_s)
        return spare * sum(each.pieces for each in sent) // len(sent)


class _Sent(NamedTuple):
    """A frame that was sent since the last report about its transfer; `protection_s` as it was then."""

    pieces: int
    frame_s: float
    protection_s: float


def _mean_s(sent: Sequence[_Sent]) -> float:
    return sum(each.frame_s for each in sent) / len(sent)
