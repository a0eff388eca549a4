"""What a prediction takes from a server's definition.

An emulated server does what its [emulation] says, so what that says of its answers counts as declared: the
alerts of its table, its groups and signature schemes, and what it does not know. How it reads a hello, and
which it does not tolerate, is its configuration's business (`matrix.prediction.hello_form`).

The processes that run cells predict nothing and do not load definitions, so nothing of them imports this.
"""

from dataclasses import replace

from clients.starttls import PROTOCOLS
from handshake.crypto.suite_parameters import KeyExchange, suite_parameters
from handshake.errors import Fault, UnsupportedParameter
from handshake.server import ServerConfiguration
from handshake.server.configuration import Unmatched
from matrix.prediction.facts import (
    ELLIPTIC_CURVE,
    EXPORT_FINITE_FIELD,
    FINITE_FIELD,
    Preference,
    ServerFacts,
    cause_of_fault,
)
from servers.declared import Declared, DeclaredRefusals
from servers.emulated.emulation import read_emulation, server_configuration
from servers.variant import ServerVariant


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
