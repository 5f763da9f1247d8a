"""Who may key when: the state table of a contact (protocol, section 4.9).

On a half-duplex channel nobody can hear that the other side has stopped. So the right to key is a *slot*, and a slot begins
at something that both sides know. These are the rules; each is needed, and a test removes one at a time to show it.

What the table says:

S1  The called keys only after it has heard the caller. Time alone never gives it the word: it cannot know where a caller
    that it does not hear is in its over. When its time is up, it leaves.
S2  Who hears a frame is silent until the over that it belongs to has ended.
S3  A caller that is not answered speaks again. It is the only side that may, so one lost frame cannot silence both.
S4  A bye is not answered. Who has said it does not listen any more.

How long a wait is, and what goes on air in a slot, is the business of others:

S5  Behind a frame, the rest of its over lasts 1.05 times what its `left` says: `Timing.end_s`.
S6  A caller waits as long as the answer that it has granted may take, counted from when the called has surely taken its over
    for ended: `Timing.reply_s` and `Timing.lag_s`. That includes the last frame, since all others may be lost.
S7  The called keeps within its grant: `Contact`.
S8  What is repeated is led by a hello, since the called may have lost all memory of the contact: `Contact`.
S9  The called does not wait for ever: `Timing.silence_s`.
S10 A call by the partner ends the contact that we believed to be in with it: `sync.station`.
S11 When two stations call each other, the one with the greater identity stays caller: `sync.station`.
S12 Until the partner is heard, a random part is added to each wait, behind its bound, or two callers might collide for ever:
    `Contact`.
S13 A frame that began before our over did is a straggler of the over that we answer: it is taken, and gives no second slot:
    `Contact`.
"""

from collections.abc import Mapping
from enum import Enum


class Role(Enum):
    """Which side of a contact this is."""

    CALLER = "caller"
    CALLED = "called"


class State(Enum):
    """What a side of a contact is doing. Only one that is speaking may key."""

    SPEAKING = "speaking"
    """An over of ours is ready to be taken by `Contact.poll_over`."""
    WAITING = "waiting"
    """Our over is on the air or has ended; nothing was heard since. Here the called begins."""
    HEARING = "hearing"
    """The partner is in the middle of an over."""
    CLOSED = "closed"


class Cue(Enum):
    """What moves a side of a contact from one state to another."""

    TAKEN = "taken"
    """The driver has our over, and gives it to the modem."""
    HEARD = "heard"
    """A frame of this contact was decoded."""
    BYE = "bye"
    """So was one that says bye."""
    TIME_UP = "time-up"
    """The deadline of the state has come."""


TURNS: Mapping[Role, Mapping[State, Mapping[Cue, State]]] = {
    Role.CALLER: {
        State.SPEAKING: {
            Cue.TAKEN: State.WAITING,
            Cue.HEARD: State.HEARING,  # S2: an over that nobody has taken yet is dropped, and made anew
            Cue.BYE: State.CLOSED,
        },
        State.WAITING: {
            Cue.HEARD: State.HEARING,  # S2
            Cue.BYE: State.CLOSED,  # S4
            Cue.TIME_UP: State.SPEAKING,  # S3
        },
        State.HEARING: {
            Cue.HEARD: State.HEARING,  # S2: the slot is counted anew from each frame
            Cue.BYE: State.CLOSED,
            Cue.TIME_UP: State.SPEAKING,
        },
    },
    Role.CALLED: {
        State.SPEAKING: {
            Cue.TAKEN: State.WAITING,
            Cue.HEARD: State.HEARING,  # S2
            Cue.BYE: State.CLOSED,
        },
        State.WAITING: {
            Cue.HEARD: State.HEARING,  # S2
            Cue.BYE: State.CLOSED,  # S4
            Cue.TIME_UP: State.CLOSED,  # S1
        },
        State.HEARING: {
            Cue.HEARD: State.HEARING,  # S2
            Cue.BYE: State.CLOSED,
            Cue.TIME_UP: State.SPEAKING,
        },
    },
}
"""For each side and state what each cue makes of it. What is not there cannot happen."""


def turn(role: Role, state: State, cue: Cue) -> State:
    """The state behind a cue. Raises ValueError if it cannot happen in that state."""
    found = TURNS[role].get(state, {}).get(cue)
    if found is None:
        raise ValueError(f"{cue.value} cannot happen to a {role.value} that is {state.value}")
    return found
