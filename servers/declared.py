"""What a server variant says of itself: the facts a prediction is made from, and an emulated server's
settings.

Plain values without any validation library, because server programs read them too and must start quickly. A
field's text stands under it, with what is meant by its values; `tls-matrix list declared` prints it. How a
key of [declared] is checked is in `servers.definition_tables`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from handshake.wire.registry import NamedGroup, ProtocolVersion, SignatureScheme

Willingness = Literal["off", "secure", "legacy"]
CertificateKind = Literal["rsa", "dsa", "ecdsa"]
Resumption = Literal["session-id", "session-id-without-ticket", "ticket", "ticket-in-tls13"]
SuitePreference = Literal["client", "server"]
CertificateRequest = Literal["no", "request", "require"]
CertificateAsked = Literal["handshake", "renegotiation", "post-handshake"]
SignatureAlgorithms = Literal["optional", "for-signatures", "required"]
SignatureCheck = Literal["none", "signatures", "certificates", "late"]

CipherSuite = Annotated[int, "cipher suite"]
COMPLETED = "completed"
"""What becomes of a renegotiation that takes place."""
PRIME_BITS = range(256, 16384 + 1)
SentAlert = Annotated[str, "sent alert"]
"""A word of `servers.sent_alert`."""
Cause = Annotated[str, "cause"]
"""What a client sees, as in a reason."""
FeatureName = Annotated[str, "feature"]
"""What is written for a feature of a hello (`handshake.features.notations`)."""


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
    """The cause a client observes where such a hello is not accepted."""
    refusal: SentAlert = "warning:no_renegotiation"
    """The answer to a client's attempt that is refused."""
    refusal_in_sslv3: SentAlert = "alert:handshake_failure"
    """The same in SSLv3, which has no alert no_renegotiation."""
    request_refusal: SentAlert = "none"
    """What the server sends instead of a HelloRequest that would ask for a forbidden renegotiation."""
    requested: str = COMPLETED
    """The result of a renegotiation that the server asks for: "completed", or the cause of its failure as a
    client observes it."""
    server_initiated: bool = True
    """Whether the server can ask for a renegotiation at all."""
    asks_anyway: bool = False
    """A HelloRequest is sent also where the answer to it will be refused."""
    requested_refusal: SentAlert | None = None
    """How that answer is refused; left out, as `refusal` says."""
    not_requested: str = "policy-not-requested"
    """The cause that a client observes where the server sends neither a HelloRequest nor anything instead."""


