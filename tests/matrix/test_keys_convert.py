"""`keys convert` against OpenSSL's own program: what one writes the other reads, in every format."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from matrix.key_files import Format, KeyFileError, PasswordNeeded, read_key_file, write_key_file

KINDS = {
    "rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ec": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "ed25519": ["ED25519"],
}
PASSWORD = b"correct horse"


def openssl(*arguments: str | Path, data: bytes = b"") -> bytes:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl program; get it with: apt-get install openssl")
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=KINDS, scope="module")
def key(request: pytest.FixtureRequest) -> bytes:
    """A key in PKCS#8."""
    return openssl("genpkey", "-algorithm", *KINDS[request.param])


def public(key: bytes, *options: str) -> bytes:
    return openssl("pkey", "-pubout", *options, data=key)


def pkcs12(key: bytes, folder: Path) -> bytes:
    (folder / "key").write_bytes(key)
    certificate = openssl("req", "-x509", "-new", "-key", folder / "key", "-subj", "/CN=server.example.test")
    return openssl("pkcs12", "-export", "-passout", f"pass:{PASSWORD.decode()}", data=key + certificate)


@pytest.mark.parametrize("source", ["pkcs8", "traditional", "der", "encrypted", "encrypted-der", "pkcs12"])
@pytest.mark.parametrize("to", Format)
def test_every_format_into_every_other(key: bytes, source: str, to: Format, tmp_path: Path) -> None:
    secret = ["-aes-256-cbc", "-passout", f"pass:{PASSWORD.decode()}"]
    is_modern = "Ed25519" in read_key_file(key).title  # has no other form than PKCS#8
    data = {
        "pkcs8": lambda: key,
        "traditional": lambda: key if is_modern else openssl("pkey", "-traditional", data=key),
        "der": lambda: openssl("pkey", "-outform", "DER", data=key),
        "encrypted": lambda: openssl("pkey", *secret, data=key),
        "encrypted-der": lambda: openssl("pkcs8", "-topk8", "-outform", "DER", *secret[1:], data=key),
        "pkcs12": lambda: pkcs12(key, tmp_path),
    }[source]()
    is_secret = source.startswith("encrypted") or source == "pkcs12"
    content = read_key_file(data, PASSWORD if is_secret else None)
    written = write_key_file(content, to, PASSWORD if to is Format.PKCS12 else None)
    if to is Format.PKCS12:
        given = ["-nodes", "-passin", f"pass:{PASSWORD.decode()}"]
        written = openssl("pkcs12", *given, data=written)
    form = ["-inform", "DER"] if to is Format.DER else []
    assert public(written, *form) == public(key)
    if to is not Format.DER:
        assert (b"BEGIN CERTIFICATE" in written) is (source == "pkcs12")
    if is_secret:
        with pytest.raises(PasswordNeeded):
            read_key_file(data)
        with pytest.raises(PasswordNeeded):
            read_key_file(data, b"another")


def test_the_form_that_wireshark_reads(key: bytes) -> None:
    written = write_key_file(read_key_file(key), Format.PEM)
    label = written.split(b"\n", 1)[0]
    assert label in (
        b"-----BEGIN RSA PRIVATE KEY-----",
        b"-----BEGIN EC PRIVATE KEY-----",
        b"-----BEGIN PRIVATE KEY-----",
    )
    assert (label == b"-----BEGIN PRIVATE KEY-----") is ("Ed25519" in read_key_file(key).title)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no private key"),
        (b"hello", "is no private key"),
        (b"\x30\x03\x02\x01", "is no private key"),
        (b"\xfe\xed\xfe\xed\x00\x00\x00\x02", "keytool -importkeystore"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "only: CERTIFICATE"),
        (b"-----BEGIN RSA PRIVATE KEY-----\n", "ends within its first block"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "cannot be read"),
        (b"\x30\x82\x00\x10\x02\x01\x03" + bytes(20), "PKCS#12"),
    ],
)
def test_what_is_no_key(data: bytes, said: str) -> None:
    with pytest.raises(KeyFileError, match=said):
        read_key_file(data)


