"""Run what the pages show of `radiosync bench` and `sim run` again, and put what it prints and draws in the old's place.

    python docs/pictures/renew.py FOLDER [WORD ...]

FOLDER holds a folder for each stream, with its `changes.jsonl.gz`. With words, only the commands that have one of them are
run. A page is written after each; a command that fails ends it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

PICTURES = Path(__file__).resolve().parent
ROOT = PICTURES.parents[1]
PAGES = [PICTURES.parent / "benchmarks.md", PICTURES.parent / "simulator.md"]

SHELTERS = "fema-shelters"
"""The stream that the second page calls `shelters.jsonl.gz`."""

BLOCK = re.compile(
    r"(?<=^```console\n)\$ (?P<command>radiosync (?:bench|sim run) [^\n]*)\n.*?(?=^```$)",
    re.MULTILINE | re.DOTALL,
)


def run(command: str, data: Path) -> str:
    """What the command prints, run where the streams are. Pictures come here."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for stream in data.iterdir():
            if (stream / "changes.jsonl.gz").is_file():
                (folder / stream.name).symlink_to(stream.resolve(), target_is_directory=True)
        (folder / "shelters.jsonl.gz").symlink_to((data / SHELTERS / "changes.jsonl.gz").resolve())
        program = folder / "bin" / "radiosync"
        program.parent.mkdir()
        program.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -c "from radiosync.cli import main; main()" "$@"\n'
        )
        program.chmod(0o755)
        environment = os.environ | {
            "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'sim'}",
        }
        done = subprocess.run(
            command, shell=True, check=True, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
        )
        for picture in folder.glob("*.svg"):
            shutil.copy(picture, PICTURES)
        return done.stdout


def main(folder: str, *words: str) -> None:
    """Renew the pages, command by command."""
    for page in PAGES:
        for command in [block["command"] for block in BLOCK.finditer(page.read_text("utf-8"))]:
            if not words or any(word in command.split() for word in words):
                sys.stderr.write(f"{command}\n")
                show(page, command, run(command, Path(folder)))


def show(page: Path, command: str, printed: str) -> None:
    """Put what the command prints below it."""

    def renewed(block: re.Match[str]) -> str:
        return f"$ {command}\n{printed}" if block["command"] == command else block[0]

    page.write_text(BLOCK.sub(renewed, page.read_text("utf-8")), "utf-8")


def _checked(words: Sequence[str]) -> Sequence[str]:
    if not words:
        raise SystemExit(__doc__)
    return words


if __name__ == "__main__":
    main(*_checked(sys.argv[1:]))
