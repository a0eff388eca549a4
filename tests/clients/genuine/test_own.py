"""A program of the user's own: a TOML file that is read strictly, and no line of Python."""

import shlex
import shutil
import socket
import ssl
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clients.destination import Destination
from clients.genuine.command import Command
from clients.genuine.own import ProgramError, load_own_programs
from clients.genuine.programs import load_programs
from clients.genuine.visit import visit
from clients.profile import ProfileError, load_profiles
from matrix.judgement.judge import outcome_of
from matrix.judgement.outcome import Outcome
from matrix.results.evidence import evidence_of, observation_of
from tests.clients.genuine.peers import scripted, servers_of_ours, tls_server
from tests.clients.servers import read_hello
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
        (
            OPENSSL.replace("{host}", "{hots}"),
            "command[3] (line 4): has the unknown {hots}: did you mean {host}?",
        ),
        (
            OPENSSL.replace("{port}", "{port"),
            "command[3] (line 4): has a brace too few at port: write {port}",
        ),
        (OPENSSL.replace("{host}:", "{host:"), "a brace too few at host: write {host}"),
        (OPENSSL.replace("{host}", "host}"), "a brace too few at host: write {host}"),
        (OPENSSL.replace('"/dev/null"', '"{keylgo}"'), "did you mean {keylog}?"),
        (
            OPENSSL.replace("{host}:{port}", "localhost:443"),
            "command (line 4): does not say where to connect",
        ),
        (OPENSSL + 'says_request = "no"\n', "says_request (line 7): is 'no': write true or false"),
        (OPENSSL + "closes_input = 1\n", "closes_input (line 7): is 1: write true or false"),
    ],
)
def test_what_is_wrong_with_it_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ProgramError) as caught:
        load_own_programs([written(tmp_path, text)])
    assert said in str(caught.value)
    assert str(tmp_path / "genuine-mine-1.toml") in str(caught.value)


def test_braces_that_are_no_misspelt_name_stay(tmp_path: Path) -> None:
    """The shell's, awk's, and a table of Python's or JavaScript's."""
    text = OPENSSL.replace('"-ign_eof"', '"${HOST} {print} {} {host: 1} {name, port} {port}"')
    program = load_own_programs([written(tmp_path, text)])["genuine-mine-1"]
    assert program.arguments[-1] == "${HOST} {print} {} {host: 1} {name, port} {port}"


def test_one_may_have_the_port_in_its_environment(tmp_path: Path) -> None:
    text = OPENSSL.replace("{host}:{port}", "x").replace("/dev/null", "{port}")
    assert load_own_programs([written(tmp_path, text)])


def test_an_id_of_a_built_in_program_is_taken(tmp_path: Path) -> None:
    built_in = next(iter(load_programs().values()))
    written(tmp_path, OPENSSL.replace("genuine-mine-1", built_in.id), built_in.id)
    with pytest.raises(ProgramError) as caught:
        load_programs([tmp_path])
    assert f"{built_in.id!r} is that of {built_in.title}" in str(caught.value)
    assert "genuine-mine-1" in load_programs([written(tmp_path / "..", OPENSSL)])


