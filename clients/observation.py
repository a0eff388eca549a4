"""What happened when a client tried to talk to a server: facts only, no judgement.

`Observation` is what `clients.connect` returns and the judge reads. Why an attempt ended is a
`handshake.reason.Reason`.
"""

from dataclasses import dataclass, field
from datetime import datetime

from handshake.events import Negotiated, TranscriptEntry
from handshake.reason import Reason
from handshake.transcript import LeftOut


@dataclass(frozen=True, slots=True)
class Attempt:
    """One TCP connection with one hello. `hello_version` is the version offered, `started` the moment
    before it was opened, `seconds` the whole time from then on, `client_port` the connection's port here
    (None: never opened). By moment and port the server's view of it is found, and its lines in other logs.

    `negotiated` is set once the handshake completed, even if the request failed afterwards. `transcript` has
    the entries that were kept and `left_out` what is missing between them; `key_log` are the connection's
    secrets as lines of a key log (`handshake.key_log`).
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


@dataclass(frozen=True, slots=True)
class Observation:
    """The whole ladder, in order: every attempt but the last one failed.

    `certificate_sha256` is the fingerprint (lower-case hex) of the leaf the last attempt brought, so that a
    caller can tell whether the right server answered; `response` is the HTTP answer, cut at
    `clients.http_answer.MAX_RESPONSE_BYTES`. `later` is the connection made after the ladder's last, to
    resume its session. `certificate` is that leaf itself (DER).
    """

    attempts: tuple[Attempt, ...]
    certificate_sha256: str | None
    response: bytes
    renegotiation: RenegotiationSeen | None = None
    certificate_requested: bool = False
    later: Attempt | None = None
    certificate: bytes | None = field(default=None, repr=False)

    @property
    def is_answered(self) -> bool:
        """Whether the last attempt completed its handshake and an answer came, HTTP or not."""
        last = self.attempts[-1]
        return last.failure is None and last.negotiated is not None and bool(self.response)
