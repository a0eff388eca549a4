"""Which client_version stands near another."""

from handshake.errors import LocalError
from handshake.wire.registry import ProtocolVersion, version_name

CLIENT_VERSIONS = tuple(
    int(version)
    for version in ProtocolVersion
    if ProtocolVersion.SSL_3_0 <= version <= ProtocolVersion.TLS_1_2
)
"""What a client_version is; TLS 1.3 is offered in supported_versions (RFC 8446 section 4.1.2)."""


def highest_below(version: int) -> int:
    """The highest client_version below `version`. Raises LocalError where there is none."""
    below = [each for each in CLIENT_VERSIONS if each < version]
    if not below:
        raise LocalError(f"no client_version in a TLS record is below {version_name(version)}")
    return below[-1]


def another_version(version: int) -> int:
    """The next lower client_version, or the second where there is none."""
    return highest_below(version) if version > CLIENT_VERSIONS[0] else CLIENT_VERSIONS[1]