@pytest.mark.parametrize("identity", ["genuine-mine-1", "mine-1"])
def test_a_program_whose_file_is_called_like_a_profile(tmp_path: Path, identity: str) -> None:
    """Only what says that it is a program is told how a program's file is called."""
    written(tmp_path, OPENSSL.replace("genuine-mine-1", identity), "mine-1")
    with pytest.raises(ProfileError) as caught:
        load_profiles([tmp_path])
    advice = "id (line 2): is 'genuine-mine-1', which is that of a genuine program: name the file"
    assert (advice in str(caught.value)) is (identity == "genuine-mine-1")


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_one_that_cannot_be_executed_says_so(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "program"
    place.mkdir() if kind == "folder" else place.touch()
    text = OPENSSL.replace('["openssl"', f'["{place}"')
    program = load_own_programs([written(tmp_path, text)])["genuine-mine-1"]
    said = "is a folder: name the program in it" if kind == "folder" else "is not executable: make it so"
    assert program.missing is not None
    assert said in program.missing


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


@pytest.mark.parametrize("is_trusted", [True, False])
def test_at_a_target_the_file_has_what_this_machine_trusts(
    tmp_path: Path, is_trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL ends at an empty file. OpenSSL's variable names the machine's own place."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl program; get it with: apt-get install openssl")
    text = OPENSSL.replace('{ OPENSSL_CONF = "/dev/null" }', '{ SSL_CERT_FILE = "/", SSL_CERT_DIR = "/" }')
    program = load_own_programs([written(tmp_path, text)])["genuine-mine-1"]
    (tmp_path / "other").mkdir()
    other = make_certificate(tmp_path / "other")
    with tls_server(tmp_path) as (destination, certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str((certificate if is_trusted else other).path))
        attempt = visit(program, destination, deadline_seconds=5).attempts[-1]
    assert attempt.negotiated is not None, attempt.failure
    assert (attempt.failure is None) is is_trusted


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


CURL = """
id = "genuine-mine-1"
title = "curl that prints the body alone"
command = ["curl", "--disable", "--noproxy", "*", "-sk", "https://{host}:{port}/"]
"""
LIKE_CURL = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
with context.wrap_socket(socket.create_connection(("{host}", {port}))) as connection:
    connection.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    while said := connection.recv(9999):
        print(len(said))
sys.exit(STATUS)
"""
MODERN = "openssl@4.0.3"


def like_curl(folder: Path, status: int, more: str = "") -> Command:
    """A program that shows nothing of the answer."""
    code = LIKE_CURL.replace("STATUS", str(status))
    command = f"command = [{sys.executable!r}, '-c', '''{code}''']"
    text = f'id = "genuine-mine-1"\ntitle = "Mine"\n{command}\nsays_request = false\n{more}'
    return load_own_programs([written(folder, text)])["genuine-mine-1"]


@pytest.fixture(scope="module")
def modern() -> Iterator[Destination]:
    """A server of TLS 1.3, of whose answer only the length is seen."""
    with servers_of_ours(MODERN) as found:
        yield found[MODERN]


def test_one_that_prints_the_body_alone_works(tmp_path: Path, modern: Destination) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl program; get it with: apt-get install curl")
    seen = visit(load_own_programs([written(tmp_path, CURL)])["genuine-mine-1"], modern, deadline_seconds=9)
    assert "HTTP/1" not in seen.words
    assert seen.attempts[-1].failure is None
    assert seen.is_answered
    assert outcome_of(observation_of(evidence_of(seen, [""]))) == (Outcome.WORKS, None)


@pytest.mark.parametrize(
    ("status", "more", "reason"),
    [
        (0, "", None),
        (3, "", "application-data:policy-closes"),
        (0, 'works = ["of another answer"]', "application-data:policy-closes"),
        (0, 'fails = ["[0-9]"]', "application-data:policy-closes"),
        (3, 'works = ["[0-9]"]', None),
    ],
)
def test_what_a_program_does_not_show_is_no_fault_of_the_server(
    tmp_path: Path, modern: Destination, status: int, more: str, reason: str | None
) -> None:
    seen = visit(like_curl(tmp_path, status, more), modern, deadline_seconds=9)
    failure = seen.attempts[-1].failure
    assert (None if failure is None else str(failure)) == reason
    assert seen.is_answered is (reason is None)


def test_the_exit_status_alone_is_not_enough(tmp_path: Path) -> None:
    """Without a handshake nothing has worked, whatever the program says."""
    program = like_curl(tmp_path, 0)
    (tmp_path / "genuine-mine-1.toml").unlink()
    quiet = replace(program, arguments=("sh", "-c", f"{shlex.join(program.arguments)}; exit 0"))
    with scripted(read_hello) as destination:
        seen = visit(quiet, destination, deadline_seconds=9)
    assert str(seen.attempts[-1].failure) == "server-hello:fin"
    assert not seen.is_answered


READS_TO_THE_END = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
with context.wrap_socket(socket.create_connection(("{host}", {port}))) as connection:
    connection.sendall(sys.stdin.buffer.read())
    print(connection.recv(9999).decode())
"""


@pytest.mark.long(but=["True"])
@pytest.mark.parametrize("closes", [True, False])
def test_one_that_reads_its_input_to_the_end(tmp_path: Path, modern: Destination, closes: bool) -> None:
    command = f"command = [{sys.executable!r}, '-c', '''{READS_TO_THE_END}''']"
    text = f'id = "genuine-mine-1"\ntitle = "Mine"\n{command}\ncloses_input = {str(closes).lower()}\n'
    program = load_own_programs([written(tmp_path, text)])["genuine-mine-1"]
    seen = visit(program, modern, deadline_seconds=3 if closes else 1)
    assert seen.is_answered is closes
