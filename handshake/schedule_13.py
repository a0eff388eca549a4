"""The secrets of one TLS 1.3 handshake as they come into being (RFC 8446 section 7.1), for either role.

The formulas are in `handshake.crypto.key_schedule_13`; this keeps the present secrets and turns them into
protections.
"""

import hashlib

from handshake import key_log
from handshake.crypto import key_schedule_13 as formulas
from handshake.crypto.key_schedule import Role
from handshake.crypto.key_schedule_13 import TrafficSecrets
from handshake.crypto.record_protection import Protection13, traffic_protection
from handshake.crypto.suite_parameters import SuiteParameters
from handshake.errors import Fault, PeerFault
from handshake.wire.messages import KeyUpdate


def requests_update(message: KeyUpdate) -> bool:
    """Whether a KeyUpdate asks for ours. Raises PeerFault for a value that does not exist (RFC 8446 section
    4.6.3).
    """
    if message.request_update not in (0, 1):
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER, f"a KeyUpdate of value {message.request_update}", "key-update-value-2"
        )
    return message.request_update == 1


class KeySchedule:
    """The key schedule of a handshake with `suite`; `messages` are always the handshake messages so far,
    headers included. `pre_shared_key` is that of a session being resumed.
    """

    def __init__(self, suite: SuiteParameters, pre_shared_key: bytes | None = None) -> None:
        self._suite = suite
        self._pre_shared_key = pre_shared_key
        self._whole_handshake = b""
        self._master_secret = b""
        self._handshake_secret = b""
        self._handshake_traffic = TrafficSecrets(b"", b"")
        self._application_traffic: dict[Role, bytes] = {}

    def transcript_hash(self, messages: bytes) -> bytes:
        """Hash the transcript with the suite's hash."""
        return hashlib.new(self._suite.prf_hash, messages).digest()

    def message_hash(self, client_hello: bytes) -> bytes:
        """Return what stands for the first hello after a HelloRetryRequest (RFC 8446 section 4.4.1)."""
        return formulas.message_hash(self._suite.prf_hash, client_hello)

    def enter_handshake(self, shared_secret: bytes, messages: bytes) -> None:
        """Mix in the (EC)DHE secret; `messages` end with the ServerHello."""
        prf_hash = self._suite.prf_hash
        early = formulas.early_secret(prf_hash, self._pre_shared_key)
        self._handshake_secret = formulas.handshake_secret(prf_hash, early, shared_secret)
        self._handshake_traffic = formulas.handshake_traffic_secrets(
            prf_hash, self._handshake_secret, self.transcript_hash(messages)
        )

    def enter_application(self, messages: bytes) -> None:
        """Derive the application traffic secrets; `messages` end with the server's Finished."""
        prf_hash = self._suite.prf_hash
        self._master_secret = formulas.master_secret(prf_hash, self._handshake_secret)
        digest = self.transcript_hash(messages)
        secrets = formulas.application_traffic_secrets(prf_hash, self._master_secret, digest)
        self._application_traffic = {role: secrets.of(role) for role in Role}

    def enter_resumption(self, messages: bytes) -> None:
        """Keep what tickets stand for; `messages` end with the client's Finished."""
        self._whole_handshake = messages

    def resumption_psk(self, ticket_nonce: bytes) -> bytes:
        """Derive the pre-shared key that a ticket stands for."""
        prf_hash, digest = self._suite.prf_hash, self.transcript_hash(self._whole_handshake)
        secret = formulas.resumption_master_secret(prf_hash, self._master_secret, digest)
        return formulas.resumption_psk(prf_hash, secret, ticket_nonce)

    def handshake_key_log(self, client_random: bytes) -> list[str]:
        """Write the handshake's traffic secrets as lines of a key log."""
        return [
            key_log.line(label, client_random, self._handshake_traffic.of(role))
            for role, label in key_log.HANDSHAKE_TRAFFIC.items()
        ]

    def application_key_log(self, client_random: bytes) -> list[str]:
        """Write the first application traffic secrets as lines of a key log."""
        return [
            key_log.line(label, client_random, self._application_traffic[role])
            for role, label in key_log.APPLICATION_TRAFFIC.items()
        ]

    def handshake_protection(self, role: Role) -> Protection13:
        """Make the protection of what `role` writes during the handshake."""
        return traffic_protection(self._suite, self._handshake_traffic.of(role))

    def application_protection(self, role: Role) -> Protection13:
        """Make the protection of what `role` writes after its Finished."""
        return traffic_protection(self._suite, self._application_traffic[role])

    def finished_verify_data(self, role: Role, messages: bytes) -> bytes:
        """Compute the Finished of `role` over `messages`."""
        return formulas.finished_verify_data(
            self._suite.prf_hash, self._handshake_traffic.of(role), self.transcript_hash(messages)
        )

    def post_handshake_verify_data(self, role: Role, messages: bytes) -> bytes:
        """Compute the Finished of `role` after the handshake, whose key comes from the traffic secret in use
        (RFC 8446 section 4.4); `messages` are those of the handshake, then the request and its answer.
        """
        return formulas.finished_verify_data(
            self._suite.prf_hash, self._application_traffic[role], self.transcript_hash(messages)
        )

    def update(self, role: Role) -> Protection13:
        """Turn to the next application traffic secret of `role` (RFC 8446 section 7.2)."""
        prf_hash = self._suite.prf_hash
        self._application_traffic[role] = formulas.next_traffic_secret(
            prf_hash, self._application_traffic[role]
        )
        return self.application_protection(role)
