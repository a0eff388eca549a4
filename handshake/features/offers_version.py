"""The versions of the supported_versions extension."""

from collections.abc import Iterator
from typing import Self

from handshake.errors import DecodeError
from handshake.features.arguments import VersionFeature
from handshake.features.bodies import usual_extension
from handshake.features.edits import first_of, insert, listed_versions, with_versions
from handshake.features.flight import FirstFlight
from handshake.features.tls_1_3 import with_what_tls_1_3_needs
from handshake.hello_template import HelloTemplate
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import pull_supported_versions
from handshake.wire.registry import ExtensionType, ProtocolVersion, is_grease


class OffersVersion(VersionFeature, frozen=True):
    """The version is in the hello's supported_versions extension (RFC 8446 section 4.2.1)."""

    NOTATION = "offers-version:<version>"
    PHRASE = "{} in supported_versions"

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each version but GREASE."""
        yield from (cls(each) for each in _versions(flight.hello) if not is_grease(each))

    def _has(self, flight: FirstFlight) -> bool:
        return self.version in _versions(flight.hello)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        if first_of(template, ExtensionType.SUPPORTED_VERSIONS) is None:
            template = insert(template, usual_extension(template, ExtensionType.SUPPORTED_VERSIONS))
        versions = list(listed_versions(template))
        if self.version not in versions:
            lower = [i for i, each in enumerate(versions) if each < self.version and not is_grease(each)]
            versions.insert(lower[0] if lower else len(versions), self.version)
        changed = with_versions(template, versions)
        return changed if self.version < ProtocolVersion.TLS_1_3 else with_what_tls_1_3_needs(changed)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return with_versions(template, [each for each in listed_versions(template) if each != self.version])


def _versions(hello: ClientHello) -> tuple[int, ...]:
    body = hello.extension(ExtensionType.SUPPORTED_VERSIONS)
    try:
        return pull_supported_versions(body) if body else ()
    except DecodeError:
        return ()
