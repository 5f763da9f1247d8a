"""Each message can be looked up, and so can the version."""

import pytest

from radiosync import __version__
from radiosync.messages import MESSAGES, ExitCode
from tests.cli.running import answer, call


@pytest.mark.parametrize("id", MESSAGES)
def test_each_message_is_explained(id: str) -> None:
    message = MESSAGES[id]
    told = call("explain", id).stdout
    for text in (message.happened, message.next, message.you_can, message.exit_code.meaning):
        assert text in told
    (only,) = answer("explain", id)["messages"]
    assert (only["id"], only["exit_code"], only["side"]) == (id, message.exit_code, message.side.value)


def test_without_an_id_all_messages_are_listed() -> None:
    told = call("explain").stdout.splitlines()
    assert [line.split()[0] for line in told] == list(MESSAGES)
    assert len(answer("explain")["messages"]) == len(MESSAGES)


def test_an_id_that_is_not_there() -> None:
    done = call("explain", "port-denid")
    assert done.exit_code == ExitCode.USAGE
    assert "Did you mean port-denied?" in done.stderr
    assert "Did you mean" not in call("explain", "xyzzy").stderr


def test_the_version() -> None:
    assert __version__ in call("version").stdout
    assert answer("version")["radiosync"] == __version__
