"""What an engine reports: plain values, in the order they happened.

Events say what the peer did and how far the handshake came; the transcript keeps every record and message
beside them.
"""

from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from handshake.errors import Parameter


class Phase(Enum):
    """How far a connection has come; the word before the colon of a failure's reason."""

    CONNECT = "connect"
    CLIENT_HELLO = "client-hello"
    SERVER_HELLO = "server-hello"
    CERTIFICATE = "certificate"
    KEY_EXCHANGE = "key-exchange"
    FINISHED = "finished"
    APPLICATION_DATA = "application-data"
    RENEGOTIATION = "renegotiation"
    RESUMPTION = "resumption"
    CLOSE = "close"


class Negotiated(Struct, frozen=True):
    """What both sides agreed on. `version` and `cipher_suite` are code points; `named_group` is None without
    (EC)DHE.
    """

    version: int
    cipher_suite: int
    named_group: int | None = None
    dh_prime_bits: int | None = None
    renegotiation_info: bool = False
    extended_master_secret: bool = False
    encrypt_then_mac: bool = False
    is_resumed: bool = False


class ClientHelloReceived(Struct, frozen=True):
    """Server role: a hello was read (SSLv2-format ones too)."""

    client_version: int
    sslv2_format: bool


class ServerHelloReceived(Struct, frozen=True):
    """Client role: the server has chosen."""

    version: int
    cipher_suite: int


class CertificateReceived(Struct, frozen=True):
    """The peer's chain, DER, leaf first."""

    chain: tuple[bytes, ...]


class CertificateRequested(Struct, frozen=True):
    """Client role: the server asks for a certificate of ours."""


class RenegotiationRequested(Struct, frozen=True):
    """Client role: a HelloRequest has come; what is done about it is the policy's."""


class RenegotiationStarted(Struct, frozen=True):
    """Client role: a hello was sent inside the connection."""


class RenegotiationRefused(Struct, frozen=True):
    """Client role: the server does not answer the hello that was sent inside the connection."""


class AlertReceived(Struct, frozen=True):
    """An alert from the peer (RFC 5246 section 7.2); `level` 1 is warning, 2 fatal.

    `is_fatal` says whether it has ended the connection: a fatal one, in TLS 1.3 every error alert whatever
    its level (RFC 8446 section 6).
    """

    level: int
    description: int
    is_fatal: bool = True


class AlertSent(Struct, frozen=True):
    """An alert of ours."""

    level: int
    description: int


class HandshakeCompleted(Struct, frozen=True):
    """Both Finished messages were exchanged and verified."""

    negotiated: Negotiated


class SessionReceived(Struct, frozen=True):
    """Client role: the server has given a session ticket after the handshake (TLS 1.3)."""


class ApplicationData(Struct, frozen=True):
    """Decrypted application data, one event a record."""

    data: bytes


class PeerFaulted(Struct, frozen=True):
    """The peer broke the protocol: `what` is a Fault's value, `detail` a sentence, `names` are those of
    `handshake.errors.PeerFault`.
    """

    what: str
    detail: str
    names: tuple[str, ...] = ()


class PolicyRefused(Struct, frozen=True):
    """The client being played refuses to go on; `what` names the rule, `met` and `wanted` are for a
    person."""

    what: str
    detail: str
    met: str = ""
    wanted: str = ""


class Unsupported(Struct, frozen=True):
    """The peer rightly chose what was offered, and this engine cannot complete it; `name` is IANA's."""

    parameter: Parameter
    name: str


class PeerClosed(Struct, frozen=True):
    """The peer ended its side; `close_notify` says whether in an orderly way."""

    close_notify: bool


Event = (
    ClientHelloReceived
    | ServerHelloReceived
    | CertificateReceived
    | CertificateRequested
    | RenegotiationRequested
    | RenegotiationStarted
    | RenegotiationRefused
    | AlertReceived
    | AlertSent
    | HandshakeCompleted
    | SessionReceived
    | ApplicationData
    | PeerFaulted
    | PolicyRefused
    | Unsupported
    | PeerClosed
)


class TranscriptEntry(NamedTuple):
    """One record or message on the wire, as it went and as it reads.

    `direction` is "sent" or "received"; `kind` is "record", "message" or "sslv2-record", or what those
    note that drive the engine ("clear", "segment", "unfinished"); `name` is the RFC's
    name (ClientHello, Alert ...); `wire` the bytes as transmitted; `decrypted` the fragment after record
    protection is removed (equal to the record's fragment while nothing is encrypted); `time` in seconds, from
    the caller's clock.
    """

    direction: str
    kind: str
    name: str
    time: float
    wire: bytes
    decrypted: bytes
