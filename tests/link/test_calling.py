"""Calls in short: heard by whom they are for, noise to everybody and everything else."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from random import Random
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.link.calling import claimed_mark, hear_call, outgoing_call_seed, spelled_out
from radiosync.link.contact import Contact, Role, State
from radiosync.link.events import Outcome
from radiosync.link.mailbox import Mailbox, Standing
from radiosync.sync.mail import Mail
from radiosync.sync.station import ContactBegan, Station
from radiosync.wire.check import append_check
from radiosync.wire.context import EMPTY_MARK, Mark
from radiosync.wire.frames import (
    CALL_CHECK_BYTES,
    Ack,
    Call,
    Data,
    Kind,
    Report,
    kind_of,
    write_frame,
)
from radiosync.wire.shape import Shape
from tests.link.line import VHF, Line, Sent, unharmed, without
from tests.link.memory import JOB, MemoryStore, partner_of
from tests.link.pairs import all_there, contact, meet, outcomes, station, stores

COMPLETE = [Outcome.COMPLETE, Outcome.COMPLETE]
BASE = "@"
US, THEM = b"us" * 4, b"them" * 2


@dataclass
class Shelf:
    """As much of a mailbox as a call asks for."""

    standing: Standing
    marks: dict[int, Mark]

    def mark(self, number: int) -> Mark | None:
        return self.marks.get(number)


def shelf(standing: Standing, marks: dict[int, Mark]) -> Mailbox:
    return Shelf(standing, marks)  # type: ignore[return-value]


numbers32, bytes_, digests = st.integers(0, 2**32 - 1), st.integers(0, 255), st.binary(min_size=4, max_size=4)
marks = st.builds(Mark, digests, digests)
reports = st.builds(Report, st.integers(0, 255), st.integers(0, 255))
pieces = st.builds(Data, st.integers(0, 7), bytes_, bytes_, st.binary(min_size=1), st.just(Shape(3, 1)))
calls = st.builds(Call, st.integers(0, 65535), bytes_, reports, st.none() | pieces)


@dataclass(frozen=True)
class Pair:
    """What both sides of a call know, as each of them calls it."""

    incarnations: tuple[int, int]
    epochs: tuple[int, int]
    through: int
    mark: Mark

    def caller(self) -> Standing:
        mine, theirs = self.epochs
        return Standing(mine, 0, 0, 0, theirs, self.through, self.mark, self.incarnations[1], 1)

    def called(self) -> Standing:
        theirs, mine = self.epochs
        return Standing(mine, 0, self.through, 0, theirs, 0, EMPTY_MARK, self.incarnations[0], 1)

    def say(self, call: Call) -> bytes:
        call = replace(call, report=replace(call.report, through=self.through & 0xFF))
        seed = outgoing_call_seed(US, THEM, self.incarnations[0], self.caller())
        return append_check(write_frame(call, 7), seed, CALL_CHECK_BYTES)

    def hear(self, frame: bytes, us: bytes = THEM, them: bytes = US) -> tuple[Call, int] | None:
        box = shelf(self.called(), {self.through: self.mark})
        return hear_call(frame, us, them, self.incarnations[1], box)


pairs = st.builds(
    Pair, st.tuples(numbers32, numbers32), st.tuples(bytes_, bytes_), st.integers(0, 10**6), marks
)


@given(pairs, calls)
def test_a_call_is_heard_by_whom_it_is_for(pair: Pair, call: Call) -> None:
    heard = pair.hear(pair.say(call))
    assert heard is not None
    assert heard[1] == 7
    assert replace(heard[0], report=call.report) == call
    assert heard[0].report.through == pair.through & 0xFF


@given(pairs, calls, st.data())
def test_any_difference_makes_a_call_noise(pair: Pair, call: Call, data: st.DataObject) -> None:
    """To know another incarnation, epoch, context or model, of either side, is to hear nothing."""
    other = data.draw(pairs)
    part = data.draw(st.sampled_from(["caller", "called", "epoch", "other epoch", "context", "model"]))
    incarnations, epochs, mark = list(pair.incarnations), list(pair.epochs), pair.mark
    if part in ("caller", "called"):
        incarnations[part == "called"] = other.incarnations[0]
    elif part in mark._fields:
        mark = mark._replace(**{part: getattr(other.mark, part)})
    else:
        epochs[part == "epoch"] = other.epochs[0]
    hearer = Pair((incarnations[0], incarnations[1]), (epochs[0], epochs[1]), pair.through, mark)
    heard = hearer.hear(pair.say(call))
    assert (heard is not None) is (hearer == pair)


@given(pairs, calls, st.binary(min_size=8, max_size=8))
def test_nobody_else_hears_a_call(pair: Pair, call: Call, other: bytes) -> None:
    assert pair.hear(pair.say(call), us=other) is None
    assert pair.hear(pair.say(call), them=other) is None
    assert pair.hear(pair.say(call), us=US, them=THEM) is None


@given(pairs, calls, st.integers(1, 60))
def test_a_call_that_speaks_of_what_we_do_not_know_is_noise(pair: Pair, call: Call, away: int) -> None:
    frame = pair.say(call)
    later = replace(pair, through=pair.through + away)
    assert later.hear(frame) is None
    nothing = shelf(pair.called(), {})
    assert hear_call(frame, THEM, US, pair.incarnations[1], nothing) is None
    empty = replace(pair, mark=Mark(b"", b""))
    assert hear_call(empty.say(call), THEM, US, pair.incarnations[1], nothing) is None


@given(pairs, calls, st.data())
def test_a_damaged_call_is_noise(pair: Pair, call: Call, data: st.DataObject) -> None:
    frame = bytearray(pair.say(call))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert pair.hear(bytes(frame)) is None
    whole = pair.say(call)
    assert pair.hear(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None


@given(pairs, st.binary(max_size=60))
def test_no_bytes_pass_for_a_call(pair: Pair, body: bytes) -> None:
    assert pair.hear(body) is None
    assert pair.hear(bytes([Kind.CALL << 5 | 8]) + body) is None


def test_a_stranger_cannot_be_called_in_short() -> None:
    """Whoever has never met us has no incarnation of ours to call."""
    pair = Pair((1, 0), (0, 0), 0, Mark(b"dgst"))
    unmet = replace(pair.called(), heard_incarnation=None)
    for incarnation in (0, 1):
        frame = replace(pair, incarnations=(0, incarnation)).say(Call(1, 0, Report(0, 0)))
        assert hear_call(frame, THEM, US, incarnation, shelf(unmet, {0: Mark(b"dgst")})) is None


@given(pairs, st.integers(0, 255), st.integers(0, 127), st.booleans())
def test_a_call_spells_out_as_the_hello_that_it_saves(
    pair: Pair, sealed: int, away: int, reply: bool
) -> None:
    standing = replace(pair.called(), through=pair.through)
    box = shelf(standing, {pair.through: pair.mark})
    report = Report(sealed, pair.through & 0xFF, (), 300, 7, True)
    hello = spelled_out(report, reply, THEM, US, 77, 5, box)
    assert (hello.receiver, hello.sender, hello.contact, hello.reply) == (THEM, US, 77, reply)
    assert (hello.incarnation, hello.epoch, hello.heard_epoch) == (pair.incarnations[0], *pair.epochs)
    assert (hello.report.through, hello.heard_mark) == (pair.through, pair.mark)
    assert hello.report.sealed % 256 == sealed
    assert abs(hello.report.sealed - pair.through) <= 128 or hello.report.sealed == sealed
    assert (hello.report.grant_bytes, hello.report.pending_bytes, hello.report.more) == (300, 7, True)
    assert hello.capabilities == 5


@given(st.binary(max_size=9))
def test_an_acknowledgement_of_what_we_do_not_know_has_no_mark(data: bytes) -> None:
    box = shelf(Standing(0, 0, 5, 0, 0, 0, EMPTY_MARK), {5: Mark(b"five")})
    if len(data) > 3 and data[3] == 5:
        assert claimed_mark(data, box) == Mark(b"five")
    else:
        with pytest.raises(WireError):
            claimed_mark(data, box)


# Among many.


def meet_base(base: MemoryStore, field: MemoryStore, key: int) -> tuple[Station, Station]:
    """The stations of a partner and of a base that knows it by that number, after a contact."""
    mine, theirs = station(field, base, seed=key), at_base(base, {key: field})
    mine.call(partner_of(base, 1, field), now=0.0)
    Line([mine, theirs]).run()
    assert all(each.busy is False for each in (mine, theirs))
    return mine, theirs


def at_base(base: MemoryStore, fields: dict[int, MemoryStore]) -> Station:
    def known() -> list:
        return [partner_of(each, key, base) for key, each in fields.items()]

    return Station(base, VHF, Random(1), partners=known, jobs=lambda _: [JOB])


def test_among_forty_partners_only_the_right_two_notice() -> None:
    """All hear all, and all know the base."""
    base = MemoryStore(BASE)
    fields = {key: MemoryStore(letter) for key, letter in enumerate(ascii_letters[:40], 1)}
    for key, field in fields.items():
        meet_base(base, field, key)
    listeners = {key: station(field, base) for key, field in fields.items()}
    desk = at_base(base, fields)
    for key in (1, 17, 40):
        caller = listeners[key]
        caller.call(partner_of(base), now=0.0)
        over = caller.poll_over(now=0.0)
        assert over is not None
        assert [kind_of(frame) for frame in over.frames] == [Kind.CALL]
        for other in listeners.values():
            if other is not caller:
                other.receive_frame(over.frames[0], now=1.0)
                assert (other.busy, other.poll_events()) == (False, [])
        desk.receive_frame(over.frames[0], now=1.0)
        began = [event for event in desk.poll_events() if isinstance(event, ContactBegan)]
        assert [(event.partner.key, event.called) for event in began] == [(key, True)]
        answer = desk.poll_over(now=1.0)
        assert answer is not None
        assert not desk.busy
        for other in listeners.values():
            if other is not caller:
                other.receive_frame(answer.frames[0], now=2.0)
                assert (other.busy, other.poll_events()) == (False, [])
        caller.receive_frame(answer.frames[0], now=2.0)
        assert not caller.busy
        caller.poll_events()


def test_a_call_by_another_partner_disturbs_no_contact() -> None:
    base, fields = MemoryStore(BASE), {1: MemoryStore("a"), 2: MemoryStore("b")}
    for key, field in fields.items():
        meet_base(base, field, key)
    other = station(fields[2], base)
    other.call(partner_of(base), now=0.0)
    over = other.poll_over(now=0.0)
    assert over is not None
    fields[1].fill(Random(1), 60)
    caller, desk = station(fields[1], base), at_base(base, fields)
    line = Line([caller, desk], fate=lambda sent: [(0.0, sent.frame), (0.0, over.frames[0])])
    caller.call(partner_of(base), now=0.0)
    desk_events = len(fields)
    line.run()
    began = [event.partner.key for event in desk.poll_events() if isinstance(event, ContactBegan)]
    assert began[0] == 1
    assert set(began) <= {1, 2}
    assert len(began) <= desk_events
    assert all_there(base, fields[1])


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_that_look_like_calls_reach_no_station(seed: int) -> None:
    random = Random(seed)
    base, fields = MemoryStore(BASE), {key: MemoryStore("abcdefgh"[key]) for key in range(1, 8)}
    for key, field in fields.items():
        meet_base(base, field, key)
    desk = at_base(base, fields)
    for _ in range(500):
        head = bytes([Kind.CALL << 5 | random.randrange(32)])
        desk.receive_frame(head[: random.randint(0, 1)] + random.randbytes(random.randint(0, 60)), now=0.0)
    assert desk.poll_events() == []
    assert not desk.busy


# What is not as both believe.


def acquainted(changes: int = 20, back: int = 20) -> tuple[MemoryStore, MemoryStore]:
    anna, ben = stores(20, 20)
    for number in (1, 2):
        assert outcomes(meet(anna, ben, number)) == COMPLETE
    anna.fill(Random(3), changes, first=2000)
    ben.fill(Random(4), back, first=7000)
    return anna, ben


def reborn(store: MemoryStore) -> MemoryStore:
    found = MemoryStore(store.letter, store.origin.incarnation + 1)
    found.fill(Random(9), 5, first=9000)
    return found


Change = Callable[[MemoryStore, MemoryStore], tuple[MemoryStore, MemoryStore]]


def rewound(who: int) -> Change:
    def change(*pair: MemoryStore) -> tuple[MemoryStore, MemoryStore]:
        pair[who].rewind(partner_of(pair[1 - who]), 0)
        return pair[0], pair[1]

    return change


def forgot_batch(anna: MemoryStore, ben: MemoryStore) -> tuple[MemoryStore, MemoryStore]:
    """A copy of an older database: less has arrived, and the digest is that of then."""
    anna.traffic_of(ben).received.pop()
    return anna, ben


CHANGES: dict[str, Change] = {
    "the called lost its database": lambda anna, ben: (anna, reborn(ben)),
    "the caller began anew": rewound(0),
    "the called began anew": rewound(1),
    "the caller lacks a batch": forgot_batch,
}


@pytest.mark.parametrize("load", [(0, 0), (20, 20), (60, 0), (0, 60)], ids=str)
@pytest.mark.parametrize("name", CHANGES)
def test_after_any_change_a_call_is_noise_or_true_and_the_contact_settles_it(
    name: str, load: tuple[int, int]
) -> None:
    anna, ben = CHANGES[name](*acquainted(*load))
    line = meet(anna, ben, 3)
    kinds = [kind_of(sent.frame) for sent in line.sent]
    assert kinds[0] is Kind.CALL
    assert outcomes(line) == COMPLETE
    assert all_there(anna, ben)
    if name != "the caller lacks a batch":
        assert line.sent[1].side == 0, "the call was answered"
        assert kinds[1] is Kind.HELLO
    after = meet(anna, ben, 4)
    assert [kind_of(sent.frame) for sent in after.sent] == [Kind.CALL, Kind.ACK]


@pytest.mark.parametrize("name", CHANGES)
def test_after_any_change_any_one_frame_may_be_lost(name: str) -> None:
    lost = 0
    while True:
        anna, ben = CHANGES[name](*acquainted(20, 20))
        line = meet(anna, ben, 3, fate=without(lost))
        assert all_there(anna, ben), lost
        assert outcomes(line)[0] is Outcome.COMPLETE, lost
        lost += 1
        if lost > len(line.sent):
            return


@pytest.mark.parametrize("lost", range(-1, 8))
def test_a_called_station_that_was_put_back_gets_again_what_it_lacks(lost: int) -> None:
    """The call fits: what the called has sent was never touched. It is the answer that tells."""
    anna, ben = acquainted(3, 0)
    copy = deepcopy(ben)
    assert outcomes(meet(anna, ben, 3)) == COMPLETE
    copy.fill(Random(6), 60, first=8000)
    line = meet(anna, copy, 4, fate=without(lost))
    assert line.sent[0].side == 0
    assert outcomes(line)[0] is Outcome.COMPLETE
    assert all_there(anna, copy)


@pytest.mark.parametrize("new", [1, 2, 40])
@pytest.mark.parametrize("there", [1, 2, 3])
def test_a_caller_that_was_put_back_is_not_told_that_its_new_transfers_are_there(
    there: int, new: int
) -> None:
    """It gives out numbers again that it has forgotten, and the called has transfers of these numbers."""
    anna, ben = acquainted(0, 0)
    copy = deepcopy(anna)
    for number in range(there):
        anna.edit(500 + number, name="forgotten")
        assert outcomes(meet(anna, ben, 3 + number)) == COMPLETE
    copy.sequence += 1000  # so that its writes are new, whatever they are numbered
    copy.fill(Random(7), new, first=600)
    line = meet(copy, ben, 20)
    assert outcomes(line)[0] is Outcome.COMPLETE
    missing = copy.records.keys() - ben.records.keys()
    assert not missing
    assert copy.traffic_of(ben).rewinds == 1


# Copies.


@pytest.mark.parametrize("later_s", [0.0, 0.2, 1.0, 30.0])
@pytest.mark.parametrize("load", [(0, 0), (3, 0), (20, 20), (60, 60)], ids=str)
def test_a_call_that_comes_twice_is_answered_and_takes_nothing_back(
    load: tuple[int, int], later_s: float
) -> None:
    anna, ben = acquainted(*load)
    both = [station(anna, ben), station(ben, anna, seed=2)]
    copies: list[bytes] = []

    def fate(sent: Sent) -> list[tuple[float, bytes]]:
        if sent.index == 0:
            copies.append(sent.frame)
        return [*unharmed(sent), *((later_s, frame) for frame in copies if sent.side == 0)]

    line = Line(list(both), VHF, fate, collisions=False)
    both[0].call(partner_of(ben, known_to=anna), now=0.0)
    line.run()
    assert kind_of(copies[0]) is Kind.CALL
    assert all_there(anna, ben)
    assert [sum(store.deliveries) for store in (anna, ben)] == [20 + load[1], 20 + load[0]]
    assert anna.traffic_of(ben).rewinds == ben.traffic_of(anna).rewinds == 0


@pytest.mark.parametrize("seed", range(10))
def test_calls_in_short_that_cross_end_in_one_contact(seed: int) -> None:
    anna, ben = acquainted(20, 20)
    both = [station(anna, ben, seed=seed), station(ben, anna, seed=1000 + seed)]
    line = Line(list(both))
    both[0].call(partner_of(ben), now=0.0)
    both[1].call(partner_of(anna), now=0.0)
    line.run()
    assert all_there(anna, ben)
    assert line.now < 120
    assert not any(each.busy for each in both)


def test_of_two_short_calls_the_one_by_the_greater_identity_counts() -> None:
    anna, ben = acquainted(3, 3)
    one, other = station(anna, ben), station(ben, anna, seed=2)
    one.call(partner_of(ben), now=0.0)
    other.call(partner_of(anna), now=0.0)
    mine, theirs = one.poll_over(now=0.0), other.poll_over(now=0.0)
    assert mine is not None
    assert theirs is not None
    other.receive_frame(mine.frames[0], now=1.0)
    assert isinstance(other.contact, Contact)
    assert other.contact.role is Role.CALLER
    one.receive_frame(theirs.frames[0], now=1.0)
    assert isinstance(one.contact, Contact)
    assert (one.contact.role, one.contact.heard) == (Role.CALLED, True)


# A contact that was opened by a call.


def opened(anna: MemoryStore, ben: MemoryStore) -> tuple[Contact, bytes, bytes]:
    """The caller of a contact, its call, and the leading frame of the answer."""
    one, called = contact(Role.CALLER, anna, ben, 3, VHF), contact(Role.CALLED, ben, anna, 3, VHF)
    call = one.poll_over(now=0.0)
    assert call is not None
    assert called.receive_frame(call.frames[0], now=1.0)
    answer = called.poll_over(now=1.0)
    assert answer is not None
    return one, call.frames[0], answer.frames[0]


def test_a_caller_does_not_hear_itself() -> None:
    one, call, answer = opened(*acquainted(3, 3))
    assert not one.receive_frame(call, now=1.0)
    assert one.receive_frame(answer, now=2.0)


def test_an_answer_of_version_0_is_no_answer_to_a_call() -> None:
    """Its check binds it to no database."""
    anna, ben = acquainted(3, 3)
    one, _, _ = opened(anna, ben)
    old = bytes([Kind.OLD_ACK << 5, 0, 0, 0, 0, 0])
    seed = one._binding.seed(Role.CALLED, Kind.OLD_ACK)
    assert not one.receive_frame(append_check(old, seed, VHF.check_bytes), now=1.0)
    assert not one.heard


def test_an_acknowledgement_whose_digest_is_not_ours_is_noise() -> None:
    anna, ben = acquainted(3, 3)
    one, _, answer = opened(anna, ben)
    out = anna.outbound(partner_of(ben))
    mark = anna.mark(partner_of(ben), out.confirmed)
    assert mark is not None
    ack = write_frame(Ack(Report(1, out.confirmed)))
    others = Mark(b"else"), EMPTY_MARK, mark._replace(model=b"else")
    for said, is_heard in (*((other, False) for other in others), (mark, True)):
        frame = append_check(ack, one._binding.seed(Role.CALLED, Kind.ACK, said), VHF.check_bytes)
        assert one.receive_frame(frame, now=1.0) is is_heard
    assert one.receive_frame(answer, now=2.0)


def test_what_the_partner_can_read_is_not_forgotten_when_an_acknowledgement_answers() -> None:
    anna, ben = acquainted(3, 3)
    incarnation = ben.origin.incarnation
    anna.spoken[ben.origin.station] = (incarnation, 1, 3)
    meet(anna, ben, 3)
    assert anna.spoken[ben.origin.station] == (incarnation, 1, 3)


def test_after_a_call_a_station_that_lost_what_it_heard_says_hello() -> None:
    """The called restarts behind the call, with its answer unsaid. The caller, not answered, says all in full."""
    anna, ben = acquainted(20, 20)
    caller = station(anna, ben)
    line = Line([caller, station(ben, anna, seed=2)], VHF)
    caller.call(partner_of(ben), now=0.0)

    def restart() -> None:
        if line.overs == [1, 1]:
            line.restart(1, station(ben, anna, seed=3))

    line.on_step = restart
    line.run()
    first = [kind_of(sent.frame) for sent in line.sent if sent.side == 0 and sent.place == 0][:2]
    assert first == [Kind.CALL, Kind.HELLO]
    assert all_there(anna, ben)


def test_a_mail_is_asked_for_its_marks_and_no_more() -> None:
    anna, ben = acquainted(3, 0)
    mail = Mail(ben, partner_of(anna, known_to=ben), [JOB])
    before = ben.writes
    one = contact(Role.CALLER, anna, ben, 3, VHF)
    over = one.poll_over(now=0.0)
    assert over is not None
    heard = hear_call(over.frames[0], ben.origin.station, anna.origin.station, 1, mail)
    assert heard is not None
    assert heard[0].data is not None
    assert (ben.writes, one.state) == (before, State.WAITING)
