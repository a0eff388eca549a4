"""The client's states and what may come in each: a table and nothing else.

Two rules for this file: every legal move of a client handshake is a row here (RFC 6101, RFC 5246 section 7.3,
RFC 8446 appendix A.1), and nothing here looks at a message's content. Which of several next states is taken
is the handler's decision; a handler that names a state not in its row is a bug and raises. `ChangeCipherSpec`
stands in the table although it is a record, because it moves the machine like a message.
"""

from collections.abc import Mapping
from enum import Enum, auto

from handshake.events import Phase


class State(Enum):
    """What the client waits for."""

    # Enum's own is Python code; the members are one object each, so its address does.
    __hash__ = object.__hash__

    START = auto()
    WAIT_SERVER_HELLO = auto()
    WAIT_CERTIFICATE = auto()
    WAIT_SERVER_KEY_EXCHANGE = auto()
    WAIT_SERVER_HELLO_DONE = auto()
    WAIT_CHANGE_CIPHER_SPEC = auto()
    WAIT_FINISHED = auto()
    CONNECTED = auto()
    WAIT_ENCRYPTED_EXTENSIONS = auto()
    WAIT_CERTIFICATE_13 = auto()
    WAIT_CERTIFICATE_VERIFY_13 = auto()
    WAIT_FINISHED_13 = auto()
    CONNECTED_13 = auto()


TRANSITIONS: Mapping[State, Mapping[str, frozenset[State]]] = {
    State.START: {"start": frozenset({State.WAIT_SERVER_HELLO})},  # our own doing, no message
    State.WAIT_SERVER_HELLO: {
        "ServerHello": frozenset(
            {
                State.WAIT_SERVER_HELLO,  # a HelloRetryRequest is a ServerHello with a special random
                State.WAIT_CERTIFICATE,
                State.WAIT_SERVER_KEY_EXCHANGE,  # an anonymous suite has no Certificate
                State.WAIT_CHANGE_CIPHER_SPEC,  # an abbreviated handshake has no more than this
                State.WAIT_ENCRYPTED_EXTENSIONS,
            }
        ),
    },
    State.WAIT_CERTIFICATE: {
        "Certificate": frozenset({State.WAIT_SERVER_KEY_EXCHANGE, State.WAIT_SERVER_HELLO_DONE}),
    },
    State.WAIT_SERVER_KEY_EXCHANGE: {
        "CertificateStatus": frozenset({State.WAIT_SERVER_KEY_EXCHANGE}),
        "ServerKeyExchange": frozenset({State.WAIT_SERVER_HELLO_DONE}),
    },
    State.WAIT_SERVER_HELLO_DONE: {
        "CertificateStatus": frozenset({State.WAIT_SERVER_HELLO_DONE}),
        "ServerKeyExchange": frozenset({State.WAIT_SERVER_HELLO_DONE}),  # RSA_EXPORT: only for a long key
        "CertificateRequest": frozenset({State.WAIT_SERVER_HELLO_DONE}),
        "ServerHelloDone": frozenset({State.WAIT_CHANGE_CIPHER_SPEC}),
    },
    State.WAIT_CHANGE_CIPHER_SPEC: {
        "NewSessionTicket": frozenset({State.WAIT_CHANGE_CIPHER_SPEC}),
        "ChangeCipherSpec": frozenset({State.WAIT_FINISHED}),
    },
    State.WAIT_FINISHED: {"Finished": frozenset({State.CONNECTED})},
    State.CONNECTED: {"HelloRequest": frozenset({State.CONNECTED})},
    State.WAIT_ENCRYPTED_EXTENSIONS: {
        "EncryptedExtensions": frozenset({State.WAIT_CERTIFICATE_13, State.WAIT_FINISHED_13}),  # or a PSK
    },
    State.WAIT_CERTIFICATE_13: {
        "CertificateRequest": frozenset({State.WAIT_CERTIFICATE_13}),
        "Certificate": frozenset({State.WAIT_CERTIFICATE_VERIFY_13}),
        "CompressedCertificate": frozenset({State.WAIT_CERTIFICATE_VERIFY_13}),  # RFC 8879
    },
    State.WAIT_CERTIFICATE_VERIFY_13: {"CertificateVerify": frozenset({State.WAIT_FINISHED_13})},
    State.WAIT_FINISHED_13: {"Finished": frozenset({State.CONNECTED_13})},
    State.CONNECTED_13: {
        "NewSessionTicket": frozenset({State.CONNECTED_13}),
        "CertificateRequest": frozenset({State.CONNECTED_13}),  # post_handshake_auth, RFC 8446 section 4.6.2
        "KeyUpdate": frozenset({State.CONNECTED_13}),
    },
}

PHASES: Mapping[State, Phase] = {
    State.START: Phase.CLIENT_HELLO,
    State.WAIT_SERVER_HELLO: Phase.SERVER_HELLO,
    State.WAIT_CERTIFICATE: Phase.CERTIFICATE,
    State.WAIT_SERVER_KEY_EXCHANGE: Phase.KEY_EXCHANGE,
    State.WAIT_SERVER_HELLO_DONE: Phase.KEY_EXCHANGE,
    State.WAIT_CHANGE_CIPHER_SPEC: Phase.FINISHED,
    State.WAIT_FINISHED: Phase.FINISHED,
    State.CONNECTED: Phase.APPLICATION_DATA,
    State.WAIT_ENCRYPTED_EXTENSIONS: Phase.CERTIFICATE,
    State.WAIT_CERTIFICATE_13: Phase.CERTIFICATE,
    State.WAIT_CERTIFICATE_VERIFY_13: Phase.CERTIFICATE,
    State.WAIT_FINISHED_13: Phase.FINISHED,
    State.CONNECTED_13: Phase.APPLICATION_DATA,
}

TLS_1_3_STATES = frozenset(
    {
        State.WAIT_ENCRYPTED_EXTENSIONS,
        State.WAIT_CERTIFICATE_13,
        State.WAIT_CERTIFICATE_VERIFY_13,
        State.WAIT_FINISHED_13,
        State.CONNECTED_13,
    }
)
