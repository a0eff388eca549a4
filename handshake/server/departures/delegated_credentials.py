"""Delegated credentials that a client must refuse, and where nobody asked for one (RFC 9345 sections 4.1.1
and 4.1.3). The server signs with the delegated key, so that a client that takes it can go on.
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from handshake.crypto.delegation import MAX_VALIDITY_SECONDS, Delegation
from handshake.server.departures.departure import (
    TLS_1_3,
    Demand,
    Departure,
    Situation,
    must_go_on,
    must_refuse,
    silent,
    the_message,
)
from handshake.server.departures.rewriting import (
    Rewrite,
    in_certificate_entry,
    with_body,
    with_extension,
)
from handshake.wire.client_hello import Extension
from handshake.wire.delegated_credential import (
    DelegatedCredential,
    pull_delegated_credential,
    push_delegated_credential,
)
from handshake.wire.extensions import pull_signature_algorithms
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import pull_certificate_13, push_certificate_13
from handshake.wire.registry import AlertDescription, ExtensionType, HandshakeType, SignatureScheme

TYPE = ExtensionType.DELEGATED_CREDENTIAL
DELEGATING, PLAIN = "ecdsa-secp256r1-delegating", "ecdsa-secp256r1"
"""Kinds of certificates with DelegationUsage, and without."""
USUAL = SignatureScheme.ECDSA_SECP256R1_SHA256
_OFFERED = "extension:delegated_credential and lists:delegated_credential:0x0403"
_UNASKED = must_refuse("RFC 9345 section 4.1.1", AlertDescription.UNEXPECTED_MESSAGE)
_INVALID = must_refuse("RFC 9345 section 4.1.3", AlertDescription.ILLEGAL_PARAMETER)
_DECODE = must_refuse("RFC 8446 section 6.2", AlertDescription.DECODE_ERROR)
_SOME = push_delegated_credential(DelegatedCredential(1, USUAL, b"\x30\x00", USUAL, b"\x30\x00"))
_HOUR = 3600

Delegates = Callable[[Situation, Delegation | None], Delegation | None]
Body = Callable[[DelegatedCredential], DelegatedCredential]


def _delegates(**changes: int) -> Delegates:
    """Delegate a key for the usual scheme, changed."""
    return lambda situation, before: replace(Delegation(USUAL, USUAL), **changes)


def _not_offered(situation: Situation, before: Delegation | None) -> Delegation | None:
    """A key of another scheme than the client lists, which it takes for certificates' keys."""
    body = situation.hello.extension(TYPE)
    listed = () if body is None else pull_signature_algorithms(body)
    others = (SignatureScheme.ED25519, SignatureScheme.ECDSA_SECP521R1_SHA512, SignatureScheme.MLDSA65)
    other = next((scheme for scheme in others if scheme not in listed), None)
    return before if other is None else Delegation(other, other)


def _edited(edit: Body) -> Rewrite:
    """Change what is sent as the delegated credential, without another signature."""

    def change(body: bytes) -> bytes:
        return push_delegated_credential(edit(pull_delegated_credential(body)))

    return in_certificate_entry(with_body(TYPE, change))


def _other_signature(delegated: DelegatedCredential) -> DelegatedCredential:
    return replace(delegated, signature=bytes((*delegated.signature[:-1], delegated.signature[-1] ^ 1)))


def _behind(_: Situation, message: HandshakeMessage) -> Sequence[HandshakeMessage]:
    """Send the certificate again behind itself, with a delegated credential that nobody needs to read."""
    if message.handshake_type != HandshakeType.CERTIFICATE:
        return (message,)
    certificate = pull_certificate_13(message.body)
    leaf, _extensions = certificate.entries[0]
    entries = (*certificate.entries, (leaf, (Extension(TYPE, _SOME),)))
    return (replace(message, body=push_certificate_13(replace(certificate, entries=entries))),)


def _departure(
    name: str,
    title: str,
    demand: Demand,
    delegates: Delegates,
    rewrites: Rewrite = the_message,
    certificate: str = DELEGATING,
) -> Departure:
    return Departure(
        f"delegated-credential{name}",
        title,
        TLS_1_3,
        demand,
        hello=_OFFERED,
        certificate=certificate,
        delegates=delegates,
        rewrites=rewrites,
    )


DEPARTURES = (
    _departure(
        "",
        "signs with a delegated key, as it may",
        must_go_on("RFC 9345 section 4.1.1"),
        _delegates(),
    ),
    Departure(
        "delegated-credential-unasked",
        "sends a delegated credential, and the client has not offered that",
        TLS_1_3,
        _UNASKED,
        hello="not extension:delegated_credential",
        rewrites=in_certificate_entry(with_extension(TYPE, _SOME)),
    ),
    Departure(
        "delegated-credential-with-another-certificate",
        "sends a delegated credential with a certificate behind its own",
        TLS_1_3,
        silent("RFC 9345 section 4.1.1"),
        hello="extension:delegated_credential",
        rewrites=_behind,
    ),
    _departure(
        "-expired",
        "signs with a delegated key that has expired an hour ago",
        _INVALID,
        _delegates(valid_seconds=-_HOUR),
    ),
    _departure(
        "-valid-for-too-long",
        "signs with a delegated key that is valid for an hour and seven days",
        _INVALID,
        _delegates(valid_seconds=MAX_VALIDITY_SECONDS + _HOUR),
    ),
    _departure(
        "-without-usage",
        "signs with a delegated key, which its certificate does not allow",
        _INVALID,
        _delegates(),
        certificate=PLAIN,
    ),
    _departure(
        "-signature-differs",
        "sends a delegated credential whose signature does not fit",
        _INVALID,
        _delegates(),
        _edited(_other_signature),
    ),
    _departure(
        "-time-differs",
        "sends a delegated credential that is valid for a second longer than was signed",
        _INVALID,
        _delegates(),
        _edited(lambda delegated: replace(delegated, valid_time=delegated.valid_time + 1)),
    ),
    _departure(
        "-scheme-not-offered",
        "signs with a delegated key of a scheme that the client does not list",
        _INVALID,
        _not_offered,
    ),
    _departure(
        "-of-another-scheme",
        "signs with another scheme than the delegated credential says",
        _INVALID,
        _delegates(said_scheme=SignatureScheme.ECDSA_SECP384R1_SHA384),
    ),
    _departure(
        "-trailing-byte",
        "puts a byte behind a delegated credential",
        _DECODE,
        _delegates(),
        in_certificate_entry(with_body(TYPE, lambda body: body + b"\x00")),
    ),
    _departure(
        "-cut-off",
        "leaves out the last byte of a delegated credential",
        _DECODE,
        _delegates(),
        in_certificate_entry(with_body(TYPE, lambda body: body[:-1])),
    ),
)
