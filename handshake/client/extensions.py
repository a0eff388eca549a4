"""What a server's extensions may be: in which message, how often, asked for or not, and with which body.

An extension that the hello did not ask for is unsupported_extension; one that has no place in the message, or
says what was not offered, illegal_parameter (RFC 8446 section 4.2, RFC 5246 section 7.4.1.4). A body is read
here if nobody else reads it. What is legal and changes what follows in a way that this engine does not know
is its own gap (UnsupportedParameter).
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum

from handshake.client.encrypted_client_hello import check_ech_answer, mind_public_names
from handshake.client.handshake import ClientHandshake
from handshake.errors import DecodeError, Fault, Parameter, PeerFault, UnsupportedParameter
from handshake.record_size import MIN_RECORD_SIZE_LIMIT
from handshake.wire.buffer import Reader
from handshake.wire.cipher_suites import TLS_EMPTY_RENEGOTIATION_INFO_SCSV
from handshake.wire.client_hello import ClientHello, Extension
from handshake.wire.extensions import (
    pull_alpn,
    pull_cookie,
    pull_ec_point_formats,
    pull_supported_groups,
)
from handshake.wire.messages import pull_ocsp_response
from handshake.wire.record import MAX_PLAINTEXT_LENGTH
from handshake.wire.registry import ExtensionType, extension_name, is_grease

_UNCOMPRESSED = 0
_MAX_RECORD_SIZE_LIMIT = 2**14 + 1
SMALL_RECORD_SIZE_LIMIT = 512
"""Below which GnuTLS takes none, unless it is told to (its manual, "%ALLOW_SMALL_RECORDS")."""


class Place(StrEnum):
    """The messages of a server that have extensions; the last two do not answer the hello's."""

    SERVER_HELLO = "ServerHello"
    SERVER_HELLO_13 = "ServerHello of TLS 1.3"
    HELLO_RETRY_REQUEST = "HelloRetryRequest"
    ENCRYPTED_EXTENSIONS = "EncryptedExtensions"
    CERTIFICATE = "Certificate"
    CERTIFICATE_REQUEST = "CertificateRequest"
    NEW_SESSION_TICKET = "NewSessionTicket"


_NAMES: Mapping[Place, str] = {
    Place.SERVER_HELLO: "server-hello",
    Place.SERVER_HELLO_13: "tls13-server-hello",
    Place.HELLO_RETRY_REQUEST: "retry",
    Place.ENCRYPTED_EXTENSIONS: "encrypted-extensions",
    Place.CERTIFICATE: "certificate-entry",
    Place.CERTIFICATE_REQUEST: "certificate-request",
    Place.NEW_SESSION_TICKET: "tls13-ticket",
}
"""What they are called in the names of faults."""

_E = ExtensionType
_SHARED = frozenset({_E.SUPPORTED_VERSIONS, _E.KEY_SHARE})
_PLACES: Mapping[Place, frozenset[int]] = {
    Place.SERVER_HELLO_13: _SHARED | {_E.PRE_SHARED_KEY},
    Place.HELLO_RETRY_REQUEST: _SHARED | {_E.COOKIE, _E.ENCRYPTED_CLIENT_HELLO},
    Place.CERTIFICATE: frozenset(
        {_E.STATUS_REQUEST, _E.SIGNED_CERTIFICATE_TIMESTAMP, _E.DELEGATED_CREDENTIAL}
    ),
}
"""Where TLS 1.3 has few (the table of RFC 8446 section 4.2; RFC 9345 section 4, RFC 9849 section 5)."""

_NEVER_ENCRYPTED = frozenset(
    {
        _E.STATUS_REQUEST,
        _E.EC_POINT_FORMATS,
        _E.SIGNATURE_ALGORITHMS,
        _E.SIGNED_CERTIFICATE_TIMESTAMP,
        _E.PADDING,
        _E.ENCRYPT_THEN_MAC,
        _E.EXTENDED_MASTER_SECRET,
        _E.COMPRESS_CERTIFICATE,
        _E.SESSION_TICKET,
        _E.PRE_SHARED_KEY,
        _E.SUPPORTED_VERSIONS,
        _E.COOKIE,
        _E.PSK_KEY_EXCHANGE_MODES,
        _E.CERTIFICATE_AUTHORITIES,
        _E.POST_HANDSHAKE_AUTH,
        _E.SIGNATURE_ALGORITHMS_CERT,
        _E.KEY_SHARE,
        _E.DELEGATED_CREDENTIAL,
        _E.RENEGOTIATION_INFO,
    }
)
"""What has no place in EncryptedExtensions; what no RFC of TLS 1.3 places anywhere else may be there."""

