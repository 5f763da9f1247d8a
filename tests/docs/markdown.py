"""As much of Markdown as the checks of the documentation need: headings, links and fenced code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^ {0,3}(?P<ticks>`{3,}|~{3,})[ \t]*(?P<language>[\w-]*)[^\n]*\n", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(?P<title>.+?)[ #]*$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)(?: +\"[^\"]*\")?\)")
_DEFINITION = re.compile(r"^\[[^\]]+\]: +(?P<target>\S+)$", re.MULTILINE)
_CODE_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block.

    Attributes:
        language: the word after the fence; empty if there is none.
        code: the lines between the fences.
        line: 1-based number of the first line of code.
    """

    language: str
    code: str
    line: int


def fences(text: str) -> list[Fence]:
    """All fenced blocks, from the top down."""
    return [
        Fence(opening["language"], text[opening.end() : end], text.count("\n", 0, opening.end()) + 1)
        for opening, end, _ in _fence_spans(text)
    ]


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    kept, start = [], 0
    for opening, _, after in _fence_spans(text):
        kept.append(text[start : opening.start()])
        start = after
    return "".join([*kept, text[start:]])


def headings(text: str) -> list[str]:
    """The titles of all headings, in order."""
    return [match["title"] for match in _HEADING.finditer(prose(text))]


def anchors(text: str) -> set[str]:
    """The anchors that a reader's browser finds: one for each heading, a repeated one with a number."""
    found: set[str] = set()
    for title in headings(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        again = 0
        while (name := f"{slug}-{again}" if again else slug) in found:
            again += 1
        found.add(name)
    return found


def links(text: str) -> list[str]:
    """The targets of all links and images, without those that stand in code."""
    plain = _CODE_SPAN.sub("``", prose(text))
    return [match["target"] for pattern in (_LINK, _DEFINITION) for match in pattern.finditer(plain)]


def broken_links(page: Path) -> list[str]:
    """The links of a page that lead to no file or no heading. Links to other sites are not followed."""
    return [link for link in links(page.read_text("utf-8")) if not _resolves(page, link)]


def _resolves(page: Path, link: str) -> bool:
    if re.match(r"[a-z][a-z0-9+.-]*:", link):
        return True
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target.read_text("utf-8"))


def _fence_spans(text: str) -> Iterator[tuple[re.Match[str], int, int]]:
    """Each opening fence, where its code ends, and where the text goes on."""
    position = 0
    while opening := _FENCE.search(text, position):
        ticks = opening["ticks"]
        closing = re.compile(rf"^ {{0,3}}{ticks[0]}{{{len(ticks)},}}[ \t]*$\n?", re.MULTILINE)
        end = closing.search(text, opening.end())
        position = end.end() if end else len(text)
        yield opening, end.start() if end else len(text), position
