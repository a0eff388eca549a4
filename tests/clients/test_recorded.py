"""Recorded hellos that a profile claims to send: whether it does, and what is said where it does not."""

import json
from pathlib import Path

import pytest

from clients.profile import BUNDLED_PROFILES, ProfileError, load_profile
from clients.recorded import load_recorded, recorded_hello
from tests.clients.test_profile_format import GOOD, write

RECORDED = "testssl/ie_8_xp@2016-07-03"
CLAIMING = (
    GOOD[: GOOD.index("[[attempt]]")]
    + f'''
[[attempt]]
evidence = "{RECORDED}"
record_version = "TLSv1.0"
client_version = "TLSv1.0"
cipher_suites = [
    "TLS_RSA_WITH_RC4_128_MD5",
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_DES_CBC_SHA",
    "TLS_RSA_EXPORT1024_WITH_RC4_56_SHA",
    "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA",
    "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
    "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5",
    "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA",
    "TLS_DHE_DSS_WITH_DES_CBC_SHA",
    "TLS_DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA",
]
compression_methods = ["null"]
extensions = [{{ type = "renegotiation_info", body = "00" }}]
'''
)


def test_recorded_bytes_that_are_claimed_and_sent(tmp_path: Path) -> None:
    assert load_profile(write(tmp_path, CLAIMING)).attempts[0].evidence == RECORDED


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "TLS_RSA_WITH_RC4_128_SHA",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "at byte 49, cipher_suites[1]: recorded 05 00 0a 00, sent 2f 00 0a 00",
        ),
        (
            'record_version = "TLSv1.0"',
            'record_version = "SSLv3"',
            "at byte 2, the record's header",
        ),
        ('body = "00"', 'body = "0000"', "at byte 4, the record's header"),
    ],
)
def test_recorded_bytes_that_are_claimed_and_not_sent(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in CLAIMING
    path = write(tmp_path, CLAIMING.replace(old, new))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if RECORDED in text)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    said = str(caught.value)
    where = f"{path}: attempt[0].evidence (line {line})"
    assert said.startswith(f"{where}: {RECORDED!r} was recorded otherwise, ")
    assert told in said
    assert said.endswith("mend the hello, or drop evidence")


def test_a_hello_that_cannot_be_read_is_no_recorded_one(tmp_path: Path) -> None:
    """The client draws its order, so its hello is read to be compared."""
    text = (BUNDLED_PROFILES / "chromium-156.toml").read_text()
    text = text.replace('id = "chromium-156"', 'id = "mine"', 1)
    load_profile(write(tmp_path, text))
    spoiled = text.replace('compression_methods = ["null"]', "compression_methods = []", 1)
    assert spoiled != text
    with pytest.raises(ProfileError, match="is not this hello, which cannot be read") as caught:
        load_profile(write(tmp_path, spoiled))
    assert "\n" not in str(caught.value)


def test_bytes_recorded_by_the_user_are_beside_the_profile(tmp_path: Path) -> None:
    hello = recorded_hello(RECORDED)
    assert hello is not None
    (tmp_path / "evidence").mkdir()
    own = {**hello.model_dump(exclude={"wire", "mutable", "drawn"}), "wire": hello.wire.hex(), "mutable": []}
    (tmp_path / "evidence" / "mine.json").write_text(json.dumps({"hellos": {"mine/1": own}}))
    path = write(tmp_path, CLAIMING.replace(RECORDED, "mine/1"))
    with pytest.raises(ProfileError, match=r"at byte 11, random: recorded"):
        load_profile(path)
    (tmp_path / "evidence" / "mine.json").write_text("{]}")
    load_recorded.cache_clear()
    with pytest.raises(ProfileError, match=r"mine\.json: line 1, column 2: is not JSON"):
        load_profile(path)


def test_a_name_that_its_file_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, CLAIMING.replace(RECORDED, "testssl/ie_8_xp@2016-07-04")))
    assert str(caught.value).endswith(
        f"'testssl/ie_8_xp@2016-07-04' is not in testssl.json, the file of its name: did you mean {RECORDED}?"
    )


@pytest.mark.parametrize("name", ["incident.pcap, stream 1", "nowhere/ie8"])
def test_a_name_of_no_file_is_a_word_for_people(tmp_path: Path, name: str) -> None:
    assert load_profile(write(tmp_path, CLAIMING.replace(RECORDED, name))).attempts[0].evidence == name


@pytest.mark.parametrize(("offset", "length"), [(11, 99_999), (-1, 5), (11, 0), (99_999, 1)])
def test_what_differs_on_every_connection_is_within_the_hello(
    tmp_path: Path, offset: int, length: int
) -> None:
    hello = recorded_hello(RECORDED)
    assert hello is not None
    (tmp_path / "evidence").mkdir()
    own = {**hello.model_dump(exclude={"wire", "mutable", "drawn"}), "wire": hello.wire.hex()}
    own["mutable"] = [["random", offset, length]]
    (tmp_path / "evidence" / "wide.json").write_text(json.dumps({"hellos": {"wide/1": own}}))
    with pytest.raises(ProfileError, match=r"mutable\[0\] \(line 1\): random: has -?\d+ bytes from"):
        load_profile(write(tmp_path, CLAIMING.replace(RECORDED, "wide/1")))
