"""The presence of one cipher suite."""

from collections.abc import Iterator
from typing import Self

from handshake.errors import LocalError
from handshake.features.edits import is_in_record, with_cipher_suites
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.cipher_suites import (
    TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
    TLS_FALLBACK_SCSV,
    cipher_spec_name,
    parse_cipher_spec,
)
from handshake.wire.registry import is_grease

_SIGNALLING = frozenset({TLS_EMPTY_RENEGOTIATION_INFO_SCSV, TLS_FALLBACK_SCSV})


class CipherSuite(Feature, frozen=True):
    """The hello offers the cipher suite (the name of IANA, OpenSSL or JSSE, or hex): one of SSLv2 and a
    signalling value (SCSV) are written likewise.
    """

    NOTATION = "cipher-suite:<name>"
    PHRASE = "the {} {}"

    code: int

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the suite's name. Raises ValueError."""
        return cls(parse_cipher_spec(argument))

    @property
    def argument(self) -> str:
        """The suite."""
        return cipher_spec_name(self.code)

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each suite but GREASE."""
        yield from (cls(code) for code in dict.fromkeys(flight.cipher_suites) if not is_grease(code))

    def _words(self) -> tuple[str, ...]:
        is_signal = self.code in _SIGNALLING
        return ("signalling cipher suite value" if is_signal else "cipher suite", self.argument)

    def _has(self, flight: FirstFlight) -> bool:
        return self.code in flight.cipher_suites

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        if self.code > 0xFFFF and is_in_record(template):
            raise LocalError("it is SSLv2's own, and the hello is in a TLS record")
        return with_cipher_suites(template, (*template.cipher_suites, self.code))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return with_cipher_suites(template, [code for code in template.cipher_suites if code != self.code])
