"""Scenarios: those of the house exactly, and files that are wrong."""

import dataclasses
from pathlib import Path

import pytest

from radiosync_sim.errors import ScenarioError
from radiosync_sim.faults import Loss, OtherUsers, Outage
from radiosync_sim.scenario import (
    BUFFER_BYTES,
    ErrorState,
    Scenario,
    load_scenario,
    parse_scenario,
    scenario_names,
)

NO_FADES: dict[str, object] = {"good": ErrorState(0, float("inf")), "bad": None}

# modem, bit/s, full duplex, frame payload, key-up + turn, good, bad, longest over
TABLE = {
    "clean-9600": ("transparent", 9600, True, 512, 0, (0, float("inf")), None, None),
    "vhf-1200": ("kiss-tnc", 1200, False, 256, 0.5, (1e-6, 8), (3e-3, 0.4), 30),
    "hf-300": ("kiss-tnc", 300, False, 256, 2.5, (1e-5, 30), (2e-2, 3), 60),
    "stream-2400": ("transparent", 2400, False, None, 0.3, (1e-4, 5), (3e-2, 0.2), 30),
    "lora-sf9": ("lora", 1760, False, 222, 0.1, (1e-6, 60), (1e-2, 1), 10),
    "clean-1200": ("transparent", 1200, True, 512, 0, (0, float("inf")), None, None),
    "stream-2400-1e-3": ("transparent", 2400, False, None, 0.3, (1e-3, float("inf")), None, 30),
    "stream-2400-1e-2": ("transparent", 2400, False, None, 0.3, (1e-2, float("inf")), None, 30),
}

# what vhf-1200 becomes, besides a name
HARSH: dict[str, dict[str, object]] = {
    "harsh-asymmetric": NO_FADES | {"losses": (Loss(0.6, "b", "a"),)},
    "harsh-busy": {"others": OtherUsers(0.3, 3)},
    "harsh-fades": {"outages": (Outage(0, 10, every_s=30),)},
    "harsh-jitter": {"jitter_s": 1},
    "harsh-loss-40": NO_FADES | {"losses": (Loss(0.4),)},
    "harsh-shared": {"others": OtherUsers(0.3, 3, listen=True)},
    "harsh-tnc": {"buffer_bytes": 2048, "transmission_frames": 3},
}

# what each becomes for several listeners
POOL = {"pool-vhf": "vhf-1200", "pool-hf": "hf-300"}

GOOD = """
summary = "a wire"
seed = 1
[modem]
kind = "transparent"
bit_rate = 9600
[radio]
key_up_and_turn_s = 0.25
[errors.good]
bit_error_rate = 0
"""

FAULTS = """
summary = "whatever can go wrong"
seed = 1
[modem]
kind = "kiss-tnc"
bit_rate = 9600
buffer_bytes = 900
transmission_frames = 4
jitter_s = 0.25
[radio]
key_up_and_turn_s = 0.25
[errors.good]
bit_error_rate = 0
[[outage]]
from_s = 5
until_s = 9.5
every_s = 20
[[loss]]
share = 0.5
[[loss]]
share = 0.25
from = "a"
to = "b"
[others]
share = 0.2
mean_over_s = 4
listen = true
"""


def test_all_scenarios_are_found() -> None:
    assert scenario_names() == sorted([*TABLE, *HARSH, *POOL])


@pytest.mark.parametrize("name", TABLE)
def test_the_table(name: str) -> None:
    scenario = load_scenario(name)
    airtime, bad = scenario.airtime, scenario.bad
    assert scenario.name == name
    assert scenario.summary
    assert (
        airtime.kind,
        airtime.bit_rate,
        airtime.full_duplex,
        airtime.max_frame_bytes,
        airtime.direction_change_s,
        (scenario.good.bit_error_rate, scenario.good.mean_dwell_s),
        (bad.bit_error_rate, bad.mean_dwell_s) if bad else None,
        airtime.longest_over_s,
    ) == TABLE[name]


@pytest.mark.parametrize("name", HARSH)
def test_a_harsh_scenario_is_vhf_1200_with_one_thing_wrong(name: str) -> None:
    harsh, vhf = load_scenario(name), load_scenario("vhf-1200")
    fields = {field.name: getattr(vhf, field.name) for field in dataclasses.fields(vhf)}
    assert harsh == Scenario(**{**fields, "name": name, "summary": harsh.summary, **HARSH[name]})


@pytest.mark.parametrize("name", POOL)
def test_a_scenario_for_a_pool_is_another_one_that_c_hears_badly(name: str) -> None:
    base, losses = load_scenario(POOL[name]), (Loss(0.2, hearer="c"), Loss(0.2, sender="c"))
    pool = load_scenario(name)
    assert pool == dataclasses.replace(base, name=name, summary=pool.summary, losses=losses)


def test_lora_frames_pay_fifty_milliseconds_and_no_header() -> None:
    airtime = load_scenario("lora-sf9").airtime
    assert (airtime.frame_preamble_s, airtime.header_bytes, airtime.flag_bytes, airtime.stuffing) == (
        0.05,
        0,
        0,
        1,
    )


def test_the_shortest_file_and_its_defaults() -> None:
    scenario = parse_scenario("wire", GOOD)
    assert (scenario.bad, scenario.propagation_s, scenario.carrier_sense, scenario.outages) == (
        None,
        0,
        False,
        (),
    )
    assert scenario.airtime.direction_change_s == 0.25
    assert scenario.good == ErrorState(0, float("inf"))


