"""The key that a server signs with in the place of its certificate's: a delegated credential (RFC 9345
section 4.1.1), for a client that lists its scheme.
"""

from handshake.crypto.credentials import Credential
from handshake.crypto.delegation import DelegatedKey, Delegation, delegate, not_before
from handshake.server.handshake import ServerHandshake
from handshake.wire.extensions import pull_signature_algorithms
from handshake.wire.registry import ExtensionType


def delegated_key(handshake: ServerHandshake, credential: Credential, scheme: int) -> DelegatedKey | None:
    """A new key that the credential signs with `scheme`; None where the client takes none. Without a clock it
    is valid from the certificate's notBefore on.
    """
    delegation = handshake.departing.delegation(_wanted(handshake))
    if delegation is None:
        return None
    clock = handshake.connection.clock
    now = not_before(credential.chain[0]) if clock is None else clock()
    return delegate(credential, delegation, scheme, now)


def _wanted(handshake: ServerHandshake) -> Delegation | None:
    wanted = handshake.configuration.delegated_credential
    body = handshake.client_hello.extension(ExtensionType.DELEGATED_CREDENTIAL)
    if wanted is None or body is None or wanted not in pull_signature_algorithms(body):
        return None
    return Delegation(wanted, wanted)
