"""The pictures of the documentation, from results: bytes against the size of a contact, utilisation against loss."""

from collections.abc import Mapping, Sequence
from typing import Final

from radiosync_sim.bench.air import LossResult
from radiosync_sim.bench.picture import COLOURS, Axis, Figure, Line, Panel, log_ticks
from radiosync_sim.bench.traffic import BytesResult
from radiosync_sim.bench.yardstick import COLUMNS

_OURS_COLOURS: Final = (0, 1)
_COLUMN_COLOURS: Final[Mapping[str, int]] = dict(zip(COLUMNS, (7, 6, 5, 4, 3, 2), strict=True))
_SHARE_TICKS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def bytes_figure(results: Sequence[BytesResult]) -> Figure:
    """Bytes of a change against edits in a contact, a panel for each stream."""
    contacts = sorted({result.contact for result in results})
    values = [value for result in results for value in _all_bytes(result)]
    return Figure(
        "Bytes of a change: radiosync with everything on air, the others without what carries them",
        Axis("edits between two contacts", contacts, log=True),
        Axis("bytes a change", log_ticks(values), log=True),
        [
            Panel(name, _byte_lines([each for each in results if each.stream == name]))
            for name in dict.fromkeys(result.stream for result in results)
        ],
    )


def loss_figure(results: Sequence[LossResult]) -> Figure:
    """Utilisation against loss: ours in bold lines, the ideal sender's dashed in the same colour."""
    ours: list[Line] = []
    ideal: list[Line] = []
    for place, name in enumerate(dict.fromkeys(result.scenario for result in results)):
        mine, colour = [each for each in results if each.scenario == name], place % len(COLOURS)
        ours.append(Line(name, [(each.loss, each.one_way.median) for each in mine], colour, bold=True))
        ideal.append(Line(f"{name}, ideal", [(each.loss, each.ideal) for each in mine], colour, dashed=True))
    most = max(result.loss for result in results)
    ticks = [tenth / 10 for tenth in range(round(most * 10) + 1)]
    return Figure(
        "Use of the airtime: radiosync, and an ideal sender (dashed)",
        Axis("full frames hit by an error", ticks, form="{:.0%}".format),
        Axis("share of the bit rate", _SHARE_TICKS, form="{:.0%}".format),
        [Panel("one way, errors spread evenly", [*ours, *ideal])],
    )


def _all_bytes(result: BytesResult) -> list[float]:
    return [*result.bytes_a_change.values(), *(ours.bytes_a_change for ours in result.ours)]


def _byte_lines(results: Sequence[BytesResult]) -> list[Line]:
    results = sorted(results, key=lambda result: result.contact)
    lines = [
        Line(
            name,
            [(each.contact, each.bytes_a_change[name]) for each in results],
            colour,
            dashed=name == COLUMNS[-1],
        )
        for name, colour in _COLUMN_COLOURS.items()
    ]
    for place, ours in enumerate(results[0].ours):
        points = [(each.contact, each.ours[place].bytes_a_change) for each in results]
        colour = _OURS_COLOURS[place % len(_OURS_COLOURS)]
        lines.append(Line(f"radiosync, {ours.scenario}", points, colour, bold=True))
    return lines
