"""Stations of different versions of the protocol: each pair speaks what both can, and goes on in more when both can more."""

from dataclasses import replace
from random import Random

import pytest

from radiosync.link.contact import Contact, Parties, Role
from radiosync.link.events import Outcome
from radiosync.link.timing import Timing
from radiosync.sync.mail import Mail
from radiosync.wire.check import append_check, strip_check
from radiosync.wire.frames import (
    PROTOCOL_VERSION,
    Hello,
    Kind,
    call_seed,
    kind_of,
    read_frame,
    write_frame,
)
from radiosync.wire.frames0 import read_any_frame, write_old_frame
from radiosync.wire.seal import Format, open_envelope
from tests.link import old0
from tests.link.line import FAST, SMALL, VHF, Fate, Line, Sent, lossy, unharmed, without
from tests.link.memory import JOB, MemoryStore, partner_of
from tests.link.old0 import OldContact
from tests.link.pairs import Summoned, all_there, contact, meet, outcomes, stores

COMPLETE = [Outcome.COMPLETE, Outcome.COMPLETE]
LOADS = pytest.mark.parametrize(("changes", "back"), [(0, 0), (3, 0), (0, 3), (60, 60), (300, 0), (0, 300)])
OLD_KINDS = {Kind.HELLO, Kind.OLD_ACK, Kind.OLD_DATA}
NEW_KINDS = {Kind.HELLO, Kind.CALL, Kind.ACK, Kind.DATA}


class OldMail(Mail):
    """Mail of a station of version 0, which knows no other batches than those of its time."""

    def deliver(self, number: int, data: bytes) -> bool:
        assert open_envelope(data).format <= Format.OLD_ZSTD
        return super().deliver(number, data)


def side(
    role: Role, us: MemoryStore, them: MemoryStore, number: int, version: int, timing: Timing = VHF
) -> Contact:
    if version:
        return contact(role, us, them, number, timing)
    parties = Parties(us.origin.station, them.origin.station, us.origin.incarnation, number)
    mail = OldMail(us, replace(partner_of(them, known_to=us), version=0), [JOB])
    return OldContact(role, parties, mail, timing, Random(number), now=0.0)


def meet_in(
    versions: tuple[int, int],
    anna: MemoryStore,
    ben: MemoryStore,
    number: int,
    fate: Fate = unharmed,
    timing: Timing = VHF,
) -> Line:
    """One contact, `anna` calling, between stations of these versions."""
    caller = side(Role.CALLER, anna, ben, number, versions[0], timing)
    called = side(Role.CALLED, ben, anna, number, versions[1], timing)
    line = Line([caller, called], timing, fate)
    line.run()
    return line


def kinds_of(line: Line, by: int | None = None) -> list[Kind]:
    return [kind_of(sent.frame) for sent in line.sent if by in (None, sent.side)]


def versions_of(line: Line, by: int) -> list[int]:
    """Of the hellos of a side."""
    return [sent.frame[2] for sent in line.sent if sent.side == by and kind_of(sent.frame) is Kind.HELLO]


def version_known(us: MemoryStore, them: MemoryStore) -> int:
    return us.spoken[them.origin.station][1]


def acquainted(versions: tuple[int, int], changes: int, back: int) -> tuple[MemoryStore, MemoryStore]:
    """Two stores that have met in these versions, and have changes since."""
    anna, ben = stores(20, 20)
    assert outcomes(meet_in(versions, anna, ben, 1)) == COMPLETE
    anna.fill(Random(3), changes, first=2000)
    ben.fill(Random(4), back, first=7000)
    return anna, ben


# With a station of version 0.


@pytest.mark.parametrize("timing", [VHF, FAST, SMALL], ids=["vhf", "fast", "small"])
@pytest.mark.parametrize("versions", [(1, 0), (0, 1), (0, 0)], ids=["we call", "they call", "both old"])
@LOADS
def test_strangers_of_different_versions_end_with_all(
    versions: tuple[int, int], changes: int, back: int, timing: Timing
) -> None:
    anna, ben = stores(changes, back)
    line = meet_in(versions, anna, ben, 1, timing=timing)
    assert outcomes(line) == COMPLETE
    assert all_there(anna, ben)
    old = versions.index(0)
    assert set(kinds_of(line, old)) <= OLD_KINDS
    answered_at = min(sent.begins_at for sent in line.sent if sent.side == 1)
    spoken = {kind_of(sent.frame) for sent in line.sent if sent.begins_at > answered_at}
    assert spoken <= OLD_KINDS
    assert version_known(*((anna, ben) if old == 1 else (ben, anna))) == 0


