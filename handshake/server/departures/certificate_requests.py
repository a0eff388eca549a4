"""The CertificateRequest: what it lists, its form and its size. The server asks for a certificate then."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from handshake.server.authorities import names_of_size
from handshake.server.departures.departure import (
    TLS_1_2,
    TLS_1_3,
    UP_TO_TLS_1_2,
    Demand,
    Departure,
    Scenario,
    Situation,
    must_go_on,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import (
    GREASE,
    UNKNOWN_TYPE,
    Edit,
    Rewrite,
    doubled,
    first_twice,
    in_certificate_request,
    one_byte_more,
    with_extension,
    without_extension,
)
from handshake.wire.extensions import push_certificate_authorities, push_signature_algorithms
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import (
    CertificateRequest,
    CertificateRequest13,
    pull_certificate_request,
    pull_certificate_request_13,
    push_certificate_request,
    push_certificate_request_13,
)
from handshake.wire.registry import AlertDescription, ExtensionType, HandshakeType, ProtocolVersion

_DECODE = must_refuse("RFC 5246 section 7.2.2", AlertDescription.DECODE_ERROR)
_DECODE_13 = must_refuse("RFC 8446 section 6.2", AlertDescription.DECODE_ERROR)
_UNKNOWN_SCHEMES = tuple(range(0xFD00, 0xFD20))


def _request(edit: Callable[[CertificateRequest], CertificateRequest]) -> Rewrite:
    def rewrite(situation: Situation, message: HandshakeMessage) -> tuple[HandshakeMessage, ...]:
        if message.handshake_type != HandshakeType.CERTIFICATE_REQUEST:
            return (message,)
        request = pull_certificate_request(message.body, situation.version)
        return (replace(message, body=push_certificate_request(edit(request))),)

    return rewrite


def _asks(name: str, title: str, versions: tuple[int, ...], demand: Demand, rewrites: Rewrite) -> Departure:
    return Departure(name, title, versions, demand, Scenario.CLIENT_CERTIFICATE, rewrites=rewrites)


def _extension(name: str, title: str, demand: Demand, edit: Edit) -> Departure:
    return _asks(name, title, TLS_1_3, demand, in_certificate_request(edit))


def _of_size(size: int) -> Rewrite:
    """Let the request's body have `size` bytes, by the names of authorities."""

    def rewrite(situation: Situation, message: HandshakeMessage) -> tuple[HandshakeMessage, ...]:
        if message.handshake_type != HandshakeType.CERTIFICATE_REQUEST:
            return (message,)
        if situation.version < ProtocolVersion.TLS_1_3:
            request = replace(
                pull_certificate_request(message.body, situation.version), certificate_authorities=()
            )
            names = names_of_size(size - len(push_certificate_request(request)))
            body = push_certificate_request(replace(request, certificate_authorities=names))
        else:
            modern = pull_certificate_request_13(message.body)
            names = names_of_size(size - len(message.body) - 6)
            listed = push_certificate_authorities(names)
            edit = with_extension(ExtensionType.CERTIFICATE_AUTHORITIES, listed)
            body = push_certificate_request_13(replace(modern, extensions=edit(modern.extensions)))
        return (replace(message, body=body),)

    return rewrite


def _sizes() -> Iterator[Departure]:
    for size in (16_384, 16_385, 32_768, 32_769, 65_500):
        yield _asks(
            f"certificate-request-of-{size}-bytes",
            f"sends a CertificateRequest whose body has {size:,} bytes, by the names of its authorities",
            (*UP_TO_TLS_1_2, *TLS_1_3),
            silent("RFC 5246 section 7.4.4, RFC 8446 section 4.2.4"),
            _of_size(size),
        )


