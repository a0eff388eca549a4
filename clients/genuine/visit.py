"""A visit of a genuine program to a server, as the observation that a profile's visit is, too.

The program connects through a relay. What it did is read off the wire, what it said is kept beside it. An
attempt is a connection that it made, so a silent retry is seen.
"""

import dataclasses
import hashlib
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from msgspec import structs

from clients.connect import request_for
from clients.destination import Destination
from clients.exchange import A_MESSAGE, A_RECORD, UNFINISHED
from clients.fallback import HANDSHAKE_PHASES
from clients.genuine.cutter import Cutter
from clients.genuine.end import CLOSURE, End
from clients.genuine.program import Call, Program, Said
from clients.genuine.relay import Carried, Move, Relay
from clients.genuine.secrets import read_key_log
from clients.genuine.wire import Reading
from clients.observation import Attempt, Observation, with_alert_named
from clients.pace import at_once
from handshake.crypto.key_schedule import Role
from handshake.events import Phase, TranscriptEntry
from handshake.reason import Cause, Detail, Kind, Reason, Rule, cause_of_alert
from handshake.wire.registry import AlertDescription, AlertLevel, alert_name

PATIENCE = 2
"""How many deadlines of a connection a program has for a visit: it starts, and may connect again."""
SETTLE_SECONDS = 0.5
"""In which the last bytes of a program that has ended have come through the relay."""
MAX_QUOTED = 300
"""Characters of a program's words that stand beside a reason."""
UNKNOWN_ALERT = "encrypted"
"""What stands for the name of an alert that was encrypted and that the program does not name."""
_NEVER_FATAL = (*CLOSURE, AlertDescription.NO_RENEGOTIATION)
"""RFC 5246 section 7.2.2, RFC 8446 section 6.1."""
_TELLING = re.compile(r"error|alert|fail|fatal|refuse|exception", re.IGNORECASE)
_OF_A_LOG = re.compile(r"^javax\.net\.ssl\||^\s+at |^\s*File \"|[Vv]erif(y|ication) error|During handling")
# Bounded, because a program may say millions of characters in a line, and each is a beginning to try.
_PASSING = re.compile(
    r"\b[0-9A-F]{8,}:|\S{0,100}\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*|\b\d+ ?ms\b|127\.0\.0\.1:\d+"
)
MAX_LINES = 2
LOOPBACK = "127.0.0.1"


def _nothing(_: Carried) -> Iterable[str]:
    return ()


def visit(
    program: Program,
    destination: Destination,
    *,
    deadline_seconds: float,
    request: bytes | None = None,
    trusted: str = "",
    pace: Callable[[], None] = at_once,
    told: Callable[[Carried], Iterable[str]] = _nothing,
) -> Observation:
    """Let a program talk to the destination; the arguments are those of `clients.connect.connect`, `trusted`
    as in `Call`. `told` gives lines of a key log that the server has for a connection: not every program
    writes one.

    Where a program refuses one message of several that came at once, it is visited once more, message by
    message, to see which; also where it seems to leave without a word, since an alert is lost when bytes that
    it has not read make its end a reset. Raises OSError where the program cannot be started.
    """
    asked = request_for(destination) if request is None else request
    meeting = _Meeting(program, destination, deadline_seconds, asked, trusted, pace, told)
    carried, readings, said = meeting.hold()
    if any(map(_is_open, readings)):
        _, again, _ = meeting.hold(one_by_one=True)
        readings = [_surer(reading, again) if _is_open(reading) else reading for reading in readings]
    attempts = tuple(
        _attempt(one, reading, said, deadline_seconds) for one, reading in zip(carried, readings, strict=True)
    )
    last = readings[-1] if readings else Reading((), {})
    leaf = last.certificate
    return Observation(
        attempts or (_not_connected(said),),
        None if leaf is None else hashlib.sha256(leaf).hexdigest(),
        _answer(last, said),
        certificate_requested=last.certificate_requested,
        certificate=leaf,
        words=said.words,
        ends_well=said.ends_well,
    )


class _Meeting:
    def __init__(
        self,
        program: Program,
        destination: Destination,
        deadline_seconds: float,
        request: bytes,
        trusted: str,
        pace: Callable[[], None],
        told: Callable[[Carried], Iterable[str]],
    ) -> None:
        self._program = program
        self._destination = destination
        self._seconds = deadline_seconds
        self._request = request
        self._trusted = trusted
        self._pace = pace
        self._told = told

    def hold(self, *, one_by_one: bool = False) -> tuple[list[Carried], list[Reading], Said]:
        """Have one visit, and read each of its connections."""
        cut = Cutter if one_by_one else None
        with Relay(self._destination, self._seconds, self._pace, cut) as relay:
            deadline = time.monotonic() + self._seconds * PATIENCE
            name = self._destination.server_name
            said = self._program.visit(
                Call(LOOPBACK, relay.port, name, self._request, deadline, self._trusted)
            )
            relay.settle(time.monotonic() + SETTLE_SECONDS)
            carried = list(relay.carried)
            until = deadline if said.is_late else math.inf
        readings = []
        for one in carried:
            secrets = read_key_log((*self._told(one), *said.key_log))
            readings.append(Reading(_own_moves(one, until), secrets))
        return carried, readings, said


