"""Who hears what: hearing matrix, collisions, deafness, outages, carrier sense."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from math import exp, inf

import pytest

from radiosync_sim.channel import Channel
from radiosync_sim.errors import SimulationError
from radiosync_sim.faults import Loss, OtherUsers, Outage
from radiosync_sim.scenario import ErrorState, Scenario, load_scenario
from radiosync_sim.world import World

PERFECT = ErrorState(0, inf)
HALF = replace(load_scenario("vhf-1200"), good=PERFECT, bad=None)
FULL = replace(load_scenario("clean-9600"), good=PERFECT, bad=None)


class Air:
    """A channel with recorders instead of modems: (seconds, hearer, bytes)."""

    def __init__(
        self,
        scenario: Scenario = HALF,
        stations: str = "ab",
        hearing: Mapping[str, Collection[str]] | None = None,
        seed: int = 1,
    ) -> None:
        self.world = World(seed)
        self.channel = Channel(self.world, scenario, hearing)
        self.heard: list[tuple[float, str, bytes]] = []
        for name in stations:
            self.channel.join(name, partial(self.note, name))

    def note(self, name: str, data: bytes) -> None:
        self.heard.append((round(self.world.now, 6), name, data))

    def send(self, sender: str, payload: bytes, *, at: float, lasts: float, checked: bool = True) -> None:
        """Key at `at`, send at once, unkey when done."""

        def begin() -> None:
            self.channel.key(sender)
            self.channel.send(sender, payload, lasts, checked=checked, air_bytes=len(payload))
            self.world.call_later(lasts, lambda: self.channel.unkey(sender))

        self.world.call_at(at, begin)

    def run(self, until: float = 100) -> list[tuple[float, str, bytes]]:
        self.world.run_until(until)
        return self.heard


def test_a_frame_arrives_when_its_last_bit_does() -> None:
    air = Air(replace(HALF, propagation_s=0.25))
    air.send("a", b"hello", at=1, lasts=2)
    assert air.run() == [(3.25, "b", b"hello")]


def test_everybody_hears_everybody_but_himself() -> None:
    air = Air(stations="abc")
    air.send("a", b"hello", at=1, lasts=2)
    assert air.run() == [(3, "b", b"hello"), (3, "c", b"hello")]


def test_the_hearing_matrix_is_directed() -> None:
    air = Air(stations="abc", hearing={"a": "bc", "b": "a"})
    for at, sender in enumerate("abc"):
        air.send(sender, sender.encode(), at=at * 10, lasts=1)
    assert [(name, data) for _, name, data in air.run()] == [("b", b"a"), ("a", b"b"), ("a", b"c")]


def test_two_that_overlap_are_both_lost_where_both_are_heard() -> None:
    """a and c do not hear each other (hidden stations); b hears both, d hears c alone."""
    air = Air(stations="abcd", hearing={"b": "ac", "d": "c"})
    air.send("a", b"one", at=1, lasts=2)
    air.send("c", b"two", at=2.9, lasts=2)
    assert air.run() == [(4.9, "d", b"two")]
    assert air.channel.counters["a"].frames_lost == {"b": 1}
    assert air.channel.counters["c"].frames_lost == {"b": 1}


def test_one_after_the_other_is_no_collision() -> None:
    air = Air(stations="abc", hearing={"b": "ac"})
    air.send("a", b"one", at=1, lasts=2)
    air.send("c", b"two", at=3, lasts=2)
    assert [data for _, _, data in air.run()] == [b"one", b"two"]


def test_a_carrier_without_data_collides_too() -> None:
    air = Air(stations="abc", hearing={"b": "ac"})
    air.send("a", b"one", at=1, lasts=2)
    air.world.call_at(2, lambda: air.channel.key("c"))
    assert air.run() == []


def test_many_short_carriers_inside_a_long_frame() -> None:
    """The memory of past carriers is short; a collision is found all the same."""
    air = Air(stations="abc", hearing={"b": "ac"})
    air.send("a", b"long", at=0, lasts=50)
    for at in range(1, 49):
        air.send("c", b"x", at=at, lasts=0.1)
    assert air.run() == []


def test_a_carrier_that_an_outage_swallows_does_not_collide() -> None:
    for until_at, heard in ((4, [b"one"]), (1.5, [])):
        air = Air(
            replace(HALF, outages=(Outage(0, until_at, frozenset("bc")),)),
            stations="abc",
            hearing={"b": "ac"},
        )
        air.send("a", b"one", at=1, lasts=2)
        air.send("c", b"two", at=1, lasts=2)
        assert [data for _, _, data in air.run()] == heard


def test_half_duplex_hears_nothing_while_it_transmits() -> None:
    air = Air()
    air.send("a", b"to b", at=1, lasts=2)
    air.send("b", b"to a", at=2, lasts=2)
    assert air.run() == []


@pytest.mark.parametrize(("until", "arrives"), [(3.4, True), (3.6, False)])
def test_deafness_is_in_the_time_of_the_hearer(until: float, arrives: bool) -> None:
    """The frame is under way for half a second: b has it from 3.5 on."""
    air = Air(replace(HALF, propagation_s=0.5))
    air.send("a", b"to b", at=3, lasts=1)
    air.send("b", b"to a", at=1, lasts=until - 1)
    assert ("b", b"to b") in [(name, data) for _, name, data in air.run()] or not arrives
    assert (air.channel.counters["a"].frames_lost == {}) is arrives


def test_full_duplex_hears_while_it_transmits() -> None:
    air = Air(FULL)
    air.send("a", b"to b", at=1, lasts=2)
    air.send("b", b"to a", at=2, lasts=2)
    assert [data for _, _, data in air.run()] == [b"to b", b"to a"]


def test_a_stream_loses_only_the_bytes_that_the_hearer_talked_over() -> None:
    air = Air()
    air.send("a", b"0123456789", at=0, lasts=10, checked=False)
    air.send("b", b"x", at=2, lasts=3)
    assert air.run() == [(10, "b", b"0156789")]


def test_a_stream_is_noise_where_it_was_jammed() -> None:
    air = Air(stations="abc", hearing={"b": "ac"})
    air.send("a", bytes(1000), at=0, lasts=10, checked=False)
    air.send("c", b"x", at=2.5, lasts=5)
    ((_, _, heard),) = air.run()
    assert heard[:250] == bytes(250)
    assert heard[750:] == bytes(250)
    assert sum(byte.bit_count() for byte in heard[250:750]) == pytest.approx(2000, abs=150)


@pytest.mark.parametrize(
    ("stations", "heard"),
    [((), ""), (("a",), ""), (("b",), "c"), (("a", "b"), "c"), (("b", "c"), "bc"), (("c", "a"), "b")],
)
def test_an_outage_concerns_every_path_those_of_one_station_or_one(
    stations: tuple[str, ...], heard: str
) -> None:
    air = Air(replace(HALF, outages=(Outage(5, 6, frozenset(stations)),)), stations="abc")
    air.send("a", b"x", at=4.9, lasts=0.2)
    assert "".join(name for _, name, _ in air.run()) == heard


@pytest.mark.parametrize(("at", "arrives"), [(4, True), (4.5, False), (5.2, False), (5.5, False), (6, True)])
def test_a_frame_that_touches_an_outage_is_lost(at: float, arrives: bool) -> None:
    air = Air(replace(HALF, outages=(Outage(5, 6),)))
    air.send("a", b"x", at=at, lasts=1)
    assert bool(air.run()) is arrives


def test_an_outage_takes_bytes_out_of_a_stream() -> None:
    air = Air(replace(HALF, outages=(Outage(2, 5),)))
    air.send("a", b"0123456789", at=0, lasts=10, checked=False)
    assert air.run() == [(10, "b", b"0156789")]


def test_a_path_is_cut_and_restored_at_run_time() -> None:
    air = Air()
    for at in (1, 3, 5):
        air.send("a", b"%d" % at, at=at, lasts=1)
    air.run(2.5)
    cut = air.channel.cut("b", "a")
    air.run(4.5)
    air.channel.restore(cut)
    assert [data for _, _, data in air.run()] == [b"1", b"5"]


def test_carrier_sense() -> None:
    air = Air(stations="abc", hearing={"b": "a", "a": "b"})
    air.send("a", b"x", at=1, lasts=2)
    seen = {}
    for at in (0.5, 1.5, 2.9, 3.5):
        air.run(at)
        seen[at] = [air.channel.busy(name) for name in "abc"]
    off = [False] * 3
    assert seen == {0.5: off, 1.5: [False, True, False], 2.9: [False, True, False], 3.5: off}


def test_a_carrier_takes_its_time_to_be_sensed() -> None:
    air = Air(replace(HALF, propagation_s=0.5))
    air.send("a", b"x", at=1, lasts=2)
    seen = []
    for at in (1.4, 1.6, 3.4, 3.6):
        air.world.call_at(at, lambda: seen.append(air.channel.busy("b")))
    air.run()
    assert seen == [False, True, True, False]


def test_waiting_for_a_free_channel() -> None:
    air, freed = Air(replace(HALF, propagation_s=0.5), stations="abc"), []
    air.send("a", b"x", at=1, lasts=2)
    air.send("c", b"x", at=2, lasts=3)
    air.world.call_at(2.1, lambda: air.channel.when_free("b", lambda: freed.append(air.world.now)))
    air.run()
    assert freed == [5.5]


def test_a_cut_frees_who_waits_for_what_it_no_longer_hears() -> None:
    air, freed = Air(), []
    air.send("a", b"x", at=1, lasts=5)
    air.run(2)
    air.channel.when_free("b", lambda: freed.append(air.world.now))
    air.run(3)
    air.channel.cut("a", "b")
    air.run()
    assert freed == [3]


def test_a_free_channel_is_told_at_once() -> None:
    air, freed = Air(), []
    air.channel.when_free("b", lambda: freed.append(air.world.now))
    air.run(0)
    assert freed == [0]


def test_a_cut_path_carries_no_carrier() -> None:
    air = Air()
    air.send("a", b"x", at=1, lasts=2)
    air.run(1.5)
    air.channel.cut("a", "b")
    assert not air.channel.busy("b")


def test_counters() -> None:
    air = Air(stations="abc")
    air.send("a", b"12345", at=1, lasts=2)
    air.send("b", b"1", at=2.5, lasts=2)
    air.send("a", b"123", at=10, lasts=1)
    air.run()
    a, b = air.channel.counters["a"], air.channel.counters["b"]
    assert (a.bytes_sent, a.frames_sent, a.overs, a.airtime_s) == (8, 2, 2, 3)
    assert a.frames_lost == {"b": 1, "c": 1}
    assert (b.bytes_sent, b.frames_sent, b.overs, b.airtime_s) == (1, 1, 1, 2)


def test_a_name_is_given_once() -> None:
    with pytest.raises(SimulationError, match="'a'"):
        Air(stations="aa")


# loss


def _arrived(scenario: Scenario, sender: str, hearer: str, frames: int = 2000) -> float:
    air = Air(scenario)
    for number in range(frames):
        air.send(sender, b"x", at=number, lasts=0.5)
    return sum(name == hearer for _, name, _ in air.run(frames)) / frames


def test_frames_are_lost_by_chance_in_one_direction() -> None:
    lossy = replace(HALF, losses=(Loss(0.6, "b", "a"),))
    assert _arrived(lossy, "a", "b") == 1
    assert _arrived(lossy, "b", "a") == pytest.approx(0.4, abs=0.04)


def test_losses_add_up() -> None:
    lossy = replace(HALF, losses=(Loss(0.5), Loss(0.5, sender="a"), Loss(0.5, hearer="c")))
    assert _arrived(lossy, "a", "b") == pytest.approx(0.25, abs=0.04)
    assert _arrived(lossy, "b", "a") == pytest.approx(0.5, abs=0.04)


def test_each_listener_loses_other_frames() -> None:
    air = Air(replace(HALF, losses=(Loss(0.3, hearer="b"), Loss(0.5, hearer="c"))), stations="abc")
    for number in range(2000):
        air.send("a", number.to_bytes(2, "big"), at=number, lasts=0.5)
    heard = {name: {data for _, hearer, data in air.run(2000) if hearer == name} for name in "bc"}
    assert len(heard["b"]) == pytest.approx(1400, abs=80)
    assert len(heard["c"]) == pytest.approx(1000, abs=80)
    assert len(heard["b"] & heard["c"]) == pytest.approx(700, abs=80)
    assert air.channel.counters["a"].frames_lost == {name: 2000 - len(heard[name]) for name in "bc"}


# outages that come again


def test_an_outage_comes_again_and_chance_says_when() -> None:
    """Ten seconds of each thirty: of sixty frames in such a time, nineteen or twenty meet it, in one run."""
    fading = replace(HALF, outages=(Outage(0, 10, every_s=30),))
    starts = set()
    for seed in range(8):
        air = Air(fading, seed=seed)
        for number in range(300):
            air.send("a", number.to_bytes(2, "big"), at=number / 2, lasts=0.1)
        heard = {int.from_bytes(data, "big") for _, _, data in air.run(300)}
        lost = sorted(set(range(300)) - heard)
        assert len(lost) == pytest.approx(100, abs=5)
        assert {number % 60 for number in lost} == {number % 60 for number in lost if 60 <= number < 120}
        starts.add(lost[0])
    assert len(starts) > 3


# strangers


def _with_others(**habits: bool) -> Air:
    return Air(replace(HALF, others=OtherUsers(0.3, 3, **habits)))


def test_strangers_take_their_share_of_the_time() -> None:
    air = _with_others()
    air.run(30_000)
    others = air.channel.counters["others"]
    assert others.airtime_s / 30_000 == pytest.approx(0.3, abs=0.02)
    assert others.airtime_s / others.overs == pytest.approx(3, abs=0.3)


def test_strangers_collide_with_what_is_on_the_air() -> None:
    air = _with_others()
    for number in range(4000):
        air.send("a", b"x", at=5 * number, lasts=1)
    share = len(air.run(20_000)) / 4000
    assert share == pytest.approx(
        0.7 * exp(-1 / 7), abs=0.04
    )  # free at the start, and nobody keys before the end


def test_strangers_who_listen_wait_for_us_and_are_heard() -> None:
    air = _with_others(listen=True)
    air.world.call_at(1, lambda: air.channel.key("a"))
    air.world.call_at(500, lambda: air.channel.unkey("a"))
    air.run(499)
    assert air.channel.counters["others"].overs <= 1  # one that had begun before us
    assert not air.channel.busy("b") or air.channel.is_keyed("a")
    air.run(600)
    assert air.channel.counters["others"].overs > 3


def test_carrier_sense_hears_strangers_whatever_the_matrix_says() -> None:
    air = Air(replace(HALF, others=OtherUsers(0.5, 3)), hearing={"a": "b", "b": "a"})
    busy = []
    for number in range(1000):
        air.world.call_at(number, lambda: busy.append(air.channel.busy("a")))
    air.run(1000)
    assert sum(busy) == pytest.approx(500, abs=100)


def test_a_cut_silences_strangers_too() -> None:
    air = Air(replace(HALF, others=OtherUsers(0.9, 30)))
    air.channel.cut()
    busy = []
    for number in range(200):
        air.world.call_at(number, lambda: busy.append(air.channel.busy("a")))
    air.run(200)
    assert not any(busy)