@pytest.mark.parametrize("versions", [(1, 0), (0, 1)], ids=["we call", "they call"])
@LOADS
def test_partners_of_different_versions_lose_no_over_to_find_out(
    versions: tuple[int, int], changes: int, back: int
) -> None:
    """As good as if both were old."""
    new, old = acquainted(versions, changes, back), acquainted((0, 0), changes, back)
    line, of_old = meet_in(versions, *new, 2), meet_in((0, 0), *old, 2)
    assert outcomes(line) == COMPLETE
    assert all_there(*new)
    assert line.overs == of_old.overs
    assert line.air_bytes == of_old.air_bytes
    assert set(kinds_of(line)) <= OLD_KINDS


@pytest.mark.parametrize("versions", [(1, 0), (0, 1)], ids=["we call", "they call"])
@pytest.mark.parametrize(("changes", "back"), [(0, 0), (20, 20), (60, 0)])
def test_any_one_frame_may_be_lost_between_versions(
    versions: tuple[int, int], changes: int, back: int
) -> None:
    lost = 0
    while True:
        anna, ben = acquainted(versions, changes, back)
        before = anna.traffic_of(ben).rewinds, ben.traffic_of(anna).rewinds
        line = meet_in(versions, anna, ben, 2, without(lost))
        assert all_there(anna, ben), lost
        assert outcomes(line)[0] is Outcome.COMPLETE, lost
        assert (anna.traffic_of(ben).rewinds, ben.traffic_of(anna).rewinds) == before
        lost += 1
        if lost > len(line.sent):
            return


@pytest.mark.parametrize("versions", [(1, 0), (0, 1)], ids=["we call", "they call"])
@pytest.mark.parametrize("seed", range(8))
def test_random_loss_between_versions_is_survived(versions: tuple[int, int], seed: int) -> None:
    anna, ben = stores(60, 30)
    fate = lossy(Random(seed), 0.3, 0.3)
    for number in range(1, 20):
        line = meet_in(versions, anna, ben, number, fate)
        if all_there(anna, ben) and outcomes(line)[0] is Outcome.COMPLETE:
            return
    raise AssertionError("never done")


# A station changes its version between contacts.


@LOADS
def test_a_partner_that_went_back_to_version_0_is_reached(changes: int, back: int) -> None:
    """Our call and our hello are noise to it; the third try is in its version, and the next contact begins so."""
    anna, ben = acquainted((1, 1), changes, back)
    line = meet_in((1, 0), anna, ben, 2)
    assert outcomes(line) == COMPLETE
    assert all_there(anna, ben)
    tries = [sent for sent in line.sent if sent.place == 0 and sent.side == 0][:3]
    assert [kind_of(sent.frame) for sent in tries] == [Kind.CALL, Kind.HELLO, Kind.HELLO]
    assert [sent.frame[2] for sent in tries[1:]] == [1, 0]
    assert version_known(anna, ben) == 0
    again = meet_in((1, 0), anna, ben, 3)
    assert outcomes(again) == COMPLETE
    assert again.overs == [2, 1]


@LOADS
def test_a_partner_that_went_back_to_version_0_is_answered(changes: int, back: int) -> None:
    anna, ben = acquainted((1, 1), changes, back)
    line = meet_in((0, 1), anna, ben, 2)
    assert outcomes(line) == COMPLETE
    assert all_there(anna, ben)
    assert set(kinds_of(line)) <= OLD_KINDS
    assert version_known(ben, anna) == 0


@pytest.mark.parametrize("versions", [(1, 0), (0, 1)], ids=["they get newer", "we get newer"])
@pytest.mark.parametrize("caller", ["a", "b"])
@LOADS
def test_partners_that_are_both_new_at_last_speak_so_at_once(
    versions: tuple[int, int], caller: str, changes: int, back: int
) -> None:
    """A hello of version 0 tells, by one flag, that its sender speaks more; the answer is in version 1."""
    anna, ben = acquainted(versions, changes, back)
    pair = (anna, ben) if caller == "a" else (ben, anna)
    line = meet_in((1, 1), *pair, 2)
    assert outcomes(line) == COMPLETE
    assert all_there(anna, ben)
    assert set(kinds_of(line, 1)) <= NEW_KINDS
    assert versions_of(line, 1)[:1] == [1]
    assert version_known(anna, ben) == version_known(ben, anna) == 1
    third = meet_in((1, 1), *pair, 3)
    assert kinds_of(third) == [Kind.CALL, Kind.ACK]


