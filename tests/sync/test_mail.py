"""One partner's traffic: what is shared, what is refused, and how both sides find back to each other."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from radiosync.records.edit import Edit
from radiosync.records.value import Number
from radiosync.store import Store
from radiosync.sync.mail import Mail
from radiosync.sync.ports import Job, Partner
from radiosync.wire.context import EMPTY_MARK
from radiosync.wire.frames import Capability, Hello, Report
from radiosync.wire.frames0 import read_any_frame, write_old_frame
from radiosync.wire.seal import Format, open_envelope

_JOBS = (Job("all"),)
_UUIDS = [UUID(int=number) for number in range(1, 7)]


class End:
    """A store with one partner."""

    def __init__(self, number: int) -> None:
        parts = iter([bytes([number]) * 8, number.to_bytes(4, "big")])
        self.store = Store.open(":memory:", durable=False, make_identity=lambda size: next(parts)[:size])
        self.partner: Partner

    def mail(self, jobs: tuple[Job, ...] = _JOBS) -> Mail:
        """A fresh look at the store, as after a restart."""
        return Mail(self.store, self.partner, jobs)

    def write(self, uuid: UUID, value: str, table: str = "t") -> None:
        self.store.edit([Edit(table, uuid, {"name": value})])

    def name(self, uuid: UUID) -> object:
        record = self.store.record("t", uuid)
        return None if record is None else record.fields["name"]

    def seal(self) -> tuple[int, bytes]:
        sender = self.mail().seal_next(10_000)
        assert sender is not None
        return sender.number, self.store.unconfirmed(self.partner)[-1].data


@pytest.fixture
def ends() -> Iterator[tuple[End, End]]:
    a, b = End(1), End(2)
    for here, there in ((a, b), (b, a)):
        here.partner = here.store.add_partner("other", there.store.station)
        here.store.begin_epoch(here.partner, there.store.origin.incarnation, 0)
    yield a, b
    for end in (a, b):
        end.store.close()


def _carry(source: End, target: End) -> None:
    number, data = source.seal()
    assert target.mail().deliver(number, data)
    source.mail().confirm(number)


def _hello(sender: End, receiver: End) -> Hello:
    """What `sender` would say of itself now."""
    standing = sender.mail().standing
    return Hello(
        reply=False,
        receiver=receiver.store.station[:4],
        sender=sender.store.station[:4],
        incarnation=sender.store.origin.incarnation,
        contact=1,
        epoch=standing.epoch,
        heard_epoch=standing.heard_epoch,
        heard_mark=standing.heard_mark,
        report=Report(standing.sealed, standing.through),
        begins=standing.begins,
    )


def _settle(a: End, b: End) -> None:
    """Meet, and exchange until nothing is left."""
    for _ in range(8):
        for here, there in ((a, b), (b, a)):
            there.mail().meet(_hello(here, there))
        for here, there in ((a, b), (b, a)):
            mail = here.mail()
            while mail.seal_next(10_000):
                pass
            for transfer in here.store.unconfirmed(here.partner):
                if there.mail().deliver(transfer.number, transfer.data):
                    here.mail().confirm(transfer.number)
    assert a.store.content_digest() == b.store.content_digest()


def test_a_known_record_is_named_by_the_alias_that_either_side_gave(ends: tuple[End, End]) -> None:
    a, b = ends
    b.write(_UUIDS[0], "long name of a shelter")
    _carry(b, a)
    a.write(_UUIDS[0], "short")
    _, data = a.seal()
    assert _UUIDS[0].bytes not in data
    assert data[0] & 0x80


def test_aliases_of_an_epoch_that_is_over_are_refused(ends: tuple[End, End]) -> None:
    """They would name another record: the receiver gives its aliases anew."""
    a, b = ends
    for place, uuid in enumerate(_UUIDS[:3]):
        b.write(uuid, f"record {place}")
        _carry(b, a)
    a.write(_UUIDS[0], "edited at a")
    number, data = a.seal()
    b.store.rewind(b.partner, 0)
    b.write(_UUIDS[2], "newer at b")
    b.seal()
    assert not b.mail().deliver(number, data)
    assert [b.name(uuid) for uuid in _UUIDS[:3]] == ["record 0", "record 1", "newer at b"]
    _settle(a, b)
    assert b.name(_UUIDS[0]) == "edited at a"
    assert a.name(_UUIDS[2]) == "newer at b"


def test_a_damaged_transfer_changes_nothing_until_the_context_is_given_up(ends: tuple[End, End]) -> None:
    a, b = ends
    a.write(_UUIDS[0], "x")
    number, data = a.seal()
    broken = bytes([*data[:-1], data[-1] ^ 1])
    mail = b.mail()
    before = mail.standing.heard_mark
    for _ in range(3):
        assert not mail.deliver(number, broken)
        assert mail.standing.heard_mark == before
    mail.lose_context()
    assert mail.standing.heard_mark.context == b"\xff" * 4
    assert mail.deliver(number, data)


def test_a_partner_that_lost_its_database_gets_everything_again(ends: tuple[End, End]) -> None:
    a, b = ends
    for uuid in _UUIDS:
        a.write(uuid, f"record {uuid.int}")
        _carry(a, b)
    fresh = End(2)
    fresh.store.close()
    parts = iter([bytes([2]) * 8, (99).to_bytes(4, "big")])
    fresh.store = Store.open(":memory:", durable=False, make_identity=lambda size: next(parts)[:size])
    fresh.partner = fresh.store.add_partner("other", a.store.station)
    _settle(a, fresh)
    assert {fresh.name(uuid) for uuid in _UUIDS} == {f"record {uuid.int}" for uuid in _UUIDS}
    fresh.store.close()


def test_a_partner_that_has_less_than_it_said_gets_the_rest_again(ends: tuple[End, End]) -> None:
    """Its disk went back behind its back: what it says now is believed, although it is less."""
    a, b = ends
    for uuid in _UUIDS[:2]:
        a.write(uuid, "old")
        _carry(a, b)
    said = _hello(b, a)
    for uuid in _UUIDS[2:]:
        a.write(uuid, "new")
        _carry(a, b)
    a.mail().meet(said)
    plan = a.store.plan(a.partner, _JOBS[0], a.store.cursor(a.partner, _JOBS[0].scope), 10_000)
    assert {change.uuid for change in plan.changes} == set(_UUIDS[2:])


def _old_form(hello: Hello, version: int) -> Hello:
    """The same in the form of version 0, as one says it who speaks that version at most."""
    old, _ = read_any_frame(write_old_frame(replace(hello, version=version)))
    assert isinstance(old, Hello)
    return old


def test_an_epoch_is_not_begun_by_a_hello_that_does_not_say_where(ends: tuple[End, End]) -> None:
    """A caller that is not answered says hellos of version 0 as well. We would forget all that both share."""
    a, b = ends
    for uuid in _UUIDS[:3]:
        a.write(uuid, "old")
        _carry(a, b)
    a.store.rewind(a.partner, 2)
    before = b.store.inbound(b.partner)
    b.mail().meet(_old_form(_hello(a, b), version=1))
    assert b.store.inbound(b.partner) == before
    b.mail().meet(_hello(a, b))
    assert (b.store.inbound(b.partner).epoch, b.store.inbound(b.partner).through) == (1, 2)
    a.store.rewind(a.partner, 1)
    b.mail().meet(_old_form(_hello(a, b), version=0))
    assert (b.store.inbound(b.partner).epoch, b.store.inbound(b.partner).through) == (2, 0)


def test_for_version_0_an_epoch_begins_with_nothing(ends: tuple[End, End]) -> None:
    a, b = ends
    for uuid in _UUIDS[:2]:
        a.write(uuid, "old")
        _carry(a, b)
    said = _old_form(_hello(b, a), version=0)
    for uuid in _UUIDS[2:]:
        a.write(uuid, "new")
        _carry(a, b)
    a.mail().meet(said)
    out = a.store.outbound(a.partner)
    assert (out.epoch, out.begins, out.sealed, out.confirmed) == (1, 0, 0, 0)
    assert a.store.cursor(a.partner, _JOBS[0].scope) == 0


def test_version_0_says_nothing_of_models(ends: tuple[End, End]) -> None:
    """They spoke version 1 when one of them was taught."""
    a, b = ends
    a.write(_UUIDS[0], "x")
    a.mail().meet(replace(_hello(b, a), capabilities=Capability.COMPACT))
    mail = Mail(a.store, a.store.partner("other"), _JOBS, compact=True)
    assert mail.seal_next(10_000) is not None
    assert b.mail().deliver(1, a.store.unconfirmed(a.partner)[0].data)
    a.mail().confirm(1)
    for version in (0, 1):
        a.mail().meet(_old_form(_hello(b, a), version))
        assert a.store.outbound(a.partner).epoch == 0
    a.mail().meet(replace(_hello(b, a), heard_mark=_hello(b, a).heard_mark._replace(model=bytes(4))))
    assert (a.store.outbound(a.partner).epoch, a.store.outbound(a.partner).begins) == (1, 1)


def test_one_who_cannot_read_gets_a_new_context_although_it_has_more_than_we_knew(
    ends: tuple[End, End],
) -> None:
    """Else it would be taken for one who shows that we were put back."""
    a, b = ends
    for uuid in _UUIDS[:2]:
        a.write(uuid, "x")
        _carry(a, b)
    a.write(_UUIDS[2], "x")
    number, data = a.seal()
    assert b.mail().deliver(number, data)
    mail = b.mail()
    mail.lose_context()
    a.mail().meet(replace(_hello(b, a), heard_mark=mail.standing.heard_mark))
    assert (a.store.outbound(a.partner).epoch, a.store.outbound(a.partner).begins) == (1, 0)


def test_what_names_old_aliases_is_withdrawn_before_it_is_known_that_they_are_old(
    ends: tuple[End, End], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies between the two would not know it after it has begun again."""
    a, b = ends
    b.write(_UUIDS[0], "long name of a shelter")
    _carry(b, a)
    a.write(_UUIDS[0], "short")
    a.seal()
    b.store.rewind(b.partner, 0)
    with monkeypatch.context() as patched:
        patched.setattr(a.store, "begin_epoch", None)
        with pytest.raises(TypeError):
            a.mail().meet(_hello(b, a))
    assert a.store.unconfirmed(a.partner) == []
    _settle(a, b)


