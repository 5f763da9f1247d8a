"""Time of the processor: of sealing and opening, behind the warm part, and of nothing else."""

import itertools
import time
from dataclasses import replace

import pytest

from radiosync.errors import InputError
from radiosync.sync import station
from radiosync_sim.bench.cpu import measure_cpu
from radiosync_sim.bench.runs import Step
from radiosync_sim.bench.streams import story_stream
from radiosync_sim.errors import ScenarioError

STORY = story_stream(120)


def test_each_call_is_timed_and_a_warm_start_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    # The clock moves by a second each time that it is read, so every call takes one.
    ticks = itertools.count()
    monkeypatch.setattr(time, "process_time", lambda: float(next(ticks)))
    steps: list[Step] = []
    (cold,) = measure_cpu([STORY], [20], ["clean-9600"], 0.0, steps.append)
    assert cold.contacts == 6
    assert cold.sealing_s >= cold.opening_s >= 6
    assert (cold.sealing_s % 1, cold.opening_s % 1) == (0, 0)
    assert cold.share == pytest.approx((cold.sealing_s + cold.opening_s) / cold.airtime_s, abs=1e-3)
    assert cold.worst_share >= cold.share * 0.9
    (warm,) = measure_cpu([STORY], [20], ["clean-9600"], 0.5)
    assert warm.contacts == 3
    assert 3 <= warm.opening_s < cold.opening_s
    assert warm.sealing_s < cold.sealing_s
    assert [step.done for step in steps] == [1, 2, 3, 4, 5, 6]


def test_every_case_is_measured_and_nothing_stays_behind() -> None:
    before, small = vars(station)["Mail"], story_stream(40)
    other = replace(small, name="other")
    results = measure_cpu([small, other], [10, 20], ["clean-9600", "vhf-1200"], 0.5)
    assert [(each.contact, each.stream, each.scenario) for each in results] == [
        (contact, stream, scenario)
        for contact in (10, 20)
        for stream in ("story", "other")
        for scenario in ("clean-9600", "vhf-1200")
    ]
    assert all(each.sealing_s > 0 and each.opening_s > 0 for each in results)
    assert vars(station)["Mail"] is before


def test_what_cannot_be_measured() -> None:
    before = vars(station)["Mail"]
    with pytest.raises(ScenarioError):
        measure_cpu([STORY], [20], ["nowhere"], 0.5)
    with pytest.raises(InputError, match="no change is left"):
        measure_cpu([story_stream(5)], [20], ["clean-9600"], 0.5)
    assert vars(station)["Mail"] is before
