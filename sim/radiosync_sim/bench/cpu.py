"""Time of the processor that a contact takes, as a share of its airtime."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar
from unittest.mock import patch

from radiosync.sync import station
from radiosync.sync.mail import Mail
from radiosync_sim.bench import yardstick
from radiosync_sim.bench.runs import OnStep, Steps, checked_run, nothing_left
from radiosync_sim.bench.streams import Stream
from radiosync_sim.run import RunOptions
from radiosync_sim.scenario import load_scenario

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class CpuResult:
    """Time of one processor that a stream's contacts take on both sides together.

    Attributes:
        stream, scenario, contact: what was run.
        contacts, changes: of the measured part.
        sealing_s: to plan, encode, check and store batches before they are sent.
        opening_s: to check, decode and apply them.
        airtime_s: time that a key was down.
        share: sealing and opening, of the airtime.
        worst_share: of the worst contact, of the time from its hello to its bye.
    """

    stream: str
    scenario: str
    contact: int
    contacts: int
    changes: int
    sealing_s: float
    opening_s: float
    airtime_s: float
    share: float
    worst_share: float


def measure_cpu(
    streams: Sequence[Stream],
    contacts: Sequence[int],
    scenarios: Sequence[str],
    warm: float,
    on_step: OnStep = lambda step: None,
) -> list[CpuResult]:
    """Every stream with every size of contact on every scenario. Figures are those of this machine, now.

    Raises:
        InputError: a stream has no change behind its warm part.
        SimulationError: a run does not end, or not with equal stores.
        ScenarioError: there is no such scenario.
    """
    for name in scenarios:
        load_scenario(name)
    cases = [(stream, contact, name) for contact in contacts for stream in streams for name in scenarios]
    total = sum(yardstick.windows(len(stream.rows), contact, warm)[1] for stream, contact, _ in cases)
    steps = Steps(on_step, total)
    return [
        _cpu_result(*case, warm, steps.stepper(f"{case[0].name}, contacts of {case[1]}, {case[2]}"))
        for case in cases
    ]


@dataclass
class _Spent:
    """Seconds of the processor, as they add up."""

    sealing_s: float = 0.0
    opening_s: float = 0.0
    at_contacts: list[tuple[float, float]] = field(default_factory=list)

    @property
    def all_s(self) -> float:
        return self.sealing_s + self.opening_s

    def add_sealing(self, seconds: float) -> None:
        self.sealing_s += seconds

    def add_opening(self, seconds: float) -> None:
        self.opening_s += seconds

    def end_contact(self, now: float) -> None:
        self.at_contacts.append((self.all_s, now))

    def worst_share(self) -> float:
        marks = [(0.0, 0.0), *self.at_contacts]
        pairs = zip(marks, self.at_contacts, strict=False)
        return max((after[0] - before[0]) / (after[1] - before[1]) for before, after in pairs)


def _cpu_result(
    stream: Stream, contact: int, scenario: str, warm: float, step: Callable[[], None]
) -> CpuResult:
    with _timed_mail() as spent:

        def on_contact(done: int, total: int, now: float) -> None:
            spent.end_contact(now)
            step()

        options = RunOptions(scenario, stream.edits, stream.name, contact=contact, warm=warm)
        run = checked_run(options, on_contact)
    if not run.changes:
        raise nothing_left(stream)
    return CpuResult(
        stream.name,
        run.scenario,
        contact,
        run.contacts,
        run.changes,
        round(spent.sealing_s, 3),
        round(spent.opening_s, 3),
        run.airtime_s,
        round(spent.all_s / run.airtime_s, 4),
        round(spent.worst_share(), 4),
    )


@contextmanager
def _timed_mail() -> Iterator[_Spent]:
    """While this goes on, stations take the time of what they seal and open. A warm start has none: it is not timed."""
    spent = _Spent()

    class TimedMail(Mail):
        seal_next = _timed(Mail.seal_next, spent.add_sealing)
        deliver = _timed(Mail.deliver, spent.add_opening)

    with patch.object(station, "Mail", TimedMail):
        yield spent


def _timed(method: Callable[P, R], add: Callable[[float], None]) -> Callable[P, R]:
    """The method, which hands on the processor's seconds that each call took."""

    @wraps(method)
    def timed(*args: P.args, **options: P.kwargs) -> R:
        began_s = time.process_time()
        try:
            return method(*args, **options)
        finally:
            add(time.process_time() - began_s)

    return timed
