"""The field, against multiplication by hand."""

from radiosync.wire.gf256 import EXP, LOG, invert, multiply, products


def by_hand(a: int, b: int) -> int:
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(14, 7, -1):
        if product >> bit & 1:
            product ^= 0x11D << (bit - 8)
    return product


def test_all_products() -> None:
    for a in range(256):
        assert list(products(a)) == [by_hand(a, b) for b in range(256)]
        assert [multiply(a, b) for b in range(256)] == list(products(a))


def test_inverses_and_logarithms() -> None:
    for a in range(1, 256):
        assert by_hand(a, invert(a)) == 1
        assert EXP[LOG[a]] == EXP[LOG[a] + 255] == a
    assert sorted(EXP[:255]) == list(range(1, 256)), "2 is a generator"
