"""Hellos for captures: those of the bundled profiles, filled."""

import os

from clients.profile import load_profiles
from handshake.client.hello import fill_hello
from handshake.wire.record import Record, push_record
from handshake.wire.registry import ContentType

PROFILES = load_profiles()
NAME = "server.example.test"


def hello(client: str, attempt: int = 1, name: str | None = NAME) -> bytes:
    """The records of a client's hello, with everything made anew that is."""
    return fill_hello(PROFILES[client].attempts[attempt - 1].template, name, os.urandom).wire


def alert(description: int = 40, level: int = 2) -> bytes:
    return push_record(Record(ContentType.ALERT, 0x0301, bytes((level, description))))
