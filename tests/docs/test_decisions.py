"""Each decision has a number of its own, a place in the list, and the parts that a later reader needs."""

from pathlib import Path

import pytest

from tests.docs.markdown import headings, links
from tests.project.checkout import ROOT, short_name

FOLDER = ROOT / "docs/decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))


def test_numbers_run_without_a_gap() -> None:
    assert [page.name[:4] for page in PAGES] == [f"{number:04}" for number in range(1, len(PAGES) + 1)]


def test_the_list_names_each_decision_once() -> None:
    listed = [link for link in links((FOLDER / "README.md").read_text("utf-8")) if link[:1].isdigit()]
    assert listed == [page.name for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=short_name)
def test_a_decision_says_why_what_and_what_would_change_it(page: Path) -> None:
    title, *parts = headings(page.read_text("utf-8"))
    assert title.startswith(f"{page.name[:4]} ")
    assert parts[:2] == ["Context", "Choice"]
    assert parts[-1] == "What would change our mind"
