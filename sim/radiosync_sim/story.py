"""A made-up week after a cyclone: shelters and incidents with the edits that a field team makes. No real place or person."""

from collections.abc import Iterator
from random import Random
from uuid import UUID

from radiosync.records.edit import Edit
from radiosync.records.value import Number, Value

_PLACES = (
    "Alder Bay", "Bright Hill", "Cane Fields", "Dry Creek", "East Ferry", "Fig Tree", "Green Mouth", "High Bridge",
    "Iron Gate", "Juniper Flat", "Kiln Road", "Long Beach", "Mill Pond", "North Reef", "Old Quarry", "Palm Point",
    "Quiet Cove", "Red Cliff", "Salt Works", "Tin Roof", "Upper Weir", "Vine Street", "West Landing", "Yellow Sands",
)  # fmt: skip
_BUILDINGS = (
    "primary school",
    "secondary school",
    "church hall",
    "sports hall",
    "clinic",
    "market hall",
    "community centre",
)
_STATUS = ("open", "open", "open", "full", "closed")
_NEEDS = ("water", "food", "blankets", "medicine", "generator fuel", "tarpaulins", "nothing")
_KINDS = (
    "road blocked",
    "bridge damaged",
    "power line down",
    "landslide",
    "flooding",
    "building collapsed",
    "missing person",
)
_REPORTS = (
    "Seen from the road, not checked on foot.",
    "Crew on site since this morning, needs a second chain saw.",
    "Water is falling, about 20 cm since yesterday evening.",
    "Two families moved to the school. Nobody hurt.",
    "Passable for motorcycles only. Trucks must go round by the mill.",
    "Power company informed; no date given.",
    "Cleared on one side.",
    "Needs an engineer before anybody crosses.",
)  # fmt: skip
_START_MS = 1_762_150_000_000
_MINUTE_MS = 60_000


def tell_story(edits: int, seed: int) -> Iterator[Edit]:
    """That many edits in order of time: one in five begins a record, one in thirty ends one, the others change one."""
    random = Random(seed)
    records: dict[tuple[str, UUID], dict[str, Value]] = {}
    wall_ms = _START_MS
    for _ in range(edits):
        wall_ms += random.randrange(1, 15) * _MINUTE_MS
        chance = random.random()
        if chance < 0.2 or not records:
            table, fields = _begin(random, len(records))
            uuid = UUID(int=random.getrandbits(128), version=4)
        else:
            table, uuid = random.choice(list(records))
            fields = records[table, uuid]
            if chance < 0.235:
                del records[table, uuid]
                yield Edit(table, uuid, None, wall_ms)
                continue
            _change(random, table, fields)
        records[table, uuid] = fields
        yield Edit(table, uuid, dict(fields), wall_ms)


def _begin(random: Random, number: int) -> tuple[str, dict[str, Value]]:
    place = random.choice(_PLACES)
    where: dict[str, Value] = {
        "place": place,
        "latitude": Number(f"{-17 - random.random():.5f}"),
        "longitude": Number(f"{177 + random.random():.5f}"),
    }
    if random.random() < 0.6:
        capacity = random.randrange(40, 400, 10)
        shelter: dict[str, Value] = {
            "name": f"{place} {random.choice(_BUILDINGS)}",
            "capacity": Number(str(capacity)),
            "people": Number(str(random.randrange(capacity))),
            "status": "open",
            "needs": random.choice(_NEEDS),
            "wheelchair": random.random() < 0.4,
        }
        return "shelter", shelter | where
    incident: dict[str, Value] = {
        "kind": random.choice(_KINDS),
        "reference": f"INC-{number + 1:04d}",
        "severity": Number(str(random.randrange(1, 6))),
        "report": random.choice(_REPORTS),
        "closed": False,
    }
    return "incident", incident | where


def _change(random: Random, table: str, fields: dict[str, Value]) -> None:
    if table == "incident":
        if random.random() < 0.7:
            fields["report"] = f"{fields['report']} {random.choice(_REPORTS)}"
        else:
            fields["severity"] = Number(str(random.randrange(1, 6)))
        fields["closed"] = random.random() < 0.15
        return
    choice = random.random()
    if choice < 0.75:
        fields["people"] = Number(str(random.randrange(400)))
    elif choice < 0.9:
        fields["needs"] = random.choice(_NEEDS)
    else:
        fields["status"] = random.choice(_STATUS)
