"""The TOML format: a good file is read as written, a mistake is one line with file, key and correction."""

import re
from pathlib import Path

import pytest

from clients.profile import Profile, ProfileError, load_profile, load_profiles
from handshake.hello_random import Beginning
from handshake.hello_template import (
    ClientLimits,
    ClientPolicy,
    ExtensionTemplate,
    Fill,
    HelloFormat,
)

GOOD = """\
id = "mine"
title = "My client"
stack = "my stack"
os = "any"
released = "2012-02"

[provenance]
kind = "captured"
source = "a capture"
confidence = "high"

[limits]
versions = ["SSLv3", "TLSv1.0"]
max_dh_prime_bits = 1024

[policy]
record_splitting = "1/n-1"

[[attempt]]
evidence = "mine/1"
record_version = "TLSv1.0"
client_version = "0x0301"
session_id_length = 32
cipher_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA", "0x1a1a", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"]
compression_methods = ["deflate", "null", "0x40"]
extensions = [
    { type = "server_name", fill = "server_name" },
    { type = "supported_groups", body = "0004 0017 0018" },
    { type = "0x7777" },
]

[[attempt]]
evidence = "mine/2"
after = ["fin", "alert:40"]
format = "sslv2"
client_version = "SSLv3"
challenge_length = 16
cipher_suites = ["SSL_CK_RC4_128_WITH_MD5", "TLS_RSA_WITH_RC4_128_MD5", "0x0700c0"]
"""


def write(directory: Path, text: str, name: str = "mine.toml") -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def complaint(directory: Path, old: str, new: str) -> str:
    """Return the error of GOOD with `old` replaced by `new`, checked to be one line that names the file, and
    without the number of the line in it.
    """
    assert GOOD.count(old) == 1, "the test's edit must hit one place"
    path = write(directory, GOOD.replace(old, new))
    with pytest.raises(ProfileError) as caught:
        load_profiles([directory])
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return re.sub(r" \(line \d+\): ", ": ", message.removeprefix(f"{path}: "), count=1)


def test_a_good_file_is_read_as_written(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, GOOD))
    first, second = profile.attempts
    assert first.template.client_version == 0x0301
    assert first.template.cipher_suites == (0x002F, 0x1A1A, 0x00FF)
    assert first.template.compression_methods == b"\x01\x00\x40"
    assert first.template.session_id_length == 32
    assert first.template.extensions == (
        ExtensionTemplate(0, b"", Fill.SERVER_NAME),
        ExtensionTemplate(10, bytes.fromhex("000400170018")),
        ExtensionTemplate(0x7777),
    )
    assert second.template.format is HelloFormat.SSLV2
    assert second.template.cipher_suites == (0x010080, 0x000004, 0x0700C0)
    assert second.template.challenge_length == 16
    assert {str(cause) for cause in second.causes} == {"fin", "alert-handshake_failure"}
    assert profile.client_limits == ClientLimits((0x0300, 0x0301), max_dh_prime_bits=1024)
    assert profile.client_policy == ClientPolicy(record_splitting="1/n-1")


def test_what_a_client_sends_of_its_own(tmp_path: Path) -> None:
    own = 'certificate_compression = ["brotli", "zlib"]\napplication_settings = "04 05"\n'
    policy = load_profile(write(tmp_path, GOOD.replace("[policy]\n", f"[policy]\n{own}"))).client_policy
    assert policy.certificate_compression == (2, 1)
    assert policy.application_settings == b"\x04\x05"