@dataclass(frozen=True, slots=True)
class DeclaredRefusals:
    """What a client sees when its hello has no chance; None where it is not known, or not always the same.
    Such a failure is then expected, without an entry in matrix/expectations/.
    """

    sslv2_hello: Cause | None = None
    """The cause observed after an SSLv2-format hello where none is read."""
    no_common_version: Cause | None = None
    """The cause observed after a hello that offers no version the server has."""
    no_common_cipher_suite: Cause | None = None
    """The cause observed after a hello that offers no cipher suite the server has."""
    no_common_version_in_sslv3: Cause | None = None
    """The cause observed after a hello that offers SSLv3 at most where the server has no such version; left
    out, the same as for other hellos (SSLv3 has no alert protocol_version)."""
    no_common_group_in_tls13: Cause | None = None
    """The cause observed after a TLS 1.3 hello that names no group the server has; left out, the same as
    without a common cipher suite."""
    no_signature_algorithms: Cause | None = None
    """The cause observed after a TLS 1.2 hello that needs signature_algorithms and has none, or none for the
    suite that was chosen already (signature_check = "late")."""
    inappropriate_fallback: Cause | None = "alert-inappropriate_fallback"
    """The cause observed after a hello that signals a fallback although the server has a higher version (RFC
    7507 section 3)."""
    no_application_protocol: Cause | None = "alert-no_application_protocol"
    """The cause observed after a hello that names no application protocol the server has (RFC 7301 section
    3.2). "protocol-error-illegal-parameter" is that of a server which names one all the same."""
    no_server_name: Cause | None = None
    """The cause observed after a hello without server_name where one is needed."""
    hello_with: Mapping[FeatureName, Cause] = field(default_factory=dict)
    """The causes observed after a hello with a feature that a real server does not take, whatever it offers
    ("hello-length:16389.."); the first one counts (an emulated server has intolerances in [emulation])."""
    application_protocols_in_tls13: Cause | None = None
    """The cause observed, once it has its ServerHello, by a client that offers application protocols in TLS
    1.3 to a server that breaks off there; left out, the server does not."""


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
    """The groups that the server takes for ECDHE and in TLS 1.3 (RFC 8422 section 4, RFC 8446 section 4.2.7);
    left out where they are not known (an emulated server has them in [emulation])."""
    needs_supported_groups: bool = False
    """Whether ECDHE is used only for a hello that has supported_groups; RFC 8422 section 4 lets the server
    choose (an emulated server: default_named_group in [emulation])."""
    ecdsa_curve: Annotated[int, NamedGroup] | None = None
    """The curve of the server's ECDSA certificate, where a hello with supported_groups must name it for that
    to be used (RFC 8422 section 5.1); left out where the server does not look."""
    signature_schemes: tuple[Annotated[int, SignatureScheme], ...] = ()
    """The schemes that the server knows from TLS 1.2 on: a hello whose signature_algorithms has none of them
    is refused (an emulated server has them in [emulation]). Left out where they are not known."""
    signature_algorithms: SignatureAlgorithms = "optional"
    """Whether a hello of TLS 1.2 must have signature_algorithms: "optional" (SHA-1 stands for it, RFC 5246
    section 7.4.1.4.1), "for-signatures" (the suite is chosen, and then nothing is signed), or "required",
    whatever the suites."""
    signature_check: SignatureCheck = "signatures"
    """Where a scheme in common with signature_algorithms is needed up to TLS 1.2: "none" at all,
    "signatures" in suites where the server signs (RFC 5246 section 7.4.1.4.1), "certificates" in all that
    have a certificate of its kind, "late" as "signatures", but found missing when the suite is chosen."""
    versions_last: bool = False
    """Whether a hello above SSLv3 without a version in common is refused for its fallback signal or its
    cipher suites before it is for that (OpenSSL 3.0, which chooses TLS 1.0 and then cannot sign)."""
    fallback_scsv: bool = False
    """Whether TLS_FALLBACK_SCSV is known (RFC 7507; an emulated server has it in [emulation])."""
    needs_server_name: bool = False
    """Whether a hello must have server_name (RFC 6066 section 3), which is looked for before anything
    else."""
    application_protocols: tuple[str, ...] = ()
    """The server's ALPN protocols (RFC 7301), where it refuses a hello that offers only others. An emulated
    server selects the first of them that the hello has."""
    renegotiation: DeclaredRenegotiation = DeclaredRenegotiation()
    """The server's policy on renegotiation, in SSLv3 to TLS 1.2."""
    resumption: tuple[Resumption, ...] = ("session-id",)
    """The ways to resume a session: by its id ("session-id-without-ticket": only for clients that offer no
    session_ticket), and by ticket ("ticket-in-tls13": in TLS 1.3 only)."""
    resumption_needs_extended_master_secret: bool = False
    """Whether up to TLS 1.2 only sessions with extended_master_secret (RFC 7627) are resumed."""
    forgets_sessions: bool = False
    """Whether the server gives out session ids but keeps no sessions: the next handshake is a full one. So it
    is in TLS 1.3 where the only way is "ticket-in-tls13", because such a ticket stands for a session kept."""
    preference: SuitePreference | None = None
    """Whose order of cipher suites decides, for the predictions that depend on it; left out where that is not
    known (an emulated server has it in [emulation])."""
    refusals: DeclaredRefusals = DeclaredRefusals()
    """The causes that a client observes when the server must refuse its hello; left out where they depend on
    more than the key says."""
    client_certificate: CertificateRequest = "no"
    """Whether the server requests a client certificate, and whether it requires one."""
    client_certificate_asked: tuple[CertificateAsked, ...] = ("handshake", "renegotiation")
    """When it is requested: in the first "handshake" of a connection, in a later one ("renegotiation", SSLv3
    to TLS 1.2), or after it ("post-handshake", TLS 1.3: RFC 8446 section 4.6.2). An emulated server begins
    the latter two at a request for /reneg."""
    missing_certificate: Cause = "alert-handshake_failure"
    """The cause that a client without a certificate observes where the server requires one."""
    missing_certificate_in_tls13: Cause = "alert-certificate_required"
    """The same in TLS 1.3 (RFC 8446 section 4.4.2.4)."""

    def requests_certificate(self, when: CertificateAsked) -> bool:
        """Whether a client certificate is requested then."""
        return self.client_certificate != "no" and when in self.client_certificate_asked

    def requires_certificate(self, when: CertificateAsked) -> bool:
        """Whether one is requested then and required."""
        return self.client_certificate == "require" and when in self.client_certificate_asked

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
