"""A station's identity in a form that people can compare by voice."""

import hashlib
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters. Without 0, O, 1 and I, which look alike in many typefaces."""

_BITS: Final = 5
_CHARACTERS: Final = 8
_DOMAIN: Final = b"radiosync short code\n"


def short_code(station: bytes) -> str:
    """Eight characters that stand for a station's identity, such as `K7QM-2VXD`.

    40 bits of the SHA-256 of a fixed text and the identity. Enough to notice a mix-up. Not enough, by itself,
    against somebody who searches for an identity with the same code.
    """
    digest = hashlib.sha256(_DOMAIN + station).digest()
    number = int.from_bytes(digest[: _CHARACTERS * _BITS // 8], "big")
    code = "".join(ALPHABET[number >> _BITS * place & 31] for place in reversed(range(_CHARACTERS)))
    return f"{code[:4]}-{code[4:]}"
