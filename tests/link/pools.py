"""Pools with a store in memory behind each station: one that speaks (`a`) and some that listen (`b`, `c`, ...)."""

from collections.abc import Sequence
from random import Random

from radiosync.link.contact import State
from radiosync.link.events import ContactEnded, Event, Outcome
from radiosync.link.over import Body, Over, build_over
from radiosync.link.pool import PoolParties, answer_seed, data_seed, hear_round
from radiosync.link.poollistener import PoolListener
from radiosync.link.poolspeaker import PoolSpeaker
from radiosync.link.timing import Timing
from radiosync.sync.mail import Mail, PoolMail
from radiosync.sync.ports import Partner, PoolRole
from radiosync.sync.station import Station
from radiosync.wire.check import strip_check
from radiosync.wire.context import Mark
from radiosync.wire.frames import (
    CALL_CHECK_BYTES,
    Ack,
    Data,
    Frame,
    Hello,
    Kind,
    Round,
    kind_of,
    pool_seed,
    read_frame,
    write_frame,
)
from tests.link.line import VHF
from tests.link.memory import JOB, MemoryStore, partner_of

POOL = b"the pool"
LETTERS = "bcdefghijklmnop"


def speaking(store: MemoryStore, *members: MemoryStore) -> Partner:
    """The pool as its speaker knows it; those who are not members yet become so."""
    pool = Partner(99, "all", POOL, pool=PoolRole.SPEAKER)
    known = store.traffic(pool).members
    for member in members:
        known.setdefault(member.origin.station, 0)
    return pool


def listening() -> Partner:
    """The pool as its listeners know it."""
    return Partner(99, "all", POOL, pool=PoolRole.LISTENER)


def stores(changes: int = 0, listeners: int = 2, text_bytes: int = 12) -> tuple[MemoryStore, ...]:
    """A speaker's store with changes, and those of its listeners."""
    anna = MemoryStore("a")
    anna.fill(Random(1), changes, text_bytes)
    others = [MemoryStore(letter) for letter in LETTERS[:listeners]]
    speaking(anna, *others)
    return anna, *others


def parties(store: MemoryStore, number: int = 1) -> PoolParties:
    return PoolParties(POOL, store.origin.station, store.origin.incarnation, number)


def speaker(store: MemoryStore, number: int = 1, timing: Timing = VHF, now: float = 0.0) -> PoolSpeaker:
    mail = PoolMail(store, speaking(store), [JOB])
    return PoolSpeaker(parties(store, number), mail, timing, now=now)


def listener(
    store: MemoryStore, number: int = 1, timing: Timing = VHF, now: float = 0.0, lead: Round | None = None
) -> PoolListener:
    mail = Mail(store, listening(), [JOB])
    return PoolListener(parties(store, number), mail, timing, now=now, lead=lead)


def station(store: MemoryStore, *others: MemoryStore, timing: Timing = VHF) -> Station:
    """A station whose partners are some others, and the pool: that of its own if it is `a`."""

    def known() -> list[Partner]:
        pool = speaking(store) if store.letter == "a" else listening()
        return [*(partner_of(each, key, store) for key, each in enumerate(others, 1)), pool]

    found = Station(store, timing, Random(ord(store.letter)), partners=known, jobs=lambda _: [JOB])
    found.compact = False  # It would take most of the time, and nothing here depends on it.
    return found


# What is said.


def over_of(end: PoolSpeaker | PoolListener, now: float = 0.0) -> Over:
    over = end.poll_over(now=now)
    assert over is not None, "it has nothing to say"
    return over


def lead_of(over: Over) -> Round:
    heard = hear_round(over.frames[0], POOL)
    assert heard is not None
    return heard[0]


def data_of(over: Over, lead: Round | None = None) -> list[Data]:
    """The data frames of an over of the speaker."""
    lead = lead_of(over) if lead is None else lead
    frames = [read_frame(strip_check(frame, data_seed(POOL, lead), 2))[0] for frame in over.frames[1:]]
    return [frame for frame in frames if isinstance(frame, Data)]


def pieces_of(over: Over, store: MemoryStore) -> list[tuple[int, int, int]]:
    """Transfer, block and index of each piece in an over of the speaker."""
    sizes = {
        transfer.number % 8: transfer.shape.piece_bytes for transfer in store.unconfirmed(speaking(store))
    }
    return [
        (data.number, data.block, data.first + step)
        for data in data_of(over)
        for step in range(-(-len(data.data) // sizes[data.number]))
    ]


def answer_of(over: Over) -> Hello | Ack:
    """What an answer says, its check not looked at."""
    (frame,) = over.frames
    content, left_bytes = read_frame(frame[:-2])
    assert isinstance(content, Hello | Ack)
    assert left_bytes == 0
    return content


def a_round(lead: Round, *data: bytes, pool: bytes = POOL, timing: Timing = VHF) -> Over:
    """An over as the speaker would make it."""
    bodies = [Body(write_frame(lead), pool_seed(pool), CALL_CHECK_BYTES)]
    return build_over([*bodies, *(Body(each, data_seed(pool, lead), 2) for each in data)], timing)


def an_answer(
    frame: Frame, member: bytes, lead: Round, mark: Mark | None = None, pool: bytes = POOL
) -> bytes:
    """An answer as a member would make it."""
    body = Body(write_frame(frame), answer_seed(pool, member, lead, mark), 2)
    return build_over([body], VHF).frames[0]


# What becomes of it.


def hear_all(end: PoolSpeaker | PoolListener, over: Over, now: float) -> None:
    """All frames of an over, in time."""
    for frame in over.frames:
        now += VHF.frame_s(len(frame))
        end.receive_frame(frame, now=now)


def answer(end: PoolListener, over: Over, now: float = 0.0, without: Sequence[int] = ()) -> Over | None:
    """What a listener says to an over of which it hears all frames but some."""
    for place, frame in enumerate(over.frames):
        now += VHF.frame_s(len(frame))
        if place not in without:
            end.receive_frame(frame, now=now)
    if end.state is State.HEARING and end.next_deadline is not None:
        now = end.next_deadline
        end.handle_timer(now=now)
    return end.poll_over(now=now)


def outcome(events: Sequence[Event]) -> Outcome | None:
    return next((event.outcome for event in events if isinstance(event, ContactEnded)), None)


def kinds(frames: Sequence[bytes]) -> list[Kind]:
    return [kind_of(frame) for frame in frames]