def test_fresh_bytes_are_random_unless_they_begin_with_the_time(tmp_path: Path) -> None:
    first, second = load_profile(write(tmp_path, GOOD)).attempts
    assert {first.template.random_begins_with, second.template.challenge_begins_with} == {"random-bytes"}
    random, challenge = (
        '_begins_with = "gmt_unix_time"'.join((name, "")) for name in ("random", "challenge")
    )
    said = GOOD.replace("session_id_length = 32", f"session_id_length = 32\n{random}")
    said = said.replace("challenge_length = 16", f"challenge_length = 16\n{random}\n{challenge}")
    first, second = load_profile(write(tmp_path, said)).attempts
    assert first.template.random_begins_with is Beginning.GMT_UNIX_TIME
    assert first.template.challenge_begins_with is Beginning.RANDOM_BYTES
    assert second.template.random_begins_with is Beginning.GMT_UNIX_TIME
    assert second.template.challenge_begins_with is Beginning.GMT_UNIX_TIME


def test_no_extension_block_and_an_empty_one_are_different(tmp_path: Path) -> None:
    start, end = GOOD.index("extensions = ["), GOOD.index("[[attempt]]", GOOD.index("extensions"))
    none = load_profile(write(tmp_path, GOOD[:start] + GOOD[end:]))
    empty = load_profile(write(tmp_path, GOOD[:start] + "extensions = []\n" + GOOD[end:]))
    assert none.attempts[0].template.extensions is None
    assert empty.attempts[0].template.extensions == ()


