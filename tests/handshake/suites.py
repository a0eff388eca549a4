"""In which versions a suite may be chosen, by its number: the registry gives each RFC a block of its own.

The program reads the same off a suite's name.
"""

from handshake.wire.registry import ProtocolVersion

SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = (
    version for version in ProtocolVersion if version >= ProtocolVersion.SSL_3_0
)


def _codes(text: str) -> set[int]:
    """Code points and ranges of them in hex: 0a 10-1f."""
    found: set[int] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found


_VERSIONS = {
    (TLS_1_3, TLS_1_3): _codes("1301-1307 00c6-00c7 c0b4-c0b5 c103-c106"),
    (TLS_1_2, TLS_1_3): _codes("c0b0-c0b3"),
    (TLS_1_2, TLS_1_2): _codes(
        "003b-0040 0067-006d"  # RFC 5246
        " 009c-00ad ba-c5"  # RFC 5288, RFC 5487 section 2, RFC 5932
        " c023-c032"  # RFC 5289
        " c03c-c063 c06a-c06f"  # RFC 6209
        " c072-c093"  # RFC 6367
        " c09c-c0af"  # RFC 6655, RFC 7251
        " c100-c102 cca8-ccae d001-d005"  # RFC 9189, RFC 7905, RFC 8442
        " 16b7-16ba cc13-cc15"
    ),
    (TLS_1_0, TLS_1_2): _codes("00ae-00b9 c037-c038 c03a-c03b c064-c069 c070-c071 c094-c09b"),
    (SSL_3_0, TLS_1_0): _codes("3 6 8 b e 11 14 17 19 26-2b 60-65"),
    (SSL_3_0, TLS_1_1): _codes("7 9 c f 12 15 1a 1e 21-22 25 fefe ffe1"),
    (SSL_3_0, SSL_3_0): _codes("1c-1d"),
}


def versions_by_number(code: int) -> tuple[int, int]:
    """The lowest and the highest version of a suite."""
    return next((versions for versions, block in _VERSIONS.items() if code in block), (SSL_3_0, TLS_1_2))
