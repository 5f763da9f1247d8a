"""The configuration file: what it says, checked as a whole before anything starts.

Partners are not in here but in the store: `radiosync partner add` puts them there, with their identities.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias, get_args

from msgspec import Meta

from radiosync.errors import ConfigError
from radiosync.identity.callsign import Callsign
from radiosync.limits import FIELD_NAME_CHARACTERS, STATION_NAME_CHARACTERS, TABLE_NAME_CHARACTERS
from radiosync.settings import Place, load_toml, parse_toml, read_table, sub_table, table_list

Service = Literal["amateur", "licensed", "ism"]
"""Under which rules a station transmits: amateur radio, a licence of its own, or an ISM region."""

PRIORITIES: Final = ("urgent", "high", "normal", "low")
"""Priority classes by their number."""

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
"""Names that people type: of links, jobs and partners."""

_NAME_WORDS: Final = 'a short name of small letters, digits and hyphens, such as "hf-1"'
_PORT_WORDS: Final = (
    'a serial port such as "/dev/serial/by-id/usb-...", or an address such as "socket://127.0.0.1:8001"'
)
_SCHEDULE_WORDS: Final = '"manual", or how often, such as "30m", "6h" or "1d"'
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Name: TypeAlias = Annotated[str, Meta(pattern=rf"^{NAME.pattern}\Z", description=_NAME_WORDS)]
TableName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=TABLE_NAME_CHARACTERS)]
_Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=60)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """`[station]`: this station.

    Attributes:
        name: what people call it.
        callsign: on the air, None where no callsign is needed.
        service: sets station identification, and whether encryption is allowed.
    """

    name: Annotated[
        str,
        Meta(
            pattern=rf"^[^\x00-\x1f\x7f]{{1,{STATION_NAME_CHARACTERS}}}\Z",
            description=f"text in quotes, 1 to {STATION_NAME_CHARACTERS} characters",
        ),
    ]
    callsign: Callsign | None = None
    service: Service


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """`[store]`: where records are kept.

    Attributes:
        url: an SQLAlchemy URL; None for the SQLite file in the data folder.
    """

    url: (
        Annotated[
            str, Meta(pattern=r"^[a-z0-9+]+://", description='such as "postgresql+psycopg:///radiosync"')
        ]
        | None
    ) = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`[link.NAME]`: a medium. The numbers that are None are those of its profile.

    Attributes:
        name: from the heading.
        port: anything that pyserial's `serial_for_url` takes.
        profile: id of a modem profile.
        enabled: False keeps the port closed.
        bit_rate: bits a second on the air.
        serial_rate: baud between computer and modem.
        key_up_s, turn_s, tail_s, max_frame_bytes, longest_over_s: as in a profile.
    """

    name: str
    port: Annotated[str, Meta(min_length=1, description=_PORT_WORDS)]
    profile: Name
    enabled: bool = True
    bit_rate: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    serial_rate: Annotated[int, Meta(ge=50, le=4_000_000)] | None = None
    key_up_s: _Seconds | None = None
    turn_s: _Seconds | None = None
    tail_s: _Seconds | None = None
    max_frame_bytes: Annotated[int, Meta(ge=16, le=4095)] | None = None
    longest_over_s: Annotated[float, Meta(ge=1, le=600)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """`[[job]]`: what to sync with a partner.

    Attributes:
        partner: name of the partner.
        name: of the job, unique for the partner.
        tables: None for all.
        direction: which way records go, as seen from here.
        priority: class, 0 is the most urgent; an index into `PRIORITIES`.
        every_edit: send each edit by itself instead of the net effect of those that wait.
        schedule: "manual", or how often.
        link: the only link to use, None for the partner's own.
    """

    partner: Name
    name: Name
    tables: Annotated[tuple[TableName, ...], Meta(min_length=1)] | None = None
    direction: Literal["send", "receive", "both"] = "both"
    priority: Annotated[int, Meta(ge=0, le=3, description='one of "urgent", "high", "normal", "low"')] = 2
    every_edit: bool = False
    schedule: Annotated[
        str, Meta(pattern=r"^(manual|[1-9][0-9]{0,4}[smhd])\Z", description=_SCHEDULE_WORDS)
    ] = "manual"
    link: Name | None = None

    @property
    def every_s(self) -> float | None:
        """Seconds between two runs, None when a person starts each."""
        if self.schedule == "manual":
            return None
        return float(int(self.schedule[:-1]) * _UNITS_S[self.schedule[-1]])


FieldKind = Literal["text", "integer", "decimal", "float", "boolean", "date", "time", "reference"]
"""What a declared field may hold. `connectors.schema` says what each means."""

_FIELD_TYPES: Final = ", ".join(f'"{kind}"' for kind in get_args(FieldKind)[:-1])
_FIELD_TYPE_WORDS: Final = f'one of {_FIELD_TYPES}, or "reference:TABLE" with the name of a table'


@dataclass(frozen=True, slots=True)
class FieldType:
    """The declared type of a field.

    Attributes:
        kind: what it may hold.
        table: for a reference the table that it points into; else None.
    """

    kind: FieldKind
    table: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `integer` or `reference:shelter`. Raises ValueError."""
        kind, colon, table = text.partition(":")
        match kind:
            case "reference" if 1 <= len(table) <= TABLE_NAME_CHARACTERS:
                return cls(kind, table)
            case "text" | "integer" | "decimal" | "float" | "boolean" | "date" | "time" if not colon:
                return cls(kind)
            case _:
                raise ValueError(f"must be {_FIELD_TYPE_WORDS}")


Schema: TypeAlias = Mapping[str, Mapping[str, FieldType]]
"""Declared types by table and field. What is not declared stays as it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole file.

    Attributes:
        file: its name, for messages.
        station: this station.
        store: where records are kept.
        links: by name.
        jobs: in the order of the file.
        schema: declared types.
    """

    file: str
    station: Station
    store: StoreSettings = field(default_factory=StoreSettings)
    links: Mapping[str, Link] = field(default_factory=dict)
    jobs: tuple[JobSettings, ...] = ()
    schema: Schema = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a config file. Raises ConfigError that names file, table and key."""
        if not path.exists():
            raise ConfigError(f"{path}: does not exist; `radiosync setup` writes it")
        return cls._of(load_toml(path), str(path))

    @classmethod
    def parse(cls, text: str, file: str) -> Self:
        """Read a config from its text; `file` is for messages. Raises ConfigError."""
        return cls._of(parse_toml(text, file), file)

    @classmethod
    def _of(cls, document: Mapping[str, object], file: str) -> Self:
        top = Place(file)
        for key in document:
            if key not in _SECTIONS:
                raise top.unknown(key, _SECTIONS)
        links = {link.name: link for link in _links(sub_table(document, "link", top), top)}
        store = sub_table(document, "store", top)
        return cls(
            file=file,
            station=_station(document, top),
            store=read_table(StoreSettings, store, Place(file, "[store]")),
            links=links,
            jobs=tuple(_jobs(document, top, links)),
            schema=_schema(sub_table(document, "table", top), top),
        )


_SECTIONS: Final = ("station", "store", "link", "job", "table")


def _station(document: Mapping[str, object], top: Place) -> Station:
    place = Place(top.file, "[station]")
    if "station" not in document:
        raise place.fault(None, "is missing; it says who we are, with the keys name, service and callsign")
    values = dict(sub_table(document, "station", top))
    callsign = None
    if "callsign" in values:
        callsign = _callsign(values.pop("callsign"), place)
    station = read_table(Station, values, place, callsign=callsign)
    if callsign is None and station.service == "amateur":
        raise place.fault("callsign", 'is missing; service "amateur" needs one, such as "N0CALL-7"')
    return station


def _callsign(value: object, place: Place) -> Callsign:
    if not isinstance(value, str):
        raise place.fault("callsign", 'must be text in quotes, such as "N0CALL-7"')
    try:
        return Callsign.parse(value)
    except ValueError as error:
        raise place.fault("callsign", f'must be a callsign such as "N0CALL-7": {error}') from None


def _links(tables: Mapping[str, object], top: Place) -> Iterator[Link]:
    for name in tables:
        place = Place(top.file, f"[link.{name}]")
        if not NAME.fullmatch(name):
            raise place.fault(None, f"a link needs {_NAME_WORDS}")
        values = sub_table(tables, name, Place(top.file, "[link]"))
        yield read_table(Link, values, place, name=name)


def _jobs(document: Mapping[str, object], top: Place, links: Mapping[str, Link]) -> Iterator[JobSettings]:
    names: set[tuple[str, str]] = set()
    for place, values in table_list(document, "job", top):
        job = read_table(JobSettings, _with_priority_number(values), place)
        if job.link is not None and job.link not in links:
            known = f"there are {', '.join(links)}" if links else "there are none"
            raise place.fault("link", f"there is no [link.{job.link}] in this file; {known}")
        if (job.partner, job.name) in names:
            raise place.fault(
                "name", f'"{job.partner}" has another job called "{job.name}"; choose another name'
            )
        names.add((job.partner, job.name))
        yield job


def _with_priority_number(values: Mapping[str, object]) -> dict[str, object]:
    return {
        key: PRIORITIES.index(value) if key == "priority" and value in PRIORITIES else value
        for key, value in values.items()
    }


def _schema(tables: Mapping[str, object], top: Place) -> Schema:
    schema: dict[str, dict[str, FieldType]] = {}
    for table in tables:
        place = Place(top.file, f"[table.{table}]")
        if not 1 <= len(table) <= TABLE_NAME_CHARACTERS:
            raise place.fault(None, f"a table's name has 1 to {TABLE_NAME_CHARACTERS} characters")
        values = sub_table(tables, table, Place(top.file, "[table]"))
        for key in values:
            if key != "fields":
                raise place.unknown(key, ["fields"])
        fields = sub_table(values, "fields", place)
        below = Place(top.file, f"[table.{table}.fields]")
        schema[table] = {name: _field_type(name, value, below) for name, value in fields.items()}
    return schema


def _field_type(name: str, value: object, place: Place) -> FieldType:
    if not 1 <= len(name) <= FIELD_NAME_CHARACTERS:
        raise place.fault(name, f"a field's name has 1 to {FIELD_NAME_CHARACTERS} characters")
    try:
        return FieldType.parse(value if isinstance(value, str) else "")
    except ValueError as error:
        raise place.fault(name, str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What `radiosync setup` has learnt from a person.

    Attributes:
        station: name, callsign and service.
        link: the first link, None when there is no modem yet.
    """

    station: Station
    link: Link | None = None


def render_config(answers: Answers) -> str:
    """The text of a config file with these answers, and comments on all the rest."""
    station = answers.station
    callsign = (
        '# callsign = "N0CALL-7"'
        if station.callsign is None
        else f"callsign = {_quoted(str(station.callsign))}"
    )
    link = _LINK_EXAMPLE if answers.link is None else _render_link(answers.link)
    return _TEMPLATE.format(
        name=_quoted(station.name), callsign=callsign, service=_quoted(station.service), link=link
    )


def write_config(path: Path, answers: Answers) -> None:
    """Write a new config file and check that it loads. Never touches a file that is there.

    Raises:
        ConfigError: there is one already, it cannot be written, or an answer does not fit.
    """
    text = render_config(answers)
    Config.parse(text, str(path))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise ConfigError(f"{path}: exists already; edit it, or move it away first") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None


def _render_link(link: Link) -> str:
    lines = [f"[link.{link.name}]", f"port = {_quoted(link.port)}", f"profile = {_quoted(link.profile)}"]
    numbers = {
        "bit_rate": link.bit_rate,
        "serial_rate": link.serial_rate,
        "key_up_s": link.key_up_s,
        "turn_s": link.turn_s,
        "tail_s": link.tail_s,
        "max_frame_bytes": link.max_frame_bytes,
        "longest_over_s": link.longest_over_s,
    }
    lines += [f"{key} = {value}" for key, value in numbers.items() if value is not None]
    lines += [] if link.enabled else ["enabled = false"]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """A TOML basic string. JSON's escapes are TOML's too, except that TOML wants DEL escaped as well."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_LINK_EXAMPLE: Final = """\
# [link.radio]
# port = "/dev/serial/by-id/usb-..."
# profile = "kiss-tnc\""""

_TEMPLATE: Final = """\
# radiosync.toml: what this station is, its links, and what it syncs.
# After an edit, restart `radiosync run`. A mistake is named with its table and key at the start.

[station]
name = {name}
{callsign}
# amateur: callsign sent in clear, no encryption; licensed: a licence of your own; ism: licence-free band.
service = {service}

# [store]
# Without this, records are kept in a file in the data folder.
# url = "postgresql+psycopg:///radiosync"

# Links: one for each modem. `port` is a serial port, best by its name in /dev/serial/by-id, or socket://HOST:PORT.
# `profile` says how the modem behaves. These numbers replace those of the profile:
#   bit_rate = 1200          on the air, bits a second
#   serial_rate = 9600       between computer and modem
#   key_up_s = 0.5           from pressing the key to the first bit
#   turn_s = 0.2             from the end of their transmission until they hear us
#   tail_s = 0.05            from the last bit to letting go of the key
#   max_frame_bytes = 256
#   longest_over_s = 30      longest transmission
#   enabled = false          keeps the port closed

{link}

# Partners are added with: radiosync partner add NAME --station IDENTITY --callsign CALLSIGN --link LINK
# Without any job, all tables are synced both ways, when you say so.
#
# [[job]]
# partner = "base-camp"
# name = "shelters"
# tables = ["shelter"]       without it: all tables
# direction = "both"         or "send", "receive"
# priority = "normal"        or "urgent", "high", "low"
# schedule = "30m"           or "manual"
# every_edit = false         true: each edit travels, not only the latest state
# link = "radio"             without it: the partner's own

# Types of fields, for imports: text, integer, decimal, float, boolean, date, time, reference:TABLE.
# What is not declared stays as it comes; in CSV that is text.
#
# [table.shelter.fields]
# capacity = "integer"
"""
