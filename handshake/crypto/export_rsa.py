"""The temporary keys of RSA_EXPORT, 512 bits long (RFC 2246 section 7.4.3).

`cryptography` uses RSA keys of such sizes but does not generate them: primes come from gmpy2 here, all else
is its own.
"""

from collections.abc import Callable

import gmpy2
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicKey,
    RSAPublicNumbers,
)

from handshake.errors import Fault, LocalError, PeerFault

EXPORT_KEY_BITS = 512
"""The longest RSA key that exportable key exchange may encrypt with (RFC 2246 section 7.4.3)."""

_PUBLIC_EXPONENT = 65537


def generate_export_rsa_key(bits: int, entropy: Callable[[int], bytes]) -> RSAPrivateKey:
    """A fresh key whose modulus has exactly `bits` bits, a multiple of 16 from 256 on; about a millisecond at
    512.
    """
    if bits < 256 or bits % 16:
        raise LocalError(f"an RSA key of {bits} bits cannot be made: give a multiple of 16, at least 256")
    while True:
        p, q = _prime(bits // 2, entropy), _prime(bits // 2, entropy)
        order = int(gmpy2.lcm(p - 1, q - 1))
        if p != q and gmpy2.gcd(_PUBLIC_EXPONENT, order) == 1:
            break
    d = int(gmpy2.invert(_PUBLIC_EXPONENT, order))
    numbers = RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=RSAPublicNumbers(_PUBLIC_EXPONENT, p * q),
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def export_rsa_public_key(modulus: int, exponent: int) -> RSAPublicKey:
    """The key of a ServerRSAParams; raises `PeerFault(ILLEGAL_PARAMETER)` for numbers that are none."""
    try:
        return RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError as error:
        raise PeerFault(Fault.ILLEGAL_PARAMETER, f"the temporary RSA key is none: {error}") from error


def _prime(bits: int, entropy: Callable[[int], bytes]) -> int:
    """A prime whose two highest bits are set, so that a product of two has twice the bits."""
    candidate = int.from_bytes(entropy(bits // 8), "big") | (0b11 << (bits - 2))
    return int(gmpy2.next_prime(candidate))
