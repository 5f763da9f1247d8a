"""What the checks of the project itself look at: the files of the checkout, and its settings."""

import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

_MADE_BY_TOOLS = frozenset({".git", ".hypothesis", ".venv", "__pycache__", "build", "dist"})


@cache
def tracked_files() -> tuple[Path, ...]:
    """All files that git keeps or would keep; without git, all but what tools make."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not _is_made_by_tools(path)]
    else:
        found = [ROOT / name for name in listing.split("\0") if name]
    return tuple(sorted(path for path in found if path.is_file()))


def tracked_files_ending(suffix: str) -> tuple[Path, ...]:
    """The tracked files with this suffix, such as `.md`."""
    return tuple(path for path in tracked_files() if path.suffix == suffix)


def short_name(path: Path) -> str:
    """The path below the checkout, for messages and test names."""
    return path.relative_to(ROOT).as_posix()


@cache
def project_settings() -> dict[str, Any]:
    """The `[project]` table of pyproject.toml."""
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return settings


def _is_made_by_tools(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return any(part in _MADE_BY_TOOLS or part.endswith("_cache") for part in parts)
