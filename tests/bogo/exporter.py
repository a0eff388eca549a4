"""What a connection up to TLS 1.2 gives its application: exported keying material and tls-unique.

Shims send it to the runner, which compares it with its own (RFC 5705 section 4, RFC 5929 section 3).
"""

from handshake.client.connection import ClientConnection
from handshake.connection import Connection
from handshake.crypto.key_schedule import prf
from handshake.server import ServerConnection
from tests.bogo.flags import Flags, Unimplemented

_UNIQUE_SIZE = 12


def exported(flags: Flags, connection: Connection) -> bytes:
    """All that the flags ask for. Raises Unimplemented in TLS 1.3, which has another exporter."""
    if not flags.export_keying_material and not flags.tls_unique:
        return b""
    if connection.is_tls13:
        raise Unimplemented("-export-keying-material in TLS 1.3")
    if flags.tls_unique:
        return _tls_unique(connection)
    assert isinstance(connection, ClientConnection | ServerConnection), "there are no other roles"
    handshake = connection.handshake
    is_client = isinstance(connection, ClientConnection)
    random = connection.handshake.hello.client_random if is_client else handshake.client_hello.random
    context = flags.export_context.encode("latin-1")
    seed = random + handshake.server_random
    if flags.use_export_context:
        seed += len(context).to_bytes(2, "big") + context
    return prf(
        handshake.version,
        handshake.suite.prf_hash,
        handshake.master_secret,
        flags.export_label.encode("latin-1"),
        seed,
        flags.export_keying_material,
    )


def _tls_unique(connection: Connection) -> bytes:
    """The first Finished of the handshake: the server's where a session is resumed."""
    assert isinstance(connection, ClientConnection | ServerConnection), "there are no other roles"
    finished, negotiated = connection.handshake.finished, connection.negotiated
    assert finished is not None, "the handshake is complete"
    assert negotiated is not None, "the handshake is complete"
    data = finished.server_verify_data if negotiated.is_resumed else finished.client_verify_data
    return data[:_UNIQUE_SIZE]
