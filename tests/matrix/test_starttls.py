"""Runs against servers where words in the clear come before TLS: a user's own emulated ones, and targets."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from clients.connect import resume
from clients.destination import Destination
from clients.profile import load_profiles
from clients.starttls import PROTOCOLS, StartTls
from handshake.wire.registry import ContentType
from matrix.scenarios import SCENARIOS
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import RunningServer, start_servers
from servers.variant import plain_variant
from tests.matrix.test_run import run_json, tls_matrix
from tests.servers.emulated.starttls_servers import write_definitions

CLIENTS = ("--client", "biztalk-ws2008", "--client", "openssl-3.0", "--client", "firefox-9-sslv3")


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """HOST:PORT of an emulated server for each protocol."""
    folder = tmp_path_factory.mktemp("servers")
    write_definitions(folder)
    definitions = load_definitions([folder])
    variants = [plain_variant(definitions[f"my-{protocol}"], "a") for protocol in PROTOCOLS]
    with start_servers(variants, make_credentials(), 20.0) as running:
        found = {}
        for protocol in PROTOCOLS:
            server = running[f"my-{protocol}@a"]
            assert isinstance(server, RunningServer), server
            found[protocol] = f"{server.host}:{server.port}"
        yield found


@contextmanager
def speaking(words: bytes, family: socket.AddressFamily = socket.AF_INET) -> Iterator[str]:
    """A server that says the same to everybody and closes when they do; its HOST:PORT."""
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    listener = socket.create_server((host, 0), family=family)

    def serve() -> None:
        with suppress(OSError):  # the listener is shut down at the end
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.sendall(words)
                    while connection.recv(4096):
                        pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        port = listener.getsockname()[1]
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        listener.close()


@pytest.mark.long
def test_a_users_own_servers_are_met_through_their_protocol(tmp_path: Path) -> None:
    write_definitions(tmp_path / "servers", 'resumption = ["session-id", "ticket"]')
    chosen = [name for name, scenario in SCENARIOS.items() if not scenario.makes_probes]
    scenarios = [part for name in chosen for part in ("--scenario", name)]
    arguments = ("--servers-dir", tmp_path / "servers", "--server", "my-*", *scenarios)
    result = tls_matrix("run", *arguments, *CLIENTS, "--out", tmp_path / "run")
    assert result.returncode == 0, result.stdout + result.stderr
    cells = run_json(tmp_path / "run")["cells"]
    outcomes = {(cell["client"], cell["scenario"]): set() for cell in cells}  # type: ignore[var-annotated]
    for cell in cells:
        outcomes[cell["client"], cell["scenario"]].add(cell["outcome"])
    assert len(cells) == len(PROTOCOLS) * 3 * len(chosen)
    for scenario in ("connect", "resume-session-id", "renegotiate-client"):
        assert outcomes["openssl-3.0", scenario] == {"works"}
    assert outcomes["biztalk-ws2008", "connect"] == {"works"}
    assert outcomes["firefox-9-sslv3", "connect"] == {"fails"}
    assert outcomes["openssl-3.0", "renegotiate-server"] == {
        "works",
        "not-applicable",
    }  # only HTTP has a way to ask
    reasons = {cell["reason"] for cell in cells if cell["client"] == "firefox-9-sslv3"}
    assert {reason.partition(":")[0] for reason in reasons} == {"server-hello"}


@pytest.mark.long
@pytest.mark.parametrize("scenario", ["split-hello", "large-hello"])
def test_hellos_are_split_and_padded_behind_every_protocol(tmp_path: Path, scenario: str) -> None:
    write_definitions(tmp_path / "servers", "")
    arguments = ("--servers-dir", tmp_path / "servers", "--server", "my-*", "--scenario", scenario)
    result = tls_matrix("run", *arguments, "--client", "openssl-3.0", "--out", tmp_path / "run")
    assert result.returncode == 0, result.stdout + result.stderr
    outcomes = [cell["outcome"] for cell in run_json(tmp_path / "run")["cells"]]
    assert outcomes == ["works"] * len(PROTOCOLS)


@pytest.mark.long
def test_targets_of_every_protocol_at_once(addresses: Mapping[str, str], tmp_path: Path) -> None:
    targets = []
    for protocol, address in addresses.items():
        to = ",to=inner.example:8443" if protocol == "http-connect" else ""
        targets += ["--target", f"my-{protocol}={address},starttls={protocol}{to}"]
    result = tls_matrix("run", *targets, *CLIENTS, "--evidence", "all", "--out", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    content = run_json(tmp_path)
    assert {server: record["toggles"] for server, record in content["servers"].items()} == {
        f"my-{protocol}": {"starttls": protocol} for protocol in PROTOCOLS
    }
    failing = {cell["client"] for cell in content["cells"] if cell["outcome"] != "works"}
    assert failing == {"firefox-9-sslv3"}
    assert len([cell for cell in content["cells"] if cell["outcome"] == "works"]) == 2 * len(PROTOCOLS)
    path = tmp_path / "evidence" / "my-http-connect" / "openssl-3.0" / "connect.json"
    clear = json.loads(path.read_text())["attempts"][0]["transcript"][:2]
    assert [(entry["direction"], entry["kind"]) for entry in clear] == [
        ("sent", "clear"),
        ("received", "clear"),
    ]
    assert clear[0]["name"].startswith("CONNECT inner.example:8443 HTTP/1.1")
    assert bytes.fromhex(clear[1]["wire"]).startswith(b"HTTP/1.1 200 ")


def test_a_target_where_tls_cannot_begin_is_one_line_and_keeps_no_other_from_being_measured(
    addresses: Mapping[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        closed = f"127.0.0.1:{nobody.getsockname()[1]}"
    with speaking(b"554 no \x1b[31mservice\r\n") as refusing:
        targets = [
            f"mine={addresses['smtp']},starttls=smtp",
            f"refusing={refusing},starttls=smtp",
            f"other={addresses['imap']},starttls=smtp",
            "unnamed=nowhere.invalid:25,starttls=smtp",
            f"closed={closed},starttls=smtp",
        ]
        options = [part for target in targets for part in ("--target", target)]
        result = tls_matrix("run", *options, *CLIENTS[:4], "--out", tmp_path)
    assert result.returncode == 3, result.stdout + result.stderr
    cells = run_json(tmp_path)["cells"]
    notes = {cell["server"]: cell["note"] for cell in cells}
    assert {cell["server"] for cell in cells if cell["verdict"] == "observed"} == {"mine"}
    assert {cell["verdict"] for cell in cells if cell["server"] != "mine"} == {"harness_error"}
    assert r"the server refuses to begin TLS when the connection is made" in notes["refusing"]
    assert (
        r'the server said "554 no \x1b[31mservice" (connect:protocol-error-starttls-refused); '
        "find out at the server, which speaks smtp, why it refuses" in notes["refusing"]
    )
    assert "what answers speaks another protocol" in notes["other"]
    assert "* OK [CAPABILITY" in notes["other"]
    assert "the name has no address" in notes["unnamed"]
    assert 'correct the name "nowhere.invalid"' in notes["unnamed"]
    assert f"{closed}: nobody accepts the connection" in notes["closed"]
    for note in notes.values():
        assert note in result.stdout
    steps = [line for line in result.stdout.splitlines() if line.startswith("  next: ")]
    assert sum("answers from this machine" in step for step in steps) == 2, "of those that gave no answer"
    assert "\x1b" not in result.stdout


@contextmanager
def recording(address: str, connections: list[bytearray]) -> Iterator[int]:
    """Pass connections on to `address`, one after the other; what clients sent is kept. The port here."""
    listener = socket.create_server(("127.0.0.1", 0))
    host, _, port = address.rpartition(":")

    def pass_on(source: socket.socket, sink: socket.socket, sent: bytearray) -> None:
        with suppress(OSError):  # either end closes
            while data := source.recv(4096):
                sent += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):  # the listener is shut down at the end
            while True:
                client, _ = listener.accept()
                connections.append(bytearray())
                with client, socket.create_connection((host, int(port))) as server:
                    back = threading.Thread(target=pass_on, args=(server, client, bytearray()))
                    back.start()
                    pass_on(client, server, connections[-1])
                    back.join(10)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        listener.close()


def test_all_of_a_handshake_is_in_prelogin_packets_and_nothing_else(addresses: Mapping[str, str]) -> None:
    """Also where the client's Finished is the last of the handshake and its request goes with it."""
    sent: list[bytearray] = []
    with recording(addresses["tds"], sent) as port:
        observation = resume(
            load_profiles()["java-8"].player,
            Destination("127.0.0.1", port, "server.example.test", StartTls("tds", "server.example.test")),
            deadline_seconds=5,
            session_of=lambda exchange: exchange.connection.session_by_id,
        )
    assert observation.later is not None
    assert observation.later.failure is None
    assert len(sent) == 2
    for data in sent:
        records, rest = b"", bytes(data[26:])  # after the first packet, the PRELOGIN itself
        while rest.startswith(b"\x12"):
            size = int.from_bytes(rest[2:4])
            records, rest = records + rest[8:size], rest[size:]
        types = [*record_types(records)]
        assert types[0] == ContentType.HANDSHAKE
        assert types[-2:] == [ContentType.CHANGE_CIPHER_SPEC, ContentType.HANDSHAKE]
        assert set(record_types(rest)) == {ContentType.APPLICATION_DATA, ContentType.ALERT}


