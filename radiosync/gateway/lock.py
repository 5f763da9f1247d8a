"""One gateway at a time in one home: two that open the same ports and database would spoil each other's contacts."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from radiosync.errors import BusyError, LocalError


class GatewayLock:
    """Held by the process that has the links open, as a context manager. The system lets go of it when the process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            BusyError: another process has it; the text says which.
            LocalError: the file cannot be made.
        """
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LocalError(f"{self._path}: cannot be used as a lock: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(file, 20).decode("ascii", "replace").strip()
            os.close(file)
            raise BusyError(f"a gateway is running already, as process {holder or 'unknown'}") from None
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it. The file stays: removing it would let two processes lock two files of the same name."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
