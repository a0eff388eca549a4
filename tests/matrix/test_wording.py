"""Reasons in words: every cause a client can see has its own, and the reason's phase says when."""

import os

import pytest

from handshake.alerts import COARSER
from handshake.errors import Fault
from matrix.wording import printable, sentence

# What only a server can accuse its client of; a client never reports it of a server.
SERVERS_ONLY = {
    Fault.BAD_HANDSHAKE_RECORD_MAC,
    Fault.UNFORESEEN,
    Fault.ALERT_LENGTH,
    Fault.NO_COMMON_CIPHER_SUITE,
    Fault.INAPPROPRIATE_FALLBACK,
    *COARSER,
}


@pytest.mark.parametrize("fault", sorted(set(Fault) - SERVERS_ONLY, key=lambda fault: fault.value))
def test_every_protocol_error_has_words_of_its_own(fault: Fault) -> None:
    said = sentence(f"server-hello:protocol-error-{fault.value}")
    assert fault.value not in said or fault.value == "decode"
    assert "breaks the protocol" not in said
    assert said.endswith(", in answer to the client's hello")


def test_what_is_not_known_is_still_said() -> None:
    assert "breaks the protocol (something-new)" in sentence("finished:protocol-error-something-new")


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
