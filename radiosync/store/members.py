"""Pools: the members of ours, and how far each has come with the pool's traffic."""

import hashlib
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from radiosync.errors import UsageError
from radiosync.limits import POOL_MEMBERS
from radiosync.records.model import STATION_BYTES
from radiosync.store.schema import member, partner
from radiosync.sync.ports import Partner, PoolRole
from radiosync.wire.frames import TURN_BYTES

_OF: Final = member.c.partner == bindparam("of_partner")
_ONE: Final = _OF & (member.c.station == bindparam("of_station"))
_ALL: Final = select(member.c.station, member.c.through).where(_OF).order_by(member.c.station)
_LEAST: Final = select(func.min(member.c.through)).where(_OF)
_NOTE: Final = update(member).where(_ONE).values(through=bindparam("now"))
_RESET: Final = update(member).where(_OF).values(through=0)
_ADD: Final = insert(member)
_REMOVE: Final = delete(member).where(_ONE)
_POOLS: Final = (
    select(partner.c.name)
    .join(member, member.c.partner == partner.c.key)
    .where(member.c.station == bindparam("of_station"))
    .order_by(partner.c.name)
)


def pool_identity(speaker: bytes, name: str) -> bytes:
    """Identity of the pool of that name: its speaker and its members work it out by themselves."""
    text = b"radiosync pool" + speaker + name.encode()
    return hashlib.blake2b(text, digest_size=STATION_BYTES).digest()


def speaker_of(pool: Partner, partners: Sequence[Partner]) -> Partner | None:
    """Who of the partners speaks to a pool that we listen to; None if we do not know it any more."""
    stations = [known for known in partners if known.pool is None]
    return next((each for each in stations if pool_identity(each.station, pool.name) == pool.station), None)


def add_members(connection: Connection, pool: Partner, members: Sequence[Partner]) -> None:
    """Make partners members of a pool of ours. They have nothing of its traffic yet.

    Raises:
        UsageError: there are none, or too many; or one is no station, a member already, or begins like another one.
    """
    if not members or pool.pool is not PoolRole.SPEAKER:
        raise UsageError(
            f"{pool.name} is no pool of ours" if members else "a pool needs at least one listener"
        )
    known = members_of(connection, pool.key)
    for each in members:
        _check_member(pool, each, known)
        known[each.station] = 0
    if len(known) > POOL_MEMBERS:
        raise UsageError(f"a pool has at most {POOL_MEMBERS} listeners")
    connection.execute(
        _ADD, [{"partner": pool.key, "station": each.station, "through": 0} for each in members]
    )


def _check_member(pool: Partner, new: Partner, known: dict[bytes, int]) -> None:
    if new.pool is not None:
        raise UsageError(f"{new.name} is a pool; only stations can listen to {pool.name}")
    if new.station in known:
        raise UsageError(f"{new.name} cannot listen to {pool.name} twice")
    turn = new.station[:TURN_BYTES]
    if any(station[:TURN_BYTES] == turn for station in known):
        raise UsageError(
            f"{new.name} cannot listen to {pool.name}: its identity begins with {turn.hex()} like that of another"
            " listener, and both would answer at once"
        )


def remove_members(connection: Connection, pool: Partner, members: Sequence[Partner]) -> None:
    """Take partners out of a pool.

    Raises:
        UsageError: one is no member, or nobody would be left.
    """
    known = members_of(connection, pool.key)
    for each in members:
        if known.pop(each.station, None) is None:
            raise UsageError(f"{each.name} does not listen to {pool.name}")
        connection.execute(_REMOVE, {"of_partner": pool.key, "of_station": each.station})
    if not known:
        raise UsageError(
            f"nobody would listen to {pool.name}; `radiosync partner remove {pool.name}` forgets it"
        )


def check_in_no_pool(connection: Connection, known: Partner) -> None:
    """Raise UsageError if a partner listens to a pool of ours."""
    pool = connection.execute(_POOLS, {"of_station": known.station}).scalar()
    if pool is not None:
        hint = f"`radiosync pool remove {pool} {known.name}` takes it out"
        raise UsageError(f"{known.name} listens to the pool {pool}; {hint}")


def members_of(connection: Connection, pool: int) -> dict[bytes, int]:
    """Identity of each member -> the transfer up to which it has applied all; empty if the pool is not ours."""
    return {row.station: row.through for row in connection.execute(_ALL, {"of_partner": pool})}


def note_member(connection: Connection, pool: int, station: bytes, through: int) -> None:
    """A member has come so far. Nothing happens if it has been taken out."""
    connection.execute(_NOTE, {"of_partner": pool, "of_station": station, "now": through})


def least_through(connection: Connection, pool: int) -> int:
    """The transfer up to which all members have applied all."""
    return connection.execute(_LEAST, {"of_partner": pool}).scalar() or 0


def reset_members(connection: Connection, pool: int) -> None:
    """The pool's traffic begins anew."""
    connection.execute(_RESET, {"of_partner": pool})
