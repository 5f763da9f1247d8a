"""Records what real stations say to each other, and what each of them makes of it: the vectors `contacts-*.json`.

Run as a module it writes them anew; a test sees that the code still says the same, byte for byte.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from radiosync.link.timing import HOST_LATENCY_S
from radiosync.records.clock import from_milliseconds
from radiosync.records.edit import Edit
from radiosync.records.key import uuid_of_key
from radiosync.records.model import Change, Dot, Grave, Origin, Record, Seen, Stamp, Write
from radiosync.records.value import Number, Value, value_to_json
from radiosync.store import Store
from radiosync.sync.packing import Packer
from radiosync.sync.ports import Delivery, Job, Partner
from radiosync.wire.codec import Unpacked
from radiosync.wire.context import Additions
from radiosync.wire.kiss import encode_kiss
from radiosync_sim.channel import Channel
from radiosync_sim.faults import Loss
from radiosync_sim.modem import Tnc
from radiosync_sim.poolrig import POOL, PoolRig
from radiosync_sim.rig import Rig
from radiosync_sim.scenario import load_scenario
from radiosync_sim.story import tell_story
from radiosync_sim.world import World

VECTORS: Final = Path(__file__).parents[1] / "vectors"


@dataclass(frozen=True, slots=True)
class Recording:
    """What to record.

    Attributes:
        name: of the file.
        scenario: the link.
        framing: what section 3 of the protocol calls it.
        edits: of the story, in each contact.
        every_edit: each edit travels by itself.
        listeners: of a pool; without any, two stations call each other.
    """

    name: str
    scenario: str
    framing: str
    edits: int = 6
    every_edit: bool = False
    listeners: int = 0

    @property
    def path(self) -> Path:
        """The file."""
        return VECTORS / f"contacts-{self.name}.json"


RECORDINGS: Final = (
    Recording("tnc-compact", "vhf-1200", "KISS and AX.25", edits=12),
    Recording("lora-compact", "lora-sf9", "bare KISS", every_edit=True),
    Recording("stream-compact", "stream-2400", "stream"),
    Recording("stream-fast", "clean-9600", "stream", edits=12),
    Recording("pool-tnc-compact", "vhf-1200", "KISS and AX.25", edits=14, listeners=2),
)

CONTACTS: Final = 7
"""Of each recording. In the first one nobody has learnt anything, and no codec but the fast one is used."""

POOL_CONTACTS: Final = 4
"""With a pool. In the third one a listener hears nothing. Before the last one it has lost its database as well, so that
the pool begins anew."""

_LOSSES: Final = (Loss(0.15, hearer="a"), Loss(0.2, hearer="b"), Loss(0.3, hearer="c"))

_AWKWARD: Final[Mapping[str, Value]] = {
    "date": "2025-11-03",
    "when": "2025-11-03T06:06:40Z",
    "bare": "2025-11-03T06:06:40.250",
    "zone": "2025-11-03 06:06:40+05:30",
    "unknown": "1969-12-31T23:59:59-00:00",
    "no time": "2025-11-03T24:00:00Z",
    "open": True,
    "shut": False,
    "zero": Number("0"),
    "minus": Number("-17"),
    "large": Number("18446744073709551615"),
    "too large": Number("18446744073709551616"),
    "decimal": Number("12.50"),
    "below": Number("-0.05"),
    "minus zero": Number("-0"),
    "exponent": Number("6.02e23"),
    "names": "Škofja Loka, \u6771\u4eac, \u0645\u062f\u0631\u0633\u0629",
    "control": "a\u0001b\u0002\u0000c",
    "empty": "",
    "long": "The bridge at the mill is closed to trucks. " * 9,
}
_ORIGINS: Final = (Origin(b"elsewher", 1), Origin(b"far away", 7), Origin(b"elsewher", 2))
_UUIDS: Final = (
    UUID("c0ffee00-0000-4000-8000-000000000001"),
    UUID("00000000-0000-7000-9000-000000000002"),
    UUID("11111111-2222-3333-4444-555555555555"),
    UUID("c0ffee00-0000-5000-b000-000000000003"),
)


def record(what: Recording) -> dict[str, Any]:
    """Let the stations talk."""
    return _record_pool(what) if what.listeners else _record_pair(what)


def _record_pair(what: Recording) -> dict[str, Any]:
    sent: list[list[object]] = []
    batches: list[dict[str, object]] = []
    world, scenario = World(7), load_scenario(what.scenario)
    wall_ms = [1_762_150_000_000]
    with TemporaryDirectory() as folder, _opened(batches):
        jobs = (Job("all", every_edit=what.every_edit),)
        rig = Rig(world, scenario, Path(folder), jobs, wall_ms=lambda: wall_ms[0])
        elsewhere = rig.b.store.add_partner("elsewhere", _ORIGINS[0].station)
        for number, side in enumerate(rig.sides):
            side.modem.host_write = _noting(sent, number, side.modem.host_write)  # type: ignore[method-assign]
        story = list(tell_story(CONTACTS * what.edits, 11))
        for turn in range(CONTACTS):
            wall_ms[0] += 3_600_000
            rig.a.store.edit(story[turn * what.edits : (turn + 1) * what.edits])
            rig.a.store.edit(_awkward_edits(turn, 0))
            rig.b.store.edit(_awkward_edits(turn, 1))
            if turn == 4:
                rig.b.store.deliver(elsewhere, Delivery(1, _from_elsewhere(wall_ms[0]), b"", Additions()))
            if turn == 5:
                rig.b.store.rewind(rig.b.partner, 0)
            if turn == 6:
                rig.b.store.rewind(rig.b.partner, rig.b.store.outbound(rig.b.partner).confirmed)
            rig.exchange()
        assert rig.identical
        stations = [
            {"identity": side.store.origin.station.hex(), "incarnation": side.store.origin.incarnation}
            for side in rig.sides
        ]
        for side in rig.sides:
            side.store.close()
    return {"framing": what.framing, "stations": stations, "sent": sent, "batches": batches}


def _record_pool(what: Recording) -> dict[str, Any]:
    """No modem listens before it keys, and each computer takes some of the time that it may: the slots are all there is."""
    sent: list[dict[str, Any]] = []
    batches: list[dict[str, Any]] = []
    bare = replace(load_scenario(what.scenario), carrier_sense=False, losses=_LOSSES)
    scenario, wall_ms = replace(bare, jitter_s=HOST_LATENCY_S / 4), [1_762_150_000_000]
    with TemporaryDirectory() as folder, _on_air(sent), _opened_by_listeners(batches):
        rig = PoolRig(World(2), scenario, Path(folder), what.listeners, wall_ms=lambda: wall_ms[0])
        sides = list(rig.by_name.values())
        incarnations = [side.store.origin.incarnation for side in sides]
        story = list(tell_story(POOL_CONTACTS * what.edits, 12))
        for turn in range(POOL_CONTACTS):
            wall_ms[0] += 3_600_000
            rig.speaker.store.edit(story[turn * what.edits : (turn + 1) * what.edits])
            rig.speaker.store.edit(_awkward_edits(turn, 0))
            if turn == POOL_CONTACTS - 2:
                outage = rig.channel.cut(sides[-1].name)
                rig.speaker.call(POOL)
                rig.let_all_leave()
                rig.channel.restore(outage)
                continue
            if turn == POOL_CONTACTS - 1:
                sides[-1].kill()
                sides[-1].restart_empty(sides[-1].path.with_name("new.db"))
                lost = {"station": len(sides) - 1, "at": round(rig.world.now, 6)}
            rig.exchange()
            rig.let_all_leave()
        assert rig.identical
        identities = [side.store.station for side in sides]
        lost["incarnation"] = sides[-1].store.origin.incarnation
        for side in sides:
            side.store.close()
    stations = [
        {"identity": identity.hex(), "incarnation": incarnation}
        for identity, incarnation in zip(identities, incarnations, strict=True)
    ]
    air, names = scenario.airtime, list(rig.by_name)
    return {
        "framing": what.framing,
        "link": {"bit_rate": air.bit_rate, "turn": air.direction_change_s, "tail": air.tail_s},
        "pool": POOL,
        "stations": stations,
        "lost": [lost],
        "sent": [
            [names.index(by), begin, end, sorted(map(names.index, heard)), encode_kiss(data).hex()]
            for by, begin, end, heard, data in (frame.values() for frame in sent)
        ],
        "batches": [{**batch, "by": identities.index(batch["by"])} for batch in batches],
    }


def _awkward_edits(turn: int, side: int) -> Iterator[Edit]:
    """Values of all classes, conflicts, deletes against edits, and second lives."""
    names = list(_AWKWARD)
    first, second, third, fourth = _UUIDS
    match turn, side:
        case 0, _:
            pass
        case 1, 0:
            yield Edit("awkward", first, _AWKWARD)
            yield Edit("awkward", third, {})
            yield Edit("list", uuid_of_key("list", ["A-1"]), {"no": "A-1", "item": "tent"})
            yield Edit("list", uuid_of_key("list", ["A-2"]), {"no": "A-2", "item": "tent"})
        case 1, 1:
            yield Edit("awkward", second, {"from": "the other side", "count": Number("7")})
            beds: dict[str, Value] = {"ward": Number("4"), "bed": "12", "free": True}
            yield Edit("beds", uuid_of_key("beds", ["4", "12"]), beds)
        case 2, _:
            yield Edit("awkward", first, {**_AWKWARD, names[0]: f"2025-11-0{4 + side}", "open": False})
            yield Edit("awkward", second, {"from": "this side" * (1 + side), "count": Number("8")})
        case 3, 0:
            yield Edit("awkward", first, None)
            yield Edit("awkward", fourth, {"note": "new"}, 1_762_150_000_123)
            yield Edit("awkward", fourth, {"note": "new", "more": Number("1")}, 1_762_150_000_456)
        case 3, 1:
            yield Edit("awkward", first, {"date": "2025-11-09"})
            yield Edit("awkward", second, None)
            yield Edit("awkward", third, {"now": "it has a field"})
        case 4, 0:
            for minute in range(20):
                fields: dict[str, Value] = {f"f{at:02}": Number(str(at)) for at in range(minute)}
                yield Edit("many", third, fields, 1_762_160_000_000 + 60_000 * minute)
        case _:
            yield Edit("awkward", second, {"from": "a second life", "side": Number(str(side))})
            yield Edit("awkward", fourth, None if side else {"note": "edited", "turn": Number(str(turn))})


def _from_elsewhere(wall_ms: int) -> list[Change]:
    """What only comes by way of others: several authors, losers of conflicts, a delete that had not seen everything."""
    one, two, restored = (
        [Stamp(from_milliseconds(wall_ms + 1000 * at), Dot(origin, at)) for at in range(1, 5)]
        for origin in _ORIGINS
    )
    lost = (
        Write(two[3], "2025-11-03T06:06:40+01:00", {_ORIGINS[0]: 1}),
        Write(one[2], Number("7.25")),
        Write(restored[1], None),
        Write(one[1], Number("-3")),
    )
    writes = {
        "date": lost,
        "note": (Write(restored[2], "from a copy", {_ORIGINS[1]: 2}), Write(two[1], "a note")),
        "open": (Write(one[3], True),),
    }
    grave = Grave(one[1], {_ORIGINS[1]: 1})
    # Enough of them that every context has learnt something, so that a wrong one shows.
    alike = [Record("far", UUID(int=at), 0, {**writes, "more": lost[at % 3 :]}) for at in range(10, 18)]
    return [
        *alike,
        Record("awkward", _UUIDS[2], 0, writes),
        Record("far", UUID(int=5), 1, {"note": (Write(two[2], "alive"),)}, grave, {_ORIGINS[2]: 1}),
        Record("far", UUID(int=6), 0, {}, Grave(restored[3], {_ORIGINS[0]: 2})),
    ]


def _noting(sent: list[list[object]], number: int, write: Any) -> Any:
    def noted(data: bytes) -> None:
        sent.append([number, data.hex()])
        write(data)

    return noted


@contextmanager
def _on_air(sent: list[dict[str, Any]]) -> Iterator[None]:
    """Notes what TNCs send, when, and who hears it."""
    send, receive = Channel.send, Tnc._receive

    def noted(self: Channel, sender: str, payload: bytes, duration_s: float, **more: Any) -> None:
        now = self.world.now
        times = {"begin": round(now, 6), "end": round(now + duration_s, 6)}
        sent.append({"by": sender, **times, "heard": [], "data": payload})
        send(self, sender, payload, duration_s, **more)

    def heard(self: Tnc, data: bytes) -> None:
        assert sent[-1]["data"] == data
        sent[-1]["heard"].append(self.name)
        receive(self, data)

    with patch.object(Channel, "send", noted), patch.object(Tnc, "_receive", heard):
        yield


def _opened(batches: list[dict[str, object]]) -> Any:
    def note(store: Store, partner: Partner, number: int, changes: list[object]) -> None:
        batches.append({"from": 1 if partner.name == "b" else 0, "number": number, "changes": changes})

    return _noting_opened(note)


def _opened_by_listeners(batches: list[dict[str, Any]]) -> Any:
    def note(store: Store, partner: Partner, number: int, changes: list[object]) -> None:
        batches.append({"by": store.station, "number": number, "changes": changes})

    return _noting_opened(note)


def _noting_opened(note: Any) -> Any:
    opened = Packer.open

    def noted(self: Packer, partner: Partner, number: int, data: bytes) -> tuple[Unpacked, bytes | None]:
        read = opened(self, partner, number, data)
        note(self._store, partner, number, [change_to_json(change) for change in read[0].changes])
        return read

    return patch.object(Packer, "open", noted)


def change_to_json(change: Change) -> dict[str, object]:
    """A change as plain JSON."""
    return {
        "table": change.table,
        "uuid": str(change.uuid),
        "life": change.life,
        "past": _seen(change.past),
        "writes": {
            name: [
                {
                    **_stamp(write.stamp),
                    "value": None if write.value is None else value_to_json(write.value),
                    "over": _seen(write.over),
                }
                for write in siblings
            ]
            for name, siblings in sorted(change.writes.items())
        },
        "grave": change.grave and {**_stamp(change.grave.stamp), "seen": _seen(change.grave.seen)},
    }


def _stamp(stamp: Stamp) -> dict[str, object]:
    return {
        "time": stamp.time,
        "origin": stamp.dot.origin.station.hex(),
        "incarnation": stamp.dot.origin.incarnation,
        "sequence": stamp.dot.sequence,
    }


def _seen(seen: Seen) -> list[list[object]]:
    return [[origin.station.hex(), origin.incarnation, sequence] for origin, sequence in sorted(seen.items())]


def to_text(recorded: Mapping[str, Any]) -> str:
    """As it stands in the file: a line each for what was sent and for what was read."""
    parts = (
        f'"{name}": [\n{_lines(part)}\n]' if isinstance(part, list) else f'"{name}": {json.dumps(part)}'
        for name, part in recorded.items()
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(items: Any) -> str:
    return ",\n".join(json.dumps(item, ensure_ascii=True) for item in items)


def main() -> None:
    for what in RECORDINGS:
        what.path.write_text(to_text(record(what)))
        sys.stdout.write(f"{what.path.name}\n")


if __name__ == "__main__":
    main()
