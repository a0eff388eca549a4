"""The client role: a connection that sends a profile's hello to the byte and completes the handshake."""

from handshake.client.connection import ClientConnection
from handshake.client.hello import FilledHello, fill_hello

__all__ = ["ClientConnection", "FilledHello", "fill_hello"]