_NEVER_IN_TLS_1_2 = frozenset(
    {
        _E.SIGNATURE_ALGORITHMS,  # RFC 5246 section 7.4.1.4.1: servers MUST NOT send it
        _E.SIGNATURE_ALGORITHMS_CERT,
        _E.PADDING,
        _E.COMPRESS_CERTIFICATE,
        _E.PRE_SHARED_KEY,
        _E.COOKIE,
        _E.PSK_KEY_EXCHANGE_MODES,
        _E.CERTIFICATE_AUTHORITIES,
        _E.POST_HANDSHAKE_AUTH,
        _E.KEY_SHARE,
        _E.EARLY_DATA,
        _E.ENCRYPTED_CLIENT_HELLO,  # RFC 9849 section 5 has it in messages of TLS 1.3
        _E.APPLICATION_SETTINGS,  # as does draft-vvv-tls-alps-01
        _E.APPLICATION_SETTINGS_NEW,
    }
)

_CHANGE_WHAT_FOLLOWS = frozenset(
    {
        _E.TRUNCATED_HMAC,
        _E.CACHED_INFO,
        _E.TLS_LTS,
        _E.CHANNEL_ID_OLD,
        _E.CHANNEL_ID,
    }
)
"""Once answered they change records, messages or signatures, in a way that this engine does not know."""

_CERTIFICATE_TYPES = frozenset({_E.CERT_TYPE, _E.SERVER_CERTIFICATE_TYPE})
_X509 = b"\x00"
"""The only certificate type (RFC 6091 section 3.3, RFC 7250 section 4.2) that is read here."""


def check_extensions(
    handshake: ClientHandshake, answered: Iterable[Extension], place: Place
) -> dict[int, bytes]:
    """Judge the extensions of one block; return the bodies of those that count, by type. What the client
    being played passes over does not count.

    Raises PeerFault, UnsupportedParameter for what is legal and not known here.
    """
    extensions = tuple(answered)
    if not extensions:
        return {}
    sent = handshake.sent
    offered = {extension.extension_type for extension in sent.extensions or ()}
    if TLS_EMPTY_RENEGOTIATION_INFO_SCSV in sent.cipher_suites:
        offered.add(ExtensionType.RENEGOTIATION_INFO)  # RFC 5746 section 3.4
    if place is Place.HELLO_RETRY_REQUEST:
        offered.add(ExtensionType.COOKIE)
    check_once(handshake, extensions, place)
    counted: dict[int, bytes] = {}
    for extension in extensions:
        fault = _fault_of(extension, place, offered)
        if fault is not None and _is_unreadable(sent, extension, place):
            named, *others = fault.names
            fault.names = (named, f"{_kebab(extension)}-unasked-and-unreadable", *others)
        if fault is not None:
            handshake.judge(fault)
            if (
                extension.extension_type != ExtensionType.SESSION_TICKET
            ):  # what it announces comes all the same
                continue
        code, body = extension.extension_type, extension.body
        _judge_body(handshake, extension, place)
        if code in _CHANGE_WHAT_FOLLOWS or (code in _CERTIFICATE_TYPES and body != _X509):
            raise UnsupportedParameter(Parameter.EXTENSION, extension_name(code))
        counted.setdefault(code, body)
    return counted


def _is_unreadable(sent: ClientHello, extension: Extension, place: Place) -> bool:
    """Whether the body breaks off or has no meaning at all, which some see before the rest."""
    try:
        _check_body(sent, extension, place)
    except DecodeError:
        return True
    except PeerFault:
        return False
    return False