def _own_moves(carried: Carried, until: float) -> list[Move]:
    """What both sides did. Where the program was ended, the end of its connection is not its own doing, nor
    that of a server the server's, which closes when its client is gone.
    """
    return [move for move in carried.moves if move.end is None or move.time < until]


def _is_open(reading: Reading) -> bool:
    """Whether a second visit can tell more of its end."""
    return reading.is_unsure or _leaves_without_a_word(reading)


def _leaves_without_a_word(reading: Reading) -> bool:
    """It may have sent an alert that was lost, if the server has said anything at all."""
    end = reading.end
    is_silent = end is not None and end.is_clients and end.kind in (Kind.RESET, Kind.FIN)
    return is_silent and any(entry.direction == "received" for entry in reading.transcript)


def _surer(first: Reading, again: list[Reading]) -> Reading:
    """The reading with the phase that the second visit tells, as sure as that is, if it ended in the same
    way, or with its alert where the first one shows none.
    """
    end, later = first.end, again[-1].end if again else None
    if end is None or later is None:
        return first
    if _leaves_without_a_word(first) and later.is_clients and later.kind is Kind.ALERT:
        return again[-1]
    if first.is_unsure and (later.kind, later.alert) == (end.kind, end.alert):
        first.end = structs.replace(end, phase=later.phase)
        first.is_unsure = again[-1].is_unsure
    return first


def _attempt(carried: Carried, reading: Reading, said: Said, deadline_seconds: float) -> Attempt:
    hello = reading.hello
    failure = _failure(carried, reading, said, deadline_seconds)
    is_refused_late = failure is not None and failure.phase in HANDSHAKE_PHASES
    transcript = (*carried.prelude, *_transcript(reading, said), *_begun_record(carried, reading, failure))
    attempt = Attempt(
        hello_version=0 if hello is None else hello.legacy_version,
        sslv2_format=reading.sslv2_format,
        failure=failure,
        negotiated=None if is_refused_late else reading.negotiated,
        transcript=transcript,
        started=carried.started,
        seconds=(carried.ended or time.monotonic()) - carried.began,
        client_port=carried.port,
        left_out=reading.transcript.left_out,
        key_log=said.key_log,
        ends=carried.ends,
        first_entry_after=transcript[0].time - carried.began if transcript else None,
    )
    return with_alert_named(attempt)


def _failure(carried: Carried, reading: Reading, said: Said, deadline_seconds: float) -> Reason | None:
    """Why the connection did not work; None if it did."""
    if isinstance(carried.failure, Reason):
        return carried.failure
    if carried.failure is not None:
        return Reason(Phase.CONNECT, Cause(carried.failure.kind))
    end = _known(reading, said)
    is_refused = end is not None and end.is_clients and end.kind is Kind.ALERT
    has_answer = bool(_answer(reading, said)) and said.works is not False and not _is_unread(reading, said)
    if reading.is_complete and (has_answer or said.ends_well) and not is_refused:
        return None
    detail = Detail(
        client_said=_quoted(said), certificate_requested=reading.certificate_requested and not _is_own(end)
    )
    if (
        end is not None
        and end.is_clients
        and end.kind is not Kind.ALERT
        and reading.waited >= deadline_seconds
    ):
        end = None  # it has given the server up
    if end is None:
        is_own = reading.hello is None or _may_have_answered(reading, said)
        cause = Rule.HANGS.cause if is_own else Cause(Kind.TIMEOUT)
        if is_own:
            return Reason(reading.phase, cause, detail)
        return Reason(reading.phase, cause, _unfinished(detail, reading, seconds=deadline_seconds))
    if not end.is_clients:
        is_alert = end.kind is Kind.ALERT and end.alert is not None
        cause = cause_of_alert(alert_name(end.alert or 0)) if is_alert else Cause(_plain(end.kind))
        is_left = cause.kind in (Kind.FIN, Kind.RESET)
        return Reason(end.phase, cause, _unfinished(detail, reading) if is_left else detail)
    rule = Rule.CLOSES.value
    if end.kind is Kind.ALERT:
        rule = f"{Rule.ALERT}-{UNKNOWN_ALERT if end.alert is None else alert_name(end.alert)}"
    told = dataclasses.replace(detail, phase_unsure=reading.is_unsure)
    return Reason(end.phase, Cause(Kind.POLICY, rule), told)


