"""The models of the compact codec: what was learnt from the traffic with each partner, as each transfer left it behind.

A model belongs to the transfer that taught it. Which one a batch builds on is thus said by the version of its context: the
one of the newest transfer that is not behind that version. Its digest, a chain over the plain bytes of the transfers that
taught it, tells two partners whether they have the same one.
"""

from typing import Final

import zstandard
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from radiosync.errors import StoreError
from radiosync.limits import MODEL_BYTES
from radiosync.store.context import KEPT_VERSIONS, Side
from radiosync.store.schema import model
from radiosync.wire.context import EMPTY_DIGEST, chain_digest

_LEVEL: Final = 1
"""The tables of a model are mostly noise and empty places: more effort saves nothing."""

_OF: Final = (model.c.partner == bindparam("of_partner")) & (model.c.direction == bindparam("of_direction"))
_NEWEST: Final = select(func.max(model.c.number)).where(_OF, model.c.number <= bindparam("through"))
_STATE: Final = select(model.c.state).where(_OF, model.c.number == bindparam("wanted"))
_DIGEST: Final = (
    select(model.c.digest)
    .where(_OF, model.c.number <= bindparam("through"))
    .order_by(model.c.number.desc())
    .limit(1)
)
_ANY_BEHIND: Final = (
    select(func.count())
    .select_from(model)
    .where(_OF, model.c.number > bindparam("after"), model.c.number != bindparam("but"))
)
_ADD: Final = insert(model)
_DROP: Final = delete(model).where(_OF, model.c.number == bindparam("wanted"))
_EMPTY: Final = (
    update(model)
    .where(_OF, model.c.number < bindparam("oldest"), model.c.state.is_not(None))
    .values(state=None)
)
_PRUNE: Final = delete(model).where(_OF, model.c.number < bindparam("oldest"))
_FORGET: Final = delete(model).where(_OF)


def model_at(connection: Connection, side: Side, version: int) -> bytes | None:
    """State of the model that a batch builds on whose context is `version`; None for one that has learnt nothing."""
    newest = connection.execute(_NEWEST, side.values(through=version)).scalar()
    if newest is None:
        return None
    packed = connection.execute(_STATE, side.values(wanted=newest)).scalar_one()
    if packed is None:
        return None
    try:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=MODEL_BYTES)
    except zstandard.ZstdError as error:
        raise StoreError(f"the database holds a damaged model: {error}") from error


def model_digest(connection: Connection, side: Side, version: int) -> bytes:
    """Digest of that model."""
    digest = connection.execute(_DIGEST, side.values(through=version)).scalar()
    return EMPTY_DIGEST if digest is None else bytes(digest)


def is_taught_behind(connection: Connection, side: Side, version: int, number: int) -> bool:
    """True if a transfer behind `version`, other than `number`, has taught the model already."""
    return bool(connection.execute(_ANY_BEHIND, side.values(after=version, but=number)).scalar())


def keep_model(connection: Connection, side: Side, number: int, state: bytes | None, plain: bytes) -> None:
    """Keep the model as transfer `number` leaves it, with these plain bytes; with None, as if it had taught it nothing."""
    connection.execute(_DROP, side.values(wanted=number))
    if state is not None:
        packed = zstandard.ZstdCompressor(level=_LEVEL).compress(state)
        digest = chain_digest(model_digest(connection, side, number), plain)
        connection.execute(_ADD, side.columns(number=number, state=packed, digest=digest))


def prune_models(connection: Connection, side: Side, base: int) -> None:
    """Forget the models that no batch can build on any more whose context is `base` or later, and their digests in time."""
    for statement, version in ((_EMPTY, base), (_PRUNE, base - KEPT_VERSIONS)):
        newest = connection.execute(_NEWEST, side.values(through=version)).scalar()
        if newest is not None:
            connection.execute(statement, side.values(oldest=newest))


def forget_models(connection: Connection, side: Side) -> None:
    """Forget all models of one side."""
    connection.execute(_FORGET, side.values())
