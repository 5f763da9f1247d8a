"""The newcomer's three minutes: a field station, base camp, a bad radio, a cut link, a killed process, and equal stores.

Everything is real but the radio: the stores are databases on disk, the frames are those that a modem would get. `run_demo`
tells what happens by calling `on_event`; the command draws it.
"""

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from radiosync.link.events import Outcome, Progress
from radiosync.records.edit import Edit
from radiosync.records.value import text_form
from radiosync.sync.ports import Job
from radiosync.sync.station import ContactEvent, StationEvent
from radiosync_sim.rig import Rig
from radiosync_sim.run import MAX_STEPS
from radiosync_sim.scenario import load_scenario
from radiosync_sim.world import World

SCENARIO = "vhf-1200"
DEMO_EDITS = 1000
"""Edits of the made-up story."""
LATER_CONTACTS = 5
"""Contacts after the first one; an eighth of the edits is kept for them."""

_CUT_SHARE = 0.6
_KILL_SHARE = 0.85


class Turn(Enum):
    """A turn of the story."""

    CALL = "call"
    CUT = "cut"
    DROPPED = "dropped"
    MENDED = "mended"
    KILLED = "killed"
    RESTARTED = "restarted"
    IN_STEP = "in-step"


@dataclass(frozen=True, slots=True)
class DemoTurn:
    """Something happened.

    Attributes:
        turn: what.
        at_s: virtual time.
        progress: how far the field station's traffic has come, if it is known.
    """

    turn: Turn
    at_s: float
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class DemoTick:
    """A virtual second has passed.

    Attributes:
        at_s: virtual time.
        on_air: "a" or "b", whose key is down, or None.
        progress: how far the field station's traffic has come, if it is known.
    """

    at_s: float
    on_air: str | None
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class LaterContact:
    """One of the small contacts of the following days is complete.

    Attributes:
        number: from 1.
        edits: made before it.
        changes: that travelled.
        bytes_on_air: all bytes of both modems.
        elapsed_s: from hello to bye.
    """

    number: int
    edits: int
    changes: int
    bytes_on_air: int
    elapsed_s: float


DemoEvent: TypeAlias = DemoTurn | DemoTick | LaterContact


@dataclass(frozen=True, slots=True)
class Cost:
    """What a number of changes cost.

    Attributes:
        changes: that travelled.
        bytes_on_air: all bytes of both modems, headers included, without `unheard_bytes`.
        unheard_bytes: bytes that were sent while the link was cut or the other process was dead.
        gzip_csv_bytes: the full rows of the same changes as CSV, gzip -9, a file for each contact; without any transport.
        elapsed_s: virtual time, waiting for a broken link included.
    """

    changes: int
    bytes_on_air: int
    unheard_bytes: int
    gzip_csv_bytes: int
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class DemoResult:
    """How it ended.

    Attributes:
        records: living records at base camp, by table.
        first, later: cost of the first contact, and of all later ones.
        repeated_pieces: pieces sent although base camp had stored them.
        repeated_bytes: the same in bytes.
        airtime_s: virtual seconds with a key down.
        resumes: calls that went on where a contact had broken off.
        identical: both stores have the same content.
    """

    records: dict[str, int]
    first: Cost
    later: Cost
    repeated_pieces: int
    repeated_bytes: int
    airtime_s: float
    resumes: int
    identical: bool


def run_demo(edits: Sequence[Edit], seed: int, on_event: Callable[[DemoEvent], None]) -> DemoResult:
    """Play the story with these edits."""
    with TemporaryDirectory(prefix="radiosync-demo-") as folder:
        return _Demo(edits, seed, Path(folder), on_event).play()


