"""Contacts that end before all is there, because a person wants it: with a good-bye, and nothing is lost."""

from random import Random

import pytest

from radiosync.link.events import Outcome
from tests.link.line import VHF, lossy
from tests.link.pairs import outcomes
from tests.link.realpair import overs_of, run, sites


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("at_over", range(2, 7))
def test_a_contact_that_is_broken_off_ends_on_both_sides_at_the_next_over(side: int, at_over: int) -> None:
    with sites() as pair:
        pair[0].fill("stock", 250, 200)
        pair[1].fill("stock", 250, 200, first=1000)

        def on_over(of: int, number: int) -> None:
            if (of, number) == (1 - side, at_over):
                pair[side].contact.finish()

        line = run(*pair, on_over=on_over)
        ends = outcomes(line)
        assert ends[side] is Outcome.STOPPED
        assert ends[1 - side] is Outcome.DROPPED
        assert len(overs_of(line, side)) <= at_over + 1
        assert len(overs_of(line, side)[-1]) <= 2
        seconds = line.now
        for number in range(2, 5):
            run(*pair, number)
        assert list(pair[0].store.content()) == list(pair[1].store.content())
        assert seconds < (2 * at_over + 2) * (VHF.over_s + 10)


def test_a_call_that_nobody_answers_yet_is_broken_off_in_silence() -> None:
    with sites() as (a, b):
        a.fill("stock", 5)
        line = run(
            a,
            b,
            fate=lambda sent: [],
            on_over=lambda side, number: a.contact.finish() if number == 2 else None,
        )
        assert outcomes(line)[0] is Outcome.STOPPED


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("job", [None, "stock"])
def test_what_is_on_hold_keeps_no_contact_open(side: int, job: str | None) -> None:
    with sites() as pair:
        pair[side].fill("stock", 200, 200)
        pair[1 - side].fill("medical", 60, 200)

        def on_over(of: int, number: int) -> None:
            if (of, number) == (side, 3):
                pair[side].store.hold(pair[side].partner, job)

        line = run(*pair, on_over=on_over)
        assert len(list(pair[side].store.records(["medical"]))) == 60
        ends = outcomes(line)
        assert ends[side] is Outcome.STOPPED
        assert ends[1 - side] is Outcome.COMPLETE
        assert max(line.overs) < 16
        pair[side].store.release(pair[side].partner)
        run(*pair, 2)
        assert list(pair[0].store.content()) == list(pair[1].store.content())


@pytest.mark.parametrize("seed", range(10))
def test_broken_off_again_and_again_through_losses_all_arrives(seed: int) -> None:
    random = Random(seed)
    with sites() as pair:
        for side in (0, 1):
            pair[side].fill("stock", 60, 120, first=1 + 1000 * side)

        def on_over(side: int, number: int) -> None:
            if random.random() < 0.2:
                pair[side].contact.finish()

        for number in range(1, 12):
            run(*pair, number, fate=lossy(random, 0.25, 0.25), on_over=on_over)
        for number in range(12, 15):
            run(*pair, number)
        assert list(pair[0].store.content()) == list(pair[1].store.content()), seed
        assert [site.store.outbound(site.partner).epoch for site in pair] == [0, 0], seed
