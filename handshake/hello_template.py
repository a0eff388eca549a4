"""A hello as a profile describes it: everything fixed, but for the bytes that must differ on every
connection.

Only the random, the session id, the SNI host, key shares and padding are filled in, each keeping its length
rule; where the profile says so, GREASE values, the order of extensions and an ECH of no meaning are drawn too
(`handshake.client.drawn`). What the later hellos of a connection leave out is told beside it.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from handshake.accepts import Accepts
from handshake.hello_random import Beginning
from handshake.record_splitting import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.wire.client_hello import NULL_COMPRESSION
from handshake.wire.registry import AlertDescription


class HelloFormat(Enum):
    """How the hello is framed: in a TLS record, or as an SSLv2-format hello (RFC 5246 appendix E.2)."""

    RECORD = "record"
    SSLV2 = "sslv2"


class Fill(Enum):
    """How an extension's body is made at connection time.

    SERVER_NAME: the host name of the connection; the extension is left out when there is none (an address).
    DOTTED_SERVER_NAME: the same, and left out for a name without a dot too.
    KEY_SHARE: the template's body with every key_exchange replaced, by a fresh public key where the group can
    be computed and else by fresh bytes that read as one. A key_share without a fill is made in the same way.
    PADDING: zeros up to the size rule of RFC 7685 section 4 (a hello of 256 to 511 bytes becomes 512), in
    every hello anew.
    ECH_GREASE: an encrypted_client_hello of no meaning (draft-ietf-tls-esni section 6.2): the first three
    bytes of the template's body (type, KDF), one of `aeads`, then random bytes, the payload in one of
    `payload_sizes`.
    """

    SERVER_NAME = "server_name"
    DOTTED_SERVER_NAME = "dotted_server_name"
    KEY_SHARE = "key_share"
    PADDING = "padding"
    ECH_GREASE = "ech_grease"


class GreaseValues(Enum):
    """Where the GREASE values of a hello come from (RFC 8701): sent as they are written, or drawn for every
    connection.
    """

    AS_WRITTEN = "as-written"
    DRAWN = "drawn"


class ExtensionOrder(Enum):
    """The order of a hello's extensions: as they are written, or permuted for every connection."""

    AS_WRITTEN = "as-written"
    PERMUTED = "permuted"


class ExtensionTemplate(Struct, frozen=True):
    """One extension, in its place: `body` is what is sent unless `fill` says how it is made. Of an ECH of no
    meaning `payload_sizes` are the bytes that its payload may have, `aeads` the code points of the AEAD (RFC
    9180 section 7.3), where that is drawn too.
    """

    extension_type: int
    body: bytes = b""
    fill: Fill | None = None
    payload_sizes: tuple[int, ...] = ()
    aeads: tuple[int, ...] = ()


class HelloTemplate(Struct, frozen=True):
    """A whole hello. `extensions` None means no extension block at all; an empty tuple means an empty block
    (00 00).

    `cipher_suites` are 16-bit code points in RECORD format and 24-bit cipher specs in SSLV2 format, in order.
    `record_version` is not sent in SSLV2 format. `session_id_length` random bytes are sent as session id;
    `challenge_length` random bytes as the challenge of an SSLV2-format hello (16 to 32, RFC 5246 appendix
    E.2). `records` is how a hello in RECORD format is cut: the bytes of it in each record, what is left being
    in one more; without it one record holds all. `segments` is how the first flight is cut on its way: the
    bytes on the wire in each TCP segment, what is left being in one more; a segment goes out when the one
    before was acknowledged and `pause_seconds` have passed. Without it the network does as it likes.
    `length` is what the message of a hello with an extension block is padded to, in bytes, header included,
    in every hello anew; one that is longer stays as it is. `random_begins_with` is for random, also of a
    hello in RECORD format that is made of this one, to resume or to renegotiate; `challenge_begins_with` for
    the challenge. `unmoved` are the types of extensions that keep their places where the `order` is permuted.
    """

    client_version: int
    cipher_suites: tuple[int, ...]
    format: HelloFormat = HelloFormat.RECORD
    record_version: int = 0x0301
    session_id_length: int = 0
    challenge_length: int = 32
    compression_methods: bytes = b"\x00"
    extensions: tuple[ExtensionTemplate, ...] | None = None
    records: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    pause_seconds: float = 0.0
    length: int | None = None
    random_begins_with: Beginning = Beginning.RANDOM_BYTES
    challenge_begins_with: Beginning = Beginning.RANDOM_BYTES
    grease: GreaseValues = GreaseValues.AS_WRITTEN
    order: ExtensionOrder = ExtensionOrder.AS_WRITTEN
    unmoved: frozenset[int] = frozenset()

    def as_written(self) -> "HelloTemplate":
        """The same without an order or GREASE values that are drawn."""
        return replace(self, grease=GreaseValues.AS_WRITTEN, order=ExtensionOrder.AS_WRITTEN)

    def in_record_format(self) -> "HelloTemplate":
        """The same offer in a TLS record, which a hello that resumes or renegotiates always comes in."""
        if self.format is HelloFormat.RECORD:
            return self
        return replace(
            self,
            format=HelloFormat.RECORD,
            record_version=self.client_version,
            compression_methods=NULL_COMPRESSION,
            cipher_suites=tuple(spec for spec in self.cipher_suites if spec <= 0xFFFF),
        )


