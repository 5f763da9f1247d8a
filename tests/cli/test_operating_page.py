"""The operator's page and the program say the same."""

import re
from dataclasses import fields
from typing import get_args

import click
import pytest

from radiosync.cli.group import shared_options
from radiosync.config import FieldKind, JobSettings, Link, Service, Station, StoreSettings
from radiosync.messages import MESSAGES, ExitCode
from radiosync.profiles.loader import profile_names
from tests.cli.running import EVERY
from tests.project.checkout import ROOT

PAGE = (ROOT / "docs/operating.md").read_text("utf-8")
PAGES = PAGE + "".join((ROOT / f"docs/{name}.md").read_text("utf-8") for name in ("simulator", "benchmarks"))

RETURNED = {ExitCode.DONE, ExitCode.READER_GONE} | {message.exit_code for message in MESSAGES.values()}


def rows(*heading: str) -> list[list[str]]:
    """The cells of the table with that heading."""
    lines = PAGE.splitlines()
    start = lines.index(f"| {' | '.join(heading)} |")
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip()[1:-1].split("|")])
    return found


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    return PAGE.partition(f"\n### {title}\n")[2].partition("\n##")[0]


def in_capitals(text: str) -> str:
    return re.sub(r"<([a-z_]+)>", lambda match: match[1].upper().replace("_", " "), text)


def test_the_page_lists_each_message() -> None:
    expected = [
        [f"`{each.id}`", in_capitals(each.happened), in_capitals(each.you_can), str(int(each.exit_code))]
        for each in MESSAGES.values()
    ]
    assert rows("message", "what happened", "what you can do", "exit") == expected


def test_the_page_lists_each_exit_code_that_is_returned() -> None:
    expected = [[str(int(code)), code.meaning] for code in ExitCode if code in RETURNED]
    assert rows("code", "meaning") == expected


@pytest.mark.parametrize(
    ("title", "kind", "left_out"),
    [
        ("`[station]`", Station, set()),
        ("`[store]`", StoreSettings, set()),
        ("`[link.NAME]`", Link, {"name"}),
        ("`[[job]]`", JobSettings, set()),
    ],
)
def test_the_page_lists_each_key_of_the_configuration(title: str, kind: type, left_out: set[str]) -> None:
    keys = re.findall(r"^\| `([a-z_]+)` \|", section(title), re.MULTILINE)
    assert set(keys) == {field.name for field in fields(kind)} - left_out
    assert len(keys) == len(set(keys))


def test_the_page_lists_each_type_of_field_service_and_profile() -> None:
    kinds = re.findall(r"^\| `([a-z]+)(?::TABLE)?` \|", section("Types of fields"), re.MULTILINE)
    assert kinds == list(get_args(FieldKind))
    assert all(f'`"{name}"`' in section("`[station]`") for name in get_args(Service))
    assert all(f'`"{name}"`' in section("`[link.NAME]`") for name in profile_names())


OPTIONS = [
    (" ".join(path), option)
    for path, command in EVERY.items()
    for parameter in command.params
    if isinstance(parameter, click.Option)
    for option in parameter.opts
]


@pytest.mark.parametrize(("path", "option"), OPTIONS)
def test_each_option_is_described(path: str, option: str) -> None:
    assert f"{option}" in PAGES


def test_each_shared_option_is_described() -> None:
    described = " ".join(cell for cell, _ in rows("option of every command", "meaning"))
    for parameter in shared_options():
        assert all(f"`{option}" in described for option in [*parameter.opts, *parameter.secondary_opts])
