"""application_settings where nobody asked for it, or without what it needs: a protocol selected by ALPN that
the client has settings for, in TLS 1.3. The draft expired, so no RFC demands anything of a client that offers
it. A client that takes what is sent here answers with settings of its own, for which the server has no use.
"""

from handshake.server.departures.departure import (
    TLS_1_2,
    TLS_1_3,
    Departure,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import (
    Edit,
    in_encrypted_extensions,
    in_server_hello,
    with_extension,
)
from handshake.wire.extensions import push_alpn
from handshake.wire.registry import AlertDescription, ExtensionType

NEW, OLD = ExtensionType.APPLICATION_SETTINGS_NEW, ExtensionType.APPLICATION_SETTINGS
_DRAFT = silent("draft-vvv-tls-alps-01 section 4")
_UNASKED = must_refuse("RFC 8446 section 4.2", AlertDescription.UNSUPPORTED_EXTENSION)
_HAS = f"extension:{NEW.name.lower()}"


def _selecting(protocol: bytes) -> Edit:
    """Put the new extension behind an ALPN that selects the protocol."""
    alpn = with_extension(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, push_alpn((protocol,)))
    settings = with_extension(NEW)
    return lambda extensions: settings(alpn(extensions))


DEPARTURES = (
    Departure(
        "application-settings-unasked",
        "sends application_settings_new, which the client has not offered",
        TLS_1_3,
        _UNASKED,
        hello=f"not {_HAS}",
        rewrites=in_encrypted_extensions(with_extension(NEW)),
    ),
    Departure(
        "application-settings-old-unasked",
        "sends application_settings at the old code point, which the client has not offered",
        TLS_1_3,
        _UNASKED,
        hello=f"not extension:{OLD.name.lower()}",
        rewrites=in_encrypted_extensions(with_extension(OLD)),
    ),
    Departure(
        "application-settings-without-alpn",
        "sends application_settings_new and selects no protocol",
        TLS_1_3,
        _DRAFT,
        hello=_HAS,
        rewrites=in_encrypted_extensions(with_extension(NEW)),
    ),
    Departure(
        "application-settings-for-another-protocol",
        "sends application_settings_new and selects http/1.1, for which clients have no settings",
        TLS_1_3,
        _DRAFT,
        hello=f"{_HAS} and lists:application_layer_protocol_negotiation:http/1.1",
        rewrites=in_encrypted_extensions(_selecting(b"http/1.1")),
    ),
    Departure(
        "application-settings-in-tls12",
        "sends application_settings_new in a ServerHello of TLS 1.2",
        TLS_1_2,
        _DRAFT,
        hello=_HAS,
        rewrites=in_server_hello(with_extension(NEW)),
    ),
)
