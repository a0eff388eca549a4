"""What a server says about Encrypted ClientHello to a client whose extension has no meaning: configurations
that it has to ignore, and lists that cannot be read (RFC 9849 sections 4, 6.2 and 7.1).

The extension has its list in EncryptedExtensions, and eight bytes in a HelloRetryRequest.
"""

from collections.abc import Callable

from msgspec.structs import replace

from handshake.server.departures.departure import (
    TLS_1_3,
    Demand,
    Departure,
    Scenario,
    must_go_on,
    must_refuse,
)
from handshake.server.departures.retries import another
from handshake.server.departures.rewriting import (
    Rewrite,
    in_encrypted_extensions,
    in_retry_request,
    with_extension,
)
from handshake.wire.encrypted_client_hello import (
    CONFIRMATION_SIZE,
    VERSION,
    ECHConfig,
    ECHConfigContents,
    push_ech_config_contents,
    push_ech_config_list,
)
from handshake.wire.registry import AlertDescription, ExtensionType

OFFERED = "extension:encrypted_client_hello"
CONTENTS = ECHConfigContents(7, bytes(range(32)), b"public.example.test")
OTHER_VERSION = 0xFEFF
UNKNOWN_KEM = 0xFFF0
MANDATORY_EXTENSION = 0xFFF1
"""The first bit of an extension's type says that a client must know it (RFC 9849 section 4.2)."""

_UNASKED = must_refuse("RFC 8446 section 4.2", AlertDescription.UNSUPPORTED_EXTENSION)
_DECODE = must_refuse("RFC 9849 section 6.2", AlertDescription.DECODE_ERROR)
_IGNORED = must_go_on("RFC 9849 section 6.2")


def _listed(*configs: ECHConfig) -> bytes:
    return push_ech_config_list(configs)


def _config(contents: ECHConfigContents) -> ECHConfig:
    return ECHConfig(VERSION, push_ech_config_contents(contents))


def _edited(edit: Callable[[bytes], bytes]) -> bytes:
    """A list with one configuration whose contents are edited."""
    return _listed(ECHConfig(VERSION, edit(push_ech_config_contents(CONTENTS))))


def _answer(name: str, title: str, demand: Demand, body: bytes) -> Departure:
    """In EncryptedExtensions."""
    put = in_encrypted_extensions(with_extension(ExtensionType.ENCRYPTED_CLIENT_HELLO, body))
    return Departure(name, title, TLS_1_3, demand, hello=OFFERED, otherwise=_UNASKED, rewrites=put)


def _retry(name: str, title: str, demand: Demand, body: bytes) -> Departure:
    put: Rewrite = in_retry_request(with_extension(ExtensionType.ENCRYPTED_CLIENT_HELLO, body))
    return Departure(
        name,
        title,
        TLS_1_3,
        demand,
        Scenario.RETRY,
        hello=OFFERED,
        otherwise=_UNASKED,
        asks_again=another,
        rewrites=put,
    )


_PLAIN = _listed(_config(CONTENTS))

DEPARTURES = (
    _answer("ech-retry-configs", "sends an ECHConfig as retry_configs, as it may", _IGNORED, _PLAIN),
    _answer(
        "ech-retry-configs-of-another-version",
        "sends an ECHConfig of a version that nobody knows",
        _IGNORED,
        _listed(ECHConfig(OTHER_VERSION, b"\x01\x02\x03")),
    ),
    _answer(
        "ech-retry-configs-with-unknown-kem",
        "sends an ECHConfig with a key of a KEM that nobody knows",
        _IGNORED,
        _listed(_config(replace(CONTENTS, kem=UNKNOWN_KEM))),
    ),
    _answer(
        "ech-retry-configs-with-mandatory-extension",
        "sends an ECHConfig with an extension that a client must know, and nobody does",
        _IGNORED,
        _listed(_config(replace(CONTENTS, extensions=((MANDATORY_EXTENSION, b""),)))),
    ),
    _answer(
        "ech-retry-configs-with-public-name-of-digits",
        "sends an ECHConfig whose public_name reads as an IPv4 address",
        _IGNORED,
        _listed(_config(replace(CONTENTS, public_name=b"192.0.2.1"))),
    ),
    _answer("ech-retry-configs-empty-body", "answers encrypted_client_hello with nothing", _DECODE, b""),
    _answer("ech-retry-configs-empty-list", "sends an empty list as retry_configs", _DECODE, _listed()),
    _answer("ech-retry-configs-cut-off", "leaves out the last byte of retry_configs", _DECODE, _PLAIN[:-1]),
    _answer("ech-retry-configs-trailing-byte", "puts a byte behind retry_configs", _DECODE, _PLAIN + b"\x00"),
    _answer(
        "ech-retry-configs-with-config-cut-off",
        "leaves out the last byte of an ECHConfig",
        _DECODE,
        _edited(lambda contents: contents[:-1]),
    ),
    _answer(
        "ech-retry-configs-with-config-trailing-byte",
        "puts a byte behind the last field of an ECHConfig",
        _DECODE,
        _edited(lambda contents: contents + b"\x00"),
    ),
    _answer(
        "ech-retry-configs-without-public-key",
        "sends an ECHConfig whose public_key is empty",
        _DECODE,
        _listed(_config(replace(CONTENTS, public_key=b""))),
    ),
    _answer(
        "ech-retry-configs-without-cipher-suites",
        "sends an ECHConfig whose cipher_suites is empty",
        _DECODE,
        _listed(_config(replace(CONTENTS, cipher_suites=()))),
    ),
    _answer(
        "ech-retry-configs-without-public-name",
        "sends an ECHConfig whose public_name is empty",
        _DECODE,
        _listed(_config(replace(CONTENTS, public_name=b""))),
    ),
    _answer(
        "ech-retry-configs-bad-behind-good",
        "sends an ECHConfig that breaks off behind one that can be read",
        _DECODE,
        _listed(_config(CONTENTS), ECHConfig(VERSION, push_ech_config_contents(CONTENTS)[:20])),
    ),
    _retry(
        "retry-with-ech",
        "sends encrypted_client_hello with eight bytes in a HelloRetryRequest, as it may",
        _IGNORED,
        bytes(range(CONFIRMATION_SIZE)),
    ),
    _retry(
        "retry-with-ech-of-7-bytes",
        "sends encrypted_client_hello with seven bytes in a HelloRetryRequest",
        _DECODE,
        bytes(CONFIRMATION_SIZE - 1),
    ),
    _retry(
        "retry-with-ech-of-9-bytes",
        "sends encrypted_client_hello with nine bytes in a HelloRetryRequest",
        _DECODE,
        bytes(CONFIRMATION_SIZE + 1),
    ),
)
