"""What an ideal sender would reach on a link: the mark that our airtime is measured against.

**Selective repeat**, for modems that know frames. One way, the sender fills overs up to the longest one with equal
frames; 6 bytes of each are the protocol's. The receiver answers each over with one acknowledgement of 20 bytes. One that
is lost is polled for, and lost frames are sent again. No parity, no choice of rate, no handshake, perfect timers. Every
frame size is tried, and the best one counts. A real sender pays for hello and bye. It can win by parity, by choosing its
frame size while the channel changes, and by wasting less on the last round.

**Capacity**, for transparent modems, which deliver damaged bytes. C. E. Shannon, "A Mathematical Theory of
Communication", Bell System Technical Journal 27, 1948: a binary symmetric channel with error rate p carries 1 - H(p) bits
for each bit sent. We take the mean over the time in each state, less one turn before each over and one before its
acknowledgement.
"""

import math
from random import Random
from statistics import median
from typing import Final

from radiosync.link.timing import DEFAULT_OVER_S
from radiosync_sim.fading import Fading
from radiosync_sim.scenario import Scenario

_OURS_BYTES: Final = 6
_ACK_BYTES: Final = 20
_FRAME_BYTES: Final = (32, 48, 64, 96, 128, 160, 192, 222, 256)
"""Frame sizes that are tried."""
_SEEDS: Final = 150
"""Runs of which the median is taken; it moves by less than 0.005 with more of them."""


def ideal_utilisation(scenario: Scenario, payload_bytes: int) -> float:
    """Payload bits over bit rate and time, of the ideal sender; a median where chance has a say."""
    air = scenario.airtime
    if air.max_frame_bytes is None or air.kind == "transparent":
        return _capacity(scenario, payload_bytes)
    sizes = [size for size in _FRAME_BYTES if size <= air.max_frame_bytes]
    return max(selective_repeat(scenario, payload_bytes, size) for size in sizes)


def selective_repeat(scenario: Scenario, payload_bytes: int, frame_bytes: int) -> float:
    """Utilisation of a selective-repeat sender whose frames have that size, its own 6 bytes included."""
    times = (_transfer_s(scenario, payload_bytes, frame_bytes, Random(seed)) for seed in range(_SEEDS))
    return payload_bytes * 8 / scenario.airtime.bit_rate / median(times)


def _capacity(scenario: Scenario, payload_bytes: int) -> float:
    air, good, bad = scenario.airtime, scenario.good, scenario.bad
    bad_share = 0.0 if bad is None else bad.mean_dwell_s / (good.mean_dwell_s + bad.mean_dwell_s)
    carried = 1 - (1 - bad_share) * _entropy(good.bit_error_rate)
    if bad is not None:
        carried -= bad_share * _entropy(bad.bit_error_rate)
    sending_s = payload_bytes * air.byte_s
    overs = math.ceil(sending_s / carried / (air.longest_over_s or DEFAULT_OVER_S))
    turns_s = 2 * overs * air.direction_change_s
    return sending_s / (sending_s / carried + turns_s)


def _entropy(error_rate: float) -> float:
    """Bits of doubt in a bit that comes out wrong so often."""
    if error_rate in (0.0, 1.0):
        return 0.0
    return -error_rate * math.log2(error_rate) - (1 - error_rate) * math.log2(1 - error_rate)


def _transfer_s(scenario: Scenario, payload_bytes: int, frame_bytes: int, random: Random) -> float:
    """How long one transfer takes."""
    air, channel = scenario.airtime, Fading(scenario, course=random, errors=random)
    frame_s, ack_s, turn_s = air.frame_s(frame_bytes), air.frame_s(_ACK_BYTES), air.direction_change_s
    in_over = max(1, int((air.longest_over_s or DEFAULT_OVER_S) / frame_s))
    missing, now = math.ceil(payload_bytes / (frame_bytes - _OURS_BYTES)), 0.0
    while missing:
        now += turn_s
        for _ in range(min(missing, in_over)):
            missing -= channel.next_error_at(now, now + frame_s) is None
            now += frame_s
        while True:
            now += turn_s
            heard = channel.next_error_at(now, now + ack_s) is None
            now += ack_s
            if heard:
                break
            now += turn_s + ack_s
    return now
