"""Export: the same records give the same bytes, and a file is whole or it is not there."""

import json
import os
import shutil
from pathlib import Path
from uuid import UUID

import pytest

from radiosync.messages import ExitCode
from tests.cli.running import answer, call, set_up, terminal

STREAM = """\
{"t":"2026-11-23T10:00:00Z","table":"shelter","uuid":"00000000-0000-0000-0000-000000000001","op":"put","fields":{"beds":4,"name":"North"}}
{"t":"2026-11-23T10:01:00Z","table":"shelter","uuid":"00000000-0000-0000-0000-000000000002","op":"put","fields":{"name":"S\xfcd"}}
{"t":"2026-11-23T10:02:00Z","table":"stock","uuid":"00000000-0000-0000-0000-000000000003","op":"put","fields":{"kilos":1.50}}
"""
DELETE = '{"t":"2026-11-23T10:03:00Z","table":"stock","uuid":"00000000-0000-0000-0000-000000000003","op":"delete"}\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A station with three records."""
    tmp_path = tmp_path_factory.mktemp("made")
    home = set_up(tmp_path / "home")
    (tmp_path / "in.jsonl").write_text(STREAM, "utf-8")
    assert call("import", tmp_path / "in.jsonl", home=home).exit_code == 0
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of that station."""
    shutil.copytree(made, tmp_path / "home")
    return tmp_path / "home"


def test_json_lines_come_back_as_they_were(home: Path, tmp_path: Path) -> None:
    done = call("export", tmp_path / "out.jsonl", home=home)
    assert done.stdout == f"OK: {tmp_path / 'out.jsonl'}: 3 records\n"
    assert (tmp_path / "out.jsonl").read_text("utf-8") == STREAM


def test_export_import_export_is_identical(home: Path, tmp_path: Path) -> None:
    other = set_up(tmp_path / "other")
    for form, options in (("jsonl", ()), ("csv", ("--table", "shelter"))):
        call("export", tmp_path / f"shelter.{form}", *options, home=home)
        assert call("import", tmp_path / f"shelter.{form}", home=other).exit_code == 0
        call("export", tmp_path / f"again.{form}", *options, home=other)
        assert (tmp_path / f"again.{form}").read_bytes() == (tmp_path / f"shelter.{form}").read_bytes()


def test_to_the_standard_output(home: Path) -> None:
    done = call("export", "-", home=home)
    assert done.stdout_bytes.decode() == STREAM
    assert "OK" not in done.output.replace(STREAM, "")


def test_chosen_tables(home: Path, tmp_path: Path) -> None:
    assert answer("export", tmp_path / "a.jsonl", "--table", "stock", home=home)["records"] == 1
    told = answer("export", tmp_path / "b.jsonl", "--table", "stock", "--table", "shelter", home=home)
    assert told == {**told, "records": 3, "format": "jsonl", "file": str(tmp_path / "b.jsonl")}


def test_deleted_records_only_when_asked(home: Path, tmp_path: Path) -> None:
    (tmp_path / "delete.jsonl").write_text(DELETE)
    call("import", tmp_path / "delete.jsonl", home=home)
    assert answer("export", tmp_path / "a.jsonl", home=home)["records"] == 2
    assert answer("export", tmp_path / "b.jsonl", "--deleted", home=home)["records"] == 3
    last = json.loads((tmp_path / "b.jsonl").read_text().splitlines()[-1])
    assert (last["op"], last["uuid"]) == ("delete", str(UUID(int=3)))


def test_csv(home: Path, tmp_path: Path) -> None:
    assert call("export", tmp_path / "a.csv", "--table", "shelter", home=home).exit_code == 0
    assert (tmp_path / "a.csv").read_bytes().decode().splitlines() == [
        "uuid,beds,name",
        f"{UUID(int=1)},4,North",
        f"{UUID(int=2)},,S\xfcd",
    ]
    by_format = call("export", "-", "--format", "csv", "--table", "shelter", home=home)
    assert by_format.stdout_bytes == (tmp_path / "a.csv").read_bytes()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("a.csv",), "choose it with --table: shelter, stock"),
        (("a.csv", "--table", "shelter", "--table", "stock"), "CSV holds one table"),
        (("a.csv", "--table", "shelter", "--deleted"), "--deleted is for JSON Lines"),
        (("a.jsonl", "--table", "shelters"), "there is no table shelters; there are shelter, stock"),
        (("-", "--json"), "a file of their own"),
    ],
)
def test_what_cannot_be_written(home: Path, words: tuple[str, ...], hint: str, tmp_path: Path) -> None:
    file, *options = words
    place = file if file == "-" else str(tmp_path / file)
    done = call("export", place, *options, home=home)
    assert done.exit_code == ExitCode.USAGE
    assert hint in done.output
    assert not (tmp_path / file).exists()


def test_a_place_that_cannot_be_written(home: Path, tmp_path: Path) -> None:
    done = call("export", tmp_path / "no" / "such" / "folder.jsonl", home=home)
    assert done.exit_code == ExitCode.STORE
    assert "cannot be written" in done.stderr
    (tmp_path / "folder.jsonl").mkdir()
    assert call("export", tmp_path / "folder.jsonl", home=home).exit_code == ExitCode.STORE
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_file_is_whole_or_stays_as_it_was(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("precious")
    (tmp_path / "uuid.jsonl").write_text(STREAM.replace('"name"', '"uuid"').partition("\n")[0] + "\n")
    assert call("import", tmp_path / "uuid.jsonl", home=home).exit_code == 0
    assert call("export", tmp_path / "a.csv", "--table", "shelter", home=home).exit_code == ExitCode.USAGE
    assert (tmp_path / "a.csv").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_file_is_readable_as_any_other(home: Path, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        call("export", tmp_path / "a.jsonl", home=home)
    finally:
        os.umask(before)
    assert (tmp_path / "a.jsonl").stat().st_mode & 0o777 == 0o644


def test_progress_on_a_terminal_leaves_only_the_result(home: Path, tmp_path: Path) -> None:
    with terminal("export", tmp_path / "a.jsonl", "--home", home) as screen:
        assert screen.finish() == 0
        drawn, _, rest = screen.screen.rpartition("\r\x1b[K")
        assert "written, 1 line" in drawn
        assert rest == f"\x1b[32mOK\x1b[0m: {tmp_path / 'a.jsonl'}: 3 records\n"
