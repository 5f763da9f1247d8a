"""How many frames an over should carry beyond what is needed, so that no further over is needed for repair.

A repair over costs two turns and two leading frames, a spare frame that nobody needed its own airtime. So spare frames pay
where a frame is short and a turn is long, and where much is lost (protocol, section 9).
"""


def spare_frames(frames: int, loss: float, frame_s: float, repair_s: float) -> int:
    """Spare frames behind `frames` needed ones that cost least, with independent losses.

    With s spare frames, and X losses before the needed ones are through (negative binomial), the cost is that of the spares
    that were not needed, frame_s x E[max(0, s - X)], and that of a repair over when they were too few, repair_s x P(X > s).

    Args:
        frames: frames of which each is needed.
        loss: share of frames that is lost.
        frame_s: airtime of a frame.
        repair_s: what a repair over costs apart from the repair itself.
    """
    if frames <= 0 or not 0 < loss < 1:
        return 0
    exactly = (1 - loss) ** frames  # P(X = s)
    at_most = exactly  # P(X <= s)
    cost_s = least_s = repair_s * (1 - at_most)
    best = 0
    for spare in range(1, frames + 1):
        cost_s += frame_s * at_most
        exactly *= loss * (frames + spare - 1) / spare
        at_most += exactly
        cost_s -= repair_s * exactly
        if cost_s < least_s:
            best, least_s = spare, cost_s
    return best