class _Demo:
    def __init__(
        self, edits: Sequence[Edit], seed: int, folder: Path, on_event: Callable[[DemoEvent], None]
    ) -> None:
        self._edits, self._on_event, self._folder = edits, on_event, folder
        self._world = World(seed, max_steps=MAX_STEPS)
        self._wall_ms = 0
        self._rig = Rig(
            self._world, load_scenario(SCENARIO), folder, (Job("all"),), wall_ms=lambda: self._wall_ms
        )
        self._progress: Progress | None = None
        self._gzip_csv_bytes = self._unheard_bytes = 0
        self._ticking = True

    def play(self) -> DemoResult:
        rig = self._rig
        per_contact = len(self._edits) // 8 // LATER_CONTACTS
        first = len(self._edits) - per_contact * LATER_CONTACTS
        first_cost, resumes = self._first_contact(self._edits[:first])
        for number in range(1, LATER_CONTACTS + 1):
            at = first + (number - 1) * per_contact
            self._later_contact(number, self._edits[at : at + per_contact])
        whole = self._cost()
        later = Cost(
            whole.changes - first_cost.changes,
            whole.bytes_on_air - first_cost.bytes_on_air,
            0,
            whole.gzip_csv_bytes - first_cost.gzip_csv_bytes,
            whole.elapsed_s - first_cost.elapsed_s,
        )
        result = DemoResult(
            records={count.name: count.alive for count in rig.b.store.tables()},
            first=first_cost,
            later=later,
            repeated_pieces=rig.b.repeated_pieces,
            repeated_bytes=rig.b.repeated_bytes,
            airtime_s=sum(counters.airtime_s for counters in rig.channel.counters.values()),
            resumes=resumes,
            identical=rig.identical,
        )
        for side in rig.sides:
            side.store.close()
        return result

    def _first_contact(self, edits: Sequence[Edit]) -> tuple[Cost, int]:
        """A first load that meets every misfortune."""
        rig = self._rig
        self._write(edits)
        rig.a.on_event = self._watch
        self._world.call_later(1.0, self._tick)
        self._call(Turn.CALL)
        self._run_to(_CUT_SHARE)
        before = self._all_bytes
        outage = rig.channel.cut()
        self._turn(Turn.CUT)
        rig.run_while(lambda: rig.a.station.busy)
        self._turn(Turn.DROPPED)
        rig.channel.restore(outage)
        self._unheard_bytes += self._all_bytes - before
        self._call(Turn.MENDED)
        self._run_to(_KILL_SHARE)
        before = self._all_bytes
        rig.b.kill()
        self._turn(Turn.KILLED)
        rig.run_while(lambda: rig.a.station.busy)
        self._unheard_bytes += self._all_bytes - before
        rig.b.restart(self._folder / "b-after.db")
        self._call(Turn.RESTARTED)
        rig.run_while(lambda: rig.a.station.busy)
        resumes = 2
        while rig.a.outcome is not Outcome.COMPLETE:
            resumes += 1
            rig.pause()
            self._call(Turn.CALL)
            rig.run_while(lambda: rig.a.station.busy)
        self._ticking = False
        self._turn(Turn.IN_STEP)
        return self._cost(), resumes

    def _later_contact(self, number: int, edits: Sequence[Edit]) -> None:
        before = self._cost()
        self._write(edits)
        self._rig.exchange()
        now = self._cost()
        changes, bytes_on_air = now.changes - before.changes, now.bytes_on_air - before.bytes_on_air
        self._on_event(
            LaterContact(number, len(edits), changes, bytes_on_air, now.elapsed_s - before.elapsed_s)
        )

    def _tick(self) -> None:
        on_air = next((side.name for side in self._rig.sides if side.modem.is_keyed), None)
        self._on_event(DemoTick(self._world.now, on_air, self._progress))
        if self._ticking:
            self._world.call_later(1.0, self._tick)

    def _write(self, edits: Sequence[Edit]) -> None:
        self._wall_ms = max((edit.wall_ms or 0 for edit in edits), default=self._wall_ms)
        known = {(record.table, record.uuid) for record in self._rig.a.store.records()}
        self._rig.a.store.edit(edits)
        last = {(edit.table, edit.uuid): edit for edit in edits}
        rows = [edit for key, edit in last.items() if edit.fields is not None or key in known]
        self._gzip_csv_bytes += _gzip_csv_bytes(rows)

    def _call(self, turn: Turn) -> None:
        self._turn(turn)
        self._rig.a.call()

    def _run_to(self, share: float) -> None:
        """Until that share of everything has arrived, most of it not confirmed, or the contact ends."""
        rig = self._rig
        rig.run_while(lambda: rig.a.station.busy and not self._has_come(share))

    def _has_come(self, share: float) -> bool:
        a, b = self._rig.sides
        come = b.store.kept_bytes >= share * a.store.sealed_bytes > 0
        return come and not a.station.mail(a.partner).has_more

    def _watch(self, event: StationEvent) -> None:
        match event:
            case ContactEvent(event=Progress() as progress):
                self._progress = progress
            case _:
                pass

    def _turn(self, turn: Turn) -> None:
        self._on_event(DemoTurn(turn, self._world.now, self._progress))

    @property
    def _all_bytes(self) -> int:
        return sum(counter.bytes_sent for counter in self._rig.channel.counters.values())

    def _cost(self) -> Cost:
        heard = self._all_bytes - self._unheard_bytes
        changes = self._rig.a.store.sealed_changes
        return Cost(changes, heard, self._unheard_bytes, self._gzip_csv_bytes, self._world.now)


def _gzip_csv_bytes(edits: Sequence[Edit]) -> int:
    """Full rows as CSV, gzip -9: what people mail today."""
    if not edits:
        return 0
    names = sorted({name for edit in edits for name in edit.fields or ()})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["table", "uuid", "deleted", *names])
    for edit in edits:
        fields = edit.fields or {}
        cells = [text_form(fields[name]) if name in fields else "" for name in names]
        writer.writerow([edit.table, edit.uuid, "" if edit.fields is not None else "yes", *cells])
    return len(gzip.compress(text.getvalue().encode(), 9))
