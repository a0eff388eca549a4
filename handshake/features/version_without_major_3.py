"""A version that is none of SSLv3 or TLS."""

from handshake.features.arguments import PlainFeature
from handshake.features.edits import with_client_version
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import ProtocolVersion

_MAJOR = 3
_NEXT_MAJOR = 0x0400


class VersionWithoutMajor3(PlainFeature, frozen=True):
    """The major number of the hello's client_version is not 3, that of SSLv3 and of all versions of TLS."""

    NOTATION = "version-without-major-3"
    PHRASE = "a client_version whose major number is not 3"

    def _has(self, flight: FirstFlight) -> bool:
        return flight.hello.legacy_version >> 8 != _MAJOR

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return with_client_version(template, _NEXT_MAJOR)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        is_low = template.client_version < ProtocolVersion.SSL_3_0
        version = ProtocolVersion.SSL_3_0 if is_low else ProtocolVersion.TLS_1_2
        return with_client_version(template, int(version))
