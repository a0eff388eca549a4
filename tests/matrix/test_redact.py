"""A run that may be forwarded: nothing in it says who was asked."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from matrix.results.evidence import read_evidence
from matrix.results.redact import Redaction
from matrix.results.run_file import AskedRecord, CertificateRecord, TargetRecord, load_run
from tests.matrix.runs import cell, run
from tests.matrix.test_run import DEADLINE, run_json, tls_matrix

HOST, COMPANY, TARGET = "crm.secret-corp.test", "Secret Corp Ltd", "secret-crm"
PEER_SAYS = b"HTTP/1.0 200 OK\r\nServer: intranet-7.secret-corp.test\r\nContent-Length: 6\r\n\r\nsecret"


def pem(folder: Path) -> Path:
    """A key and a certificate that names the company, made now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, COMPANY),
            x509.NameAttribute(NameOID.COMMON_NAME, HOST),
        ]
    )
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    file = folder / "pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


@contextmanager
def a_server(folder: Path) -> Iterator[int]:
    """A TLS server of that company until it is left."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem(folder))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    return
                with accepted:
                    accepted.settimeout(DEADLINE)
                    try:
                        with context.wrap_socket(accepted, server_side=True) as tls:
                            if tls.recv(1000):
                                tls.sendall(PEER_SAYS)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(DEADLINE)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run that has a good deal to hide, and its copy that hides it."""
    folder = tmp_path_factory.mktemp("secret-folder")
    out, copy = folder / "run", folder / "copy"
    with a_server(folder) as port:
        chosen = ("--target", f"{TARGET}=127.0.0.1:{port},sni={HOST}", "--evidence", "all")
        clients = ("--client", "openssl-3.0", "--client", "java-7", "--client", "openssl-1.0.1")
        clients = (*clients, "--client", "genuine-openssl-3.0.*")  # it says what the certificate says
        tls_matrix("run", *chosen, *clients, "--out", out, "-n", 0)
    result = tls_matrix("report", out, "--redact", "--out", copy)
    assert result.returncode == 0, result.stderr
    return out, copy


CAPTURE = ".pcapng"


def everything(folder: Path) -> str:
    """All that a folder says, names of files and bytes in hex included."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    parts = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    parts += [path.read_text("latin-1" if path.suffix == CAPTURE else "utf-8") for path in files]
    return "\n".join(parts).lower()


ORIGINALS = [HOST, "secret-corp", COMPANY, TARGET, "127.0.0.1", "secret-folder", "intranet-7"]


@pytest.mark.parametrize("original", ORIGINALS)
def test_no_original_is_left(runs: tuple[Path, Path], original: str) -> None:
    out, copy = map(everything, runs)
    written = original.lower()
    in_hex = original.encode().hex()
    assert written in out or in_hex in out or original == "secret-folder"
    assert written not in copy
    assert in_hex not in copy
    assert original.encode("utf-16-le").hex() not in copy


def test_no_secret_of_a_connection_is_left(runs: tuple[Path, Path]) -> None:
    out, copy = runs
    seen = read_evidence(out, f"{TARGET}/openssl-3.0/connect")
    assert seen is not None
    lines = [line for connection in seen.connections for line in connection.key_log]
    assert lines
    assert not [line for line in lines if line.split()[2] in everything(copy)]
    assert [*out.rglob(f"*{CAPTURE}")]
    assert not [*copy.rglob(f"*{CAPTURE}")]
    assert seen.certificate_sha256
    assert seen.certificate_sha256 not in everything(copy)


def test_the_same_name_has_the_same_placeholder_and_the_copy_is_a_run(runs: tuple[Path, Path]) -> None:
    out, copy = runs
    before, after = load_run(out), load_run(copy)
    assert after.servers.keys() == {"target-1"}
    assert [each.id for each in after.cells] == [each.id.replace(TARGET, "target-1") for each in before.cells]
    assert [each.outcome for each in after.cells] == [each.outcome for each in before.cells]
    assert {path.name for path in copy.iterdir()} == {path.name for path in out.iterdir()}
    hellos = set()
    for client in ("openssl-3.0", "java-7"):
        seen = read_evidence(copy, f"target-1/{client}/connect")
        assert seen is not None
        (hello, *_) = [e for e in seen.attempts[0].transcript if e.name == "ClientHello"]
        hellos |= {part for part in (b"host-1", b"host-2") if part in hello.decrypted}
    assert len(hellos) == 1
    assert "judged again: 0 differences" in tls_matrix("report", copy, "--judge-again").stdout


def test_a_copy_wants_a_folder_of_its_own(runs: tuple[Path, Path]) -> None:
    out, copy = runs
    assert tls_matrix("report", out, "--redact").returncode == 2
    result = tls_matrix("report", out, "--redact", "--out", copy)
    assert result.returncode == 2
    assert "is not empty; choose a new folder" in result.stderr
    assert TARGET in run_json(out)["servers"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.1.2.3:443: nobody answers", "address-1:443: nobody answers"),
        ("[fd00::1]:443", "[address-1]:443"),
        ("see /srv/alice/certs/x.pem, please", "see path-1, please"),
        (r"C:\Users\alice b\x.pem", "path-1"),
        ("~/x/y.pem", "path-1"),
        ("mail.example.test and MAIL.example.test", "host-1 and host-1"),
        (
            'it refuses; the server said "403 by proxy7.corp for "jdoe""; check it',
            'it refuses; the server said "(redacted)"; check it',
        ),
        ("OpenSSL 3.0.22, 12:30:01, TLS/SSL", "OpenSSL 3.0.22, 12:30:01, TLS/SSL"),
    ],
)
def test_free_text(text: str, said: str) -> None:
    found = run(cell("a@1", "x"))
    asked = AskedRecord(
        targets=[TargetRecord(name="t", address="mail.example.test:25", server_name=None, starttls="smtp")]
    )
    found = found.model_copy(update={"run": found.run.model_copy(update={"asked": asked})})
    assert Redaction(found, {}).text(text) == said


def test_the_names_in_a_certificate_are_gone() -> None:
    certificate = CertificateRecord(
        subject=f"CN={HOST},O={COMPANY},C=DE",
        names=[HOST, "*.secret-corp.test", "IP:10.0.0.1"],
        issuer=f"CN=Issuing CA 7,O={COMPANY}",
        notBefore="2026-01-01T00:00:00Z",
        notAfter="2027-01-01T00:00:00Z",
        key="RSA 2048",
        signature="sha256WithRSAEncryption",
    )
    found = run(cell("a@1", "x", certificate=certificate.model_dump(by_alias=True)))
    (copy,) = Redaction(found, {}).run(found).cells
    assert copy.certificate is not None
    text = json.dumps(copy.certificate.model_dump(mode="json")).lower()
    for original in (HOST, COMPANY, "secret-corp.test", "10.0.0.1", "issuing ca"):
        assert original.lower() not in text
    assert copy.certificate.subject == "CN=host-1,O=name-1,C=DE"
    assert copy.certificate.key == "RSA 2048"