def test_without_faults_nothing_goes_wrong() -> None:
    scenario = parse_scenario("wire", GOOD)
    assert (scenario.buffer_bytes, scenario.transmission_frames, scenario.jitter_s) == (BUFFER_BYTES, None, 0)
    assert (scenario.losses, scenario.others, scenario.flips_bits) == ((), None, False)
    assert load_scenario("vhf-1200").flips_bits
    assert load_scenario("stream-2400-1e-3").flips_bits


def test_faults() -> None:
    scenario = parse_scenario("bad", FAULTS)
    assert (scenario.buffer_bytes, scenario.transmission_frames, scenario.jitter_s) == (900, 4, 0.25)
    assert scenario.outages == (Outage(5, 9.5, every_s=20),)
    assert scenario.losses == (Loss(0.5), Loss(0.25, "a", "b"))
    assert scenario.others == OtherUsers(0.2, 4, listen=True)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("buffer_bytes = 900", "buffer_bytes = 0", "key 'buffer_bytes': must be a whole number, 1 or more"),
        ("_frames = 4", "_frames = 0", "key 'transmission_frames': must be a whole number, 1 or more"),
        ("jitter_s = 0.25", "jitter_s = -1", r"table \[modem\], key 'jitter_s': must be a number, 0 or more"),
        ("every_s = 20", "every_s = 4.5", "key 'every_s': must be longer than the outage"),
        ("share = 0.5", "share = 1", r"table \[\[loss\]\] number 1, key 'share': .* below 1"),
        ("share = 0.5", 'share = 0.5\nvia = "b"', r"table \[\[loss\]\] number 1, key 'via': is not a key"),
        ('from = "a"', 'from = ""', "key 'from': must be a text"),
        (
            "[others]\nshare = 0.2",
            "[others]\nshare = 0",
            r"table \[others\], key 'share': must be a number, above 0 and below 1",
        ),
        ("mean_over_s = 4", "", r"table \[others\], key 'mean_over_s': is missing"),
        ("listen = true", "listen = true\nshout = true", r"table \[others\], key 'shout': is not a key"),
        ('"kiss-tnc"', '"transparent"', "key 'transmission_frames': a transparent modem knows no frames"),
        (
            'kiss-tnc"\nbit_rate = 9600\nbuffer_bytes = 900\ntransmission_frames = 4',
            'transparent"\nbit_rate = 9600',
            "key 'loss': a transparent modem knows no frames",
        ),
    ],
)
def test_faults_that_are_wrong(old: str, new: str, where: str) -> None:
    assert old in FAULTS
    with pytest.raises(ScenarioError, match=where):
        parse_scenario("bad", FAULTS.replace(old, new, 1))


def test_outages() -> None:
    text = (
        GOOD
        + '[[outage]]\nfrom_s = 5\nuntil_s = 9.5\n[[outage]]\nfrom_s = 1\nuntil_s = 2\nstations = ["a", "b"]\n'
    )
    assert parse_scenario("wire", text).outages == (Outage(5, 9.5), Outage(1, 2, frozenset("ab")))


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("seed = 1", "seed = -1", "scenario wire, key 'seed': must be a whole number"),
        ("seed = 1", "", "scenario wire, key 'seed': is missing"),
        ("seed = 1", "seed = 1\ncolour = 2", "scenario wire, key 'colour': is not a key"),
        ("9600", "0", r"table \[modem\], key 'bit_rate': must be a number, above 0"),
        ("9600", "true", r"table \[modem\], key 'bit_rate': must be a number"),
        ('"transparent"', '"ardop"', "key 'kind': must be one of kiss-tnc, transparent, lora"),
        ("9600", "9600\nspeed = 3", r"table \[modem\], key 'speed': is not a key"),
        ("0.25", "-1", r"table \[radio\], key 'key_up_and_turn_s': must be a number, 0 or more"),
        ("0.25", "0.25\nfull_duplex = 1", r"table \[radio\], key 'full_duplex': must be true or false"),
        (
            "bit_error_rate = 0",
            "bit_error_rate = 1",
            r"table \[errors\], table \[good\], key 'bit_error_rate'",
        ),
        (
            "bit_error_rate = 0",
            "bit_error_rate = 0\n[errors.bad]\nbit_error_rate = 0.1",
            "key 'mean_dwell_s': is missing",
        ),
        ("[errors.good]", "[errors.worst]\n[errors.good]", r"table \[errors\], key 'worst': is not a key"),
        ("[errors.good]\nbit_error_rate = 0", "", "key 'errors': is missing"),
        ("[radio]", "radio", "scenario wire: "),
        (
            "bit_error_rate = 0",
            "bit_error_rate = 0\n[[outage]]\nfrom_s = 3\nuntil_s = 3",
            "must come after from_s",
        ),
        ("seed = 1", "seed = 1\noutage = 3", r"must be tables, written as \[\[outage\]\]"),
    ],
)
def test_errors_name_file_table_and_key(old: str, new: str, where: str) -> None:
    assert old in GOOD
    with pytest.raises(ScenarioError, match=where):
        parse_scenario("wire", GOOD.replace(old, new))


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(ScenarioError, match=r"no scenario is called 'vhf-9'.*vhf-1200"):
        load_scenario("vhf-9")


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert load_scenario(str(path)).name == "mine"
    with pytest.raises(ScenarioError, match="absent"):
        load_scenario(str(tmp_path / "absent.toml"))
