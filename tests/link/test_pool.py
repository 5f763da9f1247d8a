"""Whole contacts of a pool over air that loses, delays and repeats frames, each listener others."""

from collections import defaultdict
from random import Random

import pytest

from radiosync.link.events import ContactEnded, Outcome
from radiosync.link.over import Over
from radiosync.link.pool import data_seed, slot_s
from radiosync.link.poollistener import PoolListener
from radiosync.link.timing import Timing
from radiosync.sync.station import ContactBegan, ContactEvent, Station, StationEvent
from radiosync.wire.check import strip_check
from radiosync.wire.frames import Data, Kind, kind_of, read_frame
from tests.link.air import PACES, Air, Fate, deaf, lossy, unharmed
from tests.link.line import FAST, SMALL, VHF, Sent
from tests.link.memory import MemoryStore, partner_of
from tests.link.pairs import all_there
from tests.link.pools import POOL, a_round, lead_of, speaking, station, stores
from tests.link.test_poollistener import ASKED

SEEDS = range(40)
"""Enough to notice, few enough to wait for. Try two hundred when the protocol changes."""

TIMINGS = pytest.mark.parametrize("timing", [VHF, FAST, SMALL], ids=["vhf", "fast", "small frames"])


def pool_air(kept: tuple[MemoryStore, ...], timing: Timing = VHF, fate: Fate = unharmed) -> Air:
    """All stations of a pool on one frequency. They know each other as well."""
    everybody = [
        station(store, *(other for other in kept if other is not store), timing=timing) for store in kept
    ]
    return Air(everybody, timing, fate)


def call(air: Air, kept: tuple[MemoryStore, ...]) -> Station:
    """Let the speaker open a contact."""
    speaker = air.ends[0]
    assert isinstance(speaker, Station)
    speaker.call(speaking(kept[0]), now=air.now)
    return speaker


def endings(events: list[StationEvent]) -> list[Outcome]:
    return [
        event.event.outcome
        for event in events
        if isinstance(event, ContactEvent) and isinstance(event.event, ContactEnded)
    ]


def begun(events: list[StationEvent]) -> int:
    return sum(isinstance(event, ContactBegan) for event in events)


def call_until_complete(air: Air, kept: tuple[MemoryStore, ...]) -> int:
    """Contacts until all have answered and have everything. Listeners have left when it is over."""
    for calls in range(1, 30):
        call(air, kept)
        air.run()
        speaker = air.ends[0]  # It may be another process than the one that called.
        assert isinstance(speaker, Station)
        if endings(speaker.poll_events())[-1:] == [Outcome.COMPLETE]:
            return calls
    raise AssertionError("30 contacts were not enough")


# Without loss.


@TIMINGS
@pytest.mark.parametrize("listeners", [1, 2, 9])
@pytest.mark.parametrize("changes", [0, 1, 20, 100])
def test_one_over_serves_all(changes: int, listeners: int, timing: Timing) -> None:
    kept = stores(changes, listeners, text_bytes=20)
    air = pool_air(kept, timing)
    assert call_until_complete(air, kept) == 1
    assert all_there(*kept)
    assert air.doubles == []
    for store, end in zip(kept[1:], air.ends[1:], strict=True):
        assert isinstance(end, Station)
        assert sum(store.deliveries) == changes
        events = end.poll_events()
        assert (begun(events), endings(events)) == (1, [Outcome.COMPLETE])


def test_a_small_contact_is_one_over_and_an_answer_of_each() -> None:
    kept = stores(3)
    air = pool_air(kept)
    call_until_complete(air, kept)
    assert air.overs == [1, 1, 1]
    assert [kind_of(sent.frame) for sent in air.sent] == [Kind.ROUND, Kind.DATA, Kind.ACK, Kind.ACK]


def test_another_listener_costs_an_answer_and_no_data() -> None:
    found = {}
    for listeners in (1, 2, 3, 4):
        kept = stores(3, listeners, text_bytes=20)
        air = pool_air(kept)
        call_until_complete(air, kept)
        found[listeners] = air.airtime_s
    cost_s = (
        VHF.turn_s + VHF.frame_s(6) + VHF.frame_s(2) - VHF.frame_s(0)
    )  # an answer, and two bytes that ask for it
    for listeners in (2, 3, 4):
        assert found[listeners] - found[listeners - 1] == pytest.approx(cost_s)


# With loss.


@TIMINGS
@pytest.mark.parametrize("losses", [(0.1, 0.1, 0.1), (0.0, 0.0, 0.4), (0.3, 0.2, 0.4)])
def test_each_loses_other_frames_and_all_end_with_all(losses: tuple[float, ...], timing: Timing) -> None:
    for seed in SEEDS:
        kept = stores(40, text_bytes=20)
        air = pool_air(kept, timing, lossy(Random(seed), *losses))
        call_until_complete(air, kept)
        assert all_there(*kept), f"seed {seed}"
        assert [sum(store.deliveries) for store in kept[1:]] == [40, 40], f"seed {seed}"


