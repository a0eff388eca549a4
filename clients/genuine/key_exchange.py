"""What a ServerKeyExchange says of the group: a named one, or a prime of so many bits."""

from handshake.crypto.suite_parameters import KeyExchange, SuiteParameters
from handshake.wire.buffer import Reader
from handshake.wire.key_exchange import pull_dh_parameters, pull_ecdh_parameters

_DH = frozenset(
    {
        KeyExchange.DHE_RSA,
        KeyExchange.DHE_DSS,
        KeyExchange.DHE_RSA_EXPORT,
        KeyExchange.DHE_DSS_EXPORT,
        KeyExchange.DH_ANON,
        KeyExchange.DH_ANON_EXPORT,
    }
)


def read_group(suite: SuiteParameters, body: bytes) -> tuple[int | None, int | None]:
    """The named group or the bits of the prime, the other one being None. Raises DecodeError."""
    if suite.key_exchange in _DH:
        return None, pull_dh_parameters(Reader(body)).p.bit_length()
    return pull_ecdh_parameters(Reader(body)).named_group, None
