"""A lower bound of the version in the hello itself."""

from collections.abc import Iterator
from typing import Self

from handshake.features.arguments import VersionFeature
from handshake.features.edits import with_client_version
from handshake.features.flight import FirstFlight
from handshake.features.versions import CLIENT_VERSIONS, highest_below
from handshake.hello_template import HelloTemplate


class VersionFrom(VersionFeature, frozen=True):
    """The hello's client_version is this one or a higher one."""

    NOTATION = "version-from:<version>"
    PHRASE = "a client_version of {} or higher"

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each version from the second on: the lowest bounds nothing."""
        yield from (cls(each) for each in CLIENT_VERSIONS[1:] if flight.hello.legacy_version >= each)

    @classmethod
    def differing(cls, first: FirstFlight, second: FirstFlight) -> Iterator[Self]:
        """None: the two client_versions say it."""
        return iter(())

    def _has(self, flight: FirstFlight) -> bool:
        return flight.hello.legacy_version >= self.version

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return with_client_version(template, self.version)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return with_client_version(template, highest_below(self.version))
