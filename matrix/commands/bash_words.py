"""The words of a command line as somebody typed them, for completion in bash.

bash divides words at `:`, `=` and `@` also (COMP_WORDBREAKS), hands the pieces over, and puts a completion in
the place of the last piece. So the pieces are joined before the words are read, and what bash already has of
the last word is taken off each completion. Which pieces there are says where bash has divided, so a user's
own COMP_WORDBREAKS is followed, and no script of the shell has to know of it.
"""

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

ASKED_BY, ASKED = "_TLS_MATRIX_COMPLETE", "complete_bash"
WORDS, CURSOR = "COMP_WORDS", "COMP_CWORD"
"""How the script of typer's hands them over: a piece a line, and the number of that with the cursor."""
_BREAKS = ":=@"
_KEPT = "@"
"""Replaced by bash together with what follows it."""


@contextmanager
def joined_words() -> Iterator[None]:
    """Where bash asks for completions, let them be found for whole words and print them for its pieces."""
    if os.environ.get(ASKED_BY) != ASKED:
        yield
        return
    pieces = os.environ.get(WORDS, "").split("\n")
    words, had = joined(pieces[: int(os.environ.get(CURSOR, "0")) + 1])
    os.environ |= {WORDS: "\n".join(words), CURSOR: str(len(words) - 1)}
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            yield
    finally:
        option = _option_of(words)
        for line in printed.getvalue().splitlines():
            sys.stdout.write(f"{(option + line).removeprefix(had)}\n")


def joined(pieces: Sequence[str]) -> tuple[list[str], str]:
    """The words that these pieces make, and the part of the last word that bash does not replace."""
    words: list[str] = []
    had = ""
    is_open = False
    for piece in pieces:
        is_break = piece != "" and not piece.strip(_BREAKS)
        if words and (is_break or (is_open and piece != "" and not piece.startswith("-"))):
            had = words[-1]
            words[-1] += piece
        else:
            had = ""
            words.append(piece)
        is_open = is_break
    if is_open:
        had = words[-1]
    return words, had.removesuffix(_KEPT)


def _option_of(words: Sequence[str]) -> str:
    """What stands before the value in `--option=value`: the value alone is completed."""
    option, equals, _ = words[-1].partition("=")
    return option + equals if equals and option.startswith("-") else ""