@pytest.mark.parametrize(
    ("old", "new", "key", "advice"),
    [
        ('id = "mine"', 'id = "yours"', "id", "make them equal"),
        ('id = "mine"', 'id = "My Client"', "id", "write it as the pattern"),
        ('title = "My client"\n', "", "title", "is missing: add it"),
        ('title = "My client"', "title = 7", "title", "write text in quotes"),
        ('title = "My client"', 'titel = "My client"\ntitle = "x"', "titel", "did you mean title?"),
        ('released = "2012-02"', 'released = "February"', "released", "write it as the pattern"),
        ('kind = "captured"', 'kind = "guessed"', "provenance.kind", "write captured, documented or derived"),
        ('confidence = "high"', 'confidence = "LOW"', "provenance.confidence", "did you mean low?"),
        ('source = "a capture"', 'source = ""', "provenance.source", "at least 1"),
        ('"SSLv3", "TLSv1.0"]', '"TLSv9"]', "limits.versions[0]", "did you mean TLSv1.3"),
        (
            "max_dh_prime_bits = 1024",
            "max_dh_prime_bits = 0",
            "limits.max_dh_prime_bits",
            "write a number above 0",
        ),
        (
            "max_dh_prime_bits = 1024",
            "max_dh_bits = 1024",
            "limits.max_dh_bits",
            "did you mean max_dh_prime_bits?",
        ),
        ("max_dh_prime_bits = 1024", "zzz = 1024", "limits.zzz", "drop it"),
        (
            'record_splitting = "1/n-1"',
            'record_splitting = "2/n-2"',
            "policy.record_splitting",
            "did you mean 1/n-1?",
        ),
        ('client_version = "0x0301"\n', "", "attempt[0].client_version", "is missing"),
        (
            'record_splitting = "1/n-1"',
            'certificate_compression = ["zlip"]',
            "policy.certificate_compression[0]",
            "write zlib, brotli, zstd",
        ),
        (
            'record_splitting = "1/n-1"',
            'application_settings = "0g"',
            "policy.application_settings",
            "hexadecimal",
        ),
        (
            '"TLS_RSA_WITH_AES_128_CBC_SHA", ',
            '"TLS_RSA_WITH_AES_128_CBC_SHAH", ',
            "attempt[0].cipher_suites[0]",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
        ),
        ('"TLS_RSA_WITH_AES_128_CBC_SHA", ', "47, ", "attempt[0].cipher_suites[0]", "text in quotes"),
        ('client_version = "0x0301"', 'client_version = "TLS1"', "attempt[0].client_version", "TLSv1"),
        ('record_version = "TLSv1.0"\n', "", "attempt[0].record_version", "a TLS record needs it"),
        ("session_id_length = 32", "session_id_length = 33", "attempt[0].session_id_length", "32"),
        (
            "session_id_length = 32",
            'random_begins_with = "the time"',
            "attempt[0].random_begins_with",
            "gmt_unix_time",
        ),
        (
            "session_id_length = 32",
            'challenge_begins_with = "gmt_unix_time"',
            "attempt[0].challenge_begins_with",
            "only an SSLv2-format hello has a challenge: drop it",
        ),
        (
            "session_id_length = 32",
            "challenge_length = 32",
            "attempt[0].challenge_length",
            "only an SSLv2-format hello has a challenge",
        ),
        (
            'compression_methods = ["deflate", "null", "0x40"]\n',
            "",
            "attempt[0].compression_methods",
            "a TLS record needs it",
        ),
        ('["deflate", "null", "0x40"]', '["zip"]', "attempt[0].compression_methods[0]", "write null"),
        ('["deflate", "null", "0x40"]', '"null"', "attempt[0].compression_methods", "square brackets"),
        ('{ type = "0x7777" }', '{ type = "server_nam" }', "attempt[0].extensions[2].type", "server_name"),
        (
            '{ type = "0x7777" }',
            '{ type = "server_name" }',
            "attempt[0].extensions[2]",
            "server_name stands twice",
        ),
        (
            'body = "0004 0017 0018"',
            'body = "0004 001"',
            "attempt[0].extensions[1].body",
            "pairs of hexadecimal",
        ),
        (
            'fill = "server_name"',
            'fill = "padding"',
            "attempt[0].extensions[0]",
            'goes with type = "padding"',
        ),
        (
            'fill = "server_name"',
            'fill = "server_name", body = "00"',
            "attempt[0].extensions[0]",
            "leave body out",
        ),
        (
            '{ type = "0x7777" }',
            '{ type = "key_share", fill = "key_share" }',
            "attempt[0].extensions[2]",
            "needs groups = [...]",
        ),
        (
            '{ type = "0x7777" }',
            '{ type = "encrypted_client_hello", fill = "ech_grease", body = "00 0001 0001" }',
            "attempt[0].extensions[2]",
            'payload_sizes = [...] and fill = "ech_grease" go together',
        ),
        (
            '{ type = "0x7777" }',
            '{ type = "encrypted_client_hello", fill = "ech_grease", payload_sizes = [144] }',
            "attempt[0].extensions[2]",
            "needs a body: type, KDF and AEAD",
        ),
        ('{ type = "0x7777" }', '{ type = "0x7777", aeads = [1] }', "attempt[0].extensions[2]", "alone"),
        (
            "session_id_length = 32",
            'session_id_length = 32\nunmoved = ["server_name"]',
            "attempt[0].unmoved",
            'goes with order = "permuted" alone',
        ),
        ("session_id_length = 32", 'grease = "random"', "attempt[0].grease", "write as-written or drawn"),
        (
            'evidence = "mine/1"',
            'evidence = "mine/1"\nwithout = ["server_name"]',
            "attempt[0].without",
            "the first attempt has none before it",
        ),
        (
            "challenge_length = 16",
            'challenge_length = 16\nwithout = ["server_name"]',
            "attempt[1].without",
            "drop challenge_length, cipher_suites, client_version, format",
        ),
        ('released = "2012-02"', 'released = "2012-02"\nsets = ["Core"]', "sets[0]", "as the pattern"),
        ('released = "2012-02"', 'released = "2012-02"\ndefault = 1', "default", "write sets = []"),
        ('after = ["fin", "alert:40"]\n', "", "attempt[1].after", "is missing: name the failures"),
        (
            'evidence = "mine/1"',
            'evidence = "mine/1"\nafter = ["fin"]',
            "attempt[0].after",
            "follows no failure",
        ),
        ('"alert:40"]', '"alert:fourty"]', "attempt[1].after[1]", "unknown alert"),
        ("challenge_length = 16\n", "", "attempt[1].challenge_length", "needs one, 16 to 32"),
        ("challenge_length = 16", "challenge_length = 15", "attempt[1].challenge_length", "16"),
        (
            "challenge_length = 16",
            "challenge_length = 16\nextensions = []",
            "attempt[1].extensions",
            "an SSLv2-format hello has none",
        ),
        (
            "challenge_length = 16",
            'challenge_length = 16\ncompression_methods = ["null"]',
            "attempt[1].compression_methods",
            "an SSLv2-format hello has none",
        ),
        (
            '"0x1a1a", ',
            '"SSL_CK_RC4_128_WITH_MD5", ',
            "attempt[0].cipher_suites[1]",
            "fits an SSLv2-format hello only",
        ),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, key: str, advice: str) -> None:
    message = complaint(tmp_path, old, new)
    assert message.startswith(f"{key}: "), message
    assert advice in message, message


def test_every_mistake_of_a_file_is_told_in_its_order(tmp_path: Path) -> None:
    text = (
        GOOD.replace('os = "any"\n', "")
        .replace("title =", "tile =")
        .replace('"0x7777"', '"server_name"')
        .replace('format = "sslv2"\n', "")
    )
    path = write(tmp_path, text)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert str(caught.value).splitlines() == [
        f"{path}: os: is missing: add it",
        f"{path}: tile (line 2): no such key: did you mean title? (it is required)",
        f"{path}: attempt[0].extensions[2] (line 28): server_name stands twice (RFC 8446 section 4.2): "
        "drop one",
        *(
            f"{path}: attempt[1].{key}"
            for key in (
                "record_version (line 31): is missing: a hello in a TLS record needs it",
                "compression_methods (line 31): is missing: a hello in a TLS record needs it",
                "challenge_length (line 35): only an SSLv2-format hello has a challenge: "
                'drop it or set format = "sslv2"',
                "cipher_suites[0] (line 36): cipher spec 0x010080 fits an SSLv2-format hello only: "
                'set format = "sslv2" or drop it',
                "cipher_suites[2] (line 36): cipher spec 0x0700c0 fits an SSLv2-format hello only: "
                'set format = "sslv2" or drop it',
            )
        ),
    ]


def test_the_mistakes_of_all_files_are_told(tmp_path: Path) -> None:
    bad = [
        write(tmp_path, GOOD.replace("mine", name).replace("title =", "tile ="), f"{name}.toml")
        for name in "abc"
    ]
    write(tmp_path, GOOD)
    with pytest.raises(ProfileError) as caught:
        load_profiles([tmp_path, tmp_path / "none"])
    told = [line.partition(": ")[0] for line in str(caught.value).splitlines()]
    assert told == [*map(str, bad), str(tmp_path / "none")]
    assert caught.value.lines == tuple(str(caught.value).splitlines())


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"mine\.toml: line 2, column 9: is not TOML: "):
        load_profile(write(tmp_path, 'id = "mine"\ntitle = \n'))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match=r"mine\.toml: line 1: is not UTF-8"):
        load_profile(path)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"^[^\n]*none: no such directory"):
        load_profiles([tmp_path / "none"])


def test_the_same_id_in_two_directories(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, GOOD)
    with pytest.raises(ProfileError) as caught:
        load_profiles([tmp_path / "a", tmp_path / "b"])
    assert str(caught.value) == (
        f"{tmp_path / 'b' / 'mine.toml'}: id (line 1): 'mine' is taken by "
        f"{tmp_path / 'a' / 'mine.toml'}: choose another and rename"
    )
    assert list(load_profiles([tmp_path / "a"])) == ["mine"]


def test_other_files_in_the_directory_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, "not TOML at all", "README.md")
    assert list(load_profiles([tmp_path])) == ["mine"]


def test_a_profile_cannot_be_changed(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, GOOD))
    with pytest.raises(ValueError, match="frozen"):
        profile.title = "x"  # type: ignore[misc]
    assert isinstance(profile, Profile)
