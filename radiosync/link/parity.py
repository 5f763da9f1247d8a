"""How many frames an over should carry beyond what is needed, so that no further over is needed for repair.

A repair over costs two turns and two leading frames. A spare frame costs its own airtime. So spare frames pay where a
frame is short and a turn is long, and never where a frame takes longer than a turn (protocol, section 9).
"""

import math

_FIRST_GUESS = 0.1
"""Share of frames lost, before anything is known."""
_WEIGHT = 0.3
"""Of the newest over, against all earlier ones: follows a fading channel within three or four overs."""


class LossMeter:
    """Share of pieces that do not arrive, from what the receiver reports."""

    def __init__(self) -> None:
        self.loss = _FIRST_GUESS

    def note(self, sent: int, arrived: int) -> None:
        """`sent` pieces went out since the last report, `arrived` of them arrived."""
        if sent > 0:
            lost = min(1.0, max(0.0, 1 - arrived / sent))
            self.loss += _WEIGHT * (lost - self.loss)


def spare_frames(frames: int, loss: float, frame_s: float, repair_s: float) -> int:
    """Spare frames behind `frames` needed ones, with independent losses: as many as are expected to be lost, if they pay.

    Args:
        frames: frames of which each is needed.
        loss: share of frames that is lost.
        frame_s: airtime of a frame.
        repair_s: what a repair over costs apart from the repair itself.
    """
    if frames <= 0 or loss <= 0:
        return 0
    missing_something = 1 - (1 - loss) ** frames
    spare = math.ceil(frames * loss)
    return spare if spare * frame_s < missing_something * repair_s else 0
