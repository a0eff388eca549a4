"""An upper bound of the version in the hello itself."""

from handshake.features.arguments import VersionFeature
from handshake.features.edits import with_client_version
from handshake.features.flight import FirstFlight
from handshake.features.versions import highest_below
from handshake.hello_template import HelloTemplate


class VersionBelow(VersionFeature, frozen=True):
    """The hello's client_version is lower than this one."""

    NOTATION = "version-below:<version>"
    PHRASE = "a client_version below {}"

    def _has(self, flight: FirstFlight) -> bool:
        return flight.hello.legacy_version < self.version

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return with_client_version(template, highest_below(self.version))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return with_client_version(template, self.version)
