"""Renegotiation, server by server: four separate answers, never one word.

Secure (RFC 5746 on both sides) and legacy (not), begun by the client and asked for by the server. Each answer
says what became of it with the clients that tried; those that could not try are not counted. Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping

from msgspec import Struct

from clients.observation import COMPLETED, NOT_TRIED
from matrix.results.levels import in_order
from matrix.results.run_file import RunFile
from matrix.wording import counted, printable

COLUMNS = ("client begins, secure", "client begins, legacy", "server asks, secure", "server asks, legacy")
_KEYS = (("client", "secure"), ("client", "legacy"), ("server", "secure"), ("server", "legacy"))


class ServerAnswers(Struct, frozen=True):
    """One server's four answers, in the order of COLUMNS."""

    server: str
    answers: tuple[str, str, str, str]


def server_answers(run: RunFile) -> list[ServerAnswers]:
    """Give the answers of every server that was asked, in the order of the grid."""
    seen: dict[str, Mapping[tuple[str, str], Counter[str]]] = defaultdict(
        lambda: {key: Counter() for key in _KEYS}
    )
    for cell in run.cells:
        if cell.renegotiation is None:
            continue
        answers = seen[cell.server]
        for kind, answer in (("secure", cell.renegotiation.secure), ("legacy", cell.renegotiation.legacy)):
            if answer != NOT_TRIED:
                answers[cell.renegotiation.initiator, kind][answer] += 1
    return [
        ServerAnswers(
            printable(server),
            (
                _said(answers[_KEYS[0]]),
                _said(answers[_KEYS[1]]),
                _said(answers[_KEYS[2]]),
                _said(answers[_KEYS[3]]),
            ),
        )
        for server, answers in ((server, seen[server]) for server in in_order(run.servers) if server in seen)
    ]


def _said(answers: Counter[str]) -> str:
    """Name each answer with the number of clients that got it, the frequent ones first."""
    if not answers:
        return "nobody tried"
    ranked = sorted(answers.items(), key=lambda item: (item[0] != COMPLETED, -item[1], item[0]))
    return "; ".join(f"{printable(answer)} ({counted(number, 'client')})" for answer, number in ranked)
