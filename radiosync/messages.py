"""The one catalogue of messages: what happened, whose side, what happens next, what you can do. And the exit codes.

Each place that speaks to a person takes its words from here: commands, log and JSON say the same sentence. A word in angle
brackets, such as `<partner>`, is filled in. Sentences have at most twenty words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, unique
from typing import Final, Self


@unique
class ExitCode(IntEnum):
    """What a command returns. The tens digit says whose side: 1 here, 2 link, 3 partner, 4 partner's data.

    3 and 4 are no faults. Codes and their meaning stay; new ones may come, so take an unknown one for a fault.

    Attributes:
        meaning: in words.
    """

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        """A code with its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "Done; nothing waits."
    UNEXPECTED = 1, "A fault that we did not foresee; a report was written."
    USAGE = 2, "Wrong use, or the command asks something and nobody can answer."
    NEEDS_PERSON = 3, "Done, but something waits for a person."
    KEPT = 4, "Not finished, kept, goes on by itself."
    CONFIGURATION = 10, "The configuration is missing or wrong."
    PORT = 11, "The port or the modem cannot be used."
    STORE = 12, "The disk or the database cannot be used."
    CLOCK = 13, "The clock is wrong."
    GATEWAY = 14, "The gateway does not run, or another one does."
    OUTSIDE_SYSTEM = 15, "An outside system on our side cannot be used."
    INPUT = 16, "A file that was given cannot be used; nothing of it was applied."
    NO_ANSWER = 20, "The partner did not answer."
    CHANNEL_BUSY = 21, "Others use the channel."
    OUTSIDE_WINDOW = 22, "No contact is allowed at this time."
    TRANSMIT_OFF = 23, "Transmitting is off."
    AIRTIME_USED = 24, "The airtime allowance is used up."
    SIGNAL_POOR = 25, "Too few frames arrive."
    NOT_PAIRED = 30, "The partner does not know us."
    WRONG_KEY = 31, "The partner shows another key."
    NOT_PERMITTED = 32, "The partner does not let us do this."
    VERSION_TOO_OLD = 33, "The partner's version is too old."
    SCHEMA_DIFFERS = 40, "The partner's tables differ from ours."
    RECORD_REFUSED = 41, "The partner refused a record."
    BUNDLE_DAMAGED = 42, "A bundle is damaged or not for us."
    INTERRUPTED = 130, "Interrupted; progress is kept."
    READER_GONE = 141, "Whoever read our output has gone."


@unique
class Side(Enum):
    """Where the cause lies."""

    HERE = "here"
    LINK = "link"
    PARTNER = "partner"
    THEIR_DATA = "their data"
    YOU = "you"
    FILE = "file"


