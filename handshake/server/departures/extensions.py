"""Extensions in a message they do not belong to, and answers whose value was not offered.

RFC 8446 section 4.2 has a table of which extension goes into which message; one that is recognized and not
meant for the message is illegal_parameter, one that was not asked for unsupported_extension. Each extension
of the table that clients send is put into the ServerHello and the EncryptedExtensions it does not belong to.
"""

from collections.abc import Iterator

from handshake.server.departures.departure import (
    TLS_1_3,
    UP_TO_TLS_1_2,
    Demand,
    Departure,
    must_go_on,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import (
    GREASE,
    UNKNOWN_TYPE,
    Edit,
    in_encrypted_extensions,
    in_server_hello,
    one_byte_more,
    twice,
    with_extension,
)
from handshake.wire.extensions import (
    push_alpn,
    push_key_share,
    push_signature_algorithms,
    push_supported_groups,
)
from handshake.wire.registry import (
    AlertDescription,
    ExtensionType,
    HandshakeType,
    NamedGroup,
    SignatureScheme,
)

_MISPLACED = must_refuse("RFC 8446 section 4.2", AlertDescription.ILLEGAL_PARAMETER)
_UNASKED = must_refuse("RFC 5246 section 7.4.1.4", AlertDescription.UNSUPPORTED_EXTENSION)
_UNASKED_13 = must_refuse("RFC 8446 section 4.2", AlertDescription.UNSUPPORTED_EXTENSION)
_ALPN = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION
_BODIES = {
    ExtensionType.SERVER_NAME: b"",
    ExtensionType.SUPPORTED_GROUPS: push_supported_groups((NamedGroup.X25519,)),
    ExtensionType.EC_POINT_FORMATS: b"\x01\x00",
    ExtensionType.SIGNATURE_ALGORITHMS: push_signature_algorithms((SignatureScheme.RSA_PSS_RSAE_SHA256,)),
    _ALPN: push_alpn((b"http/1.1",)),
    ExtensionType.EXTENDED_MASTER_SECRET: b"",
    ExtensionType.ENCRYPT_THEN_MAC: b"",
    ExtensionType.SESSION_TICKET: b"",
    ExtensionType.PSK_KEY_EXCHANGE_MODES: b"\x01\x01",
    ExtensionType.RENEGOTIATION_INFO: b"\x00",
    ExtensionType.KEY_SHARE: push_key_share((NamedGroup.X25519, b"\x09" * 32)),
    ExtensionType.SUPPORTED_VERSIONS: b"\x03\x04",
}
_BELONG = frozenset({ExtensionType.KEY_SHARE, ExtensionType.SUPPORTED_VERSIONS})
"""Of these, what belongs into a ServerHello of TLS 1.3."""
_ENCRYPTED = frozenset({ExtensionType.SERVER_NAME, ExtensionType.SUPPORTED_GROUPS, _ALPN})
"""Of these, what belongs into EncryptedExtensions."""


_NEEDED = _BELONG | {ExtensionType.SUPPORTED_GROUPS, ExtensionType.SIGNATURE_ALGORITHMS}
"""Of these, what every hello of TLS 1.3 has (RFC 8446 section 9.2)."""
_OTHERWISE_13 = {ExtensionType.RENEGOTIATION_INFO: must_refuse("RFC 8446 section 4.2")}
"""What is demanded where the hello has no such extension, if not unsupported_extension alone: the signalling
suite of RFC 5746 stands for renegotiation_info, which is then misplaced.
"""


def _misplaced() -> Iterator[Departure]:
    for extension, content in _BODIES.items():
        word = "alpn" if extension is _ALPN else extension.name.lower()
        name, put = word.replace("_", "-"), with_extension(extension, content)
        asked = f"extension:{'application_layer_protocol_negotiation' if word == 'alpn' else word}"
        otherwise = None if extension in _NEEDED else _OTHERWISE_13.get(extension, _UNASKED_13)
        if extension not in _BELONG:
            yield Departure(
                f"tls13-server-hello-with-{name}",
                f"sends {word}, which the client has offered, in a ServerHello of TLS 1.3",
                TLS_1_3,
                _MISPLACED,
                hello=asked,
                otherwise=otherwise,
                rewrites=in_server_hello(put),
            )
        if extension not in _ENCRYPTED:
            yield Departure(
                f"encrypted-extensions-with-{name}",
                f"sends {word}, which the client has offered, in EncryptedExtensions",
                TLS_1_3,
                _MISPLACED,
                hello=asked,
                otherwise=otherwise,
                rewrites=in_encrypted_extensions(put),
            )


def _answer(
    name: str, title: str, extension: int, content: bytes, demands: tuple[Demand, Demand], hello: str
) -> Iterator[Departure]:
    """An answer that goes into the ServerHello up to TLS 1.2, into EncryptedExtensions in TLS 1.3. One that
    is wrong for a hello that asks for it is unasked for a hello that does not.
    """
    put: Edit = with_extension(extension, content)
    is_for_asking = not hello.startswith("not ")
    yield Departure(
        name,
        title,
        UP_TO_TLS_1_2,
        demands[0],
        hello=hello,
        otherwise=_UNASKED if is_for_asking else None,
        rewrites=in_server_hello(put),
    )
    yield Departure(
        f"{name}-in-tls13",
        title,
        TLS_1_3,
        demands[1],
        hello=hello,
        otherwise=_UNASKED_13 if is_for_asking else None,
        rewrites=in_encrypted_extensions(put),
    )


def _both(demand: Demand) -> tuple[Demand, Demand]:
    return demand, demand


_HAS_ALPN = "extension:application_layer_protocol_negotiation"
_HAS_LIMIT = "extension:record_size_limit"
_HAS_LENGTH = "extension:max_fragment_length"
_LENGTH = must_refuse("RFC 6066 section 4", AlertDescription.ILLEGAL_PARAMETER)
_LIMIT = must_refuse("RFC 8449 section 4", AlertDescription.ILLEGAL_PARAMETER)

DEPARTURES = (
    *_misplaced(),
    *_answer(
        "alpn-not-offered",
        "chooses an application protocol that the client did not offer",
        _ALPN,
        push_alpn((b"not-offered/9",)),
        _both(silent("RFC 7301 section 3.2")),
        _HAS_ALPN,
    ),
    *_answer(
        "alpn-two-protocols",
        "answers with two application protocols",
        _ALPN,
        push_alpn((b"http/1.1", b"h2")),
        _both(silent("RFC 7301 section 3.1")),
        _HAS_ALPN,
    ),
    *_answer(
        "alpn-empty-list",
        "answers with an empty list of application protocols",
        _ALPN,
        b"\x00\x00",
        _both(silent("RFC 7301 section 3.1")),
        _HAS_ALPN,
    ),
    *_answer(
        "alpn-unasked",
        "chooses an application protocol though the client named none",
        _ALPN,
        push_alpn((b"http/1.1",)),
        (_UNASKED, _UNASKED_13),
        f"not {_HAS_ALPN}",
    ),
    *_answer(
        "max-fragment-length-differs",
        "answers max_fragment_length with another length than was asked for",
        ExtensionType.MAX_FRAGMENT_LENGTH,
        b"\x03",
        _both(_LENGTH),
        _HAS_LENGTH,
    ),
    *_answer(
        "max-fragment-length-unasked",
        "answers max_fragment_length though it was not asked for",
        ExtensionType.MAX_FRAGMENT_LENGTH,
        b"\x04",
        (_UNASKED, _UNASKED_13),
        f"not {_HAS_LENGTH}",
    ),
    *_answer(
        "record-size-limit-63",
        "answers record_size_limit with 63, which is less than the least",
        ExtensionType.RECORD_SIZE_LIMIT,
        b"\x00\x3f",
        _both(_LIMIT),
        _HAS_LIMIT,
    ),
    *_answer(
        "record-size-limit-65535",
        "answers record_size_limit with more than a record can hold",
        ExtensionType.RECORD_SIZE_LIMIT,
        b"\xff\xff",
        _both(silent("RFC 8449 section 4")),
        _HAS_LIMIT,
    ),
    *_answer(
        "record-size-limit-unasked",
        "answers record_size_limit though it was not asked for",
        ExtensionType.RECORD_SIZE_LIMIT,
        b"\x40\x01",
        (_UNASKED, _UNASKED_13),
        f"not {_HAS_LIMIT}",
    ),
    Departure(
        "encrypted-extensions-unknown",
        "sends an extension in EncryptedExtensions that has no registration",
        TLS_1_3,
        _UNASKED_13,
        rewrites=in_encrypted_extensions(with_extension(UNKNOWN_TYPE)),
    ),
    Departure(
        "encrypted-extensions-grease",
        "sends an extension of a GREASE value in EncryptedExtensions",
        TLS_1_3,
        must_refuse("RFC 8701 section 3.1"),
        rewrites=in_encrypted_extensions(with_extension(GREASE)),
    ),
    Departure(
        "encrypted-extensions-supported-groups",
        "sends supported_groups in EncryptedExtensions, as it may",
        TLS_1_3,
        must_go_on("RFC 8446 section 4.2.7"),
        rewrites=in_encrypted_extensions(
            with_extension(ExtensionType.SUPPORTED_GROUPS, _BODIES[ExtensionType.SUPPORTED_GROUPS])
        ),
    ),
    Departure(
        "encrypted-extensions-supported-groups-twice",
        "sends supported_groups twice in EncryptedExtensions",
        TLS_1_3,
        silent("RFC 8446 section 4.2"),
        rewrites=in_encrypted_extensions(
            twice(ExtensionType.SUPPORTED_GROUPS, _BODIES[ExtensionType.SUPPORTED_GROUPS])
        ),
    ),
    Departure(
        "encrypted-extensions-early-data-unasked",
        "accepts early data that the client did not offer",
        TLS_1_3,
        _UNASKED_13,
        rewrites=in_encrypted_extensions(with_extension(ExtensionType.EARLY_DATA)),
    ),
    Departure(
        "encrypted-extensions-server-name-not-empty",
        "answers server_name in EncryptedExtensions with a body that is not empty",
        TLS_1_3,
        silent("RFC 6066 section 3"),
        hello="extension:server_name",
        otherwise=_UNASKED_13,
        rewrites=in_encrypted_extensions(with_extension(ExtensionType.SERVER_NAME, b"\x00\x00")),
    ),
    Departure(
        "encrypted-extensions-trailing-byte",
        "puts a byte behind the block of EncryptedExtensions",
        TLS_1_3,
        must_refuse("RFC 8446 section 6.2", AlertDescription.DECODE_ERROR),
        rewrites=one_byte_more(HandshakeType.ENCRYPTED_EXTENSIONS),
    ),
)
