"""What is urgent goes first, also in mid-transfer; what is out of date is sealed anew; nothing goes twice."""

from random import Random

import pytest

from radiosync.limits import OPEN_TRANSFERS
from radiosync.link.over import Outgoing, batch_limit_bytes
from radiosync.sync.ports import Job
from tests.link.line import FAST, VHF, lossy
from tests.link.realpair import JOBS, MEDICAL, STOCK, Site, run, sites

EVERYTHING = Job("all", priority=2)


def applied(site: Site) -> tuple[bool, bool]:
    """Whether the urgent record is here, and whether all stock is."""
    return site.text("medical", 1) is not None, len(list(site.store.records(["stock"]))) == 300


# An urgent edit in mid-transfer.


@pytest.mark.parametrize("urgent_over", range(2, 7))
def test_an_urgent_edit_is_on_air_in_the_next_over_and_applied_first(urgent_over: int) -> None:
    with sites() as (a, b):
        a.fill("stock", 300, 200)
        first_seen: dict[str, int] = {}

        def on_over(side: int, number: int) -> None:
            if side == 0 and number == urgent_over:
                a.put("medical", 1, text="blood")
            if side == 0 and b.text("medical", 1) is not None:
                first_seen.setdefault("medical", number)
                first_seen.setdefault("stock", len(list(b.store.records(["stock"]))))

        run(a, b, on_over=on_over)
        assert applied(b) == (True, True)
        assert first_seen["medical"] == urgent_over + 1
        assert first_seen["stock"] < 300


@pytest.mark.parametrize("urgent_over", [3, 5])
def test_the_called_too_sends_what_is_urgent_first(urgent_over: int) -> None:
    with sites() as (a, b):
        b.fill("stock", 300, 200)
        first_seen: dict[str, int] = {}

        def on_over(side: int, number: int) -> None:
            if side == 1 and number == urgent_over:
                b.put("medical", 1, text="blood")
            if side == 1 and a.text("medical", 1) is not None:
                first_seen.setdefault("medical", number)

        run(a, b, on_over=on_over)
        assert applied(a) == (True, True)
        assert first_seen["medical"] == urgent_over + 1