def _unfinished(detail: Detail, reading: Reading, seconds: float | None = None) -> Detail:
    """The detail with what the server has begun and not ended."""
    record = reading.records[Role.SERVER].waiting
    message = len(reading.messages[Role.SERVER].buffered)
    unfinished = A_RECORD if record else A_MESSAGE if message else ""
    return dataclasses.replace(detail, seconds=seconds, unfinished=unfinished, received=record or message)


def _begun_record(carried: Carried, reading: Reading, failure: Reason | None) -> Iterator[TranscriptEntry]:
    """What has come of a record at whose middle the connection ended."""
    if failure is not None and failure.detail.unfinished == A_RECORD:
        begun = reading.records[Role.SERVER].buffered
        last = max(move.time for move in carried.moves if move.data and not move.is_clients)
        yield TranscriptEntry("received", UNFINISHED, "record", last, begun, begun)


def _is_own(end: End | None) -> bool:
    return end is not None and end.is_clients


def _plain(kind: Kind) -> Kind:
    """An alert that nobody could read ends a connection as a FIN does."""
    return Kind.FIN if kind is Kind.ALERT else kind


def _known(reading: Reading, said: Said) -> End | None:
    """The end with what the program says of it and the wire does not show: the alert that it has sent or got.
    Where the server may have answered, and then left, its end is not what the program failed at.
    """
    end = reading.end
    if end is None or (end.is_clients and end.alert is not None):
        return end
    if end.is_clients and end.kind is Kind.ALERT:
        return structs.replace(end, alert=said.alert_sent)
    is_ending = said.alert_received in (None, *CLOSURE)
    is_left = reading.is_complete and not _answer(reading, said) and end.kind is not Kind.RESET
    if is_left and is_ending and said.alert_sent not in (None, *_NEVER_FATAL):
        return End(True, Kind.ALERT, end.phase, said.alert_sent)
    if end.alert is not None:
        return end
    if not end.is_clients and not is_ending and end.kind is not Kind.CLOSE_NOTIFY:
        return structs.replace(end, kind=Kind.ALERT, alert=said.alert_received)
    if not end.is_clients and end.kind is not Kind.RESET and _may_have_answered(reading, said):
        return End(True, Kind.FIN, end.phase)
    return end


def _is_unread(reading: Reading, said: Said) -> bool:
    """Whether the server has answered, and the program has not read it."""
    return said.prints_answer and not said.answer and reading.answer.startswith(b"HTTP/")


def _may_have_answered(reading: Reading, said: Said) -> bool:
    """Whether the server has said something once connected that may be an answer, or is one, which the
    program does not show: it hides its answers, or has failed at what cannot be read here either.
    """
    is_hidden = reading.is_closed if said.hides_answer else reading.is_garbled
    return reading.is_complete and (is_hidden or _is_unread(reading, said))


def _transcript(reading: Reading, said: Said) -> Iterator[TranscriptEntry]:
    """The transcript, the alert in it that the program names and the wire does not show."""
    end, entries = _known(reading, said), list(reading.transcript)
    is_shown = end == reading.end and end is not None and end.alert is not None
    sent = [index for index, entry in enumerate(entries) if entry.direction == "sent"]
    if said.alert_sent is None or is_shown or end is None or (end.is_clients, end.kind) != (True, Kind.ALERT):
        yield from entries
        return
    for index, entry in enumerate(entries):
        named = bytes((AlertLevel.FATAL, said.alert_sent))
        yield entry._replace(name="alert", decrypted=named) if index == sent[-1] else entry


def _answer(reading: Reading, said: Said) -> bytes:
    """The server's answer: as it was read off the wire, else as the program tells it."""
    return bytes(reading.answer) or said.answer


def _quoted(said: Said) -> str:
    """What a program says of its failure, on one line, in printable ASCII, without what differs each time:
    the first lines that speak of an error, else its last.
    """
    lines = said.words.encode("ascii", "backslashreplace").decode("ascii").splitlines()
    lines = [_PASSING.sub("", line) for line in lines if not _OF_A_LOG.search(line)]
    telling = list(dict.fromkeys(line for line in lines if _TELLING.search(line)))
    words = " ".join(" ".join((telling or lines[-MAX_LINES:])[:MAX_LINES]).split())
    shown = "".join(character for character in words if character.isprintable())[:MAX_QUOTED]
    return ": ".join(part for part in (said.how, shown) if part)


def _not_connected(said: Said) -> Attempt:
    """What stands for a visit without any connection."""
    now = datetime.now(UTC)
    reason = Reason(Phase.CONNECT, Rule.NO_CONNECTION.cause, Detail(client_said=_quoted(said)))
    return Attempt(0, False, reason, None, (), now, 0.0)
