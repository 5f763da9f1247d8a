"""A station on a link that others use too."""

from collections.abc import Iterator
from random import Random
from uuid import UUID

import pytest

from radiosync.link.contact import Contact
from radiosync.link.events import ContactEnded, Outcome
from radiosync.link.over import Over
from radiosync.link.timing import timing_of
from radiosync.profiles.airtime import Airtime
from radiosync.records.edit import Edit
from radiosync.store import Store
from radiosync.sync.ports import Job
from radiosync.sync.station import (
    CAPABILITIES,
    ContactBegan,
    ContactEvent,
    Station,
    StationEvent,
    StrangerHeard,
)
from radiosync.wire.ax25 import Address
from radiosync.wire.frames import PROTOCOL_VERSION, Kind, kind_of
from radiosync.wire.framing import KissAx25Framing

_AIRTIME = Airtime.of("kiss-tnc", 1200, key_up_s=0.5, max_frame_bytes=256, longest_over_s=30)
_TIMING = timing_of(_AIRTIME, KissAx25Framing(Address.parse("A"), Address.parse("B")))


class Site:
    """A store and its station."""

    def __init__(self, number: int) -> None:
        parts = iter([bytes([number]) * 8, number.to_bytes(4, "big")])
        self.store = Store.open(":memory:", durable=False, make_identity=lambda size: next(parts)[:size])
        self.events: list[StationEvent] = []
        jobs = (Job("all"),)
        self.station = Station(
            self.store, _TIMING, Random(number), partners=self.store.partners, jobs=lambda partner: jobs
        )

    def know(self, other: "Site", name: str) -> None:
        self.store.add_partner(name, other.store.station)

    def call(self, name: str, now: float = 0.0) -> Over:
        self.station.call(self.store.partner(name), now=now)
        over = self.station.poll_over(now=now)
        assert over is not None
        return over

    def hear(self, over: Over, now: float) -> Over | None:
        for frame in over.frames:
            self.station.receive_frame(frame, now=now)
        answer = self.station.poll_over(now=now)
        self.events += self.station.poll_events()
        return answer

    def outcomes(self) -> list[Outcome]:
        ended = [event.event for event in self.events if isinstance(event, ContactEvent)]
        return [event.outcome for event in ended if isinstance(event, ContactEnded)]


@pytest.fixture
def sites() -> Iterator[tuple[Site, Site, Site]]:
    made = Site(1), Site(2), Site(3)
    yield made
    for site in made:
        site.store.close()


def _converse(caller: Site, called: Site, over: Over | None, now: float) -> None:
    for turn in range(40):
        if over is None:
            return
        over = (called, caller)[turn % 2].hear(over, now + turn)
    pytest.fail("the two never come to an end")


def test_a_call_with_the_same_number_by_another_station_does_not_take_over(
    sites: tuple[Site, Site, Site],
) -> None:
    a, b, c = sites
    for caller, name in ((b, "b"), (c, "c")):
        a.know(caller, name)
        caller.know(a, "a")
    b.store.edit([Edit("t", UUID(int=1), {"n": "b"})])
    answer = a.hear(b.call("a"), 1.0)
    assert answer is not None
    assert a.hear(c.call("a"), 2.0) is None
    assert a.store.inbound(a.store.partner("b")).incarnation == b.store.origin.incarnation
    over = b.hear(answer, 3.0)
    _converse(b, a, over, 4.0)
    assert a.outcomes() == [Outcome.COMPLETE]
    assert a.store.record("t", UUID(int=1)) is not None


def test_a_stranger_is_noticed_and_not_answered(sites: tuple[Site, Site, Site]) -> None:
    a, b, _ = sites
    b.know(a, "a")
    assert a.hear(b.call("a"), 1.0) is None
    assert a.events == [StrangerHeard(b.store.station[:4])]


def test_a_partner_that_calls_anew_is_answered_at_once(sites: tuple[Site, Site, Site]) -> None:
    """Its process died in the middle of a contact, or it gave up before we did."""
    a, b, _ = sites
    a.know(b, "b")
    b.know(a, "a")
    assert a.hear(b.call("a"), 1.0) is not None
    b.station.hang_up()
    answer = a.hear(b.call("a"), 9.0)
    assert answer is not None
    _converse(b, a, b.hear(answer, 10.0), 11.0)
    assert a.outcomes() == [Outcome.DROPPED, Outcome.COMPLETE]