@pytest.mark.parametrize("seed", range(12))
def test_urgent_edits_overtake_on_a_bad_channel(seed: int) -> None:
    """One in each over of a long transfer, through losses: all arrive, and long before the rest."""
    random = Random(seed)
    with sites() as (a, b):
        a.fill("stock", 300, 200)
        made: list[int] = []
        waits: list[int] = []

        def on_over(side: int, number: int) -> None:
            if side:
                return
            waits.append(sum(b.text("medical", each) is None for each in made))
            if len(made) < 8:
                made.append(number)
                a.put("medical", number, text=str(number))

        for number in range(1, 6):
            run(a, b, number, fate=lossy(random, 0.25, 0.25), on_over=on_over)
        assert len(list(b.store.records(["stock"]))) == 300, seed
        assert all(b.text("medical", each) is not None for each in made), seed
        assert sorted(waits)[len(waits) // 2] <= 2, seed


def test_the_last_place_is_kept_for_what_is_more_urgent() -> None:
    """However much routine waits, and however much of it is open, an urgent edit finds a place."""
    with sites() as (a, _b):
        a.fill("stock", 900, 300)
        out = Outgoing(a.mail(), FAST)
        while len(out.senders) < OPEN_TRANSFERS - 1:
            assert out.fill(3.0)
        for _ in range(20):
            out.fill(3.0)
        assert [sender.priority for sender in out.senders] == [3] * (OPEN_TRANSFERS - 1)
        assert out.more
        a.put("medical", 1, text="blood")
        out.fill(3.0)
        assert [sender.priority for sender in out.senders] == [3] * (OPEN_TRANSFERS - 1) + [0]


def test_who_has_one_class_uses_all_places() -> None:
    with sites((STOCK,)) as (a, _b):
        a.fill("stock", 900, 300)
        out = Outgoing(a.mail(), FAST)
        for _ in range(40):
            out.fill(3.0)
        assert len(out.senders) == OPEN_TRANSFERS


def test_within_an_over_the_most_urgent_transfer_comes_first() -> None:
    with sites() as (a, _b):
        a.fill("stock", 100)
        out = Outgoing(a.mail(), VHF)
        out.fill(2.0)
        a.fill("medical", 30)
        out.fill(2.0)
        stock, medical = out.senders
        taken = sum(stock.next_pieces)
        assert sum(medical.next_pieces) > 0
        while medical.wanted_pieces:
            assert sum(stock.next_pieces) == taken
            out.fill(2.0)


def test_more_urgent_work_does_not_starve_the_rest_of_its_over() -> None:
    with sites() as (a, _b):
        a.fill("stock", 100)
        a.put("medical", 1, text="blood")
        out = Outgoing(a.mail(), VHF)
        out.fill(10.0)
        assert [sender.priority for sender in out.senders] == [0, 3]
        assert all(sum(sender.next_pieces) for sender in out.senders)


# Jobs that overlap.


@pytest.mark.parametrize("later", [False, True])
def test_what_an_urgent_job_has_sent_no_other_job_sends(later: bool) -> None:
    """Also if the urgent job comes after the other one has sent it all."""
    jobs = (EVERYTHING, MEDICAL)
    with sites(jobs) as (a, b):
        if later:
            a.jobs = b.jobs = (EVERYTHING,)
        a.fill("stock", 5)
        a.fill("medical", 5)
        for number in range(1, 4):
            run(a, b, number)
            a.jobs = b.jobs = jobs
        assert len(list(b.store.records())) == 10
        assert a.store.status(a.partner, jobs).changes_confirmed == 10
        a.fill("medical", 5, seed=2)
        assert a.store.waiting(a.partner, jobs)["medical"].changes == 5
        run(a, b, 4)
        assert a.store.status(a.partner, jobs).changes_confirmed == 15


def test_nothing_is_lost_when_a_job_that_overlaps_goes() -> None:
    """What the urgent job had not sent yet waits for the other one."""
    with sites((EVERYTHING, MEDICAL)) as (a, b):
        a.fill("medical", 5)
        assert a.mail().seal_next(10_000) is not None
        a.fill("medical", 5, first=100)
        a.fill("stock", 2)
        assert a.mail().seal_next(60) is not None
        a.jobs = b.jobs = (EVERYTHING,)
        run(a, b)
        assert len(list(b.store.records(["medical"]))) == 10


@pytest.mark.parametrize("seed", range(10))
def test_whatever_jobs_overlap_and_whatever_is_lost_all_arrives(seed: int) -> None:
    random = Random(seed)
    pool = (
        EVERYTHING,
        MEDICAL,
        STOCK,
        Job("each", frozenset({"stock", "medical"}), priority=1, every_edit=True),
        Job("camp", frozenset({"camp", "stock"}), priority=2),
    )
    with sites(pool) as (a, b):
        for number in range(1, 7):
            a.jobs = b.jobs = (EVERYTHING, *random.sample(pool[1:], random.randrange(4)))
            for _ in range(20):
                site, table = random.choice((a, b)), random.choice(("stock", "medical", "camp"))
                site.put(table, random.randrange(8), text=str(random.random()))
            run(a, b, number, fate=lossy(random, 0.3, 0.3))
        for number in range(7, 12):
            run(a, b, number)
        assert list(a.store.content()) == list(b.store.content()), seed
        for site in (a, b):
            assert not site.store.waiting(site.partner, site.jobs)


# What is out of date.


def test_a_newer_edit_of_what_is_queued_takes_its_place_and_is_counted() -> None:
    with sites() as (a, b):
        for number in range(5):
            a.put("stock", 1, text=str(number))
        run(a, b)
        assert b.text("stock", 1) == "4"
        assert a.store.status(a.partner, JOBS).edits_collapsed == 4


def half_sent(site: Site, records: int = 60) -> Outgoing:
    """A transfer of which about a third has been on the air."""
    site.fill("stock", records)
    out = Outgoing(site.mail(), VHF)
    out.fill(VHF.seconds(batch_limit_bytes(VHF) // 12))
    (sender,) = out.senders
    assert 0 < sum(sender.next_pieces) < sender.wanted_pieces
    return out


def test_a_batch_that_is_mostly_out_of_date_is_sealed_anew() -> None:
    with sites() as (a, b):
        out = half_sent(a)
        (old,) = out.senders
        a.fill("stock", 25, seed=2)
        out.fill(0.0)
        assert out.senders == [old]
        a.fill("stock", 40, seed=2)
        out.fill(0.0)
        (new,) = out.senders
        assert new is not old
        assert (new.number, sum(new.next_pieces)) == (1, 0)
        assert new.shape.size_code > old.shape.size_code
        run(a, b)
        assert [b.text("stock", each) for each in range(1, 61)] == [
            a.text("stock", each) for each in range(1, 61)
        ]
        assert a.store.status(a.partner, JOBS).changes_confirmed == 60
        assert a.store.outbound(a.partner).confirmed == 1


def test_a_batch_of_which_most_is_there_is_sent_to_its_end() -> None:
    with sites() as (a, _b):
        out = half_sent(a)
        (old,) = out.senders
        while sum(old.next_pieces) < old.wanted_pieces:
            out.fill(1.0)
        a.fill("stock", 60, seed=2)
        out.fill(0.0)
        assert out.senders[0] is old


def test_a_batch_that_may_have_arrived_is_never_sealed_anew() -> None:
    """Although the partner has confirmed nothing, and says that it needs all of it: it may be mistaken for another."""
    with sites() as (a, _b):
        out = half_sent(a)
        (old,) = out.senders
        while old.wanted_pieces:
            out.fill(30.0)
        old.acknowledge(())
        a.fill("stock", 60, seed=2)
        out.fill(1.0)
        assert out.senders[0] is old


def test_each_edit_by_itself_is_never_out_of_date() -> None:
    with sites((Job("stock", every_edit=True),)) as (a, _b):
        out = half_sent(a)
        (old,) = out.senders
        a.fill("stock", 60, seed=2)
        out.fill(0.0)
        assert out.senders[0] is old


def test_what_other_jobs_left_to_an_old_batch_goes_with_the_new_one() -> None:
    """The other job has passed by what the old batch covered."""
    with sites((MEDICAL, EVERYTHING)) as (a, b):
        a.fill("medical", 60)
        out = Outgoing(a.mail(), VHF)
        out.fill(3.0)
        (old,) = out.senders
        a.fill("stock", 1)
        other = a.mail().seal_next(10_000)
        assert other is not None
        assert other.priority == EVERYTHING.priority
        a.fill("medical", 50, seed=2)
        out = Outgoing(a.mail(), VHF)
        out.fill(0.0)
        assert out.senders[0].shape.size_code > old.shape.size_code
        run(a, b)
        assert [b.text("medical", each) for each in range(1, 61)] == [
            a.text("medical", each) for each in range(1, 61)
        ]
        assert b.text("stock", 1) is not None
        assert a.store.status(a.partner, a.jobs).changes_confirmed == 61


@pytest.mark.parametrize("seed", range(8))
def test_batches_sealed_anew_through_losses_all_arrive(seed: int) -> None:
    """The receiver may hold any pieces of any of the batches that had the number, and may say so late."""
    random = Random(seed)
    with sites() as (a, b):
        a.fill("stock", 80)
        anew = 0
        seal_anew = a.store.seal_anew

        def counted(*given):
            nonlocal anew
            anew += 1
            return seal_anew(*given)

        a.store.seal_anew = counted  # type: ignore[method-assign]

        def on_over(side: int, number: int) -> None:
            if side == 0 and number < 8:
                a.fill("stock", random.randrange(80), seed=random.randrange(9**9))
                if random.random() < 0.3:
                    a.put("medical", 1, text=str(number))

        short = VHF if seed % 2 else FAST
        for number in range(1, 5):
            run(a, b, number, timing=short, fate=lossy(random, 0.35, 0.35), on_over=on_over)
        for number in range(5, 8):
            run(a, b, number, timing=short, fate=lossy(random, 0.1, 0.1))
        assert list(a.store.content()) == list(b.store.content()), seed
        assert a.store.outbound(a.partner).epoch == 0, seed
        assert anew or seed % 2 == 0, seed
