"""Named links and incidents: what a scenario says, and how its file is read.

A scenario is one TOML file. `docs/simulator` lists the keys; the loader refuses any that it does not know.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from radiosync.profiles.airtime import MODEM_KINDS, Airtime, ModemKind
from radiosync_sim.errors import ScenarioError

_SUFFIX: Final = ".toml"


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
class Outage:
    """A rule: from one instant to another, some paths carry nothing.

    Attributes:
        from_at: start, virtual seconds.
        until_at: end, virtual seconds; infinity while nobody knows.
        stations: empty for every path; one name for every path of that station; two names for the path
            between them.
    """

    from_at: float
    until_at: float
    stations: frozenset[str] = frozenset()

    def concerns(self, sender: str, hearer: str) -> bool:
        """Whether the rule is about the path from `sender` to `hearer`."""
        return self.stations <= {sender, hearer}


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
        outages: rules that hold from the start.
    """

    name: str
    summary: str
    seed: int
    airtime: Airtime
    good: ErrorState
    bad: ErrorState | None = None
    propagation_s: float = 0.0
    carrier_sense: bool = False
    outages: tuple[Outage, ...] = ()


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
    top = _Table(f"scenario {name}", document)
    radio = top.table("radio")
    errors = top.table("errors")
    good, bad = errors.table("good"), errors.optional_table("bad")
    scenario = Scenario(
        name=name,
        summary=top.text("summary"),
        seed=top.whole("seed"),
        airtime=_airtime(top.table("modem"), radio),
        good=_error_state(good, needs_dwell=bad is not None),
        bad=_error_state(bad, needs_dwell=True) if bad is not None else None,
        propagation_s=radio.number("propagation_s", default=0.0),
        carrier_sense=radio.flag("carrier_sense"),
        outages=tuple(_outage(table) for table in top.tables("outage")),
    )
    for table in (top, radio, errors):
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


def _airtime(modem: "_Table", radio: "_Table") -> Airtime:
    airtime = Airtime.of(
        _modem_kind(modem),
        modem.number("bit_rate", above=0),
        key_up_s=radio.number("key_up_and_turn_s"),
        tail_s=radio.number("tail_s", default=0.0),
        max_frame_bytes=modem.optional_whole("frame_payload_bytes"),
        longest_over_s=radio.optional_number("longest_over_s"),
        full_duplex=radio.flag("full_duplex"),
    )
    modem.refuse_rest()
    return airtime


def _modem_kind(modem: "_Table") -> ModemKind:
    given = modem.text("kind")
    for kind in MODEM_KINDS:
        if kind == given:
            return kind
    raise modem.fault("kind", f"must be one of {', '.join(MODEM_KINDS)}")


def _error_state(table: "_Table", *, needs_dwell: bool) -> ErrorState:
    rate = table.number("bit_error_rate", below=1)
    dwell = table.number("mean_dwell_s", above=0, default=None if needs_dwell else float("inf"))
    table.refuse_rest()
    return ErrorState(rate, dwell)


def _outage(table: "_Table") -> Outage:
    outage = Outage(table.number("from_s"), table.number("until_s"), frozenset(table.texts("stations")))
    if len(outage.stations) > 2:
        raise table.fault("stations", "must be none, one or two names")
    if outage.until_at <= outage.from_at:
        raise table.fault("until_s", "must come after from_s")
    table.refuse_rest()
    return outage


class _Table:
    """One table of the file: hands out each key once, typed, and knows what is left over."""

    def __init__(self, where: str, values: Mapping[str, object]) -> None:
        self._where = where
        self._values = dict(values)

    def fault(self, key: str, problem: str) -> ScenarioError:
        return ScenarioError(f"{self._where}, key {key!r}: {problem}")

    def refuse_rest(self) -> None:
        for key in self._values:
            raise self.fault(key, "is not a key that a scenario has here")

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value:
            raise self.fault(key, "must be a text")
        return value

    def texts(self, key: str) -> Collection[str]:
        value = self._values.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fault(key, "must be a list of texts")
        return value

    def whole(self, key: str) -> int:
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.fault(key, "must be a whole number, 0 or more")
        return value

    def optional_whole(self, key: str) -> int | None:
        return self.whole(key) if key in self._values else None

    def number(
        self, key: str, *, default: float | None = None, above: float = -1, below: float = 1e9
    ) -> float:
        if key not in self._values and default is not None:
            return default
        value = self._take(key)
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not 0 <= value < below
            or value <= above
        ):
            least = f"above {above:g}" if above >= 0 else "0 or more"
            raise self.fault(key, f"must be a number, {least} and below {below:g}")
        return float(value)

    def optional_number(self, key: str) -> float | None:
        return self.number(key) if key in self._values else None

    def flag(self, key: str) -> bool:
        value = self._values.pop(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, "must be true or false")
        return value

    def table(self, key: str) -> "_Table":
        value = self._take(key)
        if not isinstance(value, dict):
            raise self.fault(key, "must be a table")
        return _Table(f"{self._where}, table [{key}]", value)

    def optional_table(self, key: str) -> "_Table | None":
        return self.table(key) if key in self._values else None

    def tables(self, key: str) -> list["_Table"]:
        value = self._values.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fault(key, f"must be tables, written as [[{key}]]")
        return [_Table(f"{self._where}, table [[{key}]] number {n}", item) for n, item in enumerate(value, 1)]

    def _take(self, key: str) -> object:
        if key not in self._values:
            raise self.fault(key, "is missing")
        return self._values.pop(key)
