"""A program, not a test: Java's own client, as `python -m tests.clients.jsse_program LEVEL PORT HOST`.

LEVEL is a fetched stack's, or "system". It trusts any certificate, sends a request, reads to the end, and
leaves. With one more argument, renegotiate, it renegotiates before the request.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from servers.jsse.serve import RUNTIME
from stacks.catalogue import stacks
from stacks.java import JavaMachine

REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def main() -> None:
    level, port, host = sys.argv[1:4]
    machine = JavaMachine(_folder("jpype"), _runtime(level), ())
    context = machine.find("javax.net.ssl.SSLContext").getInstance("TLS")
    context.init(None, machine.array("javax.net.ssl.TrustManager", [_trusts_all()]), None)
    address = machine.find("java.net.InetAddress").getByName("127.0.0.1")
    plain = machine.find("java.net.Socket")(address, int(port))
    client = context.getSocketFactory().createSocket(plain, host, int(port), True)
    client.setSoTimeout(10_000)
    try:
        client.startHandshake()
        if sys.argv[4:] == ["renegotiate"]:
            client.startHandshake()
        client.getOutputStream().write(machine.bytes(REQUEST))
        while client.getInputStream().read() >= 0:
            pass
    except machine.Throwable as error:
        print(error, flush=True)
    os._exit(0)


def _runtime(level: str) -> Path:
    """The folder of a Java runtime: a fetched stack's, or the system's."""
    if level == "system":
        java = shutil.which("java")
        assert java is not None, "the test looks for it before"
        return Path(java).resolve().parents[1]
    return _folder(f"jsse-{level}") / RUNTIME


def _folder(stack: str) -> Path:
    folder = stacks()[stack].folder()
    assert folder is not None, "the test looks for it before"
    return folder


def _trusts_all() -> Any:
    """A trust manager that takes any certificate."""
    import jpype  # only on the path once the machine has been started

    def nothing(*_: object) -> None:
        return None

    def nobody() -> Any:
        return jpype.JArray(jpype.JClass("java.security.cert.X509Certificate"))(0)

    methods = {"checkClientTrusted": nothing, "checkServerTrusted": nothing, "getAcceptedIssuers": nobody}
    return jpype.JProxy("javax.net.ssl.X509TrustManager", dict=methods)


if __name__ == "__main__":
    main()
