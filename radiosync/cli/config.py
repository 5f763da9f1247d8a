"""`radiosync config`: where the files are, and whether the configuration fits."""

import click

from radiosync.cli.group import Group
from radiosync.cli.output import Mark
from radiosync.cli.session import Session, pass_session
from radiosync.cli.words import count


@click.group(cls=Group)
def config() -> None:
    """Say where the files are; check the configuration."""


@config.command()
@pass_session
def path(session: Session) -> None:
    """Say where the files are."""
    from radiosync.gateway import socket_path

    paths = session.paths
    places = {
        "config": paths.config_file,
        "database": paths.database,
        "state": paths.state,
        "socket": socket_path(paths),
    }
    for name, place in places.items():
        session.out.data(f"{name:10}{place}")
    session.out.result({name: str(place) for name, place in places.items()})


@config.command()
@pass_session
def check(session: Session) -> None:
    """Check the configuration. Opens no port."""
    from radiosync.gateway.medium import medium_of

    found = session.load_config()
    for link in found.links.values():
        medium_of(found, link)
    links, jobs = count(len(found.links), "link"), count(len(found.jobs), "job")
    session.out.data(f"{found.file}: {links}, {jobs}", Mark.OK)
    session.out.result(
        {"file": found.file, "links": list(found.links), "jobs": [job.name for job in found.jobs]}
    )
