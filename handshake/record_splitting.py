"""How application data is cut into records: a word of policies, which need no cryptography for it."""

from enum import StrEnum


class RecordSplitting(StrEnum):
    """How application data is split against the attack on implicit IVs (CVE-2011-3389), CBC suites up to TLS
    1.0 only.

    "0/n" sends an empty record before every write (OpenSSL since 0.9.6d: SSL_CTX_set_options(3) on
    SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS; measured with s_client 3.0.19). "1/n-1" sends every write as 1 byte
    and the rest, "1/n-1-not-first" all but the connection's first (SunJSSE from 6u29 on, research note on
    JSSE, section 7).
    """

    NONE = "none"
    EMPTY_FIRST = "0/n"
    ONE_REST = "1/n-1"
    ONE_REST_NOT_FIRST = "1/n-1-not-first"
