"""The server's states and what may come in each: a table and nothing else (see `handshake.client.state` for
the rules).
"""

from collections.abc import Mapping
from enum import Enum, auto

from handshake.events import Phase


class State(Enum):
    """What the server waits for."""

    # Enum's own is Python code; the members are one object each, so its address does.
    __hash__ = object.__hash__

    WAIT_CLIENT_HELLO = auto()
    WAIT_CERTIFICATE = auto()
    WAIT_CLIENT_KEY_EXCHANGE = auto()
    WAIT_CERTIFICATE_VERIFY = auto()
    WAIT_CHANGE_CIPHER_SPEC = auto()
    WAIT_FINISHED = auto()
    CONNECTED = auto()
    WAIT_SECOND_CLIENT_HELLO_13 = auto()
    WAIT_ENCRYPTED_EXTENSIONS_13 = auto()
    WAIT_CERTIFICATE_13 = auto()
    WAIT_CERTIFICATE_VERIFY_13 = auto()
    WAIT_FINISHED_13 = auto()
    CONNECTED_13 = auto()
    WAIT_POST_HANDSHAKE_CERTIFICATE = auto()
    WAIT_POST_HANDSHAKE_CERTIFICATE_VERIFY = auto()
    WAIT_POST_HANDSHAKE_FINISHED = auto()


TRANSITIONS: Mapping[State, Mapping[str, frozenset[State]]] = {
    State.WAIT_CLIENT_HELLO: {
        "ClientHello": frozenset(
            {
                State.WAIT_CLIENT_KEY_EXCHANGE,
                State.WAIT_CERTIFICATE,
                State.WAIT_CHANGE_CIPHER_SPEC,  # an abbreviated handshake
                State.WAIT_SECOND_CLIENT_HELLO_13,
                State.WAIT_ENCRYPTED_EXTENSIONS_13,
                State.WAIT_CERTIFICATE_13,
                State.WAIT_FINISHED_13,
            }
        ),
    },
    State.WAIT_CERTIFICATE: {
        "Certificate": frozenset({State.WAIT_CLIENT_KEY_EXCHANGE}),
        "no_certificate": frozenset({State.WAIT_CLIENT_KEY_EXCHANGE}),  # a warning, RFC 6101 section 5.6.6
    },
    State.WAIT_CLIENT_KEY_EXCHANGE: {
        "ClientKeyExchange": frozenset({State.WAIT_CHANGE_CIPHER_SPEC, State.WAIT_CERTIFICATE_VERIFY}),
    },
    State.WAIT_CERTIFICATE_VERIFY: {"CertificateVerify": frozenset({State.WAIT_CHANGE_CIPHER_SPEC})},
    State.WAIT_CHANGE_CIPHER_SPEC: {"ChangeCipherSpec": frozenset({State.WAIT_FINISHED})},
    State.WAIT_FINISHED: {"Finished": frozenset({State.CONNECTED})},
    State.CONNECTED: {"ClientHello": frozenset({State.CONNECTED})},  # refused; else a new handshake begins
    State.WAIT_SECOND_CLIENT_HELLO_13: {
        "ClientHello": frozenset(
            {
                State.WAIT_SECOND_CLIENT_HELLO_13,  # a second HelloRetryRequest, which is a departure
                State.WAIT_ENCRYPTED_EXTENSIONS_13,
                State.WAIT_CERTIFICATE_13,
                State.WAIT_FINISHED_13,
            }
        ),
    },
    State.WAIT_ENCRYPTED_EXTENSIONS_13: {  # draft-vvv-tls-alps-01
        "EncryptedExtensions": frozenset({State.WAIT_CERTIFICATE_13, State.WAIT_FINISHED_13}),
    },
    State.WAIT_CERTIFICATE_13: {
        "Certificate": frozenset({State.WAIT_CERTIFICATE_VERIFY_13, State.WAIT_FINISHED_13}),
        "CompressedCertificate": frozenset({State.WAIT_CERTIFICATE_VERIFY_13, State.WAIT_FINISHED_13}),
    },
    State.WAIT_CERTIFICATE_VERIFY_13: {"CertificateVerify": frozenset({State.WAIT_FINISHED_13})},
    State.WAIT_FINISHED_13: {"Finished": frozenset({State.CONNECTED_13})},
    State.CONNECTED_13: {
        "request": frozenset({State.WAIT_POST_HANDSHAKE_CERTIFICATE}),  # our own doing, no message
        "KeyUpdate": frozenset({State.CONNECTED_13}),
    },
    # The three come one right behind the other, RFC 8446 section 4.6.2.
    State.WAIT_POST_HANDSHAKE_CERTIFICATE: {
        "KeyUpdate": frozenset({State.WAIT_POST_HANDSHAKE_CERTIFICATE}),
        "Certificate": frozenset(
            {State.WAIT_POST_HANDSHAKE_CERTIFICATE_VERIFY, State.WAIT_POST_HANDSHAKE_FINISHED}
        ),
        "CompressedCertificate": frozenset(
            {State.WAIT_POST_HANDSHAKE_CERTIFICATE_VERIFY, State.WAIT_POST_HANDSHAKE_FINISHED}
        ),
    },
    State.WAIT_POST_HANDSHAKE_CERTIFICATE_VERIFY: {
        "CertificateVerify": frozenset({State.WAIT_POST_HANDSHAKE_FINISHED})
    },
    State.WAIT_POST_HANDSHAKE_FINISHED: {"Finished": frozenset({State.CONNECTED_13})},
}

