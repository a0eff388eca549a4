"""What a server variant says of itself: the facts a prediction is made from, and an emulated server's
settings.

Plain values without any validation library, because server programs read them too and must start quickly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything in code points: what one server variant is prepared to negotiate.

    `versions` are protocol versions (0x0300 is SSLv3), lowest first; `cipher_suites` 16-bit code points in
    the server's order of preference (where it has one); `sslv2_hello` whether an SSLv2-format hello is read
    (RFC 5246 appendix E.2); `certificates` the kinds of credential it presents ("rsa", "dsa", "ecdsa");
    `dh_prime_bits` the size of its ephemeral Diffie-Hellman prime, None when it uses none or the size depends
    on the connection.
    """

    versions: tuple[int, ...]
    cipher_suites: tuple[int, ...]
    sslv2_hello: bool = False
    certificates: tuple[str, ...] = ("rsa",)
    dh_prime_bits: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The value as JSON types; `from_json` reads it back."""
        return {
            "versions": list(self.versions),
            "cipher_suites": list(self.cipher_suites),
            "sslv2_hello": self.sslv2_hello,
            "certificates": list(self.certificates),
            "dh_prime_bits": self.dh_prime_bits,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Declared":
        """Read what `to_json` wrote; KeyError or TypeError when it is something else."""
        return cls(
            versions=tuple(value["versions"]),
            cipher_suites=tuple(value["cipher_suites"]),
            sslv2_hello=value["sslv2_hello"],
            certificates=tuple(value["certificates"]),
            dh_prime_bits=value["dh_prime_bits"],
        )
