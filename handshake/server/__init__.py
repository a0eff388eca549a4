"""The server role: a connection whose every behaviour is a value of its configuration."""

from handshake.server.configuration import (
    Ending,
    FlightLayout,
    Intolerance,
    Preference,
    Reaction,
    ServerConfiguration,
    StreamParsing,
)
from handshake.server.connection import ServerConnection

__all__ = [
    "Ending",
    "FlightLayout",
    "Intolerance",
    "Preference",
    "Reaction",
    "ServerConfiguration",
    "ServerConnection",
    "StreamParsing",
]
