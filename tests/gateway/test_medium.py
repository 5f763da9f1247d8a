"""From a configured link to framing, timing and greeting."""

from dataclasses import replace

import pytest

from radiosync.config import Config, Link
from radiosync.errors import ConfigError
from radiosync.gateway.medium import EVERYBODY, Medium, medium_of
from radiosync.wire.ax25 import Address
from radiosync.wire.framing import KissAx25Framing, StreamFraming
from radiosync.wire.kiss import Command, KissDecoder

STATION = '[station]\nname = "Field 1"\nservice = "amateur"\ncallsign = "N0CALL-7"\n'


def medium(link: str, station: str = STATION) -> Medium:
    config = Config.parse(f'{station}[link.radio]\nport = "/dev/x"\n{link}', "radiosync.toml")
    return medium_of(config, config.links["radio"])


def test_a_kiss_tnc() -> None:
    tnc = medium('profile = "kiss-tnc"')
    assert isinstance(tnc.framing, KissAx25Framing)
    assert (str(tnc.framing.source), tnc.framing.destination) == ("N0CALL-7", EVERYBODY)
    assert tnc.timing.check_bytes == 2
    # The profile's airtime has the AX.25 header already.
    assert tnc.timing.framed_bytes(100) == 100
    assert tnc.timing.airtime.header_bytes == 18


def test_a_transparent_modem() -> None:
    modem = medium('profile = "transparent"')
    assert isinstance(modem.framing, StreamFraming)
    assert modem.timing.check_bytes == 4
    assert modem.timing.framed_bytes(100) == len(modem.framing.encode(bytes(100)))
    assert modem.greeting == b""


def test_the_links_own_numbers_count() -> None:
    tnc = medium('profile = "kiss-tnc"\nbit_rate = 300\nkey_up_s = 0.25\ntail_s = 0.5\nlongest_over_s = 12\n')
    assert (tnc.timing.airtime.bit_rate, tnc.timing.over_s) == (300, 12)
    frames = KissDecoder().receive(tnc.greeting)
    values = {frame.command: frame.payload[0] for frame in frames}
    assert (values[Command.TXDELAY], values[Command.TXTAIL]) == (25, 50)


def test_nothing_in_the_greeting_keys() -> None:
    greeting = medium('profile = "kiss-tnc"').greeting
    assert greeting
    assert all(frame.command is not Command.DATA for frame in KissDecoder().receive(greeting))


def test_addresses() -> None:
    tnc = medium('profile = "kiss-tnc"')
    assert isinstance(tnc.framing, KissAx25Framing)
    tnc.address("n0call-3")
    assert tnc.framing.destination == Address("N0CALL", 3)
    for unknown in (None, "not a call sign"):
        tnc.address(unknown)
        assert tnc.framing.destination == EVERYBODY
    medium('profile = "transparent"').address("N0CALL-3")


def test_a_tnc_needs_a_call_sign() -> None:
    station = '[station]\nname = "Field 1"\nservice = "ism"\n'
    with pytest.raises(ConfigError, match=r'radiosync.toml, \[station\], callsign: .*"radio"'):
        medium('profile = "kiss-tnc"', station)
    medium('profile = "transparent"', station)


def test_an_unknown_profile() -> None:
    with pytest.raises(ConfigError, match=r"radiosync.toml, \[link.radio\], profile: .*kiss-tnc"):
        medium('profile = "pigeon"')


def test_numbers_that_do_not_go_together() -> None:
    config = Config.parse(f'{STATION}[link.radio]\nport = "/dev/x"\nprofile = "kiss-tnc"\n', "radiosync.toml")
    link: Link = replace(config.links["radio"], key_up_s=3.0)
    with pytest.raises(ConfigError, match=r"radiosync.toml, \[link.radio\]: "):
        medium_of(config, link)


@pytest.mark.parametrize(
    ("numbers", "key"),
    [("max_frame_bytes = 64", "max_frame_bytes"), ("bit_rate = 300\nlongest_over_s = 2", "longest_over_s")],
)
def test_numbers_that_leave_no_room_for_a_piece(numbers: str, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"\[link\.radio\], {key}: must be at least"):
        medium(f'profile = "kiss-tnc"\n{numbers}')
