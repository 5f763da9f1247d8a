"""Old databases are opened by the newest code, and migrations lead to the very schema that the code describes."""

import json
import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from radiosync.errors import StoreError
from radiosync.store import Store, migrate
from radiosync.store.database import open_database
from radiosync.store.schema import REVISION, metadata
from tests.store.old_database import DATA, describe, fill, holds, restore
from tests.store.stores import Statements, dump, open_store, put

OLD = sorted(DATA.glob("revision-*.sql"))


def schema_of(where: Path) -> list[tuple[str, ...]]:
    opened = sqlite3.connect(where)
    rows = opened.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
    ).fetchall()
    opened.close()
    return sorted((kind, name, re.sub(r"\s+", " ", sql or "").strip()) for kind, name, sql in rows)


def test_every_revision_has_left_a_database() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == REVISION
    assert {path.stem for path in OLD} == {
        f"revision-{script.revision}" for script in scripts.walk_revisions()
    }


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
def test_an_old_database_says_what_it_said_then(tmp_path: Path, old: Path) -> None:
    restore(old, tmp_path / "a.db")
    with open_store("x", tmp_path / "a.db") as store:
        assert holds(describe(store), json.loads(old.with_suffix(".json").read_text("utf-8")))
        store.edit([put(9, name="new")])


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
def test_an_old_database_gets_the_newest_schema(tmp_path: Path, old: Path) -> None:
    """For the newest revision itself: nobody has changed what has been released."""
    restore(old, tmp_path / "old.db")
    open_store("a", tmp_path / "old.db").close()
    open_store("a", tmp_path / "new.db").close()
    assert schema_of(tmp_path / "old.db") == schema_of(tmp_path / "new.db")


def test_there_is_something_in_every_table(tmp_path: Path) -> None:
    with open_store("a") as store:
        fill(store)
        assert [name for name, rows in dump(store).items() if not rows] == []


def test_migrations_make_what_the_code_describes() -> None:
    with open_store("a") as store, store._database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_constraints_are_those_that_the_code_describes(tmp_path: Path) -> None:
    """alembic does not compare all of them."""
    open_store("a", tmp_path / "a.db").close()
    opened = open_database(tmp_path / "b.db", durable=False)
    with opened.write() as connection:
        metadata.create_all(connection)
    opened.close()

    def words(where: Path) -> dict[str, list[str]]:
        """The words of each definition: the two do not agree on the order of constraints."""
        return {
            name: sorted(re.findall(r"\w+", sql))
            for _, name, sql in schema_of(where)
            if "alembic" not in name
        }

    assert words(tmp_path / "a.db") == words(tmp_path / "b.db")


def test_a_database_of_the_newest_revision_is_left_as_it_is() -> None:
    with open_store("a") as store:
        watched = Statements(store)
        migrate.migrate(store._database)
        assert {statement.split()[0] for statement, _ in watched.texts} <= {
            "BEGIN",
            "SELECT",
            "PRAGMA",
            "COMMIT",
        }


def test_a_database_of_a_newer_radiosync_is_refused(tmp_path: Path) -> None:
    with open_store("a", tmp_path / "a.db") as store, store._database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = (tmp_path / "a.db").read_bytes()
    with pytest.raises(StoreError, match="cannot be used by this version"):
        open_store("a", tmp_path / "a.db")
    assert (tmp_path / "a.db").read_bytes() == before


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = migrate._upgrade

    def fail_late(connection) -> None:
        upgrade(connection)
        raise OSError("the disk is full")

    monkeypatch.setattr(migrate, "_upgrade", fail_late)
    with pytest.raises(OSError, match="full"):
        open_store("a", tmp_path / "a.db")
    monkeypatch.undo()
    assert schema_of(tmp_path / "a.db") == []
    with open_store("a", tmp_path / "a.db") as store:
        store.edit([put(1)])


def test_a_migration_that_breaks_references_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = migrate._upgrade

    def break_references(connection) -> None:
        upgrade(connection)
        connection.execute(text("INSERT INTO exchange VALUES (99, 0, 0, 0, NULL, 0, 0, 0, 0)"))

    monkeypatch.setattr(migrate, "_upgrade", break_references)
    with pytest.raises(StoreError, match="refers to rows that are not there"):
        open_store("a", tmp_path / "a.db")
    assert schema_of(tmp_path / "a.db") == []


def test_references_are_enforced_again_after_a_migration() -> None:
    with open_store("a") as store, store._database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_station_is_made_once(tmp_path: Path) -> None:
    drawn: list[int] = []

    def make_identity(size: int) -> bytes:
        drawn.append(size)
        return bytes(range(size))

    for _ in range(2):
        with Store.open(tmp_path / "a.db", make_identity=make_identity, durable=False) as store:
            assert store.station == bytes(range(8))
            assert store.origin.incarnation == 0x00010203
    assert drawn == [8, 4]


def test_two_new_stations_differ() -> None:
    with Store.open(":memory:") as first, Store.open(":memory:") as second:
        assert first.origin != second.origin
        assert len(first.station) == 8


def test_settings_are_kept(tmp_path: Path) -> None:
    with open_store("a", tmp_path / "a.db") as store:
        assert store.get_setting("k") is None
        store.set_setting("k", "v")
        store.set_setting("k", "w")
    with open_store("a", tmp_path / "a.db") as store:
        assert store.get_setting("k") == "w"
