"""Real servers held against the tables measured for the research note on servers: JDK 17 (section 2) and
OpenSSL 3.0 (section 5), TLS 1.0, the client begins.
"""

import asyncio
from collections.abc import Iterator

import pytest

from bench.fidelity.questions import Patience
from bench.fidelity.renegotiation import ClientBegins
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import NotInstalled, RunningServer, RunningServers, start_servers
from servers.variant import parse_server_id

OK, REFUSED, FATAL = "completed", "warning no_renegotiation(100)", "fatal handshake_failure(40)"
UNEXPECTED, FIRST = "fatal unexpected_message(10)", "the first hello gets 40"
PATIENCE = Patience(5.0, 5.0)
JDK = "jsse@17,configuration=legacy"
OPENSSL = "openssl-s_server@system,configuration=legacy"

# What the first hello and the second carry, and what becomes of it in each setting.
COLUMNS = [
    ("RI", "good"),
    ("RI", "none"),
    ("RI", "empty"),
    ("RI", "SCSV"),
    ("none", "none"),
    ("none", "good"),
    ("none", "SCSV"),
]
TABLE = {
    # section 2, "JDK 17.0.15 renegotiation, TLS 1.0"
    JDK: (OK, FATAL, UNEXPECTED, FATAL, FATAL, FATAL, FATAL),
    f"{JDK},renegotiation=legacy": (OK, FATAL, UNEXPECTED, FATAL, OK, FATAL, OK),
    f"{JDK},legacy-hello=no": (OK, FATAL, UNEXPECTED, FATAL, FIRST, FIRST, FIRST),
    f"{JDK},client-initiated=no": (FATAL, FATAL, FATAL, FATAL, FATAL, FATAL, FATAL),
    # section 5, "Measured 3.0.19, TLS 1.0"; an RI in a legacy connection is the empty one there
    OPENSSL: (REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED),
    f"{OPENSSL},renegotiation=off": (REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED),
    f"{OPENSSL},client-initiated=yes": (OK, FATAL, FATAL, FATAL, REFUSED, REFUSED, REFUSED),
    f"{OPENSSL},client-initiated=yes,renegotiation=legacy": (OK, OK, FATAL, FATAL, OK, None, FATAL),
}
CASES = [
    pytest.param(server, initial, second, expected, id=f"{server}-{initial}-{second}")
    for server, row in TABLE.items()
    for (initial, second), expected in zip(COLUMNS, row, strict=True)
    if expected is not None
]


@pytest.fixture(scope="module")
def running() -> Iterator[RunningServers]:
    definitions = load_definitions()
    variants = [parse_server_id(server, definitions) for server in TABLE]
    with start_servers(variants, make_credentials(), 60) as servers:
        yield servers


@pytest.mark.parametrize(("server_id", "initial", "second", "expected"), CASES)
def test_the_table(running: RunningServers, server_id: str, initial: str, second: str, expected: str) -> None:
    variant = parse_server_id(server_id, load_definitions())
    server = running[variant.id]
    if isinstance(server, NotInstalled):
        pytest.skip(server.message)
    assert isinstance(server, RunningServer), server
    question = ClientBegins("3.1", initial, second, "no_request_before")
    answer = asyncio.run(question.ask(server.host, server.port, PATIENCE))
    if expected is FIRST:
        assert answer == {"initial": "fatal handshake_failure(40)"}
        return
    assert answer["result"] == expected
    if expected in (OK, REFUSED):
        assert answer["request_after"] == "200 OK"
