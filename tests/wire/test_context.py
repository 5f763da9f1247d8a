"""The shared context: digests and history."""

from hypothesis import given
from hypothesis import strategies as st

from radiosync.limits import HISTORY_BYTES
from radiosync.wire.context import DIGEST_BYTES, EMPTY_DIGEST, Context, chain_digest, extend_history


def chain(plains: list[bytes]) -> bytes:
    digest = EMPTY_DIGEST
    for plain in plains:
        digest = chain_digest(digest, plain)
    return digest


def test_an_empty_context_has_the_empty_digest() -> None:
    assert Context().digest == EMPTY_DIGEST == bytes(DIGEST_BYTES)


def test_the_digest_depends_on_bytes_order_and_borders() -> None:
    chains = [[], [b""], [b"", b""], [b"ab"], [b"a", b"b"], [b"b", b"a"], [b"ab", b""], [b"", b"ab"]]
    assert len({chain(plains) for plains in chains}) == len(chains)
    assert all(len(chain(plains)) == DIGEST_BYTES for plains in chains)


def test_the_digest_is_for_ever() -> None:
    """Both partners keep it on disk: another formula would void what all stations share."""
    assert chain([b"one", b"two"]).hex() == "a2cc7370"


@given(st.lists(st.binary(max_size=50), max_size=10), st.integers(0, 10))
def test_an_older_history_is_a_prefix(plains: list[bytes], version: int) -> None:
    history, older = b"", b""
    for place, plain in enumerate(plains):
        history = extend_history(history, plain)
        if place < version:
            older = history
    assert history.startswith(older)
    assert history == b"".join(plains)


def test_history_is_bounded_and_keeps_the_newest() -> None:
    history = extend_history(b"old" * HISTORY_BYTES, b"new")
    assert len(history) == HISTORY_BYTES
    assert history.endswith(b"oldnew")
    assert extend_history(b"x", bytes(2 * HISTORY_BYTES)) == bytes(HISTORY_BYTES)