@pytest.mark.parametrize("lost", range(1, 5))
def test_calls_that_are_lost_lead_no_two_stations_back_to_version_0(lost: int) -> None:
    """The hello that is heard at last may be in version 0: it was not known whether anybody still speaks that."""
    anna, ben = acquainted((1, 1), 20, 20)
    calls = [0]

    def fate(sent: Sent) -> list[tuple[float, bytes]]:
        calls[0] += sent.place == 0
        return [] if calls[0] <= lost else unharmed(sent)

    line = meet_in((1, 1), anna, ben, 2, fate)
    assert versions_of(line, 0) == [1, 0, 1, 0][:lost]
    assert outcomes(line) == COMPLETE
    assert all_there(anna, ben)
    assert set(kinds_of(line, 1)) <= NEW_KINDS
    assert version_known(anna, ben) == version_known(ben, anna) == 1
    assert kinds_of(meet_in((1, 1), anna, ben, 3)) == [Kind.CALL, Kind.ACK]


# A partner of a later version.


def later_hello(us: MemoryStore, them: MemoryStore, version: int, capabilities: int, added: bytes) -> bytes:
    """A call in full by a station of a later version."""
    one = contact(Role.CALLER, us, them, 1, VHF)
    over = one.poll_over(now=0.0)
    assert over is not None
    hello, _ = read_frame(strip_check(over.frames[0], call_seed(them.origin.station), VHF.check_bytes))
    assert isinstance(hello, Hello)
    frame = bytearray(write_frame(hello))
    frame[2], frame[27] = version, capabilities
    return append_check(bytes(frame) + added, call_seed(them.origin.station), VHF.check_bytes)


@pytest.mark.parametrize("version", [2, 3, 255])
@pytest.mark.parametrize("added", [b"", b"\x00", bytes(range(40))])
def test_a_later_version_is_answered_in_ours(version: int, added: bytes) -> None:
    anna, ben = stores(0, 20)
    called = contact(Role.CALLED, ben, anna, 1, VHF)
    assert called.receive_frame(later_hello(anna, ben, version, 0xFF, added), now=1.0)
    assert ben.spoken[anna.origin.station] == (anna.origin.incarnation, version, 0xFF)
    answer = called.poll_over(now=1.0)
    assert answer is not None
    assert [kind_of(frame) for frame in answer.frames][:2] == [Kind.HELLO, Kind.DATA]
    hello, _ = read_frame(answer.frames[0][: -VHF.check_bytes])
    assert isinstance(hello, Hello)
    assert hello.version == PROTOCOL_VERSION


@pytest.mark.parametrize("version", [2, 255])
def test_a_partner_of_a_later_version_is_called_in_ours(version: int) -> None:
    anna, ben = acquainted((1, 1), 3, 0)
    anna.spoken[ben.origin.station] = (ben.origin.incarnation, version, 0xFF)
    line = meet_in((1, 1), anna, ben, 2, without(0))
    assert kinds_of(line)[:2] == [Kind.CALL, Kind.HELLO]
    assert versions_of(line, 0)[0] == PROTOCOL_VERSION
    assert outcomes(line) == COMPLETE
    assert all_there(anna, ben)


@pytest.mark.parametrize("capabilities", [0, 1, 2, 0x80, 0xFF])
@pytest.mark.parametrize("first", [1, 2], ids=["strangers", "partners"])
def test_what_a_partner_can_read_is_kept_and_unknown_bits_change_nothing(
    capabilities: int, first: int
) -> None:
    anna, ben = stores(20, 20)
    for number in range(1, first + 1):
        anna.edit(1, name=str(number))
        able = Parties(anna.origin.station, ben.origin.station, anna.origin.incarnation, number, capabilities)
        mail = Mail(anna, partner_of(ben, known_to=anna), [JOB])
        called = contact(Role.CALLED, ben, anna, number, VHF)
        line = Line([Contact(Role.CALLER, able, mail, VHF, Random(1), now=0.0), called], VHF)
        line.run()
        assert outcomes(line) == COMPLETE
        assert all_there(anna, ben)
        assert ben.spoken[anna.origin.station][2] == capabilities
    assert kinds_of(line)[0] is (Kind.CALL if first == 2 else Kind.HELLO)


# The speaker of version 0 is no echo of the code that it is to test.


def test_the_old_speaker_and_the_code_agree_on_every_kept_frame() -> None:
    line = meet_in((0, 0), *acquainted((0, 0), 60, 60), 2)
    for sent in line.sent:
        bare = sent.frame[: -VHF.check_bytes]
        theirs, left_bytes = old0.read_frame(bare)
        assert read_any_frame(bare) == (theirs, left_bytes)
        assert write_old_frame(theirs, left_bytes) == old0.write_frame(theirs, left_bytes) == bare


def test_the_old_speaker_takes_nothing_new_for_a_call() -> None:
    anna, ben = acquainted((1, 1), 3, 3)
    called = side(Role.CALLED, ben, anna, 3, 0)
    for sent in meet(anna, ben, 3).sent:
        assert not called.receive_frame(sent.frame, now=1.0)
    assert isinstance(called, OldContact)
    assert not isinstance(called, Summoned)
