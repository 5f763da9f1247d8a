"""A pool of stations with real stores: what its traffic is made of, and what of it all of them share."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from uuid import UUID

import pytest

from radiosync.errors import UsageError
from radiosync.link.contact import State
from radiosync.link.events import ContactEnded, Outcome
from radiosync.link.pool import hear_round
from radiosync.link.timing import timing_of
from radiosync.profiles.airtime import Airtime
from radiosync.records.edit import Edit
from radiosync.store import Store
from radiosync.sync.ports import Direction, Job, Partner
from radiosync.sync.station import ContactEvent, Station
from radiosync.wire.ax25 import Address
from radiosync.wire.frames import TURN_BYTES
from radiosync.wire.framing import KissAx25Framing
from radiosync.wire.seal import Format, open_envelope

_SLOW = Airtime.of("kiss-tnc", 1200, key_up_s=0.5, max_frame_bytes=256, longest_over_s=30)
_FAST = Airtime.of("kiss-tnc", 9600, key_up_s=0.1, max_frame_bytes=256, longest_over_s=30)
_JOBS = (Job("all"),)


class Circle:
    """A speaker and its listeners, all of whom hear everything.

    Attributes:
        formats: of all transfers that were on their way.
    """

    def __init__(self, stores: list[Store], airtime: Airtime) -> None:
        self.stores = stores
        self.timing = timing_of(airtime, KissAx25Framing(Address.parse("A"), Address.parse("QST")))
        self.now = 0.0
        self.formats: set[Format] = set()
        speaker, *listeners = stores
        members = [speaker.add_partner(f"s{at}", each.station) for at, each in enumerate(listeners, 1)]
        speaker.add_pool("all", members)
        for each in listeners:
            each.join_pool("all", each.add_partner("s0", speaker.station))

    @property
    def pool(self) -> Partner:
        """As the speaker knows it."""
        return self.stores[0].partner("all")

    def contact(self) -> int:
        """One contact, by new processes on all stores. How many overs the speaker needed."""
        speaker, *listeners = map(self.station, self.stores)
        speaker.call(self.pool, now=self.now)
        for overs in range(30):
            over = speaker.poll_over(now=self.now)
            if over is None:
                return overs
            unconfirmed = self.stores[0].unconfirmed(self.pool)
            self.formats |= {open_envelope(transfer.data).format for transfer in unconfirmed}
            answers = {
                store.station[:TURN_BYTES]: self.answer(listener, over.frames)
                for store, listener in zip(self.stores[1:], listeners, strict=True)
            }
            for turn in self._turns(over.frames[0]):
                for frame in answers[turn]:
                    speaker.receive_frame(frame, now=self.now)
            if speaker.next_deadline is not None:
                self.now = speaker.next_deadline
                speaker.handle_timer(now=self.now)
        raise AssertionError("no end")

    def station(self, store: Store) -> Station:
        return Station(store, self.timing, Random(1), partners=store.partners, jobs=lambda _: _JOBS)

    def _turns(self, frame: bytes) -> tuple[bytes, ...]:
        heard = hear_round(frame, self.pool.station)
        assert heard is not None
        return heard[0].turns

    def answer(self, listener: Station, frames: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """What a listener says to an over."""
        for frame in frames:
            listener.receive_frame(frame, now=self.now)
        contact = listener.contact
        if contact is not None and contact.state is State.HEARING and contact.next_deadline is not None:
            listener.handle_timer(now=contact.next_deadline)
        said = listener.poll_over(now=self.now)
        return () if said is None else said.frames

    @property
    def identical(self) -> bool:
        """True if all stores have the same content."""
        return len({each.content_digest() for each in self.stores}) == 1


@contextmanager
def circle(listeners: int = 2, airtime: Airtime = _SLOW) -> Iterator[Circle]:
    with ExitStack() as opened:
        dice = Random(7)
        stores = [
            opened.enter_context(Store.open(":memory:", durable=False, make_identity=dice.randbytes))
            for _ in range(listeners + 1)
        ]
        yield Circle(stores, airtime)


def edits(count: int, again: int = 0) -> list[Edit]:
    """Edits of the same records each time."""
    return [
        Edit(
            "shelter", UUID(int=number + 1), {"name": f"Shelter {number}", "people": str(again * 7 + number)}
        )
        for number in range(count)
    ]


def test_a_slow_pool_takes_the_compact_codec_from_the_first_batch_on() -> None:
    """Nobody has been heard yet: whoever listens to a pool can read it."""
    with circle() as found:
        for again in range(4):
            found.stores[0].edit(edits(20, again))
            assert found.contact() <= 2
            assert found.identical
        assert found.formats == {Format.COMPACT}


def test_a_fast_pool_takes_the_fast_codec() -> None:
    with circle(airtime=_FAST) as found:
        found.stores[0].edit(edits(20))
        found.contact()
        assert found.identical
        assert found.formats <= {Format.STORED, Format.ZSTD}


def test_a_batch_builds_on_what_all_members_share() -> None:
    with circle(3) as found:
        sizes = []
        for again in range(3):
            found.stores[0].edit(edits(20, again))
            sealed = found.stores[0].outbound(found.pool).sealed
            found.contact()
            out = found.stores[0].outbound(found.pool)
            assert out.confirmed == out.sealed == sealed + 1
            ours = found.stores[0].context(found.pool, Direction.OUT, out.sealed)
            for each in found.stores[1:]:
                theirs = each.context(each.partner("all"), Direction.IN, out.sealed)
                assert (theirs.version, theirs.digest) == (ours.version, ours.digest)
            sizes.append(found.stores[1].status(found.stores[1].partner("all"), _JOBS).changes_applied)
        assert sizes == [20, 40, 60]


def test_a_pool_and_contacts_of_two_do_not_disturb_each_other() -> None:
    with circle() as found:
        speaker, ben, carla = found.stores
        speaker.edit(edits(10))
        found.contact()
        ben.edit([Edit("shelter", UUID(int=99), {"name": "ben's"})])
        caller, called = found.station(ben), found.station(speaker)
        caller.call(ben.partner("s0"), now=found.now)
        for _ in range(10):
            for end, other in ((caller, called), (called, caller)):
                found.now += 60
                over = end.poll_over(now=found.now)
                for frame in over.frames if over else ():
                    other.receive_frame(frame, now=found.now + 30)
        assert not caller.busy
        assert speaker.record("shelter", UUID(int=99)) is not None
        found.contact()
        assert found.identical
        assert carla.record("shelter", UUID(int=99)) is not None


def test_who_missed_nothing_but_the_bye_was_in_a_complete_contact() -> None:
    """The next one of the speaker ends it. That is no reason to take it for broken off."""
    with circle(1) as found:
        ben = found.station(found.stores[1])
        for again in range(3):
            found.stores[0].edit(edits(5, again))
            speaker = found.station(found.stores[0])
            speaker.call(found.pool, now=found.now)
            over = speaker.poll_over(now=found.now)
            assert over is not None
            for frame in found.answer(ben, over.frames):
                speaker.receive_frame(frame, now=found.now)
            found.now += 60  # The bye is lost.
        events = [event.event for event in ben.poll_events() if isinstance(event, ContactEvent)]
        ends = [event.outcome for event in events if isinstance(event, ContactEnded)]
        assert ends == [Outcome.COMPLETE] * 2


def test_a_pool_is_called_by_its_speaker_alone() -> None:
    with circle() as found:
        ben = found.stores[1]
        with pytest.raises(UsageError, match="a pool that we only listen to"):
            found.station(ben).call(ben.partner("all"), now=0.0)
