"""The version in the hello itself."""

from collections.abc import Iterator
from typing import Self

from handshake.features.arguments import VersionFeature
from handshake.features.edits import with_client_version
from handshake.features.flight import FirstFlight
from handshake.features.versions import another_version
from handshake.hello_template import HelloTemplate


class ClientVersion(VersionFeature, frozen=True):
    """The hello's client_version (legacy_version in RFC 8446) is this one."""

    NOTATION = "client-version:<version>"
    PHRASE = "the client_version {}"

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """The version that is there."""
        yield cls(flight.hello.legacy_version)

    def _has(self, flight: FirstFlight) -> bool:
        return flight.hello.legacy_version == self.version

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return with_client_version(template, self.version)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return with_client_version(template, another_version(self.version))
