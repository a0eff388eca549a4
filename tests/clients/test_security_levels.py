"""OpenSSL's security levels: the profiles against what was measured, and the program against it."""

import pytest
from msgspec.structs import replace

from clients.profile import load_profiles
from tests.clients.genuine_programs import PROGRAMS
from tests.clients.security_levels import (
    LEVELS,
    QUESTIONS,
    genuine,
    played,
    read_vectors,
)

PROFILES = load_profiles()
PLAYS = {
    "openssl-3.0-seclevel0": "seclevel0",
    "openssl-3.0": "seclevel1",
    "openssl-3.0-debian": "default",
}
VECTORS = read_vectors()


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("client", PLAYS)
def test_the_profile_does_what_was_measured(client: str, question: str) -> None:
    measured = VECTORS[PLAYS[client]][question]
    assert played(PROFILES[client].player, QUESTIONS[question]) == measured


def test_the_levels_differ_and_the_default_of_debian_is_2() -> None:
    """The control: a profile of another level would not pass."""
    assert VECTORS["default"] == VECTORS["seclevel2"]
    found = {tuple(sorted(rows.items())) for rows in VECTORS.values()}
    assert len(found) == len(VECTORS) - 1


@pytest.mark.parametrize(
    ("client", "limit", "question"),
    [
        ("openssl-3.0-debian", "min_rsa_bits", "rsa-1962"),
        ("openssl-3.0-debian", "min_dh_prime_bits", "dh-2047"),
        ("openssl-3.0-debian", "legacy_signature_alert", "tls10-dhe-rsa"),
        ("openssl-3.0-seclevel0", "min_dh_prime_bits", "dh-1023"),
    ],
)
def test_without_the_limit_it_would_do_something_else(client: str, limit: str, question: str) -> None:
    player = PROFILES[client].player
    without = replace(player, limits=replace(player.limits, **{limit: None}))
    assert played(without, QUESTIONS[question]) != VECTORS[PLAYS[client]][question]


@pytest.mark.long(but=["seclevel0"])
@pytest.mark.parametrize("level", LEVELS)
def test_the_program_still_does_it(level: str) -> None:
    PROGRAMS["openssl-3.0"].skip_where_it_is_not()
    assert {name: genuine(level, question) for name, question in QUESTIONS.items()} == VECTORS[level]
