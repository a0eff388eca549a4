"""How strictly a stack reads and how it says no, as data: the order of its checks, the alerts of each.

There are two ways of reading beside the RFCs'. `StreamParsing` is SunJSSE's, with its bugs. Where a
configuration has a `HelloReading`, hellos are read as far as they go and nothing is refused by the reading
itself (`handshake.server.lenient_hello`); what is refused, in which order and how, are its checks.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from handshake.features import Feature, FirstFlight
from handshake.server.reactions import Reaction, first_present
from handshake.wire.handshake_message import MAX_MESSAGE_LENGTH
from handshake.wire.registry import AlertDescription, AlertLevel, ExtensionType, ProtocolVersion

ALERT_SIZE = 2


class Step(StrEnum):
    """What happens to a hello between its checks, so that each can have its place before or after.

    "choose-version" fails where there is no common version. "use-version" puts the version into the records
    from here on, those of alerts too. "renegotiation-info" is the check that a first hello's
    renegotiation_info is empty (RFC 5746 section 3.6).
    """

    CHOOSE_VERSION = "choose-version"
    USE_VERSION = "use-version"
    RENEGOTIATION_INFO = "renegotiation-info"


class MessageTypes(StrEnum):
    """When a handshake message of a type that does not belong here is refused.

    "whole": when all of it is there. "at-header": as soon as its header is (OpenSSL 3.0, source
    read_state_machine). "known-in-record": when it is there, but a message of a type the stack does not know
    is refused with the record it begins in, before anything in that record is answered (SunJSSE since Java
    11, source SSLSocketInputRecord).
    """

    WHOLE = "whole"
    AT_HEADER = "at-header"
    KNOWN_IN_RECORD = "known-in-record"


@dataclass(frozen=True, slots=True)
class StreamParsing:
    """SunJSSE's way of reading: from one stream of handshake bytes, not from the message that was announced.

    A field's length is trusted, bytes left over are taken for the next message, and a read of no bytes at the
    end of the data fails like a read of too many (bug 6728126 and its relatives; research note on JSSE,
    sections 3 and 4).
    """

    renegotiation_info: bool = True
    """Whether renegotiation_info is read and checked (from 6u22 on; research note on JSSE, section 4)."""
    signature_algorithms: bool = False
    """Whether signature_algorithms is read and checked, in every version (Java 7; research note on JSSE,
    section 3)."""
    empty_read_of_unknown_extension: bool = False
    """The body of an unknown extension is read even where it is empty, which fails in last place (before bug
    6728126 was fixed; research note on JSSE, section 4)."""
    partial_header_fails: bool = False
    """Fewer than 4 bytes of a message's header in a record are a fault rather than a reason to wait (before
    6u19; research note on JSSE, section 4)."""
    list_length_per_server_name: bool = False
    """The length of the whole server_name list is expected before each name, so that of several names all
    but the first are left over (Java 6; research note on JSSE, section 3)."""
    implicit_public_value_fails: bool = False
    """A ClientKeyExchange without a Diffie-Hellman value is refused for that and not for its length (bug
    7192392, from 6u45 on; measured, further flight dhe_cke_empty_body)."""
    long_secret_fails: bool = False
    """A premaster secret longer than the RSA key is refused, and not taken for a wrong one (7u85; source
    RSAClientKeyExchange at jdk7u85-b02)."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a hello, or a step between checks. Raises ValueError for what is neither."""

    features: tuple[Feature, ...] = ()
    """Features of a hello, each of which is enough for the reaction."""
    reaction: Reaction | None = None
    """What the server does with a hello that has one of the features."""
    record_version: Annotated[int, ProtocolVersion] | None = None
    """The version in the record of the reaction's alert; left out, it is the one in use."""
    step: Step | None = None
    """What happens in this place instead of a check."""

    def __post_init__(self) -> None:
        is_check = bool(self.features) and self.reaction is not None
        if is_check == (self.step is not None) or bool(self.features) != (self.reaction is not None):
            raise ValueError("write features and reaction, or step alone")

    def trigger(self, flight: FirstFlight) -> Feature | None:
        """The first of the features that the hello has, None where the hello is let pass."""
        return first_present(self.features, flight)


