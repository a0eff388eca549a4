"""What happened when a client tried to talk to a server: facts only, no judgement.

`Observation` is what `clients.connect` returns and the judge reads. Why an attempt ended is a
`handshake.reason.Reason`.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from handshake.errors import DecodeError
from handshake.events import Negotiated, TranscriptEntry
from handshake.reason import Kind, Reason
from handshake.transcript import LeftOut
from handshake.wire.client_hello import pull_client_hello
from handshake.wire.extensions import pull_supported_versions
from handshake.wire.handshake_message import MESSAGE_HEADER_SIZE
from handshake.wire.registry import (
    AlertLevel,
    ExtensionType,
    alert_name,
    is_grease,
    version_name,
)


class Ends(NamedTuple):
    """The ends of a TCP connection, addresses as text."""

    client_address: str
    client_port: int
    server_address: str
    server_port: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One TCP connection with one hello. `hello_version` is the version offered, `started` the moment
    before it was opened, `seconds` the whole time from then on, `client_port` the connection's port here
    (None: never opened). By moment and port the server's view of it is found, and its lines in other logs.

    `negotiated` is set once the handshake completed, even if the request failed afterwards. `transcript` has
    the entries that were kept and `left_out` what is missing between them; `key_log` are the connection's
    secrets as lines of a key log (`handshake.key_log`). `segment_size` is the most bytes that go out in one
    TCP segment; None where that is not known, as with `ends`. `first_entry_after` are the seconds from
    `started` to the first entry; None where there is none.
    """

    hello_version: int
    sslv2_format: bool
    failure: Reason | None
    negotiated: Negotiated | None
    transcript: tuple[TranscriptEntry, ...] = field(repr=False)
    started: datetime
    seconds: float
    client_port: int | None = None
    left_out: LeftOut | None = None
    key_log: tuple[str, ...] = field(default=(), repr=False)
    segment_size: int | None = None
    ends: Ends | None = None
    first_entry_after: float | None = None

    @property
    def offered_version_name(self) -> str:
        """The highest version that the hello offers, and an unusual framing, as it was recorded; empty where
        there was no hello."""
        raw = next((entry.wire for entry in self.transcript if entry.name == "ClientHello"), b"")
        name = version_name(_highest(raw, self.hello_version)) if raw else ""
        return f"{name} in SSLv2 format" if raw and self.sslv2_format else name

    @property
    def alert_sent(self) -> int | None:
        """The description of the alert with which the client ended the connection; None where it sent none,
        or nothing but warnings, or where it is not known."""
        for entry in self.transcript:
            if entry.direction == "sent" and entry.name == "alert" and len(entry.decrypted) == 2:
                level, description = entry.decrypted
                if level == AlertLevel.FATAL:
                    return description
        return None


def with_alert_named(attempt: Attempt) -> Attempt:
    """The same attempt; where it failed by the client's own refusal, with the alert that it sent beside the
    reason.
    """
    failure, alert = attempt.failure, attempt.alert_sent
    if failure is None or alert is None or failure.kind not in (Kind.POLICY, Kind.PROTOCOL_ERROR):
        return attempt
    detail = replace(failure.detail, alert_sent=alert_name(alert))
    return replace(attempt, failure=replace(failure, detail=detail))


def _highest(hello: bytes, version: int) -> int:
    """The highest of supported_versions (RFC 8446 section 4.2.1), else the version of the hello itself."""
    try:
        body = pull_client_hello(hello[MESSAGE_HEADER_SIZE:]).extension(ExtensionType.SUPPORTED_VERSIONS)
        listed = () if body is None else pull_supported_versions(body)
    except DecodeError:
        return version
    return max((each for each in listed if not is_grease(each)), default=version)


COMPLETED = "completed"
NOT_TRIED = "not-tried"


@dataclass(frozen=True, slots=True)
class RenegotiationSeen:
    """What became of a renegotiation. `secure` (RFC 5746 on both sides) and `legacy` are separate answers.

    `initiator` is "client" or "server"; `offered` and `answered` say whether the client's first hello
    signalled RFC 5746 and whether the server's did. An answer is COMPLETED, NOT_TRIED, or the cause of a
    refusal (a `handshake.reason.Cause` as text). `connection_after` is "open" when a further request on the
    same connection was answered, "closed" when it was not, None where it was not tried.
    """

    initiator: str
    offered: bool
    answered: bool
    secure: str = NOT_TRIED
    legacy: str = NOT_TRIED
    connection_after: str | None = None


class Probe(Struct, frozen=True):
    """One more connection, with the hello that got through changed in one respect, or where none did the
    first: `hello` says in which, to go behind "a hello". It was answered where the attempt has no failure.
    """

    hello: str
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Observation:
    """The whole ladder, in order: every attempt but the last one failed.

    `certificate_sha256` is the fingerprint (lower-case hex) of the leaf the last attempt brought, so that a
    caller can tell whether the right server answered; `response` is the HTTP answer, cut at
    `clients.http_answer.MAX_RESPONSE_BYTES`. `later` is the connection made after the ladder's last, to
    resume its session. `certificate` is that leaf itself (DER). `words` are what a genuine client program
    said, and `ends_well` that it ended as one does that has had its answer, which it need not have shown.
    `probes` are connections made behind the ladder, in order; `conclusion` is what they amount to: why one of
    them was not answered, or the first of the ladder where none of that was, with what of the hello is to
    blame in its detail, or why there was nothing to probe; None where they tell nothing.
    """

    attempts: tuple[Attempt, ...]
    certificate_sha256: str | None
    response: bytes
    renegotiation: RenegotiationSeen | None = None
    certificate_requested: bool = False
    later: Attempt | None = None
    certificate: bytes | None = field(default=None, repr=False)
    words: str = field(default="", repr=False)
    ends_well: bool = False
    probes: tuple[Probe, ...] = ()
    conclusion: Reason | None = None

    @property
    def connections(self) -> tuple[Attempt, ...]:
        """Every connection, in order."""
        later = () if self.later is None else (self.later,)
        return (*self.attempts, *later, *(probe.attempt for probe in self.probes))

    @property
    def is_answered(self) -> bool:
        """Whether the last attempt completed its handshake and an answer came, HTTP or not."""
        last = self.attempts[-1]
        has_answer = bool(self.response) or self.ends_well
        return last.failure is None and last.negotiated is not None and has_answer
