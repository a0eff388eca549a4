"""Reads a ServerHello as far as that can be done."""

from contextlib import suppress

from handshake.errors import DecodeError
from handshake.wire.buffer import Reader
from handshake.wire.client_hello import RANDOM_SIZE, Extension
from handshake.wire.messages import ServerHello, pull_server_hello

COMPRESSION_AND_LENGTH_SIZE = 3
"""Bytes between the suite and the first extension of a ServerHello."""


def read_server_hello(body: bytes) -> ServerHello:
    """A ServerHello as far as it can be read: a client may go on with one that breaks off or has bytes left
    over, and what follows is read with what it says. Raises DecodeError where it has no cipher suite.
    """
    with suppress(DecodeError):
        return pull_server_hello(body)
    reader = Reader(body)
    version, random = reader.pull_uint(2), reader.pull_bytes(RANDOM_SIZE)
    session_id, suite = reader.pull_vector(1), reader.pull_uint(2)
    extensions = []
    with suppress(DecodeError):
        reader.pull_bytes(COMPRESSION_AND_LENGTH_SIZE)
        while True:
            extensions.append(Extension(reader.pull_uint(2), reader.pull_vector(2)))
    return ServerHello(version, random, session_id, suite, extensions=tuple(extensions))
