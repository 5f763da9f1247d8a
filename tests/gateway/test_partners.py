"""Which link, which jobs, which schedule."""

from collections.abc import Iterator

import pytest

from radiosync.config import Config
from radiosync.errors import UsageError
from radiosync.gateway.partners import (
    EVERYTHING,
    jobs_for,
    link_for,
    partner_link,
    schedule_s,
    set_partner_link,
)
from radiosync.gateway.standing import stopped_status
from radiosync.store import Store
from radiosync.sync.ports import Job, Partner

LINKS = """
[station]
name = "Field 1"
service = "ism"
[link.off]
port = "/dev/off"
profile = "transparent"
enabled = false
[link.hf]
port = "/dev/hf"
profile = "transparent"
[link.vhf]
port = "/dev/vhf"
profile = "transparent"
"""


def job(name: str, *lines: str, partner: str = "base") -> str:
    return "\n".join(["[[job]]", f'partner = "{partner}"', f'name = "{name}"', *lines, ""])


def config(*jobs: str, links: str = LINKS) -> Config:
    return Config.parse(links + "".join(jobs), "radiosync.toml")


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as store:
        yield store


@pytest.fixture
def base(store: Store) -> Partner:
    return store.add_partner("base", b"12345678")


def test_the_first_enabled_link_if_nothing_says_otherwise(store: Store, base: Partner) -> None:
    assert link_for(config(), store, base).name == "hf"


def test_the_link_that_the_jobs_name(store: Store, base: Partner) -> None:
    assert link_for(config(job("x", 'link = "vhf"'), job("y")), store, base).name == "vhf"
    two = config(job("x", 'link = "vhf"'), job("y", 'link = "hf"'))
    assert link_for(two, store, base).name == "hf"
    other = config(job("x", 'link = "vhf"', partner="other"))
    assert link_for(other, store, base).name == "hf"


def test_the_partners_own_link_goes_before_those_of_jobs(store: Store, base: Partner) -> None:
    jobs = config(job("x", 'link = "hf"'))
    set_partner_link(store, "base", "vhf")
    assert partner_link(store, "base") == "vhf"
    assert link_for(jobs, store, base).name == "vhf"
    assert link_for(jobs, store, base, "hf").name == "hf"
    set_partner_link(store, "base", None)
    assert partner_link(store, "base") is None
    assert link_for(jobs, store, base).name == "hf"


def test_links_that_cannot_be_used(store: Store, base: Partner) -> None:
    with pytest.raises(UsageError, match="there is no link 'uhf'; there are off, hf, vhf"):
        link_for(config(), store, base, "uhf")
    with pytest.raises(UsageError, match="'off' is switched off"):
        link_for(config(), store, base, "off")
    with pytest.raises(UsageError, match="no link is configured over which base"):
        link_for(config(links='[station]\nname = "x"\nservice = "ism"\n'), store, base)


def test_without_jobs_everything_goes_both_ways() -> None:
    assert jobs_for(config(job("x", partner="other")), "base") == (EVERYTHING,)
    assert (EVERYTHING.tables, EVERYTHING.sends, EVERYTHING.receives) == (None, True, True)


def test_jobs_are_what_the_config_says() -> None:
    jobs = config(
        job(
            "x",
            'tables = ["shelter", "stock"]',
            'direction = "send"',
            'priority = "urgent"',
            "every_edit = true",
        ),
        job("y", 'direction = "receive"', 'link = "vhf"'),
    )
    x = Job("x", frozenset({"shelter", "stock"}), receives=False, priority=0, every_edit=True)
    y = Job("y", sends=False)
    assert jobs_for(jobs, "base") == [x, y]
    assert jobs_for(jobs, "base", "vhf") == [x, y]
    assert jobs_for(jobs, "base", "hf") == [x]


def test_the_shortest_schedule_counts() -> None:
    assert schedule_s(config(job("x")), "base") is None
    both = config(job("x", 'schedule = "6h"'), job("y", 'schedule = "30m"'), job("z"))
    assert schedule_s(both, "base") == 1800
    assert schedule_s(both, "other") is None


def test_how_things_stand_without_a_gateway(store: Store, base: Partner) -> None:
    status = stopped_status(config(), store)
    assert not status.running
    assert [(link.name, link.state) for link in status.links] == [
        ("off", "disabled"),
        ("hf", "closed"),
        ("vhf", "closed"),
    ]
    [partner] = status.partners
    assert (partner.name, partner.link, partner.changes_waiting, partner.last_message) == (
        "base",
        "hf",
        0,
        None,
    )
    nowhere = stopped_status(config(links='[station]\nname = "x"\nservice = "ism"\n'), store)
    assert nowhere.partners[0].link is None
