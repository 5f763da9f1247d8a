"""No tracked file speaks of the machine that it was written on, or of where packages come from."""

import re
from pathlib import Path

import pytest

from tests.project.checkout import ROOT, short_name, tracked_files

# In pieces, so that this file does not match itself.
FORBIDDEN = re.compile(
    "|".join(
        (
            "/wo" + "rk/",
            "/ro" + "ot/",
            "/tmp/" + "bash_",
            r"\.\./sha" + "red",
            "py" + r"pi\.org",
            "python" + "hosted",
            "deb" + r"\.debian\.org",
            "npm" + r"js\.org",
        )
    ),
    re.IGNORECASE,
)


def _offences(text: str) -> list[str]:
    return [
        f"line {number}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), 1)
        if FORBIDDEN.search(line)
    ]


def _text_of(path: Path) -> str:
    data = path.read_bytes()
    return "" if b"\0" in data else data.decode("utf-8", errors="replace")


def test_no_machine_path_and_no_registry_host() -> None:
    offences = {short_name(path): found for path in tracked_files() if (found := _offences(_text_of(path)))}
    assert offences == {}


@pytest.mark.parametrize("host", ["py" + "pi.org", "files.python" + "hosted.org"])
def test_the_pattern_finds_a_host_in_a_line(host: str) -> None:
    assert _offences(f"fine\n--index-url https://{host}/simple\n") == [
        f"line 2: --index-url https://{host}/simple"
    ]


def test_the_checkout_is_seen_whole() -> None:
    names = {short_name(path) for path in tracked_files()}
    assert {"pyproject.toml", "radiosync/errors.py", "tests/project/test_tracked_files.py"} <= names
    assert not any(name.startswith((".venv/", ".git/")) for name in names), ROOT
