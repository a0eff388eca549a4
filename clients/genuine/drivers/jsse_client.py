"""JSSE as a client: a Java virtual machine in this process, sockets of the chosen provider and interface.

    python jsse_client.py RUNTIME JPYPE socket|http [OPTION OF THE MACHINE ...] [JAR ...]

`socket` is an SSLSocket with the protocols and suites that it has by default (with jars: of Bouncy Castle's
provider), `http` java.net.http.HttpClient. The JDK's own debug log, which is what the words are, names the
alerts. No certificate is refused: the trust manager takes all, which is how a program says that it checks
none.
"""

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from clients.genuine.drivers.loop import MAX_ANSWER, Says, Told, serve, warm_up
from stacks.java import JavaMachine

SENT = re.compile(r"WRITE: \S+ alert\((\w+)\), length")
RECEIVED = re.compile(
    r'Received alert message \(\s*"Alert": \{\s*"level"\s*: "\w+",\s*"description": "(\w+)"'
)
BOUNCY_CASTLE_SENT = re.compile(r"raised fatal\(2\) \w+\((\d+)\) alert")
BOUNCY_CASTLE_RECEIVED = re.compile(r"received fatal\(2\) \w+\((\d+)\) alert")
MAX_LOG = 200_000


class Client:
    """The machine and what it makes connections with."""

    def __init__(
        self, runtime: Path, jpype: Path, interface: str, native_access: list[str], jars: list[Path]
    ) -> None:
        options = ["-Xmx128m", "-Xrs", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]
        options += ["-XX:+DisableAttachMechanism", "-XX:+DisplayVMOutputToStderr"]
        options += ["-Djavax.net.debug=ssl,handshake,record", *native_access]
        options += ["-Djava.util.logging.SimpleFormatter.format=%5$s%n"]
        options += ["-Djdk.internal.httpclient.disableHostnameVerification=true"]
        self._machine = machine = JavaMachine(jpype, runtime, options, jars)
        self._jpype: Any = sys.modules["jpype"]
        self._interface = interface
        self._log = machine.find("java.io.ByteArrayOutputStream")()
        stream = machine.find("java.io.PrintStream")(self._log, True)
        machine.find("java.lang.System").setErr(stream)
        machine.find("java.lang.System").setOut(stream)
        self._is_bouncy_castle = bool(jars)
        if jars:
            self._log_records()

    def visit(self, told: Told, says: Says) -> None:
        """One connection; the log of it is the words."""
        self._log.reset()
        try:
            (self._http if self._interface == "http" else self._socket)(told, says)
        except self._machine.Throwable as error:
            says.works = bool(says.answer)
            says.words += f"{error.getClass().getName()}: {error.getMessage()}\n"
        log = str(self._log.toString("UTF-8"))[:MAX_LOG]
        says.words += log
        says.alert_sent = _number(SENT, log, BOUNCY_CASTLE_SENT)
        says.alert_received = _number(RECEIVED, log, BOUNCY_CASTLE_RECEIVED)

    def _socket(self, told: Told, says: Says) -> None:
        machine = self._machine
        plain = machine.find("java.net.Socket")(told.host, told.port)
        plain.setTcpNoDelay(True)
        plain.setSoTimeout(int(told.seconds * 1000))
        name = told.server_name or told.host
        tls = self._context().getSocketFactory().createSocket(plain, name, told.port, True)
        try:
            tls.startHandshake()
            tls.getOutputStream().write(machine.bytes(told.request_bytes))
            stream, content = tls.getInputStream(), machine.bytes(16_384)
            while (read := int(stream.read(content))) >= 0:
                says.take(bytes(memoryview(content)[:read]))
        finally:
            try:
                tls.close()
            except machine.Throwable:
                plain.close()

    def _http(self, told: Told, says: Says) -> None:
        """A GET of the server by its address: a name would have to be resolved."""
        machine = self._machine
        duration = machine.find("java.time.Duration").ofMillis(int(told.seconds * 1000))
        client = machine.find("java.net.http.HttpClient").newBuilder()
        client = client.sslContext(self._context()).connectTimeout(duration).build()
        uri = machine.find("java.net.URI").create(f"https://localhost:{told.port}/")
        request = machine.find("java.net.http.HttpRequest").newBuilder(uri).timeout(duration).build()
        body = machine.find("java.net.http.HttpResponse$BodyHandlers").ofString()
        response = client.send(request, body)
        says.take(f"HTTP/1.1 {response.statusCode()}\r\n\r\n{response.body()}".encode()[:MAX_ANSWER])

    def _context(self) -> Any:
        """A context of its own for each visit, so that no session is resumed."""
        machine = self._machine
        find = machine.find
        context = find("javax.net.ssl.SSLContext")
        if self._is_bouncy_castle:
            cryptography = find("org.bouncycastle.jce.provider.BouncyCastleProvider")()
            provider = find("org.bouncycastle.jsse.provider.BouncyCastleJsseProvider")(cryptography)
            made = context.getInstance("TLS", provider)
        else:
            made = context.getInstance("TLS")
        takes_all = self._jpype.JProxy(
            "javax.net.ssl.X509TrustManager",
            dict={
                "checkClientTrusted": lambda chain, kind: None,
                "checkServerTrusted": lambda chain, kind: None,
                "getAcceptedIssuers": lambda: machine.array("java.security.cert.X509Certificate", []),
            },
        )
        made.init(None, machine.array("javax.net.ssl.TrustManager", [takes_all]), None)
        return made

    def _log_records(self) -> None:
        """Bouncy Castle tells its alerts to java.util.logging, whose handler had the stream of before."""
        find = self._machine.find
        root = find("java.util.logging.Logger").getLogger("")
        for handler in list(root.getHandlers()):
            root.removeHandler(handler)
        formatter = find("java.util.logging.SimpleFormatter")()
        stream = find("java.lang.System").err
        handler = find("java.util.logging.StreamHandler")(stream, formatter)
        handler.setLevel(find("java.util.logging.Level").FINE)
        root.addHandler(handler)
        root.setLevel(find("java.util.logging.Level").FINE)
        self._flush = handler


def _number(pattern: re.Pattern[str], log: str, other: re.Pattern[str]) -> int | None:
    if numbered := other.search(log):
        return int(numbered[1])
    names = [name for name in pattern.findall(log) if name not in ("close_notify", "user_canceled")]
    return _ALERTS.get(names[0]) if names else None


def _alerts() -> dict[str, int]:
    from handshake.wire.registry import AlertDescription, alert_name

    return {alert_name(member): int(member) for member in AlertDescription}


_ALERTS = _alerts()


if __name__ == "__main__":
    runtime, jpype, interface, *rest = sys.argv[1:]
    options = [each for each in rest if each.startswith("-")]
    jars = [Path(each) for each in rest if not each.startswith("-")]
    client = Client(Path(runtime), Path(jpype), interface, options, jars)
    warm_up(client.visit)
    serve(client.visit)
