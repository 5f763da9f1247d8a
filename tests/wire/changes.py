"""Changes to lay out in batches: a hypothesis strategy for anything a record can be, and a way to fold contexts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import strategies as st

from radiosync.records.clock import LATEST, from_milliseconds
from radiosync.records.model import EXISTS, Change, Dot, Grave, Origin, Record, Seen, Siblings, Stamp, Write
from radiosync.records.value import Number, Value
from radiosync.wire.batch import Batch, encode_batch
from radiosync.wire.batchreader import read_batch
from radiosync.wire.context import (
    EMPTY_DIGEST,
    Additions,
    Aliases,
    Context,
    FieldKey,
    RecordKey,
    chain_digest,
    extend_history,
)

ORIGINS = [Origin(letter * 8, number) for letter in (b"A", b"B", b"C") for number in (0, 7, 2**32 - 1)]
TABLES = ["shelter", "incident", "ünïcode \N{SNOWMAN}"]
NAMES = ["name", "beds", EXISTS, "a b", "x" * 120, "\N{SNOWMAN}"]
UUIDS = [UUID(int=number) for number in (0, 1, 2, 3, 2**128 - 1)]

NASTY: list[Value | None] = [
    None, True, False, "", " ", "0", "null", "\x00", "\U0010ffff", "line\r\nbreak", "x" * 3000,
    Number("0"), Number("-0"), Number("0.0"), Number("-0.0"), Number("00.5"[1:]), Number("1.50"), Number("-1.50"),
    Number("1e5"), Number("1E+05"), Number("-1.0e-7"), Number("0.000000000000000001"),
    Number(str(2**63 - 1)), Number(str(2**63)), Number(str(-(2**63))), Number(str(1 - 2**63)), Number("9" * 100),
    Number("0." + "0" * 97 + "1"), Number("0." + "0" * 98), Number("-" + "9" * 49 + "." + "9" * 49),
    Number("9223372036854775.807"), Number("9223372036854775.808"), Number("-9223372036854775.808"),
]  # fmt: skip

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.from_regex(r"\A-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,5})?\Z").map(Number)
values: st.SearchStrategy[Value | None] = st.one_of(
    st.sampled_from(NASTY), texts, numbers, st.none(), st.booleans()
)

sequences = st.one_of(st.integers(1, 300), st.integers(1, 2**48 - 1))
times = st.one_of(
    st.integers(0, 2000).map(lambda seconds: from_milliseconds(1_700_000_000_000 + 1000 * seconds)),
    st.integers(0, LATEST),
    st.sampled_from([0, 1, LATEST]),
)
dots = st.builds(Dot, st.sampled_from(ORIGINS), sequences)
stamps = st.builds(Stamp, times, dots)
seens: st.SearchStrategy[Seen] = st.dictionaries(st.sampled_from(ORIGINS), sequences, max_size=4)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A change as it can stand in a database: writes of the main stamp, others, siblings, graves, lives."""
    main = draw(stamps)
    stamp = st.one_of(st.just(main), st.just(main), stamps)

    def siblings() -> Siblings:
        found = {
            each.stamp: each
            for each in draw(st.lists(st.builds(Write, stamp, values, seens), min_size=1, max_size=3))
        }
        return tuple(sorted(found.values(), key=lambda write: write.stamp, reverse=True))

    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    grave = draw(st.one_of(st.none(), st.builds(Grave, stamp, seens)))
    if grave is None and not names:
        names = ["name"]
    life = draw(st.one_of(st.just(0), st.integers(1, 3), st.just(2**20 - 1)))
    return Record(
        draw(st.sampled_from(TABLES)),
        draw(st.sampled_from(UUIDS)),
        life,
        {name: siblings() for name in names},
        grave,
        draw(seens) if life else {},
    )


batches = st.lists(changes(), max_size=6)


@dataclass
class End:
    """What one end knows of one direction's traffic: folded from the batches alone."""

    version: int = 0
    digest: bytes = EMPTY_DIGEST
    origins: list[Origin] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    fields: list[FieldKey] = field(default_factory=list)
    history: bytes = b""
    aliases: dict[RecordKey, int] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        return Context(
            self.version,
            self.digest,
            tuple(self.origins),
            tuple(self.tables),
            tuple(self.fields),
            self.history,
        )

    def fold(self, plain: bytes, additions: Additions) -> None:
        self.version += 1
        self.digest = chain_digest(self.digest, plain)
        self.history = extend_history(self.history, plain)
        self.origins += [each for each in additions.origins if each not in self.origins]
        self.tables += [each for each in additions.tables if each not in self.tables]
        self.fields += [each for each in additions.fields if each not in self.fields]
        for key in additions.records:
            self.aliases.setdefault(key, len(self.aliases))


def known_to(ours: End, theirs: Mapping[RecordKey, int], group: Sequence[Change]) -> Aliases:
    """The aliases that a batch of these changes would use."""
    keys = {RecordKey(change.table, change.uuid) for change in group}
    mine = {key: ours.aliases[key] for key in keys if key in ours.aliases}
    return Aliases(mine, {key: theirs[key] for key in keys if key in theirs and key not in mine})


def decode(
    batch: bytes, context: Context, ours: Mapping[RecordKey, int], theirs: Mapping[RecordKey, int]
) -> tuple[list[Change], Additions]:
    raw = read_batch(batch)
    mine = {number: key for key, number in ours.items() if number in raw.ours}
    other = {number: key for key, number in theirs.items() if number in raw.theirs}
    return raw.resolve(context, mine, other)


def encode(group: Sequence[Change], ours: End, theirs: Mapping[RecordKey, int]) -> Batch:
    return encode_batch(group, ours.context, known_to(ours, theirs, group))
