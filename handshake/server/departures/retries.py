"""HelloRetryRequests that need not be, ask for what cannot be given, or are not kept to (RFC 8446 section
4.1.4).

The server sends one whatever key shares came: it asks for another group that both sides have, where there is
one, so that what is odd about it is only what the departure says.
"""

from msgspec.structs import replace

from handshake.crypto.suite_parameters import suite_parameters
from handshake.server.choice import Choice
from handshake.server.departures.departure import (
    TLS_1_3,
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
    Rewrite,
    first_twice,
    in_retry_request,
    one_byte_more,
    retry_request,
    server_hello,
    with_body,
    with_extension,
    without_extension,
)
from handshake.wire.extensions import push_cookie, push_selected_group, push_selected_version
from handshake.wire.registry import (
    AlertDescription,
    ExtensionType,
    HandshakeType,
    NamedGroup,
    ProtocolVersion,
)

_NO_CHANGE = must_refuse("RFC 8446 section 4.1.4", AlertDescription.ILLEGAL_PARAMETER)
_GROUP = must_refuse("RFC 8446 section 4.2.8", AlertDescription.ILLEGAL_PARAMETER)
_DECODE = must_refuse("RFC 8446 section 6.2", AlertDescription.DECODE_ERROR)


def another(_: Situation, groups: tuple[int, ...], shares: tuple[int, ...]) -> int | None:
    """A group in common for which no share came, as a right server asks; else one that came."""
    return next((group for group in groups if group not in shares), groups[0] if groups else None)


def _the_same(_: Situation, groups: tuple[int, ...], shares: tuple[int, ...]) -> int | None:
    return next((group for group in groups if group in shares), None)


def _retry(name: str, title: str, demand: Demand, rewrites: Rewrite, retries: int = 1) -> Departure:
    return Departure(
        name,
        title,
        TLS_1_3,
        demand,
        Scenario.RETRY,
        asks_again=another,
        rewrites=rewrites,
        retries=retries,
    )


def _other_suite(situation: Situation, chosen: Choice) -> Choice:
    """In the answer to the second hello, another suite of the same hash."""
    if situation.hello.extension(ExtensionType.COOKIE) is None:
        return chosen
    other = 0x1303 if chosen.suite.cipher_suite == 0x1301 else 0x1301
    return replace(chosen, suite=suite_parameters(other))


def _group(group: int) -> Rewrite:
    return in_retry_request(with_extension(ExtensionType.KEY_SHARE, push_selected_group(group)))


def _cookie(cookie: bytes) -> Rewrite:
    return in_retry_request(with_extension(ExtensionType.COOKIE, push_cookie(cookie)))


