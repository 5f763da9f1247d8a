"""Finds and reads profile files: in the wheel, or in the checkout."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from radiosync.errors import ConfigError
from radiosync.profiles.model import Kiss, Profile, SerialSettings
from radiosync.settings import Place, parse_toml, read_table, sub_table

_SUFFIX: Final = ".toml"


def profile_names() -> list[str]:
    """Ids of all profiles that come with radiosync, sorted."""
    entries = (entry.name for entry in _folder().iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in entries if name.endswith(_SUFFIX))


def load_profile(name: str) -> Profile:
    """The profile of that id. Raises ConfigError when there is none, or when its file is wrong."""
    if name not in (names := profile_names()):
        raise ConfigError(f'no profile is called "{name}"; there are {", ".join(names)}')
    return parse_profile(name, (_folder() / (name + _SUFFIX)).read_text("utf-8"))


def parse_profile(name: str, text: str) -> Profile:
    """The profile that the TOML in `text` describes, under the id `name`. Raises ConfigError."""
    place = Place(name + _SUFFIX)
    document = parse_toml(text, place.file)
    serial = read_table(SerialSettings, sub_table(document, "serial", place), Place(place.file, "[serial]"))
    kiss = None
    if "kiss" in document:
        kiss = read_table(Kiss, sub_table(document, "kiss", place), Place(place.file, "[kiss]"))
    top = {key: value for key, value in document.items() if key not in ("serial", "kiss")}
    try:
        return read_table(Profile, top, place, id=name, serial=serial, kiss=kiss)
    except ValueError as error:
        raise place.fault(None, str(error)) from None


def _folder() -> Traversable:
    """Inside the package when it is installed, beside it in a checkout."""
    packaged = files(__package__) / "data"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "firmware_profiles"
