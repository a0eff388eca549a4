"""A program of the user's own: a TOML file that is read strictly, and no line of Python."""

import shutil
import socket
import ssl
from pathlib import Path

import pytest

from clients.genuine.own import ProgramError, load_own_programs
from clients.genuine.visit import visit
from clients.profile import load_profiles
from tests.clients.genuine.peers import scripted, tls_server
from tests.clients.tls_servers import make_certificate, openssl

OPENSSL = """
id = "genuine-mine-1"
title = "OpenSSL of my build"
command = ["openssl", "s_client", "-connect", "{host}:{port}", "-CAfile", "{ca}", "-ign_eof"]
environment = { OPENSSL_CONF = "/dev/null" }
fails = ["Verify return code: (?!0 )"]
"""


def written(folder: Path, text: str, name: str = "genuine-mine-1") -> Path:
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def test_it_is_a_program_and_no_profile(tmp_path: Path) -> None:
    assert list(load_own_programs([written(tmp_path, OPENSSL)])) == ["genuine-mine-1"]
    assert load_profiles([tmp_path]) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OPENSSL.replace("genuine-mine-1", "mine"), "id (line 2)"),
        (OPENSSL.replace("genuine-mine-1", "genuine-other-1"), "make them equal"),
        (OPENSSL.replace("fails", "fials"), "fails"),
        (OPENSSL.replace("(?!0 )", "("), "is no pattern"),
        (OPENSSL.replace('command = ["openssl"', 'order = ["openssl"'), "command"),
    ],
)
def test_what_is_wrong_with_it_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ProgramError) as caught:
        load_own_programs([written(tmp_path, text)])
    assert said in str(caught.value)
    assert str(tmp_path / "genuine-mine-1.toml") in str(caught.value)


def test_one_that_is_not_there_says_so(tmp_path: Path) -> None:
    text = OPENSSL.replace('["openssl"', '["/opt/build/openssl-of-nobody"')
    program = load_own_programs([written(tmp_path, text)])["genuine-mine-1"]
    assert (
        program.missing == "there is no program /opt/build/openssl-of-nobody: correct command, or install it"
    )


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_root_of_the_run_is_in_a_file(tmp_path: Path, is_trusted: bool) -> None:
    """With the server's certificate in {ca} the program verifies it; without, its pattern says it fails."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl program; get it with: apt-get install openssl")
    program = load_own_programs([written(tmp_path, OPENSSL)])["genuine-mine-1"]
    with tls_server(tmp_path) as (destination, certificate):
        trusted = certificate.pem if is_trusted else ""
        seen = visit(program, destination, deadline_seconds=5, trusted=trusted)
    assert (seen.attempts[-1].failure is None) is is_trusted


REFUSING = """
id = "genuine-mine-1"
title = "GnuTLS that verifies, tells its alerts and keeps its secrets"
command = ["gnutls-cli", "-d", "5", "-p", "{port}", "{host}"]
environment = { GNUTLS_SYSTEM_PRIORITY_FILE = "/dev/null" }
alert_sent = 'Sending Alert\\[2\\|(\\d+)\\]'
"""


def test_an_encrypted_alert_that_it_names_stands_in_the_transcript(tmp_path: Path) -> None:
    if shutil.which("gnutls-cli") is None:
        pytest.skip("there is no gnutls-cli program; get it with: apt-get install gnutls-bin")
    program = load_own_programs([written(tmp_path, REFUSING)])["genuine-mine-1"]
    serve = openssl(make_certificate(tmp_path), "DEFAULT", ssl.TLSVersion.TLSv1_3)

    def refused(connection: socket.socket) -> bytes:
        with pytest.raises(ssl.SSLError):
            serve(connection)
        return b""

    with scripted(refused) as destination:
        attempt = visit(program, destination, deadline_seconds=5).attempts[-1]
    assert attempt.failure is not None
    assert attempt.failure.detail.alert_sent == "bad_certificate"
    sent = [entry for entry in attempt.transcript if entry.direction == "sent"]
    assert (sent[-1].name, sent[-1].decrypted) == ("alert", bytes((2, 42)))
