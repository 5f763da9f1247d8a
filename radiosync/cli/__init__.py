"""The command line: one module for each command, and no logic.

Start at `main`. `group` finds, parses and ends commands, `session` is what they share, `output` and `progress`
speak. May import everything; what is heavy is imported where it is used, so that `radiosync --help` answers at once.
The commands `sim`, `demo` and `bench` alone may import the simulator.
"""

import click

from radiosync.cli.group import Program
from radiosync.cli.session import Session

_COMMANDS = {
    "setup": "radiosync.cli.setup:setup",
    "partner": "radiosync.cli.partner:partner",
    "import": "radiosync.cli.importing:import_file",
    "export": "radiosync.cli.exporting:export",
    "sync": "radiosync.cli.sync:sync",
    "status": "radiosync.cli.status:status",
    "cancel": "radiosync.cli.cancel:cancel",
    "hold": "radiosync.cli.hold:hold",
    "release": "radiosync.cli.hold:release",
    "skip": "radiosync.cli.skip:skip",
    "unskip": "radiosync.cli.skip:unskip",
    "conflict": "radiosync.cli.conflict:conflict",
    "run": "radiosync.cli.run:run",
    "config": "radiosync.cli.config:config",
    "explain": "radiosync.cli.explain:explain",
    "version": "radiosync.cli.version:version",
    "sim": "radiosync.cli.sim:sim",
    "demo": "radiosync.cli.demo:demo",
    "bench": "radiosync.cli.bench:bench",
}

_FIRST_THINGS = """\
radiosync keeps records in step with other stations, over radio.

  radiosync demo       see it work, without a radio
  radiosync setup      make this computer a station
  radiosync --help     all commands
"""


def _begin(context: click.Context) -> None:
    session = context.find_object(Session)
    if context.invoked_subcommand is None and session is not None:
        session.out.data(_FIRST_THINGS.rstrip())
        session.out.result({"commands": list(_COMMANDS)})


main = Program(
    _COMMANDS,
    name="radiosync",
    callback=click.pass_context(_begin),
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""\
Keep records in step with other stations, over radio.

\b
Examples:
  radiosync setup
  radiosync partner add base-camp --station 3f2a9c0d11e45b78 --callsign N0CALL --link radio
  radiosync import shelters.csv --key id
  radiosync sync base-camp --wait
""",
)
