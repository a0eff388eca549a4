"""What an extension's body says, in one line for a person. Pure.

Each kind of body has functions that read it, for a client's form and then for a server's; the first that can
counts. A body that none reads, or of which nothing is known, is its hex.
"""

from collections.abc import Callable, Iterable, Mapping

from handshake.errors import DecodeError
from handshake.wire.buffer import Reader
from handshake.wire.extensions import (
    pull_alpn,
    pull_certificate_authorities,
    pull_compress_certificate,
    pull_cookie,
    pull_ec_point_formats,
    pull_key_share,
    pull_key_share_list,
    pull_offered_psks,
    pull_psk_key_exchange_modes,
    pull_renegotiation_info,
    pull_selected_group,
    pull_selected_identity,
    pull_selected_version,
    pull_server_name,
    pull_signature_algorithms,
    pull_supported_groups,
    pull_supported_versions,
)
from handshake.wire.registry import (
    ExtensionType,
    group_name,
    is_grease,
    signature_scheme_name,
    version_name,
)


def describe_extension(extension_type: int, body: bytes) -> str:
    """What an extension's body says, in one line of printable ASCII: "x25519, secp256r1"; else its hex.

    The client's form is tried, then the server's. The extension's name is not repeated.
    """
    if not body:
        return "empty"
    for describe in _DESCRIPTIONS.get(extension_type, ()):
        try:
            return describe(body)
        except DecodeError:
            continue
    return body.hex()


def _named(names: Mapping[int, str]) -> Callable[[int], str]:
    return lambda code: names.get(code, f"0x{code:02x}")


_point_format = _named({0: "uncompressed", 1: "ansiX962_compressed_prime", 2: "ansiX962_compressed_char2"})
_key_exchange_mode = _named({0: "psk_ke", 1: "psk_dhe_ke"})  # RFC 8446 section 4.2.9
_compression = _named({1: "zlib", 2: "brotli", 3: "zstd"})  # RFC 8879 section 7.3
_status_type = _named({1: "ocsp", 2: "ocsp_multi"})  # RFC 6961 section 2.2
_certificate_type = _named({0: "X509", 1: "OpenPGP", 2: "RawPublicKey"})  # RFC 7250 section 3
_fragment_length = _named({1: "512", 2: "1024", 3: "2048", 4: "4096"})  # RFC 6066 section 4
_heartbeat_mode = _named({1: "peer_allowed_to_send", 2: "peer_not_allowed_to_send"})  # RFC 6520 section 2
_kdf = _named({1: "HKDF-SHA256", 2: "HKDF-SHA384", 3: "HKDF-SHA512"})  # RFC 9180 section 7.2
_aead = _named({1: "AES-128-GCM", 2: "AES-256-GCM", 3: "ChaCha20Poly1305"})  # RFC 9180 section 7.3


def _text(name: bytes) -> str:
    """A peer's text; what is not printable ASCII is escaped."""
    return "".join([chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in name])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "an empty list"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _version(version: int) -> str:
    return "GREASE" if is_grease(version) else version_name(version)


def _share(share: tuple[int, bytes]) -> str:
    return f"{group_name(share[0])} ({len(share[1])} bytes)"


def _renegotiation_info(body: bytes) -> str:
    return pull_renegotiation_info(body).hex() or "first handshake"


def _padding(body: bytes) -> str:
    if body.strip(b"\x00"):
        raise DecodeError("padding: not all zeros")
    return f"{len(body)} zero bytes"


def _number(body: bytes, size: int) -> int:
    with Reader(body) as reader:
        return reader.pull_uint(size)


def _numbers(body: bytes, prefix_size: int, size: int) -> tuple[int, ...]:
    with Reader(body) as reader:
        return reader.pull_uint_vector(prefix_size, size)


def _status_request(body: bytes) -> str:
    """RFC 6066 section 8."""
    with Reader(body) as reader:
        said = _status_type(reader.pull_uint(1))
        responders, extensions = reader.pull_vector(2), reader.pull_vector(2)
    more = [f"{len(responders)} bytes of responder ids"] if responders else []
    more += [f"{len(extensions)} bytes of request extensions"] if extensions else []
    return ", ".join([said, *more])


def _status_requests(body: bytes) -> str:
    """RFC 6961 section 2.2."""
    said = []
    with Reader(body) as reader, reader.block(2) as block:
        while block.remaining:
            said.append(_status_type(block.pull_uint(1)))
            block.pull_vector(2)
    return _listed(said)


def _offered_psks(body: bytes) -> str:
    identities, binders = pull_offered_psks(body)
    sizes = ", ".join(str(len(identity)) for identity, _ in identities)
    return f"identities of {sizes} bytes, {_count(len(binders), 'binder')}"


def _encrypted_client_hello(body: bytes) -> str:
    """draft-ietf-tls-esni section 5."""
    with Reader(body) as reader:
        if reader.pull_uint(1) == 1:
            return "inner"
        kdf, aead, config = reader.pull_uint(2), reader.pull_uint(2), reader.pull_uint(1)
        enc, payload = reader.pull_vector(2), reader.pull_vector(2)
    suite = f"{_kdf(kdf)}, {_aead(aead)}"
    return f"outer, {suite}, config {config}, enc of {len(enc)} bytes, payload of {len(payload)} bytes"


