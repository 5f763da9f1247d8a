"""Named links and incidents: what a scenario says, and how its file is read.

A scenario is one TOML file. `docs/simulator` lists the keys; the loader refuses any that it does not know.
"""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from radiosync.profiles.airtime import MODEM_KINDS, Airtime, ModemKind
from radiosync_sim.errors import ScenarioError
from radiosync_sim.faults import Loss, OtherUsers, Outage
from radiosync_sim.table import Table

BUFFER_BYTES: Final = 64 * 1024
"""What a modem keeps for the air where a scenario says nothing. TNCs hold a few tens of kilobytes, which at
their bit rates is minutes."""

_SUFFIX: Final = ".toml"

_NO_FRAMES: Final = "a transparent modem knows no frames"


@dataclass(frozen=True, slots=True)
class ErrorState:
    """One state of the channel.

    Attributes:
        bit_error_rate: share of the bits that come out wrong while the channel is in this state, 0 to below
            1.
        mean_dwell_s: mean of the exponential time that the channel stays in it.
    """

    bit_error_rate: float
    mean_dwell_s: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """A link between stations: modem, channel and what happens to it.

    Attributes:
        name: name of the file without its ending.
        summary: one line for a person.
        seed: the seed when nobody gives one.
        airtime: the modem; `key_up_s` holds the scenario's single figure for key-up and turn.
        good: the channel's good state.
        bad: its bad state, or None when it has none.
        propagation_s: seconds from one station to another.
        carrier_sense: whether the modem itself waits for a free channel before it keys.
        buffer_bytes: what the modem keeps for the air. It drops what its host writes beyond that.
        transmission_frames: frames after which the modem unkeys, and keys again for the rest; None for no such bound.
        jitter_s: most that the way between host and modem adds to what passes, by chance, in either direction.
        outages: rules that hold from the start.
        losses: of frames, by chance.
        others: strangers on the channel, or None.
    """

    name: str
    summary: str
    seed: int
    airtime: Airtime
    good: ErrorState
    bad: ErrorState | None = None
    propagation_s: float = 0.0
    carrier_sense: bool = False
    buffer_bytes: int = BUFFER_BYTES
    transmission_frames: int | None = None
    jitter_s: float = 0.0
    outages: tuple[Outage, ...] = ()
    losses: tuple[Loss, ...] = ()
    others: OtherUsers | None = None

    @property
    def flips_bits(self) -> bool:
        """Whether any bit ever comes out wrong."""
        return self.bad is not None or self.good.bit_error_rate > 0


def scenario_names() -> list[str]:
    """Names of all scenarios that come with the simulator, sorted."""
    entries = (entry.name for entry in _scenario_directory().iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in entries if name.endswith(_SUFFIX))


def load_scenario(name: str) -> Scenario:
    """The scenario of that name. A name that ends in `.toml` is the path of a file of one's own.

    Raises:
        ScenarioError: there is no such scenario, or its file is wrong.
    """
    if name.endswith(_SUFFIX):
        return _load_file(Path(name))
    if name not in scenario_names():
        raise ScenarioError(f"no scenario is called {name!r}; there are {', '.join(scenario_names())}")
    return parse_scenario(name, (_scenario_directory() / (name + _SUFFIX)).read_text("utf-8"))


def parse_scenario(name: str, text: str) -> Scenario:
    """The scenario that the TOML in `text` describes.

    Raises:
        ScenarioError: not TOML, a key is missing or unknown, or a value makes no sense.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"scenario {name}: {error}") from None
    top = Table(f"scenario {name}", document)
    modem, radio, errors = top.table("modem"), top.table("radio"), top.table("errors")
    good, bad = errors.table("good"), errors.optional_table("bad")
    airtime = _airtime(modem, radio)
    others = top.optional_table("others")
    scenario = Scenario(
        name=name,
        summary=top.text("summary"),
        seed=top.whole("seed"),
        airtime=airtime,
        good=_error_state(good, needs_dwell=bad is not None),
        bad=_error_state(bad, needs_dwell=True) if bad is not None else None,
        propagation_s=radio.number("propagation_s", default=0.0),
        carrier_sense=radio.flag("carrier_sense"),
        buffer_bytes=modem.optional_whole("buffer_bytes", above=0) or BUFFER_BYTES,
        transmission_frames=modem.optional_whole("transmission_frames", above=0),
        jitter_s=modem.number("jitter_s", default=0.0),
        outages=tuple(_outage(table) for table in top.tables("outage")),
        losses=tuple(_loss(table) for table in top.tables("loss")),
        others=_others(others) if others is not None else None,
    )
    if airtime.kind == "transparent" and scenario.transmission_frames is not None:
        raise modem.fault("transmission_frames", _NO_FRAMES)
    if airtime.kind == "transparent" and scenario.losses:
        raise top.fault("loss", _NO_FRAMES)
    for table in (top, modem, radio, errors):
        table.refuse_rest()
    return scenario


def _scenario_directory() -> Traversable:
    """Inside the package when it is installed, beside it in a checkout."""
    packaged = files(__package__) / "scenarios"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "scenarios"


def _load_file(path: Path) -> Scenario:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"scenario {path}: {error}") from None
    return parse_scenario(path.stem, text)


def _airtime(modem: Table, radio: Table) -> Airtime:
    return Airtime.of(
        _modem_kind(modem),
        modem.number("bit_rate", above=0),
        key_up_s=radio.number("key_up_and_turn_s"),
        tail_s=radio.number("tail_s", default=0.0),
        max_frame_bytes=modem.optional_whole("frame_payload_bytes"),
        longest_over_s=radio.optional_number("longest_over_s"),
        full_duplex=radio.flag("full_duplex"),
    )


def _modem_kind(modem: Table) -> ModemKind:
    given = modem.text("kind")
    for kind in MODEM_KINDS:
        if kind == given:
            return kind
    raise modem.fault("kind", f"must be one of {', '.join(MODEM_KINDS)}")


def _error_state(table: Table, *, needs_dwell: bool) -> ErrorState:
    rate = table.number("bit_error_rate", below=1)
    dwell = table.number("mean_dwell_s", above=0, default=None if needs_dwell else float("inf"))
    table.refuse_rest()
    return ErrorState(rate, dwell)


def _outage(table: Table) -> Outage:
    outage = Outage(
        table.number("from_s"),
        table.number("until_s"),
        frozenset(table.texts("stations")),
        table.optional_number("every_s", above=0),
    )
    if len(outage.stations) > 2:
        raise table.fault("stations", "must be none, one or two names")
    if outage.until_at <= outage.from_at:
        raise table.fault("until_s", "must come after from_s")
    if outage.every_s is not None and outage.every_s <= outage.until_at - outage.from_at:
        raise table.fault("every_s", "must be longer than the outage")
    table.refuse_rest()
    return outage


def _loss(table: Table) -> Loss:
    loss = Loss(table.number("share", below=1), table.optional_text("from"), table.optional_text("to"))
    table.refuse_rest()
    return loss


def _others(table: Table) -> OtherUsers:
    others = OtherUsers(
        table.number("share", above=0, below=1), table.number("mean_over_s", above=0), table.flag("listen")
    )
    table.refuse_rest()
    return others
