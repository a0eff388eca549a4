"""Cipher suites by name and by number: IANA's, OpenSSL's and JSSE's names, and SSLv2's 24-bit cipher specs.

The wire and every value hold plain ints; names are for people and for files people write.
`cipher_suite_name` always gives something that `parse_cipher_suite` reads back. The names themselves are in
`cipher_suite_table`.
"""

from collections.abc import Iterator

from msgspec import Struct

from handshake.wire.cipher_suite_table import OPENSSL_ALIASES, REGISTERED, SSLV2, UNREGISTERED
from handshake.wire.registry import is_grease, parse_hex_code, unknown_name

TLS_EMPTY_RENEGOTIATION_INFO_SCSV = 0x00FF
"""RFC 5746 section 3.3."""
TLS_FALLBACK_SCSV = 0x5600
"""RFC 7507."""


class CipherSuiteNames(Struct, frozen=True):
    """What a suite is called: by IANA (or generally, if never registered), by OpenSSL, and by SunJSSE.

    `openssl` and `jsse` are None where that library never had the suite.
    """

    code: int
    iana: str
    openssl: str | None
    jsse: str | None


def _rows(table: str) -> Iterator[tuple[int, list[str]]]:
    for line in table.strip().splitlines():
        code, *names = line.split()
        yield int(code, 16), names


def _suites(table: str) -> dict[int, CipherSuiteNames]:
    return {
        code: CipherSuiteNames(
            code, iana, None if openssl == "-" else openssl, {"-": None, "=": iana}.get(jsse, jsse)
        )
        for code, (iana, openssl, jsse) in _rows(table)
    }


REGISTERED_CIPHER_SUITES = _suites(REGISTERED)
"""The suites IANA has registered, by code point."""

CIPHER_SUITES: dict[int, CipherSuiteNames] = REGISTERED_CIPHER_SUITES | _suites(UNREGISTERED)
"""Every suite with a name, by code point; GREASE has none."""

SSLV2_CIPHER_SPECS: dict[int, str] = {code: names[0] for code, names in _rows(SSLV2)}
"""SSLv2's own 24-bit cipher specs by code point."""


def _codes() -> dict[str, int]:
    codes = {names[0].lower(): code for code, names in _rows(OPENSSL_ALIASES)}
    for suite in CIPHER_SUITES.values():
        for name in (suite.openssl, suite.jsse, suite.iana):
            if name is not None:
                codes[name.lower()] = suite.code
    return codes


def _specs() -> dict[str, int]:
    return {name.lower(): code for code, names in _rows(SSLV2) for name in names if name != "-"}


_CODES = _codes()
_SPECS = _specs()


def cipher_suite_name(code: int) -> str:
    """IANA's name, "GREASE(0x1a1a)", or hex for an unknown one."""
    suite = CIPHER_SUITES.get(code)
    if suite is not None:
        return suite.iana
    return f"GREASE(0x{code:04x})" if is_grease(code) else f"0x{code:04x}"


def parse_cipher_suite(text: str) -> int:
    """A suite's code point from IANA's, OpenSSL's or JSSE's name in any case, "GREASE(0x1a1a)", or hex.

    SSL_ is read as TLS_ where that makes a name, as IBM's JSSE spells all of them. ValueError names the
    nearest.
    """
    code = _find_suite(text)
    if code is None:
        raise unknown_name("cipher suite", text, _all_names())
    return code


def cipher_spec_name(spec: int) -> str:
    """The name of a 24-bit cipher spec: SSLv2's own, a suite's for 0x00XXXX, or hex."""
    if spec <= 0xFFFF:
        return cipher_suite_name(spec)
    return SSLV2_CIPHER_SPECS.get(spec) or f"0x{spec:06x}"


def parse_cipher_spec(text: str) -> int:
    """A 24-bit cipher spec from SSLv2's name, a suite's name (which wins: RC4-MD5 is the suite), or hex."""
    spec = _find_suite(text)
    if spec is None:
        spec = _SPECS.get(text.strip().lower())
    if spec is None:
        spec = parse_hex_code(text, 6)
    if spec is None:
        raise unknown_name("cipher spec", text, [*SSLV2_CIPHER_SPECS.values(), *_all_names()])
    return spec


def _find_suite(text: str) -> int | None:
    name = text.strip().lower()
    code = _CODES.get(name)
    if code is None and name.startswith("ssl_"):
        code = _CODES.get("tls_" + name.removeprefix("ssl_"))
    if code is not None:
        return code
    if name.startswith("grease(") and name.endswith(")"):
        grease = parse_hex_code(name[len("grease(") : -1], 4)
        return grease if grease is not None and is_grease(grease) else None
    return parse_hex_code(name, 4)


def _all_names() -> list[str]:
    suites = CIPHER_SUITES.values()
    return [name for suite in suites for name in (suite.iana, suite.openssl, suite.jsse) if name is not None]