@pytest.mark.parametrize("losses", [(0.0,) * 6, (0.2, 0.1, 0.5, 0.1, 0.3, 0.0)])
def test_no_two_keys_are_ever_down_at_once(losses: tuple[float, ...]) -> None:
    """Whatever is lost, however long bits are stuffed, and whether computers take no time or all that they may."""
    for timing in (VHF, FAST, SMALL):
        for seed in SEEDS:
            random = Random(seed)
            kept = stores(random.choice([1, 20, 60]), listeners=5, text_bytes=20)
            air = pool_air(kept, timing, lossy(random, *losses))
            air.pace = lambda random=random: random.choice(PACES)  # type: ignore[misc]
            call_until_complete(air, kept)
            assert air.doubles == [], f"seed {seed}"


def test_slots_that_are_too_short_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """That the check of the keys can fail."""
    for place in ("poollistener", "pool"):
        monkeypatch.setattr(f"radiosync.link.{place}.slot_s", lambda timing: 0.3 * slot_s(timing))
    kept = stores(20)
    air = pool_air(kept)
    call_until_complete(air, kept)
    assert air.doubles


def test_slots_that_are_counted_from_the_last_frame_that_was_heard_are_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who has heard but the leading frame takes the over for longer than who has heard the last one."""

    def act_at(self: PoolListener, left_bytes: int, now: float) -> float:
        return now + self._timing.end_s(left_bytes) + (self._place or 0) * slot_s(self._timing)

    def fate(sent: Sent, hearer: int) -> list[tuple[float, bytes]]:
        return [] if hearer == 2 and sent.place > 0 else unharmed(sent, hearer)

    for is_spoilt in (False, True):
        if is_spoilt:
            monkeypatch.setattr(PoolListener, "_act_at", act_at)
        kept = stores(70, listeners=3, text_bytes=40)
        air = pool_air(kept, VHF, fate)
        call(air, kept)
        air.run()
        assert bool(air.doubles) == is_spoilt


def test_nobody_hears_anybody() -> None:
    kept = stores(20)
    air = pool_air(kept, fate=deaf(0, 1, 2))
    speaker = call(air, kept)
    air.run()
    assert endings(speaker.poll_events()) == [Outcome.NO_ANSWER]
    assert air.overs[1:] == [0, 0]


def test_a_listener_out_of_range_gets_what_it_lacks_in_a_later_contact() -> None:
    kept = stores(20)
    air = pool_air(kept, fate=deaf(2))
    speaker = call(air, kept)
    air.run()
    assert endings(speaker.poll_events()) == [Outcome.DROPPED]
    assert all_there(*kept[:2])
    kept[0].fill(Random(5), 20, first=3000)
    air.fate = unharmed
    assert call_until_complete(air, kept) == 1
    assert all_there(*kept)
    assert [sum(store.deliveries) for store in kept[1:]] == [40, 40], "nothing was delivered twice"


def test_a_listener_that_hears_and_is_not_heard_has_everything_all_the_same() -> None:
    kept = stores(20)
    air = pool_air(kept, fate=lambda sent, hearer: [] if sent.side == 2 else unharmed(sent, hearer))
    speaker = call(air, kept)
    air.run()
    assert endings(speaker.poll_events()) == [Outcome.DROPPED]
    assert all_there(*kept)
    assert not any(end.busy for end in air.ends if isinstance(end, Station))


# Late copies.


@pytest.mark.parametrize("frames", [1, 2, 4, 8, 16])
def test_nobody_answers_a_late_copy(frames: int) -> None:
    """A modem, or a repeater, has kept what it heard, and says it once more when the contact is over."""
    kept, heard = stores(30, text_bytes=40), defaultdict[int, list[bytes]](list)
    loses = lossy(Random(frames), 0.0, 0.3, 0.3)

    def fate(sent: Sent, hearer: int) -> list[tuple[float, bytes]]:
        arrivals = loses(sent, hearer)
        heard[hearer] += [frame for _, frame in arrivals]
        return arrivals

    air = pool_air(kept, fate=fate)
    call_until_complete(air, kept)
    overs = list(air.overs)
    for at, end in enumerate(air.ends):
        assert isinstance(end, Station)
        end.poll_events()
        for frame in heard[at][-frames:]:
            end.receive_frame(frame, now=air.now)
        assert not end.busy
        assert end.poll_events() == []
    air.run()
    assert air.overs == overs


def test_the_speaker_does_not_listen_to_itself() -> None:
    """A repeater says again what it hears: the speaker hears its own over, and is no listener of its pool."""
    kept = stores(60, text_bytes=40)
    echo: list[bytes] = []

    def repeat(sent: Sent, hearer: int) -> list[tuple[float, bytes]]:
        echo.append(sent.frame)
        return unharmed(sent, hearer)

    air = pool_air(kept, fate=repeat)
    speaker = call(air, kept)

    def repeated() -> None:
        for frame in echo:
            speaker.receive_frame(frame, now=air.now)
        echo.clear()

    air.on_step = repeated
    air.run()
    assert endings(speaker.poll_events()) == [Outcome.COMPLETE]
    assert all_there(*kept)


@pytest.mark.parametrize("delay_s", [0.5, 3.0, 20.0, 60.0])
def test_frames_that_come_late_and_twice_do_no_harm(delay_s: float) -> None:
    for seed in range(20):
        random = Random(seed)

        def fate(sent: Sent, hearer: int, random: Random = random) -> list[tuple[float, bytes]]:
            late = [(random.uniform(0, delay_s), sent.frame)] if random.random() < 0.3 else []
            return late if random.random() < 0.1 else [(0.0, sent.frame), *late]

        kept = stores(40, text_bytes=20)
        air = pool_air(kept, fate=fate)
        call_until_complete(air, kept)
        assert all_there(*kept), f"seed {seed}"
        assert [sum(store.deliveries) for store in kept[1:]] == [40, 40], f"seed {seed}"


# Other contacts.


def test_a_station_in_contact_with_somebody_else_does_not_join() -> None:
    kept = stores(20)
    air = pool_air(kept)
    carla = air.ends[2]
    assert isinstance(carla, Station)
    carla.call(partner_of(kept[0], 1, kept[2]), now=0.0)
    carla.poll_events()
    for frame in a_round(ASKED).frames:
        carla.receive_frame(frame, now=0.0)
    assert carla.poll_events() == []


def test_a_listener_that_has_left_can_be_called_by_others() -> None:
    kept = stores(5)
    air = pool_air(kept)
    call_until_complete(air, kept)
    ben = air.ends[1]
    assert isinstance(ben, Station)
    kept[1].fill(Random(3), 5, first=7000)
    ben.poll_events()
    ben.call(partner_of(kept[0], 1, kept[1]), now=air.now)
    air.run()
    assert endings(ben.poll_events()) == [Outcome.COMPLETE]
    assert len(kept[0].records) == 10


def test_a_new_contact_of_the_speaker_ends_the_one_before() -> None:
    """The speaker has died in the middle, and a listener does not know."""
    kept = stores(60, text_bytes=40)
    air = pool_air(kept)
    call(air, kept)
    air.run(until=6.0)
    air.restart(0, station(kept[0], *kept[1:]))
    call_until_complete(air, kept)
    assert all_there(*kept)
    for end in air.ends[1:]:
        assert isinstance(end, Station)
        events = end.poll_events()
        assert endings(events) == [Outcome.DROPPED, Outcome.COMPLETE]


@pytest.mark.parametrize("who", [0, 1, 2])
def test_a_process_that_dies_in_the_middle_goes_on_where_it_was(who: int) -> None:
    for seed in SEEDS:
        random = Random(seed)
        kept = stores(40, text_bytes=40)
        air = pool_air(kept, fate=lossy(random, 0.1, 0.2, 0.1))
        dies_at, steps = random.randrange(1, 60), 0

        def step(air: Air = air, kept: tuple[MemoryStore, ...] = kept, dies_at: int = dies_at) -> None:
            nonlocal steps
            steps += 1
            if steps == dies_at:
                others = [store for store in kept if store is not kept[who]]
                air.restart(who, station(kept[who], *others))

        air.on_step = step
        call_until_complete(air, kept)
        assert all_there(*kept), f"seed {seed}"
        assert [sum(store.deliveries) for store in kept[1:]] == [40, 40], f"seed {seed}"
        runs = runs_on_air(air)
        assert len(runs) == len(set(runs)), f"seed {seed}: pieces were sent again"


def runs_on_air(air: Air) -> list[tuple[int, int, int]]:
    """Transfer, block and first index of the pieces in each data frame of the speaker."""
    found, lead = [], ASKED
    for sent in air.sent:
        if kind_of(sent.frame) is Kind.ROUND:
            lead = lead_of(Over((sent.frame,), 0.0))
        elif sent.side == 0:
            data, _ = read_frame(strip_check(sent.frame, data_seed(POOL, lead), 2))
            assert isinstance(data, Data)
            found.append((data.number, data.block, data.first))
    return found
