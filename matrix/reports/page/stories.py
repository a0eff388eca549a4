"""The story of a cell: what was expected and what came, attempt by attempt, message by message, by both
sides. Pure.

A story has only what cells that went alike have in common; so there is no time, port or random byte in it,
and a wait is told only where a person notices it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from handshake.reason import Detail, saved_reason
from matrix.errors import UnreadableRun
from matrix.judgement.outcome import Outcome
from matrix.reports import facts
from matrix.reports.hello_view import HelloView, views
from matrix.reports.page.hellos import Hellos, first_flight, sent_hello
from matrix.reports.page.interned import Interned
from matrix.reports.page.look import MAX_TEXT
from matrix.reports.page.messages import says, without_wrappers
from matrix.reports.page.nearest import NearestPassing
from matrix.reports.page.sources import Sources
from matrix.results.evidence import ConnectionSeen, Entry, Evidence, ServerView
from matrix.results.run_file import AttemptRecord, CellRecord, RenegotiationRecord
from matrix.wording import bounded, reason_in_words

Pairs = list[list[str]]
"""Names and values, to be shown as they are."""
WAIT_NOTICED = 0.25
"""Seconds."""
MOST_LINES_OF_LOG = 40
MOST_PROBES = 40


class Stories:
    """Tells the stories of cells, each once."""

    def __init__(self, sources: Sources, nearest: NearestPassing) -> None:
        self._sources, self._nearest = sources, nearest
        self._stories, self._attempts, self._differences = Interned(), Interned(), Interned()
        self._hellos = Hellos()
        self._views: dict[str, list[HelloView]] = {}

    @property
    def size(self) -> int:
        """Characters of all as JSON, nearly."""
        parts = (self._stories, self._attempts, self._differences, self._hellos)
        return sum(part.size for part in parts)

    def __len__(self) -> int:
        return len(self._stories.values)

    def to_json(self) -> dict[str, Any]:
        """All of them, and what they refer to by number."""
        return {
            "stories": self._stories.values,
            "attempts": self._attempts.values,
            "differences": self._differences.values,
            **self._hellos.to_json(),
        }

    def number(self, cell: CellRecord) -> int:
        """Tell the story of a cell; its number."""
        evidence, problem = None, ""
        try:
            evidence = self._sources.evidence(cell.id)
        except UnreadableRun as unreadable:
            problem = str(unreadable)
        told = list(recorded_facts(cell))
        sent = None
        if evidence is None:
            attempts = [[*pair] for pair in self._recorded(cell)]
        else:
            told += _seen_facts(cell, evidence)
            attempts = [[title, self._seen(each)] for title, each in _connections(evidence)]
            sent = first_flight(evidence.attempts[0]) if evidence.attempts else None
        if problem:
            told.append(("evidence", problem))
        nearest = self._nearest.of(cell, sent)
        return self._stories.number(
            {
                "facts": pairs(told),
                "attempts": attempts,
                "difference": None if nearest is None else self._differences.number(nearest),
                "messages": evidence is not None,
            }
        )

    def _recorded(self, cell: CellRecord) -> Iterator[tuple[str, int]]:
        """The attempts as the run file has them, with the hellos of the profile."""
        hellos = self._hellos_of(cell.client)
        for number, attempt in enumerate(cell.attempts, start=1):
            hello = hellos[number - 1] if number <= len(hellos) else None
            told = {
                **recorded_attempt(attempt),
                "hello": None if hello is None else self._hellos.number(hello),
            }
            yield f"attempt {number}", self._attempts.number(told)

    def _hellos_of(self, client: str) -> list[HelloView]:
        if client not in self._views:
            profile = self._sources.profiles.get(client)
            self._views[client] = [] if profile is None else views(profile)
        return self._views[client]

    def _seen(self, seen: ConnectionSeen) -> int:
        hello = sent_hello(seen)
        return self._attempts.number(
            {
                "offers": bounded(seen.version, MAX_TEXT),
                "works": seen.outcome is Outcome.WORKS,
                "reason": _reason(seen),
                "agreed": _agreed(seen),
                "messages": list(_messages(seen)),
                "server": _server(seen.server_view),
                "log": _log(seen.server_view),
                "hello": None if hello is None else self._hellos.number(hello),
            }
        )


def _connections(evidence: Evidence) -> Iterator[tuple[str, ConnectionSeen]]:
    for number, each in enumerate(evidence.attempts, start=1):
        yield f"attempt {number}", each
    if evidence.later is not None:
        yield "second connection", evidence.later
    for probe in evidence.probes[:MOST_PROBES]:
        yield bounded(f"probe: {probe.hello}", MAX_TEXT), probe.connection


def recorded_facts(cell: CellRecord) -> Iterator[facts.Fact]:
    """What the run file has of a cell."""
    yield "verdict", cell.verdict.value.replace("_", " ")
    if cell.detailed_reason is not None:
        yield "reason", reason_in_words(cell.detailed_reason)
    if cell.note:
        yield "note", cell.note
    yield "expected", _expected(cell)
    if cell.prediction is not None:
        contradicts = " (contradicts what was seen)" if cell.finding else ""
        why = f", because {cell.prediction_why}" if cell.prediction_why else ""
        yield "predicted", f"{cell.prediction.value}{why}{contradicts}"
    if cell.renegotiation is not None:
        yield "renegotiation", _renegotiation(cell.renegotiation)
    yield from facts.cell_facts(cell)


def _expected(cell: CellRecord) -> str:
    said = cell.expected.value if cell.expected else "nothing"
    reason = f" {cell.expected_reason}" if cell.expected_reason else ""
    return f"{said}{reason}" + (f", because {cell.expected_why}" if cell.expected_why else "")


def _renegotiation(record: RenegotiationRecord) -> str:
    after = f"; the connection afterwards: {record.connection_after}" if record.connection_after else ""
    return (
        f"by the {record.initiator}: secure {record.secure}, legacy {record.legacy}; RFC 5746 "
        f"{'offered' if record.offered else 'not offered'} by the client, "
        f"{'answered' if record.answered else 'not answered'} by the server{after}"
    )


def _seen_facts(cell: CellRecord, evidence: Evidence) -> Iterator[facts.Fact]:
    """What only the evidence has."""
    if evidence.response:
        yield "HTTP answer", evidence.response.partition("\n")[0].rstrip("\r")
    if evidence.words:
        yield "the client's words", evidence.words
    if cell.certificate is None:
        shown = (_certificate(each) for each in evidence.connections)
        certificate = next(filter(None, shown), "")
        if certificate:
            yield "server certificate", certificate


def _certificate(seen: ConnectionSeen) -> str:
    entries = (e for e in seen.transcript if (e.direction, e.name) == ("received", "Certificate"))
    return next(map(says, entries), "")


def recorded_attempt(attempt: AttemptRecord) -> dict[str, Any]:
    """An attempt as far as the run file has it."""
    reason = attempt.reason
    return {
        "offers": bounded(attempt.version, MAX_TEXT),
        "works": attempt.outcome is Outcome.WORKS,
        "reason": "" if reason is None else bounded(reason_in_words(reason), MAX_TEXT),
    }


def _reason(seen: ConnectionSeen) -> str:
    if seen.reason is None:
        return ""
    try:
        reason = replace(saved_reason(seen.reason), detail=Detail.from_json(seen.reason_detail))
    except (TypeError, ValueError):
        return bounded(seen.reason, MAX_TEXT)
    return bounded(reason_in_words(reason), MAX_TEXT)


def _agreed(seen: ConnectionSeen) -> Pairs:
    agreed = seen.negotiated
    if agreed is None:
        return []
    yes_or_no = (
        ("renegotiation_info", agreed.renegotiation_info),
        ("extended_master_secret", agreed.extended_master_secret),
        ("encrypt_then_mac", agreed.encrypt_then_mac),
        ("resumed", agreed.is_resumed),
    )
    return pairs(
        [
            ("version", agreed.version),
            ("cipher suite", agreed.cipher_suite),
            *([("group", agreed.group)] if agreed.group else []),
            *([("DH prime", f"{agreed.dh_prime_bits} bits")] if agreed.dh_prime_bits else []),
            *((name, "yes" if value else "no") for name, value in yes_or_no),
        ]
    )


def _messages(seen: ConnectionSeen) -> Iterator[list[Any]]:
    """Direction, name, size in bytes, what it says, and the seconds waited before it where these are felt."""
    before = 0.0
    left_out = seen.left_out
    for place, entry in without_wrappers(seen.transcript):
        if left_out is not None and place >= left_out.after:
            yield ["", f"{left_out.entries} more entries", left_out.wire_bytes, "not kept", 0]
            left_out = None
        waited = entry.time - before
        before = entry.time
        yield [*_message(entry), round(waited, 1) if waited >= WAIT_NOTICED else 0]
    waited = seen.seconds - before - (seen.first_entry_after or 0.0)
    if waited >= WAIT_NOTICED:
        yield ["", "the end", 0, "", round(waited, 1)]


def _message(entry: Entry) -> list[Any]:
    direction = "sent" if entry.direction == "sent" else "received"
    return [direction, bounded(entry.name, MAX_TEXT), len(entry.wire), bounded(says(entry), MAX_TEXT)]


def _server(view: ServerView | None) -> Pairs | None:
    """What the server itself says; None where it says nothing that is known."""
    if view is None:
        return None
    said = (
        ("version", view.version),
        ("cipher suite", view.cipher_suite),
        ("alert sent", view.alert_sent),
        ("reason", view.reason),
    )
    return pairs([(name, value) for name, value in said if value])


def _log(view: ServerView | None) -> Sequence[str]:
    lines = [] if view is None or view.log is None else view.log
    told = [bounded(line, MAX_TEXT) for line in lines[-MOST_LINES_OF_LOG:]]
    before = len(lines) - len(told)
    return [f"({before} lines before are in the evidence)", *told] if before else told


def pairs(told: list[facts.Fact]) -> Pairs:
    """Names and values, each text bounded and safe to show."""
    return [[name, bounded(value, MAX_TEXT)] for name, value in told]
