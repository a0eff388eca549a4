"""Text of peers and paths, made safe to print."""

import os

import pytest

from matrix.wording import printable


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("caf\u00e9 \U0001f600", "caf\u00e9 \U0001f600"),
        ("a\tb\n\x1b[1m", "a\\tb\\n\\x1b[1m"),
        ("\u202eabc", "\\u202eabc"),
        (os.fsdecode(b"x\xff\x80"), "x\\xff\\x80"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_is_printed_is_nothing_but_text(text: str, said: str) -> None:
    assert printable(text) == said
    assert printable(said) == said
