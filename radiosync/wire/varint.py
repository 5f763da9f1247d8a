"""Integers on air: LEB128, and one byte for "bytes left in this over".

LEB128 carries seven bits a byte, least significant first, top bit set on all bytes but the last. Only the
shortest form is accepted, so that equal values have equal bytes.
"""

from typing import Final

from radiosync.errors import WireError

UVARINT_BYTES: Final = 10
"""A 64-bit value needs ten groups of seven bits."""

_MAX_UVARINT: Final = 2**64 - 1
_MANTISSA_BITS: Final = 4
_HIDDEN_ONE: Final = 1 << _MANTISSA_BITS

LEFT_MAX: Final = (2 * _HIDDEN_ONE - 1) << 14
"""Largest count that `write_left` can name: 507,904 bytes, seven minutes at 9600 bit/s."""


def write_uvarint(out: bytearray, value: int) -> None:
    """Append `value` (0 to 2**64 - 1) to `out` as LEB128. Raises ValueError outside that range."""
    if not 0 <= value <= _MAX_UVARINT:
        raise ValueError(f"not an unsigned 64-bit value: {value}")
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def read_uvarint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """Read one LEB128 value at index `at`; return it and the index after it.

    Raises WireError when the bytes end early, when the value does not fit 64 bits, or when a shorter form
    exists.
    """
    value = 0
    for count, byte in enumerate(data[at : at + UVARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if byte == 0 and count:
                raise WireError("integer is not in its shortest form")
            if value > _MAX_UVARINT:
                raise WireError("integer does not fit 64 bits")
            return value, at + count + 1
    if len(data) - at < UVARINT_BYTES:
        raise WireError("integer is cut short")
    raise WireError(f"integer is longer than {UVARINT_BYTES} bytes")


def write_left(count: int) -> int:
    """Return the code (0 to 255) of the smallest nameable count that is not below `count` bytes.

    Rounding up keeps a listener from taking its slot too early. Counts above `LEFT_MAX` are named as
    `LEFT_MAX`: later frames of the same over count on from there. Raises ValueError below zero.

    The code is a float of four exponent and four mantissa bits, eeeemmmm: m while e is 0, else (16 + m) *
    2**(e - 1). So 0 to 31 are exact, codes rise with their counts, and the error is at most 1/16.
    """
    if count < 0:
        raise ValueError(f"negative count: {count}")
    count = min(count, LEFT_MAX)
    if count < _HIDDEN_ONE:
        return count
    shift = count.bit_length() - _MANTISSA_BITS - 1
    rounded = -(-count >> shift)  # may reach 2 * _HIDDEN_ONE, and then carries into the exponent as it should
    return (shift << _MANTISSA_BITS) + rounded


def read_left(code: int) -> int:
    """Return the count of bytes that `code` (0 to 255) names. Raises ValueError outside that range."""
    if not 0 <= code <= 0xFF:
        raise ValueError(f"not one byte: {code}")
    exponent, mantissa = divmod(code, _HIDDEN_ONE)
    return mantissa if exponent == 0 else (_HIDDEN_ONE + mantissa) << (exponent - 1)
