"""Two stations with real stores on a slow line, where batches go in the compact codec once they have met."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from uuid import UUID

from radiosync.link.events import ContactEnded, Outcome
from radiosync.records.edit import Edit
from radiosync.store import Store
from radiosync.sync.ports import Direction, Draft, Job, Partner, SealedTransfer
from radiosync.sync.station import ContactEvent, Station
from radiosync.wire.seal import Format, open_envelope
from tests.link.line import VHF, Fate, Line, unharmed

_JOBS = (Job("all"),)
_RECORDS = 30


class Site:
    """A station and its store, with one partner.

    Attributes:
        sealed: how many batches were sealed in each format.
    """

    def __init__(self, number: int, clock: Callable[[], int]) -> None:
        parts = iter([bytes([number]) * 8, number.to_bytes(4, "big")])
        self.store = Store.open(
            ":memory:", durable=False, clock=clock, make_identity=lambda size: next(parts)[:size]
        )
        self.sealed: Counter[Format] = Counter()
        self._seal, self.store.seal = self.store.seal, self._watched_seal  # type: ignore[method-assign]
        self.station = Station(
            self.store, VHF, Random(number), partners=self.store.partners, jobs=lambda _: _JOBS
        )

    @property
    def partner(self) -> Partner:
        return self.store.partners()[0]

    @property
    def taught(self) -> bytes | None:
        """The model as our newest batch has left it."""
        return self.model_out(self.store.outbound(self.partner).sealed)

    @property
    def learnt(self) -> bytes | None:
        """The model as the newest batch that has come in has left it."""
        return self.model_in(self.store.inbound(self.partner).through)

    def model_out(self, version: int) -> bytes | None:
        """What a batch of ours would build on."""
        return self.store.model(self.partner, Direction.OUT, version)

    def model_in(self, version: int) -> bytes | None:
        """What we would read a batch with."""
        return self.store.model(self.partner, Direction.IN, version)

    def write(self, random: Random, count: int) -> None:
        """Edits as they are: the same few fields of the same few records."""
        for _ in range(count):
            fields = {"name": f"School {random.randrange(1000)}", "beds": str(random.randrange(9) * 10)}
            self.store.edit([Edit("shelter", UUID(int=random.randrange(_RECORDS)), fields)])

    def outcomes(self) -> list[Outcome]:
        """How each contact ended since this was asked for."""
        events = [event.event for event in self.station.poll_events() if isinstance(event, ContactEvent)]
        return [event.outcome for event in events if isinstance(event, ContactEnded)]

    def _watched_seal(self, partner: Partner, draft: Draft) -> SealedTransfer:
        self.sealed[open_envelope(draft.data).format] += 1
        return self._seal(partner, draft)


class SlowPair:
    """The two of them, and the line that they share: each contact is a fresh one at a later time."""

    def __init__(self) -> None:
        self.sites = Site(1, self._clock), Site(2, self._clock)
        a, b = self.sites
        a.store.add_partner("b", b.store.station)
        b.store.add_partner("a", a.store.station)
        self.line = Line([a.station, b.station], VHF)

    def _clock(self) -> int:
        return 1_700_000_000_000 + int(1000 * self.line.now)

    def call(self, side: int = 0, fate: Fate = unharmed) -> Line:
        """One contact, until both sides have done with it."""
        self.line.fate = fate
        caller = self.sites[side]
        caller.station.call(caller.partner, now=self.line.now)
        self.line.run(until=self.line.now + 40_000)
        assert not any(site.station.busy for site in self.sites)
        return self.line

    @property
    def equal(self) -> bool:
        """True if both have the same records."""
        a, b = self.sites
        return a.store.content_digest() == b.store.content_digest()

    @property
    def epochs(self) -> list[int]:
        """Of what goes out of either side: one more each time that it had to begin anew."""
        return [site.store.outbound(site.partner).epoch for site in self.sites]


@contextmanager
def slow_pair() -> Iterator[SlowPair]:
    """A pair that has met and shares a few records."""
    pair = SlowPair()
    try:
        for place, site in enumerate(pair.sites):
            site.write(Random(place), 6)
        pair.call()
        assert pair.equal
        for site in pair.sites:
            site.outcomes()
            site.sealed.clear()
        yield pair
    finally:
        for site in pair.sites:
            site.store.close()
