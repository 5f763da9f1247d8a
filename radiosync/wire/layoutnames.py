"""How names are said: once, at the beginning of the batch that mentions them first; by number from then on."""

from collections.abc import Iterable
from itertools import repeat
from typing import Final

from radiosync.errors import ContextError, WireError
from radiosync.limits import CONTEXT_NAMES, FIELD_NAME_CHARACTERS, TABLE_NAME_CHARACTERS
from radiosync.records.model import STATION_BYTES, Change, Origin, Seen
from radiosync.wire.batch import origin_bytes
from radiosync.wire.coder import Coder
from radiosync.wire.context import Additions, Context, FieldKey
from radiosync.wire.numbering import Numbering
from radiosync.wire.parts import text_of
from radiosync.wire.slot import Slot

ORIGIN_BYTES: Final = STATION_BYTES + 4

_BLANK_ORIGIN: Final = Origin(bytes(STATION_BYTES), 0)
_BLANK_FIELD: Final = FieldKey("", "")


class Names:
    """The names of a context and those that a batch adds, by number."""

    def __init__(self, context: Context) -> None:
        self.origins = Numbering(context.origins)
        self.tables = Numbering(context.tables)
        self.fields = Numbering(context.fields)
        self._of_table: dict[str, list[int]] = {}
        self._sort(0)

    def fields_of(self, table: int) -> list[int]:
        """Numbers of the fields of a table, ascending."""
        return self._of_table.get(self.tables.items[table], [])

    def seen(self, seen: Seen) -> dict[int, int]:
        """Numbers for the origins, as far as they have one."""
        return {self.origins[origin]: last for origin, last in seen.items() if origin in self.origins}

    def missing(self, changes: Iterable[Change]) -> Additions:
        """What changes mention and has no number."""
        origins, tables, fields = Numbering[Origin](), Numbering[str](), Numbering[FieldKey]()
        for change in changes:
            tables.add(change.table)
            for name in change.writes:
                fields.add(FieldKey(change.table, name))
            for origin in (*change.seen(), *change.past):
                origins.add(origin)
        return Additions(
            tuple(origin for origin in origins.items if origin not in self.origins),
            tuple(table for table in tables.items if table not in self.tables),
            tuple(key for key in fields.items if key not in self.fields),
        )

    def add(self, news: Additions) -> None:
        """Number what is new. Raises WireError for what is not, or for too many names."""
        before = len(self.fields)
        counts = (
            self.origins.extend(news.origins),
            self.tables.extend(news.tables),
            self.fields.extend(news.fields),
        )
        if counts != (len(news.origins), len(news.tables), len(news.fields)):
            raise WireError("a batch spells out a name that is known")
        if max(len(self.origins), len(self.tables), len(self.fields)) > CONTEXT_NAMES:
            raise WireError("a partner makes us remember too many names")
        self._sort(before)

    def _sort(self, start: int) -> None:
        for number, key in enumerate(self.fields.items[start:], start):
            self._of_table.setdefault(key.table, []).append(number)


def say_names(coder: Coder, names: Names, news: Additions) -> Additions:
    """Say the names that the context does not know, and number them. A reader passes no news and is given them."""
    any_news = any((news.origins, news.tables, news.fields))
    if not coder.choice(Slot.NEWS, 0, int(any_news), 2):
        return news
    kinds = (news.origins, news.tables, news.fields)
    counts = [coder.number(Slot.NEW_COUNT, place, len(kind)) for place, kind in enumerate(kinds)]
    if max(counts) > CONTEXT_NAMES:
        raise WireError("a batch spells out too many names")
    origins = [_say_origin(coder, each) for each in news.origins or repeat(_BLANK_ORIGIN, counts[0])]
    tables = [_say_table(coder, each) for each in news.tables or repeat("", counts[1])]
    names.add(Additions(tuple(origins), tuple(tables)))
    fields = [_say_field(coder, names, each) for each in news.fields or repeat(_BLANK_FIELD, counts[2])]
    names.add(Additions(fields=tuple(fields)))
    return Additions(tuple(origins), tuple(tables), tuple(fields))


def origin_from(data: bytes) -> Origin:
    """The inverse of `wire.batch.origin_bytes`."""
    return Origin(data[:STATION_BYTES], int.from_bytes(data[STATION_BYTES:], "big"))


def _say_origin(coder: Coder, origin: Origin) -> Origin:
    return origin_from(coder.raw(Slot.NEW_ORIGIN, 0, origin_bytes(origin), ORIGIN_BYTES))


def _say_table(coder: Coder, table: str) -> str:
    name = text_of(coder.text(Slot.NEW_NAME, 0, table.encode()))
    if not 0 < len(name) <= TABLE_NAME_CHARACTERS:
        raise WireError("a batch has a table without a name, or with one that is too long")
    return name


def _say_field(coder: Coder, names: Names, key: FieldKey) -> FieldKey:
    tables = names.tables
    table = coder.number(Slot.NEW_TABLE, 0, tables.get(key.table, 0))
    name = text_of(coder.text(Slot.NEW_NAME, 1, key.name.encode()))
    if len(name) > FIELD_NAME_CHARACTERS:
        raise WireError("a batch has a field with a name that is too long")
    if table >= len(tables):
        raise ContextError("a batch has a field of a table that we do not share")
    return FieldKey(tables.items[table], name)
