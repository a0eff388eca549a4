"""The credentials of a run: certificates with their keys, made when it starts, in memory only.

A server has the ordinary ones of the kinds that it declares. Where its toggle `certificate` names one of
`KINDS`, it has that one alone (`servers.certificate_toggle`). Those are made only for a variant that shows
them, because a key of 4096 bits takes seconds. A kind is added by a line in `KINDS`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property, partial

from cryptography.hazmat.primitives.asymmetric import ec, mldsa
from cryptography.x509 import random_serial_number
from msgspec import Struct

from handshake.crypto.credentials import (
    Credential,
    generate_delegating_ecdsa,
    generate_dsa,
    generate_ecdsa,
    generate_ed25519,
    generate_mldsa,
    generate_rsa,
    generate_rsa_pss,
    generate_rsa_signed_with_sha1,
)
from handshake.crypto.suite_parameters import CertificateType
from servers.contract import PrivateKeyAndChain

SUBJECT = "server.example.test"
"""What clients call the servers. A name with dots: for one without, Java 7 sends no server_name (research
note on JSSE, section 8).
"""


CLIENT_SUBJECT = "client.example.test"

_Make = Callable[..., Credential]

_ORDINARY: Mapping[str, _Make] = {
    "rsa": partial(generate_rsa, 2048),
    "dsa": partial(generate_dsa, 1024),
    "ecdsa": partial(generate_ecdsa, ec.SECP256R1()),
}
"""By the contract's names: RSA of 2048 bits, DSA of 1024 (what old stacks know), ECDSA on P-256."""


class Kind(Struct, frozen=True):
    """A kind of certificate; `type` says which cipher suites it is for, and is its name in the contract."""

    type: CertificateType
    make: _Make


KINDS: Mapping[str, Kind] = {
    "rsa-1024": Kind(CertificateType.RSA, partial(generate_rsa, 1024)),
    "rsa-2048": Kind(CertificateType.RSA, partial(generate_rsa, 2048)),
    "rsa-4096": Kind(CertificateType.RSA, partial(generate_rsa, 4096)),
    "rsa-2048-sha1": Kind(CertificateType.RSA, partial(generate_rsa_signed_with_sha1, 2048)),
    "rsa-pss-2048": Kind(CertificateType.RSA, partial(generate_rsa_pss, 2048)),
    "ecdsa-secp256r1": Kind(CertificateType.ECDSA, partial(generate_ecdsa, ec.SECP256R1())),
    "ecdsa-secp384r1": Kind(CertificateType.ECDSA, partial(generate_ecdsa, ec.SECP384R1())),
    "ecdsa-secp521r1": Kind(CertificateType.ECDSA, partial(generate_ecdsa, ec.SECP521R1())),
    "ecdsa-secp256r1-delegating": Kind(
        CertificateType.ECDSA, partial(generate_delegating_ecdsa, ec.SECP256R1())
    ),
    "ed25519": Kind(CertificateType.ECDSA, generate_ed25519),
    "mldsa44": Kind(CertificateType.ECDSA, partial(generate_mldsa, mldsa.MLDSA44PrivateKey)),
    "mldsa65": Kind(CertificateType.ECDSA, partial(generate_mldsa, mldsa.MLDSA65PrivateKey)),
    "mldsa87": Kind(CertificateType.ECDSA, partial(generate_mldsa, mldsa.MLDSA87PrivateKey)),
}
"""What the toggle `certificate` chooses from. Curves have IANA's names; rsa-pss is a key for RSASSA-PSS alone
(RFC 4055 section 1.2), ML-DSA is for TLS 1.3 alone (draft-ietf-tls-mldsa section 3), delegating may sign
delegated credentials (RFC 9345 section 4.2), sha1 says how an authority has signed it; all others are
self-signed with SHA-256 or as their key signs.
"""


def make_credentials(subject: str = SUBJECT, kinds: Iterable[str] = ()) -> dict[str, PrivateKeyAndChain]:
    """The ordinary credentials, and those of `KINDS` that are asked for, by name."""
    now = datetime.now(UTC)
    makers = {**_ORDINARY, **{kind: KINDS[kind].make for kind in kinds}}
    return {
        kind: _as_text(make(subject=subject, now=now, serial=random_serial_number()))
        for kind, make in makers.items()
    }


class CredentialsWhenAsked(Mapping[str, PrivateKeyAndChain]):
    """Those that `make_credentials` makes, made when somebody asks for the first one: an RSA key takes a
    twentieth of a second, in which server programs start.
    """

    def __init__(self, subject: str = SUBJECT, kinds: Iterable[str] = ()) -> None:
        self._make = partial(make_credentials, subject, tuple(kinds))

    @cached_property
    def _made(self) -> Mapping[str, PrivateKeyAndChain]:
        return self._make()

    def __getitem__(self, kind: str) -> PrivateKeyAndChain:
        return self._made[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def _as_text(credential: Credential) -> PrivateKeyAndChain:
    pem = credential.to_pem()
    return PrivateKeyAndChain(pem.private_key, pem.chain)
