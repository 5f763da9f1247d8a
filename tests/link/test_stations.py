"""Whole stations on a line: who answers whom, calls that cross, partners that come back."""

from collections.abc import Sequence
from random import Random

import pytest

from radiosync.link.contact import Contact, Role
from radiosync.link.events import ContactEnded, Outcome
from radiosync.sync.station import ContactBegan, ContactEvent, Station, StationEvent, StrangerHeard
from tests.link.line import SMALL, VHF, Fate, Line, Sent, lossy, unharmed
from tests.link.memory import JOB, MemoryStore, partner_of
from tests.link.pairs import all_there, station, stores


def ends_of(events: Sequence[StationEvent]) -> list[Outcome]:
    return [
        event.event.outcome
        for event in events
        if isinstance(event, ContactEvent) and isinstance(event.event, ContactEnded)
    ]


def began(events: Sequence[StationEvent]) -> list[tuple[int, bool]]:
    """Number, and whether we were called, of each contact."""
    return [(event.contact, event.called) for event in events if isinstance(event, ContactBegan)]


def pair(
    changes: int = 20, back: int = 20, fate: Fate = unharmed
) -> tuple[Line, list[Station], list[MemoryStore]]:
    anna, ben = stores(changes, back)
    both = [station(anna, ben, seed=1), station(ben, anna, seed=2)]
    return Line(list(both), VHF, fate), both, [anna, ben]


def test_a_call_is_answered_and_both_end_with_all() -> None:
    line, (anna, ben), kept = pair()
    anna.call(partner_of(kept[1]), now=0.0)
    assert anna.busy
    line.run()
    assert all_there(*kept)
    mine, theirs = anna.poll_events(), ben.poll_events()
    assert (began(mine), began(theirs)) == ([(1, False)], [(1, True)])
    assert ends_of(mine) == ends_of(theirs) == [Outcome.COMPLETE]
    assert not anna.busy
    assert not ben.busy
    assert anna.next_deadline is None


def test_each_call_has_a_number_of_its_own() -> None:
    line, (anna, _), kept = pair()
    for number in (1, 2, 3):
        anna.call(partner_of(kept[1]), now=line.now)
        line.run()
        assert began(anna.poll_events()) == [(number, False)]


def test_a_second_call_of_ours_while_there_is_one_is_our_fault() -> None:
    _, (anna, _), kept = pair()
    anna.call(partner_of(kept[1]), now=0.0)
    with pytest.raises(ValueError, match="contact already"):
        anna.call(partner_of(kept[1]), now=0.0)


def test_a_stranger_is_noticed_and_not_answered() -> None:
    anna, ben, carl = MemoryStore("a"), MemoryStore("b"), MemoryStore("c")
    mine, strange = station(ben, anna), station(carl, ben)
    line = Line([strange, mine])
    strange.call(partner_of(ben), now=0.0)
    line.run()
    assert line.overs[1] == 0
    assert set(mine.poll_events()) == {StrangerHeard(b"cccc")}
    assert ends_of(strange.poll_events()) == [Outcome.NO_ANSWER]


def test_a_call_to_somebody_else_is_none_of_ours() -> None:
    anna, ben, carl = MemoryStore("a"), MemoryStore("b"), MemoryStore("c")
    mine, other = station(ben, anna), station(anna, carl)
    line = Line([other, mine])
    other.call(partner_of(carl), now=0.0)
    line.run()
    assert line.overs[1] == 0
    assert mine.poll_events() == []


def overhear(letter: str = "c") -> list[bytes]:
    """The frames of a call by a third station to `b`."""
    caller = station(MemoryStore(letter), MemoryStore("b"))
    caller.call(partner_of(MemoryStore("b")), now=0.0)
    over = caller.poll_over(now=0.0)
    assert over is not None
    return list(over.frames)


@pytest.mark.parametrize("known", [True, False])
def test_a_call_by_a_third_station_disturbs_no_contact(known: bool) -> None:
    anna, ben = stores(60, 60)
    mine = station(ben, anna, MemoryStore("c")) if known else station(ben, anna)
    call = overhear()[0]
    caller = station(anna, ben)
    line = Line([caller, mine], fate=lambda sent: [(0.0, sent.frame), *([(0.0, call)] * (sent.index < 8))])
    caller.call(partner_of(ben), now=0.0)
    line.run()
    assert all_there(anna, ben)
    assert len(began(mine.poll_events())) == 1
    assert ends_of(caller.poll_events()) == [Outcome.COMPLETE]


