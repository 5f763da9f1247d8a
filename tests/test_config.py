"""The configuration file, its faults, and the file that setup writes."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radiosync.config import (
    Answers,
    Config,
    FieldType,
    JobSettings,
    Link,
    Station,
    render_config,
    write_config,
)
from radiosync.errors import ConfigError
from radiosync.identity.callsign import Callsign
from radiosync.profiles.loader import load_profile

STATION = '[station]\nname = "Field 2"\ncallsign = "n0call-7"\nservice = "amateur"\n'
LINK = '[link.hf-1]\nport = "/dev/ttyUSB0"\nprofile = "kiss-tnc"\n'
JOB = '[[job]]\npartner = "base-camp"\nname = "shelters"\n'


def _config(more: str = "") -> Config:
    return Config.parse(STATION + more, "radiosync.toml")


def _problem(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        Config.parse(text, "radiosync.toml")
    return str(caught.value)


def test_the_smallest_file() -> None:
    config = _config()
    assert config.station == Station(name="Field 2", callsign=Callsign("N0CALL", 7), service="amateur")
    assert (config.links, config.jobs, config.schema, config.store.url) == ({}, (), {}, None)


def test_a_full_file() -> None:
    config = _config(
        '[store]\nurl = "postgresql+psycopg:///radiosync"\n'
        + LINK
        + "bit_rate = 300\nserial_rate = 4800\nkey_up_s = 1\nturn_s = 2.5\ntail_s = 0.1\nmax_frame_bytes = 64\n"
        + "longest_over_s = 60\nenabled = false\n"
        + JOB
        + 'tables = ["shelter"]\ndirection = "send"\npriority = "high"\nevery_edit = true\nschedule = "30m"\nlink = "hf-1"\n'
        + JOB.replace("shelters", "rest")
        + '[table.shelter.fields]\ncapacity = "integer"\n"parent shelter" = "reference:shelter"\n'
    )
    assert config.store.url == "postgresql+psycopg:///radiosync"
    assert config.links == {
        "hf-1": Link(
            name="hf-1",
            port="/dev/ttyUSB0",
            profile="kiss-tnc",
            enabled=False,
            bit_rate=300,
            serial_rate=4800,
            key_up_s=1.0,
            turn_s=2.5,
            tail_s=0.1,
            max_frame_bytes=64,
            longest_over_s=60.0,
        )
    }
    first = JobSettings(
        partner="base-camp",
        name="shelters",
        tables=("shelter",),
        direction="send",
        priority=1,
        every_edit=True,
        schedule="30m",
        link="hf-1",
    )
    assert config.jobs == (first, JobSettings(partner="base-camp", name="rest"))
    assert config.schema == {
        "shelter": {"capacity": FieldType("integer"), "parent shelter": FieldType("reference", "shelter")}
    }


def test_a_links_numbers_suit_its_profile() -> None:
    link = _config(LINK + "bit_rate = 300\n").links["hf-1"]
    assert load_profile(link.profile).adjusted(bit_rate=link.bit_rate, key_up_s=link.key_up_s).bit_rate == 300


@pytest.mark.parametrize(
    ("schedule", "every_s"), [("manual", None), ("90s", 90), ("30m", 1800), ("6h", 21_600), ("1d", 86_400)]
)
def test_schedules(schedule: str, every_s: float | None) -> None:
    assert _config(JOB + f'schedule = "{schedule}"').jobs[0].every_s == every_s


@pytest.mark.parametrize(("word", "number"), [('"urgent"', 0), ('"low"', 3), ("0", 0), ("3", 3)])
def test_priorities(word: str, number: int) -> None:
    assert _config(JOB + f"priority = {word}").jobs[0].priority == number


FAULTS = [
    # the example of the conventions, word for word
    (
        STATION + LINK + 'bit_rate = "fast"',
        'radiosync.toml, [link.hf-1], key "bit_rate": must be a whole number from 1 to 1000000, not "fast"',
    ),
    ("", "radiosync.toml, [station]: is missing; it says who we are"),
    ("station = 5", 'radiosync.toml, key "station": must be a table, not 5'),
    ("[statoin]", 'radiosync.toml, key "statoin": is not known here; did you mean "station"?'),
    (STATION + "[partner.base]\n", 'radiosync.toml, key "partner": is not known here'),
    (
        STATION.replace('name = "Field 2"\n', ""),
        '[station], key "name": is missing; it must be text in quotes',
    ),
    (
        STATION.replace("Field 2", "a\\nb"),
        '[station], key "name": must be text in quotes, 1 to 40 characters',
    ),
    (
        STATION.replace("Field 2", "x" * 41),
        '[station], key "name": must be text in quotes, 1 to 40 characters',
    ),
    (
        STATION.replace("amateur", "ham"),
        'key "service": must be one of "amateur", "ism", "licensed", not "ham"',
    ),
    (STATION.replace('service = "amateur"', ""), 'key "service": is missing; it must be one of'),
    (
        STATION.replace("n0call-7", "N0CALL-16"),
        '[station], key "callsign": must be a callsign such as "N0CALL-7": ',
    ),
    (
        STATION.replace('"n0call-7"', "7"),
        '[station], key "callsign": must be text in quotes, such as "N0CALL-7"',
    ),
    (STATION.replace('callsign = "n0call-7"', ""), 'key "callsign": is missing; service "amateur" needs one'),
    (STATION + '[store]\nurl = "my.db"', '[store], key "url": must be such as'),
    (STATION + '[store]\nfile = "my.db"', '[store], key "file": is not known here; known are url'),
    (STATION + "[link]\nhf = 5", 'radiosync.toml, [link], key "hf": must be a table, not 5'),
    (
        STATION + LINK.replace("hf-1", "HF"),
        "radiosync.toml, [link.HF]: a link needs a short name of small letters",
    ),
    (
        STATION + LINK.replace("port", "prot"),
        '[link.hf-1], key "prot": is not known here; did you mean "port"?',
    ),
    (STATION + "[link.hf-1]\n", '[link.hf-1], key "port": is missing; it must be a serial port such as'),
    (STATION + LINK + 'name = "x"', '[link.hf-1], key "name": is not known here'),
    (STATION + LINK + "turn_s = -1", '[link.hf-1], key "turn_s": must be a number from 0 to 60, not -1'),
    (STATION + LINK + "turn_s = inf", '[link.hf-1], key "turn_s": must be a number from 0 to 60, not inf'),
    (STATION + LINK + "enabled = 1", '[link.hf-1], key "enabled": must be true or false, not 1'),
    (STATION + "[job]\n", 'radiosync.toml, key "job": must be written as [[job]]'),
    (STATION + JOB + JOB, '[[job]] number 2, key "name": "base-camp" has another job called "shelters"'),
    (
        STATION + JOB + 'link = "hf-2"',
        '[[job]] number 1, key "link": there is no [link.hf-2] in this file; there are none',
    ),
    (STATION + LINK + JOB + 'link = "hf-2"', "there is no [link.hf-2] in this file; there are hf-1"),
    (
        STATION + JOB + "tables = []",
        'key "tables": must be a list, each item text in quotes, at most 80 characters',
    ),
    (
        STATION + JOB + 'tables = ["a", 5]',
        'key "tables": item 2 must be text in quotes, at most 80 characters, not 5',
    ),
    (
        STATION + JOB + 'direction = "up"',
        'key "direction": must be one of "both", "receive", "send", not "up"',
    ),
    (
        STATION + JOB + 'priority = "medium"',
        'key "priority": must be one of "urgent", "high", "normal", "low", not "medium"',
    ),
    (
        STATION + JOB + "priority = 4",
        'key "priority": must be one of "urgent", "high", "normal", "low", not 4',
    ),
    (STATION + JOB + "priority = []", 'key "priority": must be one of "urgent"'),
    (STATION + JOB + 'schedule = "hourly"', 'key "schedule": must be "manual", or how often, such as "30m"'),
    (STATION + JOB + 'schedule = "0m"', 'key "schedule": must be "manual", or how often'),
    (
        STATION + '[table.shelter]\na = "text"',
        '[table.shelter], key "a": is not known here; known are fields',
    ),
    (
        STATION + '[table.shelter.fields]\na = "int"',
        '[table.shelter.fields], key "a": must be one of "text", "integer"',
    ),
    (STATION + '[table.s.fields]\na = "reference"', '[table.s.fields], key "a": must be one of'),
    (STATION + '[table.s.fields]\na = "text:x"', '[table.s.fields], key "a": must be one of'),
    (STATION + "[table.s.fields]\na = 5", '[table.s.fields], key "a": must be one of'),
    (STATION + '[table.s.fields]\n"" = "text"', "a field's name has 1 to 120 characters"),
    (STATION + "[table.''.fields]", "a table's name has 1 to 80 characters"),
    (STATION + STATION, "radiosync.toml: is not TOML: Cannot declare ('station',) twice (at line 5"),
]


@pytest.mark.parametrize(("text", "problem"), FAULTS, ids=[problem[-40:] for _, problem in FAULTS])
def test_faults_name_file_table_and_key(text: str, problem: str) -> None:
    found = _problem(text)
    assert found.startswith("radiosync.toml")
    assert problem in found
    assert "\n" not in found


def test_only_amateurs_need_a_callsign() -> None:
    assert Config.parse('[station]\nname = "x"\nservice = "ism"', "a").station.callsign is None


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "radiosync.toml"
    with pytest.raises(ConfigError, match=r"radiosync\.toml: does not exist; `radiosync setup` writes it"):
        Config.load(path)
    path.write_text(STATION, "utf-8")
    assert Config.load(path).file == str(path)
    path.write_text("[statoin]", "utf-8")
    with pytest.raises(ConfigError, match=re.escape(f'{path}, key "statoin": is not known here')):
        Config.load(path)


# ---------------------------------------------------------------- what setup writes

printable = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=40)
optional_seconds = st.none() | st.floats(0, 60)
answers = st.builds(
    Answers,
    station=st.builds(
        Station,
        name=printable,
        callsign=st.builds(Callsign, st.just("N0CALL"), st.integers(0, 15)),
        service=st.sampled_from(["amateur", "licensed", "ism"]),
    ),
    link=st.none()
    | st.builds(
        Link,
        name=st.sampled_from(["hf-1", "2"]),
        port=st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20),
        profile=st.just("kiss-tnc"),
        enabled=st.booleans(),
        bit_rate=st.none() | st.integers(1, 1_000_000),
        serial_rate=st.none() | st.integers(50, 4_000_000),
        key_up_s=optional_seconds,
        turn_s=optional_seconds,
        tail_s=optional_seconds,
        max_frame_bytes=st.none() | st.integers(16, 4095),
        longest_over_s=st.none() | st.floats(1, 600),
    ),
)


@given(answers)
@example(
    Answers(station=Station(name="Base", service="ism"), link=Link(name="a", port='"\\\x7f\n', profile="x"))
)
def test_what_setup_writes_says_what_was_answered(answered: Answers) -> None:
    config = Config.parse(render_config(answered), "radiosync.toml")
    assert config.station == answered.station
    assert config.links == ({} if answered.link is None else {answered.link.name: answered.link})
    assert config.jobs == ()


def test_a_station_without_callsign_or_modem_yet() -> None:
    text = render_config(Answers(station=Station(name="Base", service="ism")))
    assert Config.parse(text, "a").station == Station(name="Base", service="ism")
    assert "# callsign" in text
    assert "# [link.radio]" in text


def test_every_setting_that_the_comments_show_can_be_used() -> None:
    """The comments cannot drift from the code: without the comment marks the file is a good one."""
    text = render_config(Answers(station=Station(name="Base", callsign=Callsign("N0CALL"), service="ism")))
    lines = []
    for line in text.splitlines():
        setting = re.match(r"#\s+?(\[.*\]|\w+ = (?:\".*?\"|\[.*?\]|\S+))(?:\s|$)", line)
        lines.append(setting[1] if setting else "" if line.startswith("#") else line)
    numbers = [
        line for line in lines if re.match(r"(bit_rate|\w+_s|serial_rate|max_frame_bytes|enabled) =", line)
    ]
    rest = [line for line in lines if line not in numbers]
    rest.insert(rest.index('profile = "kiss-tnc"') + 1, "\n".join(numbers))
    config = Config.parse("\n".join(rest), "a")
    shown = config.links["radio"]
    assert None not in [getattr(shown, name) for name in Link.__dataclass_fields__]
    assert config.store.url
    assert config.jobs[0].link == "radio"
    assert config.jobs[0].tables == ("shelter",)
    assert config.schema == {"shelter": {"capacity": FieldType("integer")}}


def test_a_new_file_is_written_and_an_old_one_never_touched(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "radiosync.toml"
    answered = Answers(station=Station(name="Base", service="ism"))
    write_config(path, answered)
    assert Config.load(path).station == answered.station
    path.write_text("mine", "utf-8")
    with pytest.raises(ConfigError, match="exists already"):
        write_config(path, answered)
    assert path.read_text("utf-8") == "mine"


def test_an_answer_that_does_not_fit_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "radiosync.toml"
    with pytest.raises(ConfigError, match='service "amateur" needs one'):
        write_config(path, Answers(station=Station(name="Base", service="amateur")))
    assert not path.exists()
