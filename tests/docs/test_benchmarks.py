"""The page of figures: its commands are commands, its columns are explained, and it can be renewed."""

import gzip
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest

from radiosync_sim.bench.streams import story_stream
from radiosync_sim.bench.yardstick import COLUMNS
from tests.cli.running import EVERY
from tests.docs.markdown import fences
from tests.project.checkout import ROOT
from tests.sim.bench.lines import lines_of

PAGE = (ROOT / "docs/benchmarks.md").read_text("utf-8")
COMMANDS = [
    fence.code.partition("\n")[0].partition(" > ")[0].removeprefix("$ radiosync ").split()
    for fence in fences(PAGE)
    if fence.language == "console" and fence.code.startswith("$ radiosync ")
]

SMALL = """\
before

```console
$ radiosync bench bytes */changes.jsonl.gz --contact 10 --contact 20 --scenario clean-9600 --svg small.svg
old
older
```

```console
$ radiosync bench cpu
old
```
"""


@pytest.fixture
def renew() -> ModuleType:
    spec = importlib.util.spec_from_file_location("renew", ROOT / "docs/pictures/renew.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_can_be_typed(words: list[str]) -> None:
    command = EVERY[tuple(words[:2])]
    command.make_context("page", words[2:], parent=click.Context(EVERY["bench",]))


def test_there_is_a_command_for_each_kind_of_figure() -> None:
    assert {words[1] for words in COMMANDS} == {
        path[1] for path in EVERY if path[:1] == ("bench",) and path[1:]
    }


def test_each_column_is_explained() -> None:
    explained = re.findall(r"^\| `([a-z_]+)` \| ", PAGE, re.MULTILINE)
    assert explained == list(COLUMNS)


def test_the_compact_codec_needs_less_than_the_fast_one() -> None:
    """A page that shows otherwise is one of before there were two."""
    compact, fast = (
        [float(mean) for mean in re.findall(rf"^ours, {name}.*?^mean +([0-9.]+)$", PAGE, re.M | re.S)]
        for name in ("clean-1200", "clean-9600")
    )
    assert len(compact) == len(fast) == 2
    assert all(slow < quick for slow, quick in zip(compact, fast, strict=True))


def test_each_picture_is_drawn_by_a_command() -> None:
    shown = re.findall(r"\(pictures/([a-z]+\.svg)\)", PAGE)
    drawn = [word for words in COMMANDS for word in words if word.endswith(".svg")]
    assert sorted(shown) == sorted(drawn)


def test_the_page_is_renewed(renew: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, data = tmp_path / "page.md", tmp_path / "data" / "shelters"
    data.mkdir(parents=True)
    (data / "changes.jsonl.gz").write_bytes(gzip.compress(lines_of(story_stream(40).rows)))
    page.write_text(SMALL, "utf-8")
    monkeypatch.setattr(renew, "PAGES", [page])
    monkeypatch.setattr(renew, "PICTURES", tmp_path)
    renew.main(str(data.parent), "bytes")
    told = page.read_text("utf-8")
    bytes_block, cpu_block = fences(told)
    assert bytes_block.code.splitlines()[0] == SMALL.splitlines()[3].strip()
    assert "shelters" in bytes_block.code
    assert "old" not in bytes_block.code
    assert cpu_block.code == "$ radiosync bench cpu\nold\n"
    assert (tmp_path / "small.svg").read_text("utf-8").startswith("<svg")
    assert told.startswith("before\n")


def test_without_a_folder_it_says_how_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs/pictures/renew.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "renew.py FOLDER" in done.stderr
