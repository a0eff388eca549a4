"""What a client's hello offers, read from its template. GREASE (RFC 8701) is no offer."""

from collections.abc import Callable
from typing import TypeVar

from handshake.errors import DecodeError
from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.wire.extensions import (
    pull_alpn,
    pull_signature_algorithms,
    pull_supported_groups,
    pull_supported_versions,
)
from handshake.wire.registry import ExtensionType, ProtocolVersion, is_grease, version_name

Item = TypeVar("Item", int, bytes)


def offered_versions(hello: HelloTemplate) -> frozenset[int]:
    """The versions a hello offers: supported_versions (RFC 8446 section 4.2.1), else everything up to
    client_version.
    """
    listed = _listed(hello, ExtensionType.SUPPORTED_VERSIONS, pull_supported_versions)
    if listed is None:
        return versions_up_to(hello.client_version)
    return frozenset(version for version in listed if not is_grease(version))


def versions_up_to(client_version: int) -> frozenset[int]:
    """The versions that a hello without supported_versions stands for, SSLv3 the lowest."""
    highest = min(client_version, ProtocolVersion.TLS_1_2)
    return frozenset(range(ProtocolVersion.SSL_3_0, highest + 1))


def offered_version_name(hello: HelloTemplate) -> str:
    """Name the highest version a hello offers and an unusual framing, e.g. `TLSv1.0 in SSLv2 format`."""
    name = version_name(max(offered_versions(hello), default=hello.client_version))
    return f"{name} in SSLv2 format" if hello.format is HelloFormat.SSLV2 else name


def offered_cipher_suites(hello: HelloTemplate) -> tuple[int, ...]:
    """The TLS cipher suites a hello offers, in order; SSLv2-only cipher specs (RFC 5246 appendix E.2) are
    none.
    """
    if hello.format is HelloFormat.SSLV2:
        return tuple(spec for spec in hello.cipher_suites if spec <= 0xFFFF)
    return hello.cipher_suites


def offered_groups(hello: HelloTemplate) -> tuple[int, ...] | None:
    """The named groups of supported_groups (RFC 8422 section 5.1.1); None where the hello does not say."""
    groups = _listed(hello, ExtensionType.SUPPORTED_GROUPS, pull_supported_groups)
    return None if groups is None else tuple(group for group in groups if not is_grease(group))


def offered_signature_schemes(hello: HelloTemplate) -> tuple[int, ...] | None:
    """The schemes of signature_algorithms (RFC 5246 section 7.4.1.4.1); None where the hello does not say."""
    return _listed(hello, ExtensionType.SIGNATURE_ALGORITHMS, pull_signature_algorithms)


def offered_application_protocols(hello: HelloTemplate) -> tuple[str, ...] | None:
    """The names in ALPN (RFC 7301 section 3.1), as far as they are ASCII; None where the hello has none."""
    names = _listed(hello, ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, pull_alpn)
    return None if names is None else tuple(name.decode("ascii", "replace") for name in names)


def _listed(
    hello: HelloTemplate, extension_type: int, pull: Callable[[bytes], tuple[Item, ...]]
) -> tuple[Item, ...] | None:
    """What an extension lists; None where it is not there or cannot be read."""
    for extension in hello.extensions or ():
        if extension.extension_type == extension_type:
            try:
                return pull(extension.body)
            except DecodeError:
                return None
    return None
