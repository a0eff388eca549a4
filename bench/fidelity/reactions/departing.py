"""The reference server once for each departure, and what a client asks of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache

from handshake.server.departures.collection import departures
from handshake.server.departures.departure import Departure, Scenario
from servers import contract
from servers.credentials import CLIENT_SUBJECT, SUBJECT, make_credentials
from servers.definition import ServerDefinition, load_definitions
from servers.emulated.served import departed
from servers.emulated.server import EmulatedServer, emulated_server
from servers.http import RENEGOTIATION_PATH
from servers.processes.start import RunningServers, start_servers
from servers.variant import ServerVariant, parse_server_id

SERVER = "reference@rfc"
START_SECONDS = 60.0
_OF_A_REQUEST = (Scenario.RENEGOTIATION, Scenario.HELLO_REQUEST)


def server_id(name: str) -> str:
    """The server that departs in this way."""
    return f"{SERVER},departure={name}"


def request_at(departure: Departure) -> bytes:
    """What is asked of a server that departs in this way: a renegotiation, where it takes one to show."""
    path = RENEGOTIATION_PATH if departure.scenario in _OF_A_REQUEST else "/"
    return f"GET {path} HTTP/1.0\r\nHost: {SUBJECT}\r\n\r\n".encode()


def has_departed(seen: contract.Connection) -> bool:
    """Whether the departure has shown on a connection."""
    return bool(departed(seen.log))


@contextmanager
def departing_servers(names: Sequence[str]) -> Iterator[RunningServers]:
    """Start the servers, in one process."""
    credentials, trusted, _ = _ingredients()
    variants = [_variant(name) for name in names]
    with start_servers(variants, credentials, START_SECONDS, client_certificates=trusted) as running:
        yield running


@cache
def departing_server(name: str) -> EmulatedServer:
    """One of them as a value, for connections in memory."""
    credentials, trusted, _ = _ingredients()
    return emulated_server(_variant(name).configuration(credentials, trusted, "127.0.0.1"))


def _variant(name: str) -> ServerVariant:
    return parse_server_id(server_id(name), _ingredients()[2])


@cache
def _ingredients() -> tuple[
    Mapping[str, contract.PrivateKeyAndChain], Mapping[str, str], Mapping[str, ServerDefinition]
]:
    """What a server is made of, made once: its keys, the certificates that it trusts, the definitions."""
    trusted = {kind: pem.chain for kind, pem in make_credentials(CLIENT_SUBJECT).items()}
    kinds = {departure.certificate for departure in departures().values()} - {""}
    return make_credentials(kinds=kinds), trusted, load_definitions()
