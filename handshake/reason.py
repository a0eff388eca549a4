"""Why a connection did not work, as one value: the phase, the kind of its end, what exactly, and details.

`Reason` is what a client observed, what a definition predicts, what an expectation asks for and what a report
says. Its text is `<phase>:<cause>`, e.g. `server-hello:alert-unexpected_message`; a `Cause` is the part
behind the colon and is what a profile's `after` and a server's declared refusals are made of. Each word of a
cause stands in one enumeration here (alerts: RFC 8446 section 6; faults: `handshake.errors.Fault`) together
with what it means in a sentence, so a new one is written once. Pure.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from handshake.errors import Fault
from handshake.events import Phase
from handshake.wire.registry import AlertDescription, alert_in_words, alert_name, unknown_name


class _Worded(StrEnum):
    """A word of a cause, with the sentence it stands for."""

    words: str

    def __new__(cls, value: str, words: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member


class Kind(_Worded):
    """How a connection ended, or why it never was. The kinds in `_WITH_WHAT` are followed by what exactly."""

    ALERT = "alert", "the server sends the alert {what}"
    CLOSE_NOTIFY = "close_notify", "the server closes the connection (close_notify)"
    FIN = "fin", "the server closes the connection without an alert (FIN)"
    RESET = "reset", "the server resets the connection (RST)"
    TIMEOUT = "timeout", "the server stays silent{period}"
    REFUSED = "refused", "nobody accepts the connection"
    UNREACHABLE = "unreachable", "the address cannot be reached"
    UNRESOLVED = "unresolved", "the name has no address"
    POLICY = "policy", "the client refuses to go on ({what})"
    PROTOCOL_ERROR = "protocol-error", "the server breaks the protocol ({what})"
    UNSUPPORTED = "unsupported", "the server chooses {what}, which this program cannot complete"


class Rule(_Worded):
    """A rule of the client that ends the connection, or of a scenario that finds nothing to do."""

    RSA_KEY_BITS = "rsa-key-bits", "the client rejects the server's RSA key"
    DH_PRIME_BITS = "dh-prime-bits", "the client rejects the server's Diffie-Hellman group"
    LEGACY_SIGNATURE = "legacy-signature", "the client rejects the signature of the server's key exchange"
    HANDSHAKE_MESSAGE_LENGTH = "handshake-message-length", "the client rejects a message for its length"
    PROTOCOL_VERSION = "protocol_version", "the client rejects the version that the server chose"
    RENEGOTIATION_INFO = (
        "renegotiation_info",
        "the client requires secure renegotiation (RFC 5746), which the server does not signal",
    )
    COMPRESSION = "compression", "the client rejects the compression method that the server chose"
    LEGACY_RENEGOTIATION = (
        "legacy-renegotiation",
        "the client renegotiates only with RFC 5746, which the server does not signal",
    )
    RENEGOTIATION_OFF = "renegotiation-off", "the client never renegotiates"
    HELLO_REQUEST = "hello-request", "the client does not renegotiate when the server asks for it"
    NO_RENEGOTIATION = (
        "no_renegotiation",
        "the client closes the connection because its renegotiation was refused",
    )
    WARNING = "warning", "the client ends the handshake because of the server's warning"
    ALERT = "alert", "the client ends the connection with the alert"
    CLOSES = "closes", "the client closes the connection without an alert"
    HANGS = "hangs", "the client does not go on"
    NO_CONNECTION = "no-connection", "the program made no connection"
    TLS_1_3 = "tls-1.3", "TLS 1.3 has no renegotiation"
    NOT_REQUESTED = "not-requested", "the server does not ask for it"
    NO_SESSION = "no-session", "there is no session that could be resumed in this way"
    FULL_HANDSHAKE = "full-handshake", "the second connection makes a full handshake; no session is resumed"
    NO_EXTENDED_MASTER_SECRET = (
        "no-extended_master_secret",
        "no session is resumed; the client's hello has no extended_master_secret (RFC 7627), without which a "
        "session need not be",
    )

    NO_EXTENSION_BLOCK = (
        "no-extension-block",
        "the client's hello has no extension block, so that it cannot be padded",
    )

    @property
    def cause(self) -> "Cause":
        """What ends a connection because of the rule."""
        return Cause(Kind.POLICY, self)


class Breach(_Worded):
    """How a server breaks the protocol where no message of the handshake does (those are `Fault`)."""

    NO_ANSWER = "no-answer", "the server sends no answer"
    EXCESS_DATA = "excess-data", "the server sends more than any handshake needs"
    STARTTLS_REFUSED = "starttls-refused", "the server refuses to begin TLS"
    STARTTLS_NOT_OFFERED = "starttls-not-offered", "the server does not offer TLS"
    STARTTLS_UNREADABLE = "starttls-unreadable", "what answers speaks another protocol"

    @property
    def cause(self) -> "Cause":
        """What ends a connection because of the breach."""
        return Cause(Kind.PROTOCOL_ERROR, self)


SERVER_SAID = "; the server said "
"""Stands before the server's own words, which are in quotes."""
CLIENT_SAID = "; the client said "
"""Stands before those of a genuine client program."""
WHEN: Mapping[Phase, str] = {
    Phase.CONNECT: "when the connection is made",
    Phase.CLIENT_HELLO: "while the client sends its hello",
    Phase.SERVER_HELLO: "in answer to the client's hello",
    Phase.CERTIFICATE: "when its certificate is due",
    Phase.KEY_EXCHANGE: "during the key exchange",
    Phase.FINISHED: "when the handshake should end",
    Phase.APPLICATION_DATA: "after the handshake, in answer to the request",
    Phase.RENEGOTIATION: "during the renegotiation",
    Phase.RESUMPTION: "when the session should be resumed",
    Phase.CLOSE: "at the close",
}
_NOT_REQUESTED = {
    Phase.CERTIFICATE: "the server does not ask for a certificate",
    Phase.RENEGOTIATION: "the server does not ask for a renegotiation",
}
_WITH_WHAT = frozenset({Kind.ALERT, Kind.POLICY, Kind.PROTOCOL_ERROR, Kind.UNSUPPORTED})
_RULES_OF_ALERTS = (Rule.WARNING, Rule.ALERT)
"""They are followed by the alert's name."""
_WITHOUT_WHEN = frozenset({Kind.REFUSED, Kind.UNREACHABLE, Kind.UNRESOLVED})
_ALERT_CODES = {alert_name(member): int(member) for member in AlertDescription}
_NUMBERED_ALERT = re.compile(r"alert_([0-9]{1,3})")


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """What ended a connection: the kind, and for some kinds what exactly.

    `what` is an alert's name (RFC 8446 section 6, `alert_<number>` for an unknown one), a `Rule`, the value
    of a `handshake.errors.Fault` or a `Breach`, or the IANA name of what this program cannot complete; else
    empty.
    """

    kind: Kind
    what: str = ""

    def __str__(self) -> str:
        return f"{self.kind}-{self.what}" if self.what else str(self.kind)


