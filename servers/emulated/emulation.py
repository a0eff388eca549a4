"""[emulation] of a server.toml: how a server behaves, read strictly and turned into a ServerConfiguration.

What the server supports (versions, cipher suites, whether it reads SSLv2-format hellos, its certificates) is
in [declared] and not repeated here. A key that is left out keeps what an RFC-abiding server does, so a
definition lists departures only. The keys are the fields of `ServerConfiguration` and of the dataclasses it
holds (`servers.emulated.tables`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from handshake.crypto.credentials import Credential
from handshake.renegotiation import Renegotiation
from handshake.server import ClientCertificate, RenegotiationRules, ServerConfiguration
from servers.declared import Declared, DeclaredRenegotiation
from servers.emulated.reach import why_out_of_reach
from servers.emulated.tables import known_keys, read_table
from servers.refusal import parse_refusal

Emulation = Mapping[str, Any]
"""What an [emulation] table says: fields of ServerConfiguration and their values, the defaults included."""


class EmulationError(ValueError):
    """[emulation] data that cannot be used: one line that names the file and the key, and says what to do."""


def read_emulation(table: Mapping[str, Any], source: str) -> Emulation:
    """Read an [emulation] table; `source` is the file, for the message. Raises EmulationError."""
    try:
        emulation = read_table(ServerConfiguration, dict(table))
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in ("emulation", *details["loc"]) if part != "[key]")
        if details["type"] == "extra_forbidden":
            known = known_keys(ServerConfiguration, details["loc"][:-1])
            message = f"unknown key; known are {', '.join(known)}"
        elif details["type"] == "value_error":
            message = str(details["ctx"]["error"])
        else:
            message = f"{details['msg']}, but it is {details['input']!r:.60}"
        raise EmulationError(f"{source}: {key}: {message}") from error
    for feature in (each for intolerance in emulation["intolerances"] for each in intolerance.features):
        reason = why_out_of_reach(feature, emulation["records"], emulation["reading"])
        if reason is not None:
            raise EmulationError(f"{source}: emulation.intolerance: {reason}")
    return emulation


def server_configuration(
    declared: Declared,
    emulation: Emulation,
    credentials: Mapping[str, Credential],
    trusted_certificates: tuple[bytes, ...] = (),
) -> ServerConfiguration:
    """The server that `declared` and `emulation` describe; of the credentials, those it declares are used.

    `trusted_certificates` are those (DER) that a client may show.
    """
    configuration = ServerConfiguration(
        versions=declared.versions,
        cipher_suites=declared.cipher_suites,
        credentials={kind: credentials[kind] for kind in declared.certificates if kind in credentials},
        sslv2_hello=declared.sslv2_hello,
        tickets="ticket" in declared.resumption,
        client_certificate=ClientCertificate(declared.client_certificate),
        trusted_certificates=trusted_certificates,
        **emulation,
    )
    rules = _with_declared(configuration.renegotiation, declared.renegotiation)
    return replace(configuration, renegotiation=rules)


def _with_declared(quirks: RenegotiationRules, declared: DeclaredRenegotiation) -> RenegotiationRules:
    return replace(
        quirks,
        allowed=Renegotiation(declared.allowed),
        client_initiated=declared.client_initiated,
        legacy_hello=declared.legacy_hello,
        refusal=parse_refusal(declared.refusal),
        refusal_in_sslv3=parse_refusal(declared.refusal_in_sslv3),
        request_refusal=parse_refusal(declared.request_refusal),
        asks_anyway=declared.asks_anyway,
    )
