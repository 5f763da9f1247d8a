"""One run of a scenario: real changes, or plain bytes, across a simulated link, and what that cost."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from radiosync.records.edit import Edit
from radiosync.sync.ports import Job
from radiosync_sim.channel import Channel
from radiosync_sim.payloadrig import PayloadRig
from radiosync_sim.rig import Exchange, Rig
from radiosync_sim.scenario import Scenario, load_scenario
from radiosync_sim.split import Split, divide
from radiosync_sim.world import World

MAX_STEPS = 20_000_000
"""Events in one run. A year of radio takes fewer; a run that reaches this is going round in circles."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What to run.

    Attributes:
        scenario: name of the scenario, or path of a file.
        edits: the stream, in order of time; ignored with `payload`.
        stream: what the stream is called.
        payload: bytes that cannot be compressed, to be sent in one contact instead of records.
        both_ways: the other side has as many bytes for us.
        contact: edits between two contacts.
        warm: share of the edits that has been synced before the run begins.
        every_edit: each edit travels by itself instead of the net effect.
        split: divide the edits between both stations.
        seed: of everything that is left to chance; None for the scenario's.
    """

    scenario: str
    edits: Sequence[Edit] = ()
    stream: str = ""
    payload: int | None = None
    both_ways: bool = False
    contact: int = 20
    warm: float = 0.0
    every_edit: bool = False
    split: Split | None = None
    seed: int | None = None

    @property
    def windows(self) -> list[Sequence[Edit]]:
        """The edits between two contacts."""
        return [self.edits[at : at + self.contact] for at in range(0, len(self.edits), self.contact)]


class Wall:
    """The wall clock of a run: the time of the edit that was made last."""

    def __init__(self) -> None:
        self._now_ms = 0

    def __call__(self) -> int:
        """Milliseconds since 1970."""
        return self._now_ms

    def pass_by(self, edits: Sequence[Edit]) -> None:
        """These edits are made now."""
        self._now_ms = max((edit.wall_ms or 0 for edit in edits), default=self._now_ms)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run cost. The names are those of the JSON object.

    Attributes:
        stream, scenario, seed: what was run.
        edits: edits made after the warm part.
        changes: changes that travelled.
        contacts: exchanges that were planned; calls beyond these are `resumes`.
        payload_bytes: sealed batches, after compression.
        bytes_on_air: all bytes that modems transmitted, by direction: sync words, AX.25 header and FCS included,
            flags and preamble not.
        bytes_a_change: all bytes on air for each change; None if there was none.
        airtime_s: time that one of the two keys was down.
        airtime_a_change_s: the same for each change; None if there was none.
        elapsed_s: virtual time from the first hello to the last bye, pauses between calls included.
        utilisation: payload bits, both ways together, over bit rate and elapsed time.
        utilisation_each: the same by direction.
        frames_sent, frames_lost: of modems that know frames.
        overs: of both sides.
        pieces_repeated: pieces that came although the receiver had them.
        resumes: calls that went on where a contact had broken off.
        identical: the two stores have the same content, or the payload arrived as it was.
    """

    stream: str
    scenario: str
    seed: int
    edits: int
    changes: int
    contacts: int
    payload_bytes: int
    bytes_on_air: dict[str, int]
    bytes_a_change: float | None
    airtime_s: float
    airtime_a_change_s: float | None
    elapsed_s: float
    utilisation: float
    utilisation_each: dict[str, float]
    frames_sent: int
    frames_lost: int
    overs: int
    pieces_repeated: int
    resumes: int
    identical: bool


def run_scenario(
    options: RunOptions, on_contact: Callable[[int, int, float], None] | None = None
) -> RunResult:
    """Run a scenario to its end.

    `on_contact` is called after each contact with how many are done, how many there will be, and the virtual time.

    Raises:
        SimulationError: the scenario is unknown, or the run does not come to an end.
    """
    scenario = load_scenario(options.scenario)
    world = World(scenario.seed if options.seed is None else options.seed, max_steps=MAX_STEPS)
    if options.payload is not None:
        return _run_payload(options, options.payload, scenario, world)
    with tempfile.TemporaryDirectory(prefix="radiosync-sim-") as folder:
        return _Run(options, scenario, world, Path(folder)).run(on_contact or (lambda done, total, now: None))


