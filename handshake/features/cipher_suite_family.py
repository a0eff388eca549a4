"""The presence of a cipher suite of some family."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Self

from handshake.errors import LocalError
from handshake.features.edits import is_in_record, with_cipher_suites
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.cipher_suites import CIPHER_SUITES


class _Family(NamedTuple):
    """What its suites have in common, how IANA's name shows it, and a suite of it that is widely known."""

    phrase: str
    is_name: Callable[[str], bool]
    example: int


def _part(*parts: str) -> Callable[[str], bool]:
    return lambda name: any(part in name for part in parts)


_SSLV2 = "sslv2-cipher-suite"
_TLS_1_3 = range(0x1301, 0x1306)

_FAMILIES = {
    "ec-cipher-suite": _Family("with elliptic curves", _part("_ECDH"), 0xC013),
    "ecdsa-cipher-suite": _Family("for an ECDSA certificate", _part("_ECDSA_"), 0xC009),
    "dhe-cipher-suite": _Family("with finite-field Diffie-Hellman", _part("_DHE_"), 0x0033),
    "rsa-key-exchange-cipher-suite": _Family("with RSA key exchange", _part("TLS_RSA_"), 0x002F),
    "dss-cipher-suite": _Family("for a DSA certificate", _part("_DSS_"), 0x0032),
    "anonymous-cipher-suite": _Family("without a certificate", _part("_anon_"), 0x0034),
    "psk-cipher-suite": _Family("with a pre-shared key", _part("_PSK_"), 0x008C),
    "export-cipher-suite": _Family("weakened for export", _part("_EXPORT"), 0x0003),
    "null-cipher-suite": _Family("without encryption", _part("_WITH_NULL_"), 0x0002),
    "rc4-cipher-suite": _Family("with RC4", _part("_RC4_"), 0x0005),
    "des-cipher-suite": _Family("with single DES", _part("_DES_", "_DES40_"), 0x0009),
    "3des-cipher-suite": _Family("with triple DES", _part("_3DES_"), 0x000A),
    "camellia-cipher-suite": _Family("with Camellia", _part("_CAMELLIA_"), 0x0041),
    "cbc-cipher-suite": _Family("in CBC mode", _part("_CBC_"), 0x002F),
    "aead-cipher-suite": _Family("with an AEAD", _part("_GCM_", "_CCM", "_POLY1305"), 0x009C),
    "tls13-cipher-suite": _Family(
        "of TLS 1.3", {CIPHER_SUITES[code].iana for code in _TLS_1_3}.__contains__, 0x1301
    ),
    "signalling-cipher-suite": _Family("that is a signalling value (SCSV)", _part("_SCSV"), 0x00FF),
    _SSLV2: _Family("of SSLv2", lambda name: False, 0x010080),
}

_MEMBERS = {
    word: frozenset(code for code, suite in CIPHER_SUITES.items() if family.is_name(suite.iana))
    for word, family in _FAMILIES.items()
}


class CipherSuiteFamily(Feature, frozen=True):
    """A cipher suite of a family; SSLv2's own are in none but theirs."""

    PHRASE = "a cipher suite {}"

    family: str

    @classmethod
    def notations(cls) -> Mapping[str, str]:
        """A word a family."""
        return {
            word: f"The hello offers a cipher suite {family.phrase}." for word, family in _FAMILIES.items()
        }

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """The family of the word."""
        return cls(word)

    @property
    def name(self) -> str:
        """The word."""
        return self.family

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each family that has a suite here."""
        yield from (feature for feature in map(cls, _FAMILIES) if feature.present(flight))

    def _words(self) -> tuple[str, ...]:
        return (_FAMILIES[self.family].phrase,)

    def _has(self, flight: FirstFlight) -> bool:
        if self.family == _SSLV2:
            return any(map(self.is_member, flight.cipher_suites))
        return not _MEMBERS[self.family].isdisjoint(flight.cipher_suites)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        if self.family == _SSLV2 and is_in_record(template):
            raise LocalError("the hello is in a TLS record")
        return with_cipher_suites(template, (*template.cipher_suites, _FAMILIES[self.family].example))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return with_cipher_suites(
            template, [code for code in template.cipher_suites if not self.is_member(code)]
        )

    def is_member(self, code: int) -> bool:
        """Whether the suite is of the family."""
        if code > 0xFFFF or self.family == _SSLV2:
            return code > 0xFFFF and self.family == _SSLV2
        return code in _MEMBERS[self.family]
