"""What a server variant says of itself: the facts a prediction is made from, and an emulated server's
settings.

Plain values without any validation library, because server programs read them too and must start quickly. A
field's text stands under it, with what is meant by its values; `tls-matrix list declared` prints it. How a
key of [declared] is checked is in `servers.definition_tables`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from handshake.wire.registry import NamedGroup, ProtocolVersion

Willingness = Literal["off", "secure", "legacy"]
CertificateKind = Literal["rsa", "dsa", "ecdsa"]
Resumption = Literal["session-id", "session-id-without-ticket", "ticket", "ticket-in-tls13"]
SuitePreference = Literal["client", "server"]
CertificateRequest = Literal["no", "request", "require"]

CipherSuite = Annotated[int, "cipher suite"]
PRIME_BITS = range(256, 16384 + 1)
Refusal = Annotated[str, "refusal"]
"""A word of `servers.refusal`."""
Cause = Annotated[str, "cause"]
"""What a client sees, as in a reason."""


@dataclass(frozen=True, slots=True)
class DeclaredRenegotiation:
    """Which renegotiations a variant takes part in (SSLv3 to TLS 1.2) and how it refuses the others."""

    allowed: Willingness = "secure"
    """Which renegotiations take place: none, those with RFC 5746 on both sides, or also those without."""
    client_initiated: bool = True
    """Whether a client may begin a renegotiation."""
    legacy_hello: bool = True
    """Whether a first hello without RFC 5746 is accepted."""
    legacy_hello_refusal: Cause = "alert-handshake_failure"
    """What such a hello sees where it is not accepted."""
    refusal: Refusal = "warning:no_renegotiation"
    """The answer to a client's attempt that is refused."""
    refusal_in_sslv3: Refusal = "fatal:handshake_failure"
    """The same in SSLv3, which has no alert no_renegotiation."""
    request_refusal: Refusal = "none"
    """What comes instead of a HelloRequest where the server wants a renegotiation that is not allowed."""
    requested: str = "completed"
    """What becomes of a renegotiation that the server asks for: "completed", or the cause of its failure as a
    client sees it."""
    server_initiated: bool = True
    """Whether the server can ask for a renegotiation at all."""
    asks_anyway: bool = False
    """A HelloRequest is sent also where the answer to it will be refused."""
    requested_refusal: Refusal | None = None
    """How that answer is refused; left out, as `refusal` says."""
    not_requested: str = "policy-not-requested"
    """The cause a client sees where the server does not ask, and sends nothing instead."""


@dataclass(frozen=True, slots=True)
class DeclaredRefusals:
    """What a client sees when its hello has no chance; None where it is not known, or not always the same.
    Such a failure is then expected, without an entry in matrix/expectations/.
    """

    sslv2_hello: Cause | None = None
    """What a hello in SSLv2 format sees where none is read."""
    no_common_version: Cause | None = None
    """What a hello sees that offers no version the server has."""
    no_common_cipher_suite: Cause | None = None
    """What a hello sees that offers no cipher suite the server has."""
    no_common_version_in_sslv3: Cause | None = None
    """What a hello sees that offers no version above SSLv3, and none the server has; left out, the same as
    others (SSLv3 has no alert protocol_version)."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What one server variant is prepared to negotiate, in code points."""

    versions: tuple[Annotated[int, ProtocolVersion], ...]
    """The protocol versions that the server supports, lowest first."""
    cipher_suites: tuple[CipherSuite, ...]
    """The cipher suites that the server supports, in its order of preference where it has one."""
    sslv2_hello: bool = False
    """Whether a hello in SSLv2 format is read (RFC 5246 appendix E.2)."""
    certificates: tuple[CertificateKind, ...] = ("rsa",)
    """The kinds of certificate that the server presents."""
    dh_prime_bits: Annotated[int, PRIME_BITS] | None = None
    """The size of the server's ephemeral Diffie-Hellman prime; left out where it uses none, or where the size
    depends on the connection."""
    named_groups: tuple[Annotated[int, NamedGroup], ...] = ()
    """The groups that a real server takes for ECDHE (RFC 8422 section 5.1.1): a client that names none of
    them cannot use those suites; left out where that is not known (an emulated server has them in
    [emulation])."""
    renegotiation: DeclaredRenegotiation = DeclaredRenegotiation()
    """What the server does once connected about renegotiation, in SSLv3 to TLS 1.2."""
    resumption: tuple[Resumption, ...] = ("session-id",)
    """The ways to resume a session: by its id ("session-id-without-ticket": only for clients that offer no
    session_ticket), and by ticket ("ticket-in-tls13": in TLS 1.3 only)."""
    resumption_needs_extended_master_secret: bool = False
    """Whether up to TLS 1.2 only sessions with extended_master_secret (RFC 7627) are resumed."""
    forgets_sessions: bool = False
    """Whether the server gives out session ids but keeps no sessions: the next handshake is a full one."""
    preference: SuitePreference | None = None
    """Whose order of cipher suites decides, for the predictions that depend on it; left out where that is not
    known (an emulated server has it in [emulation])."""
    refusals: DeclaredRefusals = DeclaredRefusals()
    """What a client sees when its hello has no chance. What depends on more than this is left out."""
    client_certificate: CertificateRequest = "no"
    """Whether a client is asked for a certificate, and whether it must have one."""
    missing_certificate: Cause = "alert-handshake_failure"
    """What a client without a certificate sees where it must have one."""
    missing_certificate_in_tls13: Cause = "alert-certificate_required"
    """The same in TLS 1.3 (RFC 8446 section 4.4.2.4)."""

    def to_json(self) -> dict[str, Any]:
        """The value as JSON types; `from_json` reads it back."""
        facts = asdict(self)
        return {key: list(fact) if isinstance(fact, tuple) else fact for key, fact in facts.items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Declared":
        """Read what `to_json` wrote; KeyError or TypeError when it is something else."""
        facts: dict[str, Any] = dict(value)
        facts |= {key: tuple(fact) for key, fact in value.items() if isinstance(fact, list)}
        facts["renegotiation"] = DeclaredRenegotiation(**value["renegotiation"])
        facts["refusals"] = DeclaredRefusals(**value["refusals"])
        return cls(**facts)
