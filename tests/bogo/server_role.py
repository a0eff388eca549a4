"""What the flags make of the server: its configuration."""

from handshake.errors import Fault
from handshake.features import parse_feature
from handshake.record_splitting import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.server import ClientCertificate, Preference, RenegotiationRules, ServerConfiguration
from handshake.wire.messages import Alert
from handshake.wire.registry import AlertDescription, AlertLevel
from tests.bogo.flags import Flags
from tests.bogo.roles import (
    credentials,
    distrust_alert,
    groups,
    schemes,
    settings,
    settings_type,
    suites,
    versions,
)

_NO_RENEGOTIATION = RenegotiationRules(
    allowed=Renegotiation.OFF,
    refusal=Alert(AlertLevel.FATAL, AlertDescription.NO_RENEGOTIATION),
)


class AnyCertificate(tuple[bytes, ...]):
    """The certificates of a server that takes whichever a client shows."""

    __slots__ = ()

    def __contains__(self, certificate: object) -> bool:
        """Every one is in it."""
        return True


def server_configuration(flags: Flags) -> ServerConfiguration:
    """The server."""
    asks = ClientCertificate.NO
    if flags.verify_peer:
        asks = ClientCertificate.REQUEST
    if flags.require_any_client_certificate:
        asks = ClientCertificate.REQUIRE
    prefers_own = flags.server_preference or flags.cnsa1_202603 or bool(flags.cipher)
    return ServerConfiguration(
        versions=versions(flags),
        cipher_suites=suites(flags),
        credentials=credentials(flags),
        preference=Preference.SERVER if prefers_own else Preference.CLIENT,
        named_groups=groups(flags),
        tickets=not flags.no_ticket,
        sslv2_hello=True,
        client_certificate=asks,
        requested_signature_schemes=schemes(flags),
        trusted_certificates=() if flags.verify_fail else AnyCertificate(),
        alerts={Fault.UNTRUSTED_CERTIFICATE: distrust_alert(flags)},
        application_protocols=_protocols(flags),
        ocsp_response=b"" if flags.decline_ocsp_callback else flags.ocsp_response,
        application_settings=_settings(flags),
        application_settings_type=settings_type(flags),
        # The runner's own shim keeps no session under an id where it gives a ticket.
        no_session_id_for=() if flags.no_ticket else (parse_feature("extension:session_ticket"),),
        record_splitting=RecordSplitting.ONE_REST if flags.cbc_record_splitting else RecordSplitting.NONE,
        renegotiation=_NO_RENEGOTIATION,
    )


def _settings(flags: Flags) -> bytes | None:
    """Those for the protocol that is selected, if there are any."""
    protocol, own = settings(flags)
    return own if protocol and protocol == flags.select_alpn.encode("latin-1") else None


def _protocols(flags: Flags) -> tuple[bytes, ...]:
    """What the server selects from; one that nobody lists where it is to refuse them all."""
    if flags.reject_alpn:
        return (b"none of these",)
    return (flags.select_alpn.encode("latin-1"),) if flags.select_alpn else ()
