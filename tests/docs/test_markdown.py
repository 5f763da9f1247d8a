"""The reader that the other checks rely on sees what a person sees."""

from pathlib import Path

import pytest

from tests.docs.markdown import Fence, anchors, broken_links, fences, headings, links, prose

PAGE = """\
# The `sync` command

See [other](other.md "title"), [part](other.md#two-words) and `[not](a-link)`.

```python
# [not](either)
x = 1
```

## Again
## Again
[ref]: else.md
"""


def test_headings_and_anchors_leave_code_out() -> None:
    assert headings(PAGE) == ["The `sync` command", "Again", "Again"]
    assert anchors(PAGE) == {"the-sync-command", "again", "again-1"}


def test_links_leave_code_out() -> None:
    assert links(PAGE) == ["other.md", "other.md#two-words", "else.md"]


def test_a_fence_knows_its_language_and_line() -> None:
    assert fences(PAGE) == [Fence("python", "# [not](either)\nx = 1\n", 6)]
    assert "x = 1" not in prose(PAGE)


def test_a_longer_fence_holds_a_shorter_one() -> None:
    (outer,) = fences("````\n```\ninner\n```\n````\nafter\n")
    assert outer.code == "```\ninner\n```\n"


def test_a_fence_without_end_goes_to_the_end() -> None:
    assert [fence.code for fence in fences("text\n```\ncode\n")] == ["code\n"]


@pytest.mark.parametrize(
    ("link", "whole"),
    [
        ("other.md", True),
        ("other.md#two-words", True),
        ("#here", True),
        ("https://example.org/nothing#x", True),
        ("missing.md", False),
        ("other.md#three-words", False),
        ("#nowhere", False),
    ],
)
def test_a_link_leads_to_a_file_and_a_heading(tmp_path: Path, link: str, whole: bool) -> None:
    (tmp_path / "other.md").write_text("# Two words\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(f"# Here\n[x]({link})\n", "utf-8")
    assert broken_links(page) == ([] if whole else [link])
