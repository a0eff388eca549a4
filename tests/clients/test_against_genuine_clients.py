"""Profiles held against the programs they are taken from, where these are installed in the same version.

The program connects to a listening socket here; its hello and the profile's must agree in everything but what
is made anew on every connection.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence

import pytest

from clients.profile import load_profiles
from handshake.client.hello import fill_hello
from handshake.hello_template import Fill
from handshake.wire.client_hello import ClientHello, pull_hello_flight
from handshake.wire.record import FirstRecord, RecordReader

HOST = "webmethods.example.test"
PACKAGES = {"openssl": "openssl", "gnutls-cli": "gnutls-bin"}
PROGRAMS = {
    "openssl-3.0": (
        ["openssl", "version"],
        "OpenSSL 3.0.",
        ["openssl", "s_client", "-connect", "127.0.0.1:{port}", "-servername", HOST],
    ),
    "gnutls-3.7": (
        ["gnutls-cli", "--version"],
        "gnutls-cli 3.7.",
        ["gnutls-cli", "--insecure", "--port", "{port}", "--sni-hostname", HOST, "127.0.0.1"],
    ),
}


def hello_of_program(command: Sequence[str]) -> ClientHello:
    """Let a program connect here and read its first record."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        port = listening.getsockname()[1]
        program = subprocess.Popen(
            [part.format(port=port) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENSSL_CONF": "/dev/null", "GNUTLS_SYSTEM_PRIORITY_FILE": "/dev/null"},
        )
        try:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(20)
                records, received = RecordReader(FirstRecord.TLS), b""
                while records.next() is None:
                    data = connection.recv(65536)
                    assert data, "the program closed without a hello"
                    received += data
                    records.feed(data)
        finally:
            program.kill()
            program.communicate()
    hello = pull_hello_flight(received)
    assert isinstance(hello, ClientHello)
    return hello


@pytest.mark.parametrize("client", PROGRAMS)
def test_the_profile_says_what_the_program_says(client: str) -> None:
    version_command, version, command = PROGRAMS[client]
    if shutil.which(version_command[0]) is None:
        program = version_command[0]
        pytest.skip(f"there is no {program} program; get it with: apt-get install {PACKAGES[program]}")
    found = subprocess.run(version_command, capture_output=True, text=True, timeout=20).stdout
    if not found.startswith(version):
        pytest.skip(f"the profile is of {version}x, installed is {(found.splitlines() or [found])[0]!r}")
    template = load_profiles()[client].attempts[0].template
    ours, theirs = fill_hello(template, HOST, os.urandom).hello, hello_of_program(command)
    assert isinstance(ours, ClientHello)
    assert theirs.legacy_version == ours.legacy_version
    assert theirs.cipher_suites == ours.cipher_suites
    assert theirs.compression_methods == ours.compression_methods
    assert len(theirs.session_id) == len(ours.session_id)
    made_anew = {extension.extension_type for extension in template.extensions or () if extension.fill}
    made_anew -= {e.extension_type for e in template.extensions or () if e.fill is Fill.SERVER_NAME}
    for one, other in zip(theirs.extensions or (), ours.extensions or (), strict=True):
        assert one.extension_type == other.extension_type
        assert len(one.body) == len(other.body)
        assert one.extension_type in made_anew or one.body == other.body
