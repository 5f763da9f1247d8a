"""The plain form of a batch (protocol, 7.8)."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from tests.independent.reader import layout, values
from tests.independent.reader.basics import blake, unsigned
from tests.independent.reader.changes import Change, Origin, Record, Seen, Stamp, Write
from tests.independent.reader.columns import ColumnWriter
from tests.independent.reader.context import Names
from tests.independent.reader.memory import Memory
from tests.independent.reader.symbols import Slot
from tests.independent.reader.times import Said


def plain_form(packed: bytes, string: bytes) -> bytes:
    """What makes history and digests."""
    return packed + (blake(4, string) if string else b"")


def columns(
    changes: Sequence[Change], read: Names, names: Names, aliases: Sequence[Record]
) -> tuple[bytes, bytes]:
    """Packed and the string of bits of the same."""
    writer = _PlainWriter(names, new_names(changes, read, names), aliases)
    writer.write(changes)
    return writer.out.packed(), writer.out.string()


def new_names(changes: Iterable[Change], read: Names, names: Names) -> Names:
    """The names that a context does not have, in the order in which changes mention them first."""
    origins: list[Origin] = []
    tables: list[str] = []
    fields: list[tuple[str, str]] = []
    numbers = {origin: number for number, origin in enumerate(read.origins)}
    for change in changes:
        table = change.record.table
        tables.append(table)
        fields += [(table, name) for name in change.writes]
        seen = change.grave.seen if change.grave else {}
        origins += sorted(seen, key=numbers.__getitem__)
        origins += [write.stamp.origin for write in change.all_writes()]
        origins += [change.grave.stamp.origin] if change.grave else []
        for over in [write.over for write in change.all_writes()] + [change.past]:
            origins += sorted(over, key=numbers.__getitem__)
    return names.missing(Names(tuple(origins), tuple(tables), tuple(fields)))


class _PlainWriter:
    """Writes changes in the fast codec, where a writer has no choice."""

    def __init__(self, names: Names, new: Names, aliases: Sequence[Record]) -> None:
        self.out, self._new, self._names = ColumnWriter(), new, names.grown(new)
        self._aliases = {record: number for number, record in enumerate(aliases)}
        self._origins = {origin: number for number, origin in enumerate(self._names.origins)}
        self._tables = {table: number for number, table in enumerate(self._names.tables)}
        self._rows: dict[Record, int] = {}
        self._said = Said(Memory())
        self._unit, self._residues = layout.MILLISECOND, False
        self._time = self._author = self._table = 0
        self._stamps: list[Stamp] = []

    def write(self, changes: Sequence[Change]) -> None:
        """The whole batch."""
        out, times = self.out, [stamp.time for change in changes for stamp in change.stamps()]
        self._write_names()
        out.number(len(changes))
        seconds = sum(time % values.SECOND == 0 for time in times)
        self._unit = values.SECOND if 2 * seconds > len(times) else layout.MILLISECOND
        self._residues = any(time % self._unit for time in times)
        out.choice(Slot.UNIT, 2, int(self._unit == values.SECOND))
        out.choice(Slot.UNIT, 2, int(self._residues))
        for row, change in enumerate(changes):
            self._stamps = change.stamps()
            earlier = self._rows.get(change.record)
            usual = (0, {}) if earlier is None else (changes[earlier].life, changes[earlier].past)
            self._write_row(change, row, *usual)
            self._rows[change.record] = row

    def _write_names(self) -> None:
        out, new = self.out, self._new
        out.choice(Slot.NEWS, 2, int(new != Names()))
        if new == Names():
            return
        for part in (new.origins, new.tables, new.fields):
            out.number(len(part))
        for origin in new.origins:
            out.raw(origin.identity + origin.incarnation.to_bytes(4, "big"))
        for table in new.tables:
            out.text(table)
        for table, name in new.fields:
            out.number(self._tables[table])
            out.text(name)

    def _write_row(self, change: Change, row: int, life: int, past: Seen) -> None:
        grave, newest = change.grave, self._stamps[0]
        self._write_newest(newest, self._tables[change.record.table])
        fields = [self._names.fields[n][1] for n in self._names.fields_of(change.record.table)]
        written = [change.writes[name] for name in fields if name in change.writes]
        extras = layout.STAMPS_EXTRA if len(self._stamps) > 1 else 0
        extras |= layout.LIFE_EXTRA if (change.life, change.past) != (life, past) else 0
        extras |= layout.OVERS_EXTRA if any(writes[0].over for writes in written) else 0
        extras |= layout.SIBLINGS_EXTRA if any(len(writes) > 1 for writes in written) else 0
        is_usual = grave is not None and grave.stamp == newest and not grave.seen and not written
        kind = (layout.USUAL_GRAVE if is_usual else layout.OTHER_GRAVE) if grave else 0
        self._write_record(change.record, row, kind + (3 if extras else 0))
        if kind != layout.USUAL_GRAVE:
            self._write_mask([name in change.writes for name in fields])
            spelled = [values.spell(writes[0].value, newest.time) for writes in written]
            for write in (self._write_head, self._write_content):
                for said in spelled:
                    write(said)
        if extras:
            self._write_extras(change, extras, past, written)
        if grave and kind == layout.OTHER_GRAVE:
            self._write_place(grave.stamp)
            self._write_seen(grave.seen, {})

    def _write_newest(self, stamp: Stamp, table: int) -> None:
        out, unit, author = self.out, self._unit, self._origins[stamp.origin]
        units = stamp.time // unit - self._time // unit
        ahead = stamp.sequence - self._said.last_sequence(stamp.origin) - 1
        way, move = (2 if n < 0 else int(n > 0) for n in (units, ahead))
        other = (author != self._author) + 2 * (table != self._table)
        out.choice(Slot.STEP, 9, way + 3 * move)
        out.choice(Slot.OTHER, 4, other)
        said = ((way, abs(units) - 1), (self._residues, stamp.time % unit))
        for is_said, number in (*said, (other & 1, author), (other & 2, table), (move, abs(ahead) - 1)):
            if is_said:
                out.number(number)
        self._time, self._author, self._table = stamp.time, author, table
        self._said.newest(stamp)

    def _write_record(self, record: Record, row: int, kind: int) -> None:
        again, ours = record in self._rows, record in self._aliases
        self.out.choice(Slot.REF, 7, layout.AGAIN if again else layout.OURS if ours else layout.NEW)
        self.out.choice(Slot.KIND, 6, kind)
        if again or ours:
            self.out.number(row - self._rows[record] - 1 if again else self._aliases[record])
            return
        bits = int.from_bytes(record.uuid, "big")
        version = bits >> 76 & 15
        if version not in layout.VERSIONS[1:] or bits >> 62 & 3 != 2:
            self.out.choice(Slot.UUID_VERSION, 4, 0)
            self.out.raw(record.uuid)
            return
        self.out.choice(Slot.UUID_VERSION, 4, layout.VERSIONS.index(version))
        self.out.choice(Slot.UUID_VARIANT, 4, bits >> 60 & 3)
        rest = bits >> 80 << 72 | (bits >> 64 & 0xFFF) << 60 | bits & (1 << 60) - 1
        self.out.raw(rest.to_bytes(15, "big"))

    def _write_mask(self, mask: list[bool]) -> None:
        for place in range(0, len(mask), 4):
            group = mask[place : place + 4]
            self.out.choice(Slot.MASK, 1 << len(group), sum(is_in << bit for bit, is_in in enumerate(group)))

    def _write_head(self, said: values.Spelled) -> None:
        self.out.choice(Slot.CLASS, 11, said.kind)
        if said.kind in values.TIMES:
            self.out.choice(Slot.FORM, 8, said.form)
        if said.with_scale():
            self.out.choice(Slot.SCALE, 16, said.scale - (said.kind in values.DECIMALS))

    def _write_content(self, said: values.Spelled) -> None:
        if said.kind in (values.TEXT, values.LITERAL):
            self.out.text(said.text)
        elif said.kind in (*values.NUMBERS, *values.TIMES):
            self.out.number(said.number)
        if said.kind in values.TIMES and said.form in values.ZONED:
            self.out.number(said.zone)
        if said.kind in values.TIMES and said.scale:
            self.out.number(said.fraction)

    def _write_extras(
        self, change: Change, extras: int, past: Seen, written: list[tuple[Write, ...]]
    ) -> None:
        self.out.choice(Slot.EXTRAS, 16, extras)
        if extras & layout.STAMPS_EXTRA:
            self.out.number(len(self._stamps) - 1)
            for before, stamp in pairwise(self._stamps):
                self._write_older(before, stamp)
        if extras & layout.LIFE_EXTRA:
            self.out.number(change.life)
            self._write_seen(change.past, past)
        over: Seen = {}
        for first, *siblings in written:
            self._write_place(first.stamp)
            if extras & layout.OVERS_EXTRA:
                self._write_seen(first.over, over)
                over = first.over
            if extras & layout.SIBLINGS_EXTRA:
                self._write_siblings(siblings)

    def _write_older(self, before: Stamp, stamp: Stamp) -> None:
        author = stamp.origin
        base = before.sequence if author == before.origin else self._said.last_sequence(author)
        below, _ = self._said.around(author, stamp.sequence, before)
        self.out.number(self._origins[author])
        self.out.number(unsigned(base - stamp.sequence))
        self.out.number(unsigned(stamp.time // self._unit - below // self._unit))
        if self._residues:
            self.out.number(stamp.time % self._unit)
        self._said.add(stamp)

    def _write_siblings(self, siblings: list[Write]) -> None:
        self.out.number(len(siblings))
        for sibling in siblings:
            said = values.spell(sibling.value, self._stamps[0].time)
            self._write_place(sibling.stamp)
            self._write_head(said)
            self._write_content(said)
            self._write_seen(sibling.over, {})

    def _write_place(self, stamp: Stamp) -> None:
        count, place = len(self._stamps), self._stamps.index(stamp)
        if count > 16:
            self.out.number(place)
        elif count > 1:
            self.out.choice(Slot.STAMP, count, place)

    def _write_seen(self, seen: Seen, expected: Seen) -> None:
        self.out.choice(Slot.SEEN, 2, int(seen == expected))
        if seen == expected:
            return
        self.out.number(len(seen))
        for origin in sorted(seen, key=self._origins.__getitem__):
            self.out.number(self._origins[origin])
            self.out.number(unsigned(seen[origin] - expected.get(origin, 0)))
