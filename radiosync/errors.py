"""Every exception that radiosync raises on purpose, drawn as one tree.

::

    RadioSyncError
    +-- UsageError            we were called wrongly, or the person typed something that cannot be done
    |   +-- ConfigError       a setting is missing or wrong; names file, table and key
    |   +-- InputError        a file that we were given is wrong; names file, line and field
    +-- LocalError            this machine: port, disk, database
    |   +-- PortError         a serial port or modem cannot be used
    |   +-- StoreError        the database cannot be opened, read or written
    |   +-- BusyError         another radiosync process holds what we need
    +-- PeerError             something arrived that a correct partner would not have sent
        +-- WireError         bytes that do not parse
        +-- ContextError      a batch that builds on shared history that we do not have

Parsers of peer input raise `PeerError` and its branches only, whatever the bytes. Library exceptions are translated
where they enter. The words that an operator reads are made from the message catalogue, not from these texts.
"""


class RadioSyncError(Exception):
    """Base of all errors raised on purpose."""


class UsageError(RadioSyncError):
    """We were called wrongly, or a person asked for something that cannot be done."""


class ConfigError(UsageError):
    """A setting is missing or wrong. The text names file, table and key."""


class InputError(UsageError):
    """A file that we were given is wrong.

    Attributes:
        source: name of the file as the person gave it.
        line: 1-based line number, or None when the fault is not in one line.
        field: name of the field, or None.
        problem: what is wrong, in words.
    """

    def __init__(self, source: str, line: int | None, field: str | None, problem: str) -> None:
        self.source, self.line, self.field, self.problem = source, line, field, problem
        where = source if line is None else f"{source}, line {line}"
        super().__init__(f"{where}: {problem}" if field is None else f"{where}, field {field!r}: {problem}")


class LocalError(RadioSyncError):
    """Something on this machine stops us: port, disk, database."""


class PortError(LocalError):
    """A serial port or modem cannot be used."""


class StoreError(LocalError):
    """The database cannot be opened, read or written."""


class BusyError(LocalError):
    """Another radiosync process holds what we need."""


class PeerError(RadioSyncError):
    """Something arrived that a correct partner would not have sent."""


class WireError(PeerError):
    """Bytes that do not parse."""


class ContextError(PeerError):
    """A batch builds on shared history that we do not have."""
