"""The reader of the changelog finds the version that is in front of them."""

from tests.docs.markdown import headings
from tests.project.checkout import ROOT, project_settings


def test_the_newest_entry_is_the_current_version() -> None:
    titles = headings((ROOT / "docs/changelog.md").read_text("utf-8"))
    newest = next(title for title in titles if title[:1].isdigit())
    assert newest.split()[0] == project_settings()["version"]
