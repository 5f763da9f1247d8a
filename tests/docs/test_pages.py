"""The pages fit together: links lead somewhere, examples are Python, each page can be reached."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import broken_links, fences, links
from tests.project.checkout import ROOT, short_name, tracked_files_ending

PAGES = tracked_files_ending(".md")
DOCS = ROOT / "docs"


@pytest.mark.parametrize("page", PAGES, ids=short_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=short_name)
def test_every_python_example_compiles(page: Path) -> None:
    for fence in fences(page.read_text("utf-8")):
        if fence.language == "python":
            name = f"{short_name(page)}, line {fence.line}"
            compile(fence.code, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def _reachable(start: Path) -> Iterator[Path]:
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        page = waiting.pop()
        if page in seen or not page.is_file():
            continue
        seen.add(page)
        yield page
        if page.suffix == ".md":
            targets = (link.partition("#")[0] for link in links(page.read_text("utf-8")))
            waiting += [
                (page.parent / target).resolve() for target in targets if target and ":" not in target
            ]


def test_every_page_can_be_reached_from_the_index() -> None:
    reached = set(_reachable((DOCS / "index.md").resolve()))
    pages = {page.resolve() for page in PAGES if page.is_relative_to(DOCS)}
    assert {short_name(page) for page in pages - reached} == set()
