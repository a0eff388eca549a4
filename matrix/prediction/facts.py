"""What a prediction needs to know of a server, and what a client sees of its answers."""

from enum import Enum

from msgspec import Struct

from handshake.alerts import answer_to
from handshake.crypto.suite_parameters import KeyExchange
from handshake.errors import Fault
from handshake.reason import Cause, Kind, cause_of_alert
from handshake.server import Ending, ServerConfiguration
from handshake.wire.registry import ProtocolVersion, alert_name
from servers.declared import Declared

ELLIPTIC_CURVE = frozenset({KeyExchange.ECDHE_RSA, KeyExchange.ECDHE_ECDSA, KeyExchange.ECDH_ANON})
FINITE_FIELD = frozenset({KeyExchange.DHE_RSA, KeyExchange.DHE_DSS, KeyExchange.DH_ANON})
EXPORT_FINITE_FIELD = frozenset(
    {KeyExchange.DHE_RSA_EXPORT, KeyExchange.DHE_DSS_EXPORT, KeyExchange.DH_ANON_EXPORT}
)
_ENDINGS = {Ending.FIN: Kind.FIN, Ending.RESET: Kind.RESET, Ending.HANG: Kind.TIMEOUT}


class Preference(Enum):
    """Whose order of cipher suites decides."""

    CLIENT = "client"
    SERVER = "server"


class ServerFacts(Struct, frozen=True):
    """What a definition says of a server. `preference` None is not known; `configuration` is what an emulated
    server is configured to do, without certificates. `is_only_observed`: nothing is predicted of its cells.
    """

    declared: Declared
    preference: Preference | None = None
    renegotiation_info: bool = True
    answers_http: bool = True
    configuration: ServerConfiguration | None = None
    is_only_observed: bool = False


def cause_of_answer(answer: int | Ending, record_version: int, configuration: ServerConfiguration) -> Cause:
    """What a client sees of an alert in a record of this version, or of an ending without one."""
    if isinstance(answer, Ending):
        return Cause(_ENDINGS[answer])
    if record_version == ProtocolVersion.SSL_3_0:
        answer = configuration.sslv3_alerts.get(answer, answer)
    return cause_of_alert(alert_name(answer))


def cause_of_fault(fault: Fault, record_version: int, configuration: ServerConfiguration) -> Cause:
    """What a client sees of an emulated server that finds a fault with its hello."""
    return cause_of_answer(answer_to(fault, configuration.alerts), record_version, configuration)
