"""The air between stations: who hears what, when, and how damaged.

Stations key, send signals and unkey; the channel hands each signal to every station that hears the sender.
Modems decide when to do so (`modem.py`), bit errors come from `fading.py`.
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil, inf
from typing import Final

from radiosync_sim.errors import SimulationError
from radiosync_sim.fading import Fading
from radiosync_sim.faults import Outage
from radiosync_sim.others import OTHERS, Others
from radiosync_sim.scenario import Scenario
from radiosync_sim.world import World

_CARRIERS_KEPT: Final = 32
"""Past transmissions remembered for each station, to find overlaps. A signal that overlaps an older one has
all the newer ones inside it as well, but for those keyed after its end and before its arrival; that many
never fit into a propagation delay."""

_SLACK: Final = 1e-6
"""Bytes. Sums of times may miss the border between two bytes by a rounding error."""

Receiver = Callable[[bytes], None]
"""Takes what a station hears: a whole frame, or a stretch of a byte stream."""


@dataclass(slots=True)
class Counters:
    """What one station put on the air, and what became of it.

    Attributes:
        bytes_sent: bytes transmitted: sync words, AX.25 header and FCS included, flags, stuffing and
            preamble not.
        frames_sent: checked frames transmitted. A transparent modem knows no frames.
        frames_lost: for each station that should have heard, checked frames that did not reach it whole.
        bytes_refused: bytes from the host that the modem did not take: a frame too long, or no room for it.
        overs: transmissions, from key down to key up.
        airtime_s: seconds with the key down, key-up delay and tail included.
        longest_over_s: longest transmission, from its first bit to its last.
    """

    bytes_sent: int = 0
    frames_sent: int = 0
    frames_lost: dict[str, int] = field(default_factory=dict)
    bytes_refused: int = 0
    overs: int = 0
    airtime_s: float = 0.0
    longest_over_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Signal:
    """Bytes on the air.

    Attributes:
        sender: name of the station.
        payload: the bytes.
        start_at: instant of the first bit at the sender.
        end_at: instant after the last bit at the sender.
        checked: a frame with a checksum, which arrives whole or not at all; else a stretch of a byte stream.
    """

    sender: str
    payload: bytes
    start_at: float
    end_at: float
    checked: bool


@dataclass(slots=True)
class _Carrier:
    """The key of a station is down, from one instant to another."""

    on_at: float
    off_at: float = inf


@dataclass(slots=True)
class _Station:
    receive: Receiver | None
    counters: Counters = field(default_factory=Counters)
    carriers: deque[_Carrier] = field(default_factory=lambda: deque(maxlen=_CARRIERS_KEPT))
    on_free: Callable[[], None] | None = None


class Channel:
    """One frequency (or one pair of frequencies, on full duplex) and the stations on it."""

    def __init__(
        self, world: World, scenario: Scenario, hearing: Mapping[str, Collection[str]] | None = None
    ) -> None:
        """A channel of `scenario` in `world`.

        `hearing` names for each station those that it hears. Without it everybody hears everybody. A
        station that it does not name hears nobody. The strangers of the scenario are heard everywhere and hear
        everybody. Where in its period an outage that comes again stands at first is left to chance.
        """
        self.world: Final = world
        self.scenario: Final = scenario
        self._hearing = hearing
        self._stations: dict[str, _Station] = {}
        self._fadings: dict[tuple[str, str], Fading] = {}
        self._outages = [self._begun(outage) for outage in scenario.outages]
        if scenario.others is not None:
            Others(self, scenario.others)

    # stations

    def join(self, station: str, receive: Receiver | None) -> Counters:
        """Put a station on the channel; `receive` gets all that it hears, None if nobody cares. Returns its counters,
        which live on.

        Raises:
            SimulationError: the name is taken.
        """
        if station in self._stations:
            raise SimulationError(f"two stations are called {station!r}")
        self._stations[station] = _Station(receive)
        return self._stations[station].counters

    @property
    def counters(self) -> Mapping[str, Counters]:
        """The counters of each station, by name."""
        return {name: station.counters for name, station in self._stations.items()}

    def hears(self, hearer: str, sender: str) -> bool:
        """Whether the matrix lets `hearer` hear `sender`."""
        return hearer != sender and (
            self._hearing is None or OTHERS in (hearer, sender) or sender in self._hearing.get(hearer, ())
        )

    # sending

    def key(self, station: str) -> None:
        """The carrier of `station` comes up. Must be down."""
        self._stations[station].carriers.append(_Carrier(self.world.now))
        self._stations[station].counters.overs += 1

    def unkey(self, station: str) -> None:
        """The carrier of `station` drops. Nothing happens when it is down already."""
        if not self.is_keyed(station):
            return
        carrier = self._stations[station].carriers[-1]
        carrier.off_at = self.world.now
        self._stations[station].counters.airtime_s += carrier.off_at - carrier.on_at
        self.world.call_later(self.scenario.propagation_s, self._tell_free)

    def is_keyed(self, station: str) -> bool:
        """Whether the carrier of `station` is up."""
        carriers = self._stations[station].carriers
        return bool(carriers) and carriers[-1].off_at == inf

    def send(self, sender: str, payload: bytes, duration_s: float, *, checked: bool, air_bytes: int) -> None:
        """Send bytes that take `duration_s` from now. The key must be down.

        Each hearer gets them at the instant at which the last bit reaches it. `air_bytes` is what is
        counted as sent.
        """
        now = self.world.now
        signal = Signal(sender, payload, now, now + duration_s, checked)
        counters = self._stations[sender].counters
        counters.bytes_sent += air_bytes
        counters.frames_sent += checked
        arrival_at = signal.end_at + self.scenario.propagation_s
        for hearer, station in self._stations.items():
            if station.receive is not None and self.hears(hearer, sender):
                self.world.call_at(arrival_at, partial(self._arrive, signal, hearer))

    # carrier sense

    def busy(self, station: str) -> bool:
        """Whether `station` hears a carrier now. Its own does not count.

        A carrier that came up in this very instant is not heard yet: two that key at once collide.
        """
        now = self.world.now
        heard_at = now - self.scenario.propagation_s
        return any(
            carrier.on_at < heard_at < carrier.off_at
            for name, other in self._stations.items()
            if self.hears(station, name) and not self._outages_between(name, station, now, now)
            for carrier in other.carriers
        )

    def when_free(self, station: str, callback: Callable[[], None]) -> None:
        """Call back once, as soon as `station` hears no carrier any more. A second call replaces the
        first."""
        self._stations[station].on_free = callback
        if not self.busy(station):
            self.world.call_later(0.0, self._tell_free)

    # rules

    def add_outage(self, outage: Outage) -> None:
        """From now on this rule holds too. What is on the air when an outage begins or ends is hurt by it."""
        self._outages.append(outage)

    def cut(self, *stations: str) -> Outage:
        """Cut the path between two stations, all paths of one, or with no name every path. Ends with
        `restore`."""
        outage = Outage(self.world.now, inf, frozenset(stations))
        self.add_outage(outage)
        self._tell_free()
        return outage

    def restore(self, outage: Outage) -> None:
        """End now what `cut` began."""
        self._outages[self._outages.index(outage)] = replace(outage, until_at=self.world.now)

    # arriving

    def _arrive(self, signal: Signal, hearer: str) -> None:
        silent = self._silences(signal, hearer)
        jammed = self._collisions(signal, hearer)
        if not signal.checked:
            heard = self._damage(signal, hearer, silent, jammed)
        elif silent or jammed or self._is_lost(signal, hearer):
            lost = self._stations[signal.sender].counters.frames_lost
            lost[hearer] = lost.get(hearer, 0) + 1
            return
        else:
            heard = signal.payload
        receive = self._stations[hearer].receive
        if heard and receive is not None:
            receive(heard)

    def _is_lost(self, frame: Signal, hearer: str) -> bool:
        """Whether a checked frame meets a wrong bit or plain bad luck."""
        fading, dice = self._fading(frame.sender, hearer), self.world.random(f"loss/{frame.sender}>{hearer}")
        unlucky = [
            dice.random() < loss.share for loss in self.scenario.losses if loss.concerns(frame.sender, hearer)
        ]
        return any(unlucky) or fading.next_error_at(frame.start_at, frame.end_at) is not None

    def _damage(
        self,
        signal: Signal,
        hearer: str,
        silent: list[tuple[float, float]],
        jammed: list[tuple[float, float]],
    ) -> bytes:
        """What is left of a stretch of the stream: wrong bits are turned, jammed bytes are noise, silent
        ones missing."""
        heard = bytearray(signal.payload)
        for bit in self._fading(signal.sender, hearer).damaged_bits(signal.start_at, 8 * len(heard)):
            heard[bit // 8] ^= 0x80 >> bit % 8
        noise = self.world.random(f"noise/{hearer}")
        for span in jammed:
            for index in self._bytes_within(signal, span):
                heard[index] = noise.getrandbits(8)
        missing = {index for span in silent for index in self._bytes_within(signal, span)}
        return (
            bytes(byte for index, byte in enumerate(heard) if index not in missing)
            if missing
            else bytes(heard)
        )

    def _bytes_within(self, signal: Signal, span: tuple[float, float]) -> range:
        """Indexes of the bytes that are on the air at some moment of `span`, sender's time."""
        count = len(signal.payload)
        scale = count / (signal.end_at - signal.start_at)
        first, last = ((at - signal.start_at) * scale for at in span)
        return range(max(0, int(first + _SLACK)), min(count, ceil(last - _SLACK)))

    def _silences(self, signal: Signal, hearer: str) -> list[tuple[float, float]]:
        """When the hearer gets nothing at all: outages, and its own transmissions on half duplex."""
        spans = self._outages_between(signal.sender, hearer, signal.start_at, signal.end_at)
        if not self.scenario.airtime.full_duplex:
            spans += self._overlaps(signal, hearer, -self.scenario.propagation_s)
        return spans

    def _collisions(self, signal: Signal, hearer: str) -> list[tuple[float, float]]:
        """When the hearer hears another carrier as well."""
        return [
            span
            for other in self._stations
            if other != signal.sender and self.hears(hearer, other)
            for span in self._overlaps(signal, other, 0.0)
            if span not in self._outages_between(other, hearer, *span)  # an outage of the whole overlap
        ]

    def _overlaps(self, signal: Signal, station: str, shift_s: float) -> list[tuple[float, float]]:
        """Where the signal meets a carrier of `station` that is moved by `shift_s` against it."""
        return [
            (max(carrier.on_at + shift_s, signal.start_at), min(carrier.off_at + shift_s, signal.end_at))
            for carrier in self._stations[station].carriers
            if carrier.on_at + shift_s < signal.end_at and carrier.off_at + shift_s > signal.start_at
        ]

    def _outages_between(
        self, sender: str, hearer: str, start_at: float, end_at: float
    ) -> list[tuple[float, float]]:
        return [
            span
            for outage in self._outages
            if outage.concerns(sender, hearer)
            for span in outage.spans(start_at, end_at)
        ]

    def _begun(self, outage: Outage) -> Outage:
        if outage.every_s is None:
            return outage
        shift_s = self.world.random("outages").uniform(0, outage.every_s)
        return replace(outage, from_at=outage.from_at - shift_s, until_at=outage.until_at - shift_s)

    def _fading(self, sender: str, hearer: str) -> Fading:
        path = (sender, hearer)
        if path not in self._fadings:
            name = f"{sender}>{hearer}"
            course, errors = self.world.random(f"fading/{name}"), self.world.random(f"errors/{name}")
            self._fadings[path] = Fading(self.scenario, course, errors)
        return self._fadings[path]

    def _tell_free(self) -> None:
        for name, station in self._stations.items():
            callback = station.on_free
            if callback is not None and not self.busy(name):
                station.on_free = None
                self.world.call_later(0.0, callback)
