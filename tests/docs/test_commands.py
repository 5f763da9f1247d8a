"""Every command of the program is described in the operator's guide."""

import importlib
from collections.abc import Iterator

import click
import pytest

from tests.project.checkout import ROOT

if not (ROOT / "radiosync/cli/__init__.py").is_file():
    pytest.skip("radiosync.cli does not exist yet", allow_module_level=True)


def _commands(command: click.Command, name: str) -> Iterator[str]:
    """The full names of all commands below this one that a person is meant to use."""
    if not isinstance(command, click.Group):
        yield name
        return
    context = click.Context(command)
    for part in command.list_commands(context):
        below = command.get_command(context, part)
        if below is not None and not below.hidden:
            yield from _commands(below, f"{name} {part}")


def test_the_operators_guide_names_every_command() -> None:
    guide = (ROOT / "docs/operating.md").read_text("utf-8")
    program = importlib.import_module("radiosync.cli").main
    assert isinstance(program, click.Group)
    names = list(_commands(program, "radiosync"))
    assert names
    assert [name for name in names if name not in guide] == []