def _trust_anchors(body: bytes) -> str:
    """draft-ietf-tls-trust-anchor-ids section 4."""
    count = 0
    with Reader(body) as reader, reader.block(2) as block:
        while block.remaining:
            block.pull_vector(1)
            count += 1
    return _count(count, "trust anchor id")


def _token_binding(body: bytes) -> str:
    """RFC 8472 section 2."""
    with Reader(body) as reader:
        version, keys = reader.pull_bytes(2), reader.pull_uint_vector(1, 1)
    names = _named({0: "rsa2048_pkcs1.5", 1: "rsa2048_pss", 2: "ecdsap256"})
    return f"version {version[0]}.{version[1]}, {_listed(map(names, keys))}"


def _ticket_request(body: bytes) -> str:
    """RFC 9149 section 3."""
    with Reader(body) as reader:
        new, resumed = reader.pull_uint(1), reader.pull_uint(1)
    return f"{new} for a new session, {resumed} for a resumed one"


_Describe = tuple[Callable[[bytes], str], ...]
_SCHEMES: _Describe = (lambda body: _listed(map(signature_scheme_name, pull_signature_algorithms(body))),)
_PROTOCOLS: _Describe = (lambda body: _listed(map(_text, pull_alpn(body))),)
_CERTIFICATE_TYPES: _Describe = (
    lambda body: _listed(map(_certificate_type, _numbers(body, 1, 1))),
    lambda body: _certificate_type(_number(body, 1)),
)
_KEY_SHARES: _Describe = (
    lambda body: group_name(pull_selected_group(body)),
    lambda body: _listed(map(_share, pull_key_share_list(body))),
    lambda body: _share(pull_key_share(body)),
)

_DESCRIPTIONS: dict[int, _Describe] = {
    ExtensionType.SERVER_NAME: (lambda body: _listed([_text(name) for _, name in pull_server_name(body)]),),
    ExtensionType.MAX_FRAGMENT_LENGTH: (lambda body: f"{_fragment_length(_number(body, 1))} bytes",),
    ExtensionType.STATUS_REQUEST: (_status_request,),
    ExtensionType.STATUS_REQUEST_V2: (_status_requests,),
    ExtensionType.SUPPORTED_GROUPS: (lambda body: _listed(map(group_name, pull_supported_groups(body))),),
    ExtensionType.EC_POINT_FORMATS: (lambda body: _listed(map(_point_format, pull_ec_point_formats(body))),),
    ExtensionType.SIGNATURE_ALGORITHMS: _SCHEMES,
    ExtensionType.SIGNATURE_ALGORITHMS_CERT: _SCHEMES,
    ExtensionType.DELEGATED_CREDENTIAL: _SCHEMES,
    ExtensionType.HEARTBEAT: (lambda body: _heartbeat_mode(_number(body, 1)),),
    ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION: _PROTOCOLS,
    ExtensionType.APPLICATION_SETTINGS: _PROTOCOLS,
    ExtensionType.APPLICATION_SETTINGS_NEW: _PROTOCOLS,
    ExtensionType.CLIENT_CERTIFICATE_TYPE: _CERTIFICATE_TYPES,
    ExtensionType.SERVER_CERTIFICATE_TYPE: _CERTIFICATE_TYPES,
    ExtensionType.PADDING: (_padding,),
    ExtensionType.TOKEN_BINDING: (_token_binding,),
    ExtensionType.COMPRESS_CERTIFICATE: (
        lambda body: _listed(map(_compression, pull_compress_certificate(body))),
    ),
    ExtensionType.RECORD_SIZE_LIMIT: (lambda body: f"{_number(body, 2)} bytes",),
    ExtensionType.SESSION_TICKET: (lambda body: f"a ticket of {len(body)} bytes",),
    ExtensionType.KEY_SHARE: _KEY_SHARES,
    ExtensionType.KEY_SHARE_DRAFT: _KEY_SHARES,
    ExtensionType.PRE_SHARED_KEY: (
        lambda body: f"identity {pull_selected_identity(body)}",
        _offered_psks,
    ),
    ExtensionType.SUPPORTED_VERSIONS: (
        lambda body: _version(pull_selected_version(body)),
        lambda body: _listed(map(_version, pull_supported_versions(body))),
    ),
    ExtensionType.COOKIE: (lambda body: f"{len(pull_cookie(body))} bytes",),
    ExtensionType.PSK_KEY_EXCHANGE_MODES: (
        lambda body: _listed(map(_key_exchange_mode, pull_psk_key_exchange_modes(body))),
    ),
    ExtensionType.CERTIFICATE_AUTHORITIES: (
        lambda body: _count(len(pull_certificate_authorities(body)), "distinguished name"),
    ),
    ExtensionType.TICKET_REQUEST: (_ticket_request,),
    ExtensionType.ENCRYPTED_CLIENT_HELLO: (_encrypted_client_hello,),
    ExtensionType.RENEGOTIATION_INFO: (_renegotiation_info,),
    ExtensionType.TRUST_ANCHORS: (_trust_anchors,),
}
"""How to describe a body, by extension type; forms are tried in order."""
