"""A program, not a test: Java's own client, as `python -m tests.clients.jsse_program LEVEL PORT HOST`.

It trusts any certificate, sends a request, reads to the end, and leaves. With one more argument, renegotiate,
it renegotiates before the request. The first line of its output says which Java it is.
"""

import os
import sys
from typing import Any

from servers.jsse.machine import JavaMachine
from servers.stacks.catalogue import stacks

REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def main() -> None:
    level, port, host = sys.argv[1:4]
    machine = JavaMachine(
        stacks()["jpype"].folder(), next(stacks()[f"jsse-{level}"].folder().glob("**/java-runtime")), ()
    )
    print(machine.find("java.lang.System").getProperty("java.vm.version"), flush=True)
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
        received: Any = client.getInputStream()
        while received.read() >= 0:
            pass
    except machine.Throwable as error:
        print(error, flush=True)
    os._exit(0)


def _trusts_all() -> Any:
    import jpype

    ignore = lambda *arguments: None  # noqa: E731
    return jpype.JProxy(
        "javax.net.ssl.X509TrustManager",
        dict={
            "checkClientTrusted": ignore,
            "checkServerTrusted": ignore,
            "getAcceptedIssuers": lambda: jpype.JArray(jpype.JClass("java.security.cert.X509Certificate"))(0),
        },
    )


if __name__ == "__main__":
    main()
