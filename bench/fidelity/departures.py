"""What genuine clients of the system do about each departure of a server: the table of their reactions.

Every departure is a toggle of the reference server; each program connects to each, in the highest version
that the departure is for, and asks for a page. What it did is said by its own words about the alerts it sent,
by the server, which sees those that come before its end, and by whether the page came.

    python -m bench.fidelity.departures [--program openssl|gnutls]... [--json] [PATTERN]...
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from threading import Timer

from handshake.server.departures.collection import departures
from handshake.server.departures.departure import Departure, Scenario
from handshake.wire.registry import alert_name, version_name
from servers.credentials import CLIENT_SUBJECT, SUBJECT, make_credentials
from servers.definition import load_definitions
from servers.processes.start import RunningServer, RunningServers, start_servers
from servers.variant import parse_server_id

SERVER = "reference@rfc"
SECONDS = 6.0
PAUSE_SECONDS = 0.4
"""Between what is written to a program that takes its input line by line as commands."""
AT_ONCE = 6
START_SECONDS = 60.0
GOES_ON = "goes on"
PAGE = b"200 OK"
SENT = (
    re.compile(rb"SSL3 alert write:fatal:([a-z_ ]+)"),  # s_client -state
    re.compile(rb"Sending Alert\[2\|(\d+)\]"),  # gnutls-cli -d 4
)
"""How a program says that it has sent a fatal alert."""
NO_CONFIGURATION = {"OPENSSL_CONF": "/dev/null", "GNUTLS_SYSTEM_PRIORITY_FILE": "/dev/null"}

_OPENSSL_FOR = {
    "extension:application_layer_protocol_negotiation": ["-alpn", "http/1.1,h2"],
    "extension:max_fragment_length": ["-maxfraglen", "512"],
    "not extension:session_ticket": ["-no_ticket"],
    "not extension:encrypt_then_mac": ["-no_etm"],
}
_OPENSSL_BY_NAME = {  # all there are is offered else
    "signature-scheme-not-offered": ["-sigalgs", "RSA+SHA256"],
    "named-group-not-offered": ["-groups", "P-256"],
    "version-not-in-supported-versions": ["-min_protocol", "TLSv1.2"],
}
_OPENSSL_CANNOT = {
    "extension:record_size_limit",
    "not extension:extended_master_secret",
    "not extension:renegotiation_info and not cipher-suite:TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
    "extension:renegotiation_info",
}


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a program did: `does` is "goes on", the alert it sent, or how it ended otherwise."""

    departure: str
    version: str
    demand: str
    section: str
    program: str
    does: str


class Program:
    """A genuine client; `ask` connects, asks for a page, and gives what came."""

    def __init__(self, name: str, executable: str) -> None:
        self.name = name
        self.executable = executable

    def options(self, departure: Departure) -> list[str] | None:
        """What it is told for a departure; None where it has no such hello."""
        raise NotImplementedError

    def command(self, host: str, port: int, departure: Departure, options: Sequence[str]) -> list[str]:
        """The command that connects."""
        raise NotImplementedError

    def ask(self, server: RunningServer, departure: Departure) -> bytes | None:
        """Let it connect once, or twice for a resumption; None where it has no such hello."""
        options = self.options(departure)
        if options is None:
            return None
        path = "/reneg" if departure.name.startswith("hello-request-") else "/"
        parts = [f"GET {path} HTTP/1.0\r\n\r\n".encode()]
        if departure.scenario is Scenario.RENEGOTIATION:
            parts.insert(0, b"R\n")
        with tempfile.TemporaryDirectory() as folder:
            session = Path(folder) / "session"
            if departure.scenario is Scenario.RESUMPTION:
                command = self.command(
                    server.host, server.port, departure, [*options, "-sess_out", str(session)]
                )
                _run(command, parts)
                options = [*options, "-sess_in", str(session)]
            return _run(self.command(server.host, server.port, departure, options), parts)


class OpenSSL(Program):
    """`openssl s_client`, all of its suites on."""

    def options(self, departure: Departure) -> list[str] | None:
        """See `Program`."""
        if departure.hello in _OPENSSL_CANNOT:
            return None
        return _OPENSSL_BY_NAME.get(departure.name) or _OPENSSL_FOR.get(departure.hello, [])

    def command(self, host: str, port: int, departure: Departure, options: Sequence[str]) -> list[str]:
        """See `Program`."""
        is_plain = departure.scenario is not Scenario.RENEGOTIATION
        quiet = ["-quiet", "-nbio"] if is_plain else []
        address = ["-connect", f"{host}:{port}", "-servername", SUBJECT, "-cipher", "ALL:@SECLEVEL=0"]
        return [self.executable, "s_client", "-state", *quiet, *address, *options]


