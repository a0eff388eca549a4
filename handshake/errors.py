"""What can go wrong in a handshake, kept apart by whose fault it is.

A peer's mistake is a `PeerFault`: a fact to report, never a crash. Our own misuse of an engine is a
`LocalError`. A handshake that is perfectly legal but needs what this engine cannot compute is
`UnsupportedParameter`.
"""

from enum import Enum


class Fault(Enum):
    """What kind of mistake the peer made; which alert answers it is the behaviour's business, not the
    codec's.

    The alerts an RFC-abiding implementation sends are in RFC 5246 section 7.2.2 and RFC 8446 section 6.2;
    SunJSSE 6 answers most of them with unexpected_message (research note on JSSE, section 1.4).

    UNFORESEEN is a message or a length that a stack has no check for and stumbles over; one that has them
    all never says so.

    RENEGOTIATION_INFO is a value that is wrong, RENEGOTIATION_SIGNAL one that is missing, or there where it
    has no business (RFC 5746 sections 3.4 to 3.7). UNTRUSTED_CERTIFICATE and MISSING_CERTIFICATE are a
    client's. What some stacks tell apart and others do not is a finer fault, whose alert is the coarser one's
    where nothing else is said (`handshake.alerts.COARSER`): FIRST_RECORD_VERSION a first record of another
    major version, ALERT_RECORD_VERSION an alert in a record of another minor version, UNEXPECTED_RECORD a
    record that is no handshake record in a handshake, EMPTY_RECORD one without content, MESSAGE_LENGTH a
    handshake message that announces too much, NO_COMMON_DH_GROUP no common cipher suite for a client that
    names finite-field groups (RFC 7919 section 4), HELLO_REQUEST_FROM_CLIENT a message only servers send.
    """

    DECODE = "decode"
    ILLEGAL_PARAMETER = "illegal-parameter"
    UNEXPECTED_MESSAGE = "unexpected-message"
    UNFORESEEN = "unforeseen"
    ALERT_LENGTH = "alert-length"
    BAD_RECORD_MAC = "bad-record-mac"
    BAD_HANDSHAKE_RECORD_MAC = "bad-handshake-record-mac"
    RECORD_OVERFLOW = "record-overflow"
    RECORD_VERSION = "record-version"
    NOT_TLS = "not-tls"
    PROTOCOL_VERSION = "protocol-version"
    CIPHER_SUITE_NOT_OFFERED = "cipher-suite-not-offered"
    NO_COMMON_CIPHER_SUITE = "no-common-cipher-suite"
    INAPPROPRIATE_FALLBACK = "inappropriate-fallback"
    UNSUPPORTED_EXTENSION = "unsupported-extension"
    MISSING_EXTENSION = "missing-extension"
    RENEGOTIATION_INFO = "renegotiation-info"
    RENEGOTIATION_SIGNAL = "renegotiation-signal"
    DECRYPT = "decrypt"
    BAD_FINISHED = "bad-finished"
    BAD_CERTIFICATE = "bad-certificate"
    UNTRUSTED_CERTIFICATE = "untrusted-certificate"
    MISSING_CERTIFICATE = "missing-certificate"
    FIRST_RECORD_VERSION = "first-record-version"
    ALERT_RECORD_VERSION = "alert-record-version"
    UNEXPECTED_RECORD = "unexpected-record"
    EMPTY_RECORD = "empty-record"
    MESSAGE_LENGTH = "message-length"
    NO_COMMON_DH_GROUP = "no-common-dh-group"
    HELLO_REQUEST_FROM_CLIENT = "hello-request-from-client"


class HandshakeError(Exception):
    """Base of everything this package raises on purpose."""


class LocalError(HandshakeError):
    """The caller asked for something the engine cannot do in its present state."""


class PeerFault(HandshakeError):
    """The peer broke the protocol: `fault` says how, `detail` says where, in a sentence for a person."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


class DecodeError(PeerFault):
    """Bytes that cannot be read as what they should be; `offset` is the byte, counted from the start of the
    block read.
    """

    def __init__(self, detail: str, offset: int = 0) -> None:
        super().__init__(Fault.DECODE, f"{detail} (byte {offset})")
        self.offset = offset


class PolicyRefusal(HandshakeError):
    """We ourselves refuse, as the client being played would.

    `what` is the limit or rule, e.g. `dh-prime-bits`; `alert` the description of the fatal alert sent with
    it.
    """

    def __init__(self, what: str, detail: str, alert: int) -> None:
        super().__init__(detail)
        self.what = what
        self.detail = detail
        self.alert = alert


class Parameter(Enum):
    """What a server chooses; the value is what it is called in a sentence."""

    VERSION = "protocol version"
    CIPHER_SUITE = "cipher suite"
    COMPRESSION_METHOD = "compression method"
    EXTENSION = "extension"
    NAMED_GROUP = "named group"
    SIGNATURE_SCHEME = "signature scheme"
    CERTIFICATE = "kind of certificate"
    KEY_EXCHANGE_MODE = "key exchange mode"


class UnsupportedParameter(HandshakeError):
    """This engine cannot complete a handshake with the parameter `name` (never the peer's failure).

    `name` is IANA's, or the number where IANA has none.
    """

    def __init__(self, parameter: Parameter, name: str) -> None:
        super().__init__(f"this engine cannot complete a handshake with the {parameter.value} {name}")
        self.parameter = parameter
        self.name = name
