"""The certificate_authorities of a CertificateRequest: distinguished names made up for a list of any length.

The list tells a client which of its certificates will do (RFC 5246 section 7.4.4, RFC 8446 section 4.2.4).
Some stacks cannot read a long one, and servers that trust every public authority have long ones. So the
length of the list is a value; whose names are in it makes no difference here.
"""

import re
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

MIN_BYTES = 64
MAX_BYTES = 65_000
"""Of a list with the lengths of its names: 65,535 bytes hold it in TLS 1.2, and it with all else that the
request has in TLS 1.3 (RFC 8446 section 4.3.2).
"""
_MAX_NAME = 8000
"""Bytes of one distinguished name in a list that is given by its bytes."""
_LENGTH_SIZE = 2
"""Bytes of the length before each name."""


class Unit(StrEnum):
    """What the length of a list is counted in."""

    NAMES = "names"
    BYTES = "bytes"


class AuthorityList(Struct, frozen=True):
    """A list of so many made-up names, or of names that take so many bytes with their lengths."""

    length: int
    unit: Unit

    @property
    def names(self) -> tuple[bytes, ...]:
        """The distinguished names in DER."""
        return _numbered(self.length) if self.unit is Unit.NAMES else names_of_size(self.length)

    def __str__(self) -> str:
        """As `parse_authority_list` reads it."""
        return f"{self.length} {self.unit}"


def parse_authority_list(text: str) -> AuthorityList:
    """Read "100 names" or "60000 bytes". Raises ValueError for anything else, and for what no request can
    hold.
    """
    match = re.fullmatch(rf"([0-9]{{1,5}}) ({'|'.join(Unit)})", text)
    if match is None:
        raise ValueError(f'is {text!r}: write how many names or bytes, like "100 names" or "60000 bytes"')
    length, unit = int(match[1]), Unit(match[2])
    lowest, highest = (0, MAX_NAMES) if unit is Unit.NAMES else (MIN_BYTES, MAX_BYTES)
    if not lowest <= length <= highest:
        raise ValueError(f"is {text!r}: write {lowest} to {highest} {unit}")
    return AuthorityList(length, unit)


def length_of(names: tuple[bytes, ...]) -> int:
    """The bytes that names take with their lengths."""
    return sum(_LENGTH_SIZE + len(name) for name in names)


def distinguished_name(size: int) -> bytes:
    """A name in DER of exactly `size` bytes, from 24 to 65,535: an organizationName of that many letters."""
    for length in range(size - 32, size - 10):
        der = _organization(b"x" * length)
        if len(der) == size:
            return der
    return distinguished_name(size - 1)  # the lengths of lengths leave gaps


@lru_cache(maxsize=8)
def names_of_size(total: int) -> tuple[bytes, ...]:
    """Distinguished names that take `total` bytes with their lengths."""
    names: list[bytes] = []
    left = total
    while left > 2 * _MAX_NAME:
        names.append(distinguished_name(_MAX_NAME - _LENGTH_SIZE))
        left -= len(names[-1]) + _LENGTH_SIZE
    half = distinguished_name(left // 2)
    return (*names, half, distinguished_name(left - len(half) - 2 * _LENGTH_SIZE))


@lru_cache(maxsize=8)
def _numbered(count: int) -> tuple[bytes, ...]:
    return tuple(_organization(b"Authority %05d" % number) for number in range(count))


def _organization(name: bytes) -> bytes:
    """A Name of one attribute, organizationName as a UTF8String (RFC 5280 section 4.1.2.4)."""
    value = b"\x06\x03\x55\x04\x0a" + _tlv(0x0C, name)
    return _tlv(0x30, _tlv(0x31, _tlv(0x30, value)))


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


MAX_NAMES = MAX_BYTES // (len(_organization(b"Authority 00000")) + _LENGTH_SIZE)
