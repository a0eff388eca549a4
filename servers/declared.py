"""What a server variant says of itself: the facts a prediction is made from, and an emulated server's
settings.

Plain values without any validation library, because server programs read them too and must start quickly.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DeclaredRenegotiation:
    """Which renegotiations a variant takes part in (SSLv3 to TLS 1.2) and how it refuses the others.

    `allowed` is "off", "secure" (with RFC 5746 on both sides) or "legacy" (also without); `client_initiated`
    whether a client may begin, `server_initiated` whether the server can; `legacy_hello` whether a first
    hello without RFC 5746 is accepted, and `legacy_hello_refusal` the cause it sees if not. A refusal is
    "warning:<alert>", "fatal:<alert>" or "none": `refusal` of a client's attempt, `refusal_in_sslv3` the same
    in SSLv3, `request_refusal` what comes instead of a HelloRequest. `requested` is what becomes of a
    renegotiation that the server asks for: "completed", or the cause of its failure as a client sees it.
    `asks_anyway`: it asks also where it will refuse the answer, with `requested_refusal` if that is another
    than `refusal`; `not_requested` is what is seen where it does not ask and sends nothing instead.
    """

    allowed: str = "secure"
    client_initiated: bool = True
    legacy_hello: bool = True
    legacy_hello_refusal: str = "alert-handshake_failure"
    refusal: str = "warning:no_renegotiation"
    refusal_in_sslv3: str = "fatal:handshake_failure"
    request_refusal: str = "none"
    requested: str = "completed"
    server_initiated: bool = True
    asks_anyway: bool = False
    requested_refusal: str | None = None
    not_requested: str = "policy-not-requested"


@dataclass(frozen=True, slots=True)
class DeclaredRefusals:
    """The cause a client sees when a hello has no chance, as in a reason: "alert-protocol_version",
    "close_notify", "fin", "reset", "timeout"; None where it is not known, or is not always the same.

    `sslv2_hello`: a hello in SSLv2 format where none is read; `no_common_version` and
    `no_common_cipher_suite`: one that offers nothing the server has; `no_common_version_in_sslv3`: one that
    offers no version above SSLv3, where that is another cause (SSLv3 has no alert protocol_version).
    """

    sslv2_hello: str | None = None
    no_common_version: str | None = None
    no_common_cipher_suite: str | None = None
    no_common_version_in_sslv3: str | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything in code points: what one server variant is prepared to negotiate.

    `versions` are protocol versions (0x0300 is SSLv3), lowest first; `cipher_suites` 16-bit code points in
    the server's order of preference (where it has one); `sslv2_hello` whether an SSLv2-format hello is read
    (RFC 5246 appendix E.2); `certificates` the kinds of credential it presents ("rsa", "dsa", "ecdsa");
    `dh_prime_bits` the size of its ephemeral Diffie-Hellman prime, None when it uses none or the size depends
    on the connection; `resumption` the ways to resume a session ("session-id", "ticket",
    "session-id-without-ticket": by id where the client offers no session_ticket, "ticket-in-tls13": by ticket
    in TLS 1.3 only), and `resumption_needs_extended_master_secret` whether up to TLS 1.2 a session is resumed
    only where extended_master_secret (RFC 7627) protects it; `forgets_sessions` whether it gives out session
    ids but keeps no sessions;
    `preference` whose order of cipher suites decides ("client", "server"; None where that is not known), and
    `refusals` how a hello without a chance ends;
    `client_certificate` "no", "request" or "require"; `missing_certificate` is what a client without one
    sees where it is required, and the same in TLS 1.3.
    """

    versions: tuple[int, ...]
    cipher_suites: tuple[int, ...]
    sslv2_hello: bool = False
    certificates: tuple[str, ...] = ("rsa",)
    dh_prime_bits: int | None = None
    renegotiation: DeclaredRenegotiation = DeclaredRenegotiation()
    resumption: tuple[str, ...] = ("session-id",)
    resumption_needs_extended_master_secret: bool = False
    forgets_sessions: bool = False
    preference: str | None = None
    refusals: DeclaredRefusals = DeclaredRefusals()
    client_certificate: str = "no"
    missing_certificate: str = "alert-handshake_failure"
    missing_certificate_in_tls13: str = "alert-certificate_required"

    def to_json(self) -> dict[str, Any]:
        """The value as JSON types; `from_json` reads it back."""
        return {
            "versions": list(self.versions),
            "cipher_suites": list(self.cipher_suites),
            "sslv2_hello": self.sslv2_hello,
            "certificates": list(self.certificates),
            "dh_prime_bits": self.dh_prime_bits,
            "renegotiation": asdict(self.renegotiation),
            "resumption": list(self.resumption),
            "resumption_needs_extended_master_secret": self.resumption_needs_extended_master_secret,
            "forgets_sessions": self.forgets_sessions,
            "preference": self.preference,
            "refusals": asdict(self.refusals),
            "client_certificate": self.client_certificate,
            "missing_certificate": self.missing_certificate,
            "missing_certificate_in_tls13": self.missing_certificate_in_tls13,
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
            renegotiation=DeclaredRenegotiation(**value["renegotiation"]),
            resumption=tuple(value["resumption"]),
            resumption_needs_extended_master_secret=value["resumption_needs_extended_master_secret"],
            forgets_sessions=value["forgets_sessions"],
            preference=value["preference"],
            refusals=DeclaredRefusals(**value["refusals"]),
            client_certificate=value["client_certificate"],
            missing_certificate=value["missing_certificate"],
            missing_certificate_in_tls13=value["missing_certificate_in_tls13"],
        )
