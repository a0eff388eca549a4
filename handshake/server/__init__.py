"""The server role: a connection whose every behaviour is a value of its configuration."""

from handshake.server.configuration import (
    Asking,
    ClientCertificate,
    Ending,
    FlightLayout,
    Intolerance,
    MessageOrder,
    Preference,
    Reaction,
    RenegotiationRules,
    ServerConfiguration,
    StreamParsing,
    SuiteGroup,
)
from handshake.server.connection import ServerConnection

__all__ = [
    "Asking",
    "ClientCertificate",
    "Ending",
    "FlightLayout",
    "Intolerance",
    "MessageOrder",
    "Preference",
    "Reaction",
    "RenegotiationRules",
    "ServerConfiguration",
    "ServerConnection",
    "StreamParsing",
    "SuiteGroup",
]
