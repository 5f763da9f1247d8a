"""What a configured link is made of: its profile, its framing, its timing, and what its modem is told at the start."""

from dataclasses import dataclass

from radiosync.config import Config, Link
from radiosync.errors import ConfigError
from radiosync.link.over import FRAME_HEAD_BYTES
from radiosync.link.timing import LONGEST_LEAD_BYTES, Timing, timing_of
from radiosync.profiles.loader import load_profile
from radiosync.profiles.model import Profile
from radiosync.wire.ax25 import Address
from radiosync.wire.framing import Framing, KissAx25Framing, KissFraming, StreamFraming
from radiosync.wire.kiss import Command, encode_kiss
from radiosync.wire.shape import PIECE_SIZES

EVERYBODY = Address("QST")
"""AX.25 destination of frames for a partner whose call sign is not known. By custom QST calls all stations."""


@dataclass(frozen=True, slots=True)
class Medium:
    """A link, ready to be driven.

    Attributes:
        link: as configured.
        profile: of its modem, with the link's own numbers.
        framing: how frames become bytes. Belongs to one driver.
        timing: how long things take.
        greeting: bytes for the modem when its port has been opened. They key nothing.
    """

    link: Link
    profile: Profile
    framing: Framing
    timing: Timing
    greeting: bytes

    def address(self, callsign: str | None) -> None:
        """The next frames are for a partner with that call sign. Does nothing where frames carry no addresses."""
        if isinstance(self.framing, KissAx25Framing):
            self.framing.destination = _address_of(callsign)


def medium_of(config: Config, link: Link) -> Medium:
    """Build what a link needs.

    Raises:
        ConfigError: there is no such profile, its numbers do not go together, or the call sign is missing.
    """
    profile = _profile_of(config, link)
    framing = _framing_of(config, link, profile)
    greeting = b"".join(
        encode_kiss(bytes([value]), command=Command[name]) for name, value in profile.kiss_commands()
    )
    timing = timing_of(profile.airtime(), framing)
    _check_room(config, link, timing)
    return Medium(link, profile, framing, timing, greeting)


def _check_room(config: Config, link: Link, timing: Timing) -> None:
    """Every frame must hold the largest piece, and every over a hello and such a frame; else nothing would ever arrive."""
    least = FRAME_HEAD_BYTES + PIECE_SIZES[-1] + timing.check_bytes
    if timing.frame_bytes < least:
        raise ConfigError(f"{config.file}, [link.{link.name}], max_frame_bytes: must be at least {least}")
    least_s = timing.frame_s(LONGEST_LEAD_BYTES) + timing.frame_s(least)
    if timing.over_s < least_s:
        raise ConfigError(
            f"{config.file}, [link.{link.name}], longest_over_s: must be at least {least_s:.1f} at this bit rate"
        )


def _profile_of(config: Config, link: Link) -> Profile:
    try:
        return load_profile(link.profile).adjusted(
            bit_rate=link.bit_rate,
            serial_rate=link.serial_rate,
            key_up_s=link.key_up_s,
            turn_s=link.turn_s,
            tail_s=link.tail_s,
            max_frame_bytes=link.max_frame_bytes,
            longest_over_s=link.longest_over_s,
        )
    except ConfigError as error:
        raise ConfigError(f"{config.file}, [link.{link.name}], profile: {error}") from error
    except ValueError as error:
        raise ConfigError(f"{config.file}, [link.{link.name}]: {error}") from error


def _framing_of(config: Config, link: Link, profile: Profile) -> Framing:
    match profile.kind:
        case "kiss-tnc":
            if config.station.callsign is None:
                raise ConfigError(
                    f'{config.file}, [station], callsign: is missing; link "{link.name}" needs one, because its modem sends'
                    " AX.25 frames"
                )
            return KissAx25Framing(Address.parse(str(config.station.callsign)), EVERYBODY)
        case "lora":
            return KissFraming()
        case "transparent":
            assert profile.strength is not None, "the profile's own check sees to that"
            return StreamFraming(profile.strength)


def _address_of(callsign: str | None) -> Address:
    try:
        return EVERYBODY if callsign is None else Address.parse(callsign)
    except ValueError:
        return EVERYBODY