def _fault_of(extension: Extension, place: Place, offered: AbstractSet[int]) -> PeerFault | None:
    """What is wrong with an extension's being there."""
    code = extension.extension_type
    if code in offered and _has_place(code, place) and not is_grease(code):
        return None
    name, kebab = extension_name(code), _kebab(extension)
    named, message = f"{_NAMES[place]}-with-{kebab}", _NAMES[place]
    if is_grease(code):
        detail = f"the {place} answers the GREASE extension 0x{code:04x}"
    elif code not in offered:
        detail = f"the {place} answers {name}, which was not offered"
    else:
        detail = f"the {place} has {name}, which has no place there"
        return PeerFault(
            Fault.ILLEGAL_PARAMETER, detail, named, f"{message}-extension-misplaced", "extension-misplaced"
        )
    names = (named, f"{kebab}-unasked", f"{message}-extension-unasked", "extension-unasked")
    # RFC 9345 section 4.1.1 has an alert of its own.
    is_delegation = code == ExtensionType.DELEGATED_CREDENTIAL and place is Place.CERTIFICATE
    return PeerFault(
        Fault.UNEXPECTED_MESSAGE if is_delegation else Fault.UNSUPPORTED_EXTENSION, detail, *names
    )


def _kebab(extension: Extension) -> str:
    """The extension's name as faults are named."""
    code = extension.extension_type
    if is_grease(code):
        return "grease"
    known = extension_name(code)
    return "unknown" if known.startswith("0x") else known.replace("_", "-")


def check_once(handshake: ClientHandshake, extensions: Iterable[Extension], message: Place) -> None:
    """Refuse a block with an extension that is there twice (RFC 5246 section 7.4.1.4, RFC 8446 section 4.2,
    which name no alert). Of CertificateRequest and NewSessionTicket that is all: unknown ones do not matter.
    """
    seen = set()
    for extension in extensions:
        if extension.extension_type in seen:
            handshake.judge(
                PeerFault(
                    Fault.DECODE,
                    f"the {message} has {extension_name(extension.extension_type)} twice",
                    f"{_NAMES[message]}-with-{_kebab(extension)}-twice",
                    f"{_NAMES[message]}-extension-twice",
                    "extension-twice",
                )
            )
        seen.add(extension.extension_type)


def _has_place(code: int, place: Place) -> bool:
    if place is Place.SERVER_HELLO:
        return code not in _NEVER_IN_TLS_1_2
    if place is Place.ENCRYPTED_EXTENSIONS:
        return code not in _NEVER_ENCRYPTED
    return code in _PLACES[place]


def _judge_body(handshake: ClientHandshake, extension: Extension, place: Place) -> None:
    """Judge a body that nobody else reads."""
    if extension.extension_type == _E.RECORD_SIZE_LIMIT:
        limit = int.from_bytes(extension.body, "big")
        if limit > MAX_PLAINTEXT_LENGTH and place is Place.SERVER_HELLO:
            detail = "record_size_limit is more than a record of TLS 1.2 may hold"
            handshake.mind(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "record-size-limit-over-16384"))
        if MIN_RECORD_SIZE_LIMIT <= limit < SMALL_RECORD_SIZE_LIMIT:
            detail = f"record_size_limit is {limit}"
            handshake.mind(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "record-size-limit-below-512"))
    try:
        _check_body(handshake.sent, extension, place)
    except PeerFault as fault:
        kebab = _kebab(extension)
        flaw = fault.flaw if isinstance(fault, DecodeError) else ""
        particular = (f"{kebab}-{flaw}",) if flaw else ()
        fault.names += (*particular, f"{_NAMES[place]}-with-{kebab}-body", f"{kebab}-body", "extension-body")
        handshake.judge(fault)
        return
    if extension.extension_type == _E.ENCRYPTED_CLIENT_HELLO and place is Place.ENCRYPTED_EXTENSIONS:
        mind_public_names(handshake, extension.body)


def _check_body(sent: ClientHello, extension: Extension, place: Place) -> None:
    code, body, name = extension.extension_type, extension.body, extension_name(extension.extension_type)
    if code in _EMPTY and not (code == _E.STATUS_REQUEST and place is Place.CERTIFICATE):
        if body:
            raise DecodeError(f"the {place}'s {name} is not empty")
    elif code == _E.STATUS_REQUEST:
        pull_ocsp_response(body)
    elif code == _E.ENCRYPTED_CLIENT_HELLO:
        check_ech_answer(body, is_retry=place is Place.HELLO_RETRY_REQUEST)
    elif code in _BODIES:
        _BODIES[code](sent, body)