def test_aliases_of_the_other_side_wait_until_it_is_sure_what_they_mean(ends: tuple[End, End]) -> None:
    """The number behind which an epoch begins says nothing of what the context is."""
    a, b = ends
    for uuid in _UUIDS[:2]:
        b.write(uuid, "long name of a shelter")
        _carry(b, a)
    b.store.rewind(b.partner, 1)
    a.mail().meet(_hello(b, a))
    assert (a.store.inbound(a.partner).through, a.store.inbound(a.partner).begins) == (1, 1)
    a.write(_UUIDS[0], "short")
    assert not a.seal()[1][0] & 0x80
    b.write(_UUIDS[2], "new")
    _carry(b, a)
    a.write(_UUIDS[0], "shorter")
    assert a.seal()[1][0] & 0x80


def test_the_most_urgent_job_goes_first_and_tables_stay_apart(ends: tuple[End, End]) -> None:
    a, b = ends
    a.write(_UUIDS[0], "crates", "stock")
    a.write(_UUIDS[1], "ill", "medical")
    jobs = (
        Job("stock", frozenset({"stock"}), priority=3),
        Job("medical", frozenset({"medical"}), priority=0),
    )
    first = a.mail(jobs).seal_next(10_000)
    assert first is not None
    assert b.mail(jobs).deliver(first.number, a.store.unconfirmed(a.partner)[-1].data)
    assert b.store.record("medical", _UUIDS[1]) is not None
    assert b.store.record("stock", _UUIDS[0]) is None


