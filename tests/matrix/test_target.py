"""A server that is none of the project's: Debian's nginx, met by all clients through --target."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clients.profile import load_profiles
from handshake.crypto.credentials import generate_rsa
from matrix.plan.loading import default_clients
from servers.credentials import make_credentials
from tests.matrix.test_run import run_json, tls_matrix

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
STARTS = 5  # a port found free may be taken a moment later by somebody else

CONFIGURATION = """
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
        ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
        ssl_ciphers ALL:@SECLEVEL=0;
        {extra}
        location / {{ return {status} "hello\\n"; }}
    }}
}}
"""


class Nginx:
    """An nginx; it goes into the background once it listens."""

    def __init__(self, folder: Path, extra: str = "", status: int = 200, days: int = 3650) -> None:
        if NGINX is None:
            pytest.skip("there is no nginx program; get it with: apt-get install nginx-light")
        made = datetime.now(UTC) - timedelta(days=3650) + timedelta(days=days)
        pem = generate_rsa(2048, subject="nginx", now=made, serial=1).to_pem()
        (folder / "certificate.pem").write_text(pem.chain)
        key = folder / "key.pem"
        key.touch(mode=0o600)
        key.write_text(pem.private_key)
        configuration = folder / "nginx.conf"
        for _ in range(STARTS):
            with socket.create_server(("127.0.0.1", 0)) as found:
                self.port = found.getsockname()[1]
            text = CONFIGURATION.format(folder=folder, port=self.port, extra=extra, status=status)
            configuration.write_text(text)
            started = subprocess.run([NGINX, "-c", configuration], capture_output=True, text=True, timeout=30)
            if started.returncode == 0:
                break
        assert started.returncode == 0, started.stderr
        self._folder = folder

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        os.kill(int((self._folder / "nginx.pid").read_text()), signal.SIGTERM)


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[str]:
    """The address of an nginx."""
    server = Nginx(tmp_path)
    yield server.address
    server.stop()


@pytest.mark.long
def test_every_client_meets_a_server_of_somebody_elses(nginx: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = tls_matrix("run", "--target", f"mine={nginx}", "--out", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    cells = {cell["client"]: cell for cell in run_json(folder)["cells"]}
    assert len(cells) == len(default_clients(load_profiles())) > 40
    works = {client for client, cell in cells.items() if cell["outcome"] == "works"}
    assert {"chrome-101", "firefox-100", "java-17", "openssl-3.0", "biztalk-ws2008", "java-6"} <= works
    assert cells["firefox-9-sslv3"]["outcome"] == "fails", "Debian's OpenSSL has no SSLv3"
    assert cells["chrome-101"]["negotiated"]["version"] == "TLSv1.3"
    assert "mine" in result.stdout


OTHER_NAME = "the certificate is for server.example.test, localhost, 127.0.0.1, not for shop.example"
CLIENTS = ("--client", "java-8", "--client", "openssl-3.0")


@pytest.mark.long
def test_a_server_that_nobody_can_use_says_so_beside_works(tmp_path: Path) -> None:
    """It asks for a certificate and answers 400 to whoever has none; its own is for another name."""
    server = Nginx(tmp_path, f"ssl_verify_client on; ssl_client_certificate {tmp_path}/certificate.pem;")
    try:
        result = tls_matrix(
            "run", "--target", f"mine={server.address},sni=shop.example", *CLIENTS, "--out", tmp_path / "run"
        )
        own = f"mine={server.address},sni=shop.example,cert={tmp_path}/certificate.pem,key={tmp_path}/key.pem"
        shown = tls_matrix("run", "--target", own, *CLIENTS, "--out", tmp_path / "shown")
    finally:
        server.stop()
    assert result.returncode == shown.returncode == 0, result.stdout + shown.stdout
    for cell in run_json(tmp_path / "run")["cells"]:
        assert (cell["outcome"], cell["http_status"], cell["certificate_requested"]) == ("works", 400, True)
        assert cell["certificate"]["subject"] == "CN=nginx"
        assert "the server answers with HTTP status 400" in cell["notes"]
        assert "the server asks for a client certificate, and the client has none" in cell["notes"]
        assert OTHER_NAME in cell["notes"]
    for cell in run_json(tmp_path / "shown")["cells"]:
        assert (cell["outcome"], cell["http_status"]) == ("works", 200)
        assert cell["notes"] == [OTHER_NAME]
    # The page has the command that was given, with the key's path; the key itself is nowhere.
    written = [path.read_text() for path in (tmp_path / "shown").rglob("*") if path.is_file()]
    assert sum(f"key={tmp_path}/key.pem" in text for text in written) > 0
    secret = (tmp_path / "key.pem").read_text().splitlines()[1]
    assert len(secret) == 64
    assert not any(secret in text for text in written)


def test_an_expired_certificate_and_an_error_are_in_the_notes(tmp_path: Path) -> None:
    server = Nginx(tmp_path, status=503, days=-10)
    try:
        tls_matrix("run", "--target", f"mine={server.address}", *CLIENTS, "--out", tmp_path / "run")
    finally:
        server.stop()
    for cell in run_json(tmp_path / "run")["cells"]:
        assert cell["notes"][0] == "the server answers with HTTP status 503"
        assert cell["notes"][1].startswith("the certificate expired on ")
        assert len(cell["notes"]) == 2


@contextmanager
def waiting_relay(port: int, seconds: float) -> Iterator[int]:
    """A port that leads to another, whose answers come so many seconds late."""
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, sink: socket.socket, delay: float) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(delay)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def meet(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            back = threading.Thread(target=carry, args=(server, client, seconds))
            back.start()
            carry(client, server, 0)
            back.join()

    def serve() -> None:
        meetings = []
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                meetings.append(threading.Thread(target=meet, args=(client,)))
                meetings[-1].start()
        for meeting in meetings:
            meeting.join()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(30)
        listener.close()


@pytest.mark.long
def test_a_slow_link_is_silent_for_so_long_and_works_with_more_time(nginx: str, tmp_path: Path) -> None:
    client = ("--client", "java-8")
    with waiting_relay(int(nginx.rpartition(":")[2]), 2.5) as port:
        target = f"mine=127.0.0.1:{port}"
        tls_matrix("run", "--target", target, *client, "--out", tmp_path / "short")
        tls_matrix("run", "--target", target, *client, "--timeout", "20", "--out", tmp_path / "long")
    (short,), (long,) = (run_json(tmp_path / name)["cells"] for name in ("short", "long"))
    assert (short["outcome"], short["reason"]) == ("fails", "server-hello:timeout")
    assert short["reason_detail"] == {"seconds": 2.0}
    assert long["outcome"] == "works"
    assert run_json(tmp_path / "long")["run"]["asked"]["timeout"] == 20


@pytest.mark.long
def test_a_key_of_another_certificate_is_told_before_anything_runs(tmp_path: Path) -> None:
    mine, other = (make_credentials()["rsa"] for _ in range(2))
    (tmp_path / "cert.pem").write_text(mine.chain)
    for name, key, status in (("own", mine.private_key, 3), ("other", other.private_key, 2)):
        (tmp_path / f"{name}.pem").write_text(key)
        files = f"cert={tmp_path}/cert.pem,key={tmp_path}/{name}.pem"
        result = tls_matrix("run", "--target", f"mine=127.0.0.1:1,{files}", "--out", tmp_path / name)
        assert result.returncode == status, result.stderr
        assert ("does not belong to the first certificate" in result.stderr) is (name == "other")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("cert=none.pem,key=none.pem", "none.pem: No such file or directory"),
        ("cert=none.pem", "cert= and key= go together; add key=FILE"),
    ],
)
def test_a_certificate_that_cannot_be_shown_is_told_before_anything_runs(options: str, said: str) -> None:
    result = tls_matrix("run", "--target", f"mine=127.0.0.1:1,{options}")
    assert result.returncode == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