@dataclass(frozen=True, slots=True)
class Detail:
    """What a person wants to know beside the reason; nothing is decided by it.

    `met` is what the client met and `wanted` what it takes; `seconds` how long it waited;
    `certificate_requested` that the server had asked for a client certificate before; `said` the server's own
    words, in printable ASCII, and `client_said` those of a genuine client program. `alert_sent` is the alert
    with which the client ended the connection. `phase_unsure`: several messages had come at once, and the
    phase is that of the last of them, which need not be the one that was refused. `blame` says what of a
    hello the server minds, to go behind "the server". `unfinished` is what the server had begun and did not
    end, `received` how many bytes of it had come.
    """

    met: str = ""
    wanted: str = ""
    seconds: float | None = None
    certificate_requested: bool = False
    said: str = ""
    client_said: str = ""
    alert_sent: str = ""
    phase_unsure: bool = False
    blame: str = ""
    unfinished: str = ""
    received: int = 0

    def to_json(self) -> dict[str, Any]:
        """What there is, as JSON types; `from_json` reads it back."""
        if self is NO_DETAIL:
            return {}
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if getattr(self, each.name) != each.default
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Detail":
        """Read what `to_json` wrote; keys of a later version are passed over."""
        known = {each.name for each in fields(cls)}
        return cls(**{key: part for key, part in value.items() if key in known})


