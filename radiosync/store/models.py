"""The models of the compact codec: what was learnt from the traffic with each partner, as each transfer left it behind.

A model belongs to the transfer that taught it. Which one a batch builds on is thus said by the version of its context: the
one of the newest transfer that is not behind that version.
"""

from typing import Final

import zstandard
from sqlalchemy import Connection, bindparam, delete, func, insert, select

from radiosync.errors import StoreError
from radiosync.limits import MODEL_BYTES
from radiosync.store.context import Side
from radiosync.store.schema import model

_LEVEL: Final = 1
"""The tables of a model are mostly noise and empty places: more effort saves nothing."""

_OF: Final = (model.c.partner == bindparam("of_partner")) & (model.c.direction == bindparam("of_direction"))
_NEWEST: Final = select(func.max(model.c.number)).where(_OF, model.c.number <= bindparam("through"))
_STATE: Final = select(model.c.state).where(_OF, model.c.number == bindparam("wanted"))
_ANY_BEHIND: Final = (
    select(func.count())
    .select_from(model)
    .where(_OF, model.c.number > bindparam("after"), model.c.number != bindparam("but"))
)
_ADD: Final = insert(model)
_DROP: Final = delete(model).where(_OF, model.c.number == bindparam("wanted"))
_PRUNE: Final = delete(model).where(_OF, model.c.number < bindparam("oldest"))
_FORGET: Final = delete(model).where(_OF)


def model_at(connection: Connection, side: Side, version: int) -> bytes | None:
    """State of the model that a batch builds on whose context is `version`; None for one that has learnt nothing."""
    newest = connection.execute(_NEWEST, side.values(through=version)).scalar()
    if newest is None:
        return None
    packed = connection.execute(_STATE, side.values(wanted=newest)).scalar_one()
    try:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=MODEL_BYTES)
    except zstandard.ZstdError as error:
        raise StoreError(f"the database holds a damaged model: {error}") from error


def is_taught_behind(connection: Connection, side: Side, version: int, number: int) -> bool:
    """True if a transfer behind `version`, other than `number`, has taught the model already."""
    return bool(connection.execute(_ANY_BEHIND, side.values(after=version, but=number)).scalar())


def keep_model(connection: Connection, side: Side, number: int, state: bytes | None) -> None:
    """Keep the model as transfer `number` leaves it; with None, as if that transfer had taught it nothing."""
    connection.execute(_DROP, side.values(wanted=number))
    if state is not None:
        packed = zstandard.ZstdCompressor(level=_LEVEL).compress(state)
        connection.execute(_ADD, side.columns(number=number, state=packed))


def prune_models(connection: Connection, side: Side, base: int) -> None:
    """Forget the models that no batch can build on any more whose context is `base` or later."""
    newest = connection.execute(_NEWEST, side.values(through=base)).scalar()
    if newest is not None:
        connection.execute(_PRUNE, side.values(oldest=newest))


def forget_models(connection: Connection, side: Side) -> None:
    """Forget all models of one side."""
    connection.execute(_FORGET, side.values())
