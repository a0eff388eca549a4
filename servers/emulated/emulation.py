"""[emulation] of a server.toml: how a server behaves, read strictly and turned into a ServerConfiguration.

What the server supports (versions, cipher suites, whether it reads SSLv2-format hellos, its certificates) is
in [declared] and not repeated here. A key that is left out keeps what an RFC-abiding server does, so a
definition lists departures only. The keys are the fields of `ServerConfiguration` and of the dataclasses it
holds (`servers.emulated.tables`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel

from definitions.fault import Mistakes, Place, UnusableFile
from definitions.reading import read_table
from handshake.crypto.credentials import Credential
from handshake.renegotiation import Renegotiation
from handshake.server import Asking, ClientCertificate, RenegotiationRules, ServerConfiguration
from servers.declared import Declared, DeclaredRenegotiation
from servers.emulated.reach import why_out_of_reach
from servers.emulated.tables import model_of
from servers.sent_alert import parse_sent_alert

Emulation = Mapping[str, Any]
"""What an [emulation] table says: fields of ServerConfiguration and their values, the defaults included."""


class EmulationError(UnusableFile, ValueError):
    """[emulation] data that cannot be used: one line a fault, with the file, the key and what to do."""


def read_emulation(table: Mapping[str, Any], source: str) -> Emulation:
    """Read an [emulation] table; `source` is the file, for the message. Raises EmulationError."""
    kind: Any = Annotated[model_of(ServerConfiguration), AfterValidator(_in_reach)]
    read: BaseModel = read_table(dict(table), source, kind, EmulationError, place=("emulation",))
    return dict(read)


def _in_reach(table: BaseModel) -> BaseModel:
    """Refuse intolerances that never fire, in the whole table alone: a layer of it may lack the rest."""
    emulation = dict(table)
    wrong: list[tuple[Place, str]] = []
    for index, intolerance in enumerate(emulation["intolerances"]):
        for at, feature in enumerate(intolerance.features):
            reason = why_out_of_reach(feature, emulation["records"], emulation["reading"])
            if reason is not None:
                wrong.append((("intolerance", index, "features", at), reason))
    if wrong:
        raise Mistakes(wrong)
    return table


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
        application_protocols=tuple(name.encode() for name in declared.application_protocols),
        sslv2_hello=declared.sslv2_hello,
        tickets=not {"ticket", "ticket-in-tls13"}.isdisjoint(declared.resumption),
        keeps_sessions=not declared.forgets_sessions,
        tickets_below_tls13="ticket-in-tls13" not in declared.resumption,
        client_certificate=ClientCertificate(declared.client_certificate),
        client_certificate_asked=tuple(Asking(when) for when in declared.client_certificate_asked),
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
        refusal=parse_sent_alert(declared.refusal),
        refusal_in_sslv3=parse_sent_alert(declared.refusal_in_sslv3),
        request_refusal=parse_sent_alert(declared.request_refusal),
        asks_anyway=declared.asks_anyway,
    )
