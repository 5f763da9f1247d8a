"""`radiosync setup`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from radiosync.cli.failure import stop
from radiosync.cli.group import Command
from radiosync.cli.output import Mark
from radiosync.cli.session import Session, pass_session
from radiosync.cli.types import CALLSIGN

if TYPE_CHECKING:
    from radiosync.config import Answers, Config, Link, Service
    from radiosync.identity.callsign import Callsign

_LINK: Final = "radio"
"""Name of the link that setup makes. The file says how to add others."""

_SERVICES: Final = {
    "amateur": "amateur radio: your call sign is sent in clear",
    "licensed": "a licence of your own, for a relief organisation for example",
    "ism": "a licence-free band",
}


@click.command(cls=Command)
@click.option("--name", help="What people call this station.")
@click.option("--callsign", type=CALLSIGN, help="On the air, such as N0CALL-7. Amateur radio needs one.")
@click.option("--service", type=click.Choice(list(_SERVICES)), help="Under which rules it transmits.")
@click.option("--port", help="Serial port of the modem, or socket://HOST:PORT.")
@click.option("--profile", help="How the modem behaves.")
@click.option("--bit-rate", type=click.IntRange(1, 1_000_000), help="Bits a second on the air.")
@click.option("--yes", is_flag=True, help="Ask nothing: leave out what is not given and need not be.")
@click.option("--force", is_flag=True, help="Set up anew; the old file is kept beside the new one.")
@pass_session
def setup(session: Session, /, *, force: bool, **given: Any) -> None:
    """Make this computer a station. Nothing is transmitted and no port is opened.

    \b
    Examples:
      radiosync setup                                              asks
      radiosync setup --name "Field 3" --service amateur --callsign N0CALL-7 \\
          --port /dev/ttyUSB0 --profile kiss-tnc --yes             does not ask
    """
    from radiosync.config import Config, render_config, write_config

    path = session.paths.config_file
    if path.exists() and not force:
        raise stop("config-exists", file=path)
    answers = _Dialogue(session, **given).answers()
    Config.parse(render_config(answers), str(path))
    if path.exists():
        path.replace(path.with_name(path.name + ".old"))
    write_config(path, answers)
    _introduce(session, Config.load(path))


def _introduce(session: Session, config: "Config") -> None:
    """Make the store, and say who this station is and how a partner adds it."""
    from radiosync.identity.station import short_code

    with session.open_store(config) as store:
        station = store.station
    out, own = session.out, config.station
    code = short_code(station)
    out.data(f"{own.name} is set up. The file {config.file} says how, and what else can be set.", Mark.OK)
    out.data(f"  station     {station.hex()}")
    out.data(f"  short code  {code}   compare it by voice")
    out.data("On the partner's computer:")
    callsign = f" --callsign {own.callsign}" if own.callsign is not None else ""
    out.data(
        f"  radiosync partner add {_short_name(own.name)} --station {station.hex()}{callsign} --link {_LINK}"
    )
    out.data("Then the same here, with what the partner's `radiosync status` shows.")
    out.result(
        {
            "file": config.file,
            "name": own.name,
            "callsign": None if own.callsign is None else str(own.callsign),
            "service": own.service,
            "station": station.hex(),
            "short_code": code,
            "links": list(config.links),
        }
    )


def _short_name(name: str) -> str:
    """A name for commands, made from one for people."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return "-".join(part for part in plain.split("-") if part)[:40] or "station"


