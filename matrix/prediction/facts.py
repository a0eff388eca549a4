"""What a prediction takes from a server's definition.

An emulated server does what its [emulation] says, so what that says of its answers counts as declared: the
alerts of its table, its groups and signature schemes, and what it does not know. How it reads a hello, and
which it does not tolerate, is its configuration's business (`matrix.prediction.hello_form`).
"""

from dataclasses import dataclass, replace
from enum import Enum

from clients.starttls import PROTOCOLS
from handshake.alerts import answer_to
from handshake.crypto.suite_parameters import KeyExchange, suite_parameters
from handshake.errors import Fault, UnsupportedParameter
from handshake.reason import Cause, Kind, cause_of_alert
from handshake.server import Ending, ServerConfiguration
from handshake.server.configuration import Unmatched
from handshake.wire.registry import ProtocolVersion, alert_name
from servers.declared import Declared, DeclaredRefusals
from servers.emulated.emulation import read_emulation, server_configuration
from servers.variant import ServerVariant

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


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a definition says of a server. `preference` None is not known; `configuration` is what an emulated
    server is configured to do, without certificates. `is_only_observed`: nothing is predicted of its cells.
    """

    declared: Declared
    preference: Preference | None = None
    renegotiation_info: bool = True
    answers_http: bool = True
    configuration: ServerConfiguration | None = None
    is_only_observed: bool = False


def facts_of_server(variant: ServerVariant) -> ServerFacts:
    """Give what a prediction takes from a definition; whose order of cipher suites decides is known of a real
    server where it is declared. Raises EmulationError.
    """
    declared = variant.declared()
    if variant.definition.kind == "real":
        preference = Preference(declared.preference) if declared.preference else None
        return ServerFacts(declared, preference, is_only_observed=variant.is_only_observed)
    emulation = read_emulation(variant.emulation(), str(variant.definition.folder / "server.toml"))
    configuration = server_configuration(declared, emulation, {})
    protocol = variant.definition.starttls
    return ServerFacts(
        _as_configured(declared, configuration),
        Preference(configuration.preference.value),
        configuration.renegotiation_info,
        protocol is None or PROTOCOLS[protocol].request is None,
        configuration,
        variant.is_only_observed,
    )


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


def _as_configured(declared: Declared, configuration: ServerConfiguration) -> Declared:
    """The facts that an emulated server declares by what it is configured to do."""
    is_alpn_needed = configuration.no_common_application_protocol is Unmatched.REFUSED
    return replace(
        declared,
        cipher_suites=tuple(each for each in declared.cipher_suites if _has_group(each, configuration)),
        named_groups=configuration.named_groups,
        needs_supported_groups=configuration.default_named_group is None,
        signature_schemes=configuration.signature_schemes or (),
        application_protocols=declared.application_protocols if is_alpn_needed else (),
        fallback_scsv=configuration.fallback_scsv,
        refusals=_refusals(declared.refusals, configuration),
    )


def _refusals(refusals: DeclaredRefusals, configuration: ServerConfiguration) -> DeclaredRefusals:
    """What stands in the table of alerts; what is declared beside it counts more."""

    def seen(declared: str | None, fault: Fault) -> str:
        return declared or str(cause_of_fault(fault, configuration.initial_record_version, configuration))

    return replace(
        refusals,
        sslv2_hello=seen(refusals.sslv2_hello, Fault.NOT_TLS),
        no_common_version=seen(refusals.no_common_version, Fault.PROTOCOL_VERSION),
        no_common_cipher_suite=seen(refusals.no_common_cipher_suite, Fault.NO_COMMON_CIPHER_SUITE),
        inappropriate_fallback=seen(None, Fault.INAPPROPRIATE_FALLBACK),
        no_application_protocol=seen(None, Fault.NO_APPLICATION_PROTOCOL),
    )


def _has_group(cipher_suite: int, configuration: ServerConfiguration) -> bool:
    """Whether an emulated server has a group for a suite, where that needs one."""
    try:
        exchange = suite_parameters(cipher_suite).key_exchange
    except UnsupportedParameter:
        return False
    if exchange in ELLIPTIC_CURVE or exchange is KeyExchange.TLS13:
        return bool(configuration.named_groups)
    if exchange in EXPORT_FINITE_FIELD:
        return configuration.export_dh_group is not None
    if exchange in FINITE_FIELD:
        return bool(configuration.dh_group or configuration.dh_groups or configuration.ffdhe_groups)
    return True