def test_a_partner_that_calls_anew_in_mid_contact_is_answered() -> None:
    """Its process died and came back; ours has not noticed and would wait for minutes."""
    line, (anna, ben), kept = pair(300, 300)
    anna.call(partner_of(kept[1]), now=0.0)
    steps = [0]

    def swap() -> None:
        steps[0] += 1
        if steps[0] == 12:
            new = station(kept[0], kept[1], seed=3)
            line.restart(0, new)
            new.call(partner_of(kept[1]), now=line.now)
            line.wake(0)

    line.on_step = swap
    line.run()
    assert all_there(*kept)
    events = ben.poll_events()
    assert began(events) == [(1, True), (2, True)]
    assert ends_of(events) == [Outcome.DROPPED, Outcome.COMPLETE]
    assert anna.contact is not None


@pytest.mark.parametrize("step", range(2, 60, 5))
def test_a_called_station_that_restarts_is_woken_by_the_caller(step: int) -> None:
    """Its process forgot the contact. The caller, unanswered, says hello again, and the contact goes on."""
    line, (anna, _), kept = pair(150, 150)
    anna.call(partner_of(kept[1]), now=0.0)
    steps = [0]

    def swap() -> None:
        steps[0] += 1
        if steps[0] == step:
            line.restart(1, station(kept[1], kept[0], seed=4))

    line.on_step = swap
    line.run()
    assert all_there(*kept)
    assert ends_of(anna.poll_events()) == [Outcome.COMPLETE]
    assert began(anna.poll_events()) == []
    assert sum(kept[0].deliveries) == sum(kept[1].deliveries) == 150


def test_a_called_station_that_lost_its_database_in_mid_contact_gets_all_again() -> None:
    line, (anna, _), kept = pair(150, 150)
    anna.call(partner_of(kept[1]), now=0.0)
    new = MemoryStore("b", 2)
    steps = [0]

    def swap() -> None:
        steps[0] += 1
        if steps[0] == 14:
            line.restart(1, station(new, kept[0], seed=4))

    line.on_step = swap
    line.run()
    assert ends_of(anna.poll_events()) == [Outcome.COMPLETE]
    assert all_there(kept[0], new)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("apart_s", [0.0, 0.3, 1.0, 4.0])
def test_calls_that_cross_end_in_one_contact_that_brings_all(seed: int, apart_s: float) -> None:
    """Both call; each is deaf while it transmits. The random part of their patience lets one be heard."""
    anna, ben = stores(20, 20)
    both = [station(anna, ben, seed=seed), station(ben, anna, seed=1000 + seed)]
    line = Line(list(both))
    both[0].call(partner_of(ben), now=0.0)
    later = [False]

    def call_back() -> None:
        if not later[0] and line.now >= apart_s and not both[1].busy:
            later[0] = True
            both[1].call(partner_of(anna), now=line.now)
            line.wake(1)

    if apart_s == 0.0:
        later[0] = True
        both[1].call(partner_of(anna), now=0.0)
    line.on_step = call_back
    line.run()
    assert all_there(anna, ben)
    assert line.now < 120
    assert Outcome.COMPLETE in ends_of(both[0].poll_events())


def test_of_two_that_call_each_other_the_greater_identity_stays_the_caller() -> None:
    line, (anna, ben), kept = pair()
    anna.call(partner_of(kept[1]), now=0.0)
    ben.call(partner_of(kept[0]), now=0.0)
    call, other = anna.poll_over(now=0.0), ben.poll_over(now=0.0)
    assert call is not None
    assert other is not None
    ben.receive_frame(call.frames[0], now=1.0)
    assert isinstance(ben.contact, Contact)
    assert ben.contact.role is Role.CALLER
    anna.receive_frame(other.frames[0], now=1.0)
    assert isinstance(anna.contact, Contact)
    assert anna.contact.role is Role.CALLED
    line.now = 1.0
    line.run()
    assert all_there(*kept)


def test_hanging_up_lets_the_next_call_through() -> None:
    line, (anna, ben), kept = pair()
    anna.call(partner_of(kept[1]), now=0.0)
    anna.poll_over(now=0.0)
    anna.hang_up()
    anna.hang_up()
    assert not anna.busy
    assert ends_of(anna.poll_events()) == [Outcome.STOPPED]
    anna.call(partner_of(kept[1]), now=5.0)
    line.now = 5.0
    line.run()
    assert all_there(*kept)
    assert began(ben.poll_events()) == [(2, True)]


