"""A hello as a profile describes it: everything fixed, but for the bytes that must differ on every
connection.

Only the random, the session id, the SNI host, key shares and padding are filled in, each keeping its length
rule.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from handshake.record_layer import RecordSplitting


class HelloFormat(Enum):
    """How the hello is framed: in a TLS record, or as an SSLv2-format hello (RFC 5246 appendix E.2)."""

    RECORD = "record"
    SSLV2 = "sslv2"


class Fill(Enum):
    """How an extension's body is made at connection time.

    SERVER_NAME: the host name of the connection; the extension is left out when there is none (an address).
    DOTTED_SERVER_NAME: the same, and left out for a name without a dot too.
    KEY_SHARE: the template's body with each key_exchange of a group we know replaced by a fresh public key.
    PADDING: zeros up to the size rule of RFC 7685 section 4 (a hello of 256 to 511 bytes becomes 512).
    """

    SERVER_NAME = "server_name"
    DOTTED_SERVER_NAME = "dotted_server_name"
    KEY_SHARE = "key_share"
    PADDING = "padding"


@dataclass(frozen=True, slots=True)
class ExtensionTemplate:
    """One extension, in its place: `body` is what is sent unless `fill` says how it is made."""

    extension_type: int
    body: bytes = b""
    fill: Fill | None = None


@dataclass(frozen=True, slots=True)
class HelloTemplate:
    """A whole hello. `extensions` None means no extension block at all; an empty tuple means an empty block
    (00 00).

    `cipher_suites` are 16-bit code points in RECORD format and 24-bit cipher specs in SSLV2 format, in order.
    `record_version` is not sent in SSLV2 format. `session_id_length` random bytes are sent as session id;
    `challenge_length` random bytes as the challenge of an SSLV2-format hello (16 to 32, RFC 5246 appendix
    E.2).
    """

    client_version: int
    cipher_suites: tuple[int, ...]
    format: HelloFormat = HelloFormat.RECORD
    record_version: int = 0x0301
    session_id_length: int = 0
    challenge_length: int = 32
    compression_methods: bytes = b"\x00"
    extensions: tuple[ExtensionTemplate, ...] | None = None


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """What the client being played accepts of a server's answer; None is no limit of its own.

    Sizes are bits. `versions` are the protocol versions it completes a handshake in; empty means whatever it
    offered.
    """

    versions: tuple[int, ...] = ()
    max_dh_prime_bits: int | None = None
    min_dh_prime_bits: int | None = None
    min_rsa_bits: int | None = None


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """How the client being played reacts; words as in the profile's [policy] table.

    `warning_alert`: what a warning other than close_notify does during the handshake, "ignore" or "abort"
    (SunJSSE 6 and 7 abort with unexpected_message, research note on JSSE section 8).
    `missing_renegotiation_info`: a ServerHello without it, "accept" or "abort".
    `record_splitting`: how application data is split for CBC suites up to TLS 1.0.
    """

    warning_alert: Literal["ignore", "abort"] = "ignore"
    missing_renegotiation_info: Literal["accept", "abort"] = "accept"
    record_splitting: RecordSplitting = RecordSplitting.NONE
