"""Import: what the counts say, what a dry run foretells, and nothing by halves."""

import gzip
import json
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radiosync.messages import ExitCode
from radiosync.records.value import Number
from radiosync.store import Store
from tests.cli.running import answer, answers, call, set_up

ONE, TWO = (UUID(int=number) for number in (1, 2))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return set_up(tmp_path / "home")


def put(uuid: UUID, table: str = "shelter", **fields: object) -> str:
    return json.dumps({"table": table, "uuid": str(uuid), "op": "put", "fields": fields})


def gone(uuid: UUID, table: str = "shelter") -> str:
    return json.dumps({"table": table, "uuid": str(uuid), "op": "delete"})


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def fields_of(home: Path, uuid: UUID, table: str = "shelter") -> dict[str, object] | None:
    with Store.open(home / "radiosync.db") as store:
        record = store.record(table, uuid)
        return dict(record.fields) if record is not None and record.alive else None


def counts(told: dict[str, object]) -> list[object]:
    return [told[name] for name in ("added", "updated", "deleted", "unchanged")]


def test_json_lines(home: Path, tmp_path: Path) -> None:
    file = written(
        tmp_path / "a.jsonl",
        put(ONE, beds=4),
        put(TWO, beds=5),
        put(ONE, beds=6),
        put(TWO, beds=5),
        gone(TWO),
    )
    done = call("import", file, home=home)
    assert done.stdout == f"OK: {file}: 2 added, 1 updated, 1 deleted, 1 unchanged\n"
    assert fields_of(home, ONE) == {"beds": Number("6")}
    assert fields_of(home, TWO) is None


def test_gzip(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(put(ONE, beds=4).encode()))
    assert counts(answer("import", file, home=home)) == [1, 0, 0, 0]


def test_csv_names_its_table_by_its_file(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "shelter.csv", "id,name,beds", "7,North,4", "8,South,")
    assert counts(answer("import", file, "--key", "id", home=home)) == [2, 0, 0, 0]
    exported = tmp_path / "out.jsonl"
    call("export", exported, home=home)
    fields = [json.loads(line)["fields"] for line in exported.read_text().splitlines()]
    assert {"id": "7", "name": "North", "beds": 4} in fields
    assert {"id": "8", "name": "South"} in fields


def test_csv_leaves_what_it_does_not_say(home: Path, tmp_path: Path) -> None:
    call("import", written(tmp_path / "a.jsonl", put(ONE, name="North", beds=4)), home=home)
    file = written(tmp_path / "sheet.csv", "uuid;beds", f"{ONE};5")
    told = answer("import", file, "--table", "shelter", "--delimiter", "semicolon", home=home)
    assert counts(told) == [0, 1, 0, 0]
    assert fields_of(home, ONE) == {"name": "North", "beds": Number("5")}


def test_rows_that_vanished_are_deleted_only_when_asked(home: Path, tmp_path: Path) -> None:
    call("import", written(tmp_path / "a.jsonl", put(ONE, beds=4), put(TWO, beds=5)), home=home)
    file = written(tmp_path / "shelter.csv", "uuid,beds", f"{ONE},4")
    assert counts(answer("import", file, home=home)) == [0, 0, 0, 1]
    assert counts(answer("import", file, "--delete-absent", "--dry-run", home=home)) == [0, 0, 1, 1]
    assert fields_of(home, TWO) is not None
    assert counts(answer("import", file, "--delete-absent", home=home)) == [0, 0, 1, 1]
    assert fields_of(home, TWO) is None


def test_tabs(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "shelter.tsv", "uuid\tbeds", f"{ONE}\t5")
    assert counts(answer("import", file, home=home)) == [1, 0, 0, 0]
    assert fields_of(home, ONE) == {"beds": Number("5")}


def test_several_key_columns(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "beds.csv", "ward,bed,state", "A,1,free", "A,2,taken", "B,1,free")
    assert counts(answer("import", file, "--key", "ward", "--key", "bed", home=home)) == [3, 0, 0, 0]
    assert counts(answer("import", file, "--key", "ward", "--key", "bed", home=home)) == [0, 0, 0, 3]


def test_declared_types_are_applied(home: Path, tmp_path: Path) -> None:
    call("import", written(tmp_path / "shelter.csv", "uuid,beds", f"{ONE},007"), home=home)
    assert fields_of(home, ONE) == {"beds": Number("7")}
    call("import", written(tmp_path / "other.csv", "uuid,beds", f"{ONE},007"), home=home)
    assert fields_of(home, ONE, "other") == {"beds": "007"}


