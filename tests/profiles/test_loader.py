"""Every profile goes through every check; and what is said about a profile that is wrong."""

from pathlib import Path

import pytest

from radiosync.errors import ConfigError
from radiosync.profiles.loader import load_profile, parse_profile, profile_names
from radiosync.profiles.model import STOPS, Profile
from radiosync.wire.kiss import Command
from radiosync.wire.stream import STRENGTHS

FOLDER = Path(__file__).parents[2] / "firmware_profiles"

TNC = """\
name = "A TNC"
kind = "kiss-tnc"
description = "For a test."
bit_rate = 1200
key_up_s = 0.3
turn_s = 0.1
max_frame_bytes = 256
stop = "drain"
before_you_start = ["Turn the radio off."]
"""


def _problem(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_profile("a-tnc", text)
    return str(caught.value)


# ---------------------------------------------------------------- every profile through every check


def test_all_files_are_found() -> None:
    assert profile_names() == sorted(path.stem for path in FOLDER.iterdir())
    assert {"kiss-tnc", "transparent"} <= set(profile_names())


@pytest.fixture(params=profile_names())
def profile(request: pytest.FixtureRequest) -> Profile:
    return load_profile(request.param)


def test_it_says_what_a_person_needs(profile: Profile) -> None:
    assert profile.id in profile_names()
    assert profile.description.endswith(".")
    assert profile.before_you_start
    assert all(step[0].isupper() and step.endswith(".") for step in profile.before_you_start)
    assert "radio off" in profile.before_you_start[0], "the first step is that nothing can go on the air"


def test_its_numbers_make_sense_together(profile: Profile) -> None:
    airtime = profile.airtime()
    assert airtime.kind == profile.kind
    longest_s = profile.longest_over_s or 30.0
    assert airtime.bytes_in(longest_s) >= 4 * (profile.max_frame_bytes or 16), (
        "an over holds at least four frames"
    )
    assert airtime.direction_change_s < longest_s / 4
    assert profile.stop in STOPS


def test_its_protection_fits_its_kind(profile: Profile) -> None:
    if profile.kind == "transparent":
        assert profile.strength is not None
        assert 0 < profile.strength < len(STRENGTHS)
    else:
        assert profile.strength is None


def test_its_kiss_commands_can_be_sent(profile: Profile) -> None:
    for name, value in profile.kiss_commands():
        assert Command[name] not in (Command.DATA, Command.RETURN, Command.SETHARDWARE)
        assert 0 <= value <= 255


def test_its_file_says_why(profile: Profile) -> None:
    text = (FOLDER / f"{profile.id}.toml").read_text("utf-8")
    assert text.startswith("# ")
    numbers = [
        line for line in text.splitlines() if line.startswith(("key_up_s", "turn_s", "bit_rate", "stop"))
    ]
    assert all("#" in line for line in numbers)


# ---------------------------------------------------------------- faults


def test_a_profile_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match=r'no profile is called "kis-tnc"; there are kiss-tnc, '):
        load_profile("kis-tnc")
    with pytest.raises(ConfigError):
        load_profile("../firmware_profiles/kiss-tnc")


def test_the_smallest_profile() -> None:
    profile = parse_profile("a-tnc", TNC)
    assert (profile.id, profile.serial.rate, profile.tail_s, profile.kiss_commands()) == (
        "a-tnc",
        9600,
        0.0,
        (),
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("stop =", "stopp =", 'a-tnc.toml, key "stopp": is not known here; did you mean "stop"?'),
        ("name =", "id =", 'a-tnc.toml, key "id": is not known here'),
        ('stop = "drain"', "", 'a-tnc.toml, key "stop": is missing; it must be one of "drain", "flush"'),
        ("= 1200", '= "fast"', 'key "bit_rate": must be a whole number from 1 to 1000000, not "fast"'),
        ("= 1200", "= 0", 'key "bit_rate": must be a whole number from 1 to 1000000, not 0'),
        ("= 0.3", "= nan", 'key "key_up_s": must be a number from 0 to 60, not nan'),
        ("kiss-tnc", "packet", 'key "kind": must be one of "kiss-tnc", "lora", "transparent", not "packet"'),
        (
            '["Turn',
            '[1, "Turn',
            'key "before_you_start": item 1 must be text in quotes, at most 400 characters, not 1',
        ),
        ("kiss-tnc", "transparent", 'a-tnc.toml: "strength" must be given for kind "transparent"'),
        ("max_frame_bytes = 256", "strength = 1\nmax_frame_bytes = 256", '"strength" must be given for kind'),
        ("max_frame_bytes = 256", "", 'a-tnc.toml: "max_frame_bytes" must be given for kind "kiss-tnc"'),
        ("name", "name name", "a-tnc.toml: is not TOML"),
    ],
)
def test_faults_name_file_and_key(old: str, new: str, problem: str) -> None:
    assert problem in _problem(TNC.replace(old, new, 1))


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("[serial]\nspeed = 1", 'a-tnc.toml, [serial], key "speed": is not known here'),
        ("[serial]\ndata_bits = 9", 'a-tnc.toml, [serial], key "data_bits": must be one of 7, 8, not 9'),
        (
            "[kiss]\npersistence = 256",
            '[kiss], key "persistence": must be a whole number from 0 to 255, not 256',
        ),
        ("serial = 9600", 'a-tnc.toml, key "serial": must be a table, not 9600'),
    ],
)
def test_faults_name_the_table(more: str, problem: str) -> None:
    assert problem in _problem(TNC + more)


def test_times_that_kiss_cannot_say_are_refused() -> None:
    slow = TNC.replace("= 0.3", "= 2.6")
    assert parse_profile("a", slow).key_up_s == 2.6
    assert '"key_up_s" and "tail_s" can be at most 2.55' in _problem(slow + "[kiss]\nset_timing = true")


def test_kiss_is_for_tncs() -> None:
    text = TNC.replace('"kiss-tnc"', '"lora"') + "[kiss]\npersistence = 1"
    assert '"kiss" is for kind "kiss-tnc" alone' in _problem(text)
