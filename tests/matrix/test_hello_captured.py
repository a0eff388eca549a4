"""`hello import`, `listen`, and `show` and `diff` of files: what they print, write, and end with."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.capture.hellos import alert, hello
from tests.clients.capture.packets import FIN, RST, Conversation, pcap, pcapng
from tests.matrix.test_cli import tls_matrix
from tests.matrix.test_run import ROOT

JAVA, RETRY = hello("java-25-httpclient"), hello("java-25-httpclient", 2)
TIME = 1_800_000_000.0


def talk(port: int, wire: bytes, *, answer: bytes = b"", flags: int = FIN) -> Conversation:
    made = Conversation(("192.0.2.1", port)).opened().client_says(wire)
    return (made.server_says(answer) if answer else made).ends(flags)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A client that is closed on and tries again, and another one that gets an alert."""
    packets = [
        *talk(1, JAVA).packets(at=TIME),
        *talk(2, RETRY, flags=RST).packets(at=TIME + 0.5),
        *talk(3, hello("ie8-winxp"), answer=alert()).packets(at=TIME + 60),
    ]
    path = tmp_path / "lo.pcap"
    path.write_bytes(pcap(packets))
    return path


def test_what_is_listed(capture: Path) -> None:
    done = tls_matrix("hello", "import", str(capture))
    assert (done.returncode, done.stderr) == (0, "")
    first, second, third, count = done.stdout.strip().split("\n\n")
    lines = first.splitlines()
    assert lines[0] == "stream 1 2027-01-15 08:00:00.003 UTC 192.0.2.1:1 -> 192.0.2.2:443"
    assert lines[1] == "  server_name  server.example.test"
    assert lines[2].startswith("  hello        TLSv1.3, ")
    assert lines[2].endswith(" bytes in 1 record, 1 segment")
    assert lines[3].startswith("  JA3, JA4     ")
    assert ", t13d" in lines[3]
    assert lines[4] == "  client       as java-25-httpclient"
    assert lines[5].startswith(
        "  answer       the server closes the connection without an alert (FIN) in answer"
    )
    assert lines[5].endswith(" (server-hello:fin)")
    assert "  retry        of stream 1, after fin" in second
    assert "  client       as java-25, java-25-httpclient (attempt 2)" in second
    assert "  client       as ie8-winxp" in third
    assert "(server-hello:alert-handshake_failure)" in third
    assert count == "3 hellos"


def test_what_differs_from_the_nearest_client_is_said_as_hello_diff_says_it(tmp_path: Path) -> None:
    wire = hello("gnutls-3.7")
    changed = wire.replace(b"\x13\x02\x13\x03", b"\x13\x02\x13\x05", 1)
    path = tmp_path / "lo.pcap"
    path.write_bytes(pcap(talk(1, changed).packets()))
    done = tls_matrix("hello", "import", str(path))
    assert "  nearest      gnutls-3.7 (" in done.stdout
    listed = [line.strip() for line in done.stdout.splitlines() if line.startswith("    ")]
    assert "< the cipher suite TLS_AES_128_CCM_8_SHA256" in listed
    assert "> the cipher suite TLS_CHACHA20_POLY1305_SHA256" in listed
    diff = tls_matrix("hello", "diff", f"{path}#1", "gnutls-3.7").stdout
    assert all(line in diff for line in listed)


@pytest.mark.long
@pytest.mark.parametrize(
    ("count", "said"), [(20, "19 hellos: streams 2, 3, 4, 5, 6, 7 and 13 more"), (2, "1 hello: stream 2")]
)
def test_hellos_that_are_alike_are_one_entry(tmp_path: Path, count: int, said: str) -> None:
    packets = [
        packet
        for number in range(count)
        for packet in talk(number + 1, hello("openssl-3.0"), answer=alert()).packets(at=TIME + 60 * number)
    ]
    path = tmp_path / "lo.pcap"
    path.write_bytes(pcap(packets))
    out = tls_matrix("hello", "import", str(path)).stdout
    assert f"  like it      {said}\n" in out
    assert out.endswith(f"{count} hellos in 1 entry\n")


