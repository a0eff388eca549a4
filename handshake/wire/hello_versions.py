"""The versions that hellos are about: what a client offers, what a server chose. Since TLS 1.3 the field of a
hello says less than its supported_versions (RFC 8446 section 4.2.1).
"""

from handshake.errors import HandshakeError
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import pull_selected_version, pull_supported_versions
from handshake.wire.messages import ServerHello
from handshake.wire.registry import ExtensionType, is_grease, version_name


def highest_version(hello: ClientHello) -> int:
    """The highest version that a hello offers, GREASE aside."""
    try:
        listed = pull_supported_versions(hello.extension(ExtensionType.SUPPORTED_VERSIONS) or b"")
    except HandshakeError:
        return hello.legacy_version
    return max((version for version in listed if not is_grease(version)), default=hello.legacy_version)


def selected_version(hello: ServerHello) -> int:
    """The version that a server chose."""
    selected = hello.extension(ExtensionType.SUPPORTED_VERSIONS)
    try:
        return hello.legacy_version if selected is None else pull_selected_version(selected)
    except HandshakeError:
        return hello.legacy_version


def version_text(version: int, legacy_version: int) -> str:
    """A version, and behind it what the old field of the hello says where that is something else."""
    name = version_name(version)
    return name if version == legacy_version else f"{name} (legacy_version {version_name(legacy_version)})"
