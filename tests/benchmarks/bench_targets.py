"""What the air protocol is meant to reach, and what it reaches. Takes half an hour with real streams and 100 seeds.

    python tests/benchmarks/bench_targets.py [--seeds N] [CHANGES.jsonl.gz ...]

Without a stream the made-up story of the demo is measured. For the figures behind these, and for other links, contacts and
streams, use `radiosync bench`.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sim"))

from radiosync_sim.bench.air import measure_air, spread_evenly, write_scenario
from radiosync_sim.bench.cpu import measure_cpu
from radiosync_sim.bench.runs import Step, checked_run
from radiosync_sim.bench.streams import Stream, read_stream, story_stream
from radiosync_sim.bench.traffic import mean_ratios, measure_bytes
from radiosync_sim.run import RunOptions
from radiosync_sim.scenario import load_scenario

PAYLOAD_BYTES = 32768
WARM = 0.5

TO_SOLID = {
    ("clean-1200", 20): (0.90, 0.72),
    ("clean-1200", 200): (0.80, 0.66),
    ("clean-9600", 20): (1.25, None),
    ("clean-9600", 200): (1.05, None),
}
"""Bytes on air to `solid`, mean over streams, by scenario and contact: at most so much, and what would make us proud."""

UTILISATION = {
    "clean-9600": (0.95, 0.97, 1.90),
    "vhf-1200": (0.69, 0.73, 0.70),
    "hf-300": (0.55, 0.585, 0.56),
    "stream-2400": (0.80, 0.87, 0.80),
    "lora-sf9": (0.81, 0.85, 0.81),
}
"""By scenario: at least so much one way, what would make us proud, and at least so much both ways together."""

WORST_TO_MEDIAN = 0.8
"""The 5th percentile is at least this share of the median."""

OVERS = 3
"""Of a contact after 20 edits on vhf-1200 without errors, mean of the first contacts behind the warm part, at most."""
OVERS_EDITS = 1000

CPU_SHARE = 0.20
"""Of the airtime, at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """One target: what it is, what was reached, what was asked for, and whether that is enough."""

    what: str
    reached: float
    asked: float
    proud: float | None
    met: bool


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def show_step(step: Step) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(
            f"\r{step.doing}: {step.done} of {step.total}\x1b[K" + "\r\x1b[K" * (step.done == step.total)
        )


def at_most(what: str, reached: float, asked: float, proud: float | None = None) -> Line:
    return Line(what, reached, asked, proud, reached <= asked)


def at_least(what: str, reached: float, asked: float, proud: float | None = None) -> Line:
    return Line(what, reached, asked, proud, reached >= asked)


def bytes_lines(streams: Sequence[Stream]) -> Iterator[Line]:
    scenarios = list(dict.fromkeys(scenario for scenario, _ in TO_SOLID))
    contacts = sorted({contact for _, contact in TO_SOLID})
    for mean in mean_ratios(measure_bytes(streams, contacts, scenarios, WARM, show_step)):
        asked, proud = TO_SOLID[mean.scenario, mean.contact]
        yield at_most(
            f"on air to solid, {mean.scenario}, contacts of {mean.contact}", mean.to_solid, asked, proud
        )


def air_lines(seeds: int) -> Iterator[Line]:
    for result in measure_air(list(UTILISATION), PAYLOAD_BYTES, seeds, both_ways=True, on_step=show_step):
        one_way, proud, both_ways = UTILISATION[result.scenario]
        yield at_least(f"utilisation, {result.scenario}, one way", result.one_way.median, one_way, proud)
        least = WORST_TO_MEDIAN * result.one_way.median
        yield at_least(
            f"  its 5th percentile (worst run {result.one_way.worst:.3f})", result.one_way.p5, least
        )
        if result.both_ways is not None:
            both, least = result.both_ways, WORST_TO_MEDIAN * result.both_ways.median
            yield at_least(f"  both ways together, {result.scenario}", both.median, both_ways)
            yield at_least(f"  its 5th percentile (worst run {both.worst:.3f})", both.p5, least)


def overs_lines(streams: Sequence[Stream]) -> Iterator[Line]:
    with TemporaryDirectory() as folder:
        scenario = write_scenario(spread_evenly(load_scenario("vhf-1200"), 0.0), Path(folder))
        for stream in streams:
            run = checked_run(RunOptions(scenario, stream.edits[:OVERS_EDITS], contact=20, warm=WARM))
            yield at_most(f"overs of a contact, {stream.name}", run.overs / run.contacts, OVERS)


def cpu_lines(streams: Sequence[Stream]) -> Iterator[Line]:
    contacts = sorted({contact for _, contact in TO_SOLID})
    scenarios = list(dict.fromkeys(scenario for scenario, _ in TO_SOLID))
    for result in measure_cpu(streams, contacts, scenarios, WARM, show_step):
        what = f"processor's share, {result.scenario}, contacts of {result.contact}, {result.stream}"
        yield at_most(what, result.share, CPU_SHARE)


def show(line: Line) -> None:
    proud = f"{line.proud:8.3f}" if line.proud is not None else " " * 8
    say(f"{line.what:66}{line.reached:9.3f}{line.asked:9.3f}{proud}  {'yes' if line.met else 'NO'}")


def main(words: Sequence[str]) -> None:
    seeds, files = 100, list(words)
    if files[:1] == ["--seeds"]:
        seeds, files = int(files[1]), files[2:]
    streams = [read_stream(Path(file)) for file in files] or [story_stream()]
    say(f"{'':66}{'reached':>9}{'asked':>9}{'proud':>8}  met")
    for lines in (air_lines(seeds), bytes_lines(streams), overs_lines(streams), cpu_lines(streams)):
        for line in lines:
            show(line)


if __name__ == "__main__":
    main(sys.argv[1:])
