"""JA4, the fingerprint of a ClientHello that survives permuted extensions: counts, then two hashes of lists.

As published by its authors (FoxIO, technical_details/JA4.md): GREASE is left out everywhere; the version is
the highest of supported_versions, else that of the hello; suites and extensions are sorted before they are
hashed, signature schemes are not; server_name and ALPN are counted and not hashed. It says nothing about an
SSLv2-format hello, for which its authors define none.
"""

from collections.abc import Iterable
from hashlib import sha256

from handshake.errors import DecodeError
from handshake.wire.client_hello import ClientHello, SSLv2ClientHello
from handshake.wire.extensions import pull_alpn, pull_signature_algorithms, pull_supported_versions
from handshake.wire.registry import ExtensionType, is_grease

_ALPN = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION
_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
_UNKNOWN_VERSION = "00"
_NO_PROTOCOL = "00"
_EMPTY_LIST = "000000000000"
_MAX_COUNT = 99
_HASH_DIGITS = 12
_IN_CLEAR = frozenset({ExtensionType.SERVER_NAME, _ALPN})
"""The extensions that the first part tells, and that are therefore in no hash."""


def ja4(hello: ClientHello | SSLv2ClientHello) -> str | None:
    """The fingerprint, e.g. `t13d1516h2_8daaf6152771_e5627efa2ab1`; None for an SSLv2-format hello."""
    parts = _parts(hello)
    if parts is None:
        return None
    counts, suites, extensions = parts
    return f"{counts}_{_hash(suites)}_{_hash(extensions)}"


def ja4_raw(hello: ClientHello | SSLv2ClientHello) -> str | None:
    """What is hashed (JA4_r): the same three parts with the lists in place of their hashes."""
    parts = _parts(hello)
    return None if parts is None else "_".join(parts)


def _parts(hello: ClientHello | SSLv2ClientHello) -> tuple[str, str, str] | None:
    """The first part, the sorted suites, and the sorted extensions with the signature schemes."""
    if isinstance(hello, SSLv2ClientHello):
        return None
    suites = _without_grease(hello.cipher_suites)
    types = _without_grease(each.extension_type for each in hello.extensions or ())
    name = "d" if ExtensionType.SERVER_NAME in types else "i"
    counts = f"t{_version(hello)}{name}{_count(suites)}{_count(types)}{_protocol(hello)}"
    extensions = _listed(sorted(code for code in types if code not in _IN_CLEAR))
    schemes = _without_grease(_schemes(hello))
    return counts, _listed(sorted(suites)), f"{extensions}_{_listed(schemes)}" if schemes else extensions


def _version(hello: ClientHello) -> str:
    versions: tuple[int, ...] = ()
    body = hello.extension(ExtensionType.SUPPORTED_VERSIONS)
    if body is not None:
        try:
            versions = pull_supported_versions(body)
        except DecodeError:
            return _UNKNOWN_VERSION
    return _VERSIONS.get(max(_without_grease(versions), default=hello.legacy_version), _UNKNOWN_VERSION)


def _protocol(hello: ClientHello) -> str:
    """The first and last character of the first ALPN name, or the outer hexadecimal digits of one that does
    not begin and end with a letter or a digit.
    """
    body = hello.extension(_ALPN)
    try:
        names = pull_alpn(body) if body else ()
    except DecodeError:
        return _NO_PROTOCOL
    if not names or not names[0]:
        return _NO_PROTOCOL
    first, last = names[0][:1], names[0][-1:]
    if first.isalnum() and last.isalnum():
        return (first + last).decode("ascii")
    return first.hex()[0] + last.hex()[1]


def _schemes(hello: ClientHello) -> tuple[int, ...]:
    body = hello.extension(ExtensionType.SIGNATURE_ALGORITHMS)
    try:
        return pull_signature_algorithms(body) if body else ()
    except DecodeError:
        return ()


def _without_grease(values: Iterable[int]) -> list[int]:
    return [value for value in values if not is_grease(value)]


def _count(values: list[int]) -> str:
    return f"{min(len(values), _MAX_COUNT):02}"


def _listed(values: Iterable[int]) -> str:
    return ",".join([f"{value:04x}" for value in values])


def _hash(listed: str) -> str:
    return sha256(listed.encode("ascii")).hexdigest()[:_HASH_DIGITS] if listed else _EMPTY_LIST
