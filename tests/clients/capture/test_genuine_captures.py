"""What tcpdump has captured of genuine programs, imported: the hellos and ends of the programs' own rows.

The rows are read by the relay that the programs connect through; it carries their bytes unchanged, and what
is captured is its connections to the server.
"""

import io
import struct
from pathlib import Path

import pytest

from clients.capture.captured_hello import CapturedHello
from clients.capture.ladder import ladders
from clients.capture.nearest import Known
from clients.capture.pcap import reader_of
from clients.capture.profile_file import what_differs, write_profile
from clients.capture.profile_text import Origin
from clients.capture.source import capture_of, read_capture
from clients.connect import connect
from clients.destination import Destination
from clients.genuine.program import PREFIX, Program
from clients.genuine.programs import load_programs
from clients.genuine.visit import visit
from clients.observation import Attempt, Observation
from servers.credentials import SUBJECT
from tests.clients.capture.hellos import PROFILES
from tests.clients.capture.packets import block, pcapng, section
from tests.clients.capture.tcpdump import captured
from tests.clients.genuine.peers import servers_of_ours
from tests.clients.servers import Script, alert, resets, scripted_server, sends

SECONDS = 30.0
KNOWN = Known(PROFILES.values())


def program(name: str) -> Program:
    found = [each for each in load_programs().values() if each.id.startswith(f"{PREFIX}{name}")]
    if found[0].missing is not None:
        pytest.skip(found[0].missing)
    return found[0]


def visited(name: str, file: Path, *scripts: Script, options: tuple[str, ...] = ()) -> Observation:
    """The visit of a program to scripted peers, and the capture of it."""
    asked = program(name)
    with scripted_server(*scripts) as server, captured(file, server.port, *options):
        return visit(asked, Destination("127.0.0.1", server.port, SUBJECT), deadline_seconds=SECONDS)


def hello_of(attempt: Attempt) -> bytes:
    return b"".join(
        entry.wire
        for entry in attempt.transcript
        if (entry.direction, entry.kind) == ("sent", "record") and entry.name == "handshake"
    )


def row(attempt: Attempt) -> tuple[bytes, str, int | None, int | None]:
    agreed = attempt.negotiated
    return (
        hello_of(attempt),
        str(attempt.failure),
        None if agreed is None else agreed.version,
        None if agreed is None else agreed.cipher_suite,
    )


def captured_row(hello: CapturedHello) -> tuple[bytes, str, int | None, int | None]:
    answer = hello.answer
    return hello.wire, str(answer.failure), answer.version, answer.cipher_suite


