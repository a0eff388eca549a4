"""A server that is none of the project's: Debian's nginx, met by all clients through --target."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handshake.crypto.credentials import generate_rsa
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
        location / {{ return 200 "hello\\n"; }}
    }}
}}
"""


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[str]:
    """The address of an nginx; it goes into the background once it listens."""
    if NGINX is None:
        pytest.skip("there is no nginx program; get it with: apt-get install nginx-light")
    pem = generate_rsa(2048, subject="nginx", now=datetime.now(UTC), serial=1).to_pem()
    (tmp_path / "certificate.pem").write_text(pem.chain)
    key = tmp_path / "key.pem"
    key.touch(mode=0o600)
    key.write_text(pem.private_key)
    configuration = tmp_path / "nginx.conf"
    for _ in range(STARTS):
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        configuration.write_text(CONFIGURATION.format(folder=tmp_path, port=port))
        started = subprocess.run([NGINX, "-c", configuration], capture_output=True, text=True, timeout=30)
        if started.returncode == 0:
            break
    assert started.returncode == 0, started.stderr
    try:
        yield f"127.0.0.1:{port}"
    finally:
        os.kill(int((tmp_path / "nginx.pid").read_text()), signal.SIGTERM)


def test_every_client_meets_a_server_of_somebody_elses(nginx: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = tls_matrix("run", "--target", f"mine={nginx}", "--out", folder)
    assert result.returncode == 1, result.stdout + result.stderr
    cells = {cell["client"]: cell for cell in run_json(folder)["cells"]}
    assert len(cells) == 23
    works = {client for client, cell in cells.items() if cell["outcome"] == "works"}
    assert {"chrome-101", "firefox-100", "java-17", "openssl-3.0", "biztalk-ws2008", "java-6"} <= works
    assert cells["firefox-9-sslv3"]["outcome"] == "fails", "Debian's OpenSSL has no SSLv3"
    assert cells["chrome-101"]["negotiated"]["version"] == "TLSv1.3"
    assert "mine" in result.stdout
