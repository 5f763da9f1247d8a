"""Two stations that have only bytes for each other."""

import pytest

from radiosync_sim.errors import LivelockError, SimulationError
from radiosync_sim.payloadrig import PayloadRig
from radiosync_sim.scenario import load_scenario
from radiosync_sim.world import World


def _rig(
    scenario: str, there: bytes, back: bytes = b"", seed: int = 1, max_steps: int = 50_000
) -> PayloadRig:
    return PayloadRig(World(seed, max_steps=max_steps), load_scenario(scenario), there, back)


@pytest.mark.parametrize(
    ("there", "back"), [(0, 0), (1, 0), (0, 1), (3000, 10), (10, 3000), (20_000, 20_000)]
)
def test_bytes_arrive_as_they_were(there: int, back: int) -> None:
    payloads = World(9).random("x").randbytes(there), World(9).random("y").randbytes(back)
    for scenario in ("vhf-1200", "clean-9600"):
        rig = _rig(scenario, *payloads)
        assert rig.exchange().calls == 1
        assert rig.identical
        assert rig.sent_bytes == (there, back)
        assert not rig.a.modem.is_keyed
        assert not rig.b.modem.is_keyed


@pytest.mark.parametrize(
    ("scenario", "back", "least"),
    [
        ("clean-9600", 0, 0.98),
        ("clean-9600", 32_768, 0.98),
        ("clean-1200", 0, 0.97),
        ("clean-1200", 32_768, 0.97),
    ],
)
def test_a_wire_is_full_whether_one_speaks_or_both(scenario: str, back: int, least: float) -> None:
    rig = _rig(scenario, World(9).random("x").randbytes(32_768), World(9).random("y").randbytes(back))
    rig.exchange()
    assert rig.identical
    assert 32_768 * 8 / rig.channel.scenario.airtime.bit_rate / rig.world.now >= least


def test_nothing_is_identical_before_it_has_arrived() -> None:
    assert not _rig("vhf-1200", b"there").identical
    assert not _rig("vhf-1200", b"", b"back").identical


def test_a_wrong_byte_is_noticed() -> None:
    rig = _rig("vhf-1200", b"", b"some bytes")
    rig.exchange()
    rig.a.mail.received[1] = b"same bytes"
    assert not rig.identical


def test_what_a_broken_contact_brought_is_not_sent_again() -> None:
    payload = World(3).random("x").randbytes(9000)
    rig = _rig("vhf-1200", payload)
    rig.world.call_later(40, rig.channel.cut)
    with pytest.raises(SimulationError, match="200 calls were not enough: scenario vhf-1200, seed 1"):
        rig.exchange()
    rig.channel.restore(rig.channel.cut())
    assert not rig.identical
    assert rig.calls == 200


def test_a_cut_that_is_mended_costs_a_call() -> None:
    rig = _rig("vhf-1200", World(3).random("x").randbytes(9000))
    before_bytes = 0

    def cut() -> None:
        outage = rig.channel.cut()
        rig.world.call_later(1000, lambda: rig.channel.restore(outage))

    rig.world.call_later(40, cut)
    assert rig.exchange().calls > 1
    assert rig.identical
    assert rig.a.repeated_pieces == rig.b.repeated_pieces == before_bytes


def test_a_run_without_end_is_stopped() -> None:
    with pytest.raises(LivelockError, match="seed 1"):
        _rig("vhf-1200", bytes(50_000), max_steps=100).exchange()
