"""What is printed of the keys of a server.toml: each has a text, and it is the one under the field."""

from dataclasses import dataclass, fields
from enum import StrEnum

import pytest

from servers.declared import Declared, DeclaredRefusals, DeclaredRenegotiation
from servers.definition import BUNDLED_SERVERS
from servers.definition_tables import DeclaredTable, RefusalsTable, RenegotiationTable
from servers.key_texts import KeyText, declared_key_texts, emulation_key_texts, field_texts, key_texts

EMULATION, DECLARED = emulation_key_texts(), declared_key_texts()


@pytest.mark.parametrize("key", [*EMULATION, *DECLARED], ids=lambda key: key.key)
def test_every_key_has_a_text_of_a_sentence_at_least(key: KeyText) -> None:
    assert key.text[0].isupper()
    assert key.text.endswith((".", '."'))
    assert len(key.text.split()) > 2
    assert "  " not in key.text
    assert key.values


def test_the_keys_of_inner_tables_are_there_under_their_tables_names() -> None:
    for texts in (EMULATION, DECLARED):
        keys = [text.key for text in texts]
        assert len(set(keys)) == len(keys)
    assert {"records.max_fragment", "reading.checks.step", "received_alert.reply"} <= {
        text.key for text in EMULATION
    }
    assert {"renegotiation.allowed", "refusals.sslv2_hello"} <= {text.key for text in DECLARED}


class Word(StrEnum):
    """A word.

    "one" is this, "other" is that.
    """

    ONE = "one"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Sample:
    """Fields with and without a text."""

    word: Word = Word.ONE
    """What it is,
    in two lines."""
    silent: bool = False
    count: int = 0
    """How many."""

    """No text of a field."""


def test_a_text_is_what_stands_under_the_field_and_what_its_words_mean() -> None:
    assert field_texts(Sample) == {"word": "What it is, in two lines.", "count": "How many."}
    assert list(key_texts(Sample)) == [
        KeyText(
            "word",
            '"one", "other"',
            '"one"',
            'What it is, in two lines. "one" is this, "other" is that.',
        ),
        KeyText("silent", "true, false", "false", ""),
        KeyText("count", "a number", "0", "How many."),
    ]


@pytest.mark.parametrize(
    ("table", "facts", "more"),
    [
        (DeclaredTable, Declared, {"cipher_suites_without"}),
        (RenegotiationTable, DeclaredRenegotiation, set()),
        (RefusalsTable, DeclaredRefusals, set()),
    ],
)
def test_every_declared_fact_can_be_stated(table: type[DeclaredTable], facts: type, more: set[str]) -> None:
    assert set(table.model_fields) == {field.name for field in fields(facts)} | more


def test_the_readme_says_where_the_keys_are_and_repeats_none() -> None:
    readme = (BUNDLED_SERVERS / "README.md").read_text(encoding="utf-8")
    assert "./tls-matrix list emulation" in readme
    assert "./tls-matrix list declared" in readme
    assert "./tls-matrix list features" in readme
    rows = {line.split("`")[1] for line in readme.splitlines() if line.startswith("| `")}
    assert rows & {text.key for text in (*EMULATION, *DECLARED)} == set()