def _check_alpn(sent: ClientHello, body: bytes) -> None:
    """One protocol, of those offered (RFC 7301 section 3.1)."""
    names = pull_alpn(body)
    if len(names) > 1:
        detail = f"application_layer_protocol_negotiation answers with {len(names)} protocols"
        raise PeerFault(Fault.DECODE, detail, "alpn-two-protocols")
    if not names or not names[0]:
        detail = "application_layer_protocol_negotiation answers with no protocol"
        raise DecodeError(detail, 0, "alpn-empty-list")
    code = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION
    offered = sent.extension(code)
    if offered is not None and names[0] not in pull_alpn(offered):
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            f"the server selects the protocol {names[0]!r}, not offered",
            "alpn-not-offered",
        )


def _check_point_formats(sent: ClientHello, body: bytes) -> None:
    """Uncompressed points must be among the formats (RFC 8422 section 5.2)."""
    del sent
    formats = pull_ec_point_formats(body)
    if not formats:
        raise DecodeError("ec_point_formats: empty", 0, "ec-point-formats-empty")
    if _UNCOMPRESSED not in formats:
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            "ec_point_formats has no uncompressed points",
            "ec-point-formats-without-uncompressed",
        )


def _check_max_fragment_length(sent: ClientHello, body: bytes) -> None:
    """The length that was asked for (RFC 6066 section 4)."""
    if body != sent.extension(ExtensionType.MAX_FRAGMENT_LENGTH):
        raise PeerFault(Fault.ILLEGAL_PARAMETER, "max_fragment_length is not the one that was asked for")


def _check_record_size_limit(sent: ClientHello, body: bytes) -> None:
    """64 bytes or more (RFC 8449 section 4)."""
    del sent
    with Reader(body) as reader:
        limit = reader.pull_uint(2, "record_size_limit")
    if not MIN_RECORD_SIZE_LIMIT <= limit <= _MAX_RECORD_SIZE_LIMIT:
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER, f"record_size_limit is {limit}", f"record-size-limit-{limit}"
        )


def _check_timestamps(sent: ClientHello, body: bytes) -> None:
    """A list of one or more, none of them empty (RFC 6962 section 3.3)."""
    del sent
    with Reader(body) as reader, reader.block(2, "sct_list") as block:
        if not block.remaining:
            raise DecodeError("signed_certificate_timestamp: an empty list")
        while block.remaining:
            if not block.pull_vector(2, "serialized_sct"):
                raise DecodeError("signed_certificate_timestamp: an empty entry")


def _check_cookie(sent: ClientHello, body: bytes) -> None:
    """At least one byte (RFC 8446 section 4.2.2)."""
    del sent
    if not pull_cookie(body):
        raise DecodeError("cookie: empty")


def _check_groups(sent: ClientHello, body: bytes) -> None:
    """A list that can be read; what is in it says nothing of this connection (RFC 8446 section 4.2.7)."""
    del sent
    pull_supported_groups(body)


_EMPTY = frozenset(
    {
        _E.SERVER_NAME,  # RFC 6066 section 3
        _E.STATUS_REQUEST,  # section 8 there; in a Certificate of TLS 1.3 it is the answer itself
        _E.EXTENDED_MASTER_SECRET,  # RFC 7627 section 5.1
        _E.ENCRYPT_THEN_MAC,  # RFC 7366 section 2
        _E.SESSION_TICKET,  # RFC 5077 section 3.2
    }
)
_BODIES: Mapping[int, Callable[[ClientHello, bytes], None]] = {
    _E.APPLICATION_LAYER_PROTOCOL_NEGOTIATION: _check_alpn,
    _E.EC_POINT_FORMATS: _check_point_formats,
    _E.MAX_FRAGMENT_LENGTH: _check_max_fragment_length,
    _E.RECORD_SIZE_LIMIT: _check_record_size_limit,
    _E.SIGNED_CERTIFICATE_TIMESTAMP: _check_timestamps,
    _E.COOKIE: _check_cookie,
    _E.SUPPORTED_GROUPS: _check_groups,
}