def test_json_has_it_all(capture: Path) -> None:
    done = tls_matrix("hello", "import", str(capture), "--json")
    read = json.loads(done.stdout)
    assert (read["schema"], read["source"], read["notes"], read["left_out"]) == (
        "tls-matrix/capture/1",
        str(capture),
        [],
        0,
    )
    first, second, third = read["hellos"]
    assert (first["stream"], first["client"], first["server"]) == (1, "192.0.2.1:1", "192.0.2.2:443")
    assert first["time"] == "2027-01-15T08:00:00.003000+00:00"
    assert first["wire"] == JAVA.hex()
    assert first["nearest"] == [{"client": "java-25-httpclient", "attempt": 1, "differences": []}]
    assert first["hello"]["cipher_suites"][0] == {
        "code": 0x1302,
        "iana": "TLS_AES_256_GCM_SHA384",
        "jsse": "TLS_AES_256_GCM_SHA384",
        "openssl": "TLS_AES_256_GCM_SHA384",
    }
    assert (second["retries"], second["after"]) == (1, "fin")
    assert second["answer"]["reason"] == "server-hello:reset"
    assert third["hello"]["ja3"] == "de350869b8c85de67a350c8d186f11e6"


def test_one_hello_and_its_bytes_which_can_be_imported_again(capture: Path) -> None:
    done = tls_matrix("hello", "import", str(capture), "--stream", "3", "--hex")
    assert done.stdout.count("stream ") == 1
    again = imported(done.stdout.encode())
    assert again.returncode == 0
    assert b"  client       as ie8-winxp\n" in again.stdout


def imported(data: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "matrix", "hello", "import", "-", *options]
    return subprocess.run(command, input=data, capture_output=True, cwd=ROOT, timeout=60)


@pytest.mark.long
def test_standard_input_and_the_bytes_that_hello_show_prints(capture: Path) -> None:
    assert imported(capture.read_bytes()).stdout.endswith(b"3 hellos\n")
    shown = tls_matrix("hello", "show", "firefox-9", "--hex").stdout
    out = imported(shown.encode()).stdout.decode()
    assert out.endswith("2 hellos\n")
    assert "  client       as firefox-9" in out
    assert "firefox-9-sslv3" in out


