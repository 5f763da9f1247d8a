"""`radiosync partner`: the stations that we sync with."""

from typing import TYPE_CHECKING

import click

from radiosync.cli.failure import stop
from radiosync.cli.group import Group
from radiosync.cli.output import Mark
from radiosync.cli.session import Session, pass_session
from radiosync.cli.types import CALLSIGN, NAME, STATION

if TYPE_CHECKING:
    from radiosync.identity.callsign import Callsign
    from radiosync.store import Store
    from radiosync.sync.ports import Partner


@click.group(cls=Group)
def partner() -> None:
    """Add, list and remove the stations that we sync with."""


@partner.command()
@click.argument("name", type=NAME)
@click.option(
    "--station", type=STATION, required=True, help="Its identity, as its own setup or status shows it."
)
@click.option("--callsign", type=CALLSIGN, help="What it is called on the air.")
@click.option("--link", type=NAME, help="The link over which we call it. Without it: the first one.")
@pass_session
def add(
    session: Session, *, name: str, station: bytes, callsign: "Callsign | None", link: str | None
) -> None:
    """Add a station. Compare its short code by voice before you sync.

    \b
    Example:
      radiosync partner add base-camp --station 3f2a9c0d11e45b78 --callsign N0CALL --link radio
    """
    from radiosync.gateway import set_partner_link

    config = session.load_config()
    if link is not None and link not in config.links:
        raise click.UsageError(f"there is no link {link}; {_there_are(list(config.links))}")
    with session.open_store(config) as store:
        added = store.add_partner(name, station, None if callsign is None else str(callsign))
        set_partner_link(store, name, link)
        described = _describe(store, added)
    session.out.data(f"{name} is a partner now. Its short code must be {described['short_code']}.", Mark.OK)
    session.out.result(described)


@partner.command("list")
@pass_session
def list_partners(session: Session) -> None:
    """List the stations that we sync with."""
    with session.open_store(session.load_config()) as store:
        partners = [_describe(store, known) for known in store.partners()]
    if not partners:
        session.out.say("There is no partner yet. Add one with `radiosync partner add`.")
    for each in partners:
        extras = [f"call sign {each['callsign']}" if each["callsign"] else "no call sign"]
        extras += [f"over {each['link']}"] if each["link"] else []
        session.out.data(f"{each['name']:16}  {each['station']}  {each['short_code']}  {', '.join(extras)}")
    session.out.result({"partners": partners})


@partner.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def remove(session: Session, *, name: str, yes: bool) -> None:
    """Forget a station and what is on its way to it. Records stay."""
    from radiosync.gateway import set_partner_link

    with session.open_store(session.load_config()) as store:
        found = find_partner(store, name)
        session.confirm(f"Forget {found.name} and what is on its way to it?", yes=yes)
        store.remove_partner(found.name)
        set_partner_link(store, found.name, None)
    session.out.data(f"{found.name} is forgotten. Records stay.", Mark.OK)
    session.out.result({"name": found.name})


def find_partner(store: "Store", name: str) -> "Partner":
    """The partner with that name, or the only one whose name begins so. Raises CommandError."""
    partners = store.partners()
    exact = [known for known in partners if known.name == name]
    found = exact or [known for known in partners if known.name.startswith(name)]
    if len(found) == 1:
        return found[0]
    names = [known.name for known in found or partners]
    problem = (
        f"{name} may be {' or '.join(names)}" if found else f"There is no partner {name}; {_there_are(names)}"
    )
    raise stop("request-refused", problem=problem)


def _describe(store: "Store", known: "Partner") -> dict[str, object]:
    from radiosync.gateway import partner_link
    from radiosync.identity.station import short_code

    return {
        "name": known.name,
        "station": known.station.hex(),
        "short_code": short_code(known.station),
        "callsign": known.callsign,
        "link": partner_link(store, known.name),
    }


def _there_are(names: list[str]) -> str:
    return f"there are {', '.join(names)}" if names else "there are none yet"
