"""Where our files are: the XDG base directories, or one folder for all.

Source: XDG Base Directory Specification 0.8. A relative path in one of its variables is not used, as it demands.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_NAME: Final = "radiosync"


@dataclass(frozen=True, slots=True)
class Paths:
    """The four folders.

    Attributes:
        config: what people write.
        data: what must not be lost.
        state: logs, and what may be lost.
        runtime: locks and sockets; gone after a restart of the machine.
    """

    config: Path
    data: Path
    state: Path
    runtime: Path

    @classmethod
    def find(cls, home: Path | None = None, environ: Mapping[str, str] = os.environ) -> Self:
        """The folders that hold here.

        Args:
            home: one folder for all four, as `--home` says; on a USB stick for example.
            environ: `RADIOSYNC_HOME` stands in for `home`; else `XDG_*` and `HOME` are looked at.
        """
        if home is None and environ.get("RADIOSYNC_HOME"):
            home = Path(environ["RADIOSYNC_HOME"])
        if home is not None:
            folder = home.expanduser().absolute()
            return cls(folder, folder, folder, folder)
        user = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
        state = _base(environ, "XDG_STATE_HOME", user / ".local/state")
        return cls(
            config=_base(environ, "XDG_CONFIG_HOME", user / ".config"),
            data=_base(environ, "XDG_DATA_HOME", user / ".local/share"),
            state=state,
            runtime=_base(environ, "XDG_RUNTIME_DIR", state.parent),
        )

    @property
    def config_file(self) -> Path:
        """What `radiosync setup` writes and people edit."""
        return self.config / "radiosync.toml"

    @property
    def database(self) -> Path:
        """The store, unless the config names another one."""
        return self.data / "radiosync.db"

    @property
    def lock_file(self) -> Path:
        """Held by the process that has the links open."""
        return self.runtime / "radiosync.lock"

    def create(self) -> None:
        """Make the folders that are not there yet, readable by their owner alone. Raises OSError."""
        for folder in (self.config, self.data, self.state, self.runtime):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _base(environ: Mapping[str, str], variable: str, otherwise: Path) -> Path:
    given = Path(environ.get(variable, ""))
    return (given if given.is_absolute() else otherwise) / _NAME
