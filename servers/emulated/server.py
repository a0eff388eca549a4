"""An emulated server as a value, made of the configuration that a server program gets."""

from collections.abc import Mapping
from functools import lru_cache

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from msgspec import Struct, field

from handshake.crypto.credentials import Credential
from handshake.server import ServerConfiguration
from handshake.session import SessionCache
from servers import contract
from servers.emulated.emulation import EmulationError, read_emulation, server_configuration
from servers.emulated.starttls import PROTOCOLS, Protocol


class EmulatedServer(Struct, frozen=True):
    """One server: its variant's id, what it does, also before TLS, and the sessions it remembers. `settings`
    are those of its protocol.
    """

    id: str
    configuration: ServerConfiguration
    protocol: Protocol | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    sessions: SessionCache = field(default_factory=SessionCache)


def emulated_server(configuration: contract.Configuration) -> EmulatedServer:
    """Make the server of a configuration. Raises EmulationError or LocalError, each one line."""
    source = f"{configuration.id.partition('@')[0]}/server.toml ({configuration.level})"
    emulation = read_emulation(configuration.emulation, source)
    credentials = _credentials(configuration, source)
    trusted = tuple(_read_certificate(pem) for pem in configuration.client_certificates.values())
    protocol = None if configuration.starttls is None else PROTOCOLS[configuration.starttls]
    return EmulatedServer(
        configuration.id,
        server_configuration(configuration.declared, emulation, credentials, trusted),
        protocol,
        {} if protocol is None else {**protocol.settings, **configuration.protocol},
    )


def _credentials(configuration: contract.Configuration, source: str) -> Mapping[str, Credential]:
    given, declared = configuration.credentials, configuration.declared.certificates
    for kind in declared:
        if kind not in given:
            raise EmulationError(
                f'{source}: declared.certificates: no "{kind}" credential was given; declare others'
            )
    return {kind: _read_credential(given[kind].private_key, given[kind].chain) for kind in declared}


@lru_cache(maxsize=16)
def _read_credential(private_key: str, chain: str) -> Credential:
    """Cached: all servers of a run have the same few, and reading a key costs as much as a handshake."""
    return Credential.from_pem(private_key, chain)


@lru_cache(maxsize=16)
def _read_certificate(pem: str) -> bytes:
    return load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