class _Dialogue:
    """Finds each answer: from an option, or else from the person; or else leaves it out."""

    def __init__(
        self,
        session: Session,
        *,
        yes: bool,
        name: str | None,
        callsign: "Callsign | None",
        service: "Service | None",
        port: str | None,
        profile: str | None,
        bit_rate: int | None,
    ) -> None:
        self._asks = session.can_ask and not yes
        self._out, self._yes = session.out, yes
        self._name, self._callsign, self._service = name, callsign, service
        self._port, self._profile, self._bit_rate = port, profile, bit_rate

    def answers(self) -> "Answers":
        """All answers. Raises CommandError when one is missing and nobody can give it."""
        from radiosync.config import Answers, Station

        if not self._asks:
            self._check_complete()
        name = self._name or self._ask("Name of this station")
        service = self._service or self._ask_service()
        callsign = self._callsign or (self._ask_callsign(service) if self._asks else None)
        station = Station(name=name, callsign=callsign, service=service)
        port = self._port or (self._ask_port() if self._asks else None)
        return Answers(station=station, link=None if port is None else self._link(port))

    def _check_complete(self) -> None:
        optional = not self._yes
        missing = [
            option
            for option, is_missing in (
                ("--name", self._name is None),
                ("--service", self._service is None),
                ("--callsign", self._service == "amateur" and self._callsign is None),
                ("--profile", self._port is not None and self._profile is None),
                ("--port (or --yes for none)", optional and self._port is None),
            )
            if is_missing
        ]
        if missing:
            raise stop("setup-incomplete", options=", ".join(missing))

    def _ask(self, question: str, **attributes: Any) -> Any:
        return click.prompt(question, err=True, **attributes)

    def _ask_service(self) -> "Service":
        self._out.say("Under which rules does it transmit?")
        service: Service = self._choose("Service", list(_SERVICES), list(_SERVICES.values()))
        return service

    def _ask_callsign(self, service: "Service") -> "Callsign | None":
        if service == "amateur":
            callsign: Callsign = self._ask("Call sign, such as N0CALL-7", type=CALLSIGN)
            return callsign
        text = self._ask(
            "Call sign (Enter for none)", default="", show_default=False, value_proc=_maybe_callsign
        )
        return text or None

    def _ask_port(self) -> str | None:
        ports = _serial_ports()
        self._out.say(
            "Where is the modem? No port is opened now." if ports else "No serial port is plugged in."
        )
        for number, port in enumerate(ports, 1):
            self._out.say(f"  {number}  {port}")
        question = "Port: number, path or socket://HOST:PORT (Enter for none yet)"
        answer: str = self._ask(question, default="", show_default=False)
        if answer.isdigit() and 1 <= int(answer) <= len(ports):
            return ports[int(answer) - 1]
        return answer.strip() or None

    def _link(self, port: str) -> "Link":
        from radiosync.config import Link
        from radiosync.profiles.loader import load_profile, profile_names

        if self._profile is None:
            names = profile_names()
            self._out.say("How does the modem behave?")
            self._profile = self._choose("Profile", names, [load_profile(name).description for name in names])
        profile = load_profile(self._profile)
        bit_rate = self._bit_rate
        if bit_rate is None and self._asks:
            bit_rate = self._ask("Bits a second on the air", type=click.IntRange(1), default=profile.bit_rate)
        if bit_rate == profile.bit_rate:
            bit_rate = None
        return Link(name=_LINK, port=port, profile=self._profile, bit_rate=bit_rate)

    def _choose(self, question: str, names: Sequence[str], words: Sequence[str]) -> Any:
        for number, (name, text) in enumerate(zip(names, words, strict=True), 1):
            self._out.say(f"  {number}  {name}: {text}")
        return self._ask(f"{question}: number or name", value_proc=_chooser(names))


def _chooser(names: Sequence[str]) -> Callable[[str], str]:
    def choose(answer: str) -> str:
        if answer in names:
            return answer
        if answer.isdigit() and 1 <= int(answer) <= len(names):
            return names[int(answer) - 1]
        raise click.UsageError(f"must be a number from 1 to {len(names)}, or one of {', '.join(names)}.")

    return choose


def _maybe_callsign(text: str) -> "Callsign | str":
    callsign: Callsign | str = CALLSIGN.convert(text, None, None) if text.strip() else ""
    return callsign


def _serial_ports() -> list[str]:
    """Names of the serial ports that are plugged in, by their stable names where there are any. Opens none."""
    stable = sorted(str(path) for path in Path("/dev/serial/by-id").glob("*"))
    if stable:
        return stable
    from serial.tools.list_ports import comports

    return sorted(port.device for port in comports())