REFUSALS = {
    "server-hello:alert-handshake_failure": sends(alert(40)),
    "server-hello:fin": sends(b""),
    "server-hello:reset": resets,
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_gnutls_refused(reason: str, tmp_path: Path) -> None:
    seen = visited("gnutls", tmp_path / "lo.pcap", REFUSALS[reason])
    hellos = read_capture(str(tmp_path / "lo.pcap")).hellos
    assert [captured_row(hello) for hello in hellos] == [row(attempt) for attempt in seen.attempts]
    assert [str(attempt.failure) for attempt in seen.attempts] == [reason]
    named = [near.profile.id for near in KNOWN.nearest(hellos[0].flight, SUBJECT)]  # type: ignore[arg-type]
    assert "gnutls-3.7" in named


@pytest.mark.parametrize("name", ["gnutls", "curl"])
def test_a_handshake_that_works(name: str, tmp_path: Path) -> None:
    asked = program(name)
    file = tmp_path / "lo.pcap"
    with servers_of_ours("openssl@4.0.3") as found:
        server = found["openssl@4.0.3"]
        with captured(file, server.port):
            seen = visit(asked, server, deadline_seconds=SECONDS)
    (attempt,), (hello,) = seen.attempts, read_capture(str(file)).hellos
    assert attempt.negotiated is not None
    answer = hello.answer
    assert (answer.version, answer.cipher_suite, answer.group, answer.is_complete) == (
        attempt.negotiated.version,
        attempt.negotiated.cipher_suite,
        attempt.negotiated.named_group,
        True,
    )
    assert answer.failure is attempt.failure is None
    assert hello.segments == (len(hello.wire),)


def test_the_secrets_in_a_capture_open_an_encrypted_alert(tmp_path: Path) -> None:
    """Of a TLS 1.3 server that wants a certificate, which says so behind the handshake."""
    asked, file, identity = (
        program("gnutls"),
        tmp_path / "lo.pcap",
        "openssl@4.0.3,client-certificate=require",
    )
    with servers_of_ours(identity) as found, captured(file, found[identity].port):
        seen = visit(asked, found[identity], deadline_seconds=SECONDS)
    (attempt,) = seen.attempts
    lines = "\n".join(attempt.key_log).encode()
    secrets = block(10, struct.pack("<II", 0x544C534B, len(lines)) + lines)
    data = section() + secrets + pcapng(reader_of(file.read_bytes())).removeprefix(section())
    opened, closed = (capture_of(io.BytesIO(each)).hellos[0] for each in (data, file.read_bytes()))
    assert str(opened.answer.failure) == str(attempt.failure) == "application-data:alert-certificate_required"
    assert closed.answer.failure is None


@pytest.mark.long
def test_chromium_connects_three_times_and_more(tmp_path: Path) -> None:
    """Two visits, each with the silent retry after a FIN."""
    file, chromium = tmp_path / "lo.pcap", program("chromium")
    with scripted_server(*[sends(b"")] * 12) as server, captured(file, server.port):
        to = Destination("127.0.0.1", server.port, SUBJECT)
        visits = [visit(chromium, to, deadline_seconds=SECONDS) for _ in range(2)]
    hellos = read_capture(str(file)).hellos
    attempts = [attempt for seen in visits for attempt in seen.attempts]
    assert len(hellos) >= 3
    assert [captured_row(hello) for hello in hellos] == [row(attempt) for attempt in attempts]
    assert all(hello.server_name == SUBJECT for hello in hellos)
    for hello in hellos:
        assert hello.flight is not None
        near = KNOWN.nearest(hello.flight, SUBJECT)
        assert [each.profile.id for each in near if not each.features] == ["chromium-156"]
    ladder = next(each for each in ladders(hellos) if hellos[0] in each)
    assert len(ladder) >= len(visits[0].attempts)
    _, profile = write_profile(tmp_path, "mine", ladder, Origin("lo.pcap", "2026"))
    assert {attempt.after for attempt in profile.attempts[1:]} == {("fin",)}
    assert {attempt.order for attempt in profile.attempts} == {"permuted"}
    for hello, attempt in zip(ladder, profile.attempts, strict=True):
        assert what_differs(attempt.template, hello) is None


@pytest.mark.long
def test_java_tries_again_without_alpn(tmp_path: Path) -> None:
    file = tmp_path / "lo.pcap"
    seen = visited("httpclient-25", file, *[sends(b"")] * 4)
    hellos = read_capture(str(file)).hellos
    assert [captured_row(hello) for hello in hellos] == [row(attempt) for attempt in seen.attempts]
    (ladder,) = ladders(hellos)
    _, profile = write_profile(tmp_path, "mine", ladder, Origin("lo.pcap", "2026"))
    assert [attempt.after for attempt in profile.attempts] == [(), ("fin",)]
    assert [len(attempt.without) for attempt in profile.attempts] == [0, 1]


@pytest.mark.parametrize("client", ["ie6-winxp", "java-6"])
def test_a_hello_in_sslv2_format(client: str, tmp_path: Path) -> None:
    file = tmp_path / "lo.pcap"
    player = PROFILES[client].player
    with scripted_server(*[sends(alert(10))] * 3) as server, captured(file, server.port):
        seen = connect(player, Destination("127.0.0.1", server.port, None), deadline_seconds=SECONDS)
    hellos = read_capture(str(file)).hellos
    assert [str(hello.answer.failure) for hello in hellos] == [str(each.failure) for each in seen.attempts]
    assert [hello.wire for hello in hellos] == server.hellos
    first = hellos[0]
    assert first.flight is not None
    assert first.flight.sslv2 is not None
    assert client in [near.profile.id for near in KNOWN.nearest(first.flight, None)]


def test_a_capture_of_headers_alone_says_what_is_missing(tmp_path: Path) -> None:
    visited("gnutls", tmp_path / "lo.pcap", sends(b""), options=("-s", "200"))
    (hello,) = read_capture(str(tmp_path / "lo.pcap")).hellos
    assert "the capture has cut its packets, capture whole ones (tcpdump -s 0)" in hello.problem


def test_any_interface_has_linux_cooked_packets(tmp_path: Path) -> None:
    file = tmp_path / "any.pcap"
    seen = visited("gnutls", file, sends(b""), options=("-i", "any"))
    assert [hello.wire for hello in read_capture(str(file)).hellos] == [hello_of(seen.attempts[0])]
