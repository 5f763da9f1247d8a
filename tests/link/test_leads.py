"""How often a lead is said."""

from hypothesis import given
from hypothesis import strategies as st

from radiosync.link.leads import AnswerMeter


@given(st.lists(st.booleans(), max_size=30), st.floats(0.01, 5), st.floats(0.01, 30))
def test_no_other_number_of_copies_is_cheaper(losses: list[bool], lead_s: float, repair_s: float) -> None:
    meter = AnswerMeter()
    for lost in losses:
        meter.note(lost=lost)
    losses_of_all = [meter.loss**copies for copies in range(1, 5)]
    costs = [(copies * lead_s + lost * repair_s) / (1 - lost) for copies, lost in enumerate(losses_of_all, 1)]
    assert costs[meter.copies(lead_s, repair_s) - 1] <= min(costs) + 1e-9


def test_one_lost_answer_is_a_fade_and_many_are_a_channel() -> None:
    meter = AnswerMeter()
    assert meter.copies(0.2, 1.5) == 1
    meter.note(lost=True)
    assert meter.copies(0.2, 1.5) == 2
    assert meter.copies(1.0, 3.0) == 1, "on a slow link a copy costs more than it saves"
    for _ in range(8):
        meter.note(lost=True)
    assert meter.copies(0.2, 1.5) == 4
    for _ in range(20):
        meter.note(lost=False)
    assert meter.copies(0.2, 1.5) == 1


def test_a_partner_that_asks_for_ever_is_answered_all_the_same() -> None:
    """The share comes as near to 1 as it can. At 1 there would be nothing to divide by."""
    meter = AnswerMeter()
    for _ in range(1000):
        meter.note(lost=True)
    assert meter.loss < 1
    assert meter.copies(0.2, 1.5) == 4