DEPARTURES = (
    Departure(
        "retry-without-need",
        "asks for a share of another group, though it could use one that came",
        TLS_1_3,
        must_go_on("RFC 8446 section 4.1.4"),
        Scenario.RETRY,
        asks_again=another,
    ),
    Departure(
        "retry-for-a-share-that-came",
        "asks for a share that the hello had",
        TLS_1_3,
        _GROUP,
        Scenario.RETRY,
        asks_again=_the_same,
    ),
    _retry(
        "retry-that-changes-nothing",
        "sends a HelloRetryRequest that asks for nothing",
        _NO_CHANGE,
        in_retry_request(without_extension(ExtensionType.KEY_SHARE)),
    ),
    _retry(
        "retry-twice",
        "sends a second HelloRetryRequest",
        must_refuse("RFC 8446 section 4.1.4", AlertDescription.UNEXPECTED_MESSAGE),
        _cookie(b"once more"),
        retries=2,
    ),
    _retry(
        "retry-with-cookie",
        "sends a cookie in the HelloRetryRequest, as it may",
        must_go_on("RFC 8446 section 4.2.2"),
        _cookie(b"a cookie"),
    ),
    _retry(
        "retry-with-cookie-alone",
        "asks for no share, but sends a cookie",
        must_go_on("RFC 8446 section 4.2.2"),
        in_retry_request(
            lambda extensions: with_extension(ExtensionType.COOKIE, push_cookie(b"a cookie"))(
                without_extension(ExtensionType.KEY_SHARE)(extensions)
            )
        ),
    ),
    _retry(
        "retry-with-cookie-of-12000-bytes",
        "sends a cookie of 12,000 bytes",
        must_go_on("RFC 8446 section 4.2.2"),
        _cookie(b"c" * 12_000),
    ),
    _retry("retry-with-empty-cookie", "sends an empty cookie", _DECODE, _cookie(b"")),
    _retry(
        "retry-for-a-group-not-offered",
        "asks for a share of a group that supported_groups does not list",
        _GROUP,
        _group(NamedGroup.SECT571R1),
    ),
    _retry("retry-for-a-grease-group", "asks for a share of a GREASE group", _GROUP, _group(GREASE)),
    _retry(
        "retry-with-unknown-extension",
        "sends an extension in the HelloRetryRequest that has no registration",
        must_refuse("RFC 8446 section 4.2", AlertDescription.UNSUPPORTED_EXTENSION),
        in_retry_request(with_extension(UNKNOWN_TYPE)),
    ),
    _retry(
        "retry-with-extension-twice",
        "repeats the first extension of the HelloRetryRequest",
        silent("RFC 8446 section 4.2"),
        in_retry_request(first_twice),
    ),
    _retry(
        "retry-without-supported-versions",
        "leaves supported_versions out of the HelloRetryRequest",
        silent("RFC 8446 section 4.1.4"),
        in_retry_request(without_extension(ExtensionType.SUPPORTED_VERSIONS)),
    ),
    _retry(
        "retry-with-another-version",
        "names TLS 1.2 in the supported_versions of the HelloRetryRequest",
        must_refuse("RFC 8446 section 4.2.1", AlertDescription.ILLEGAL_PARAMETER),
        in_retry_request(
            with_extension(ExtensionType.SUPPORTED_VERSIONS, push_selected_version(ProtocolVersion.TLS_1_2))
        ),
    ),
    _retry(
        "retry-with-cipher-suite-not-offered",
        "names a suite in the HelloRetryRequest that was not offered",
        must_refuse("RFC 8446 section 4.1.4", AlertDescription.ILLEGAL_PARAMETER),
        retry_request(lambda _, hello: replace(hello, cipher_suite=0x1305)),
    ),
    _retry(
        "retry-with-wrong-echo",
        "sends another legacy_session_id_echo in the HelloRetryRequest than came",
        must_refuse("RFC 8446 section 4.1.3", AlertDescription.ILLEGAL_PARAMETER),
        retry_request(lambda _, hello: replace(hello, session_id=bytes(32))),
    ),
    _retry(
        "retry-with-compression",
        "has 1 as the legacy_compression_method of the HelloRetryRequest",
        silent("RFC 8446 section 4.1.3"),
        retry_request(lambda _, hello: replace(hello, compression_method=1)),
    ),
    _retry(
        "retry-with-a-whole-share",
        "sends a key in the key_share of the HelloRetryRequest",
        _DECODE,
        in_retry_request(
            with_body(ExtensionType.KEY_SHARE, lambda group: group + b"\x00\x20" + b"\x09" * 32)
        ),
    ),
    _retry(
        "retry-with-trailing-byte",
        "puts a byte behind the extensions of the HelloRetryRequest",
        _DECODE,
        one_byte_more(HandshakeType.SERVER_HELLO),
    ),
    Departure(
        "retry-then-another-cipher-suite",
        "uses another cipher suite than the HelloRetryRequest named",
        TLS_1_3,
        _NO_CHANGE,
        Scenario.RETRY,
        asks_again=another,
        rewrites=_cookie(b"to know the second hello by"),
        chooses=_other_suite,
    ),
    _retry(
        "retry-then-another-group",
        "answers the second hello with a share of another group than was asked for",
        _GROUP,
        server_hello(
            lambda _, hello: replace(
                hello,
                extensions=with_body(
                    ExtensionType.KEY_SHARE, lambda share: NamedGroup.X448.to_bytes(2, "big") + share[2:]
                )(hello.extensions or ()),
            )
        ),
    ),
)
