"""Bit errors in time on one directed path: the Gilbert-Elliott channel.

Sources: E. N. Gilbert, "Capacity of a Burst-Noise Channel", Bell System Technical Journal 39, 1960; E. O.
Elliott, "Estimates of Error Rates for Codes on Burst-Noise Channels", the same 42, 1963. Theirs steps once
a bit; ours dwells in each state for an exponential time, which is the same thing for any bit rate.
"""

import math
from random import Random
from typing import Final

from radiosync_sim.scenario import ErrorState, Scenario


class Fading:
    """Where the bit errors of one directed path fall. Exact, and drawn only as far as somebody asks.

    A bit that is sent in a state with error rate p survives with 1 - p, which is a hazard of -ln(1 - p)
    over the time of one bit. So the next error is where the hazard, added up over the states, reaches an
    exponential draw of mean 1. A whole frame costs one draw and one step for each change of state in it.

    The course of the states has dice of its own: it does not depend on what is sent, so two protocols, or two
    settings of one, meet the same fades under the same seed.
    """

    def __init__(self, scenario: Scenario, course: Random, errors: Random) -> None:
        good, bad = scenario.good, scenario.bad or scenario.good
        self._bit_rate: Final = scenario.airtime.bit_rate
        self._hazards: Final = (self._hazard(good), self._hazard(bad))
        self._mean_dwells: Final = (good.mean_dwell_s, bad.mean_dwell_s)
        self._course = course
        self._errors = errors
        self._fades: Final = scenario.bad is not None
        cycle_s = good.mean_dwell_s + bad.mean_dwell_s
        self._state = int(self._fades and course.random() * cycle_s < bad.mean_dwell_s)
        self._edge_at = self._draw_dwell()

    def next_error_at(self, start_at: float, end_at: float) -> float | None:
        """Instant of the first bit error from `start_at` to `end_at` while bits are sent, or None.

        Each call must start no earlier than the last instant that was looked at.
        """
        budget = self._errors.expovariate(1.0)
        at = start_at
        while at < end_at:
            self._advance(at)
            until = min(self._edge_at, end_at)
            hazard = self._hazards[self._state] * (until - at)
            if budget < hazard:
                return at + (until - at) * budget / hazard
            budget -= hazard
            at = until
        return None

    def damaged_bits(self, start_at: float, bits: int) -> list[int]:
        """Positions of the wrong bits among `bits` that are sent one after the other from `start_at`."""
        damaged: list[int] = []
        end_at, first = start_at + bits / self._bit_rate, 0
        while first < bits:
            error_at = self.next_error_at(start_at + first / self._bit_rate, end_at)
            if error_at is None:
                break
            bit = min(max(first, int((error_at - start_at) * self._bit_rate)), bits - 1)
            damaged.append(bit)
            first = bit + 1
        return damaged

    def is_bad_at(self, at: float) -> bool:
        """Whether the path is in its bad state. The same rule on the order of calls holds."""
        self._advance(at)
        return self._state == 1

    def _hazard(self, state: ErrorState) -> float:
        """Errors a second while bits are sent in this state."""
        return -math.log1p(-state.bit_error_rate) * self._bit_rate

    def _draw_dwell(self) -> float:
        return self._course.expovariate(1 / self._mean_dwells[self._state]) if self._fades else math.inf

    def _advance(self, at: float) -> None:
        while self._edge_at <= at:
            self._state = 1 - self._state
            self._edge_at += self._draw_dwell()
