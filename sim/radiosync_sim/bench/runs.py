"""What all measurements share: how far they have come, and runs that must end well."""

from collections.abc import Callable
from dataclasses import dataclass

from radiosync.errors import InputError
from radiosync_sim.bench.streams import Stream
from radiosync_sim.errors import SimulationError
from radiosync_sim.run import RunOptions, RunResult, run_scenario


@dataclass(frozen=True, slots=True)
class Step:
    """How far a measurement has come.

    Attributes:
        doing: what is measured now.
        done, total: steps; all take about as long.
    """

    doing: str
    done: int
    total: int


OnStep = Callable[[Step], None]
"""Hears of every step."""


class DifferenceError(SimulationError):
    """After a run the two sides do not hold the same.

    Attributes:
        scenario, seed: of the run.
    """

    def __init__(self, scenario: str, seed: int) -> None:
        super().__init__(f"scenario {scenario}, seed {seed}: the two sides do not hold the same")
        self.scenario, self.seed = scenario, seed


class Steps:
    """Counts steps and tells of them."""

    def __init__(self, on_step: OnStep, total: int) -> None:
        self._on_step, self._total, self._done = on_step, total, 0

    def stepper(self, doing: str) -> Callable[[], None]:
        """What to call after each step of one part."""

        def step() -> None:
            self._done += 1
            self._on_step(Step(doing, self._done, self._total))

        return step


def checked_run(
    options: RunOptions, on_contact: Callable[[int, int, float], None] | None = None
) -> RunResult:
    """A run after which both sides hold the same. Raises SimulationError, and DifferenceError if they do not."""
    result = run_scenario(options, on_contact)
    if not result.identical:
        raise DifferenceError(result.scenario, result.seed)
    return result


def nothing_left(stream: Stream) -> InputError:
    """What to raise when the warm part has left nothing to measure."""
    return InputError(stream.file, None, None, "no change is left to measure behind the warm part")
