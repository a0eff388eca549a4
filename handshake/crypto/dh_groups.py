"""Known finite-field Diffie-Hellman groups.

The MODP groups of the RFCs are computed from their defining formulas, p = 2^n - 2^(n-64) - 1 + 2^64 *
(floor(2^(n-130) * c) + x) with c = pi (RFC 2409 section 6, RFC 3526) or e (RFC 7919 appendix A): only n and x
need be stated. The groups of old SunJSSE are arbitrary numbers, the ones Sun generated for DSA.
"""

from functools import cache
from typing import Annotated

import gmpy2
from msgspec import Struct

from handshake.errors import LocalError
from handshake.wire.registry import NamedGroup


class DHGroup(Struct, frozen=True):
    """A prime and a generator."""

    p: int
    g: int

    @property
    def bits(self) -> int:
        """Size of the prime."""
        return self.p.bit_length()


@cache
def modp_group(bits: int) -> DHGroup:
    """The Oakley and MODP groups of 768, 1024 (RFC 2409), 1536, 2048, 3072, 4096, 6144 and 8192 bits (RFC
    3526).
    """
    if bits not in _MODP_OFFSETS:
        raise LocalError(f"no MODP group of {bits} bits; there are {', '.join(map(str, _MODP_OFFSETS))}")
    return DHGroup(_safe_prime(bits, gmpy2.const_pi(bits), _MODP_OFFSETS[bits]), 2)


@cache
def ffdhe_group(named_group: int) -> DHGroup:
    """The group behind ffdhe2048 .. ffdhe8192 (RFC 7919 appendix A)."""
    if named_group not in _FFDHE_OFFSETS:
        raise LocalError(f"named group 0x{named_group:04x} is no finite-field group")
    bits, offset = _FFDHE_OFFSETS[named_group]
    with gmpy2.context(precision=bits):
        e = gmpy2.exp(1)
    return DHGroup(_safe_prime(bits, e, offset), 2)


def _safe_prime(bits: int, constant: object, offset: int) -> int:
    with gmpy2.context(precision=bits):
        middle = int(gmpy2.floor(gmpy2.mul_2exp(constant, bits - 130)))
    return (1 << bits) - (1 << (bits - 64)) - 1 + ((middle + offset) << 64)


_MODP_OFFSETS = {
    768: 149686,
    1024: 129093,
    1536: 741804,
    2048: 124476,
    3072: 1690314,
    4096: 240904,
    6144: 929484,
    8192: 4743158,
}
_FFDHE_OFFSETS = {
    NamedGroup.FFDHE2048.value: (2048, 560316),
    NamedGroup.FFDHE3072.value: (3072, 2625351),
    NamedGroup.FFDHE4096.value: (4096, 5736041),
    NamedGroup.FFDHE6144.value: (6144, 15705020),
    NamedGroup.FFDHE8192.value: (8192, 10965728),
}
FFDHE_GROUPS = frozenset(_FFDHE_OFFSETS)
FFDHE_RANGE = range(256, 512)
"""Code points set aside for finite-field groups, RFC 7919 section 2."""
FiniteFieldGroup = Annotated[int, NamedGroup, FFDHE_RANGE]
"""The code point of a finite-field group."""

JSSE_DH_GROUPS = {
    512: DHGroup(
        p=int(
            "fca682ce8e12caba26efccf7110e526db078b05edecbcd1eb4a208f3ae1617ae"
            "01f35b91a47e6df63413c5e12ed0899bcd132acd50d99151bdc43ee737592e17",
            16,
        ),
        g=int(
            "678471b27a9cf44ee91a49c5147db1a9aaf244f05a434d6486931d2d14271b9e"
            "35030b71fd73da179069b32e2935630e1c2062354d0da20a6c416e50be794ca4",
            16,
        ),
    ),
    768: DHGroup(
        p=int(
            "e9e642599d355f37c97ffd3567120b8e25c9cd43e927b3a9670fbec5d8901419"
            "22d2c3b3ad2480093799869d1e846aab49fab0ad26d2ce6a22219d470bce7d77"
            "7d4a21fbe9c270b57f607002f3cef8393694cf45ee3688c11a8c56ab127a3daf",
            16,
        ),
        g=int(
            "30470ad5a005fb14ce2d9dcd87e38bc7d1b1c5facbaecbe95f190aa7a31d23c4"
            "dbbcbe06174544401a5b2c020965d8c2bd2171d3668445771f74ba084d2029d8"
            "3c1c158547f3a9f1a2715be23d51ae4d3e5a1f6a7064f316933a346d3f529252",
            16,
        ),
    ),
    1024: DHGroup(
        p=int(
            "fd7f53811d75122952df4a9c2eece4e7f611b7523cef4400c31e3f80b6512669"
            "455d402251fb593d8d58fabfc5f5ba30f6cb9b556cd7813b801d346ff26660b7"
            "6b9950a5a49f9fe8047b1022c24fbba9d7feb7c61bf83b57e7c6a8a6150f04fb"
            "83f6d3c51ec3023554135a169132f675f3ae2b61d72aeff22203199dd14801c7",
            16,
        ),
        g=int(
            "f7e1a085d69b3ddecbbcab5c36b857b97994afbbfa3aea82f9574c0b3d078267"
            "5159578ebad4594fe67107108180b449167123e84c281613b7cf09328cc8a6e1"
            "3c167a8b547c8d28e0a3ae1e2bb3a675916ea37f0bfa213562f1fb627a01243b"
            "cca4f1bea8519089a883dfe15ae59f06928b665e807b552564014c3bfecf492a",
            16,
        ),
    ),
}
"""By size in bits. SunJSSE 6 and 7 send the one of 768 bits, 512 in export suites (measured: research note on
JSSE, section 1 and data of probe dhe_only; the other two stand beside it in the JDK's parameter cache,
read out of a JDK 17 as the parameters of DSA keys of that size). From 7u101 on and in 6-b49 the group of
1024 bits is `modp_group(1024)` (same note).
"""

DSA_SUBGROUP_ORDER_1024 = 0x9760508F15230BCCB292B982A2EB840BF0581CF5
"""q that makes `JSSE_DH_GROUPS[1024]` a DSA domain: that of every 1024-bit DSA key made by old keytools."""
