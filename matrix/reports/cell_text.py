"""What a grid shows for one cell: a sign, a word and marks, so that colour is never the only sign; and what
they mean. Pure.
"""

from functools import cache

from msgspec import Struct

from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.run_file import CellRecord, NegotiatedRecord, RunFile

UNEXPECTED_MARK = "!"
NOTES_MARK = "*"

_SIGNS = {
    Outcome.WORKS: ("✓", "works"),
    Outcome.WORKS_AFTER_FALLBACK: ("↓", "fallback"),
    Outcome.NOT_APPLICABLE: ("-", "n/a"),
    Outcome.FAILS: ("✗", "fails"),
}
_SIGNS_WITHOUT_OUTCOME = {
    Verdict.UNSUPPORTED: ("?", "unsupported"),
    Verdict.NOT_INSTALLED: ("·", "missing"),
    Verdict.HARNESS_ERROR: ("!", "broken"),
}
_LEGEND = (
    ("✓ works", "the first attempt completes the scenario (connect: handshake, request and answer)"),
    ("↓ fallback", "works only after a silent retry with an older hello: the first attempt failed"),
    ("✓ secure", "renegotiates, with RFC 5746 on both sides"),
    ("✓ legacy", "renegotiates, without RFC 5746 on both sides (open to CVE-2009-3555)"),
    ("↓ secure", "renegotiates, with RFC 5746 on both sides, after a fallback"),
    ("↓ legacy", "renegotiates, without RFC 5746 on both sides, after a fallback"),
    ("✗ secure", "does not renegotiate although both sides have RFC 5746"),
    ("✗ legacy", "does not renegotiate without RFC 5746 on both sides"),
    ("✗ fails", "no attempt of the client completes the scenario"),
    ("- n/a", "the scenario does not apply to this pair; the handshake and the request succeeded"),
    ("? unsupported", "the server chose something that this program offers but cannot complete"),
    ("· missing", "the server, or the genuine client, is not installed on this machine"),
    ("! broken", "nothing was measured: no answer came, or the harness failed"),
    (f"... {UNEXPECTED_MARK}", "unexpected"),
    (f"... {NOTES_MARK}", "it works, but a note names something to check"),
)


class CellText(Struct, frozen=True):
    """A cell in a grid. `marks` are UNEXPECTED_MARK, NOTES_MARK, both or none."""

    sign: str
    word: str
    marks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.sign, self.word, *self.marks))


def outcome_text(outcome: Outcome) -> CellText:
    """Give what a grid shows for an outcome by itself."""
    return CellText(*_SIGNS[outcome])


def cell_text(cell: CellRecord) -> CellText:
    """Give what a grid shows for a cell."""
    kind = None if cell.renegotiation is None else cell.renegotiation.kind
    return _text(cell.outcome, cell.verdict, kind, bool(cell.notes))


@cache  # there are few of them, and each cell is asked for its text several times
def _text(outcome: Outcome | None, verdict: Verdict, kind: str | None, has_notes: bool) -> CellText:
    if outcome is None:
        sign, word = _SIGNS_WITHOUT_OUTCOME.get(verdict, ("?", verdict.value))
    else:
        sign, word = _SIGNS[outcome]
        word = kind if kind and outcome is not Outcome.NOT_APPLICABLE else word
    is_unexpected = outcome is not None and not verdict.is_as_expected
    marks = ((is_unexpected, UNEXPECTED_MARK), (has_notes, NOTES_MARK))
    return CellText(sign, word, tuple(mark for is_there, mark in marks if is_there))


def legend(run: RunFile) -> list[tuple[str, str]]:
    """Explain the signs and marks that a run's grid shows."""
    texts = [cell_text(cell) for cell in run.cells]
    shown = {f"{text.sign} {text.word}" for text in texts}
    shown |= {f"... {mark}" for text in texts for mark in text.marks}
    return [(sign, meaning) for sign, meaning in _LEGEND if sign in shown]


def negotiated_text(negotiated: NegotiatedRecord) -> str:
    """Name the version and the cipher suite briefly, e.g. `TLSv1.3 AES_128_GCM`, `TLSv1.0 RSA RC4_128_MD5`.

    The hash of an AEAD suite is that of its key derivation alone (RFC 5246 section 5) and left out.
    """
    suite = negotiated.cipher_suite.removeprefix("TLS_").replace("_WITH_", " ")
    if any(mode in suite for mode in ("_GCM_", "_CCM_", "POLY1305")):
        suite = suite.removesuffix("_SHA256").removesuffix("_SHA384")
    return f"{negotiated.version} {suite}"