@pytest.mark.long
def test_a_profile_with_its_ladder(capture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clients"
    arguments = ("--stream", "1", "--id", "mine", "--out", str(folder))
    done = tls_matrix("hello", "import", str(capture), *arguments)
    assert done.returncode == 0
    path = folder / "mine.toml"
    use = f"tls-matrix run --clients-dir {folder} --client mine"
    assert done.stderr == f"{path}: 2 attempts; use it: {use}\n"
    text = path.read_text()
    assert 'source = "lo.pcap, stream 1 at 2027-01-15 08:00:00 UTC, from 192.0.2.1:1"' in text
    assert "The first hello is that of java-25-httpclient." in text
    own = ("--clients-dir", str(folder))
    assert (
        "mine\tCaptured client mine\t2027-01-15\thigh\t2\tyes" in tls_matrix("list", "clients", *own).stdout
    )
    diff = tls_matrix("hello", "diff", "mine", "java-25-httpclient", *own).stdout
    assert diff.count("features: no difference") == 2
    again = tls_matrix("hello", "import", str(capture), *arguments)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == f"tls-matrix: {path}: is there already; remove it, or choose another id\n"


@pytest.mark.long(but=["options2*"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--id", "mine"), "--id: 2 visits are listed; choose one with --stream: 1, 3"),
        (("--id", "java-8", "--stream", "1"), "--id java-8: there is a client with this id; choose another"),
        (("--id", "Mine"), "--id Mine: write small letters"),
        (("--stream", "9"), "has no hello number 9; there are 3 hellos"),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_2(capture: Path, options: tuple[str, ...], said: str) -> None:
    done = tls_matrix("hello", "import", str(capture), *options)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


@pytest.mark.long
def test_the_exit_status_says_whether_there_are_hellos(tmp_path: Path, capture: Path) -> None:
    none = tmp_path / "none.pcap"
    none.write_bytes(pcap(Conversation().opened().client_says(b"GET / HTTP/1.1\r\n\r\n").packets()))
    done = tls_matrix("hello", "import", str(none))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"tls-matrix: {none}: has no ClientHello\n")
    assert json.loads(tls_matrix("hello", "import", str(none), "--json").stdout)["hellos"] == []
    no_capture = tmp_path / "file"
    no_capture.write_bytes(bytes(range(256)))
    done = tls_matrix("hello", "import", str(no_capture))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(capture.read_bytes()[:-3])
    done = tls_matrix("hello", "import", str(cut))
    assert done.returncode == 0
    assert done.stdout.endswith("3 hellos\n")
    assert done.stderr.startswith(f"tls-matrix: {cut}: cannot be read beyond packet ")


def test_a_hello_that_lies_is_listed_with_the_byte_that_does(tmp_path: Path) -> None:
    path = tmp_path / "lo.pcap"
    path.write_bytes(pcap(talk(1, JAVA[:43] + b"\xff" + JAVA[44:], answer=alert(50)).packets()))
    done = tls_matrix("hello", "import", str(path))
    assert done.returncode == 0
    assert "  hello        cannot be read: session_id: 255 bytes, 32 are allowed (byte 34)" in done.stdout
    assert "(server-hello:alert-decode_error)" in done.stdout
    done = tls_matrix("hello", "show", str(path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_what_comes_from_a_capture_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "lo.pcap"
    wire = hello("openssl-3.0", name="a\x1b[31m.example")
    path.write_bytes(pcap(talk(1, wire, answer=b"\x1b]0;x\x07 no tls here").packets()))
    done = tls_matrix("hello", "import", str(path))
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\x1b" not in tls_matrix("hello", "show", str(path)).stdout


@pytest.mark.long
def test_show_and_diff_take_files(capture: Path) -> None:
    shown = tls_matrix("hello", "show", f"{capture}#2").stdout
    assert shown.startswith(f"{capture}#2: 1 hello\n\nstream 2: TLSv1.3\n")
    read = json.loads(tls_matrix("hello", "show", str(capture), "--json").stdout)
    assert [each["title"] for each in read["hellos"]] == [
        "stream 1: TLSv1.3",
        "stream 2: TLSv1.3",
        "stream 3: TLSv1.0",
    ]
    assert "extension:key_share" in read["hellos"][0]["features"]
    diff = tls_matrix("hello", "diff", f"{capture}#1", f"{capture}#2").stdout
    assert "  < the extension application_layer_protocol_negotiation  [" in diff
    read = json.loads(tls_matrix("hello", "diff", "java-7", f"{capture}#1", "--json").stdout)
    (pair,) = read["pairs"]
    assert {
        "feature": "client-version:TLSv1.0",
        "says": "the client_version TLSv1.0",
        "only": "left",
    } in pair["differences"]


def test_a_permuted_order_is_no_difference_between_a_file_and_its_client(tmp_path: Path) -> None:
    path = tmp_path / "lo.pcap"
    path.write_bytes(pcap(talk(1, hello("chromium-156", name=None)).packets()))
    diff = tls_matrix("hello", "diff", "chromium-156", str(path)).stdout
    assert "  features: no difference\n" in diff
    assert "server_name" not in diff
    assert next(line for line in diff.splitlines() if " JA3 " in line).startswith("  = JA3 ")


@contextmanager
def listening(*options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-m", "matrix", "hello", "listen", *options]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        try:
            assert program.stderr is not None
            said = program.stderr.readline()
            assert said.startswith("listening on 127.0.0.1:")
            yield program, int(said.partition(";")[0].rpartition(":")[2])
        finally:
            program.kill()


def call(port: int, wire: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(wire)
        while connection.recv(1000):
            pass


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_listen_says_who_calls_and_writes_the_profile_at_its_end(end: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "clients"
    with listening("--refuse-with", "fin", "--id", "mine", "--out", str(folder)) as (program, port):
        assert program.stdout is not None
        call(port, JAVA)
        first = program.stdout.readline()
        call(port, RETRY)
        second = program.stdout.readline()
        program.send_signal(end)
        assert program.wait(timeout=20) == 0
        assert program.stderr is not None
        assert program.stderr.read().startswith(f"{folder / 'mine.toml'}: 2 attempts; use it: ")
    assert first.startswith("stream 1 127.0.0.1:")
    assert ", server_name server.example.test: TLSv1.3, JA4 t13d" in first
    assert first.endswith(": as java-25-httpclient\n")
    assert ", again after fin (stream 1), server_name" in second
    assert 'after = ["fin"]' in (folder / "mine.toml").read_text()


def test_an_interrupt_takes_nobody_away_who_has_been_refused(tmp_path: Path) -> None:
    with listening("--id", "mine", "--out", str(tmp_path)) as (program, port):
        call(port, JAVA)
        program.send_signal(signal.SIGINT)
        out, errors = program.communicate(timeout=20)
    assert program.returncode == 0
    assert out.endswith(": as java-25-httpclient\n")
    assert errors.startswith(f"{tmp_path / 'mine.toml'}: 1 attempt; use it: ")


def test_listen_as_json_and_who_says_no_hello() -> None:
    with listening("--json") as (program, port):
        assert program.stdout is not None
        call(port, hello("ie6-winxp"))
        read = json.loads(program.stdout.readline())
        socket.create_connection(("127.0.0.1", port)).close()
        none = json.loads(program.stdout.readline())
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=20) == 0
    assert [each["client"] for each in read["nearest"]].count("ie6-winxp") == 1
    assert (none["stream"], none["problem"], none["hello"]) == (2, "it says nothing", None)


def test_listen_without_a_caller_ends_with_1() -> None:
    with listening() as (program, _):
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=20) == 1


@pytest.mark.long
def test_a_port_that_is_taken_and_an_address_that_is_none_are_one_line_and_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for options, said in (
            (("--port", port), f"--port {port}: another program listens there"),
            (("--address", "nowhere.invalid"), "--address nowhere.invalid: is no address"),
            (("--address", "192.0.2.1"), "--address 192.0.2.1: is none of this machine's"),
        ):
            done = tls_matrix("hello", "listen", *options)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
            assert said in done.stderr


@pytest.mark.long(but=["options2"])
@pytest.mark.parametrize("options", [(), ("--json",), ("--stream", "1", "--id", "mine")])
def test_a_damaged_time_is_no_traceback(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = tmp_path / "damaged.pcapng"
    path.write_bytes(pcapng(talk(50001, hello("openssl-3.0")).packets(at=9e12)))
    out = ("--out", str(tmp_path / "mine")) if "--id" in options else ()
    done = tls_matrix("hello", "import", str(path), *options, *out)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


@pytest.mark.long(but=["*-listen"])
@pytest.mark.parametrize("command", ["listen", "import"])
@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("/dev/null", "--out /dev/null: /dev/null is no folder; choose another folder"),
        ("/dev/null/x", "--out /dev/null/x: /dev/null is no folder; choose another folder"),
        ("/proc/x", "--out /proc/x: cannot be written ("),
        ("", "mine.toml: is there already; remove it, or choose another id"),
    ],
)
def test_a_profile_without_a_place_is_told_before_anybody_calls(
    command: str, out: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").touch()
    what = ["-"] if command == "import" else []
    done = tls_matrix("hello", command, *what, "--id", "mine", "--out", out or str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


def test_a_folder_is_not_made_before_there_is_something_to_write(tmp_path: Path) -> None:
    with listening("--id", "mine", "--out", str(tmp_path / "new")) as (program, _):
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=20) == 1
    assert list(tmp_path.iterdir()) == []
