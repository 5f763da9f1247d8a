"""`radiosync version`."""

import platform

import click

from radiosync import __version__
from radiosync.cli.group import Command
from radiosync.cli.session import Session, pass_session


@click.command(cls=Command)
@pass_session
def version(session: Session) -> None:
    """Say which version this is."""
    python = platform.python_version()
    session.out.data(f"radiosync {__version__}, Python {python}, {platform.system()} {platform.machine()}")
    session.out.result(
        {
            "radiosync": __version__,
            "python": python,
            "system": platform.system(),
            "machine": platform.machine(),
        }
    )
