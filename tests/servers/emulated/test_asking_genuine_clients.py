"""An emulated server asks genuine clients for a certificate after the first handshake: in a renegotiation,
and by post-handshake authentication in TLS 1.3.

Each client is asked with a certificate to show and without one. The same client that is not asked is the
control, and so is the end that a server which requires a certificate makes where there is none.
"""

import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from servers.contract import PrivateKeyAndChain
from servers.http import RENEGOTIATION_PATH
from servers.processes.start import RunningServer
from tests.servers.real_servers import connect, read_all
from tests.servers.started import CLIENTS, Variants, started_when_asked

REQUEST = f"GET {RENEGOTIATION_PATH} HTTP/1.0\r\n\r\n".encode()
ANSWERED = b"reference@rfc"
WAYS = {"renegotiation": "1.2", "post-handshake": "1.3"}


@dataclass(frozen=True)
class Program:
    """A command; `versions` are its arguments for TLS 1.2 and 1.3, `shows` those for a certificate."""

    package: str
    command: tuple[str, ...]
    versions: Mapping[str, tuple[str, ...]]
    shows: tuple[str, ...]

    def ask(self, server: RunningServer, version: str, shown: Mapping[str, str]) -> bytes:
        """What it prints of a request that makes the server ask."""
        name = self.command[0]
        if shutil.which(name) is None:
            pytest.skip(f"there is no {name} program; get it with: apt-get install {self.package}")
        parts = (*self.command, *self.versions[version], *(self.shows if shown else ()))
        places = {"host": server.host, "port": server.port, "path": RENEGOTIATION_PATH, **shown}
        command = [part.format(**places) for part in parts]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as running:
            assert running.stdin is not None
            assert running.stdout is not None
            try:
                running.stdin.write(REQUEST)
                running.stdin.flush()  # and left open, for its end is the end of some programs
                return running.stdout.read()
            finally:
                running.kill()


PROGRAMS = {
    "curl": Program(
        "curl",
        ("curl", "-sS", "-k", "--max-time", "15", "https://{host}:{port}{path}"),
        {"1.2": ("--tls-max", "1.2"), "1.3": ("--tlsv1.3",)},
        ("--cert", "{chain}", "--key", "{key}"),
    ),
    "openssl": Program(
        "openssl",
        ("openssl", "s_client", "-connect", "{host}:{port}", "-enable_pha", "-ign_eof"),
        {"1.2": ("-tls1_2",), "1.3": ("-tls1_3",)},
        ("-cert", "{chain}", "-key", "{key}"),
    ),
    "gnutls": Program(
        "gnutls-bin",
        ("gnutls-cli", "--insecure", "--post-handshake-auth", "--port", "{port}", "{host}"),
        {
            "1.2": ("--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2"),
            "1.3": ("--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3"),
        },
        ("--x509certfile", "{chain}", "--x509keyfile", "{key}"),
    ),
}


@pytest.fixture(scope="module")
def variants(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[Variants]:
    with started_when_asked(credentials) as variants:
        yield variants


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The client's key and certificate, as the programs read them."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "key.pem").write_text(CLIENTS["rsa"].private_key)
    (folder / "chain.pem").write_text(CLIENTS["rsa"].chain)
    return {"key": str(folder / "key.pem"), "chain": str(folder / "chain.pem")}


def server_id(how: str, way: str, authorities: str = "trusted") -> str:
    suffix = f"-{'in-' if way == 'renegotiation' else ''}{way}"
    listed = "" if authorities == "trusted" else f",certificate-authorities={authorities}"
    return f"reference@rfc{listed},client-certificate={how}{suffix}"


@pytest.mark.parametrize("has_one", [True, False], ids=["shown", "none"])
@pytest.mark.parametrize("how", ["request", "require"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_genuine_client_is_asked(
    name: str, way: str, how: str, has_one: bool, variants: Variants, files: Mapping[str, str]
) -> None:
    server = variants.start(server_id(how, way))
    said = PROGRAMS[name].ask(server, WAYS[way], files if has_one else {})
    assert (ANSWERED in said) is (has_one or how == "request"), said


@pytest.mark.long(but=["gnutls-*"])
@pytest.mark.parametrize("authorities", ["0-names", "100-names", "60000-bytes"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_however_long_the_list_is(
    name: str, way: str, authorities: str, variants: Variants, files: Mapping[str, str]
) -> None:
    """None of these looks for its issuer in the list (measured); its control is above."""
    server = variants.start(server_id("require", way, authorities))
    said = PROGRAMS[name].ask(server, WAYS[way], files)
    assert ANSWERED in said, said


def asked_by_python(server: RunningServer, shown: Mapping[str, str], path: str, *, offers: bool) -> bytes:
    """The answer that Python's ssl gets in TLS 1.3, with or without post_handshake_auth in its hello."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.post_handshake_auth = offers
    if shown:
        context.load_cert_chain(shown["chain"], shown["key"])
    with context.wrap_socket(connect(server)) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return read_all(connection.recv)


def test_a_client_of_python_is_asked_where_it_offers_it(variants: Variants, files: Mapping[str, str]) -> None:
    server = variants.start(server_id("require", "post-handshake"))
    assert ANSWERED in asked_by_python(server, files, RENEGOTIATION_PATH, offers=True)
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
        asked_by_python(server, {}, RENEGOTIATION_PATH, offers=True)


def test_nobody_is_asked_without_offering_it_or_without_such_a_request(variants: Variants) -> None:
    """The control: it has no certificate, and would not get through if it were asked."""
    server = variants.start(server_id("require", "post-handshake"))
    assert ANSWERED in asked_by_python(server, {}, RENEGOTIATION_PATH, offers=False)
    assert ANSWERED in asked_by_python(server, {}, "/", offers=True)
    server = variants.start(server_id("require", "renegotiation"))
    assert ANSWERED in asked_by_python(server, {}, RENEGOTIATION_PATH, offers=True)
