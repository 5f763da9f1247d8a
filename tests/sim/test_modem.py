"""Virtual modems as serial devices."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import inf, sqrt
from random import Random

import pytest

from radiosync.wire.kiss import Command, KissDecoder, encode_kiss
from radiosync_sim.ax25_bits import frame_air_bits
from radiosync_sim.channel import Channel
from radiosync_sim.modem import STREAM_HANG_S, LoraModem, Tnc, TransparentModem, attach_modem
from radiosync_sim.scenario import BUFFER_BYTES, ErrorState, Scenario, load_scenario
from radiosync_sim.world import World

PERFECT = ErrorState(0, inf)
VHF, HF, STREAM, LORA, CLEAN = map(
    load_scenario, ("vhf-1200", "hf-300", "stream-2400", "lora-sf9", "clean-9600")
)


def perfect(scenario: Scenario) -> Scenario:
    return replace(scenario, good=PERFECT, bad=None)


class Bench:
    """Modems on one channel, and what each host got: (seconds, station, bytes)."""

    def __init__(self, scenario: Scenario, stations: str = "ab", seed: int = 1) -> None:
        self.world = World(seed)
        self.channel = Channel(self.world, scenario)
        self.got: list[tuple[float, str, bytes]] = []
        self.modems = {name: attach_modem(self.channel, name) for name in stations}
        for name, modem in self.modems.items():
            modem.on_host_bytes = partial(self.note, name)

    def note(self, name: str, data: bytes) -> None:
        self.got.append((self.world.now, name, data))

    def at(self, when: float, action: Callable[[], None]) -> None:
        self.world.call_at(when, action)

    def write(self, when: float, name: str, data: bytes) -> None:
        self.at(when, lambda: self.modems[name].host_write(data))

    def frame(self, when: float, name: str, payload: bytes) -> None:
        self.write(when, name, encode_kiss(payload))

    def run(self, until: float = 1000) -> "Bench":
        self.world.run_until(until)
        return self

    def frames(self, name: str) -> list[bytes]:
        """Frames that the host of `name` got."""
        return [frame for _, frame in self.timed_frames(name)]

    def timed_frames(self, name: str) -> list[tuple[object, bytes]]:
        """The same, each with the instant of its last byte."""
        decoder = KissDecoder()
        return [
            (when, frame.payload)
            for when, station, data in self.got
            if station == name
            for frame in decoder.receive(data)
        ]

    def stream(self, name: str) -> bytes:
        return b"".join(data for _, station, data in self.got if station == name)


def frames_of(count: int, size: int, seed: int = 1) -> list[bytes]:
    random = Random(seed)
    return [random.randbytes(size) for _ in range(count)]


# TNC


def test_airtime_of_a_known_frame() -> None:
    """272 zero bytes, check sequence F8 9D, which is 00011111 10111001 on the air and takes one stuffed zero, two flags:
    276 bytes and one bit, 2209 bits, 1.8408 s, after 0.5 s of key-up and turn."""
    bench = Bench(perfect(VHF))
    bench.frame(10, "a", bytes(272))
    bench.run()
    over_s = 2209 / 1200
    assert frame_air_bits(bytes(272)) == 2209
    assert bench.timed_frames("b") == [(pytest.approx(10 + 0.5 + over_s), bytes(272))]
    counters = bench.modems["a"].counters
    assert (counters.bytes_sent, counters.frames_sent, counters.overs) == (274, 1, 1)
    assert counters.airtime_s == pytest.approx(0.5 + over_s)
    assert counters.longest_over_s == pytest.approx(over_s)


def test_queued_frames_go_back_to_back_after_one_key_up() -> None:
    bench, frames = Bench(perfect(VHF)), frames_of(5, 100)
    bench.write(0, "a", b"".join(map(encode_kiss, frames)))
    bench.run()
    at, expected = 0.5, list[tuple[object, bytes]]()
    for frame in frames:
        at += frame_air_bits(frame) / 1200
        expected.append((pytest.approx(at), frame))
    assert bench.timed_frames("b") == expected
    assert bench.modems["a"].counters.overs == 1


def test_the_formula_expects_what_the_tnc_counts() -> None:
    frames = frames_of(400, 272)
    counted_s = sum(frame_air_bits(frame) for frame in frames) / 1200
    assert counted_s == pytest.approx(400 * VHF.airtime.frame_s(256), rel=1e-3)


def test_a_frame_that_comes_while_keyed_joins_the_transmission() -> None:
    bench, (one, two) = Bench(perfect(VHF)), frames_of(2, 100)
    bench.frame(0, "a", one)
    bench.frame(0.6, "a", two)
    assert bench.run().frames("b") == [one, two]
    assert bench.modems["a"].counters.overs == 1


def test_each_change_of_direction_is_paid() -> None:
    bench = Bench(perfect(HF))
    bench.modems["b"].on_host_bytes = lambda data: bench.modems["b"].host_write(encode_kiss(b"answer"))
    bench.frame(0, "a", b"question")
    bench.run()
    bits = frame_air_bits(b"question") + frame_air_bits(b"answer")
    assert bench.timed_frames("a") == [(pytest.approx(2 * 2.5 + bits / 300), b"answer")]


def test_a_tnc_waits_for_a_free_channel() -> None:
    bench = Bench(perfect(VHF))
    bench.frame(0, "a", bytes(272))
    bench.frame(1, "b", b"patient")
    bench.run()
    at = 0.5 + 2209 / 1200 + 0.5 + frame_air_bits(b"patient") / 1200
    assert bench.timed_frames("a") == [(pytest.approx(at), b"patient")]
    assert not bench.modems["b"].counters.frames_lost


def test_two_that_key_at_once_collide() -> None:
    bench = Bench(perfect(VHF))
    bench.frame(0, "a", b"one")
    bench.frame(0, "b", b"two")
    assert bench.run().got == []
    assert bench.modems["a"].counters.frames_lost == {"b": 1}


def test_persistence_parts_those_that_wait_for_the_same_channel() -> None:
    """Twelve stations wait for one to end. With p = 1 all key at once; with p = 1/16 most get through."""

    def arrived(persistence: int) -> int:
        bench = Bench(perfect(VHF), stations="abcdefghijklm")
        for name in "bcdefghijklm":
            bench.write(0, name, encode_kiss(bytes([persistence]), command=Command.PERSISTENCE))
            bench.write(0, name, encode_kiss(b"\x05", command=Command.SLOTTIME))
            bench.frame(0.7, name, name.encode() * 20)
        bench.frame(0.1, "a", bytes(272))
        return len(set(bench.run().frames("a")))

    assert arrived(255) == 0
    assert arrived(15) >= 8


def test_damaged_frames_never_reach_the_host() -> None:
    frames, scenario = frames_of(40, 200), replace(VHF, good=ErrorState(4e-4, inf), bad=None)
    bench = Bench(scenario)
    for frame in frames:
        bench.frame(0, "a", frame)
    arrived = bench.run().frames("b")
    assert set(arrived) < set(frames)
    assert bench.modems["a"].counters.frames_lost == {"b": 40 - len(arrived)}


@pytest.mark.parametrize("scenario", [VHF, HF, LORA], ids=lambda scenario: scenario.name)
def test_frames_are_lost_as_often_as_the_bit_errors_say(scenario: Scenario) -> None:
    """One state only: a frame survives with (1 - p) to the power of its bits."""
    p = 2e-4
    sent = lost = 0
    bits = []
    for seed in range(4):
        bench = Bench(replace(scenario, good=ErrorState(p, inf), bad=None), seed=seed)
        for frame in frames_of(250, 150, seed):
            bench.frame(0, "a", frame)
            is_tnc = scenario.airtime.kind == "kiss-tnc"
            bits.append(
                frame_air_bits(frame) if is_tnc else scenario.airtime.frame_s(150) * scenario.airtime.bit_rate
            )
        bench.run(5000)
        sent += bench.modems["a"].counters.frames_sent
        lost += bench.modems["a"].counters.frames_lost["b"]
    expected = sum(1 - (1 - p) ** n for n in bits) / len(bits)
    assert sent == 1000
    assert lost / sent == pytest.approx(expected, abs=4 * sqrt(expected * (1 - expected) / sent))


def test_a_frame_too_long_is_refused() -> None:
    bench = Bench(perfect(VHF))
    bench.frame(0, "a", bytes(273))
    bench.frame(0, "a", bytes(272))
    assert [len(frame) for frame in bench.run().frames("b")] == [272]
    assert bench.modems["a"].counters.bytes_refused == 273


@pytest.mark.parametrize("scenario", [VHF, STREAM], ids=lambda scenario: scenario.name)
def test_the_buffer_has_an_end(scenario: Scenario) -> None:
    bench = Bench(perfect(scenario))
    bench.write(0, "a", b"".join(map(encode_kiss, frames_of(1000, 200))))
    bench.run(0)
    modem = bench.modems["a"]
    assert BUFFER_BYTES - 200 <= modem.queued_bytes <= BUFFER_BYTES
    assert modem.counters.bytes_refused >= 200_000 - BUFFER_BYTES


def test_rubbish_from_the_host_is_not_sent() -> None:
    bench = Bench(perfect(VHF))
    bench.write(0, "a", Random(1).randbytes(500).replace(b"\xc0", b"") + encode_kiss(b"good"))
    for index, byte in enumerate(encode_kiss(b"byte by byte")):
        bench.write(5 + index / 100, "a", bytes([byte]))
    assert bench.run().frames("b") == [b"good", b"byte by byte"]


# LoRa


def test_lora_pays_its_preamble_for_each_frame() -> None:
    bench, frames = Bench(perfect(LORA)), frames_of(3, 222)
    for frame in frames:
        bench.frame(0, "a", frame)
    each_s = 0.05 + 222 * 8 / 1760
    assert bench.run().timed_frames("b") == [
        (pytest.approx(0.1 + each_s * (n + 1)), frame) for n, frame in enumerate(frames)
    ]
    assert bench.modems["a"].counters.bytes_sent == 3 * 222


def test_lora_refuses_more_than_222_bytes() -> None:
    bench = Bench(perfect(LORA))
    bench.frame(0, "a", bytes(223))
    assert bench.run().got == []
    assert bench.modems["a"].counters.bytes_refused == 223


# transparent


def test_bytes_arrive_as_they_are_sent() -> None:
    bench, data = Bench(perfect(STREAM)), Random(1).randbytes(1000)
    bench.write(0, "a", data)
    bench.run()
    assert bench.stream("b") == data
    arrived = 0
    for when, _, piece in bench.got:
        arrived += len(piece)
        assert when == pytest.approx(0.3 + arrived * 8 / 2400)
        assert len(piece) * 8 / 2400 <= 0.05
    counters = bench.modems["a"].counters
    assert (counters.bytes_sent, counters.overs) == (1000, 1)
    assert counters.airtime_s == pytest.approx(0.3 + 1000 * 8 / 2400 + STREAM_HANG_S)


def test_a_pause_shorter_than_the_hang_keeps_the_over() -> None:
    for pause_s, overs in ((STREAM_HANG_S * 0.9, 1), (STREAM_HANG_S * 1.1, 2)):
        bench = Bench(perfect(STREAM))
        bench.write(0, "a", bytes(30))
        bench.write(0.3 + 0.1 + pause_s, "a", bytes(30))
        assert bench.run().stream("b") == bytes(60)
        assert bench.modems["a"].counters.overs == overs


def test_full_duplex_costs_no_key_up_and_works_both_ways_at_once() -> None:
    bench = Bench(CLEAN)
    one, two = frames_of(2, 5000)
    bench.write(0, "a", one)
    bench.write(1, "b", two)
    bench.run()
    assert (bench.stream("b"), bench.stream("a")) == (one, two)
    assert max(when for when, name, _ in bench.got if name == "b") == pytest.approx(5000 * 8 / 9600)


def test_damaged_bytes_are_delivered_with_the_right_error_rate() -> None:
    zeros, wrong = bytes(30_000), []
    for seed in range(10):
        bench = Bench(STREAM, seed=seed)
        bench.write(0, "a", zeros)
        heard = bench.run().stream("b")
        assert len(heard) == len(zeros)
        wrong.append(sum(byte.bit_count() for byte in heard))
    expected = (1e-4 * 5 + 3e-2 * 0.2) / 5.2
    assert sum(wrong) / (8 * len(zeros) * len(wrong)) == pytest.approx(expected, rel=0.2)


def test_a_transparent_modem_talks_over_another() -> None:
    bench = Bench(perfect(STREAM))
    bench.write(0, "a", b"A" * 300)
    bench.write(0.5, "b", b"B" * 30)
    bench.run()
    assert b"A" * 60 <= bench.stream("b") < b"A" * 300
    assert bench.stream("a") == b""


# power


def test_power_off_cuts_the_frame_on_the_air_and_forgets_the_rest() -> None:
    bench, frames = Bench(perfect(VHF)), frames_of(3, 272)
    for frame in frames:
        bench.frame(0, "a", frame)
    bench.at(3, bench.modems["a"].power_off)
    bench.frame(4, "a", b"nobody at home")
    bench.at(5, bench.modems["a"].power_on)
    bench.frame(6, "a", b"back")
    assert bench.run().frames("b") == [frames[0], b"back"]
    assert bench.modems["a"].counters.airtime_s == pytest.approx(3 + 0.5 + frame_air_bits(b"back") / 1200)


def test_a_modem_without_power_hears_nothing() -> None:
    bench, frames = Bench(perfect(VHF)), frames_of(5, 272)
    for frame in frames:
        bench.frame(0, "a", frame)
    bench.at(3, bench.modems["b"].power_off)
    bench.at(5, bench.modems["b"].power_on)
    assert bench.run().frames("b") == [frames[0], *frames[3:]]


def test_a_modem_that_waited_when_the_power_went_does_not_key() -> None:
    bench = Bench(perfect(VHF))
    bench.frame(0, "a", bytes(272))
    bench.frame(1, "b", b"forgotten")
    bench.at(1.5, bench.modems["b"].power_off)
    bench.at(1.6, bench.modems["b"].power_on)
    bench.run()
    assert bench.modems["b"].counters.overs == 0


def test_power_off_forgets_half_a_frame_and_what_the_host_set() -> None:
    bench = Bench(perfect(VHF))
    bench.write(0, "a", encode_kiss(b"\x00", command=Command.PERSISTENCE))
    bench.write(0, "a", encode_kiss(b"\xff", command=Command.SLOTTIME) + encode_kiss(b"half a frame")[:-5])
    bench.at(1, bench.modems["a"].power_off)
    bench.at(2, bench.modems["a"].power_on)
    bench.write(3, "a", encode_kiss(b"half a frame")[-5:] + encode_kiss(b"whole"))
    (frame,) = bench.run().timed_frames("b")
    assert frame == (pytest.approx(3 + 0.5 + frame_air_bits(b"whole") / 1200), b"whole")


def test_power_may_go_at_any_instant() -> None:
    for tenths in range(60):
        bench = Bench(perfect(VHF))
        bench.frame(0, "a", bytes(272))
        bench.frame(1, "b", bytes(272))
        bench.at(tenths / 10, bench.modems["b"].power_off)
        bench.at(tenths / 10 + 0.05, bench.modems["b"].power_on)
        bench.frame(20, "b", b"after")
        bench.run()
        assert bench.frames("a")[-1] == b"after", tenths
        assert not any(modem.is_keyed or modem.queued_bytes for modem in bench.modems.values())


# as a whole


def traffic(scenario: Scenario, seed: int) -> tuple[list[tuple[float, str, bytes]], str]:
    bench, random = Bench(scenario, stations="abc", seed=seed), Random(1)
    for _ in range(60):
        bench.frame(random.random() * 300, random.choice("abc"), random.randbytes(100))
    bench.run()
    return bench.got, repr(bench.channel.counters)


@pytest.mark.parametrize("scenario", [VHF, HF, STREAM, LORA], ids=lambda scenario: scenario.name)
def test_same_seed_same_trace(scenario: Scenario) -> None:
    assert traffic(scenario, 5) == traffic(scenario, 5)
    assert traffic(scenario, 5) != traffic(scenario, 6)


def test_a_frame_costs_a_handful_of_events() -> None:
    bench = Bench(VHF)
    for frame in frames_of(100, 200):
        bench.frame(0, "a", frame)
    bench.run()
    written = 100
    assert bench.world.steps - written <= 3 * 100


def test_each_kind_has_its_own_modem() -> None:
    kinds = [type(Bench(scenario).modems["a"]) for scenario in (VHF, STREAM, LORA)]
    assert kinds == [Tnc, TransparentModem, LoraModem]


# faults


def test_a_small_buffer_drops_whole_frames() -> None:
    bench = Bench(replace(perfect(VHF), buffer_bytes=600))
    sent = frames_of(5, 250)
    for frame in sent:
        bench.frame(1, "a", frame)
    # The first one leaves the buffer when the key goes down, which is behind the key-up delay.
    assert bench.run().frames("b") == sent[:2]
    assert bench.modems["a"].counters.bytes_refused == 3 * 250


def test_a_small_buffer_of_a_stream_drops_what_is_behind_it() -> None:
    bench = Bench(replace(perfect(STREAM), buffer_bytes=600))
    data = Random(1).randbytes(1000)
    bench.write(1, "a", data)
    assert bench.run().stream("b") == data[:600]


def test_an_over_is_split_and_nothing_of_it_lost() -> None:
    """A TNC that sends three frames at most keys for the rest by itself, and pays for it."""
    whole, split = Bench(perfect(VHF)), Bench(replace(perfect(VHF), transmission_frames=3))
    sent = frames_of(7, 100)
    for bench in (whole, split):
        for frame in sent:
            bench.frame(1, "a", frame)
        assert bench.run().frames("b") == sent
    assert [bench.modems["a"].counters.overs for bench in (whole, split)] == [1, 3]
    ends = [bench.got[-1][0] for bench in (whole, split)]
    assert ends[1] == pytest.approx(ends[0] + 2 * VHF.airtime.direction_change_s)


def test_who_waits_for_the_channel_keys_where_an_over_is_split() -> None:
    """Nobody hears who keys in the same instant: they collide, and the frame of the one who waited is gone."""
    bench = Bench(replace(perfect(VHF), transmission_frames=1))
    sent = frames_of(3, 100)
    for frame in sent:
        bench.frame(1, "a", frame)
    bench.frame(1.7, "b", b"me too")
    bench.run()
    assert bench.modems["b"].counters.overs == 1
    assert bench.frames("a") == []
    assert bench.frames("b") == [sent[0], sent[2]]


def test_jitter_delays_and_never_reorders() -> None:
    on_time = Bench(perfect(VHF))
    on_time.frame(1, "a", bytes(60))
    first_at = on_time.run().got[0][0]
    late = []
    for seed in range(20):
        bench = Bench(replace(perfect(VHF), jitter_s=0.4), seed=seed)
        sent = [bytes(60), *frames_of(20, 60)]
        for frame in sent:
            bench.frame(1, "a", frame)
        assert bench.run().frames("b") == sent
        late.append(bench.got[0][0] - first_at)
    assert len(set(late)) == len(late)
    assert all(0 <= each <= 2 * 0.4 for each in late)


def test_jitter_splits_a_stream_and_loses_nothing_of_it() -> None:
    overs = []
    for seed in range(10):
        bench = Bench(replace(perfect(STREAM), jitter_s=2.0), seed=seed)
        sent = frames_of(3, 10)
        for part in sent:
            bench.write(1, "a", part)
        assert bench.run().stream("b") == b"".join(sent)
        overs.append(bench.modems["a"].counters.overs)
    assert max(overs) > 1


def test_bytes_on_the_way_to_a_modem_count_as_queued() -> None:
    bench = Bench(replace(perfect(VHF), jitter_s=0.5))
    bench.frame(1, "a", bytes(100))
    bench.run(until=1)
    assert bench.modems["a"].queued_bytes >= 100
