"""Connections and transactions."""

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from radiosync.errors import BusyError, StoreError, UsageError
from radiosync.records.model import Record
from radiosync.store import Store, database
from radiosync.store.database import Database, open_database
from radiosync.sync.ports import Delivery
from tests.store.stores import JOB, NOTHING, all_records, dump, open_store, origin, put, uuid, write


def pragma(opened: Database, name: str) -> object:
    with opened.read() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 0)])
def test_sqlite_keeps_a_write_ahead_log_and_its_promises(
    tmp_path: Path, durable: bool, synchronous: int
) -> None:
    opened = open_database(tmp_path / "a.db", durable=durable)
    assert pragma(opened, "journal_mode") == "wal"
    assert pragma(opened, "synchronous") == synchronous
    assert pragma(opened, "foreign_keys") == 1
    assert pragma(opened, "busy_timeout") == database.BUSY_TIMEOUT_MS
    opened.close()


def test_a_store_is_durable_unless_told_otherwise(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        assert pragma(store._database, "synchronous") == 2


def test_a_path_and_a_url_are_the_same_database(tmp_path: Path) -> None:
    path = tmp_path / "with space % and ü.db"
    with Store.open(path) as store:
        store.set_setting("k", "v")
    for where in (path, str(path), f"sqlite:///{str(path).replace('%', '%25')}"):
        with Store.open(where) as store:
            assert store.get_setting("k") == "v"


def test_a_transaction_that_fails_is_undone_and_told(tmp_path: Path) -> None:
    opened = open_database(tmp_path / "a.db", durable=False)
    undone = []
    opened.on_undo(lambda: undone.append(1))
    with opened.write() as connection:
        connection.execute(text("CREATE TABLE t (x)"))

    def interrupted() -> None:
        with opened.write() as connection:
            connection.execute(text("INSERT INTO t VALUES (1)"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with opened.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar() == 0
    assert undone == [1]
    opened.close()


def test_writing_does_not_nest(tmp_path: Path) -> None:
    opened = open_database(tmp_path / "a.db", durable=False)
    with pytest.raises(UsageError), opened.write(), opened.write():
        pass
    with pytest.raises(UsageError), opened.read(), opened.write():
        pass
    with opened.write(), opened.read():
        pass
    with pytest.raises(UsageError):
        opened.current()
    opened.close()


def test_a_mistake_in_sql_is_a_store_error(tmp_path: Path) -> None:
    opened = open_database(tmp_path / "a.db", durable=False)
    with pytest.raises(StoreError, match="no such table"), opened.read() as connection:
        connection.execute(text("SELECT * FROM shelters"))
    opened.close()


def test_a_number_too_long_for_the_database_is_a_store_error() -> None:
    """Not a crash, and nothing is left of it."""
    too_late = Record("shelter", uuid(1), 0, {"x": (write("b", 1, "v", time=1 << 63),)})
    with open_store("a") as store:
        partner = store.add_partner("b", origin("b").station)
        before = dump(store)
        with pytest.raises(StoreError, match="too large"):
            store.deliver(partner, Delivery(1, [too_late], b"", NOTHING))
        assert dump(store) == before


def test_a_clock_that_is_far_out_does_no_harm() -> None:
    with open_store("a") as store:
        store.edit([put(1, wall_ms=1 << 60, x="1"), put(1, x="2")])
        (record,) = store.records()
        assert record.fields == {"x": "2"}


def test_rows_that_refer_to_nothing_are_refused() -> None:
    with open_store("a") as store, pytest.raises(StoreError), store._database.write() as connection:
        connection.execute(text("INSERT INTO exchange VALUES (99, 0, 0, 0, NULL, 0, 0)"))


# Several at once.


def test_another_process_reads_while_we_write(tmp_path: Path) -> None:
    with open_store("a", tmp_path / "a.db") as writer, open_store("a", tmp_path / "a.db") as reader:
        writer.edit([put(1, x="old")])

        def edits():
            yield put(1, x="new")
            assert [record.fields["x"] for record in reader.records()] == ["old"]
            yield put(2)

        writer.edit(edits())
        assert len(all_records(reader)) == 2


def test_a_store_can_be_opened_and_read_while_another_process_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` must not wait for a long import."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    with open_store("a", tmp_path / "a.db") as writer:
        partner = writer.add_partner("b", origin("b").station)

        def edits():
            yield put(1)
            with open_store("a", tmp_path / "a.db") as other:
                assert other.status(partner, [JOB]).waiting == {}

        writer.edit(edits())


def test_another_process_that_writes_too_long_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    with open_store("a", tmp_path / "a.db") as first, open_store("a", tmp_path / "a.db") as second:

        def edits():
            yield put(1)
            with pytest.raises(BusyError):
                second.set_setting("k", "v")
            yield put(2)

        first.edit(edits())
        second.set_setting("k", "v")


def test_two_processes_that_edit_take_turns(tmp_path: Path) -> None:
    with open_store("a", tmp_path / "a.db") as first, open_store("a", tmp_path / "a.db") as second:
        for number in range(5):
            first.edit([put(number, x="first")])
            second.edit([put(number, x="second")])
        sequences = sorted(record.writes["x"][0].stamp.dot.sequence for record in first.records())
        assert sequences == [2, 4, 6, 8, 10]
        assert first.content_digest() == second.content_digest()


def test_threads_take_turns() -> None:
    with open_store("a") as store:
        threads = [
            threading.Thread(target=lambda: [store.edit([put(number, x="x")]) for number in range(20)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        partner = store.add_partner("b", origin("b").station)
        assert [int(change.uuid) for change in store.plan(partner, JOB, 0, 1 << 30).changes] == list(
            range(20)
        )


# Copies.


def test_a_copy_is_the_same_store(tmp_path: Path) -> None:
    with open_store("a", tmp_path / "a.db") as store:
        store.edit([put(1, x="1")])
        store.copy_to(tmp_path / "copy.db")
        store.edit([put(2, x="2")])
    with open_store("x", tmp_path / "copy.db") as copy:
        assert copy.origin == origin("a")
        assert [int(record.uuid) for record in copy.records()] == [1]
        copy.edit([put(3)])


def test_a_copied_file_is_the_same_store(tmp_path: Path) -> None:
    """Once a store is closed, its one file is all there is; two stores on two copies are two stores."""
    with open_store("a", tmp_path / "a.db") as store:
        store.edit([put(1, x="1")])
    (tmp_path / "copy.db").write_bytes((tmp_path / "a.db").read_bytes())
    with open_store("x", tmp_path / "a.db") as first, open_store("x", tmp_path / "copy.db") as second:
        assert dump(first) == dump(second)
        first.edit([put(2)])
        assert len(all_records(second)) == 1


def test_a_copy_never_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with open_store("a") as store, pytest.raises(UsageError):
        store.copy_to(tmp_path / "there")
    assert (tmp_path / "there").read_text() == "mine"


def test_what_was_not_committed_is_gone_after_a_crash(tmp_path: Path) -> None:
    """The file, as another process would find it in the middle of an edit."""
    with open_store("a", tmp_path / "a.db") as store:
        store.edit([put(1)])

        def edits():
            yield from (put(number) for number in range(2, 2000))
            for name in ("a.db", "a.db-wal"):
                (tmp_path / name.replace("a.db", "crash.db")).write_bytes((tmp_path / name).read_bytes())

        store.edit(edits())
    with open_store("a", tmp_path / "crash.db") as crashed:
        assert len(all_records(crashed)) == 1


# What is not a database.


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_text("this is a letter to my aunt, and longer than a header" * 10)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a database"):
        Store.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("where", ["missing/a.db", ""])
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, where: str) -> None:
    with pytest.raises(StoreError):
        Store.open(tmp_path / where)


@pytest.mark.parametrize("url", ["nonsense://x", "://"])
def test_an_unknown_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError):
        Store.open(url)


def test_a_closed_connection_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    open_store("a", tmp_path / "a.db").close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
    assert sqlite3.connect(tmp_path / "a.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)
