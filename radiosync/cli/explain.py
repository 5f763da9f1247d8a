"""`radiosync explain`."""

from dataclasses import asdict
from difflib import get_close_matches

import click

from radiosync.cli.failure import stop
from radiosync.cli.group import Command
from radiosync.cli.session import Session, pass_session
from radiosync.messages import MESSAGES, Message


@click.command(cls=Command)
@click.argument("message", required=False)
@pass_session
def explain(session: Session, message: str | None) -> None:
    """Say what a message means and what to do.

    \b
    Examples:
      radiosync explain                 all messages
      radiosync explain port-denied     one of them
    """
    if message is None:
        for known in MESSAGES.values():
            session.out.data(f"{known.id:18}  {known.happened}")
        session.out.result({"messages": [_as_json(known) for known in MESSAGES.values()]})
        return
    if message not in MESSAGES:
        near = get_close_matches(message, MESSAGES, n=1)
        raise stop("message-unknown", message=message, near=f" Did you mean {near[0]}?" if near else "")
    found = MESSAGES[message]
    for line in (
        found.happened,
        f"  side     {found.side.value}",
        f"  next     {found.next}",
        f"  you can  {found.you_can}",
        f"  exit     {int(found.exit_code)}: {found.exit_code.meaning}",
    ):
        session.out.data(line)
    session.out.result({"messages": [_as_json(found)]})


def _as_json(message: Message) -> dict[str, object]:
    return {**asdict(message), "side": message.side.value, "exit_code": int(message.exit_code)}
