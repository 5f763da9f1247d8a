"""Whole stations for tests: a store, a config and a gateway on a simulated modem, in virtual time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from radiosync.config import Config, Link
from radiosync.gateway.gateway import Gateway
from radiosync.gateway.report import GatewayEvent
from radiosync.profiles.model import Profile
from radiosync.records.edit import Edit
from radiosync.store import Store
from radiosync.transports.memory import MemoryTransport
from radiosync_sim.channel import Channel
from radiosync_sim.modem import attach_modem
from radiosync_sim.scenario import load_scenario
from radiosync_sim.world import World

EPOCH_MS = 1_790_000_000_000

PROFILES = {
    "kiss-tnc": 'profile = "kiss-tnc"\nkey_up_s = 0.5\nturn_s = 0\ntail_s = 0',
    "transparent": 'profile = "transparent"\nturn_s = 0\ntail_s = 0',
}


class WorldClock:
    """The clock of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.now

    def wall_ms(self) -> int:
        return EPOCH_MS + round(self._world.now * 1000)


@dataclass
class Site:
    """A station: what its gateway needs, and what it told."""

    name: str
    config: Config
    store: Store
    port: MemoryTransport
    clock: WorldClock
    world: World
    events: list[GatewayEvent] = field(default_factory=list)

    def gateway(self) -> Gateway:
        gateway = Gateway(
            self.config,
            self.store,
            clock=self.clock,
            open_transport=self._transport,
            random=self.world.random(f"gateway/{self.name}"),
        )
        gateway.subscribe(self.events.append)
        return gateway

    def _transport(self, link: Link, profile: Profile) -> MemoryTransport:
        assert link.port == self.port.name
        assert profile.id == link.profile
        return self.port

    def told(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


def config_for(name: str, profile: str, extra: str = "", *, bit_rate: int, port: str = "") -> Config:
    ssid, port = {"a": 1, "b": 2}[name], port or f"/dev/{name}"
    text = f"""
        [station]
        name = "{name}"
        callsign = "N0CALL-{ssid}"
        service = "amateur"

        [link.radio]
        port = "{port}"
        bit_rate = {bit_rate}
        {PROFILES[profile]}
        {extra}
        """
    return Config.parse(text, f"{name}.toml")


@contextmanager
def two_sites(
    folder: Path, world: World, scenario: str = "vhf-1200", *, extra: str = ""
) -> Iterator[tuple[Site, Site]]:
    """Stations a and b, who know each other."""
    loaded = load_scenario(scenario)
    channel = Channel(world, loaded)
    sites = []
    for name in ("a", "b"):
        clock = WorldClock(world)
        dice = world.random(f"identity/{name}")
        store = Store.open(
            folder / f"{name}.db", clock=clock.wall_ms, make_identity=dice.randbytes, durable=False
        )
        modem = attach_modem(channel, name)
        port = MemoryTransport(f"/dev/{name}", modem.host_write)
        modem.on_host_bytes = port.on_host_bytes
        config = config_for(name, loaded.airtime.kind, extra, bit_rate=int(loaded.airtime.bit_rate))
        sites.append(Site(name, config, store, port, clock, world))
    a, b = sites
    a.store.add_partner("b", b.store.station, "N0CALL-2")
    b.store.add_partner("a", a.store.station, "N0CALL-1")
    try:
        yield a, b
    finally:
        a.store.close()
        b.store.close()


def shelters(store: Store, count: int, *, start: int = 0, capacity: int = 40) -> None:
    """Edit some shelters."""
    store.edit(
        Edit(
            "shelter",
            UUID(int=number + 1),
            {
                "name": f"School {number}",
                "status": "open" if number % 3 else "full",
                "capacity": str(capacity + number),
                "contact": f"Warden {number * 7 % 31}, tent {number % 5}",
            },
            wall_ms=EPOCH_MS - 86_400_000 + number * 60_000,
        )
        for number in range(start, start + count)
    )
