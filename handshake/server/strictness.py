"""How strictly a stack reads and how it says no, as data: the order of its checks, the alerts of each.

Where a configuration has a `HelloReading`, hellos are read as far as they go and nothing is refused by the
reading itself (`handshake.server.lenient_hello`); what is refused, in which order and how, are its checks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from handshake.errors import Fault
from handshake.server.reactions import Ending, Intolerance, Reaction

ALERT_SIZE = 2


class Step(StrEnum):
    """What happens to a hello between its checks, so that each can have its place before or after.

    CHOOSE_VERSION fails where there is no common version; USE_VERSION puts the version into the records from
    here on, alerts too; RENEGOTIATION_INFO is the check of RFC 5746 section 3.6.
    """

    CHOOSE_VERSION = "choose-version"
    USE_VERSION = "use-version"
    RENEGOTIATION_INFO = "renegotiation-info"


class MessageTypes(StrEnum):
    """When a handshake message of a type that does not belong here is refused.

    WHOLE: when all of it is there. AT_HEADER: as soon as its header is (OpenSSL). KNOWN_IN_RECORD: when it is
    there; but one of a type the stack does not know at all is refused with the record it begins in, before
    anything in that record is answered (SunJSSE since Java 11).
    """

    WHOLE = "whole"
    AT_HEADER = "at-header"
    KNOWN_IN_RECORD = "known-in-record"


@dataclass(frozen=True, slots=True)
class HelloReading:
    """How hellos are read and judged: `checks` in the order in which the stack does them.

    `extensions_may_overrun`: an extension may go beyond the block it is in, as long as the message has the
    bytes. `last_extension_counts`: of two extensions of a type the last is used, not the first.
    `message_types` as described there, with the types that are known. `max_message` is the longest message
    accepted, in bytes. `records_may_interleave`: a message in several records may have other records between
    them. `sslv2_lengths_forgotten`: an SSLv2-format hello is turned into a ClientHello in
    which the session id's length is followed by the cipher suites, and half a cipher spec takes its other
    half from what follows (SunJSSE since Java 11, bugs).
    """

    checks: tuple[Intolerance | Step, ...] = ()
    extensions_may_overrun: bool = False
    last_extension_counts: bool = False
    message_types: MessageTypes = MessageTypes.WHOLE
    known_message_types: frozenset[int] = frozenset()
    max_message: int = 2**18
    sslv2_lengths_forgotten: bool = False
    records_may_interleave: bool = True


class VersionOf(StrEnum):
    """Whose version stands in the record of an alert: the hello's, or the record's that was refused."""

    HELLO = "hello"
    RECORD = "record"


class Reply(StrEnum):
    """What else can be done with a received alert: nothing, or a close_notify and the end."""

    IGNORE = "ignore"
    CLOSE_NOTIFY = "close_notify"


@dataclass(frozen=True, slots=True)
class ReceivedAlert:
    """How an alert that comes during a handshake is taken: the first rule that fits it counts.

    `levels` and `descriptions` are numbers, empty for any; `before_hello` only fits an alert before the first
    hello, `malformed` one that has not two bytes.
    """

    reply: Reaction | Reply
    levels: frozenset[int] = frozenset()
    descriptions: frozenset[int] = frozenset()
    before_hello: bool = False
    malformed: bool = False


@dataclass(frozen=True, slots=True)
class Alerting:
    """What there is to say about alerts beyond which one answers a fault.

    `endings`: faults that are answered by no alert at all. `versions`: whose version stands in the record of
    the alert that answers a fault. `in_sslv3`: alerts that are replaced by others in records of SSLv3.
    `received`: how alerts are taken; `span_records`: two bytes of alert records are an alert, however
    the records are cut.
    """

    endings: Mapping[Fault, Ending] = field(default_factory=dict)
    versions: Mapping[Fault, VersionOf] = field(default_factory=dict)
    in_sslv3: Mapping[int, int] = field(default_factory=dict)
    received: tuple[ReceivedAlert, ...] = ()
    span_records: bool = False


@dataclass(frozen=True, slots=True)
class AnsweredExtension:
    """An extension of the ServerHello, in its place among the others, sent where the hello has it.

    `body` None is what the engine has negotiated (renegotiation_info, extended_master_secret,
    encrypt_then_mac, session_ticket), and nothing where it has not; `echo` repeats the client's body.
    `cipher_suites` is a pattern of IANA names that the chosen suite must fit.
    """

    extension_type: int
    body: bytes | None = None
    echo: bool = False
    cipher_suites: str = "*"


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
