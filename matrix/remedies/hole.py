"""Holes that are known, and how they show: in what a server declares, or in the connection that comes of it.

Each is a name, a sentence and a source. A remedy opens a hole that is there with it and was not before. Pure.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from handshake.events import Negotiated
from handshake.wire.cipher_suites import CIPHER_SUITES
from handshake.wire.registry import ProtocolVersion
from matrix.remedies.remedy import Change, Remedy
from servers.variant import ServerVariant

SMALL_DH_BITS = 2048
"""RFC 8270 section 2: a client should refuse smaller ones; CVE-2015-4000 is about those that were common."""


class Offer(Struct, frozen=True):
    """What the holes are looked for in: the versions and suites that may come to use, the bits of a
    Diffie-Hellman prime (None: unknown, or none), and what else a server has. Of a connection it is the one
    version and suite.
    """

    versions: frozenset[int]
    cipher_suites: frozenset[int]
    dh_prime_bits: int | None = None
    renegotiates_without_rfc5746: bool = False
    splits_records: bool = True
    certificate: str = ""


class Hole(Struct, frozen=True):
    """A hole: `name` as it is written for programs, `what` behind "opens", with the source."""

    name: str
    what: str
    is_open: Callable[[Offer], bool]


def _suite(*parts: str) -> Callable[[Offer], bool]:
    return lambda offer: any(
        part in CIPHER_SUITES[code].iana
        for code in offer.cipher_suites
        if code in CIPHER_SUITES
        for part in parts
    )


def _version(highest: ProtocolVersion) -> Callable[[Offer], bool]:
    """Whether this version or one below it is there: an older one opens more than a deprecated one."""
    return lambda offer: any(version <= highest for version in offer.versions)


def _has_small_dh(offer: Offer) -> bool:
    bits = offer.dh_prime_bits
    return bits is not None and bits < SMALL_DH_BITS and _suite("_DHE_", "_DH_")(offer)


HOLES = (
    Hole("sslv3", "SSLv3, which is broken (RFC 7568, CVE-2014-3566)", _version(ProtocolVersion.SSL_3_0)),
    Hole("tls-1.0", "TLS 1.0, which is deprecated (RFC 8996)", _version(ProtocolVersion.TLS_1_0)),
    Hole("tls-1.1", "TLS 1.1, which is deprecated (RFC 8996)", _version(ProtocolVersion.TLS_1_1)),
    Hole("rc4", "RC4 (RFC 7465)", _suite("_RC4_")),
    Hole("export", "suites weakened for export (CVE-2015-0204)", _suite("_EXPORT")),
    Hole("des", "single DES", _suite("_DES_CBC_", "_DES40_")),
    Hole("3des", "triple DES (CVE-2016-2183)", _suite("_3DES_")),
    Hole("null", "suites without encryption", _suite("_WITH_NULL_")),
    Hole("anonymous", "suites without a certificate", _suite("_anon_")),
    Hole("small-dh", f"Diffie-Hellman below {SMALL_DH_BITS} bits (RFC 8270, CVE-2015-4000)", _has_small_dh),
    Hole(
        "legacy-renegotiation",
        "renegotiation without RFC 5746 (CVE-2009-3555)",
        lambda offer: offer.renegotiates_without_rfc5746,
    ),
    Hole(
        "whole-records", "records that are not split (CVE-2011-3389)", lambda offer: not offer.splits_records
    ),
    Hole("rsa-1024", "an RSA key of 1024 bits", lambda offer: offer.certificate == "rsa-1024"),
    Hole("sha-1", "a certificate signed with SHA-1", lambda offer: offer.certificate == "rsa-2048-sha1"),
    Hole("older", "what was mended since that level", lambda offer: False),
)
_OLD_VERSIONS = ("sslv3", "tls-1.0", "tls-1.1")
_BY_NAME = {hole.name: hole for hole in HOLES}


def holes_of_server(remedy: Remedy, before: ServerVariant) -> list[Hole]:
    """The holes that a change of the server opens, whoever connects."""
    if remedy.server is None:
        return []
    had, has = _open_in(_offer_of(before)), _open_in(_offer_of(remedy.server))
    opened = _without_implied([hole for hole in has if hole not in had])
    return [*opened, *([_BY_NAME["older"]] if remedy.change is Change.OLDER_LEVEL else [])]


def holes_of_connections(connections: Iterable[Negotiated]) -> list[Hole]:
    """The holes in connections that a change of clients has made possible."""
    found = [
        hole
        for each in connections
        for hole in _open_in(
            Offer(frozenset({each.version}), frozenset({each.cipher_suite}), each.dh_prime_bits)
        )
        if hole.name not in _OLD_VERSIONS[1:]
    ]
    return [hole for hole in HOLES if hole in found]


def _without_implied(holes: list[Hole]) -> list[Hole]:
    """The holes, and of old versions the oldest alone."""
    old = [hole for hole in holes if hole.name in _OLD_VERSIONS]
    return [hole for hole in holes if hole not in old[1:]]


def _open_in(offer: Offer) -> list[Hole]:
    return [hole for hole in HOLES if hole.is_open(offer)]


def _offer_of(variant: ServerVariant) -> Offer:
    declared = variant.declared()
    return Offer(
        frozenset(declared.versions),
        frozenset(declared.cipher_suites),
        declared.dh_prime_bits,
        declared.renegotiation.allowed == "legacy",
        variant.emulation().get("record_splitting") != "none",
        variant.certificate_kind or "",
    )