def test_when_both_call_the_greater_identity_stays_caller(sites: tuple[Site, Site, Site]) -> None:
    a, b, _ = sites
    a.know(b, "b")
    b.know(a, "a")
    from_a, from_b = a.call("b"), b.call("a")
    assert b.hear(from_a, 1.0) is None
    answer = a.hear(from_b, 1.0)
    assert answer is not None
    assert ContactBegan(a.store.partner("b"), 1, True) in [
        ContactBegan(a.store.partner("b"), event.contact, event.called)
        for event in a.events
        if isinstance(event, ContactBegan)
    ]
    _converse(b, a, b.hear(answer, 2.0), 3.0)
    assert b.outcomes() == [Outcome.COMPLETE]


def test_the_time_at_which_a_partner_was_heard_is_noted_each_time(sites: tuple[Site, Site, Site]) -> None:
    a, b, _ = sites
    a.know(b, "b")
    b.know(a, "a")
    heard = []
    for _ in range(2):
        _converse(b, a, b.call("a"), 1.0)
        heard.append(a.store.status(a.store.partner("b"), [Job("all")]).heard_at)
        b.station.poll_events()
    assert None not in heard


def test_a_station_is_not_reached_under_an_identity_that_is_nearly_its_own(
    sites: tuple[Site, Site, Site],
) -> None:
    """Only the first bytes are on air; a mistyped digit behind them must not pass for the partner."""
    a, b, _ = sites
    a.know(b, "b")
    wrong = a.store.station[:-1] + b"\xff"
    b.store.add_partner("a", wrong)
    assert a.hear(b.call("a"), 1.0) is None
    assert a.events == []


def test_an_answer_to_a_station_of_nearly_that_identity_is_not_taken(sites: tuple[Site, Site, Site]) -> None:
    a, b, _ = sites
    a.store.add_partner("b", b.store.station[:-1] + b"\xff")
    b.know(a, "a")
    answer = a.hear(b.call("a"), 1.0)
    assert answer is not None
    b.hear(answer, 2.0)
    assert not isinstance(b.station.contact, Contact) or not b.station.contact.heard


def test_a_partner_that_was_met_is_called_in_short(sites: tuple[Site, Site, Site]) -> None:
    """Whatever the caller was handed: what the store knows by now counts."""
    a, b, _ = sites
    a.know(b, "b")
    b.know(a, "a")
    unmet = b.store.partner("a")
    _converse(b, a, b.call("a"), 1.0)
    b.store.edit([Edit("t", UUID(int=1), {"n": "b"})])
    b.station.call(unmet, now=50.0)
    over = b.station.poll_over(now=50.0)
    assert over is not None
    assert [kind_of(frame) for frame in over.frames] == [Kind.CALL]
    answer = a.hear(over, 51.0)
    assert answer is not None
    assert [kind_of(frame) for frame in answer.frames] == [Kind.ACK]
    assert b.hear(answer, 52.0) is None
    assert a.outcomes() == b.outcomes()[-2:] == [Outcome.COMPLETE] * 2
    assert a.store.record("t", UUID(int=1)) is not None
    for site, name in ((a, "b"), (b, "a")):
        assert site.store.partner(name).version == PROTOCOL_VERSION
        assert site.store.partner(name).capabilities == CAPABILITIES
    assert (a.station.busy, b.station.busy) == (False, False)


def test_a_call_in_short_for_another_station_is_noise(sites: tuple[Site, Site, Site]) -> None:
    a, b, c = sites
    for site in (b, c):
        a.know(site, str(site.store.station))
        site.know(a, "a")
        _converse(site, a, site.call("a"), 1.0)
    over = b.call("a", 50.0)
    assert [kind_of(frame) for frame in over.frames] == [Kind.CALL]
    c.events.clear()
    assert c.hear(over, 51.0) is None
    assert (c.station.busy, c.events) == (False, [])


@pytest.mark.parametrize("who", ["caller", "called"])
def test_a_call_in_short_after_an_epoch_began_anew_is_noise_and_a_hello_settles_it(
    sites: tuple[Site, Site, Site], who: str
) -> None:
    a, b, _ = sites
    a.know(b, "b")
    b.know(a, "a")
    b.store.edit([Edit("t", UUID(int=1), {"n": "b"})])
    _converse(b, a, b.call("a"), 1.0)
    changed, name = (b, "a") if who == "caller" else (a, "b")
    changed.store.rewind(changed.store.partner(name), 0)
    assert a.hear(b.call("a", 50.0), 51.0) is None
    assert not a.station.busy
    due = b.station.next_deadline
    assert due is not None
    b.station.handle_timer(now=due)
    over = b.station.poll_over(now=due)
    assert over is not None
    assert [kind_of(frame) for frame in over.frames] == [Kind.HELLO]
    _converse(b, a, over, due + 1)
    assert a.outcomes()[-1] is Outcome.COMPLETE
