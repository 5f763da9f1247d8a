"""What a person stops in the middle of a contact stops in the next over, and nothing else does."""

from random import Random
from uuid import UUID

import pytest

from radiosync.limits import OPEN_TRANSFERS
from radiosync.link.over import Outgoing
from radiosync.store import OnItsWay
from radiosync.sync.ports import Job
from radiosync.wire.context import RecordKey
from radiosync.wire.frames import Kind
from tests.link.line import FAST, VHF, Sent, lossy
from tests.link.realpair import JOBS, MEDICAL, STOCK, Site, overs_of, run, sites


def data_frames(over: list[Sent]) -> int:
    """Frames of an over behind the one that leads it."""
    return sum(sent.frame[0] >> 6 == Kind.DATA >> 1 for sent in over[1:])


def has(site: Site, table: str, count: int) -> bool:
    return len(list(site.store.records([table]))) == count


# Hold.


@pytest.mark.parametrize("side", [0, 1])
def test_a_hold_stops_the_next_over_and_lets_the_other_side_go_on(side: int) -> None:
    with sites() as pair:
        pair[side].fill("stock", 200, 200)
        pair[1 - side].fill("stock", 100, 200, first=1000)

        def on_over(of: int, number: int) -> None:
            if (of, number) == (side, 3):
                pair[side].store.hold(pair[side].partner)

        line = run(*pair, on_over=on_over)
        ours = [data_frames(over) for over in overs_of(line, side)]
        assert sum(ours[:2]) > 0
        assert sum(ours[2:]) == 0
        assert has(pair[side], "stock", 300)
        assert not has(pair[1 - side], "stock", 300)
        pair[side].store.release(pair[side].partner)
        run(*pair, 2)
        assert has(pair[1 - side], "stock", 300)


def test_a_job_on_hold_lets_the_others_go_on() -> None:
    with sites() as (a, b):
        a.fill("stock", 200, 200)

        def on_over(side: int, number: int) -> None:
            if (side, number) == (0, 3):
                a.store.hold(a.partner, "stock")
                a.put("medical", 1, text="blood")
                a.fill("stock", 5, first=1000)

        run(a, b, on_over=on_over)
        assert b.text("medical", 1) == "blood"
        assert has(b, "stock", 0)
        status = a.store.status(a.partner, JOBS)
        assert status.changes_held == 205
        a.store.release(a.partner, "stock")
        run(a, b, 2)
        assert has(b, "stock", 205)


def test_a_batch_on_hold_that_keeps_others_waiting_is_sent_to_its_end() -> None:
    with sites((STOCK, MEDICAL)) as (a, _b):
        a.fill("stock", 40)
        assert a.mail().seal_next(10_000) is not None
        a.store.hold(a.partner, "stock")
        out = Outgoing(a.mail(), VHF)
        for number in range(1, OPEN_TRANSFERS):
            assert not out.fill(5.0)
            a.put("medical", number, text="blood")
            assert out.fill(5.0)
        assert not out.fill(30.0)
        a.put("medical", 9, text="blood")
        assert out.fill(30.0)
        assert not out.senders[0].wanted_pieces
        assert out.senders[0].number == 1


def test_a_hold_is_no_reason_to_send_more_later() -> None:
    """What was wanted before is wanted again, and no piece goes twice."""
    with sites() as (a, _b):
        a.fill("stock", 60)
        out = Outgoing(a.mail(), VHF)
        out.fill(4.0)
        (sender,) = out.senders
        taken, wanted = sender.next_pieces, sender.wanted_pieces
        a.store.hold(a.partner)
        assert out.fill(4.0) == []
        assert (out.more, out.pending_bytes, sender.next_pieces) == (False, 0, taken)
        assert out.rests
        a.store.release(a.partner)
        out.fill(0.0)
        assert (sender.wanted_pieces, out.rests) == (wanted, False)


# Not this record.


def skip(site: Site, number: int, table: str = "stock") -> OnItsWay:
    return site.store.leave_out(site.partner, RecordKey(table, UUID(int=number)))


@pytest.mark.parametrize("side", [0, 1])
def test_a_record_is_kept_out_in_mid_transfer(side: int) -> None:
    with sites() as pair:
        ours, theirs = pair[side], pair[1 - side]
        ours.fill("stock", 120, 200)
        states: list[OnItsWay] = []

        def on_over(of: int, number: int) -> None:
            if (of, number) == (side, 3):
                states.append(skip(ours, 7))

        run(*pair, on_over=on_over)
        assert states == [OnItsWay.BEGUN]
        assert theirs.text("stock", 7) is None
        assert has(theirs, "stock", 119)
        assert ours.store.outbound(ours.partner).epoch == 0
        ours.store.put_back(ours.partner, RecordKey("stock", UUID(int=7)))
        run(*pair, 2)
        assert theirs.text("stock", 7) == ours.text("stock", 7)


def test_what_is_on_air_already_arrives_and_newer_edits_stay() -> None:
    with sites() as (a, b):
        a.fill("stock", 3)
        states: list[OnItsWay] = []

        def on_over(side: int, number: int) -> None:
            if side == 1 and number == 1:
                states.append(skip(a, 1))
                a.put("stock", 1, text="newer")

        run(a, b, on_over=on_over)
        assert states == [OnItsWay.ON_AIR]
        assert b.text("stock", 1) not in (None, "newer")
        run(a, b, 2)
        assert b.text("stock", 1) != "newer"


@pytest.mark.parametrize("seed", range(8))
def test_what_was_taken_out_in_time_never_arrives(seed: int) -> None:
    """Through losses, with records left out and put back at any over, and batches sealed anew again and again."""
    random = Random(seed)
    with sites((Job("stock", frozenset({"stock"})),)) as (a, b):
        a.fill("stock", 60, 120)
        kept: set[int] = set()

        def on_over(side: int, number: int) -> None:
            if side == 0 and random.random() < 0.5:
                chosen = random.randrange(1, 61)
                if b.text("stock", chosen) is None and skip(a, chosen) is not OnItsWay.ON_AIR:
                    kept.add(chosen)

        for number in range(1, 4):
            run(a, b, number, timing=FAST if seed % 2 else VHF, fate=lossy(random, 0.3, 0.3), on_over=on_over)
        for number in range(4, 7):
            run(a, b, number)
        missing = {number for number in range(1, 61) if b.text("stock", number) is None}
        assert missing == kept, seed
        for number in range(1, 61):
            a.store.put_back(a.partner, RecordKey("stock", UUID(int=number)))
        for number in range(7, 9):
            run(a, b, number)
        assert list(a.store.content()) == list(b.store.content()), seed
