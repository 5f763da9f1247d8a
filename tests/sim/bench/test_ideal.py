"""The ideal sender does as well as it is known to do, and no better than the channel lets it."""

from dataclasses import replace
from math import inf

import pytest

from radiosync_sim.bench.ideal import ideal_utilisation, selective_repeat
from radiosync_sim.scenario import ErrorState, load_scenario

PAYLOAD = 32 * 1024


@pytest.mark.parametrize(
    ("name", "known"), [("vhf-1200", 0.73), ("hf-300", 0.585), ("lora-sf9", 0.855), ("clean-9600", 1.0)]
)
def test_the_figures_that_are_known(name: str, known: float) -> None:
    assert ideal_utilisation(load_scenario(name), PAYLOAD) == pytest.approx(known, abs=0.01)


def test_a_transparent_modem_has_the_capacity_of_its_channel_less_turns() -> None:
    scenario = load_scenario("stream-2400")
    # H(1e-4) = 0.00147 and H(0.03) = 0.194, for 5 s and 0.2 s of each cycle: 0.9911 of 2400 bit/s in four overs.
    seconds = PAYLOAD * 8 / 2400 / 0.9911 + 4 * 2 * 0.3
    assert ideal_utilisation(scenario, PAYLOAD) == pytest.approx(PAYLOAD * 8 / 2400 / seconds, abs=1e-3)


def test_without_errors_only_turns_and_frames_cost() -> None:
    scenario = replace(load_scenario("vhf-1200"), good=ErrorState(0.0, inf), bad=None)
    air = scenario.airtime
    frames, overs = -(-PAYLOAD // 250), -(-PAYLOAD // 250 // int(30 / air.frame_s(256)))
    seconds = frames * air.frame_s(256) + (overs + 1) * (2 * air.key_up_s + air.frame_s(20))
    assert selective_repeat(scenario, PAYLOAD, 256) == pytest.approx(PAYLOAD * 8 / 1200 / seconds, abs=0.01)


@pytest.mark.parametrize("name", ["vhf-1200", "stream-2400"])
def test_more_errors_are_never_better(name: str) -> None:
    scenario = load_scenario(name)
    rates = [0.0, 1e-5, 1e-4, 3e-4, 1e-3]
    uniform = [replace(scenario, good=ErrorState(rate, inf), bad=None) for rate in rates]
    found = [ideal_utilisation(each, 2048) for each in uniform]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1] > 0
