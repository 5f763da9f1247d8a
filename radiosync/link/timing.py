"""Every time-out of a contact, from the airtime of bytes. There are no constants here but shares of airtime.

A half-duplex turn cannot be heard, only computed: the other side has stopped when the bytes that its last frame announced
have had time to pass. What is computed may be a little wrong (bit stuffing depends on the bits, a TNC waits for a free
channel), so each wait has a margin in proportion to what it waits for.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from radiosync.limits import STREAM_PAYLOAD_BYTES
from radiosync.profiles.airtime import Airtime
from radiosync.wire.framing import Framing

MARGIN = 0.05
"""Share added to a computed airtime before we conclude that it is over. Stuffing of the worst real data that we measured
exceeds the mean by less than 4 %."""

LEFT_ROUNDING = 1 / 16
"""Most by which a `left`, as it is written, exceeds what is left (`wire.varint`)."""

DEFAULT_OVER_S = 30.0
"""Longest over where neither modem nor licence sets one: long enough to make turns cheap, short enough that a person who
presses "stop", or an urgent change, waits half a minute at most."""

FIRST_OVER_TURNS = 2.0
"""Until the partner has been heard, an over may cost this many turns beyond its hello: about what asking first would
cost."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take on one link.

    Attributes:
        airtime: of the modem.
        framed_bytes: bytes that the modem is given for a frame of that many bytes.
        check_bytes: size of the frame check on this link.
    """

    airtime: Airtime
    framed_bytes: Callable[[int], int]
    check_bytes: int

    @property
    def frame_bytes(self) -> int:
        """Longest frame, its check included. A transparent modem has no frames, so there the bound is ours."""
        if self.airtime.kind == "transparent":
            return STREAM_PAYLOAD_BYTES
        return self.airtime.max_frame_bytes or DEFAULT_FRAME_BYTES

    @property
    def guessed_hazard(self) -> float:
        """Damage for each second of a frame that is expected before anything is known (see `adapt`).

        A modem with a check drops a frame for one wrong bit: one second in twenty, as on a fair VHF or HF path. Where wrong
        bytes are repaired few frames go.
        """
        return 0.001 if self.airtime.kind == "transparent" else 0.05

    @property
    def over_s(self) -> float:
        """Longest over, from its first bit."""
        return self.airtime.longest_over_s or DEFAULT_OVER_S

    @property
    def first_over_s(self) -> float:
        """Longest over to a partner who has not been heard, apart from its hello."""
        return max(FIRST_OVER_TURNS * self.turn_s, self.frame_s(self._first_frame_bytes))

    @property
    def _first_frame_bytes(self) -> int:
        """Length of a frame to a partner who has not been heard."""
        return min(self.frame_bytes, self.airtime.max_frame_bytes or DEFAULT_FRAME_BYTES)

    @property
    def turn_s(self) -> float:
        """From the wish to transmit to the first bit, after the other side has stopped."""
        return self.airtime.direction_change_s

    def frame_s(self, frame_bytes: int) -> float:
        """Airtime of a frame of that many bytes, its check included."""
        return self.airtime.frame_s(self.framed_bytes(frame_bytes))

    def fitting_bytes(self, room_s: float) -> int:
        """Longest frame, its check included, that is on the air for at most `room_s`; negative if not even an empty one."""
        return bisect_right(range(self.frame_bytes + 1), room_s, key=self.frame_s) - 1

    def seconds(self, air_bytes: int) -> float:
        """Airtime of bytes as the `left` of a frame counts them."""
        return air_bytes * 8 / self.airtime.bit_rate

    def air_bytes(self, seconds: float) -> int:
        """Bytes that pass in that time: the unit of `left`, grants and pending."""
        return int(seconds * self.airtime.bit_rate / 8 + 0.5)

    def left_bytes(self, seconds: float) -> int:
        """Bytes that pass in that time, rounded up: of a short rest the margin is less than a byte."""
        return ceil(seconds * self.airtime.bit_rate / 8 - _SLACK_BYTES)

    def end_s(self, left_bytes: int) -> float:
        """How long to wait, behind a frame, until an over with so many bytes left has surely ended."""
        return self.seconds(left_bytes) * (1 + MARGIN)

    def lag_s(self, over_s: float) -> float:
        """How long after the end of an over a listener may take it for ended, if it heard nothing but its first frame."""
        return over_s * ((1 + LEFT_ROUNDING) * (1 + MARGIN) - 1)

    def reply_s(self, grant_bytes: int, lead_bytes: int) -> float:
        """How long to wait, behind the end of our over, for anything of an answer.

        An answer may be as long as we granted, and all but its last frame may be lost.
        """
        longest = max(self.seconds(grant_bytes), self.frame_s(lead_bytes))
        computed_s = 2 * self.turn_s + self.airtime.tail_s + longest * (1 + MARGIN) + self.frame_s(0)
        return computed_s + HOST_LATENCY_S

    def slot_s(self, lead_bytes: int) -> float:
        """From the slot of one answer to that of the next, where several stations answer an over with one frame each."""
        return self.turn_s + self.frame_s(lead_bytes) * (1 + MARGIN) + self.airtime.tail_s + HOST_LATENCY_S

    def silence_s(self) -> float:
        """How long the side that was called waits for the caller before it takes the contact for ended."""
        return SILENT_OVERS * (self.over_s + 4 * self.turn_s)


HOST_LATENCY_S = 0.3
"""What two computers, their serial lines and the buffers of their modems may add to an answer: Direwolf on a laptop takes up
to 0.2 s. The only time-out that is not airtime; it is spent only when no answer comes."""

LONGEST_LEAD_BYTES = 56
"""A hello with four transfers of up to two blocks each under way, and its check."""

CALLS = 5
"""Calls without an answer after which a caller gives up."""

SILENT_OVERS = 8
"""Overs in a row without an answer after which a caller that has been answered before gives up. Where one answer in five is
lost that happens once in four hundred thousand overs; and what was going on goes on with the next call."""

_SLACK_BYTES = 1e-6
"""Keeps what should come out whole from being rounded up."""

DEFAULT_FRAME_BYTES = 512
"""Longest frame where neither modem nor profile says one, until the partner has been heard."""


def timing_of(airtime: Airtime, framing: Framing) -> Timing:
    """Timing of a modem behind a framing.

    Under a modem with a check of its own two bytes of ours make 32 independent bits; where damaged bytes are delivered
    we bring all four. What a TNC adds to a frame is part of its airtime already; what a stream framing adds is not.
    """
    if airtime.kind == "transparent":
        return Timing(airtime, framing.air_bytes, 4)
    return Timing(airtime, _as_it_is, 2)


def _as_it_is(frame_bytes: int) -> int:
    return frame_bytes