@pytest.mark.parametrize(
    ("name", "lines", "place"),
    [
        ("a.jsonl", [put(ONE, beds=4), '{"table":'], "a.jsonl, line 2 does not fit: is not JSON"),
        ("a.jsonl", [put(ONE, beds=4), put(TWO, beds="many")], 'a.jsonl, line 2, field "beds" does not fit'),
        ("a.jsonl", [put(ONE, beds=4), put(TWO, beds=[1])], 'a.jsonl, line 2, field "beds" does not fit'),
        (
            "shelter.csv",
            ["uuid,beds", f"{ONE},4", f"{TWO},many"],
            'shelter.csv, line 3, field "beds" does not fit',
        ),
        (
            "shelter.csv",
            ["uuid,beds", f"{ONE},4", f"{ONE},5"],
            'shelter.csv, line 3, field "uuid" does not fit',
        ),
        ("shelter.csv", ["name,beds", "x,4"], "shelter.csv, line 1 does not fit: there is no column"),
        ("shelter.csv", [], "shelter.csv does not fit: is empty"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_fault_is_named_and_nothing_is_half_applied(
    home: Path, tmp_path: Path, name: str, lines: list[str], place: str, options: tuple[str, ...]
) -> None:
    file = tmp_path / name
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    done = call("import", file, *options, home=home)
    assert done.exit_code == ExitCode.INPUT
    assert place in done.stderr
    assert done.stdout == ""
    assert answer("export", tmp_path / "out.jsonl", home=home)["records"] == 0
    assert answer("import", file, *options, home=home)["message"]["id"] == "input-wrong"


def test_a_control_character_in_a_file_does_not_reach_the_terminal(home: Path, tmp_path: Path) -> None:
    fields: dict[str, Any] = {"a\x1b[2J": [1]}
    file = written(tmp_path / "a.jsonl", put(ONE, **fields))
    done = call("import", file, home=home)
    assert "\x1b" not in done.stderr
    assert "a\\x1b[2J" in done.stderr


@pytest.mark.parametrize("name", ["nothing.jsonl", "folder.jsonl"])
def test_a_file_that_cannot_be_read(home: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    done = call("import", tmp_path / name, home=home)
    assert done.exit_code == ExitCode.INPUT
    assert f"{tmp_path / name} cannot be read." in done.stderr


@pytest.mark.parametrize(
    "option", [("--table", "x"), ("--key", "x"), ("--delete-absent",), ("--delimiter", "tab")]
)
def test_options_of_csv_are_refused_for_json_lines(
    home: Path, tmp_path: Path, option: tuple[str, ...]
) -> None:
    file = written(tmp_path / "a.jsonl", put(ONE, beds=4))
    assert call("import", file, *option, home=home).exit_code == ExitCode.USAGE


def test_a_key_that_is_named_twice(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", "x,y", "1,2")
    assert call("import", file, "--key", "x", "--key", "x", home=home).exit_code == ExitCode.USAGE


def test_progress_is_reported(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", put(ONE, beds=4), put(TWO, beds=5))
    first, last = answers("import", file, home=home)
    assert first["type"] == "progress"
    assert first["bytes"] == file.stat().st_size
    assert last["file"] == str(file)
    assert "read, 1 edit" in call("import", file, home=home).stderr
    assert call("import", file, "--progress", "none", home=home).stderr == ""


def test_a_database_that_cannot_be_used(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", put(ONE, beds=4))
    (home / "radiosync.db").write_bytes(b"this is no database, whatever its name says" * 100)
    done = call("import", file, home=home)
    assert done.exit_code == ExitCode.STORE
    assert "The database cannot be used" in done.stderr


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith(("-shm", "-wal"))
    }


EDITS = st.lists(
    st.tuples(
        st.integers(1, 3), st.none() | st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2), max_size=2)
    ),
    max_size=12,
)


@given(EDITS, EDITS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_dry_run_foretells_the_counts_and_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[tuple[int, object]],
    second: list[tuple[int, object]],
) -> None:
    folder = tmp_path_factory.mktemp("dry")
    home = set_up(folder / "home")
    for number, edits in enumerate((first, second)):
        lines = [
            gone(UUID(int=who)) if fields is None else put(UUID(int=who), **fields)  # type: ignore[arg-type]
            for who, fields in edits
        ]
        file = written(folder / f"{number}.jsonl", *lines)
        call("export", folder / "before.jsonl", "--deleted", home=home)
        foretold = answer("import", file, "--dry-run", home=home)
        call("export", folder / "after.jsonl", "--deleted", home=home)
        assert (folder / "before.jsonl").read_bytes() == (folder / "after.jsonl").read_bytes()
        assert counts(foretold) == counts(answer("import", file, home=home))


def test_the_file_itself_is_never_touched(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", put(ONE, beds=4))
    file.chmod(stat.S_IRUSR)
    before = file.read_bytes()
    assert call("import", file, home=home).exit_code == 0
    assert file.read_bytes() == before
