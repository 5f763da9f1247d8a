"""One word for one thing: each word of the house has its entry."""

import pytest

from tests.docs.markdown import headings
from tests.project.checkout import ROOT

WORDS = [
    *("record", "table", "field", "change", "tombstone", "conflict"),
    *("station", "partner", "pool", "job", "connector"),
    *("link", "profile", "contact", "over", "frame", "batch", "transfer", "piece", "bundle"),
]

GLOSSARY = (ROOT / "docs/glossary.md").read_text("utf-8")


@pytest.mark.parametrize("word", WORDS)
def test_the_glossary_explains_the_word(word: str) -> None:
    entries = [line for line in GLOSSARY.splitlines() if line.startswith(f"| **{word}** |")]
    assert len(entries) == 1
    explanation = entries[0].split("|")[2].strip()
    assert explanation.endswith("."), entries[0]


def test_the_glossary_says_what_a_person_reads_for_a_piece() -> None:
    assert any("chunk" in title.lower() for title in headings(GLOSSARY))
