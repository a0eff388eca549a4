"""Real servers set up in ways that no server of this program is: nginx with a few cipher suites, node with
one curve. Each listens on loopback until it is no longer needed.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from servers.credentials import make_credentials
from servers.system.command import find_program
from servers.system.port import keep_port
from stacks.catalogue import not_fetched, stacks

_NGINX = """
daemon off;
master_process off;
error_log stderr notice;
pid {folder}/pid;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port} ssl reuseport;
        ssl_certificate {folder}/chain.pem;
        ssl_certificate_key {folder}/key.pem;
        ssl_protocols TLSv1.2;
        ssl_ciphers {ciphers};
        location / {{ return 200 "hello"; }}
    }}
}}
"""
_NODE = """
var fs = require('fs');
var server = require('https').createServer({
  cert: fs.readFileSync('chain.pem'), key: fs.readFileSync('key.pem'),
  ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA', ecdhCurve: process.argv[2],
}, function (request, response) { response.end('hello'); });
server.listen(0, '127.0.0.1', function () { console.log(server.address().port); });
process.stdin.on('end', function () { process.exit(); }).resume();
"""
NODE_STACK = "openssl-1.0.2o"


@contextmanager
def nginx(folder: Path, ciphers: str) -> Iterator[int]:
    """The system's nginx with TLS 1.2 and these cipher suites, in OpenSSL's words; gives its port."""
    program = find_program("nginx")
    if program is None:
        pytest.skip("there is no nginx program; get it with: apt-get install nginx-light")
    _write_credential(folder)
    with keep_port("127.0.0.1", 0) as kept:
        port = kept.getsockname()[1]
        file = folder / "nginx.conf"
        file.write_text(_NGINX.format(folder=folder, port=port, ciphers=ciphers), encoding="utf-8")
        command = [program, "-p", str(folder), "-e", "stderr", "-c", str(file)]
        with _running(command, folder) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if "start worker process" in line or "OS: " in line:
                    break
            yield port


@contextmanager
def node(folder: Path, curve: str) -> Iterator[int]:
    """Node 4.9.1, whose OpenSSL is 1.0.2o, with ECDHE alone and one curve for it; gives its port."""
    if (missing := not_fetched([NODE_STACK])) is not None:
        pytest.skip(missing)
    place = stacks()[NODE_STACK].folder()
    assert place is not None
    _write_credential(folder)
    (folder / "serve.js").write_text(_NODE, encoding="utf-8")
    with _running([str(place / "bin" / "node"), "serve.js", curve], folder) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


def _write_credential(folder: Path) -> None:
    made = make_credentials()["rsa"]
    (folder / "chain.pem").write_text(made.chain, encoding="utf-8")
    (folder / "key.pem").touch(mode=0o600)
    (folder / "key.pem").write_text(made.private_key, encoding="utf-8")


@contextmanager
def _running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
