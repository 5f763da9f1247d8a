"""Full duplex: both speak at once, nobody waits for the other one's end, and what is in the air is not taken for lost."""

from random import Random

import pytest

from radiosync.link.events import Outcome
from radiosync.link.timing import timing_of
from radiosync.profiles.airtime import Airtime
from radiosync.sync.mail import Mail
from radiosync.transfer.sender import Sender
from radiosync.wire.framing import KissFraming
from tests.link.line import Fate, Line, Sent, lossy, unharmed, without
from tests.link.memory import MemoryStore
from tests.link.pairs import all_there, meet, outcomes, stores

WIRE = timing_of(
    Airtime.of("kiss-tnc", 1200, max_frame_bytes=256, longest_over_s=10.0, full_duplex=True), KissFraming()
)
PAYLOADS = pytest.mark.parametrize(("changes", "back"), [(0, 0), (3, 0), (0, 3), (60, 0), (0, 60), (60, 60)])


def talk(anna: MemoryStore, ben: MemoryStore, number: int = 1, fate: Fate = unharmed) -> Line:
    return meet(anna, ben, number, WIRE, fate, collisions=False)


def keyed_s(line: Line, side: int) -> float:
    return sum(sent.ends_at - sent.begins_at for sent in line.sent if sent.side == side)


@PAYLOADS
def test_both_end_with_all(changes: int, back: int) -> None:
    anna, ben = stores(changes, back, text_bytes=60)
    line = talk(anna, ben)
    assert all_there(anna, ben)
    assert outcomes(line) == [Outcome.COMPLETE] * 2


@pytest.mark.parametrize("side", [0, 1])
def test_who_has_more_to_send_never_stops(side: int) -> None:
    anna, ben = stores(*((200, 0) if side == 0 else (0, 200)), text_bytes=60)
    line = talk(anna, ben)
    assert line.overs[side] >= 6
    assert keyed_s(line, side) >= 0.95 * line.sent[-1].ends_at


def test_both_are_keyed_nearly_all_the_time_if_both_have_much() -> None:
    anna, ben = stores(200, 200, text_bytes=60)
    line = talk(anna, ben)
    for side in (0, 1):
        assert keyed_s(line, side) >= 0.93 * line.sent[-1].ends_at


@pytest.mark.parametrize("loads", [(200, 0), (0, 200), (200, 200)])
def test_on_a_clean_wire_each_piece_goes_once(
    loads: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in the air when the partner reports is neither lost nor missing."""
    senders: list[Sender] = []
    seal_next = Mail.seal_next

    def watched(self: Mail, *limits: int) -> Sender | None:
        sealed = seal_next(self, *limits)
        senders.extend([sealed] if sealed else [])
        return sealed

    monkeypatch.setattr(Mail, "seal_next", watched)
    anna, ben = stores(*loads, text_bytes=60)
    talk(anna, ben)
    assert all_there(anna, ben)
    assert len(senders) >= 2
    for sender in senders:
        assert sender.next_pieces == sender.shape.block_sizes


@pytest.mark.parametrize("loads", [(60, 0), (0, 60), (60, 60)])
def test_the_loss_of_any_one_frame_stalls_nothing(loads: tuple[int, int]) -> None:
    clean = talk(*stores(*loads, text_bytes=60))
    for lost in range(len(clean.sent)):
        anna, ben = stores(*loads, text_bytes=60)
        line = talk(anna, ben, fate=without(lost))
        assert all_there(anna, ben), lost
        assert outcomes(line)[0] is Outcome.COMPLETE, lost


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("loads", [(60, 0), (0, 60), (60, 60)])
def test_loss_costs_what_is_lost_and_little_more(loads: tuple[int, int], seed: int) -> None:
    """A caller that hears nothing need not wait until an answer as long as an over would have passed."""
    clean = talk(*stores(*loads, text_bytes=60))
    anna, ben = stores(*loads, text_bytes=60)
    random = Random(seed)
    for number in range(1, 5):
        line = talk(anna, ben, number, lossy(random, 0.2, 0.2))
        if all_there(anna, ben):
            break
    assert all_there(anna, ben)
    assert number <= 2
    assert line.sent[-1].ends_at <= 3 * clean.sent[-1].ends_at + WIRE.over_s


def test_little_is_said_to_a_caller_who_has_not_shown_that_it_heard_our_hello() -> None:
    """Without the hello it can do nothing with the rest of the over."""

    def fate(sent: Sent) -> list[tuple[float, bytes]]:
        return [] if sent.side == 1 and sent.place == 0 and sent.begins_at < 5 else unharmed(sent)

    anna, ben = stores(0, 200, text_bytes=60)
    line = talk(anna, ben, fate=fate)
    first = [sent for sent in line.sent if sent.side == 1 and sent.begins_at < 0.5]
    assert first[-1].ends_at - first[0].begins_at <= WIRE.first_over_s + WIRE.frame_s(48)
    assert all_there(anna, ben)
