"""Stations that lose a part of what they share with a partner, and go on from the rest: names are not said again."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import delete

from radiosync.records.edit import Edit
from radiosync.records.value import Value
from radiosync.store import Store
from radiosync.store.context import KEPT_VERSIONS
from radiosync.store.database import open_database
from radiosync.store.schema import model, station
from radiosync.sync.mail import Mail
from radiosync.sync.packing import Shelf
from radiosync.sync.ports import Draft, Job, Partner
from radiosync.wire.frames import Capability, Hello, Report

JOBS = (Job("all"),)
WHO = pytest.mark.parametrize("who", [0, 1], ids=["the sender", "the receiver"])
CODEC = pytest.mark.parametrize("compact", [True, False], ids=["compact", "fast"])


class End:
    """A station with one partner.

    Attributes:
        sealed: what has been sealed since somebody last looked.
    """

    def __init__(self, folder: Path, number: int, compact: bool, incarnation: int = 1) -> None:
        self.path, self.compact = folder / f"{number}.db", compact
        self._number, self._incarnation = number, incarnation
        self.sealed: list[Draft] = []
        self.shelf = Shelf()
        self._open()
        if not self.store.partners():
            self.store.add_partner("other", bytes([1 - number]) * 8)

    def _open(self) -> None:
        parts = iter([bytes([self._number]) * 8, self._incarnation.to_bytes(4, "big")])
        self.store = Store.open(self.path, durable=False, make_identity=lambda size: next(parts))

    @property
    def partner(self) -> Partner:
        return self.store.partner("other")

    def mail(self) -> Mail:
        return Mail(self.store, self.partner, JOBS, compact=self.compact, shelf=self.shelf)

    def write(self, random: Random, records: Sequence[int]) -> None:
        for number in records:
            fields: dict[str, Value] = {name: str(random.random()) for name in ("state", "beds", "note")}
            self.store.edit([Edit("shelter", UUID(int=number << 64), fields)])

    def hello(self) -> Hello:
        standing, identity = self.mail().standing, self.store.station
        return Hello(
            False, bytes([1 - self._number]) * 4, identity[:4], self.store.origin.incarnation, 1, standing.epoch,
            standing.heard_epoch, standing.heard_mark, Report(standing.sealed, standing.through),
            Capability.COMPACT, begins=standing.begins,
        )  # fmt: skip

    def seal(self) -> None:
        mail, kept = self.mail(), self.store.seal

        def noted(partner: Partner, draft: Draft):
            self.sealed.append(draft)
            return kept(partner, draft)

        self.store.seal = noted  # type: ignore[method-assign]
        while mail.seal_next(600):
            pass
        self.store.seal = kept  # type: ignore[method-assign]

    def copy(self, name: str) -> None:
        self.store.close()
        shutil.copy(self.path, self.path.with_name(name))
        self._open()

    def put_back(self, name: str) -> None:
        """Nobody notices; but what is written from now on must not look like what was written then."""
        self.store.close()
        shutil.copy(self.path.with_name(name), self.path)
        self._change(station.update().values(sequence=station.c.sequence + 1000))

    def lose_models(self) -> None:
        self.store.close()
        self._change(delete(model))

    def _change(self, statement) -> None:
        database = open_database(self.path, durable=False)
        with database.write() as connection:
            connection.execute(statement)
        database.close()
        self._open()


@contextmanager
def ends(folder: Path, compact: bool) -> Iterator[tuple[End, End]]:
    both = End(folder, 0, compact), End(folder, 1, compact)
    yield both
    for end in both:
        end.store.close()


def settle(*both: End, rounds: int = 8) -> None:
    """Meet, and exchange until nothing is left."""
    for _ in range(rounds):
        for here, there in (both, both[::-1]):
            there.mail().meet(here.hello())
        for here, there in (both, both[::-1]):
            if (
                here.hello().heard_epoch == there.hello().epoch
                and there.hello().heard_epoch == here.hello().epoch
            ):
                here.seal()
                carry(here, there)
        if both[0].store.content_digest() == both[1].store.content_digest():
            return
    raise AssertionError("never the same")


def carry(here: End, there: End) -> None:
    for transfer in here.store.unconfirmed(here.partner):
        if not there.mail().deliver(transfer.number, transfer.data):
            return
        here.mail().confirm(transfer.number)


def said_again(drafts: Sequence[Draft]) -> list[object]:
    """Names and identities that these batches spell out."""
    added = [draft.additions for draft in drafts]
    return [name for each in added for name in (*each.origins, *each.tables, *each.fields, *each.records)]


@CODEC
@WHO
def test_names_and_identities_are_not_said_again_to_or_by_a_station_that_was_put_back(
    tmp_path: Path, who: int, compact: bool
) -> None:
    random = Random(5)
    with ends(tmp_path, compact) as (a, b):
        for batch in range(6):
            a.write(random, range(1, 10))
            settle(a, b)
            if batch == 3:
                (a, b)[who].copy("then.db")
        (a, b)[who].put_back("then.db")
        a.write(random, range(1, 10))
        a.sealed.clear()
        settle(a, b)
        assert a.sealed
        assert said_again(a.sealed) == []
        assert a.store.outbound(a.partner).begins > 0


@WHO
def test_a_lost_model_costs_a_model_and_no_record_travels_twice(tmp_path: Path, who: int) -> None:
    """The digest of the model tells when they meet, before anything is sealed for it."""
    random = Random(6)
    with ends(tmp_path, compact=True) as (a, b):
        for _ in range(6):
            a.write(random, range(1, 10))
            settle(a, b)
        epoch, confirmed = a.store.outbound(a.partner).epoch, a.store.outbound(a.partner).confirmed
        (a, b)[who].lose_models()
        a.sealed.clear()
        a.write(random, [2, 3])
        settle(a, b)
        out = a.store.outbound(a.partner)
        assert (out.epoch, out.begins) == (epoch + 1, confirmed)
        assert [draft.changes for draft in a.sealed] == [2]
        assert said_again(a.sealed) == []
        assert a.sealed[0].model is not None, "it learns anew"


def test_a_lost_model_is_no_news_where_nothing_was_taught(tmp_path: Path) -> None:
    random = Random(7)
    with ends(tmp_path, compact=False) as (a, b):
        a.write(random, range(1, 10))
        settle(a, b)
        b.lose_models()
        a.write(random, [2])
        settle(a, b)
        assert a.store.outbound(a.partner).epoch == 0


@CODEC
def test_a_station_with_another_history_of_the_same_length_begins_with_nothing(
    tmp_path: Path, compact: bool
) -> None:
    """Two copies of one database went on, each by itself, as far as the same number."""
    random = Random(8)
    with ends(tmp_path, compact) as (a, b):
        a.write(random, range(1, 5))
        settle(a, b)
        b.copy("then.db")
        a.copy("a then.db")
        for _ in range(3):
            a.write(random, range(5, 9))
            settle(a, b)
        a.put_back("a then.db")
        b.copy("later.db")
        b.put_back("then.db")
        for _ in range(3):
            a.write(random, range(5, 9))
            settle(a, b)
        b.put_back("later.db")
        assert a.hello().report.sealed == b.hello().report.through
        a.write(random, range(1, 9))
        settle(a, b)
        assert a.store.outbound(a.partner).begins == 0


def test_versions_that_are_no_longer_kept_are_done_without(tmp_path: Path) -> None:
    random = Random(9)
    with ends(tmp_path, compact=False) as (a, b):
        a.write(random, range(1, 5))
        settle(a, b)
        b.copy("then.db")
        for _ in range(KEPT_VERSIONS + 20):
            a.store.edit([Edit("shelter", UUID(int=1 << 64), {"note": random.randbytes(5000).hex()})])
            settle(a, b)
        b.put_back("then.db")
        settle(a, b)
        assert a.store.outbound(a.partner).begins == 0


@CODEC
@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_lost_both_end_the_same(tmp_path: Path, seed: int, compact: bool) -> None:
    """Copies of the one who reads are put back, models go, databases go, and batches stay half way."""
    random = Random(seed)
    with ends(tmp_path, compact) as both:
        pair, copies = list(both), 0
        for turn in range(25):
            writer = turn // 5 % 2
            here, there = pair[writer], pair[1 - writer]
            if turn % 5 == 0:
                settle(*pair)
                there.copy("0.copy")
                copies = 1
            here.write(random, random.sample(range(1, 20), 3))
            match random.choice(["settle", "seal", "copy", "put back", "models", "all"]):
                case "settle":
                    settle(*pair)
                case "seal":
                    here.mail().meet(there.hello())
                    here.seal()
                case "copy":
                    there.copy(f"{copies}.copy")
                    copies += 1
                case "put back":
                    there.put_back(f"{random.randrange(copies)}.copy")
                case "models":
                    random.choice(pair).lose_models()
                case "all" if turn % 5 and random.random() < 0.3:
                    there.store.close()
                    there.path.unlink()
                    pair[1 - writer] = End(tmp_path, 1 - writer, compact, incarnation=turn + 2)
                    pair[1 - writer].copy("0.copy")
                    copies = 1
        settle(*pair)
        for end in pair:
            if end not in both:
                end.store.close()