@pytest.mark.parametrize("kind", ["der", "encrypted-der", "pkcs12"])
def test_a_key_that_breaks_off(key: bytes, kind: str, tmp_path: Path) -> None:
    secret = ["-aes-256-cbc", "-passout", f"pass:{PASSWORD.decode()}"]
    data = {
        "der": lambda: openssl("pkey", "-outform", "DER", data=key),
        "encrypted-der": lambda: openssl("pkcs8", "-topk8", "-outform", "DER", *secret[1:], data=key),
        "pkcs12": lambda: pkcs12(key, tmp_path),
    }[kind]()
    assert read_key_file(data, PASSWORD).key
    for length in (9, len(data) // 2, len(data) - 1):
        with pytest.raises(KeyFileError, match=f"breaks off: its last {len(data) - length} bytes"):
            read_key_file(data[:length], PASSWORD)


def test_two_keys_in_a_file(key: bytes) -> None:
    with pytest.raises(KeyFileError, match="2 private keys"):
        read_key_file(key + key)


def convert(*arguments: str | Path, data: bytes = b"") -> tuple[int, str]:
    command = [sys.executable, "-m", "matrix", "keys", "convert", *map(str, arguments)]
    done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)
    return done.returncode, done.stderr.decode()


@pytest.mark.long(but=["ed25519"])
def test_the_command(key: bytes, tmp_path: Path) -> None:
    source, target = tmp_path / "key.der", tmp_path / "key.pem"
    source.write_bytes(openssl("pkey", "-outform", "DER", data=key))
    status, said = convert(source, target)
    assert (status, target.stat().st_mode & 0o777) == (0, 0o600)
    assert "not encrypted" in said
    assert public(target.read_bytes()) == public(key)
    status, said = convert(source, target)
    assert status == 2
    assert "is there already" in said
    (tmp_path / "password").write_bytes(b"\xef\xbb\xbf" + PASSWORD + b"\r\n")  # as an editor on Windows
    kept = tmp_path / "key.p12"
    assert convert(source, kept, "--to", "pkcs12", "--password-file", tmp_path / "password")[0] == 0
    status, said = convert(kept, tmp_path / "again.pem")
    assert status == 2
    assert "--password-file" in said
    assert convert(kept, tmp_path / "again.pem", "--password-file", tmp_path / "password")[0] == 0
    assert convert("-", tmp_path / "piped.pem", data=key)[0] == 0
    assert public((tmp_path / "piped.pem").read_bytes()) == public(key)


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("nowhere", "out", "No such file"),
        ("key", "no-folder/out", "cannot be written"),
        (".", "out", "directory"),
    ],
)
def test_files_that_are_not_there(source: str, target: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(openssl("genpkey", "-algorithm", "ED25519"))
    status, text = convert(tmp_path / source, tmp_path / target)
    assert status == 2
    assert said in text
    assert "Traceback" not in text
    assert sorted(os.listdir(tmp_path)) == ["key"]


def test_a_file_that_does_not_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    status, said = convert("/dev/zero", tmp_path / "out")
    assert (status, said.count("\n")) == (2, 1)
    assert said.startswith("tls-matrix: /dev/zero: has more than ")
    (tmp_path / "key").write_bytes(openssl("genpkey", "-algorithm", "ED25519"))
    status, said = convert(tmp_path / "key", tmp_path / "out", "--password-file", "/dev/zero")
    assert (status, "Traceback" in said) == (0, False)


@pytest.mark.long
def test_an_error_names_its_file_once(key: bytes, tmp_path: Path) -> None:
    source = tmp_path / "key.p12"
    source.write_bytes(pkcs12(key, tmp_path))
    status, said = convert(source, tmp_path / "out")
    assert (status, said.count(str(source))) == (2, 1)
    assert said.endswith("give --password-file FILE\n")
    status, said = convert(tmp_path / "key", tmp_path / "out", "--to", "pkcs12")
    assert (status, said.count("OUT: ")) == (2, 1)


def test_a_key_is_not_printed_nor_in_a_file_named_like_an_option(key: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(key)
    command = [sys.executable, "-m", "matrix", "keys", "convert", "key", "-"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        command, capture_output=True, check=False, timeout=60, cwd=tmp_path, env=environment
    )
    assert (done.returncode, done.stdout, os.listdir(tmp_path)) == (2, b"", ["key"])