DEPARTURES = (
    _asks(
        "certificate-request-with-255-types",
        "asks for every type of certificate there could be",
        UP_TO_TLS_1_2,
        must_go_on("RFC 5246 section 7.4.4"),
        _request(lambda request: replace(request, certificate_types=bytes(range(1, 256)))),
    ),
    _asks(
        "certificate-request-with-unknown-types",
        "asks for types of certificates that nobody knows",
        UP_TO_TLS_1_2,
        must_go_on("RFC 5246 section 7.4.4"),
        _request(lambda request: replace(request, certificate_types=b"\xe0\xe1")),
    ),
    _asks(
        "certificate-request-without-types",
        "asks for no type of certificate",
        UP_TO_TLS_1_2,
        _DECODE,
        _request(lambda request: replace(request, certificate_types=b"")),
    ),
    _asks(
        "certificate-request-without-schemes",
        "lists no signature scheme in its CertificateRequest",
        TLS_1_2,
        _DECODE,
        _request(lambda request: replace(request, supported_signature_algorithms=())),
    ),
    _asks(
        "certificate-request-with-unknown-schemes",
        "lists signature schemes that nobody knows",
        TLS_1_2,
        must_go_on("RFC 5246 section 7.4.4"),
        _request(lambda request: replace(request, supported_signature_algorithms=_UNKNOWN_SCHEMES)),
    ),
    _asks(
        "certificate-request-with-2000-schemes",
        "lists 2,000 signature schemes",
        TLS_1_2,
        must_go_on("RFC 5246 section 7.4.4"),
        _request(
            lambda request: replace(
                request,
                supported_signature_algorithms=(
                    *(request.supported_signature_algorithms or ()),
                    *range(0xE000, 0xE000 + 2000),
                ),
            )
        ),
    ),
    _asks(
        "certificate-request-with-empty-authority",
        "names an authority with an empty name",
        UP_TO_TLS_1_2,
        _DECODE,
        _request(lambda request: replace(request, certificate_authorities=(b"",))),
    ),
    _asks(
        "certificate-request-with-authority-not-der",
        "names an authority with bytes that are no name",
        UP_TO_TLS_1_2,
        silent("RFC 5246 section 7.4.4"),
        _request(lambda request: replace(request, certificate_authorities=(b"not DER",))),
    ),
    _asks(
        "certificate-request-trailing-byte",
        "puts a byte behind the CertificateRequest",
        (*UP_TO_TLS_1_2, *TLS_1_3),
        _DECODE,
        one_byte_more(HandshakeType.CERTIFICATE_REQUEST),
    ),
    _asks(
        "certificate-request-twice",
        "sends its CertificateRequest twice",
        (*UP_TO_TLS_1_2, *TLS_1_3),
        must_refuse("RFC 5246 section 7.4, RFC 8446 section 4", AlertDescription.UNEXPECTED_MESSAGE),
        doubled(HandshakeType.CERTIFICATE_REQUEST),
    ),
    _asks(
        "certificate-request-with-context",
        "sends a certificate_request_context during the handshake",
        TLS_1_3,
        silent("RFC 8446 section 4.3.2"),
        lambda _, message: (
            (
                replace(
                    message,
                    body=push_certificate_request_13(
                        CertificateRequest13(b"ctx", pull_certificate_request_13(message.body).extensions)
                    ),
                ),
            )
            if message.handshake_type == HandshakeType.CERTIFICATE_REQUEST
            else (message,)
        ),
    ),
    _extension(
        "certificate-request-without-signature-algorithms",
        "leaves signature_algorithms out of its CertificateRequest",
        must_refuse("RFC 8446 section 4.3.2", AlertDescription.MISSING_EXTENSION),
        lambda extensions: with_extension(UNKNOWN_TYPE)(
            without_extension(ExtensionType.SIGNATURE_ALGORITHMS)(extensions)
        ),
    ),
    _extension(
        "certificate-request-with-unknown-schemes-in-tls13",
        "lists signature schemes that nobody knows",
        must_go_on("RFC 8446 section 4.3.2"),
        with_extension(ExtensionType.SIGNATURE_ALGORITHMS, push_signature_algorithms(_UNKNOWN_SCHEMES)),
    ),
    _extension(
        "certificate-request-with-empty-schemes-in-tls13",
        "lists no signature scheme",
        _DECODE_13,
        with_extension(ExtensionType.SIGNATURE_ALGORITHMS, b"\x00\x00"),
    ),
    _extension(
        "certificate-request-with-extension-twice",
        "repeats the first extension of its CertificateRequest",
        silent("RFC 8446 section 4.2"),
        first_twice,
    ),
    _extension(
        "certificate-request-with-unknown-extension",
        "sends an extension in its CertificateRequest that has no registration, as it may",
        must_go_on("RFC 8446 section 4.3.2"),
        with_extension(UNKNOWN_TYPE),
    ),
    _extension(
        "certificate-request-with-grease",
        "sends an extension of a GREASE value in its CertificateRequest, as it may",
        must_go_on("RFC 8701 section 4.1"),
        with_extension(GREASE),
    ),
    _extension(
        "certificate-request-with-key-share",
        "sends key_share in its CertificateRequest",
        must_refuse("RFC 8446 section 4.2", AlertDescription.ILLEGAL_PARAMETER),
        with_extension(ExtensionType.KEY_SHARE, b"\x00\x00"),
    ),
    *_sizes(),
)