class GnuTLS(Program):
    """`gnutls-cli`, which can neither resume nor renegotiate as it is driven here."""

    def options(self, departure: Departure) -> list[str] | None:
        """See `Program`."""
        if departure.scenario in (Scenario.RESUMPTION, Scenario.RENEGOTIATION):
            return None
        if departure.hello == "extension:application_layer_protocol_negotiation":
            return ["--alpn", "http/1.1", "--alpn", "h2"]
        is_there = departure.hello in (
            "",
            "session-id",
            "extension:server_name",
            "extension:supported_groups",
            "extension:signature_algorithms",
            "extension:session_ticket",
            "extension:supported_versions",
            "extension:extended_master_secret",
            "extension:encrypt_then_mac",
            "extension:ec_point_formats",
        )
        return [] if is_there else None

    def command(self, host: str, port: int, departure: Departure, options: Sequence[str]) -> list[str]:
        """See `Program`."""
        priority = ["--priority", "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1"]
        return [
            self.executable,
            "--insecure",
            *("-d", "4"),
            *priority,
            *options,
            "--sni-hostname",
            SUBJECT,
            "-p",
            str(port),
            host,
        ]


PROGRAMS = {"openssl": OpenSSL("openssl", "openssl"), "gnutls": GnuTLS("gnutls", "gnutls-cli")}


def reaction(
    servers: RunningServers, server: RunningServer, departure: Departure, program: Program
) -> Reaction:
    """Let a program meet a departure."""
    known = len(servers.connections(server.id))
    page = program.ask(server, departure)
    does = "cannot be tried" if page is None else _does(servers, server.id, known, page)
    highest = version_name(max(departure.versions))
    demand = departure.demand
    return Reaction(departure.name, highest, str(demand), demand.section, program.name, does)


def _does(servers: RunningServers, server_id: str, known: int, page: bytes) -> str:
    deadline = time.monotonic() + 1.0
    while len(servers.connections(server_id)) <= known and time.monotonic() < deadline:
        time.sleep(0.02)
    seen = servers.connections(server_id)[known:]
    reasons = [each.reason or "" for each in seen]
    alert = next((each for each in reversed(reasons) if each.startswith("the peer sent ")), None)
    said = _alert_said(page) if alert is None else alert.removeprefix("the peer sent ")
    if said is not None:
        return f"{said} after the page" if PAGE in page else said
    if PAGE in page:
        return GOES_ON
    return f"no page: {reasons[-1]}" if reasons and reasons[-1] else "no page"


def _alert_said(output: bytes) -> str | None:
    for pattern in SENT:
        if found := pattern.search(output):
            word = found[1].decode().strip().replace(" ", "_")
            return alert_name(int(word)) if word.isdigit() else word
    return None


def _run(command: Sequence[str], parts: Sequence[bytes]) -> bytes:
    """Run a program, write to it part by part, and give what it says before its end or the deadline."""
    environment = {**os.environ, **NO_CONFIGURATION}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        deadline = Timer(SECONDS, program.kill)
        deadline.start()
        with suppress(BrokenPipeError):  # it has ended already
            for part in parts:
                if len(parts) > 1:
                    time.sleep(PAUSE_SECONDS)
                program.stdin.write(part)
                program.stdin.flush()
        output = program.stdout.read()  # its input stays open, since some end with that
        deadline.cancel()
        with suppress(BrokenPipeError):
            program.stdin.close()
    return output


@contextmanager
def departing_servers(names: Sequence[str]) -> Iterator[RunningServers]:
    """The reference server once for each departure, in one process."""
    definitions = load_definitions()
    variants = [parse_server_id(f"{SERVER},departure={name}", definitions) for name in names]
    trusted = {kind: pem.chain for kind, pem in make_credentials(CLIENT_SUBJECT).items()}
    with start_servers(variants, make_credentials(), START_SECONDS, client_certificates=trusted) as running:
        yield running


def reactions(programs: Sequence[Program], names: Sequence[str]) -> list[Reaction]:
    """Let every program meet every departure of these names."""
    chosen = [departures()[name] for name in names]
    with departing_servers(names) as running, ThreadPoolExecutor(AT_ONCE) as pool:

        def meet(departure: Departure) -> list[Reaction]:
            server = running[f"{SERVER},departure={departure.name}"]
            assert isinstance(server, RunningServer), server
            return [reaction(running, server, departure, program) for program in programs]

        return [each for met in pool.map(meet, chosen) for each in met]


def main() -> int:
    """Print the table; exit with 2 where a program is not installed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    parser.add_argument("--program", action="append", choices=list(PROGRAMS))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    programs = [PROGRAMS[name] for name in arguments.program or ["openssl"]]
    missing = [program.executable for program in programs if shutil.which(program.executable) is None]
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 2
    patterns = arguments.patterns or ["*"]
    names = [name for name in departures() if any(fnmatch(name, pattern) for pattern in patterns)]
    found = reactions(programs, names)
    if arguments.json:
        print(json.dumps([asdict(each) for each in found], indent=1))
    else:
        for each in found:
            print(f"{each.departure:58} {each.version:8} {each.program:8} {each.does:40} {each.demand}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
