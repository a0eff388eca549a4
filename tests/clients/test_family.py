"""Families of stacks: what a profile has of the family that it is like, beside the answers of `[accepts]`."""

from pathlib import Path

import pytest

from clients.family import BUNDLED_ACCEPTS, Family, family_conduct
from clients.profile import Profile, ProfileError, load_profile, load_profiles
from definitions.reading import read_toml
from tests.clients.test_profile_format import GOOD, write

FAMILY = """title = "Mine"
source = "a test"
confidence = "low"

[limits]
max_certificates = 7
min_rsa_bits = 1024

[policy]
renegotiation = "off"
closes_with = "fin"

[retry_hello]
change_cipher_spec = "later"

[renegotiation_hello]
session_id = "empty"

[accepts]
"""
PLAIN = GOOD[: GOOD.index("[limits]")] + GOOD[GOOD.index("[[attempt]]") :]


def profile_like(folder: Path, family: str, tables: str = "") -> Profile:
    (folder / "accepts").mkdir(exist_ok=True)
    (folder / "accepts" / "mine.toml").write_text(family)
    return load_profile(
        write(folder, PLAIN.replace("[[attempt]]", f'{tables}[accepts]\nlike = "mine"\n\n[[attempt]]', 1))
    )


def test_a_silent_profile_has_the_tables_of_its_family(tmp_path: Path) -> None:
    profile = profile_like(tmp_path, FAMILY)
    assert (profile.client_limits.max_certificates, profile.client_limits.min_rsa_bits) == (7, 1024)
    assert profile.client_policy.renegotiation.value == "off"
    assert profile.client_policy.closes_with == "fin"
    assert profile.client_policy.retry_hello.change_cipher_spec == "later"
    assert profile.client_policy.renegotiation_hello.session_id == "empty"


def test_what_a_profile_says_holds_key_by_key(tmp_path: Path) -> None:
    tables = '[limits]\nmax_certificates = 3\n\n[policy]\ncloses_with = "close_notify"\n\n'
    profile = profile_like(tmp_path, FAMILY, tables)
    assert (profile.client_limits.max_certificates, profile.client_limits.min_rsa_bits) == (3, 1024)
    assert profile.client_policy.closes_with == "close_notify"
    assert profile.client_policy.renegotiation.value == "off"


def test_a_nearer_family_holds_before_a_further_one(tmp_path: Path) -> None:
    (tmp_path / "accepts").mkdir()
    (tmp_path / "accepts" / "far.toml").write_text(FAMILY)
    near = 'title = "Near"\nsource = "a test"\nconfidence = "high"\n\n[limits]\nmax_certificates = 9\n\n'
    profile = profile_like(tmp_path, near + '[accepts]\nlike = "far"\n')
    assert (profile.client_limits.max_certificates, profile.client_limits.min_rsa_bits) == (9, 1024)
    assert profile.accepts.confidence == "high"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("max_certificates = 7", "max_certificates = 0", "limits.max_certificates (line 6)"),
        ('renegotiation = "off"', 'renegotiation = "of"', "policy.renegotiation (line 10)"),
        ("[retry_hello]", "[retry_helo]", "did you mean retry_hello"),
    ],
)
def test_a_mistake_in_a_table_is_told_with_the_family_s_file(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(ProfileError) as caught:
        profile_like(tmp_path, FAMILY.replace(old, new))
    assert "accepts/mine.toml" in str(caught.value)
    assert told in str(caught.value)


def test_every_family_is_of_use_and_can_be_read() -> None:
    named = {
        line.split('"')[1]
        for folder in (BUNDLED_ACCEPTS, BUNDLED_ACCEPTS.parent / "profiles")
        for file in folder.glob("*.toml")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("like = ")
    }
    for file in BUNDLED_ACCEPTS.glob("*.toml"):
        assert file.stem in named, file
        assert family_conduct(file.stem, None).confidence == read_toml(file, Family).confidence


def test_a_profile_says_how_sure_its_conduct_is() -> None:
    """A hello alone says nothing of what its client takes of a server."""
    known = [each.id for each in load_profiles().values() if each.accepts.confidence is not None]
    assert len(known) > 350
