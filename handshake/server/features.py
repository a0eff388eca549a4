"""What a hello is like: named features an intolerance can be tied to. Pure.

`extension:<name>` (IANA name or hex) is true when the extension is there; the other words are listed in
`FEATURES`. The catalogue of documented intolerances is in the research note on servers, section 4.
"""

from collections.abc import Callable, Mapping

from handshake.wire.cipher_suites import CIPHER_SUITES
from handshake.wire.client_hello import ClientHello
from handshake.wire.registry import parse_extension_type

EXTENSION_PREFIX = "extension:"


def _has_extension_block(hello: ClientHello) -> bool:
    return hello.extensions is not None


def _has_non_empty_extension(hello: ClientHello) -> bool:
    return any(extension.body for extension in hello.extensions or ())


def _has_empty_last_extension(hello: ClientHello) -> bool:
    return bool(hello.extensions) and not (hello.extensions or ())[-1].body


def _has_ec_cipher_suite(hello: ClientHello) -> bool:
    return any(
        "_ECDH" in CIPHER_SUITES[suite].iana for suite in hello.cipher_suites if suite in CIPHER_SUITES
    )


FEATURES: Mapping[str, Callable[[ClientHello], bool]] = {
    "extension-block": _has_extension_block,
    "non-empty-extension": _has_non_empty_extension,
    "empty-last-extension": _has_empty_last_extension,
    "ec-cipher-suite": _has_ec_cipher_suite,
}


def has_feature(hello: ClientHello, feature: str) -> bool:
    """Whether `hello` has the feature. Raises ValueError for a word that is none."""
    if feature.startswith(EXTENSION_PREFIX):
        return hello.extension(parse_extension_type(feature.removeprefix(EXTENSION_PREFIX))) is not None
    if feature not in FEATURES:
        known = ", ".join([*FEATURES, EXTENSION_PREFIX + "<name>"])
        raise ValueError(f"{feature!r} is no feature of a hello; there are {known}")
    return FEATURES[feature](hello)
