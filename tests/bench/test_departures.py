"""What genuine clients do about a dozen departures, and that the bench sees it.

OpenSSL 3.0 and GnuTLS 3.7 of Debian, measured first with a bare server and then here; each departure that one
refuses stands beside one that it takes.
"""

import shutil
from collections.abc import Iterator

import pytest

from bench.fidelity.departures import GOES_ON, PROGRAMS, SERVER, departing_servers, reaction
from handshake.server.departures.collection import departures
from servers.processes.start import RunningServer, RunningServers

PACKAGES = {"openssl": "openssl", "gnutls": "gnutls-bin"}
EXPECTED = [
    ("server-hello-with-signature-algorithms", "openssl", "illegal_parameter"),
    ("server-hello-with-signature-algorithms", "gnutls", "unsupported_extension"),
    ("server-hello-extension-twice", "openssl", "illegal_parameter"),
    ("server-hello-extension-twice", "gnutls", GOES_ON),
    ("session-id-echo-wrong", "openssl", "illegal_parameter"),
    ("session-id-echo-wrong", "gnutls", GOES_ON),
    ("session-ticket-answer-not-empty", "openssl", "decode_error"),
    ("tls13-flight-in-clear", "openssl", "unexpected_message"),
    ("tls13-message-across-the-change-of-keys", "openssl", "unexpected_message"),
    ("cipher-suite-of-tls12-in-tls13", "openssl", "illegal_parameter"),
    ("certificate-of-102400-bytes", "openssl", GOES_ON),
    ("certificate-of-102401-bytes", "openssl", "illegal_parameter"),
    ("retry-without-need", "openssl", GOES_ON),
    ("retry-without-need", "gnutls", GOES_ON),
    ("retry-twice", "openssl", "unexpected_message"),
    ("retry-with-cookie", "openssl", GOES_ON),
    ("alert-level-3", "openssl", "illegal_parameter"),
    ("warning-unrecognized-name-after-server-hello", "openssl", GOES_ON),
    ("key-update-value-2", "openssl", "illegal_parameter"),
    ("key-update-requested", "openssl", GOES_ON),
    ("renegotiation-info-lost", "openssl", "handshake_failure"),
    ("resumed-with-another-cipher-suite", "openssl", "illegal_parameter"),
]


@pytest.fixture(scope="module")
def servers() -> Iterator[RunningServers]:
    with departing_servers(list(dict.fromkeys(name for name, *_ in EXPECTED))) as running:
        yield running


@pytest.mark.parametrize(("name", "program", "does"), EXPECTED, ids=[f"{n}-{p}" for n, p, _ in EXPECTED])
def test_a_genuine_client_does_what_was_measured(
    servers: RunningServers, name: str, program: str, does: str
) -> None:
    client = PROGRAMS[program]
    if shutil.which(client.executable) is None:
        pytest.skip(
            f"there is no {client.executable} program; get it with: apt-get install {PACKAGES[program]}"
        )
    server = servers[f"{SERVER},departure={name}"]
    assert isinstance(server, RunningServer), server
    assert reaction(servers, server, departures()[name], client).does == does
