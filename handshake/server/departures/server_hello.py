"""The ServerHello apart from what it chooses: its session id, its form, extensions that are in it twice, in
a form of their own, or not asked for.
"""

from msgspec.structs import replace

from handshake.server.departures.departure import (
    ALL_VERSIONS,
    TLS_1_3,
    UP_TO_TLS_1_2,
    Departure,
    Situation,
    may_refuse,
    must_go_on,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import (
    GREASE,
    UNKNOWN_TYPE,
    body,
    first_twice,
    in_server_hello,
    one_byte_less,
    one_byte_more,
    server_hello,
    twice,
    with_body,
    with_extension,
    without_extension,
)
from handshake.wire.extensions import push_key_share, push_signature_algorithms, push_supported_groups
from handshake.wire.messages import ServerHello
from handshake.wire.registry import (
    AlertDescription,
    ExtensionType,
    HandshakeType,
    NamedGroup,
    SignatureScheme,
)

_DECODE = must_refuse("RFC 5246 section 7.2.2", AlertDescription.DECODE_ERROR)
_DECODE_13 = must_refuse("RFC 8446 section 6.2", AlertDescription.DECODE_ERROR)
_UNASKED = must_refuse("RFC 5246 section 7.4.1.4", AlertDescription.UNSUPPORTED_EXTENSION)
_UNASKED_13 = must_refuse("RFC 8446 section 4.2", AlertDescription.UNSUPPORTED_EXTENSION)
_ECHO = must_refuse("RFC 8446 section 4.1.3", AlertDescription.ILLEGAL_PARAMETER)
_SHARE = must_refuse("RFC 8446 section 4.2.8", AlertDescription.ILLEGAL_PARAMETER)
_SCHEMES = push_signature_algorithms((SignatureScheme.RSA_PSS_RSAE_SHA256,))
_GROUPS = push_supported_groups((NamedGroup.X25519, NamedGroup.SECP256R1))


def _wrong_echo(_: Situation, hello: ServerHello) -> ServerHello:
    session_id = hello.session_id or b"\x00"
    return replace(hello, session_id=bytes((session_id[0] ^ 1,)) + session_id[1:])


def _echo(situation: Situation, hello: ServerHello) -> ServerHello:
    return replace(hello, session_id=situation.hello.session_id or hello.session_id)


def _long_block(content: bytes) -> bytes:
    """Let the length of the extension block, which is behind the compression method, say one byte more."""
    at = 2 + 32 + 1 + content[34] + 2 + 1
    length = int.from_bytes(content[at : at + 2], "big") + 1
    return content[:at] + length.to_bytes(2, "big") + content[at + 2 :]


DEPARTURES = (
    Departure(
        "session-id-echo-wrong",
        "sends another legacy_session_id_echo than came",
        TLS_1_3,
        _ECHO,
        rewrites=server_hello(_wrong_echo),
    ),
    Departure(
        "session-id-echo-empty",
        "sends an empty legacy_session_id_echo",
        TLS_1_3,
        _ECHO,
        hello="session-id",
        rewrites=server_hello(lambda _, hello: replace(hello, session_id=b"")),
    ),
    Departure(
        "session-id-33-bytes",
        "sends a session id of 33 bytes",
        ALL_VERSIONS,
        _DECODE,
        rewrites=server_hello(lambda _, hello: replace(hello, session_id=bytes(33))),
    ),
    Departure(
        "session-id-echoed-without-resuming",
        "repeats the session id of the hello and then makes a full handshake",
        UP_TO_TLS_1_2,
        silent("RFC 5246 section 7.4.1.3"),
        hello="session-id",
        rewrites=server_hello(_echo),
    ),
    Departure(
        "server-hello-trailing-byte",
        "puts a byte behind the extensions of the ServerHello",
        ALL_VERSIONS,
        _DECODE,
        rewrites=one_byte_more(HandshakeType.SERVER_HELLO),
    ),
    Departure(
        "server-hello-cut-off",
        "leaves out the last byte of the ServerHello",
        ALL_VERSIONS,
        _DECODE,
        rewrites=one_byte_less(HandshakeType.SERVER_HELLO),
    ),
    Departure(
        "server-hello-extension-block-too-long",
        "gives the extension block of the ServerHello a length of a byte too much",
        ALL_VERSIONS,
        _DECODE,
        rewrites=body(HandshakeType.SERVER_HELLO, _long_block),
    ),
    Departure(
        "server-hello-empty-extension-block",
        "sends an extension block with nothing in it",
        UP_TO_TLS_1_2,
        may_refuse("RFC 5746 section 3.4", AlertDescription.HANDSHAKE_FAILURE),
        agrees=lambda _, agreed: replace(
            agreed, renegotiation_info=False, extended_master_secret=False, encrypt_then_mac=False
        ),
        rewrites=in_server_hello(lambda _: ()),
    ),
    Departure(
        "server-hello-extensions-reversed",
        "sends the extensions of the ServerHello in another order",
        ALL_VERSIONS,
        must_go_on("RFC 5246 section 7.4.1.4"),
        rewrites=in_server_hello(lambda extensions: extensions[::-1]),
    ),
    Departure(
        "server-hello-extension-twice",
        "repeats the first extension of the ServerHello",
        ALL_VERSIONS,
        silent("RFC 5246 section 7.4.1.4, RFC 8446 section 4.2"),
        rewrites=in_server_hello(first_twice),
    ),
    Departure(
        "server-hello-unknown-extension",
        "sends an extension in the ServerHello that has no registration",
        ALL_VERSIONS,
        _UNASKED,
        rewrites=in_server_hello(with_extension(UNKNOWN_TYPE)),
    ),
    Departure(
        "server-hello-unknown-extension-twice",
        "sends an extension without registration twice in the ServerHello",
        ALL_VERSIONS,
        must_refuse("RFC 5246 section 7.4.1.4, RFC 8446 section 4.2"),  # twice and unasked: either alert
        rewrites=in_server_hello(twice(UNKNOWN_TYPE)),
    ),
    Departure(
        "server-hello-grease-extension",
        "sends an extension of a GREASE value in the ServerHello",
        ALL_VERSIONS,
        must_refuse("RFC 8701 section 3.1"),
        rewrites=in_server_hello(with_extension(GREASE)),
    ),
    Departure(
        "server-hello-with-signature-algorithms",
        "sends signature_algorithms in the ServerHello",
        UP_TO_TLS_1_2,
        silent("RFC 5246 section 7.4.1.4.1"),
        hello="extension:signature_algorithms",
        otherwise=_UNASKED,
        rewrites=in_server_hello(with_extension(ExtensionType.SIGNATURE_ALGORITHMS, _SCHEMES)),
    ),
    Departure(
        "server-hello-with-supported-groups",
        "sends supported_groups in the ServerHello",
        UP_TO_TLS_1_2,
        may_refuse("RFC 8422 section 5.1"),
        hello="extension:supported_groups",
        otherwise=_UNASKED,
        rewrites=in_server_hello(with_extension(ExtensionType.SUPPORTED_GROUPS, _GROUPS)),
    ),
    Departure(
        "server-name-answer-not-empty",
        "answers server_name with a body that is not empty",
        UP_TO_TLS_1_2,
        silent("RFC 6066 section 3"),
        hello="extension:server_name",
        otherwise=_UNASKED,
        rewrites=in_server_hello(with_extension(ExtensionType.SERVER_NAME, b"\x00\x00")),
    ),
    Departure(
        "ec-point-formats-without-uncompressed",
        "answers ec_point_formats without the uncompressed format",
        UP_TO_TLS_1_2,
        silent("RFC 8422 section 5.2"),
        hello="extension:ec_point_formats",
        otherwise=_UNASKED,
        rewrites=in_server_hello(with_extension(ExtensionType.EC_POINT_FORMATS, b"\x01\x01")),
    ),
    Departure(
        "ec-point-formats-empty",
        "answers ec_point_formats with an empty list",
        UP_TO_TLS_1_2,
        _DECODE,
        hello="extension:ec_point_formats",
        otherwise=_UNASKED,
        rewrites=in_server_hello(with_extension(ExtensionType.EC_POINT_FORMATS, b"\x00")),
    ),
    Departure(
        "key-share-missing",
        "sends no key_share in TLS 1.3",
        TLS_1_3,
        silent("RFC 8446 section 4.2.8"),
        rewrites=in_server_hello(without_extension(ExtensionType.KEY_SHARE)),
    ),
    Departure(
        "key-share-of-a-group-without-share",
        "sends a key_share of a group for which the client sent none",
        TLS_1_3,
        _SHARE,
        rewrites=in_server_hello(
            with_extension(ExtensionType.KEY_SHARE, push_key_share((NamedGroup.X448, b"\x05" * 56)))
        ),
    ),
    Departure(
        "key-share-grease",
        "sends a key_share of a GREASE group",
        TLS_1_3,
        _SHARE,
        rewrites=in_server_hello(with_extension(ExtensionType.KEY_SHARE, push_key_share((GREASE, b"\x00")))),
    ),
    Departure(
        "key-share-empty-key",
        "sends a key_share without a key",
        TLS_1_3,
        _DECODE_13,
        rewrites=in_server_hello(with_body(ExtensionType.KEY_SHARE, lambda share: share[:2] + b"\x00\x00")),
    ),
    Departure(
        "key-share-trailing-byte",
        "puts a byte behind the key in key_share",
        TLS_1_3,
        _DECODE_13,
        rewrites=in_server_hello(with_body(ExtensionType.KEY_SHARE, lambda share: share + b"\x00")),
    ),
    Departure(
        "supported-versions-as-a-list",
        "writes supported_versions in the form of a client, a list",
        TLS_1_3,
        _DECODE_13,
        rewrites=in_server_hello(
            with_body(ExtensionType.SUPPORTED_VERSIONS, lambda chosen: b"\x02" + chosen)
        ),
    ),
    Departure(
        "pre-shared-key-not-offered",
        "answers with pre_shared_key where none was offered",
        TLS_1_3,
        _UNASKED_13,
        hello="not extension:pre_shared_key",
        rewrites=in_server_hello(with_extension(ExtensionType.PRE_SHARED_KEY, b"\x00\x00")),
    ),
    Departure(
        "cookie-in-server-hello",
        "sends a cookie in the ServerHello",
        TLS_1_3,
        must_refuse("RFC 8446 section 4.2"),  # misplaced and unasked: either alert
        rewrites=in_server_hello(with_extension(ExtensionType.COOKIE, b"\x00\x01\x00")),
    ),
)