def test_what_no_job_receives_is_not_let_in(ends: tuple[End, End]) -> None:
    a, b = ends
    a.write(_UUIDS[0], "crates", "stock")
    a.write(_UUIDS[1], "tent", "t")
    number, data = a.seal()
    closed = (Job("out", frozenset({"stock"}), receives=False), Job("t", frozenset({"t"})))
    assert b.mail(closed).deliver(number, data)
    assert b.store.record("stock", _UUIDS[0]) is None
    assert b.name(_UUIDS[1]) == "tent"


def test_a_batch_is_no_longer_than_planned_unless_one_change_is(ends: tuple[End, End]) -> None:
    a, _ = ends
    a.store.edit(Edit("t", UUID(int=number), {"n": Number(str(number * 7919))}) for number in range(1, 400))
    sizes = []
    mail = a.mail()
    while sender := mail.seal_next(600):
        sizes.append(sender.shape.total_bytes)
    assert len(sizes) > 3
    assert max(sizes) <= 2 * 600 + 32


# Strangers.


@pytest.fixture
def caller() -> Iterator[End]:
    end = End(1)
    end.partner = end.store.add_partner("stranger", bytes(8))
    for number in range(200):
        end.write(UUID(int=number), f"a long name of shelter {number * 7919 % 1000}")
    yield end
    end.store.close()


