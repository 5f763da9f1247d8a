"""Bit errors in time, held against exact results for the two-state channel."""

import math
from dataclasses import replace
from random import Random
from statistics import fmean

import pytest

from radiosync_sim.fading import Fading
from radiosync_sim.scenario import ErrorState, Scenario, load_scenario

HF, VHF, STREAM, LORA = map(load_scenario, ("hf-300", "vhf-1200", "stream-2400", "lora-sf9"))


def fading(scenario: Scenario, seed: int) -> Fading:
    return Fading(scenario, Random(f"course {seed}"), Random(f"errors {seed}"))


def exact_survival(scenario: Scenario, seconds: float) -> float:
    """Probability that bits sent for `seconds` have no error: p exp((Q - H) t) 1 of the two-state chain, closed form."""
    good, bad = scenario.good, scenario.bad
    assert bad is not None
    rate = scenario.airtime.bit_rate
    a, d = (-1 / s.mean_dwell_s + math.log1p(-s.bit_error_rate) * rate for s in (good, bad))
    b, c = 1 / good.mean_dwell_s, 1 / bad.mean_dwell_s
    middle, root = (a + d) / 2, math.sqrt(((a - d) / 2) ** 2 + b * c)
    cosh, sinh = (
        (math.exp((middle + root) * seconds) + sign * math.exp((middle - root) * seconds)) / 2
        for sign in (1, -1)
    )
    share_bad = bad.mean_dwell_s / (good.mean_dwell_s + bad.mean_dwell_s)
    row_good = cosh + sinh / root * (a - middle + b)
    row_bad = cosh + sinh / root * (d - middle + c)
    return (1 - share_bad) * row_good + share_bad * row_bad


@pytest.mark.parametrize("scenario", [HF, VHF, STREAM, LORA], ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("seconds", [0.2, 1.9])
def test_survival_of_a_frame_is_exact(scenario: Scenario, seconds: float) -> None:
    runs = 6000
    survived = sum(fading(scenario, seed).next_error_at(0, seconds) is None for seed in range(runs))
    expected = exact_survival(scenario, seconds)
    assert survived / runs == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / runs))


@pytest.mark.parametrize("scenario", [VHF, STREAM], ids=lambda scenario: scenario.name)
def test_the_mean_bit_error_rate_follows_from_dwells_and_rates(scenario: Scenario) -> None:
    bits, rates = int(scenario.airtime.bit_rate) * 600, []
    for seed in range(20):
        path = fading(scenario, seed)
        rates.append(len(path.damaged_bits(0, bits)) / bits)
    good, bad = scenario.good, scenario.bad
    assert bad is not None
    cycle_s = good.mean_dwell_s + bad.mean_dwell_s
    expected = (good.bit_error_rate * good.mean_dwell_s + bad.bit_error_rate * bad.mean_dwell_s) / cycle_s
    assert fmean(rates) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("scenario", [HF, VHF, STREAM, LORA], ids=lambda scenario: scenario.name)
def test_dwell_times_are_exponential_with_the_given_means(scenario: Scenario) -> None:
    assert scenario.bad is not None
    path, step_s = fading(scenario, 3), scenario.bad.mean_dwell_s / 50
    dwells: dict[bool, list[float]] = {False: [], True: []}
    at, since, state = 0.0, 0.0, path.is_bad_at(0)
    while len(dwells[True]) < 1500:
        at += step_s
        if path.is_bad_at(at) != state:
            dwells[state].append(at - since)
            since, state = at, not state
    for is_bad, mean_s in ((False, scenario.good.mean_dwell_s), (True, scenario.bad.mean_dwell_s)):
        seen = dwells[is_bad]
        assert fmean(seen) == pytest.approx(mean_s, rel=0.12)
        longer = sum(dwell > mean_s for dwell in seen) / len(seen)
        assert longer == pytest.approx(math.exp(-1), abs=0.05)


def test_errors_fall_on_every_bit_alike() -> None:
    """With one state of rate p, bits are wrong independently: positions are flat, the number is binomial."""
    flat = replace(STREAM, good=ErrorState(0.2, math.inf), bad=None)
    path, counts = fading(flat, 1), [0] * 16
    runs = 5000
    for run in range(runs):
        for bit in path.damaged_bits(run * 16 / 2400, 16):
            counts[bit] += 1
    assert all(count == pytest.approx(0.2 * runs, abs=4.5 * math.sqrt(0.16 * runs)) for count in counts)


def test_no_errors_at_rate_zero() -> None:
    path = fading(load_scenario("clean-9600"), 1)
    assert path.next_error_at(0, 1e6) is None
    assert path.damaged_bits(1e6, 100_000) == []


def test_positions_are_distinct_sorted_and_inside() -> None:
    noisy = replace(STREAM, good=ErrorState(0.9, math.inf), bad=None)
    damaged = fading(noisy, 1).damaged_bits(0.1, 1000)
    assert damaged == sorted(set(damaged))
    assert 0 <= damaged[0] <= damaged[-1] < 1000
    assert len(damaged) == pytest.approx(900, abs=50)


def test_the_course_does_not_depend_on_what_is_sent() -> None:
    """Two protocols under one seed meet the same fades."""
    quiet, busy = fading(STREAM, 9), fading(STREAM, 9)
    course = []
    for second in range(300):
        busy.damaged_bits(second, 2400)
        course.append((quiet.is_bad_at(second + 1), busy.is_bad_at(second + 1)))
    assert all(one == other for one, other in course)
    assert {one for one, _ in course} == {True, False}


def test_the_channel_starts_in_either_state_by_their_shares() -> None:
    share = sum(fading(HF, seed).is_bad_at(0) for seed in range(4000)) / 4000
    assert share == pytest.approx(3 / 33, abs=0.02)
