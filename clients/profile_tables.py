"""The tables of a profile beside its hellos: where it comes from, what it accepts, how it reacts, and what
its later hellos leave out.
"""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from clients.fields import Alert, Cipher, CompressionAlgorithm, ExtensionType, HexBody, Listed, Version
from clients.profile_attempt import ProfileExtension, Table
from handshake.hello_template import RenegotiationHello, RetryHello
from handshake.wire.registry import AlertDescription


class Provenance(Table):
    """Where the bytes come from, and how sure that is."""

    kind: Literal["captured", "documented", "derived"]
    source: str = Field(min_length=1)
    confidence: Literal["high", "medium", "low"]
    note: str = ""


class Limits(Table):
    """What the client accepts of a server's answer; sizes in bits, absent is no limit."""

    versions: Annotated[tuple[Version, ...], Listed] = ()
    max_dh_prime_bits: PositiveInt | None = None
    min_dh_prime_bits: PositiveInt | None = None
    min_rsa_bits: PositiveInt | None = None
    min_signature_rsa_bits: PositiveInt | None = Field(
        default=None,
        description="the smallest RSA key whose signatures it verifies; with a smaller one they do not fit",
    )
    dh_prime_alert: Alert = AlertDescription.HANDSHAKE_FAILURE
    legacy_signature_alert: Alert | None = Field(
        default=None,
        description="the alert it sends for a signature with MD5 or SHA-1 in the key exchange of TLS 1.0 and "
        "1.1; absent, it accepts one",
    )
    max_handshake_message: PositiveInt | None = Field(
        default=None, description="bytes of a handshake message, above which it ends the connection"
    )
    max_certificate_message: PositiveInt | None = Field(
        default=None, description="the same for the Certificate message, where that is another"
    )
    message_length_alert: Alert | Literal["none"] = Field(
        default=AlertDescription.UNEXPECTED_MESSAGE, description="the alert it then sends, or none"
    )
    max_certificates: PositiveInt | None = Field(
        default=None, description="how many certificates a server's chain may have"
    )


class Policy(Table):
    """How the client reacts; the words are those of `handshake.hello_template.ClientPolicy`."""

    warning_alert: Literal["ignore", "abort"] = "ignore"
    warning_answer: Alert = AlertDescription.UNEXPECTED_MESSAGE
    missing_renegotiation_info: Literal["accept", "abort"] = "accept"
    record_splitting: Literal["none", "0/n", "1/n-1", "1/n-1-not-first"] = "none"
    renegotiation: Literal["off", "secure", "legacy"] = "secure"
    hello_request: Literal["renegotiate", "ignore", "abort", "abort-after-warning"] = "renegotiate"
    refuses_legacy_at: Literal["start", "server-hello"] = "start"
    refused_hello_request: Literal["warning", "abort"] = "warning"
    renegotiation_info: Literal["first", "after-server_name", "last"] = "last"
    renegotiation_session: Literal["new", "resume", "resume-when-asked"] = "new"
    no_renegotiation: Literal["continue", "abort"] = "continue"
    closes_with: Literal["close_notify", "close_notify-unless-warned", "fin"] = "close_notify"
    certificate_compression: Annotated[tuple[CompressionAlgorithm, ...], Listed] = Field(
        default=(),
        description="the algorithms by which it compresses a certificate of its own, where the server's "
        "request has one of them",
    )
    application_settings: HexBody = Field(
        default=b"",
        description="the settings that it sends to a server that has sent its own by application_settings, "
        "in hexadecimal",
    )


class RetryHelloTable(Table):
    """The hello that answers a HelloRetryRequest, where it differs from the first one otherwise than RFC 8446
    section 4.1.2 asks for; the words are those of `handshake.hello_template.RetryHello`.
    """

    without: Annotated[tuple[ExtensionType, ...], Listed] = Field(
        default=(), description="extensions that it leaves out"
    )
    change_cipher_spec: Literal["with-session-id", "later"] = Field(
        default="with-session-id",
        description="when a ChangeCipherSpec goes before it: where there is a session id (RFC 8446 appendix "
        "D.4), or later, before Finished",
    )

    def to_engine(self) -> RetryHello:
        """Return it in the engine's words."""
        return RetryHello(frozenset(self.without), self.change_cipher_spec)


class RenegotiationHelloTable(Table):
    """The hello of a renegotiation, where it differs from the first one otherwise than RFC 5746 asks for; the
    words are those of `handshake.hello_template.RenegotiationHello`.
    """

    without: Annotated[tuple[ExtensionType, ...], Listed] = Field(
        default=(), description="extensions that it leaves out"
    )
    without_cipher_suites: Annotated[tuple[Cipher, ...], Listed] = Field(
        default=(), description="cipher suites that it leaves out"
    )
    changed: Annotated[tuple[ProfileExtension, ...], Listed] = Field(
        default=(), description="extensions that have another body than in the first hello"
    )
    session_id: Literal["as-first", "empty"] = Field(
        default="as-first", description="where no session is offered: as long as the first one, or empty"
    )
    verify_data: Literal["where-signalled", "always"] = Field(
        default="where-signalled",
        description="whether renegotiation_info is there also with a server that never signalled RFC 5746",
    )

    def to_engine(self) -> RenegotiationHello:
        """Return it in the engine's words."""
        return RenegotiationHello(
            frozenset(self.without),
            frozenset(self.without_cipher_suites),
            tuple(extension.to_template() for extension in self.changed),
            self.session_id,
            self.verify_data,
        )