class _Run:
    """A run of records."""

    def __init__(self, options: RunOptions, scenario: Scenario, world: World, folder: Path) -> None:
        self._options, self._scenario, self._world = options, scenario, world
        jobs = (Job("all", every_edit=options.every_edit),)
        self._wall = Wall()
        self._rig = Rig(world, scenario, folder, jobs, wall_ms=self._wall)

    def run(self, on_contact: Callable[[int, int, float], None]) -> RunResult:
        rig, edits, windows = self._rig, self._options.edits, self._options.windows
        # The yardstick measures every contact that begins at or behind this edit.
        start = int(len(edits) * self._options.warm)
        warm = sum(1 for at in range(0, len(edits), self._options.contact) if at < start)
        for window in windows[:warm]:
            self._write(window)
            rig.exchange_directly()
        before = self._sealed()
        exchanges: list[Exchange] = []
        for done, window in enumerate(windows[warm:], 1):
            self._write(window)
            exchanges.append(rig.exchange())
            on_contact(done, len(windows) - warm, self._world.now)
        pairs = zip(self._sealed(), before, strict=True)
        sealed = [(now[0] - then[0], now[1] - then[1]) for now, then in pairs]
        result = _measure(
            rig.channel,
            self._options,
            edits=sum(map(len, windows[warm:])),
            changes=sum(changes for _, changes in sealed),
            payloads=[size for size, _ in sealed],
            exchanges=exchanges,
            identical=rig.identical,
        )
        for side in rig.sides:
            side.store.close()
        return result

    def _sealed(self) -> list[tuple[int, int]]:
        """Bytes and changes that either side has sealed so far."""
        return [(side.store.sealed_bytes, side.store.sealed_changes) for side in self._rig.sides]

    def _write(self, window: Sequence[Edit]) -> None:
        sides = self._rig.sides
        self._wall.pass_by(window)
        divided = divide(window, self._options.split, (sides[0].store, sides[1].store))
        for side, edits in zip(sides, divided, strict=True):
            side.store.edit(edits)


def _run_payload(options: RunOptions, size: int, scenario: Scenario, world: World) -> RunResult:
    """Bytes that are no records. A contact that breaks off is followed by another call."""
    back = world.random("payload back").randbytes(size if options.both_ways else 0)
    rig = PayloadRig(world, scenario, world.random("payload").randbytes(size), back)
    exchange = rig.exchange()
    return _measure(
        rig.channel,
        options,
        edits=0,
        changes=0,
        payloads=rig.sent_bytes,
        exchanges=[exchange],
        identical=rig.identical,
    )


def _measure(
    channel: Channel,
    options: RunOptions,
    *,
    edits: int,
    changes: int,
    payloads: Sequence[int],
    exchanges: Sequence[Exchange],
    identical: bool,
) -> RunResult:
    world, scenario = channel.world, channel.scenario
    counters = [channel.counters[name] for name in "ab"]
    on_air, airtime_s = sum(each.bytes_sent for each in counters), sum(each.airtime_s for each in counters)
    there, back = (
        payload * 8 / (scenario.airtime.bit_rate * world.now) if world.now else 0.0 for payload in payloads
    )
    return RunResult(
        stream=options.stream or ("payload" if options.payload is not None else "edits"),
        scenario=scenario.name,
        seed=world.seed,
        edits=edits,
        changes=changes,
        contacts=len(exchanges),
        payload_bytes=sum(payloads),
        bytes_on_air={"a_to_b": counters[0].bytes_sent, "b_to_a": counters[1].bytes_sent},
        bytes_a_change=round(on_air / changes, 2) if changes else None,
        airtime_s=round(airtime_s, 3),
        airtime_a_change_s=round(airtime_s / changes, 3) if changes else None,
        elapsed_s=round(world.now, 3),
        utilisation=round(there + back, 4),
        utilisation_each={"a_to_b": round(there, 4), "b_to_a": round(back, 4)},
        frames_sent=sum(counter.frames_sent for counter in counters),
        frames_lost=sum(sum(counter.frames_lost.values()) for counter in counters),
        overs=sum(exchange.overs for exchange in exchanges),
        pieces_repeated=sum(exchange.repeated_pieces for exchange in exchanges),
        resumes=sum(exchange.calls - 1 for exchange in exchanges),
        identical=identical,
    )
