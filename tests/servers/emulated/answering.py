"""A server made from an [emulation] table for a test, and what it answers in words."""

import os
from typing import Any

from bench.fidelity.answers import describe_answer, in_words
from handshake.server import Ending, ServerConnection
from servers.declared import Declared
from servers.emulated.emulation import read_emulation, server_configuration
from tests.servers.emulated.answers import rsa_credential

RSA = 0x002F
MESSAGES = "ServerHello [3.1], Certificate [3.1], ServerHelloDone [3.1]"
CHOICE = "(version 3.1, TLS_RSA_WITH_AES_128_CBC_SHA)"
FLIGHT = f"{MESSAGES} {CHOICE}; open"


def answer(table: dict[str, Any], sent: bytes, **declared: Any) -> str:
    """What a server described by the table answers, in words."""
    facts = {"versions": (0x0300, 0x0301), "cipher_suites": (RSA,), "sslv2_hello": True, **declared}
    configuration = server_configuration(
        Declared(**facts), read_emulation(table, "x"), {"rsa": rsa_credential()}
    )
    connection = ServerConnection(configuration, entropy=os.urandom)
    connection.receive_data(sent, 0.0)
    ends = {Ending.FIN: "FIN", Ending.RESET: "RST", Ending.HANG: "open"}
    end = ends[connection.ending] if connection.is_ended else "open"
    return in_words(describe_answer(connection.data_to_send(), end))


def alert(name: str, version: str = "3.1") -> str:
    return f"fatal {name} [{version}]; FIN"