def record_types(records: bytes) -> Iterator[int]:
    while records:
        yield records[0]
        records = records[5 + int.from_bytes(records[3:5]) :]


def test_connect_shows_what_was_said_before_tls(addresses: Mapping[str, str]) -> None:
    result = tls_matrix("connect", "openssl-3.0", f"{addresses['smtp']},starttls=smtp")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "<- clear" in result.stdout
    assert r"220 Ready to start TLS" in result.stdout
    assert "openssl-3.0 works" in result.stdout


@pytest.mark.long
def test_connect_tells_a_refusal_before_tls_from_one_in_it(addresses: Mapping[str, str]) -> None:
    with speaking(b"554 no service\r\n") as refusing:
        result = tls_matrix("connect", "openssl-3.0", f"{refusing},starttls=smtp")
    assert result.returncode == 1, result.stdout + result.stderr
    assert '; the server said "554 no service" (connect:protocol-error-starttls-refused)' in result.stdout
    in_tls = tls_matrix("connect", "firefox-9-sslv3", f"{addresses['smtp']},starttls=smtp", "--json")
    assert json.loads(in_tls.stdout)["reason"].startswith("server-hello:alert-")


@pytest.mark.long
def test_connect_to_a_name_that_has_no_address() -> None:
    result = tls_matrix("connect", "openssl-3.0", "nowhere.invalid:443")
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1
    assert "nowhere.invalid:443: the name has no address" in result.stderr


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/net/if_inet6").is_file(), reason="this machine has no IPv6")
def test_a_target_with_an_ipv6_address(tmp_path: Path) -> None:
    with speaking(b"HTTP/1.0 400 Bad Request\r\n\r\n", socket.AF_INET6) as address:
        result = tls_matrix("run", "--target", f"six={address}", *CLIENTS[:2], "--out", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert [cell["reason"] for cell in run_json(tmp_path)["cells"]] == ["server-hello:protocol-error-not-tls"]
