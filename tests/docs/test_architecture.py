"""The architecture page speaks of files and names that exist."""

import re

import pytest

from tests.project.checkout import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text("utf-8")
SOURCE = {
    path: path.read_text("utf-8")
    for folder in ("radiosync", "sim/radiosync_sim")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
SPANS = sorted(set(re.findall(r"`([^`\n]+)`", PAGE)))


@pytest.mark.parametrize("path", [span for span in SPANS if re.fullmatch(r"[\w./]+/[\w./]+", span)])
def test_a_path_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("name", [span for span in SPANS if re.fullmatch(r"[A-Z]\w+\.\w+", span)])
def test_a_method_exists(name: str) -> None:
    owner, member = name.split(".")
    classes = [text for text in SOURCE.values() if re.search(rf"^class {owner}\b", text, re.MULTILINE)]
    assert classes, f"no class {owner}"
    assert any(re.search(rf"\b(def )?{member}\b", text) for text in classes)


@pytest.mark.parametrize("name", [span for span in SPANS if re.fullmatch(r"_?[a-z]+(_[a-z]+)+", span)])
def test_a_function_exists(name: str) -> None:
    known = any(re.search(rf"\b{name}\b", text) for text in SOURCE.values())
    assert known or (ROOT / name).is_dir()
