"""Symbols of all kinds for coders, as a script that can be written, read back and compared."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from hypothesis import strategies as st

from radiosync.wire.coder import Coder


@dataclass(frozen=True)
class Symbol:
    """One call of a coder."""

    kind: Literal["choice", "number", "text", "raw"]
    slot: int
    place: int
    value: int | bytes
    count: int = 2
    contexts: tuple[int, ...] = ()
    old: bytes = b""


def code(coder: Coder, symbols: list[Symbol]) -> list[int | bytes]:
    """Give `symbols` to a coder; a reader is told no values."""
    return [_code(coder, symbol) for symbol in symbols]


def _code(coder: Coder, symbol: Symbol) -> int | bytes:
    number, data = (symbol.value, b"") if isinstance(symbol.value, int) else (0, symbol.value)
    length = len(data)
    if coder.reading:
        number, data = 0, b""
    match symbol.kind:
        case "choice":
            return coder.choice(symbol.slot, symbol.place, number, symbol.count, *symbol.contexts)
        case "number":
            return coder.number(symbol.slot, symbol.place, number, *symbol.contexts)
        case "text":
            return coder.text(symbol.slot, symbol.place, data, *symbol.contexts, old=symbol.old)
        case "raw":
            return coder.raw(symbol.slot, symbol.place, data, length)


def random_symbols(random: Random, count: int) -> list[Symbol]:
    """Symbols as real changes have them: few kinds, likely values, texts that come again with an edit."""
    texts = [b"Shelter %d, " % n + b"open until further notice. " * (n % 3) for n in range(8)]
    symbols = []
    for _ in range(count):
        slot, place = random.randrange(6), random.randrange(3)
        contexts = tuple(random.randrange(3) for _ in range(random.randrange(4)))
        which = random.randrange(8)
        match random.randrange(10):
            case 0 | 1 | 2:
                alternatives = random.randint(2, 16)
                value = min(random.randrange(alternatives), random.randrange(alternatives))
                symbols.append(Symbol("choice", slot, place, value, alternatives, contexts))
            case 3 | 4 | 5:
                value = random.getrandbits(random.choice((1, 3, 9, 27, 64)))
                symbols.append(Symbol("number", slot, place, value, contexts=contexts))
            case 6:
                symbols.append(Symbol("raw", slot, place, random.randbytes(random.randrange(17))))
            case _:
                old = texts[which]
                at = random.randrange(len(old) + 1)
                texts[which] = (
                    old[:at] + random.choice((b"", b"and ", b"no ", b"\0\1", b"\xc3\xa9")) + old[at:]
                )
                symbols.append(Symbol("text", slot, place, texts[which], contexts=contexts, old=old[:40]))
    return symbols


_slots, _places = st.integers(0, 63), st.integers(0, 2**20)
_contexts = st.lists(st.integers(0, 2**64), max_size=6).map(tuple)
_texts = st.binary(max_size=60) | st.text("ab \0\1", max_size=200).map(str.encode)

symbols = st.lists(
    st.integers(2, 16).flatmap(
        lambda count: st.builds(
            Symbol, st.just("choice"), _slots, _places, st.integers(0, count - 1), st.just(count), _contexts
        )
    )
    | st.builds(
        Symbol,
        st.just("number"),
        _slots,
        _places,
        st.integers(0, 64).flatmap(lambda bits: st.integers(0, 2**bits - 1)),
        contexts=_contexts,
    )
    | st.builds(Symbol, st.just("text"), _slots, _places, _texts, contexts=_contexts, old=_texts)
    | st.builds(Symbol, st.just("raw"), _slots, _places, st.binary(max_size=20)),
    max_size=30,
)
