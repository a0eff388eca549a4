"""What the key log of a program opens: the records of its connections, read with the engine's protections.

Pure. A record that the secrets do not open stays closed, and so do all behind it in its direction.
"""

import os
from collections.abc import Iterable, Mapping

from handshake.crypto.key_schedule import Role
from handshake.crypto.key_schedule_13 import next_traffic_secret
from handshake.crypto.record_protection import (
    Protection,
    Protection13,
    connection_protections,
    traffic_protection,
)
from handshake.crypto.suite_parameters import SuiteParameters, suite_parameters
from handshake.errors import LocalError, PeerFault, UnsupportedParameter
from handshake.key_log import APPLICATION_TRAFFIC, HANDSHAKE_TRAFFIC, MASTER_SECRET
from handshake.wire.messages import ServerHello
from handshake.wire.registry import ExtensionType, ProtocolVersion

Secrets = Mapping[tuple[bytes, str], bytes]
"""The secrets of a key log by client random and label."""


def read_key_log(lines: Iterable[str]) -> Secrets:
    """Read the lines of a key log; what is none is passed over (RFC 9850 section 1)."""
    secrets = {}
    for line in lines:
        parts = line.split()
        try:
            label, random, secret = parts
            secrets[bytes.fromhex(random), label] = bytes.fromhex(secret)
        except ValueError:
            continue
    return secrets


class Opener:
    """Opens the records of one connection, both directions."""

    def __init__(self, secrets: Secrets, client_random: bytes, hello: ServerHello, version: int) -> None:
        self._secrets = secrets
        self._client_random = client_random
        self._hello = hello
        self._version = version
        self._protections: dict[Role, Protection | Protection13 | None] = dict.fromkeys(Role)
        self._traffic: dict[Role, bytes] = {}
        try:
            self._suite: SuiteParameters | None = suite_parameters(hello.cipher_suite)
        except UnsupportedParameter:
            self._suite = None
        if version >= ProtocolVersion.TLS_1_3:
            for role in Role:
                self._enter(role, HANDSHAKE_TRAFFIC)

    def change_cipher_spec(self, role: Role) -> None:
        """A side of a connection up to TLS 1.2 has changed its keys."""
        secret = self._secrets.get((self._client_random, MASTER_SECRET))
        if self._suite is None or secret is None:
            return
        encrypt_then_mac = self._hello.extension(ExtensionType.ENCRYPT_THEN_MAC) is not None
        try:
            client, server = connection_protections(
                self._suite,
                self._version,
                secret,
                self._client_random,
                self._hello.random,
                os.urandom,
                encrypt_then_mac=encrypt_then_mac,
            )
        except LocalError:
            return
        self._protections[role] = client if role is Role.CLIENT else server

    def finished(self, role: Role) -> None:
        """A side of a TLS 1.3 connection has sent its Finished."""
        self._enter(role, APPLICATION_TRAFFIC)

    def key_update(self, role: Role) -> None:
        """A side of a TLS 1.3 connection goes on with new keys (RFC 8446 section 7.2)."""
        if self._suite is not None and role in self._traffic:
            self._traffic[role] = next_traffic_secret(self._suite.prf_hash, self._traffic[role])
            self._protections[role] = traffic_protection(self._suite, self._traffic[role])

    def open(self, role: Role, content_type: int, version: int, fragment: bytes) -> tuple[int, bytes] | None:
        """The content type and the plaintext of a protected record; None where it stays closed."""
        protection = self._protections[role]
        if protection is None:
            return None
        try:
            if isinstance(protection, Protection13):
                return protection.unprotect(content_type, version, fragment)
            return content_type, protection.unprotect(content_type, version, fragment)
        except PeerFault:
            self._protections[role] = None
            return None

    def _enter(self, role: Role, labels: Mapping[Role, str]) -> None:
        secret = self._secrets.get((self._client_random, labels[role]))
        self._protections[role] = None
        if self._suite is not None and secret is not None and self._suite.mac is None:
            self._traffic[role] = secret
            self._protections[role] = traffic_protection(self._suite, secret)
