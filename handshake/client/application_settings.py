"""application_settings at the client's end (draft-vvv-tls-alps-01, which expired; Chromium has it).

The server's settings come in EncryptedExtensions, for the protocol that ALPN selected. The client's go back
in an EncryptedExtensions of its own, before its Certificate and Finished (BoringSSL, ssl/tls13_client.cc,
do_send_client_encrypted_extensions).
"""

from handshake.client.handshake import ClientHandshake
from handshake.errors import DecodeError, Fault, PeerFault
from handshake.wire.client_hello import Extension
from handshake.wire.extensions import pull_alpn
from handshake.wire.messages import EncryptedExtensions, push_encrypted_extensions
from handshake.wire.registry import ExtensionType, HandshakeType, extension_name

_CODE_POINTS = (ExtensionType.APPLICATION_SETTINGS_NEW, ExtensionType.APPLICATION_SETTINGS)


def check_application_settings(handshake: ClientHandshake) -> None:
    """Judge the server's settings: they are for the protocol that it selects, which must be one of those
    that the hello has settings for (BoringSSL, ssl/extensions.cc, ssl_check_serverhello_tlsext).
    """
    code = _answered(handshake)
    if code is None:
        return
    name, selected = extension_name(code), _selected(handshake)
    if selected is None:
        detail = f"EncryptedExtensions has {name} and selects no protocol by ALPN"
        handshake.judge(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "application-settings-without-alpn"))
    elif selected not in _offered(handshake, code):
        detail = f"EncryptedExtensions has {name} for {selected!r}, for which the hello offers none"
        handshake.judge(
            PeerFault(Fault.ILLEGAL_PARAMETER, detail, "application-settings-of-another-protocol")
        )


def send_application_settings(handshake: ClientHandshake) -> None:
    """Answer the server's settings with those of the client being played."""
    code = _answered(handshake)
    if code is not None:
        settings = Extension(code, handshake.policy.application_settings)
        body = push_encrypted_extensions(EncryptedExtensions((settings,)))
        handshake.send(HandshakeType.ENCRYPTED_EXTENSIONS, body)


def _answered(handshake: ClientHandshake) -> int | None:
    return next((code for code in _CODE_POINTS if code in handshake.encrypted_extensions), None)


def _selected(handshake: ClientHandshake) -> bytes | None:
    body = handshake.encrypted_extensions.get(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION)
    return None if body is None else pull_alpn(body)[0]


def _offered(handshake: ClientHandshake, code: int) -> tuple[bytes, ...]:
    """The protocols that the hello has settings for; none where it is malformed on purpose."""
    try:
        return pull_alpn(handshake.offered_bodies[code])
    except DecodeError:
        return ()
