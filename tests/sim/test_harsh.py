"""Links that are worse than any that one would choose: bytes arrive as they were, and nothing waits for ever."""

import pytest

from radiosync_sim.payloadrig import PayloadRig
from radiosync_sim.scenario import load_scenario, scenario_names
from radiosync_sim.world import World

HARSH = [name for name in scenario_names() if name.startswith("harsh-")]

CALLS = 6
"""Calls of one exchange, as a schedule would make them in a night. What a contact that is given up has brought stays."""

_SEEDS = 100
_BYTES = 2500
_STEPS = 20_000
_SLOWEST = 0.01
"""Share of the bit rate below which an exchange counts as stuck, though it ended."""


def _exchange(scenario: str, seed: int, there: int, back: int, max_steps: int) -> tuple[PayloadRig, int]:
    world = World(seed, max_steps=max_steps)
    payloads = (world.random("there").randbytes(there), world.random("back").randbytes(back))
    rig = PayloadRig(world, load_scenario(scenario), *payloads)
    return rig, rig.exchange().calls


@pytest.mark.parametrize("scenario", HARSH)
def test_bytes_arrive_over_a_harsh_link(scenario: str) -> None:
    """The seeds take turns: bytes there, bytes back, or both."""
    for seed in range(_SEEDS):
        there, back = _BYTES * (seed % 3 != 1), _BYTES * (seed % 3 != 0)
        rig, calls = _exchange(scenario, seed, there, back, _STEPS)
        where = f"{scenario}, seed {seed}, {there} bytes there, {back} back"
        assert rig.identical, where
        assert calls <= CALLS, where
        shortest_s = (there + back) * 8 / rig.channel.scenario.airtime.bit_rate
        assert rig.world.now < shortest_s / _SLOWEST, where


@pytest.mark.parametrize(("scenario", "least"), [("stream-2400-1e-3", 0.70), ("stream-2400-1e-2", 0.40)])
@pytest.mark.parametrize("seed", range(1, 7))
def test_bytes_arrive_though_bits_are_wrong_everywhere(scenario: str, least: float, seed: int) -> None:
    rig, _ = _exchange(scenario, seed, 32_768, 0, 2 * _STEPS)
    share = 32_768 * 8 / 2400 / rig.world.now
    where = f"{scenario}, seed {seed}, {share:.3f} of the bit rate"
    assert rig.identical, where
    assert share >= least, where
