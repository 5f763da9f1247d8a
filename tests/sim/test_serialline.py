"""The way between host and modem."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from radiosync_sim.serialline import SerialLine
from radiosync_sim.world import World


def test_without_jitter_bytes_pass_within_the_call() -> None:
    got: list[bytes] = []
    line = SerialLine(World(1), 0.0, Random(1), got.append)
    line.carry(b"now")
    assert (got, line.bytes_under_way) == ([b"now"], 0)


@given(st.lists(st.floats(0, 5), max_size=30), st.integers(0, 1000))
def test_bytes_come_late_in_order_and_whole(pauses: list[float], seed: int) -> None:
    world = World(seed)
    got: list[tuple[float, bytes]] = []
    line = SerialLine(world, 0.5, Random(seed), lambda data: got.append((world.now, data)))
    sent = []
    for number, pause_s in enumerate(pauses):
        world.run_until(world.now + pause_s)
        sent.append((world.now, bytes([number])))
        line.carry(bytes([number]))
        assert line.bytes_under_way == len(sent) - len(got)
    world.run_until(world.now + 1)
    assert [data for _, data in got] == [data for _, data in sent]
    assert all(0 <= out - back <= 0.5 + 1e-9 for (back, _), (out, _) in zip(sent, got, strict=True))
    assert line.bytes_under_way == 0