def test_a_late_copy_of_a_call_opens_no_lasting_contact() -> None:
    """It is answered, nobody goes on, and a true call is answered at once."""
    line, (anna, ben), kept = pair()
    anna.call(partner_of(kept[1]), now=0.0)
    line.run()
    ben.poll_events()
    ben.receive_frame(line.sent[0].frame, now=line.now)
    line.wake(1)
    kept[0].edit(1, name="new")
    anna.call(partner_of(kept[1]), now=line.now + 20)
    line.wake(0)
    line.run()
    assert all_there(*kept)
    assert kept[0].traffic_of(kept[1]).rewinds <= 1


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_reach_no_station(seed: int) -> None:
    random = Random(seed)
    _, (anna, ben), kept = pair()
    for _ in range(2000):
        ben.receive_frame(random.randbytes(random.randint(0, 80)), now=0.0)
    assert ben.poll_events() == []
    anna.call(partner_of(kept[1]), now=0.0)
    anna.poll_over(now=0.0)
    for _ in range(2000):
        anna.receive_frame(random.randbytes(random.randint(0, 80)), now=0.0)
    assert isinstance(anna.contact, Contact)
    assert not anna.contact.heard


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("timing", [VHF, SMALL], ids=["vhf", "small frames"])
def test_three_stations_in_a_line_end_equal(seed: int, timing: object) -> None:
    """Anna and Carl never hear each other; Ben passes on what both wrote, and nothing comes back to its author."""
    random = Random(seed)
    anna, ben, carl = MemoryStore("a"), MemoryStore("b"), MemoryStore("c")
    keys = {("a", "b"): 1, ("b", "a"): 1, ("b", "c"): 2, ("c", "b"): 1}
    for turn in range(8):
        for store in (anna, ben, carl):
            for _ in range(random.randint(0, 6)):
                store.edit(
                    random.randint(1, 8), **{random.choice(["name", "beds"]): str(random.randint(0, 99))}
                )
        one, other = random.choice([(anna, ben), (ben, anna), (ben, carl), (carl, ben)])
        visit(one, other, keys, lossy(random, 0.2, 0.2) if turn < 4 else unharmed)
    for _ in range(2):
        for one, other in ((anna, ben), (ben, carl)):
            visit(one, other, keys, unharmed)
    assert all_there(anna, ben, carl)


def visit(one: MemoryStore, other: MemoryStore, keys: dict[tuple[str, str], int], fate: Fate) -> None:
    known = {store.letter: store for store in (one, other)}

    def at(us: MemoryStore, them: MemoryStore) -> Station:
        partner = partner_of(them, keys[us.letter, them.letter])
        return Station(us, VHF, Random(1), partners=lambda: [partner], jobs=lambda _: [JOB])

    assert len(known) == 2
    both = [at(one, other), at(other, one)]
    both[0].call(partner_of(other, keys[one.letter, other.letter]), now=0.0)
    Line(list(both), VHF, fate).run()


def garbled(random: Random) -> Fate:
    def fate(sent: Sent) -> list[tuple[float, bytes]]:
        return [] if random.random() < 0.25 else [(random.choice([0.0, 0.0, 2.0]), sent.frame)]

    return fate


@pytest.mark.parametrize("seed", range(12))
def test_stations_that_call_restart_and_edit_at_random_end_equal(seed: int) -> None:
    """An hour of bad weather, then a clean contact."""
    random = Random(seed)
    line, both, kept = pair(40, 40, garbled(random))
    budget = [400]

    def disturb() -> None:
        budget[0] -= 1
        side = random.randint(0, 1)
        dice = random.random()
        if budget[0] < 0:
            return
        if dice < 0.02:
            both[side] = station(kept[side], kept[1 - side], seed=budget[0])
            line.restart(side, both[side])
        if dice < 0.1 and not both[side].busy:
            both[side].call(partner_of(kept[1 - side]), now=line.now)
            line.wake(side)
        if dice > 0.95:
            kept[side].edit(random.randint(1, 60), name=str(random.random()))

    both[0].call(partner_of(kept[1]), now=0.0)
    line.on_step = disturb
    line.run()
    line.fate, line.on_step = unharmed, lambda: None
    for side in (0, 1):
        both[side].hang_up()
        both[side].call(partner_of(kept[1 - side]), now=line.now)
        line.run()
    assert all_there(*kept)
