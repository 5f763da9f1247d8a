"""What should never happen, and does: databases lost, processes killed, partners that lie, frames of another time."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from random import Random

import pytest

from radiosync.link.calling import outgoing_call_seed
from radiosync.link.contact import Contact, Role
from radiosync.link.events import Outcome
from radiosync.link.over import Over
from radiosync.link.timing import timing_of
from radiosync.profiles.airtime import Airtime
from radiosync.sync.ports import Partner
from radiosync.wire.check import append_check, strip_check
from radiosync.wire.context import EMPTY_MARK, Mark
from radiosync.wire.frames import (
    CALL_CHECK_BYTES,
    Ack,
    Arriving,
    Call,
    Data,
    Frame,
    Hello,
    Kind,
    Report,
    Round,
    kind_of,
    read_frame,
    set_left,
    unfold,
    write_frame,
)
from radiosync.wire.framing import KissFraming
from radiosync.wire.shape import Shape
from tests.link.line import VHF, Endpoint, Fate, Line, Sent, lossy, unharmed, without
from tests.link.memory import KilledError, MemoryStore, partner_of
from tests.link.pairs import all_there, contact, meet, outcomes, stores

SLOW_TURN = timing_of(
    Airtime.of("kiss-tnc", 1200, key_up_s=2.0, max_frame_bytes=128, longest_over_s=30.0), KissFraming()
)
"""A first over of several frames."""

COMPLETE = [Outcome.COMPLETE, Outcome.COMPLETE]


def reborn(letter: str, incarnation: int, changes: int = 0) -> MemoryStore:
    """A station whose database is gone: the same identity, another incarnation."""
    found = MemoryStore(letter, incarnation)
    found.fill(Random(incarnation), changes, first=9000)
    return found


def check_claims(anna: MemoryStore, ben: MemoryStore) -> None:
    """Nobody believes that the other one has what it has not."""
    for us, them in ((anna, ben), (ben, anna)):
        out, come = us.outbound(partner_of(them)), them.inbound(partner_of(us))
        agreed = (come.incarnation, come.epoch) == (us.origin.incarnation, out.epoch)
        assert out.confirmed <= (come.through if agreed else 0)


def settle(anna: MemoryStore, ben: MemoryStore, first: int, contacts: int = 6) -> list[Line]:
    """Call until all is there, from alternating sides."""
    lines = []
    for number in range(first, first + contacts):
        pair = (anna, ben) if number % 2 else (ben, anna)
        lines.append(meet(*pair, number=number))
        if all_there(anna, ben):
            return lines
    raise AssertionError("never settled")


# Databases lost.


@pytest.mark.parametrize("caller", ["lost", "kept"])
@pytest.mark.parametrize(("mine", "theirs"), [(0, 0), (0, 30), (30, 0), (30, 30)])
def test_a_station_that_lost_its_database_gets_all_again(mine: int, theirs: int, caller: str) -> None:
    anna, ben = stores(20, 20)
    meet(anna, ben, number=1)
    meet(anna, ben, number=2)
    new = reborn("b", 2, theirs)
    anna.fill(Random(5), mine, first=2000)
    lines = [meet(new, anna, number=3)] if caller == "lost" else [meet(anna, new, number=3)]
    assert outcomes(lines[0]) == COMPLETE
    assert all_there(anna, new)


@pytest.mark.parametrize("caller", ["lost", "kept"])
@pytest.mark.parametrize(("mine", "theirs"), [(20, 20), (60, 0), (0, 60), (100, 100)])
def test_a_lost_database_and_any_one_lost_frame_lose_nothing(mine: int, theirs: int, caller: str) -> None:
    """Two stations disagree on epochs while frames that would settle it are missing."""
    lost = 0
    while True:
        anna, ben = stores(20, 20)
        meet(anna, ben, number=1)
        new = reborn("b", 2, theirs)
        anna.fill(Random(5), mine, first=2000)
        pair = (new, anna) if caller == "lost" else (anna, new)
        line = meet(*pair, number=3, fate=without(lost))
        assert all_there(anna, new), lost
        assert outcomes(line)[0] is Outcome.COMPLETE, lost
        lost += 1
        if lost > len(line.sent):
            return


@pytest.mark.parametrize("seed", range(30))
def test_databases_lost_again_and_again_on_a_bad_line(seed: int) -> None:
    """Nothing is confirmed that is not there: at the end a clean contact brings all to both."""
    random = Random(seed)
    anna, ben = stores(20, 20)
    incarnation = 1
    for number in range(1, 9):
        weather = lossy(random, random.random() * 0.7, random.random() * 0.7)
        anna.fill(random, random.randint(0, 40), first=1000 * number)
        ben.fill(random, random.randint(0, 40), first=1000 * number + 500)
        dice = random.random()
        if dice < 0.3:
            incarnation += 1
            ben = reborn("b", incarnation, random.randint(0, 20))
        elif dice < 0.5:
            incarnation += 1
            anna = reborn("a", incarnation, random.randint(0, 20))
        pair = (anna, ben) if random.random() < 0.5 else (ben, anna)
        meet(*pair, number=number, fate=weather)
        check_claims(anna, ben) if incarnation == 1 else None
    settle(anna, ben, 100)


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_a_database_put_back_to_an_earlier_state_is_caught_up(cut: int) -> None:
    """Without a new incarnation: somebody copied a file. What the partner says it has is believed."""
    anna, ben = stores(20, 20)
    meet(anna, ben, number=1)
    kept = deepcopy(ben)
    anna.fill(Random(7), cut, first=3000)
    meet(anna, ben, number=2)
    settle(anna, kept, 3)


# Disagreement within a contact.


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("who", ["caller", "called"])
def test_a_partner_that_lost_the_history_gets_all_anew(who: str, times: int) -> None:
    anna, ben = stores(60, 60)
    meet(anna, ben, number=1)
    anna.fill(Random(3), 60, first=2000)
    ben.fill(Random(4), 60, first=3000)
    (anna if who == "caller" else ben).forgets = times
    line = meet(anna, ben, number=2)
    assert outcomes(line) == COMPLETE
    assert all_there(anna, ben)


@pytest.mark.parametrize("who", ["caller", "called"])
def test_a_history_lost_in_mid_contact_and_any_one_lost_frame_lose_nothing(who: str) -> None:
    """The hello that begins a new epoch may be the frame that is lost."""
    lost = 0
    while True:
        anna, ben = stores(60, 60)
        meet(anna, ben, number=1)
        anna.fill(Random(3), 60, first=2000)
        ben.fill(Random(4), 60, first=3000)
        (anna if who == "caller" else ben).forgets = 2
        line = meet(anna, ben, number=2, fate=without(lost))
        check_claims(anna, ben)
        if not all_there(anna, ben):
            settle(anna, ben, 3)
        assert outcomes(line)[0] is Outcome.COMPLETE, lost
        lost += 1
        if lost > len(line.sent):
            return


def new_epoch(one: Contact, called: Contact, now: float) -> None:
    """The called side says that it cannot read what the caller sends; the caller begins anew, and seals again."""
    hello = Hello(
        True, one.parties.us, called.parties.us, 1, one.parties.number, 0, 0, Mark(b"\xff" * 4), Report(0, 1)
    )
    seed = called._binding.seed(Role.CALLED, Kind.HELLO)
    assert one.receive_frame(append_check(write_frame(hello), seed, VHF.check_bytes), now=now)


def ack_of(speaker: Contact, hearer: MemoryStore, ack: Ack, left_bytes: int = 0) -> bytes:
    """An acknowledgement, with a check that fits whatever it says that it has."""
    through = unfold(ack.report.through, 8, speaker._mailbox.standing.through)
    partner = Partner(1, "", speaker.parties.us)
    seed = speaker._binding.seed(speaker.role, Kind.ACK, hearer.mark(partner, through) or EMPTY_MARK)
    return append_check(write_frame(ack, left_bytes), seed, VHF.check_bytes)


def test_an_acknowledgement_from_before_a_new_epoch_confirms_nothing() -> None:
    """Its numbers are low again in the new epoch, and would fit."""
    anna, ben = stores(60, 0)
    meet(anna, ben, number=1)
    anna.fill(Random(3), 300, first=2000)
    one = contact(Role.CALLER, anna, ben, 2, VHF)
    called = contact(Role.CALLED, ben, anna, 2, VHF)
    shake_hands(one, called)
    stale = ack_of(called, anna, Ack(Report(0, 1)))
    old_seed = called._binding.seed(Role.CALLED, Kind.ACK)[: -len(EMPTY_MARK.seed)]
    new_epoch(one, called, 10.0)
    out = anna.outbound(partner_of(ben))
    assert (out.epoch, out.sealed > 0, out.confirmed) == (1, True, 0)
    mark = anna.mark(partner_of(ben), 1)
    assert mark is not None
    knowing = append_check(write_frame(Ack(Report(0, 1))), old_seed + mark.seed, VHF.check_bytes)
    assert not one.receive_frame(stale, now=11.0)
    assert not one.receive_frame(knowing, now=11.0)
    assert anna.outbound(partner_of(ben)).confirmed == 0


def test_pieces_from_before_a_new_epoch_are_noise() -> None:
    anna, ben = stores(60, 0)
    meet(anna, ben, number=1)
    anna.fill(Random(3), 60, first=2000)
    one = contact(Role.CALLER, anna, ben, 2, SLOW_TURN)
    called = contact(Role.CALLED, ben, anna, 2, SLOW_TURN)
    over = one.poll_over(now=0.0)
    assert over is not None
    assert [kind_of(frame) for frame in over.frames[:2]] == [Kind.CALL, Kind.DATA]
    new_epoch(one, called, 60.0)
    again = one.poll_over(now=61.0)
    assert again is not None
    assert called.receive_frame(again.frames[0], now=64.0)
    assert not called.receive_frame(over.frames[0], now=65.0)
    assert not called.receive_frame(over.frames[1], now=65.0)
    assert called.receive_frame(again.frames[1], now=66.0)


def test_a_late_acknowledgement_speaks_of_the_transfers_that_it_meant() -> None:
    anna, ben = stores(60, 0)
    meet(anna, ben, number=1)
    anna.fill(Random(3), 60, first=2000)
    one = contact(Role.CALLER, anna, ben, 2, VHF)
    called = contact(Role.CALLED, ben, anna, 2, VHF)
    shake_hands(one, called)
    sender = one._outgoing.senders[0]
    late = Ack(Report(0, 0, (Arriving(needs=(1,)), Arriving(needs=(5,)))))
    assert one.receive_frame(ack_of(called, anna, late, 9), now=9.0)
    assert (sender.number, sender.needed_pieces) == (2, 5)


def shake_hands(one: Contact, called: Contact) -> None:
    """Call, answer, and a first acknowledgement."""
    for now, speaker, hearer in ((0.0, one, called), (3.0, called, one), (6.0, one, called)):
        over = speaker.poll_over(now=now)
        assert over is not None
        for frame in over.frames:
            hearer.receive_frame(frame, now=now + 1)


# Processes killed.


def contact_until_killed(anna: MemoryStore, ben: MemoryStore, number: int) -> bool:
    """A contact that may end with a process being killed; True if it was."""
    try:
        meet(anna, ben, number)
    except KilledError:
        return True
    return False


@pytest.mark.parametrize("when", ["dies_before", "dies_behind"])
@pytest.mark.parametrize("who", ["caller", "called"])
def test_a_process_may_be_killed_at_each_write_to_its_store(who: str, when: str) -> None:
    """What is then on disk, and nothing else, must be enough to go on."""
    at = 0
    while True:
        anna, ben = stores(40, 40)
        victim = anna if who == "caller" else ben
        at += 1
        setattr(victim, when, at)
        killed = contact_until_killed(anna, ben, 1)
        victim.dies_before = victim.dies_behind = 0
        line = meet(anna, ben, number=2)
        assert outcomes(line) == COMPLETE, at
        assert all_there(anna, ben), at
        assert sum(anna.deliveries) == sum(ben.deliveries) == 40, at
        if not killed:
            return


@pytest.mark.parametrize("who", ["caller", "called"])
def test_a_process_may_be_killed_at_any_step_and_what_was_stored_is_not_sent_again(who: str) -> None:
    whole = meet(*stores(150, 150))
    for step in range(0, 2 * len(whole.sent) + 8, 3):
        anna, ben = stores(150, 150)
        line = Line([contact(Role.CALLER, anna, ben, 1, VHF), contact(Role.CALLED, ben, anna, 1, VHF)])
        steps = [0]

        def count(line: Line = line, steps: list[int] = steps, step: int = step) -> None:
            steps[0] += 1
            if steps[0] == step:
                line.restart(0 if who == "caller" else 1, None)

        line.on_step = count
        line.run()
        second = meet(anna, ben, number=2)
        assert all_there(anna, ben), step
        assert outcomes(second) == COMPLETE, step
        assert sum(anna.deliveries) == sum(ben.deliveries) == 150, step
        repeated = sum(end.incoming.repeated_pieces for end in second.ends if isinstance(end, Contact))
        assert repeated <= 7, step


# Partners that lie.


class Liar:
    """Stands between a contact and the line, and changes what it says, with checks that fit.

    It even knows what its victim knows: the digests that fit what it says that it has.
    """

    def __init__(self, inner: Contact, victim: Contact, lie: Callable[[Frame], Frame]) -> None:
        self.inner, self._victim, self._lie = inner, victim, lie

    def receive_frame(self, frame: bytes, *, now: float) -> object:
        return self.inner.receive_frame(frame, now=now)

    def handle_timer(self, *, now: float) -> None:
        self.inner.handle_timer(now=now)

    @property
    def next_deadline(self) -> float | None:
        return self.inner.next_deadline

    def poll_over(self, *, now: float) -> Over | None:
        over = self.inner.poll_over(now=now)
        return None if over is None else replace(over, frames=tuple(map(self._change, over.frames)))

    def _change(self, frame: bytes) -> bytes:
        kind = kind_of(frame)
        size = CALL_CHECK_BYTES if kind is Kind.CALL else VHF.check_bytes
        true_seed = self.inner._binding.seed(self.inner.role, kind, self.inner._mailbox.standing.heard_mark)
        content, left_bytes = read_frame(strip_check(frame, true_seed, size))
        lie = self._lie(content)
        return append_check(set_left(write_frame(lie), left_bytes), self._seed(kind, lie), size)

    def _seed(self, kind: Kind, lie: Frame) -> bytes:
        if not isinstance(lie, Ack | Call):
            return self.inner._binding.seed(self.inner.role, kind)
        mailbox, parties = self._victim._mailbox, self.inner.parties
        mark = mailbox.mark(unfold(lie.report.through & 0xFF, 8, mailbox.standing.confirmed)) or EMPTY_MARK
        if isinstance(lie, Ack):
            return self.inner._binding.seed(self.inner.role, kind, mark)
        standing = replace(self.inner._mailbox.standing, heard_mark=mark)
        return outgoing_call_seed(parties.us, parties.them, parties.incarnation, standing)


def in_report(change: Callable[[Report], Report]) -> Callable[[Frame], Frame]:
    """A lie in each report."""

    def lie(frame: Frame) -> Frame:
        return frame if isinstance(frame, Data | Round) else replace(frame, report=change(frame.report))

    return lie


def in_data(change: Callable[[Data], Data]) -> Callable[[Frame], Frame]:
    """A lie in each data frame, and in the pieces of a call."""

    def lie(frame: Frame) -> Frame:
        if isinstance(frame, Call) and frame.data is not None:
            return replace(frame, data=change(frame.data))
        return change(frame) if isinstance(frame, Data) else frame

    return lie


MANY = (Arriving(needs=(2**60,) * 32),) * 4
DONE = (Arriving(needs=(0,)),) * 4
LIES: dict[str, Callable[[Frame], Frame]] = {
    "needs more than there is": in_report(lambda report: replace(report, arriving=MANY)),
    "needs nothing and has nothing": in_report(lambda report: replace(report, arriving=DONE)),
    "never heard of anything": in_report(lambda report: replace(report, arriving=())),
    "has applied what it has not": in_report(
        lambda report: replace(report, arriving=(Arriving(applied=True),) * 4)
    ),
    "grants nothing": in_report(lambda report: replace(report, grant_bytes=0)),
    "grants without end": in_report(lambda report: replace(report, grant_bytes=10**6)),
    "has more and never sends it": in_report(lambda report: replace(report, more=True)),
    "has pending what it never sends": in_report(lambda report: replace(report, pending_bytes=10**6)),
    "has sealed what it never sends": in_report(lambda report: replace(report, sealed=report.sealed + 100)),
    "has sealed less than it sent": in_report(lambda report: replace(report, sealed=0)),
    "has applied nothing": in_report(lambda report: replace(report, through=0)),
    "has applied more than we sent": in_report(lambda report: replace(report, through=report.through + 77)),
    "is one ahead": in_report(lambda report: replace(report, through=report.through + 1)),
    "says another shape each time": in_data(
        lambda data: replace(data, shape=Shape(1 + data.first * 16, data.first % 16))
    ),
    "says a shape much too large": in_data(lambda data: replace(data, shape=Shape(4096, 15))),
    "never says a shape": in_data(lambda data: replace(data, shape=None)),
    "numbers all transfers alike": in_data(lambda data: replace(data, number=1)),
    "numbers transfers far ahead": in_data(lambda data: replace(data, number=data.number + 100)),
    "sends pieces of blocks that are not": in_data(lambda data: replace(data, block=31, first=250)),
    "sends rubbish in all pieces": in_data(lambda data: replace(data, data=b"\x55" * len(data.data))),
    "says another epoch": lambda frame: (
        replace(frame, epoch=frame.epoch + 1 & 0xFF) if isinstance(frame, Hello) else frame
    ),
    "has heard another epoch": lambda frame: (
        replace(frame, heard_epoch=77) if isinstance(frame, Hello) else frame
    ),
    "has another digest": lambda frame: (
        replace(frame, heard_mark=Mark(b"else")) if isinstance(frame, Hello) else frame
    ),
    "says another incarnation each time": lambda frame: (
        replace(frame, incarnation=hash(frame) & 0xFFFF) if isinstance(frame, Hello) else frame
    ),
    "says bye at once": lambda frame: replace(frame, bye=True) if isinstance(frame, Ack) else frame,
}


def lying(
    anna: MemoryStore, ben: MemoryStore, number: int, liar: int, lie: Callable[[Frame], Frame]
) -> tuple[Line, list[Contact]]:
    """A contact, `anna` calling, in which one side lies; not run yet."""
    pair = [contact(Role.CALLER, anna, ben, number, VHF), contact(Role.CALLED, ben, anna, number, VHF)]
    ends: list[Endpoint | None] = list(pair)
    ends[liar] = Liar(pair[liar], pair[1 - liar], lie)
    return Line(ends), pair


def acquainted(changes: int, back: int) -> tuple[MemoryStore, MemoryStore]:
    """Two stores that have met, and have changes since."""
    anna, ben = stores(3, 3)
    meet(anna, ben, number=1)
    anna.fill(Random(3), changes, first=2000)
    ben.fill(Random(4), back, first=3000)
    return anna, ben


@pytest.mark.parametrize("made", [stores, acquainted], ids=["strangers", "acquainted"])
@pytest.mark.parametrize("liar", [0, 1], ids=["the caller lies", "the called lies"])
@pytest.mark.parametrize("name", LIES)
def test_a_partner_that_lies_wedges_nothing_and_is_forgotten(
    name: str, liar: int, made: Callable[[int, int], tuple[MemoryStore, MemoryStore]]
) -> None:
    """The contact ends in bounded time; the next one, with the truth, brings what the lies did not confirm."""
    anna, ben = made(60, 60)
    line, _ = lying(anna, ben, 2, liar, LIES[name])
    line.run(max_steps=20_000)
    assert line.now < 8000
    assert sum(line.overs) < 200
    third = meet(anna, ben, number=3)
    assert outcomes(third)[0] is Outcome.COMPLETE
    if "applied" not in name and "ahead" not in name:
        assert all_there(anna, ben)


@pytest.mark.parametrize("made", [stores, acquainted], ids=["strangers", "acquainted"])
@pytest.mark.parametrize("seed", range(40))
def test_frames_of_pure_invention_raise_nothing_and_wedge_nothing(
    seed: int, made: Callable[[int, int], tuple[MemoryStore, MemoryStore]]
) -> None:
    """Well-formed frames with fitting checks and random contents."""
    random = Random(seed)

    def invent(frame: Frame) -> Frame:
        if random.random() < 0.5:
            return frame
        many = tuple(
            Arriving(applied=True)
            if random.random() < 0.3
            else Arriving(needs=tuple(random.choices(range(300), k=random.randint(0, 5))))
            for _ in range(random.randint(0, 4))
        )
        report = Report(
            random.randrange(65536),
            random.randrange(65536),
            many,
            random.choice([0, 100, 10**6]),
            5,
            random.random() < 0.5,
        )
        match frame:
            case Hello():
                return replace(
                    frame, epoch=random.randrange(3), heard_epoch=random.randrange(3), report=report
                )
            case Call():
                pieces = None if frame.data is None else invent_pieces(frame.data)
                return replace(frame, capabilities=random.randrange(256), report=report, data=pieces)
            case Ack():
                return replace(frame, report=report, bye=random.random() < 0.05)
            case Round():
                return frame
            case Data():
                return invent_pieces(frame)

    def invent_pieces(data: Data) -> Data:
        shape = random.choice([None, Shape(random.randint(1, 300), random.randint(0, 5))])
        return Data(random.randrange(6), random.randrange(3), random.randrange(256), data.data, shape)

    line, _ = lying(*made(40, 40), 2, seed % 2, invent)
    line.run(max_steps=20_000)


# Pieces that are wrong in spite of every check.


def spoiling(random: Random, chance: float) -> Callable[[Frame], Frame]:
    """A TNC that repairs bits, wrongly."""

    def spoil(frame: Data) -> Data:
        if random.random() > chance:
            return frame
        data = bytearray(frame.data)
        data[random.randrange(len(data))] ^= 0x10
        return replace(frame, data=bytes(data))

    return in_data(spoil)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("chance", [0.05, 0.1])
def test_wrong_pieces_are_found_however_long_it_goes_on(seed: int, chance: float) -> None:
    """Far more than any modem does. None of it is taken for a context that differs."""
    random, (anna, ben) = Random(seed), stores(120, 0)
    contacts, epochs = 0, set()
    while not all_there(anna, ben):
        contacts += 1
        assert contacts < 6, f"seed {seed}"
        line, _ = lying(anna, ben, contacts, 0, spoiling(random, chance))
        line.run()
        epochs.add(anna.traffic_of(ben).out_epoch)
    assert len(epochs) == 1, f"seed {seed}"


def data_bytes(line: Line) -> int:
    return sum(len(sent.frame) for sent in line.sent if kind_of(sent.frame) is Kind.DATA)


@pytest.mark.parametrize("nth", range(8))
def test_one_wrong_piece_costs_a_few_others(nth: int) -> None:
    """Its block is not fetched again: three pieces more of each block show which one it is."""
    spoil, frames = spoiling(Random(nth), 1.0), iter(range(1000))
    truth = in_data(lambda data: data)

    def lie(frame: Frame) -> Frame:
        is_data = isinstance(frame, Data) or (isinstance(frame, Call) and frame.data is not None)
        return (spoil if is_data and next(frames) == nth else truth)(frame)

    anna, ben = stores(120, 0)
    line, _ = lying(anna, ben, 1, 0, lie)
    line.run()
    assert all_there(anna, ben)
    honest, _ = lying(*stores(120, 0), 1, 0, truth)
    honest.run()
    assert data_bytes(line) <= data_bytes(honest) + 300, f"frame {nth}"


@pytest.mark.parametrize("made", [stores, acquainted], ids=["strangers", "acquainted"])
def test_a_shape_that_was_wrong_once_does_not_last(
    made: Callable[[int, int], tuple[MemoryStore, MemoryStore]],
) -> None:
    """The first frame that opened a transfer here was wrong. The transfer must not stay so."""
    first = [True]

    def lie(data: Data) -> Data:
        if first and data.shape is not None:
            first.clear()
            return replace(data, shape=Shape(300, 1))
        return data

    anna, ben = made(120, 0)
    line, pair = lying(anna, ben, 2, 0, in_data(lie))
    line.run()
    assert all_there(anna, ben)
    assert pair[0].state is pair[1].state
    assert line.now < 300


# Frames of another time.


def replaying(at: int, what: int) -> Fate:
    """Frame `what` comes a second time, right behind frame `at` of the same side."""
    kept: dict[int, Sent] = {}

    def fate(sent: Sent) -> list[tuple[float, bytes]]:
        kept[sent.index] = sent
        old = kept.get(what)
        again = sent.index >= at and old is not None and old.side == sent.side and not kept.get(-1)
        if again and old is not None:
            kept[-1] = sent
            return [(0.0, sent.frame), (0.001, old.frame)]
        return unharmed(sent)

    return fate


def test_any_frame_may_come_again_at_any_time() -> None:
    frames = len(meet(*stores(60, 60)).sent)
    for what in range(frames):
        for at in range(what + 1, frames):
            anna, ben = stores(60, 60)
            line = meet(anna, ben, fate=replaying(at, what), collisions=False)
            assert all_there(anna, ben), (what, at)
            assert outcomes(line)[0] is Outcome.COMPLETE, (what, at)
            rewinds = anna.traffic_of(ben).rewinds + ben.traffic_of(anna).rewinds
            assert rewinds == 0, (what, at)
