"""A pair on a slow link whose contacts all end badly: the last word of each, which confirms or says bye, does not arrive.

What was applied is then not known to be. The next batches build on what is confirmed, and on the model that was taught
there; nothing of that may drift apart, and none of it is a reason to begin anew.
"""

from collections.abc import Callable
from itertools import product
from random import Random
from typing import TypeAlias

import pytest

from radiosync.link.events import Outcome
from radiosync.wire.frames import Ack, Kind, kind_of, read_frame
from radiosync.wire.seal import Format
from tests.link.line import VHF, Fate, Sent, unharmed
from tests.sync.slowpair import SlowPair, slow_pair

CONTACTS = 8

CALLER, CALLED = 0, 1

Contact: TypeAlias = tuple[SlowPair, int, list[Sent]]
"""The pair, which side calls, and what has been lost so far."""

Loss: TypeAlias = Callable[[Contact], Fate]
"""Which frames of a contact are lost."""


def is_bye(sent: Sent) -> bool:
    if kind_of(sent.frame) is not Kind.ACK:
        return False
    content, _ = read_frame(sent.frame[: -VHF.check_bytes])
    return isinstance(content, Ack) and content.bye


def byes(*roles: int) -> Loss:
    """No bye of these arrives."""

    def fate_of(contact: Contact) -> Fate:
        _, caller, lost = contact
        return lambda sent: (
            lose(sent, lost) if sent.side ^ caller in roles and is_bye(sent) else unharmed(sent)
        )

    return fate_of


def once_equal(*roles: int, times: int = 10**9) -> Loss:
    """When both have all, nothing that these say arrives any more: the line is dead, or they are."""

    def fate_of(contact: Contact) -> Fate:
        pair, caller, lost = contact

        def fate(sent: Sent) -> list[tuple[float, bytes]]:
            is_last = sent.side ^ caller in roles and len(lost) < times and pair.equal
            return lose(sent, lost) if is_last else unharmed(sent)

        return fate

    return fate_of


def lose(sent: Sent, lost: list[Sent]) -> list[tuple[float, bytes]]:
    lost.append(sent)
    return []


LOSSES: dict[str, Loss] = {
    "byes of the caller": byes(CALLER),
    "byes of the called": byes(CALLED),
    "all byes": byes(CALLER, CALLED),
    "the end of the caller": once_equal(CALLER),
    "the end of the called": once_equal(CALLED),
    "the end of both": once_equal(CALLER, CALLED),
    "the first frame of the end": once_equal(CALLER, CALLED, times=1),
}
ANY = "any of them"


@pytest.mark.parametrize(("loss", "seed"), [*product(LOSSES, range(2)), *product([ANY], range(8))])
def test_contacts_without_a_last_word_go_on_where_they_were(loss: str, seed: int) -> None:
    """Either side calls; one or both have written something, and both have all of it when the line falls silent."""
    random = Random(f"{loss} {seed}")
    with slow_pair() as pair:
        ended_badly = 0
        for contact in range(CONTACTS):
            where = f"{loss}, seed {seed}, contact {contact}"
            caller, lost = random.randrange(2), list[Sent]()
            for side, site in enumerate(pair.sites):
                if side == caller or random.random() < 0.5:
                    site.write(random, random.choice([1, 3, 12]))
            kind = random.choice(list(LOSSES)) if loss == ANY else loss
            pair.call(caller, LOSSES[kind]((pair, caller, lost)))
            ended_badly += bool(lost)
            assert pair.equal, where
            assert pair.epochs == [0, 0], where
            agree(pair, where)
            outcomes = [site.outcomes() for site in pair.sites]
            assert lost or outcomes == [[Outcome.COMPLETE]] * 2, where
        assert ended_badly > 1, "else nothing was tried"
        pair.call()
        assert [site.outcomes()[-1] for site in pair.sites] == [Outcome.COMPLETE] * 2
        settled(pair, f"{loss}, seed {seed}")
        for site in pair.sites:
            assert set(site.sealed) <= {Format.COMPACT, Format.COMPACT_ASIDE}
            assert site.sealed[Format.COMPACT]


def agree(pair: SlowPair, where: str) -> None:
    """Of what either side has taught and may build on, the other one has learnt the same."""
    for here, there in (pair.sites, pair.sites[::-1]):
        out, come = here.store.outbound(here.partner), there.store.inbound(there.partner)
        for version in range(out.confirmed, come.through + 1):
            assert here.model_out(version) == there.model_in(version), f"{where}, version {version}"


def settled(pair: SlowPair, where: str) -> None:
    """Nothing is open between the two, and both have learnt something."""
    assert pair.equal, where
    for here, there in (pair.sites, pair.sites[::-1]):
        out, come = here.store.outbound(here.partner), there.store.inbound(there.partner)
        assert (out.epoch, out.sealed, out.confirmed) == (come.epoch, come.through, come.through), where
        assert here.store.unconfirmed(here.partner) == [], where
        assert here.taught is not None, where
        assert here.taught == there.learnt, where


@pytest.mark.parametrize("seed", range(6))
def test_while_nothing_is_confirmed_batches_are_packed_aside_and_teach_nothing(seed: int) -> None:
    """The caller never hears that its batches came. As soon as it does, it teaches again."""
    with slow_pair() as pair:
        a, _ = pair.sites
        random, forms = Random(f"aside {seed}"), []
        for _ in range(3):
            a.write(random, 3)
            taught = a.taught
            pair.call(0, lambda sent: [] if sent.side == 1 else unharmed(sent))
            assert pair.equal, f"seed {seed}"
            forms += list(a.sealed.elements())
            a.sealed.clear()
            assert (a.taught == taught) == (forms[-1] is Format.COMPACT_ASIDE), f"seed {seed}"
        assert forms == [Format.COMPACT, Format.COMPACT_ASIDE, Format.COMPACT_ASIDE]
        pair.call(seed % 2)
        settled(pair, f"seed {seed}")
        a.write(random, 3)
        pair.call(seed % 2)
        assert dict(a.sealed) == {Format.COMPACT: 1}
        assert pair.epochs == [0, 0]
        settled(pair, f"seed {seed}")
