"""The reference server with each kind of certificate, in TLS 1.2 alone and in TLS 1.3 alone."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from handshake.wire.registry import ProtocolVersion, version_name
from servers import contract
from servers.credentials import KINDS, SUBJECT, make_credentials
from servers.definition import ServerDefinition, load_definitions
from servers.definition_tables import DeclaredTable, Level
from servers.emulated.server import EmulatedServer, emulated_server
from servers.processes.start import RunningServers, start_servers
from servers.variant import ServerVariant, parse_server_id

SERVER = "reference"
VERSIONS = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
REQUEST = f"GET / HTTP/1.0\r\nHost: {SUBJECT}\r\n\r\n".encode()
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate of a kind, shown in a version."""

    kind: str
    version: int

    def __str__(self) -> str:
        """As in `ed25519 in TLSv1.3`."""
        return f"{self.kind} in {version_name(self.version)}"

    @property
    def server_id(self) -> str:
        """The server that shows it."""
        return f"{SERVER}@{version_name(self.version)},certificate={self.kind}"

    @property
    def chain(self) -> str:
        """The certificate and its authority's, PEM."""
        return _credentials()[self.kind].chain


def all_shown() -> Sequence[Shown]:
    """Every kind in every version."""
    return [Shown(kind, version) for kind in KINDS for version in VERSIONS]


@contextmanager
def showing_servers(shown: Sequence[Shown]) -> Iterator[RunningServers]:
    """Start the servers, in one process."""
    with start_servers([_variant(each) for each in shown], _credentials(), START_SECONDS) as running:
        yield running


@cache
def showing_server(shown: Shown) -> EmulatedServer:
    """One of them as a value, for connections in memory."""
    return emulated_server(_variant(shown).configuration(_credentials(), {}, "127.0.0.1"))


def _variant(shown: Shown) -> ServerVariant:
    return parse_server_id(shown.server_id, {SERVER: _definition()})


@cache
def _definition() -> ServerDefinition:
    """The reference server with a level for each version."""
    names = [version_name(version) for version in VERSIONS]
    levels = {name: Level(title=name, stack="", declared=DeclaredTable(versions=[name])) for name in names}
    return load_definitions()[SERVER].model_copy(update={"levels": levels})


@cache
def _credentials() -> Mapping[str, contract.PrivateKeyAndChain]:
    return make_credentials(kinds=KINDS)
