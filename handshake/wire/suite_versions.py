"""In which versions of the protocol a cipher suite may be chosen, read off its IANA name.

The rules hold for every suite with a name, whether this engine can complete it or not: a server that chooses
one in another version is wrong either way.
"""

import re
from functools import cache
from typing import NamedTuple

from handshake.wire.cipher_suites import (
    CIPHER_SUITES,
    TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
    TLS_FALLBACK_SCSV,
)
from handshake.wire.registry import ProtocolVersion, is_grease

TLS_NULL_WITH_NULL_NULL = 0x0000
"""The state before the first handshake, which must not be negotiated (RFC 5246 appendix A.5)."""

SIGNALLING_SUITES = frozenset({TLS_EMPTY_RENEGOTIATION_INFO_SCSV, TLS_FALLBACK_SCSV})
"""They say something of the client; no server may choose one (RFC 5746 section 3.3, RFC 7507 section 4)."""


class SuiteVersions(NamedTuple):
    """The lowest and the highest version in which the RFCs define a suite."""

    lowest: int
    highest: int


def is_cipher_suite(code: int) -> bool:
    """Whether a server may choose the code point at all: not GREASE (RFC 8701 section 3.1) nor signalling."""
    return not is_grease(code) and code not in SIGNALLING_SUITES and code != TLS_NULL_WITH_NULL_NULL


@cache
def suite_versions(code: int) -> SuiteVersions | None:
    """The versions a suite is for; None for a code point without a name, or one that is no suite."""
    names = CIPHER_SUITES.get(code)
    if names is None or not is_cipher_suite(code):
        return None
    return next(versions for pattern, versions in _RULES if pattern.search(names.iana))


_SSL_3_0, _TLS_1_0, _TLS_1_1 = ProtocolVersion.SSL_3_0, ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1
_TLS_1_2, _TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3

# The first pattern that is in a name counts. RFC 4492 defines elliptic curves from TLS 1.0 on, and RFC 3268
# AES; stacks choose both in SSLv3 too (tlslite-ng and SunJSSE the curves, OpenSSL AES).
_RULES = tuple(
    (re.compile(pattern, re.ASCII), SuiteVersions(lowest, highest))
    for pattern, lowest, highest in (
        # Suites of TLS 1.3 name no key exchange (RFC 8446 appendix B.4), those of RFC 9367 do all the same.
        (r"^TLS_(?!.*_WITH_)|_MGM_[LS]$", _TLS_1_3, _TLS_1_3),
        (r"_ECCPWD_", _TLS_1_2, _TLS_1_3),  # RFC 8492
        (r"_FORTEZZA_", _SSL_3_0, _SSL_3_0),  # RFC 6101 appendix A.6, gone in TLS 1.0
        (r"_EXPORT", _SSL_3_0, _TLS_1_0),  # RFC 4346 appendix A.5
        # AEADs: RFC 5288 section 4, RFC 6655 section 3, RFC 7905 section 4
        (r"_(GCM|CCM|POLY1305)(_|$)", _TLS_1_2, _TLS_1_2),
        (r"_OMAC$|_GOSTR341112_256_WITH_28147_CNT_IMIT$", _TLS_1_2, _TLS_1_2),  # RFC 9189
        (r"_PSK_WITH_\w+_SHA(256|384)$", _TLS_1_0, _TLS_1_2),  # RFC 5487 section 3, RFC 5489 section 3
        (r"_SHA(256|384)$", _TLS_1_2, _TLS_1_2),  # RFC 5246 section 1.2, RFC 5289 section 3
        (r"_WITH_(DES|IDEA)_", _SSL_3_0, _TLS_1_1),  # RFC 5469
        (r"", _SSL_3_0, _TLS_1_2),
    )
)