PHASES: Mapping[State, Phase] = {
    State.WAIT_CLIENT_HELLO: Phase.CLIENT_HELLO,
    State.WAIT_CERTIFICATE: Phase.CERTIFICATE,
    State.WAIT_CLIENT_KEY_EXCHANGE: Phase.KEY_EXCHANGE,
    State.WAIT_CERTIFICATE_VERIFY: Phase.CERTIFICATE,
    State.WAIT_CHANGE_CIPHER_SPEC: Phase.FINISHED,
    State.WAIT_FINISHED: Phase.FINISHED,
    State.CONNECTED: Phase.APPLICATION_DATA,
    State.WAIT_SECOND_CLIENT_HELLO_13: Phase.CLIENT_HELLO,
    State.WAIT_ENCRYPTED_EXTENSIONS_13: Phase.FINISHED,
    State.WAIT_CERTIFICATE_13: Phase.CERTIFICATE,
    State.WAIT_CERTIFICATE_VERIFY_13: Phase.CERTIFICATE,
    State.WAIT_FINISHED_13: Phase.FINISHED,
    State.CONNECTED_13: Phase.APPLICATION_DATA,
    State.WAIT_POST_HANDSHAKE_CERTIFICATE: Phase.APPLICATION_DATA,
    State.WAIT_POST_HANDSHAKE_CERTIFICATE_VERIFY: Phase.APPLICATION_DATA,
    State.WAIT_POST_HANDSHAKE_FINISHED: Phase.APPLICATION_DATA,
}

POST_HANDSHAKE_STATES = frozenset(
    {
        State.WAIT_POST_HANDSHAKE_CERTIFICATE,
        State.WAIT_POST_HANDSHAKE_CERTIFICATE_VERIFY,
        State.WAIT_POST_HANDSHAKE_FINISHED,
    }
)

WITHOUT_APPLICATION_DATA = frozenset(
    {
        State.WAIT_FINISHED,  # the client has changed its keys
        State.WAIT_POST_HANDSHAKE_CERTIFICATE_VERIFY,
        State.WAIT_POST_HANDSHAKE_FINISHED,
    }
)
"""States of a connection in which no application data may come."""

TLS_1_3_STATES = frozenset(
    {
        State.WAIT_SECOND_CLIENT_HELLO_13,
        State.WAIT_ENCRYPTED_EXTENSIONS_13,
        State.WAIT_CERTIFICATE_13,
        State.WAIT_CERTIFICATE_VERIFY_13,
        State.WAIT_FINISHED_13,
        State.CONNECTED_13,
        *POST_HANDSHAKE_STATES,
    }
)
