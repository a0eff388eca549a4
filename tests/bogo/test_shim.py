"""The shim without the runner: its flags, its roles against each other in memory, and its program."""

import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from handshake.connection import Connection
from handshake.crypto.credentials import Credential
from handshake.events import Event
from handshake.transcript import Transcript
from handshake.wire.registry import NamedGroup, ProtocolVersion
from tests.bogo.exchange import Sessions, make_connection
from tests.bogo.expectations import check_end, check_handshake
from tests.bogo.flags import Flags, Unimplemented, read_flags
from tests.bogo.interpreter import FAILED_STATUS, UNIMPLEMENTED_STATUS, answer, shim
from tests.bogo.message_log import message_log
from tests.bogo.roles import first_groups, groups
from tests.handshake.peers import credentials

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The flags that give a server its certificate."""
    pem = credentials()["rsa"].to_pem()
    (tmp_path / "key").write_text(pem.private_key)
    (tmp_path / "chain").write_text(pem.chain)
    return ["-key-file", str(tmp_path / "key"), "-cert-file", str(tmp_path / "chain")]


def test_flags_are_read() -> None:
    initial, resumed = read_flags(
        [
            "-port",
            "1",
            "-server",
            "-curves",
            "29",
            "-curves",
            "23",
            "-async",
            "-trust-cert",
            "x",
            "-on-resume-expect-session-miss",
            "-on-initial-max-version",
            "771",
            "-expect-certificate-types",
            "QQ==",
        ]
    )
    assert (initial.port, initial.server, initial.curves) == (1, True, [29, 23])
    assert (initial.max_version, resumed.max_version) == (771, 0)
    assert (initial.expect_session_miss, resumed.expect_session_miss) == (False, True)
    assert initial.expect_certificate_types == b"A"


@pytest.mark.parametrize("flag", ["-quic", "-on-resume-quic", "-on-retry-server", "-no-such-flag"])
def test_an_unknown_flag_is_unimplemented(flag: str) -> None:
    with pytest.raises(Unimplemented, match=flag):
        read_flags([flag])
    assert answer([flag])[0] == UNIMPLEMENTED_STATUS
    assert answer(["-port", "1"])[0] == FAILED_STATUS, "nobody listens there"


def meet(client: Connection, server: Connection) -> tuple[list[Event], list[Event]]:
    """Carry bytes both ways; the events of either side."""
    events: tuple[list[Event], list[Event]] = ([], [])
    while any(data := [side.data_to_send() for side in (client, server)]):
        server.receive_data(data[0], 0.0)
        client.receive_data(data[1], 0.0)
        for side, seen in zip((client, server), events, strict=True):
            while (event := side.next_event()) is not None:
                seen.append(event)
    return events


@pytest.mark.parametrize("version", [ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, TLS_1_2, TLS_1_3])
def test_both_roles_and_what_is_expected_of_them(version: int, files: list[str]) -> None:
    common = ["-max-version", str(version), "-min-version", str(version), "-curves", "23"]
    sessions = Sessions()
    for is_resumption in (False, True):
        expected = ["-expect-version", str(version)]
        if not is_resumption:
            expected += ["-expect-curve-id", str(NamedGroup.SECP256R1.value), "-expect-no-hrr"]
        flags = read_flags(common + expected)[0]
        serving = read_flags([*common, *expected, *files, "-server"])[0]
        client = make_connection(flags, sessions, is_resumption=is_resumption)
        server = make_connection(serving, sessions, is_resumption=is_resumption)
        seen = meet(client, server)
        for each, connection, events in zip((flags, serving), (client, server), seen, strict=True):
            assert check_handshake(each, connection, events, is_resumption=is_resumption) == ""
            assert check_handshake(each, connection, events, is_resumption=not is_resumption) != ""
            each.expect_version = TLS_1_2 if version != TLS_1_2 else TLS_1_3
            assert check_handshake(each, connection, events, is_resumption=is_resumption) != ""
        sessions.client = client.session_by_ticket  # type: ignore[attr-defined]


def met(files: list[str], asked: list[str], serving: list[str]) -> tuple[Connection, Connection, list[str]]:
    """Both roles after a handshake, and what is not as the flags of either want it."""
    flags = [read_flags(asked)[0], read_flags(["-server", *files, *serving])[0]]
    ends = [make_connection(each, Sessions(), is_resumption=False) for each in flags]
    seen = meet(*ends)
    judged = zip(flags, ends, seen, strict=True)
    return *ends, [check_handshake(*each, is_resumption=False) for each in judged if each[1].is_connected]


@pytest.mark.parametrize("code", ["0", "1"])
def test_protocols_and_their_settings(files: list[str], code: str) -> None:
    asked = [
        "-advertise-alpn",
        "\x02h2\x01x",
        "-application-settings",
        "h2,ours",
        "-alps-use-new-codepoint",
        code,
    ]
    serving = ["-select-alpn", "h2", "-application-settings", "h2,theirs", "-alps-use-new-codepoint", code]
    right = ["-expect-alpn", "h2", "-expect-peer-application-settings", "theirs"]
    listed = ["-expect-advertised-alpn", "\x02h2\x01x", "-expect-peer-application-settings", "ours"]
    assert met(files, asked + right, serving + listed)[2] == ["", ""]
    wrong = ["-expect-alpn", "h2", "-expect-peer-application-settings", "ours"]
    problems = met(files, asked + wrong, [*serving, "-expect-advertised-alpn", "\x01x"])[2]
    assert all(problems), problems
    assert len(met(files, asked, ["-reject-alpn"])[2]) == 0, "refused"
    unknown = ["-advertise-alpn", "\x01y", "-allow-unknown-alpn-protos", "-expect-alpn", ""]
    assert met(files, unknown, ["-decline-alpn"])[2] == ["", ""]


def test_a_peer_that_is_not_trusted(files: list[str]) -> None:
    for custom in ([], ["-use-custom-verify-callback"]):
        client, *_ = met(files, ["-verify-peer", "-verify-fail", *custom], [])
        assert not client.is_connected
        asking = ["-verify-peer", "-require-any-client-certificate"]
        *_, trusting = met(files, files, [*asking, *custom])
        assert trusting == ["", ""]
        _, server, _ = met(files, files, [*asking, "-verify-fail", *custom])
        assert not server.is_connected
    assert met(files, ["-verify-fail"], [])[0].is_connected, "nobody looks"


def test_which_groups_have_shares() -> None:
    for curves, shared in (
        (["29", "4588"], [29, 4588]),
        (["4588", "4587", "23"], [4588, 23]),
        (["23", "24"], [23]),
    ):
        flags = read_flags([part for curve in curves for part in ("-curves", curve)])[0]
        assert list(first_groups(flags)) == shared
    old = read_flags(["-max-version", "771", "-curves", "4588", "-curves", "29"])[0]
    assert groups(old) == (29,)


def test_the_end_is_judged() -> None:
    nothing = Transcript()
    assert check_end(Flags(), [], nothing) == ""
    assert check_end(Flags(check_close_notify=True), [], nothing) != ""
    assert check_end(Flags(expect_total_renegotiations=1), [], nothing) != ""
    assert check_end(Flags(expect_msg_callback="read hs 1\n"), [], nothing) != ""


def test_the_messages_are_told_in_the_order_of_the_records(files: list[str]) -> None:
    flags = ["-max-version", "771", "-cipher", "TLS_RSA_WITH_AES_128_CBC_SHA", "-no-ticket"]
    client, server, _ = met(files, flags, flags)
    said = ["hs 1", "hs 2", "hs 11", "hs 14", "hs 16", "ccs", "hs 20", "ccs", "hs 20"]
    are_servers = [False, True, True, True, False, False, False, True, True]
    for connection, is_server in ((client, False), (server, True)):
        verbs = ["write" if each is is_server else "read" for each in are_servers]
        expected = "".join(f"{verb} {what}\n" for verb, what in zip(verbs, said, strict=True))
        assert message_log(connection.transcript) == expected


@pytest.mark.parametrize("version", ["770", "771", "772"])
def test_an_ocsp_response_is_stapled(version: str, files: list[str]) -> None:
    asked = ["-max-version", version, "-enable-ocsp-stapling", "-expect-ocsp-response", "AQID"]
    serving = ["-max-version", version, "-ocsp-response", "AQID"]
    assert met(files, asked, serving)[2] == ["", ""]
    assert met(files, asked, [*serving, "-decline-ocsp-callback"])[2] != ["", ""]


def test_a_scheme_that_is_not_offered_fails(files: list[str]) -> None:
    wanted = ["-verify-prefs", "1025", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]
    for prefs, is_connected in ((["-signing-prefs", "1025"], True), (["-signing-prefs", "1281"], False)):
        client = make_connection(
            read_flags(["-max-version", "771", *wanted])[0], Sessions(), is_resumption=False
        )
        server = make_connection(read_flags(["-server", *files, *prefs])[0], Sessions(), is_resumption=False)
        meet(client, server)
        assert client.is_connected is is_connected


def test_a_key_that_nobody_here_signs_with(tmp_path: Path) -> None:
    other = credentials()["ecdsa"]
    assert isinstance(other, Credential)
    assert isinstance(other.private_key, ec.EllipticCurvePrivateKey)
    (tmp_path / "key").write_text("no key")
    (tmp_path / "chain").write_text(other.to_pem().chain)
    flags = ["-server", "-key-file", str(tmp_path / "key"), "-cert-file", str(tmp_path / "chain")]
    assert answer(flags)[0] == UNIMPLEMENTED_STATUS


def test_the_program_and_its_interpreters(tmp_path: Path, files: list[str]) -> None:
    """As the runner does it: a socket, the program's arguments, its exit status and its words."""
    with shim(tmp_path, 2) as program, socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])

        def serve() -> None:
            client = make_connection(Flags(), Sessions(), is_resumption=False)
            with listener.accept()[0] as sock:
                assert int.from_bytes(sock.recv(8), "little") == 77
                sock.sendall(client.data_to_send())
                while not client.is_connected:
                    client.receive_data(sock.recv(65536), 0.0)
                    sock.sendall(client.data_to_send())
                client.send_application_data(b"\x0f\xf0", 0.0)
                sock.sendall(client.data_to_send())
                echoed.append(sock.recv(65536))
                client.close(0.0)
                sock.sendall(client.data_to_send())
                while sock.recv(65536):  # its own end, which a closed socket would refuse
                    pass

        echoed: list[bytes] = []
        peer = threading.Thread(target=serve)
        peer.start()
        arguments = [str(program), "-port", port, "-shim-id", "77", "-server", *files]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
        peer.join()
        assert (done.returncode, done.stderr) == (0, "")
        assert echoed[0]
        left_out = subprocess.run([str(program), "-quic"], capture_output=True, text=True, check=False)
        assert left_out.returncode == UNIMPLEMENTED_STATUS
        assert "-quic" in left_out.stderr
        asked = subprocess.run(
            [str(program), "-is-handshaker-supported"], capture_output=True, text=True, check=False
        )
        assert asked.stdout == "No\n"
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".reply")]
