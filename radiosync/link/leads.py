"""How often the lead of an over is said: not at all if it is no news, and more than once where answers get lost."""

import math
from dataclasses import replace

from radiosync.link.timing import Timing
from radiosync.wire.frames import Ack, Call, Hello, Report

NEWS_TIMES = 2
"""Answered overs of the caller in which the same report is stated. Further ones go without, until there is news."""

_WEIGHT = 0.2
"""Of the last over, against all earlier ones: several losses in a row are a bad channel, and one is a fade."""

_MOST_COPIES = 4
"""Of one frame. What so many do not bring through had better wait."""


class AnswerMeter:
    """Share of our overs that are not answered, and how often a lead should therefore be said (protocol, 9.3)."""

    def __init__(self) -> None:
        self.loss = 0.0

    def note(self, *, lost: bool) -> None:
        """An over of ours was answered; or nothing came, or the partner asked again."""
        self.loss += _WEIGHT * (lost - self.loss)

    def copies(self, lead_s: float, repair_s: float) -> int:
        """Copies that cost least, where it all begins anew if each of them is lost."""

        def cost_s(copies: int) -> float:
            all_lost: float = self.loss**copies
            return (copies * lead_s + all_lost * repair_s) / (1 - all_lost)

        return min(range(1, _MOST_COPIES + 1), key=cost_s)


class Leads:
    """What our leads have said in a contact, and how they were answered."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._answers = AnswerMeter()
        self._said: Report | None = None
        self._times = 0

    def note_answer(self, *, lost: bool) -> None:
        """An over of ours was answered; or nothing came, or the partner asked again."""
        self._answers.note(lost=lost)

    def is_news(self, lead: Hello | Call | Ack, *, may_wait: bool) -> bool:
        """False if a lead would only say what was said in the last two overs, and both were answered.

        `may_wait`: the partner, who answers anyway, can do without a lead. What is pending it need not know then, and how
        far we have sealed only when no more is to come.
        """
        report = replace(lead.report, sealed=-1 if lead.report.more else lead.report.sealed, pending_bytes=0)
        is_same = may_wait and isinstance(lead, Ack) and report == self._said
        self._said, self._times = report, self._times + 1 if is_same else 1
        return self._times <= NEWS_TIMES

    def copies(self, lead_bytes: int, longest_s: float) -> int:
        """How often a lead is said that is news: when it is lost, two turns and two leads go by for nothing.

        `lead_bytes`: its size, its check included; `longest_s`: what all of them may take.
        """
        lead_s = self._timing.frame_s(lead_bytes)
        wished = self._answers.copies(lead_s, 2 * (self._timing.turn_s + lead_s))
        return max(1, min(wished, math.floor(longest_s / lead_s)))
