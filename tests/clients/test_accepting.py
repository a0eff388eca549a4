"""The `[accepts]` table of a profile: what can be written, what it is like, and what is told of mistakes."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.fidelity.reactions.played import played
from clients.family import BUNDLED_ACCEPTS
from clients.profile import ProfileError, load_profile, load_profiles
from clients.reaction import Does
from handshake.accepts import Accepts, Answer, parse_answer
from handshake.fault_names import PATTERNS, WORDS, check_fault_name, fault_names, listed_faults
from handshake.server.departures.collection import departures
from handshake.wire.registry import AlertDescription

PROFILE = Path(BUNDLED_ACCEPTS.parent, "profiles", "openssl-3.4.toml").read_text()
FAMILY = 'title = "Mine"\nsource = "a test"\nconfidence = "low"\n\n[accepts]\n'


def profile_with(folder: Path, accepts: str) -> Path:
    start, _, rest = PROFILE.partition("[accepts]\n")
    end = rest.partition("\n\n")[2]
    text = f"{start}[accepts]\n{accepts}\n{end}".replace('id = "openssl-3.4"', 'id = "mine"')
    path = folder / "mine.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("goes-on", Answer(goes_on=True)),
        ("closes", Answer()),
        ("alert:decode_error", Answer(alert=AlertDescription.DECODE_ERROR)),
        ("warning:no_renegotiation", Answer(goes_on=True, warning=AlertDescription.NO_RENEGOTIATION)),
        (
            "warning:no_renegotiation, closes",
            Answer(warning=AlertDescription.NO_RENEGOTIATION),
        ),
    ],
)
def test_an_answer_is_read_and_written(text: str, answer: Answer) -> None:
    assert parse_answer(text) == answer
    assert str(answer) == text


@pytest.mark.parametrize(
    "text", ["", "goes on", "alert", "alert:", "alert:nonsense", "closes, goes-on", "warning:x"]
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"answer|alert"):
        parse_answer(text)


def test_the_most_particular_name_counts() -> None:
    accepts = Accepts({"extension-twice": Answer(), "server-hello-extension-twice": Answer(goes_on=True)})
    assert accepts.answer(("server-hello-extension-twice", "extension-twice")) == Answer(goes_on=True)
    assert accepts.answer(("retry-extension-twice", "extension-twice")) == Answer()
    assert accepts.answer(("decode",)) is None


def test_a_profile_has_what_its_family_has_and_its_own_before_it(tmp_path: Path) -> None:
    folder = tmp_path / "accepts"
    folder.mkdir()
    (folder / "above.toml").write_text(FAMILY + 'alert-level = "closes"\nrecord-version = "closes"\n')
    (folder / "mine.toml").write_text(FAMILY + 'like = "above"\nrecord-version = "goes-on"\n')
    read = load_profile(profile_with(tmp_path, 'like = "mine"\nhello-request = "goes-on"\n'))
    assert {name: str(answer) for name, answer in read.accepts.answers.items()} == {
        "alert-level": "closes",
        "record-version": "goes-on",
        "hello-request": "goes-on",
    }
    assert read.accepts.confidence == "low"
    assert read.client_policy.accepts.answers == read.accepts.answers


def test_a_confidence_of_its_own_counts(tmp_path: Path) -> None:
    assert load_profile(profile_with(tmp_path, 'like = "gnutls"\n')).accepts.confidence == "high"
    read = load_profile(profile_with(tmp_path, 'like = "gnutls"\nconfidence = "medium"\n'))
    assert read.accepts.confidence == "medium"
    assert load_profile(profile_with(tmp_path, "")).accepts.confidence is None


def test_a_bundled_family_is_found_from_anywhere(tmp_path: Path) -> None:
    read = load_profile(profile_with(tmp_path, 'like = "gnutls"\n'))
    assert read.accepts == load_profiles()["gnutls-3.7"].accepts


@pytest.mark.parametrize(
    ("accepts", "told"),
    [
        ('like = "nobody"\n', "there is no accepts/nobody.toml; there are boringssl, "),
        ('alert-levl = "closes"\n', "unknown fault 'alert-levl': did you mean alert-level"),
        ('alert-level = "goes"\n', "'goes' is no answer: write goes-on, closes or alert:<name>"),
        ("alert-level = 3\n", "3 is no answer"),
        ('like = "gnutls"\nconfidence = "sure"\n', "write high, medium or low"),
        ("like = 3\n", "is 3: write the name of a family in quotes"),
        ('like = ["gnutls"]\n', "is a list: write the name of a family in quotes"),
        ('zzzzzz = "closes"\n', "tls-matrix list faults shows them all"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(tmp_path: Path, accepts: str, told: str) -> None:
    with pytest.raises(ProfileError) as error:
        load_profile(profile_with(tmp_path, accepts))
    assert told in str(error.value)
    assert "mine.toml: accepts" in str(error.value)
    path = tmp_path / "mine.toml"
    line = next(
        n for n, text in enumerate(path.read_text().splitlines(), 1) if text == accepts.splitlines()[-1]
    )
    assert f"(line {line})" in str(error.value)


@pytest.mark.parametrize(
    ("family", "told"),
    [
        (FAMILY + 'like = "mine"\n', "mine is like mine"),
        (FAMILY + 'alert-levl = "closes"\n', "unknown fault 'alert-levl'"),
        (FAMILY.replace("[accepts]\n", ""), "accepts: is missing"),
        (FAMILY.replace('"low"', '"none"'), "confidence"),
        ("", "title"),
    ],
)
def test_a_mistake_in_a_family_is_told_with_its_file(tmp_path: Path, family: str, told: str) -> None:
    folder = tmp_path / "accepts"
    folder.mkdir()
    (folder / "mine.toml").write_text(family)
    with pytest.raises(ProfileError) as error:
        load_profile(profile_with(tmp_path, 'like = "mine"\n'))
    assert told in str(error.value)
    assert "mine.toml" in str(error.value)


def test_a_name_may_say_when_it_is_met() -> None:
    for name in ("decode", "tls13-decode", "decode-after-handshake", "tls13-decode-after-handshake"):
        check_fault_name(name)
    with pytest.raises(ValueError, match="did you mean"):
        check_fault_name("tls12-decode")
    assert all(words for words in fault_names().values())


def test_each_pattern_that_is_listed_has_names() -> None:
    names = fault_names().keys()
    for pattern in PATTERNS:
        wanted = re.sub("[A-Z]+", "[a-z0-9-]+", pattern)
        is_a_place = pattern in ("tls13-NAME", "NAME-after-handshake")
        assert is_a_place or any(re.fullmatch(wanted, name) for name in names), pattern
    assert listed_faults().keys() == {*WORDS, *PATTERNS}


def test_windows_xp_takes_no_message_in_fragments_and_windows_7_does() -> None:
    departure = departures()["server-hello-in-records-of-4-and-the-rest"]
    profiles = load_profiles()
    refused = played(profiles["ie8-winxp"].player, departure).reaction
    assert (refused.does, refused.after) == (Does.CLOSES, "hello")
    assert played(profiles["ie8-win7"].player, departure).reaction.does == Does.GOES_ON


@pytest.mark.parametrize(("version", "does"), [("higher-than-offered", "goes-on"), ("sslv2", "alert")])
def test_old_nss_takes_a_version_above_its_own_and_none_below(version: str, does: str) -> None:
    player = load_profiles()["firefox-9"].player
    assert played(player, departures()[f"version-{version}"]).reaction.does.startswith(does)
    plain = replace(player, policy=replace(player.policy, accepts=Accepts()))
    assert played(plain, departures()[f"version-{version}"]).reaction.does != Does.GOES_ON