_FIELD: Final = re.compile(r"<([a-z_]+)>")


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the catalogue.

    Attributes:
        id: its name for ever.
        happened: what happened.
        side: where the cause lies.
        next: what happens next without anybody's doing.
        you_can: what a person can do.
        exit_code: with which code a command ends that cannot go on for this reason.
    """

    id: str
    happened: str
    side: Side
    next: str
    you_can: str
    exit_code: ExitCode

    @property
    def fields(self) -> frozenset[str]:
        """Names of what is filled in."""
        return frozenset(_FIELD.findall(f"{self.happened} {self.next} {self.you_can}"))


@dataclass(frozen=True, slots=True)
class Notice:
    """A message about one event: a catalogue entry with its values.

    Attributes:
        message: the entry.
        values: what is filled in; a value for each of the message's fields.
    """

    message: Message
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def happened(self) -> str:
        """What happened, filled in."""
        return self._fill(self.message.happened)

    @property
    def next(self) -> str:
        """What happens next, filled in."""
        return self._fill(self.message.next)

    @property
    def you_can(self) -> str:
        """What a person can do, filled in."""
        return self._fill(self.message.you_can)

    def _fill(self, text: str) -> str:
        return _FIELD.sub(lambda match: self.values[match[1]], text)


def notice(id: str, /, **values: object) -> Notice:
    """The message of that id with its values. Raises ValueError when the id or the set of values does not fit."""
    message = MESSAGES.get(id)
    if message is None:
        raise ValueError(f"no message is called {id!r}")
    if message.fields != values.keys():
        raise ValueError(f"message {id!r} needs {sorted(message.fields)}, not {sorted(values)}")
    return Notice(message, {name: str(value) for name, value in values.items()})


def received_notice(id: str, values: Mapping[str, str]) -> Notice | None:
    """A message that came from another process, perhaps of another version. None when we do not know that id.

    A value that is missing is shown as `?`; one that the message has no place for is left out.
    """
    message = MESSAGES.get(id)
    if message is None:
        return None
    return Notice(message, {name: values.get(name, "?") for name in message.fields})


_CATALOGUE: Final = (
    # ------------------------------------------------------------ this station
    Message(
        "config-missing",
        "This station is not set up. There is no file <file>.",
        Side.HERE,
        "Nothing runs until there is one.",
        "Set it up with `radiosync setup`. If the file is elsewhere, name its folder with `--home`.",
        ExitCode.CONFIGURATION,
    ),
    Message(
        "config-wrong",
        "A setting does not fit. <problem>.",
        Side.HERE,
        "Nothing was started or changed.",
        "Correct the file, then look with `radiosync config check`.",
        ExitCode.CONFIGURATION,
    ),
    Message(
        "config-exists",
        "This station is set up already. The file <file> is there.",
        Side.HERE,
        "It stays as it is.",
        "Edit it. Or set up anew with `--force`: the old file is kept beside the new one.",
        ExitCode.USAGE,
    ),
    Message(
        "port-missing",
        "The modem is not plugged in. There is no <port>.",
        Side.HERE,
        "Nothing is sent. All is kept.",
        "Check cable and power. Or choose another port in the configuration.",
        ExitCode.PORT,
    ),
    Message(
        "port-denied",
        "Your user <user> may not open <port>.",
        Side.HERE,
        "Nothing until that is changed.",
        "`sudo usermod -aG <group> <user>`, then log out and in.",
        ExitCode.PORT,
    ),
    Message(
        "port-held",
        "<port> is in use by <holder>.",
        Side.HERE,
        "Nothing is sent. All is kept.",
        "Close that program, or choose another port in the configuration.",
        ExitCode.PORT,
    ),
    Message(
        "port-unusable",
        "<port> cannot be used: <problem>.",
        Side.HERE,
        "Nothing is sent. All is kept.",
        "Check cable, power and the port's name. Close other programs that use it.",
        ExitCode.PORT,
    ),
    Message(
        "gateway-stopped",
        "The gateway has stopped, or does not answer.",
        Side.HERE,
        "Nothing is sent. All is kept.",
        "Start it with `radiosync run`.",
        ExitCode.GATEWAY,
    ),
    Message(
        "gateway-runs",
        "A gateway of this station runs already.",
        Side.HERE,
        "That one goes on. This command ends.",
        "Ask it with `radiosync status` and `radiosync sync`.",
        ExitCode.GATEWAY,
    ),
    Message(
        "store-busy",
        "Another radiosync is writing to the database and does not finish.",
        Side.HERE,
        "Nothing was changed.",
        "Wait until that import or command is done, then try again.",
        ExitCode.STORE,
    ),
    Message(
        "store-unusable",
        "The database cannot be used. <problem>.",
        Side.HERE,
        "Nothing was changed.",
        "Check that the disk is there, has room, and belongs to your user.",
        ExitCode.STORE,
    ),
    Message(
        "disk-unusable",
        "A file of this station cannot be used. <problem>.",
        Side.HERE,
        "Nothing was changed.",
        "Check that the disk is there, has room, and belongs to your user.",
        ExitCode.STORE,
    ),
    Message(
        "file-unwritable",
        "<file> cannot be written. <problem>.",
        Side.HERE,
        "What stood there before is unchanged.",
        "Choose another place, make room, or change who may write there.",
        ExitCode.STORE,
    ),
    Message(
        "unexpected",
        "Something happened that radiosync did not foresee: <problem>.",
        Side.HERE,
        "This command ends. What was stored stays. A report is in <report>.",
        "Try again. If it happens again, send us the report; read it first.",
        ExitCode.UNEXPECTED,
    ),
    Message(
        "interrupted",
        "You stopped this command.",
        Side.YOU,
        "Progress is kept. The next run goes on from here.",
        "Nothing is needed.",
        ExitCode.INTERRUPTED,
    ),
    # ------------------------------------------------------------ how a command was called
    Message(
        "usage",
        "This command cannot be run as typed. <problem>",
        Side.YOU,
        "Nothing was done.",
        "Look at the examples with `<command> --help`.",
        ExitCode.USAGE,
    ),
    Message(
        "needs-yes",
        "This command asks before it acts, and nobody can answer here.",
        Side.YOU,
        "Nothing was done.",
        "Give `--yes` to act without being asked.",
        ExitCode.USAGE,
    ),
    Message(
        "declined",
        "You said no.",
        Side.YOU,
        "Nothing was done.",
        "Run the command again when you want it.",
        ExitCode.USAGE,
    ),
    Message(
        "setup-incomplete",
        "Setup needs more answers, and nobody can give them here.",
        Side.YOU,
        "Nothing was written.",
        "Add these options: <options>.",
        ExitCode.USAGE,
    ),
    Message(
        "request-refused",
        "This cannot be done. <problem>.",
        Side.YOU,
        "Nothing was changed.",
        "Change what you ask for.",
        ExitCode.USAGE,
    ),
    Message(
        "message-unknown",
        "No message is called <message>.<near>",
        Side.YOU,
        "Nothing was done.",
        "List all messages with `radiosync explain`.",
        ExitCode.USAGE,
    ),
    # ------------------------------------------------------------ contacts
    Message(
        "in-step",
        "In step with <partner>: it has confirmed all that we had.",
        Side.LINK,
        "New changes wait here until the next contact.",
        "Nothing is needed.",
        ExitCode.DONE,
    ),
    Message(
        "changes-wait",
        "<partner> has confirmed what was sent, but <changes> still wait here.",
        Side.HERE,
        "They go with the next contact.",
        "Sync again. Changes of a job for another link need that link.",
        ExitCode.KEPT,
    ),
    Message(
        "partner-none",
        "There is no partner yet to sync with.",
        Side.YOU,
        "Nothing was done.",
        "Add one with `radiosync partner add`.",
        ExitCode.USAGE,
    ),
    Message(
        "sync-started",
        "The gateway calls <partner> now.",
        Side.LINK,
        "It goes on by itself.",
        "Follow it with `radiosync status --watch`.",
        ExitCode.KEPT,
    ),
    Message(
        "no-answer",
        "<partner> did not answer <calls>.",
        Side.LINK,
        "All is kept.",
        "Try another hour or another link.",
        ExitCode.NO_ANSWER,
    ),
    Message(
        "link-dropped",
        "The contact with <partner> ended at <pieces_there> of <pieces> chunks. These are safe there.",
        Side.LINK,
        "The next contact goes on with the others, on any link.",
        "Nothing is needed.",
        ExitCode.KEPT,
    ),
    Message(
        "contact-stopped",
        "The contact with <partner> was ended from here.",
        Side.HERE,
        "All is kept. The next contact goes on from here.",
        "Start it again when you want it.",
        ExitCode.KEPT,
    ),
    Message(
        "contact-cancelled",
        "You cancelled the contact with <partner>.",
        Side.YOU,
        "What is not confirmed waits here for the next contact. <partner> may call by itself.",
        "Sync again when you want it. Keep changes back with `radiosync hold <partner>`.",
        ExitCode.KEPT,
    ),
    Message(
        "contact-none",
        "There is no contact with <partner> to cancel.",
        Side.HERE,
        "Nothing was changed.",
        "Look with `radiosync status`.",
        ExitCode.DONE,
    ),
    Message(
        "on-hold",
        "In step with <partner>, but for <changes> on hold here.",
        Side.YOU,
        "They wait here until they are released.",
        "Let them go with `radiosync release <partner>`.",
        ExitCode.NEEDS_PERSON,
    ),
    Message(
        "already-on-air",
        "That record is already on the air to <partner>.",
        Side.LINK,
        "What has begun arrives. Newer edits of it stay here.",
        "Edit the record, then let it go with `radiosync unskip`: the newer edit replaces the older one.",
        ExitCode.NEEDS_PERSON,
    ),
    # ------------------------------------------------------------ files
    Message(
        "file-unreadable",
        "<file> cannot be read. <problem>.",
        Side.FILE,
        "Nothing of it was applied.",
        "Check the name and who may read it.",
        ExitCode.INPUT,
    ),
    Message(
        "input-wrong",
        "<where> does not fit: <problem>.",
        Side.FILE,
        "Nothing of this file was applied.",
        "Correct that place and import the file again.",
        ExitCode.INPUT,
    ),
    # ------------------------------------------------------------ simulator
    Message(
        "scenario-wrong",
        "This scenario cannot be run. <problem>.",
        Side.FILE,
        "Nothing was run.",
        "List the scenarios with `radiosync sim list`, or correct the file.",
        ExitCode.CONFIGURATION,
    ),
    Message(
        "sim-stuck",
        "The simulation does not come to an end. <problem>.",
        Side.HERE,
        "Nothing of it is kept.",
        "Run it again with the same seed. If it happens again, send us scenario and seed.",
        ExitCode.UNEXPECTED,
    ),
    Message(
        "sim-differs",
        "After <scenario> with seed <seed> the stations do not hold the same.",
        Side.HERE,
        "Nothing of it is kept.",
        "Send us scenario, seed and data: this must not happen.",
        ExitCode.UNEXPECTED,
    ),
)

MESSAGES: Final[Mapping[str, Message]] = {message.id: message for message in _CATALOGUE}
"""All messages by id."""
