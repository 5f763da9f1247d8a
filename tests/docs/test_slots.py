"""The slot rules stand in the protocol, in the code and in the tests: they say the same, and none is missing."""

import inspect
import re

from radiosync.link import slots
from radiosync.link.slots import TURNS, Cue, Role, State
from tests.docs.test_protocol import rows
from tests.link.test_explorer import WITHOUT

CUES = [Cue.TAKEN, Cue.HEARD, Cue.BYE, Cue.TIME_UP]
"""In the order of the columns of section 4.9."""
RULES = {name: text for name, text, _ in rows("4.9", "name")}


def rules_of_the_code() -> dict[str, str]:
    """The rules in the docstring of the module, each as one line."""
    parts = re.split(r"^(S\d+) +", inspect.getdoc(slots) or "", flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def test_rules_are_numbered_without_a_gap() -> None:
    assert list(RULES) == [f"S{number}" for number in range(1, 14)]


def test_the_code_states_each_rule_as_the_page_does() -> None:
    """It may go on with a reason, or with who keeps the rule."""
    code = rules_of_the_code()
    assert list(code) == list(RULES)
    for name, text in RULES.items():
        first = text.partition(". ")[0].removesuffix(".").removesuffix(" (4.5)")
        assert code[name].startswith(first), name


def test_the_table_of_turns_is_that_of_the_code() -> None:
    stated: dict[Role, dict[State, dict[Cue, State]]] = {role: {} for role in Role}
    for role, state, *cells in rows("4.9", "side"):
        stated[Role(role)][State(state)] = {
            cue: State(re.findall("[a-z]+", cell)[0])
            for cue, cell in zip(CUES, cells, strict=True)
            if cell != "-"
        }
    assert stated == TURNS


def test_a_rule_that_the_table_of_turns_names_is_one() -> None:
    cells = " ".join(cell for row in rows("4.9", "side") for cell in row)
    assert set(re.findall(r"S\d+", cells)) <= set(RULES)


def test_the_states_are_left_as_the_code_leaves_them() -> None:
    stated = {State(name): _states_in(left_when) for name, _, left_when in rows("4.1", "state")}
    assert list(stated) == list(State)
    for state, behind in stated.items():
        moves = {then for turns in TURNS.values() for then in turns.get(state, {}).values()}
        assert behind == moves - {state}, state


def test_each_rule_has_a_mutant_that_breaks_a_promise() -> None:
    """All of them can be tested by the explorer. A rule that cannot would have to name its test here."""
    assert {name.partition(" ")[0] for name in WITHOUT} == set(RULES)


def _states_in(text: str) -> set[State]:
    return {state for state in State if re.search(rf"\b{state.value}\b", text)}
