"""What real servers require of a hello is asked of them: each ends as its definition predicts."""

from collections.abc import Iterable, Iterator

import pytest

from clients.connect import connect
from clients.destination import Destination
from matrix.judgement.judge import outcome_of
from matrix.prediction import predict
from matrix.prediction.of_server import facts_of_server
from servers.credentials import SUBJECT, make_credentials
from servers.definition import load_definitions
from servers.processes.start import NotInstalled, RunningServer, RunningServers, start_servers
from servers.variant import parse_server_id
from tests.matrix.odd_hellos import HELLOS, ODDLY_SENT, player

DEFINITIONS = load_definitions()
# Seconds, well within those after which the servers give up themselves (servers/listener.py).
DEADLINE = 6.0
OPENSSL = list(DEFINITIONS["openssl"].levels)
TODAY = ("bun@1.4.4", "deno@2.9.6", "go@1.22", "go@1.27", "node@20", "node@24", "node@26")
SERVERS = (
    *(f"openssl@{level}" for level in OPENSSL),
    *(f"openssl@{level},configuration=legacy" for level in ("1.1.1a", "3.0.5", "4.0.3")),
    *(f"jsse@{level}" for level in ("11", "11.0.13", "17", "21", "25")),
    *(f"jsse@{level},configuration=legacy" for level in ("17", "25")),
    "jsse@17,provider=bc",
    *(f"tlslite@{level}" for level in ("0.7.6", "0.8.2")),
    *(f"{name}@system" for name in ("nginx", "openssl-s_server", "stunnel", "nss", "gnutls")),
    *(f"{name}@system,configuration=legacy" for name in ("nginx", "openssl-s_server", "stunnel")),
    *(f"{name}@system" for name in ("apache", "erlang", "haproxy")),
    *(f"{name}@system,configuration=legacy" for name in ("apache", "erlang", "haproxy")),
    "haproxy@system,server-name=strict",
    *(f"{name}{alpn}" for name in TODAY for alpn in ("", ",alpn=http-1.1")),
    *(f"{name},configuration=legacy" for name in TODAY if name.startswith(("go@", "node@"))),
)
# BCJSSE looks at a fallback's signal before the version, and takes a client that names no group it knows for
# one that names none, but not in TLS 1.3: it then takes a group that was not offered; the client refuses it.
# OpenSSL 1.0.2 signs with a scheme that was not offered, which the client refuses, too.
# Erlang has the rare group, which this program cannot compute; it looks at a fallback's signal before the
# version; and it closes without an alert where it has no scheme in TLS 1.3. rustls finds that only after its
# ServerHello. Go looks at the schemes when it signs, where others look at them first.
NOT_DECLARED = {
    *(
        (f"erlang@system{configuration}", name)
        for configuration in ("", ",configuration=legacy")
        for name in (
            "no group in common",
            "no group but a rare one, RSA key exchange too",
            "a fallback to TLS 1.0",
            "TLS 1.3, RSA PKCS #1 alone",
        )
    ),
    *((f"deno@2.9.6{alpn}", "TLS 1.3, RSA PKCS #1 alone") for alpn in ("", ",alpn=http-1.1")),
    *(
        (f"go@1.27{each}", "ECDHE_RSA, SHA-1 alone")
        for each in ("", ",alpn=http-1.1", ",configuration=legacy")
    ),
    ("go@1.27,configuration=legacy", "RSA key exchange, SHA-1 alone"),
    ("jsse@17,provider=bc", "no group in common"),
    ("jsse@17,provider=bc", "no group but a rare one, RSA key exchange too"),
    *((f"openssl@{level}", "ECDHE_RSA, schemes for ECDSA") for level in ("1.0.2d", "1.0.2o")),
    ("jsse@17,provider=bc", "a fallback to TLS 1.0"),
    ("jsse@17,provider=bc", "TLS 1.3, no group in common"),
}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningServers]:
    variants = [parse_server_id(name, DEFINITIONS) for name in SERVERS]
    with start_servers(variants, make_credentials(), 60) as servers:
        yield servers


@pytest.mark.long(but=["openssl@4.0.3-*", "jsse@17-*", "nginx@system-*", "go@1.27-*", "node@26-*"])
@pytest.mark.parametrize("hellos", [HELLOS, ODDLY_SENT], ids=["made-of", "sent"])
@pytest.mark.parametrize("server_id", SERVERS)
def test_every_odd_hello_ends_as_the_definition_predicts(
    running: RunningServers, server_id: str, hellos: Iterable[str]
) -> None:
    variant = parse_server_id(server_id, DEFINITIONS)
    server, facts = running[variant.id], facts_of_server(variant)
    if isinstance(server, NotInstalled):
        pytest.skip(server.message)
    assert isinstance(server, RunningServer), server
    where, differing = Destination(server.host, server.port, SUBJECT), {}
    for name in hellos:
        seen = outcome_of(connect(player(name), where, deadline_seconds=DEADLINE))
        predicted = predict(player(name), facts)
        assert predicted is not None, name
        said = predicted.outcome, predicted.reason or seen[1]
        if said != seen and (server_id, name) not in NOT_DECLARED:
            differing[name] = (seen, predicted)
    assert differing == {}


def test_the_hellos_that_lack_nothing_work() -> None:
    facts = facts_of_server(parse_server_id("openssl@4.0.3", DEFINITIONS))
    said = {name: predict(player(name), facts) for name in HELLOS}
    failing = {name for name, prediction in said.items() if prediction is not None and prediction.why}
    lacking_nothing = {"all that is needed", "TLS 1.3", "an unknown application protocol"}
    assert set(HELLOS) - failing == lacking_nothing | {"no group but a rare one, RSA key exchange too"}