@dataclass(frozen=True, slots=True)
class HelloReading:
    """Hellos are read as far as they go, and what is refused is said by checks: stacks differ in the order of
    theirs.
    """

    checks: tuple[Check, ...] = ()
    """The checks and steps, in the order in which the stack does them."""
    extensions_may_overrun: bool = False
    """An extension may go beyond the block it is in, as long as the message has the bytes (SunJSSE since Java
    11, source SSLExtensions)."""
    last_extension_counts: bool = False
    """Of two extensions of a type the last is used, not the first (SunJSSE since Java 11, source
    SSLExtensions)."""
    message_types: MessageTypes = MessageTypes.WHOLE
    """When a message of a type that does not belong here is refused."""
    known_message_types: frozenset[Annotated[int, range(256)]] = frozenset()
    """The handshake types that the stack knows, as numbers, for `message_types = "known-in-record"`."""
    max_message: Annotated[int, range(1, 1 << 24)] = MAX_MESSAGE_LENGTH
    """How many bytes a handshake message may announce (RFC 5246 section 7.4 allows 2^24 - 1; stacks have
    limits of their own, OpenSSL 3.0 131396 for a ClientHello)."""
    sslv2_lengths_forgotten: bool = False
    """Of an SSLv2-format hello the cipher suites are taken for the session id, and half a cipher spec takes
    its other half from what follows (SunJSSE since Java 11, source InputRecord.convertToClientHello;
    measured)."""
    records_may_interleave: bool = True
    """A message in several records may have other records between them (RFC 8446 section 5.1 forbids it;
    SunJSSE since Java 11 refuses it in every version, source SSLSocketInputRecord)."""


class VersionOf(StrEnum):
    """Whose version stands in the record of an alert.

    "hello": the hello's. "record": that of the record that was refused.
    """

    HELLO = "hello"
    RECORD = "record"


class Reply(StrEnum):
    """What else can be done with a received alert.

    "ignore" does nothing, "close_notify" answers with close_notify and ends the connection.
    """

    IGNORE = "ignore"
    CLOSE_NOTIFY = "close_notify"


@dataclass(frozen=True, slots=True)
class ReceivedAlert:
    """How an alert that comes during a handshake is taken."""

    reply: Reaction | Reply
    """What the server does with the alert."""
    levels: frozenset[Annotated[int, AlertLevel]] = frozenset()
    """The levels that the rule is for; left out, it is for any."""
    descriptions: frozenset[Annotated[int, AlertDescription]] = frozenset()
    """The descriptions that the rule is for; left out, it is for any."""
    before_hello: bool = False
    """The rule is only for an alert before the first hello."""
    malformed: bool = False
    """The rule is for an alert that has not two bytes."""


class Body(StrEnum):
    """A body that is not stated in bytes.

    "echo" repeats the one in the hello.
    """

    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class AnsweredExtension:
    """An extension of the ServerHello, in its place among the others, sent where the hello has it."""

    extension: Annotated[int, ExtensionType]
    """The extension's type."""
    body: bytes | Body | None = None
    """The extension's body. Left out, it is what the engine has negotiated (renegotiation_info,
    extended_master_secret, encrypt_then_mac, session_ticket); nothing is sent where that is nothing."""
    cipher_suites: str = "*"
    """A pattern of IANA names that the chosen cipher suite must fit."""


def rule_for(
    rules: tuple[ReceivedAlert, ...], fragment: bytes, *, is_before_hello: bool
) -> ReceivedAlert | None:
    """The first rule that fits a received alert."""
    for rule in rules:
        if rule.before_hello and not is_before_hello:
            continue
        if rule.malformed:
            fits = len(fragment) != ALERT_SIZE
        else:
            fits = len(fragment) == ALERT_SIZE
            fits = fits and (not rule.levels or fragment[0] in rule.levels)
            fits = fits and (not rule.descriptions or fragment[1] in rule.descriptions)
        if fits:
            return rule
    return None
