"""The version in the record of the hello."""

from collections.abc import Iterator
from typing import Self

from msgspec.structs import replace

from handshake.features.arguments import VersionFeature
from handshake.features.edits import record_format
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import ProtocolVersion


class RecordVersion(VersionFeature, frozen=True):
    """The record that the hello begins in says this version."""

    NOTATION = "record-version:<version>"
    PHRASE = "the record version {}"

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos in TLS records."""
        return flight.sslv2 is None

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """The version that is there."""
        if flight.records and flight.records[0].version is not None:
            yield cls(flight.records[0].version)

    def _has(self, flight: FirstFlight) -> bool:
        return bool(flight.records) and flight.records[0].version == self.version

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return replace(record_format(template), record_version=self.version)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        is_lowest = self.version <= ProtocolVersion.SSL_3_0
        other = ProtocolVersion.TLS_1_0 if is_lowest else min(self.version - 1, ProtocolVersion.TLS_1_2)
        return replace(template, record_version=int(other))