def test_a_stranger_on_a_slow_link_gets_no_more_than_the_first_over_carries(caller: End) -> None:
    mail = Mail(caller.store, caller.partner, _JOBS, compact=True)
    first = mail.seal_next(9000)
    assert first is not None
    assert len(caller.store.unconfirmed(caller.partner)[0].data) < 1024
    assert mail.seal_next(9000) is None
    assert mail.has_more


def test_the_rest_goes_in_the_compact_codec_once_the_stranger_has_said_that_it_reads_it(caller: End) -> None:
    mail = Mail(caller.store, caller.partner, _JOBS, compact=True)
    mail.seal_next(9000)
    mail.meet(
        Hello(
            reply=True,
            receiver=caller.store.station[:4],
            sender=bytes(4),
            incarnation=7,
            contact=1,
            epoch=0,
            heard_epoch=0,
            heard_mark=EMPTY_MARK,
            report=Report(0, 0),
            capabilities=Capability.COMPACT,
        )
    )
    assert mail.seal_next(9000) is not None
    forms = [open_envelope(each.data).format for each in caller.store.unconfirmed(caller.partner)]
    assert forms[0] in (Format.ZSTD, Format.STORED)
    assert forms[1] is Format.COMPACT


@pytest.mark.parametrize("said", [Capability.COMPACT, Capability(0)])
def test_a_hello_of_version_0_takes_back_nothing_that_was_said_in_another_one(
    ends: tuple[End, End], said: Capability
) -> None:
    """A caller that is not heard says its hello in version 0 too, which has no place for capabilities."""
    a, b = ends
    a.mail().meet(replace(_hello(b, a), capabilities=said))
    a.partner = a.store.partner("other")
    a.write(_UUIDS[0], "x")
    mail = Mail(a.store, a.partner, _JOBS, compact=True)
    assert mail.seal_next(10_000) is not None
    sealed = a.store.unconfirmed(a.partner)
    assert (open_envelope(sealed[0].data).format is Format.COMPACT) == bool(said)
    mail.meet(_old_form(_hello(b, a), version=1))
    assert a.store.unconfirmed(a.partner) == sealed
    assert a.store.outbound(a.partner).epoch == 0
    assert (a.store.partner("other").version, a.store.partner("other").capabilities) == (1, said)
    mail.meet(replace(_hello(b, a), capabilities=Capability(0)))
    assert a.store.partner("other").capabilities == 0
    assert a.store.outbound(a.partner).epoch == bool(said), "what it can no longer read is planned again"


def test_on_a_fast_link_a_stranger_gets_all_at_once(caller: End) -> None:
    mail = Mail(caller.store, caller.partner, _JOBS)
    mail.seal_next(9000)
    assert not mail.has_more


def test_listeners_of_a_pool_are_no_strangers(caller: End) -> None:
    pool = caller.store.add_pool("all", [caller.partner])
    mail = Mail(caller.store, pool, _JOBS, compact=True)
    mail.seal_next(9000)
    assert not mail.has_more


# What the version before has sealed.


def test_batches_of_version_0_are_read_as_they_were_meant(ends: tuple[End, End]) -> None:
    """They were kept when there was no other version, with the records that a station of then made of them."""
    kept = json.loads((Path(__file__).parents[1] / "vectors" / "batches-v0.json").read_text("utf-8"))
    a, b = ends
    assert (a.store.station.hex(), b.store.station.hex()) == (kept["station"], kept["receiver"])
    for batch in kept["batches"]:
        assert b.mail().deliver(batch["number"], bytes.fromhex(batch["sealed"]))
    found = [
        {
            "table": record.table,
            "uuid": str(record.uuid),
            "fields": {
                name: {"number": value.literal} if isinstance(value, Number) else value
                for name, value in sorted(record.fields.items())
            },
        }
        for record in b.store.records()
    ]
    assert sorted(found, key=lambda record: (record["table"], record["uuid"])) == kept["records"]
