"""What the RFCs have a server refuse in a hello that can be read, beyond what it chooses by.

These are the checks of a server without a way of reading of its own; an emulated stack's are its `reading` or
its `parsing`, which know the stack's order and alerts.
"""

from collections.abc import Callable, Mapping

from handshake.errors import DecodeError, Fault, PeerFault
from handshake.server.configuration import ServerConfiguration
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import (
    pull_alpn,
    pull_certificate_authorities,
    pull_ec_point_formats,
    pull_key_share_list,
    pull_offered_psks,
    pull_psk_key_exchange_modes,
    pull_server_name,
    pull_signature_algorithms,
    pull_supported_groups,
    pull_supported_versions,
)
from handshake.wire.registry import (
    CompressionMethod,
    ExtensionType,
    ProtocolVersion,
    extension_name,
    group_name,
)

_E = ExtensionType
_UNCOMPRESSED = 0
_NULL_ALONE = bytes((CompressionMethod.NULL,))


def check_hello(hello: ClientHello, version: int, configuration: ServerConfiguration) -> None:
    """Judge a hello that is to be answered in `version`. Raises PeerFault."""
    if configuration.reading is not None or configuration.parsing is not None:
        return
    _check_block(hello)
    for extension in hello.extensions or ():
        code = extension.extension_type
        if code in _BODIES:
            _check_body(extension.body, _BODIES[code], extension_name(code))
    formats = hello.extension(_E.EC_POINT_FORMATS)
    if formats is not None and _UNCOMPRESSED not in pull_ec_point_formats(formats):
        raise PeerFault(Fault.ILLEGAL_PARAMETER, "ec_point_formats has no uncompressed points")
    if version >= ProtocolVersion.TLS_1_3:
        _check_hello_13(hello)
    elif CompressionMethod.NULL not in hello.compression_methods:
        raise PeerFault(Fault.ILLEGAL_PARAMETER, "the compression methods have no null (RFC 5246, 7.4.1.2)")


def check_second_hello(first: ClientHello, second: ClientHello) -> None:
    """Hold the hello that answers a HelloRetryRequest against the one before it (RFC 8446 section 4.1.2)."""
    is_same = (
        first.legacy_version == second.legacy_version
        and first.random == second.random
        and first.session_id == second.session_id
        and first.cipher_suites == second.cipher_suites
    )
    if not is_same:
        raise PeerFault(Fault.ILLEGAL_PARAMETER, "the second hello is another than the first")
    if second.extension(_E.EARLY_DATA) is not None:
        raise PeerFault(Fault.ILLEGAL_PARAMETER, "the second hello has early_data")


def _check_block(hello: ClientHello) -> None:
    """No extension twice (RFC 5246 section 7.4.1.4, RFC 8446 section 4.2)."""
    seen = set()
    for extension in hello.extensions or ():
        if extension.extension_type in seen:
            raise PeerFault(
                Fault.DECODE, f"the ClientHello has {extension_name(extension.extension_type)} twice"
            )
        seen.add(extension.extension_type)


def _check_hello_13(hello: ClientHello) -> None:
    if hello.compression_methods != _NULL_ALONE:  # RFC 8446 section 4.1.2
        raise PeerFault(Fault.ILLEGAL_PARAMETER, "a hello of TLS 1.3 with compression methods")
    shares = hello.extension(_E.KEY_SHARE)
    if (shares is None) != (hello.extension(_E.SUPPORTED_GROUPS) is None):  # section 9.2
        raise PeerFault(Fault.MISSING_EXTENSION, "key_share and supported_groups go together")
    groups = [group for group, _ in pull_key_share_list(shares)] if shares is not None else []
    for group in groups:
        if groups.count(group) > 1:  # section 4.2.8
            raise PeerFault(Fault.ILLEGAL_PARAMETER, f"two key shares of {group_name(group)}")
    if hello.extension(_E.PRE_SHARED_KEY) is not None:
        _check_pre_shared_keys(hello)


def _check_pre_shared_keys(hello: ClientHello) -> None:
    """RFC 8446 sections 4.2.9 and 4.2.11."""
    extensions = hello.extensions or ()
    if extensions[-1].extension_type != _E.PRE_SHARED_KEY:
        raise PeerFault(Fault.ILLEGAL_PARAMETER, "pre_shared_key is not the last extension")
    identities, binders = pull_offered_psks(extensions[-1].body)
    if not identities or not binders:
        raise DecodeError("pre_shared_key: a list of no identities, or of no binders")
    if len(identities) != len(binders):
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            f"pre_shared_key: {len(identities)} identities, {len(binders)} binders",
        )
    if hello.extension(_E.PSK_KEY_EXCHANGE_MODES) is None:
        raise PeerFault(Fault.MISSING_EXTENSION, "pre_shared_key without psk_key_exchange_modes")


def _check_body(body: bytes, pull: Callable[[bytes], object], name: str) -> None:
    if not pull(body):
        raise DecodeError(f"{name}: empty")


def _pull_protocols(body: bytes) -> tuple[bytes, ...]:
    """The names in ALPN, none of them empty (RFC 7301 section 3.1)."""
    names = pull_alpn(body)
    if b"" in names:
        raise DecodeError("application_layer_protocol_negotiation: an empty name")
    return names


_BODIES: Mapping[int, Callable[[bytes], object]] = {
    _E.SERVER_NAME: pull_server_name,
    _E.SUPPORTED_GROUPS: pull_supported_groups,
    _E.EC_POINT_FORMATS: pull_ec_point_formats,
    _E.SIGNATURE_ALGORITHMS: pull_signature_algorithms,
    _E.SUPPORTED_VERSIONS: pull_supported_versions,
    _E.APPLICATION_LAYER_PROTOCOL_NEGOTIATION: _pull_protocols,
    _E.PSK_KEY_EXCHANGE_MODES: pull_psk_key_exchange_modes,
    _E.CERTIFICATE_AUTHORITIES: pull_certificate_authorities,
}
"""Lists that have one entry at least, by the extension that is one."""
