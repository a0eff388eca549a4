"""What can go wrong in a handshake, kept apart by whose fault it is.

A peer's mistake is a `PeerFault`: a fact to report, never a crash. Our own misuse of an engine is a
`LocalError`. A handshake that is perfectly legal but needs what this engine cannot compute is
`UnsupportedParameter`.
"""

from enum import Enum
from typing import Self


class Fault(Enum):
    """What kind of mistake the peer made; which alert answers it is the behaviour's business, not the
    codec's.

    The alerts an RFC-abiding implementation sends are in RFC 5246 section 7.2.2 and RFC 8446 section 6.2;
    SunJSSE 6 answers most of them with unexpected_message (research note on JSSE, section 1.4).

    UNFORESEEN is a message or a length that a stack has no check for and stumbles over; one that has them
    all never says so.

    RENEGOTIATION_INFO is a value that is wrong, RENEGOTIATION_SIGNAL one that is missing, or there where it
    has no business (RFC 5746 sections 3.4 to 3.7). UNTRUSTED_CERTIFICATE and MISSING_CERTIFICATE are a
    client's, CERTIFICATE_REQUIRED is the latter in TLS 1.3.

    What some stacks tell apart and others do not is a finer fault, whose alert is the coarser one's
    where nothing else is said (`handshake.alerts.COARSER`): FIRST_RECORD_VERSION a first record of another
    major version, ALERT_RECORD_VERSION an alert in a record of another minor version, UNEXPECTED_RECORD a
    record that is no handshake record in a handshake, EMPTY_RECORD one without content, MESSAGE_LENGTH a
    handshake message that announces too much, NO_COMMON_DH_GROUP no common cipher suite for a client that
    names finite-field groups (RFC 7919 section 4), HELLO_REQUEST_FROM_CLIENT a message only servers send.

    `words` says it of a server, since it is a client that meets the fault in a report.
    """

    words: str

    def __new__(cls, value: str, words: str = "") -> Self:
        """A word, and what it says of a server."""
        member = object.__new__(cls)
        member._value_ = value
        member.words = words
        return member

    DECODE = "decode", "the server sends something that cannot be read as TLS says"
    ILLEGAL_PARAMETER = "illegal-parameter", "the server answers with a value it may not choose"
    UNEXPECTED_MESSAGE = "unexpected-message", "the server sends a message out of turn"
    UNFORESEEN = "unforeseen", "the server sends a message that nothing is prepared for"
    ALERT_LENGTH = "alert-length", "the server sends an alert of the wrong length"
    BAD_RECORD_MAC = "bad-record-mac", "the server sends a record that does not decrypt"
    BAD_HANDSHAKE_RECORD_MAC = (
        "bad-handshake-record-mac",
        "the server sends a handshake record that does not decrypt",
    )
    RECORD_OVERFLOW = "record-overflow", "the server sends a record that is too long"
    RECORD_VERSION = "record-version", "the server sends a record of no known version"
    NOT_TLS = "not-tls", "what answers does not speak TLS"
    PROTOCOL_VERSION = "protocol-version", "the server chooses a version that was not offered"
    CIPHER_SUITE_NOT_OFFERED = (
        "cipher-suite-not-offered",
        "the server chooses a cipher suite that was not offered",
    )
    NO_COMMON_CIPHER_SUITE = "no-common-cipher-suite", "the peers have no common cipher suite"
    NO_APPLICATION_PROTOCOL = (
        "no-application-protocol",
        "the peers have no common application protocol",
    )
    INAPPROPRIATE_FALLBACK = "inappropriate-fallback", "the hello signals a fallback that was not needed"
    UNSUPPORTED_EXTENSION = "unsupported-extension", "the server answers an extension that it may not answer"
    MISSING_EXTENSION = "missing-extension", "the server leaves out an extension it must send"
    RENEGOTIATION_INFO = "renegotiation-info", "the server's renegotiation_info is wrong"
    RENEGOTIATION_SIGNAL = "renegotiation-signal", "the server signals RFC 5746 where it has no place"
    DECRYPT = "decrypt", "the server's signature does not fit"
    BAD_FINISHED = "bad-finished", "the server's Finished does not fit the handshake"
    BAD_CERTIFICATE = "bad-certificate", "the server's certificate cannot be used"
    UNTRUSTED_CERTIFICATE = "untrusted-certificate", "the server's certificate is not trusted"
    MISSING_CERTIFICATE = "missing-certificate", "the server shows no certificate"
    CERTIFICATE_REQUIRED = "certificate-required", "the server shows no certificate in TLS 1.3"
    FIRST_RECORD_VERSION = "first-record-version", "the first record is of another major version"
    ALERT_RECORD_VERSION = "alert-record-version", "the server sends an alert in a record of another version"
    UNEXPECTED_RECORD = "unexpected-record", "the server sends a record that is no handshake record"
    EMPTY_RECORD = "empty-record", "the server sends an empty record"
    MESSAGE_LENGTH = "message-length", "the server sends a handshake message that announces too much"
    NO_COMMON_DH_GROUP = "no-common-dh-group", "the peers have no common finite-field group"
    HELLO_REQUEST_FROM_CLIENT = (
        "hello-request-from-client",
        "the client sends a message that only servers send",
    )


class HandshakeError(Exception):
    """Base of everything this package raises on purpose."""


class LocalError(HandshakeError):
    """The caller asked for something the engine cannot do in its present state."""


class PeerFault(HandshakeError):
    """The peer broke the protocol: `fault` says how, `detail` says where, in a sentence for a person. `names`
    are what it is called where stacks are told apart by what they do about it, the most particular first.
    """

    def __init__(self, fault: Fault, detail: str, *names: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail
        self.names = names


TRAILING_BYTE = "trailing-byte"
CUT_OFF = "cut-off"


class DecodeError(PeerFault):
    """Bytes that cannot be read as what they should be; `offset` is the byte, counted from the start of the
    block read. `flaw` is TRAILING_BYTE where bytes are left over, CUT_OFF where some are missing, else "".
    """

    def __init__(self, detail: str, offset: int = 0, *names: str, flaw: str = "") -> None:
        super().__init__(Fault.DECODE, f"{detail} (byte {offset})", *names)
        self.offset = offset
        self.flaw = flaw


class PolicyRefusal(HandshakeError):
    """We ourselves refuse, as the client being played would.

    `what` is the limit or rule, e.g. `dh-prime-bits`; `alert` the description of the fatal alert sent with
    it, None for the end without one. `met` is what was met and `wanted` what would do, for a person.
    """

    def __init__(self, what: str, detail: str, alert: int | None, *, met: str = "", wanted: str = "") -> None:
        super().__init__(detail)
        self.what = what
        self.detail = detail
        self.alert = alert
        self.met = met
        self.wanted = wanted


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