def pieces(whole: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    """Cut bytes into pieces of these sizes and one more of what is left; none of them is empty."""
    start = 0
    for size in sizes:
        if piece := whole[start : start + size]:
            yield piece
        start += size
    if rest := whole[start:]:
        yield rest


class ClientLimits(Struct, frozen=True):
    """What the client being played accepts of a server's answer; None is no limit of its own.

    Sizes are bits. `versions` are the protocol versions it completes a handshake in; empty means whatever it
    offered. `dh_prime_alert` is the alert it sends for a prime it does not accept, `legacy_signature_alert`
    the one for the signature of a key exchange before TLS 1.2, whose hashes are MD5 and SHA-1; None takes it.
    `min_rsa_bits` is the smallest RSA key of a certificate, `min_signature_rsa_bits` the smallest whose
    signature it verifies: with a smaller one it does not fit (decrypt_error).
    `max_handshake_message` is the length of a handshake message in bytes, without its header, above which it
    ends with `message_length_alert` (None: without an alert), `max_certificate_message` that of a Certificate
    where it is another; `max_certificates` how many certificates a chain may have.
    """

    versions: tuple[int, ...] = ()
    max_dh_prime_bits: int | None = None
    min_dh_prime_bits: int | None = None
    min_rsa_bits: int | None = None
    min_signature_rsa_bits: int | None = None
    dh_prime_alert: int = AlertDescription.HANDSHAKE_FAILURE
    legacy_signature_alert: int | None = None
    max_handshake_message: int | None = None
    max_certificate_message: int | None = None
    message_length_alert: int | None = AlertDescription.UNEXPECTED_MESSAGE
    max_certificates: int | None = None


class Placement(Enum):
    """Where renegotiation_info goes in a hello whose first form has the SCSV instead (RFC 5746 section 3.5).

    A hello that has the extension keeps it in its place.
    """

    FIRST = "first"
    AFTER_SERVER_NAME = "after-server_name"
    LAST = "last"


class RetryHello(Struct, frozen=True):
    """What the hello that answers a HelloRetryRequest has not of the first one, beside what RFC 8446 section
    4.1.2 asks for.

    `without` are types of extensions. `change_cipher_spec` says when a ChangeCipherSpec goes before it:
    "with-session-id" is RFC 8446 appendix D.4; "later" is GnuTLS 3.7.9 and JDK 11 to 25 (measured), which
    send it before their Finished, where everybody does who was not asked for another hello.
    """

    without: frozenset[int] = frozenset()
    change_cipher_spec: Literal["with-session-id", "later"] = "with-session-id"


class RenegotiationHello(Struct, frozen=True):
    """What the hello of a renegotiation has not of the first one, beside what RFC 5746 asks for.

    `without` are types of extensions, `without_cipher_suites` code points; `changed` are extensions with
    another body than the first hello's. `session_id` is "as-first" for one of the first hello's length, or
    "empty", where no session is offered. `verify_data` stands in it "where-signalled", that is after a first
    handshake with RFC 5746, or "always" (Chromium 156 and Bun 1.4.4, measured).
    """

    without: frozenset[int] = frozenset()
    without_cipher_suites: frozenset[int] = frozenset()
    changed: tuple[ExtensionTemplate, ...] = ()
    session_id: Literal["as-first", "empty"] = "as-first"
    verify_data: Literal["where-signalled", "always"] = "where-signalled"


class ClientPolicy(Struct, frozen=True):
    """How the client being played reacts; words as in the profile's [policy] table.

    `warning_alert`: what a warning other than close_notify does during the handshake, "ignore" or "abort"
    with the alert `warning_answer` (SunJSSE 6 and 7 with unexpected_message, research note on JSSE section 8;
    JDK 11 to 25 with handshake_failure, measured).
    `missing_renegotiation_info`: a ServerHello without it, "accept" or "abort".
    `record_splitting`: how application data is split for CBC suites up to TLS 1.0.
    `renegotiation`: which renegotiations the client takes part in, whoever starts them.
    `hello_request`: what it does with a HelloRequest where it would renegotiate: "renegotiate", "ignore", or
    "abort" with a fatal no_renegotiation; where it would not, it says so by the warning (SSLv3, which has no
    such alert: fatal handshake_failure), unless it is one of the last two. "abort-after-warning" is
    "renegotiate", but the warning is followed by a fatal unexpected_message: Java 6u19 to 6u21 take the
    HelloRequest they have just read for a message after it (OpenJDK tag jdk6-b19,
    ClientHandshaker.serverHelloRequest; the exception is measured, research note on JSSE section 8).
    `refuses_legacy_at`: where a client that does not renegotiate without RFC 5746 says so, at the "start" or
    only at the "server-hello" that does not signal it (NSS, which then sends its verify_data all the same, in
    a hello that has extensions; research note on NSS section 2).
    `refused_hello_request`: how it refuses a HelloRequest for want of RFC 5746, by the "warning" above or by
    a fatal handshake_failure, "abort" (JDK 11 to 25, measured).
    `renegotiation_info`: the extension's place in a renegotiation's hello.
    `renegotiation_session`: whether a renegotiation's hello asks for a "new" session or to "resume" the
    connection's, in its version, where the server has given it an id (SunJSSE: OpenJDK tags jdk6-b18 to
    jdk7u85-b02, ClientHandshaker.getKickstartMessage); "resume-when-asked" does so only at a HelloRequest
    (OpenSSL 3.0 to 4.0, measured).
    `no_renegotiation`: what that warning in answer to its own hello does, "continue" on the old keys or
    "abort".
    `closes_with`: how it ends a connection that has worked, and answers the server's end of one: by
    "close_notify" (RFC 5246 section 7.2.1, RFC 8446 section 6.1), or by a "fin" alone, which `gnutls-cli`
    3.7.9 and Java's HttpClient do (measured); "close_notify-unless-warned" is a FIN alone in TLS 1.3 once a
    warning has come (s_client 3.4.1 and 4.0.3, measured).
    `certificate_compression`: the algorithms by which it compresses a certificate of its own, where the
    server's request has one of them (RFC 8879).
    `application_settings`: the settings that it sends to a server that has sent its own by
    application_settings (draft-vvv-tls-alps-01).
    `accepts`: what it does about what a server does wrong, where that is not what the RFCs ask for.
    `retry_hello`, `renegotiation_hello`: how the later hellos of a connection differ from the first one.
    """

    warning_alert: Literal["ignore", "abort"] = "ignore"
    warning_answer: int = AlertDescription.UNEXPECTED_MESSAGE
    missing_renegotiation_info: Literal["accept", "abort"] = "accept"
    record_splitting: RecordSplitting = RecordSplitting.NONE
    renegotiation: Renegotiation = Renegotiation.SECURE
    hello_request: Literal["renegotiate", "ignore", "abort", "abort-after-warning"] = "renegotiate"
    refuses_legacy_at: Literal["start", "server-hello"] = "start"
    refused_hello_request: Literal["warning", "abort"] = "warning"
    renegotiation_info: Placement = Placement.LAST
    renegotiation_session: Literal["new", "resume", "resume-when-asked"] = "new"
    no_renegotiation: Literal["continue", "abort"] = "continue"
    closes_with: Literal["close_notify", "close_notify-unless-warned", "fin"] = "close_notify"
    certificate_compression: tuple[int, ...] = ()
    application_settings: bytes = b""
    accepts: Accepts = field(default_factory=Accepts)
    retry_hello: RetryHello = field(default_factory=RetryHello)
    renegotiation_hello: RenegotiationHello = field(default_factory=RenegotiationHello)