NO_DETAIL = Detail()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it did not work. Two reasons are equal whatever their details say."""

    phase: Phase
    cause: Cause
    detail: Detail = field(default=NO_DETAIL, compare=False)

    def __str__(self) -> str:
        return f"{self.phase.value}:{self.cause}"

    @property
    def kind(self) -> Kind:
        """The kind of its cause."""
        return self.cause.kind

    @property
    def what(self) -> str:
        """What exactly, as in its cause."""
        return self.cause.what

    @property
    def sentence(self) -> str:
        """Say it as a sentence with its details, without a full stop."""
        blame = f"the server {self.detail.blame}: " if self.detail.blame else ""
        said = blame + self._words() + self._size()
        if self.detail.certificate_requested:
            said += ", after it had asked for a client certificate"
        said += f'{SERVER_SAID}"{self.detail.said}"' if self.detail.said else ""
        return said + (f'{CLIENT_SAID}"{self.detail.client_said}"' if self.detail.client_said else "")

    def _words(self) -> str:
        kind, what = self.cause.kind, self.cause.what
        if kind is Kind.POLICY:
            return self._rule(what)
        if self.detail.unfinished:
            return self._unfinished()
        period = "" if self.detail.seconds is None else f" for {self.detail.seconds:g} s"
        words = _words_of_breach(what) if kind is Kind.PROTOCOL_ERROR else ""
        what = alert_in_words(what) if kind is Kind.ALERT else what
        words = words or kind.words.format(what=what, period=period)
        return words if kind in _WITHOUT_WHEN else f"{words} {WHEN[self.phase]}"

    def _unfinished(self) -> str:
        """Say at what the server stopped. Where it has not left, it may be slow as well."""
        begun, seconds = self.detail.unfinished, self.detail.seconds
        is_silent = self.cause.kind is Kind.TIMEOUT
        words = "the server stops, or sends too slowly," if is_silent else f"{self.cause.kind.words},"
        came = f"{self.detail.received} {'byte' if self.detail.received == 1 else 'bytes'} of it came"
        period = f" in {seconds:g} s" if is_silent and seconds is not None else ""
        return f"{words} in the middle of {begun} {WHEN[self.phase]}: {came}{period}"

    def _rule(self, what: str) -> str:
        if what == Rule.NOT_REQUESTED:
            return _NOT_REQUESTED.get(self.phase, Rule.NOT_REQUESTED.words)
        if what in list(Rule):
            return Rule(what).words
        rule, _, alert = what.partition("-")
        if rule in _RULES_OF_ALERTS and alert:
            return f"{Rule(rule).words} {alert_in_words(alert)}"
        return Kind.POLICY.words.format(what=what)

    def _size(self) -> str:
        parts = [part for part in (self.detail.met, self.detail.wanted) if part]
        return f": {', '.join(parts)}" if parts else ""


def _words_of_breach(what: str) -> str:
    if what in list(Breach):
        return Breach(what).words
    faults = {fault.value: fault.words for fault in Fault}
    return faults.get(what, "")


def cause_of_alert(name: str) -> Cause:
    """The cause that an alert of this name is; close_notify is one of its own (RFC 8446 section 6.1)."""
    return Cause(Kind.CLOSE_NOTIFY) if name == Kind.CLOSE_NOTIFY else Cause(Kind.ALERT, name)


def parse_reason(text: str) -> Reason:
    """Read `<phase>:<cause>`. Raises ValueError that says what to write."""
    phase, colon, cause = text.partition(":")
    phases = [each.value for each in Phase]
    if not colon or not cause:
        raise ValueError(
            f"{text!r} is no reason; write <phase>:<cause>, e.g. server-hello:alert-handshake_failure"
        )
    if phase not in phases:
        raise unknown_name("phase", phase, phases)
    return Reason(Phase(phase), parse_cause(cause))


def parse_cause(text: str) -> Cause:
    """Read a cause: `fin`, `alert-<name>`, `alert:<name or number>`, `protocol-error-<what>` and so on.

    A colon may stand for the first hyphen behind the kind. Raises ValueError that says what to write.
    """
    kind, what = _split(text)
    if kind in _WITH_WHAT:
        what = _READERS.get(kind, _as_it_is)(what)
    return cause_of_alert(what) if kind is Kind.ALERT else Cause(kind, what)


def saved_reason(text: str) -> Reason:
    """Read a reason that a run has written; what exactly may be a word of a later version."""
    phase, _, cause = text.partition(":")
    try:
        return parse_reason(text)
    except ValueError:
        return Reason(Phase(phase), Cause(*_split(cause)))


def _split(text: str) -> tuple[Kind, str]:
    for kind in Kind:
        if text == kind and kind not in _WITH_WHAT:
            return kind, ""
        if kind in _WITH_WHAT and text.startswith((f"{kind}-", f"{kind}:")):
            return kind, text[len(kind) + 1 :]
    written = ", ".join(f"{kind}-<what>" if kind in _WITH_WHAT else str(kind) for kind in Kind)
    raise ValueError(f"{text!r} is no cause; write one of {written}")


def parse_causes(text: str) -> frozenset[Cause]:
    """Read a cause, or `alert:<first>-<last>`: all alerts of a range of numbers. Raises ValueError."""
    numbers = re.fullmatch(r"alert[:-](\d{1,3})-(\d{1,3})", text)
    if numbers is None:
        return frozenset({parse_cause(text)})
    first, last = int(numbers[1]), int(numbers[2])
    if not first <= last <= 255:
        raise ValueError(f"alert numbers {text!r}: write 0 to 255, the smaller one first")
    return frozenset(cause_of_alert(alert_name(code)) for code in range(first, last + 1))


def _alert(text: str) -> str:
    numbered = _NUMBERED_ALERT.fullmatch(text)
    number = numbered[1] if numbered else text
    if number.isdecimal():
        if int(number) > 255:
            raise ValueError(f"alert number {number}: write 0 to 255")
        return alert_name(int(number))
    if text not in _ALERT_CODES:
        raise unknown_name("alert", text, list(_ALERT_CODES))
    return text


def _rule(text: str) -> str:
    if text not in list(Rule) and not text.startswith(tuple(f"{rule}-" for rule in _RULES_OF_ALERTS)):
        raise unknown_name("rule of a client", text, list(Rule))
    return text


def _breach(text: str) -> str:
    known = [*(fault.value for fault in Fault), *Breach]
    if text not in known:
        raise unknown_name("protocol error", text, known)
    return text


def _as_it_is(text: str) -> str:
    if not text:
        raise ValueError("unsupported- needs the IANA name of what cannot be completed behind it")
    return text


_READERS: Mapping[Kind, Callable[[str], str]] = {
    Kind.ALERT: _alert,
    Kind.POLICY: _rule,
    Kind.PROTOCOL_ERROR: _breach,
}
