"""Typed bodies of the extensions a handshake needs to read or make.

Everything else stays an opaque `Extension`. A pull takes the extension's body, raises DecodeError and
nothing else, and `push(pull(body)) == body`. Which side may send what, and what it means, is for the state
machines. What a body says to a person is in `extension_text`.
"""

from handshake.wire.buffer import Reader, pack_uint, pack_uints, pack_vector

HOST_NAME = 0
"""NameType of RFC 6066 section 3, the only one."""


def pull_server_name(body: bytes) -> tuple[tuple[int, bytes], ...]:
    """A client's server_name: (name type, name) pairs (RFC 6066 section 3); a server's is empty, not this."""
    names = []
    with Reader(body) as reader, reader.block(2, "server_name_list") as block:
        while block.remaining:
            names.append((block.pull_uint(1, "name_type"), block.pull_vector(2, "host_name")))
    return tuple(names)


def push_server_name(names: tuple[tuple[int, bytes], ...]) -> bytes:
    """A client's server_name body."""
    return pack_vector(2, b"".join([pack_uint(1, kind) + pack_vector(2, name) for kind, name in names]))


def pull_supported_groups(body: bytes) -> tuple[int, ...]:
    """Named groups, most wanted first (RFC 8422 section 5.1.1, RFC 8446 section 4.2.7)."""
    return _pull_list(body, 2, 2, "named_group_list")


def push_supported_groups(groups: tuple[int, ...]) -> bytes:
    """A supported_groups body."""
    return pack_vector(2, pack_uints(2, groups))


def pull_ec_point_formats(body: bytes) -> tuple[int, ...]:
    """Point formats, 0 being uncompressed (RFC 8422 section 5.1.2)."""
    return _pull_list(body, 1, 1, "ec_point_format_list")


def push_ec_point_formats(formats: tuple[int, ...]) -> bytes:
    """An ec_point_formats body."""
    return pack_vector(1, pack_uints(1, formats))


def pull_signature_algorithms(body: bytes) -> tuple[int, ...]:
    """Signature schemes (RFC 8446 section 4.2.3); signature_algorithms_cert has the same form."""
    return _pull_list(body, 2, 2, "supported_signature_algorithms")


def push_signature_algorithms(schemes: tuple[int, ...]) -> bytes:
    """A signature_algorithms body."""
    return pack_vector(2, pack_uints(2, schemes))


def pull_supported_versions(body: bytes) -> tuple[int, ...]:
    """A client's supported_versions (RFC 8446 section 4.2.1)."""
    return _pull_list(body, 1, 2, "versions")


def push_supported_versions(versions: tuple[int, ...]) -> bytes:
    """A client's supported_versions body."""
    return pack_vector(1, pack_uints(2, versions))


def pull_selected_version(body: bytes) -> int:
    """A server's supported_versions."""
    return _pull_single(body, 2, "selected_version")


def push_selected_version(version: int) -> bytes:
    """A server's supported_versions body."""
    return pack_uint(2, version)


def pull_key_share_list(body: bytes) -> tuple[tuple[int, bytes], ...]:
    """A client's key_share: pairs of group and key_exchange (RFC 8446 section 4.2.8)."""
    shares = []
    with Reader(body) as reader, reader.block(2, "client_shares") as block:
        while block.remaining:
            shares.append(_pull_share(block))
    return tuple(shares)


def push_key_share_list(shares: tuple[tuple[int, bytes], ...]) -> bytes:
    """A client's key_share body."""
    return pack_vector(2, b"".join([push_key_share(share) for share in shares]))


def pull_key_share(body: bytes) -> tuple[int, bytes]:
    """A server's key_share: group and key_exchange."""
    with Reader(body) as reader:
        return _pull_share(reader)


def push_key_share(share: tuple[int, bytes]) -> bytes:
    """A server's key_share body, which is one entry of a client's."""
    return pack_uint(2, share[0]) + pack_vector(2, share[1])


def pull_selected_group(body: bytes) -> int:
    """The key_share of a HelloRetryRequest."""
    return _pull_single(body, 2, "selected_group")


def push_selected_group(group: int) -> bytes:
    """The key_share body of a HelloRetryRequest."""
    return pack_uint(2, group)


def pull_renegotiation_info(body: bytes) -> bytes:
    """The renegotiated_connection (RFC 5746 section 3.2); empty in a first handshake."""
    with Reader(body) as reader:
        return reader.pull_vector(1, "renegotiated_connection")


def push_renegotiation_info(renegotiated_connection: bytes) -> bytes:
    """A renegotiation_info body."""
    return pack_vector(1, renegotiated_connection)


def pull_alpn(body: bytes) -> tuple[bytes, ...]:
    """Protocol names (RFC 7301 section 3.1); a server's list has one."""
    names = []
    with Reader(body) as reader, reader.block(2, "protocol_name_list") as block:
        while block.remaining:
            names.append(block.pull_vector(1, "protocol_name"))
    return tuple(names)


def push_alpn(names: tuple[bytes, ...]) -> bytes:
    """An application_layer_protocol_negotiation body."""
    return pack_vector(2, b"".join([pack_vector(1, name) for name in names]))


def pull_certificate_authorities(body: bytes) -> tuple[bytes, ...]:
    """Distinguished names in DER (RFC 8446 section 4.2.4)."""
    names = []
    with Reader(body) as reader, reader.block(2, "authorities") as block:
        while block.remaining:
            names.append(block.pull_vector(2, "distinguished name"))
    return tuple(names)


def push_certificate_authorities(names: tuple[bytes, ...]) -> bytes:
    """A certificate_authorities body."""
    return pack_vector(2, b"".join([pack_vector(2, name) for name in names]))


def pull_compress_certificate(body: bytes) -> tuple[int, ...]:
    """Certificate compression algorithms, most wanted first (RFC 8879 section 3)."""
    return _pull_list(body, 1, 2, "algorithms")


def push_compress_certificate(algorithms: tuple[int, ...]) -> bytes:
    """A compress_certificate body."""
    return pack_vector(1, pack_uints(2, algorithms))


def pull_psk_key_exchange_modes(body: bytes) -> tuple[int, ...]:
    """Modes, 0 being psk_ke and 1 psk_dhe_ke (RFC 8446 section 4.2.9)."""
    return _pull_list(body, 1, 1, "ke_modes")


def push_psk_key_exchange_modes(modes: tuple[int, ...]) -> bytes:
    """A psk_key_exchange_modes body."""
    return pack_vector(1, pack_uints(1, modes))


def pull_cookie(body: bytes) -> bytes:
    """The cookie of a HelloRetryRequest, to be sent back (RFC 8446 section 4.2.2)."""
    with Reader(body) as reader:
        return reader.pull_vector(2, "cookie")


def push_cookie(cookie: bytes) -> bytes:
    """A cookie body."""
    return pack_vector(2, cookie)


def pull_offered_psks(body: bytes) -> tuple[tuple[tuple[bytes, int], ...], tuple[bytes, ...]]:
    """A client's pre_shared_key: (identity, obfuscated age) pairs, and binders (RFC 8446 section 4.2.11)."""
    identities = []
    binders = []
    with Reader(body) as reader:
        with reader.block(2, "identities") as block:
            while block.remaining:
                identities.append(
                    (block.pull_vector(2, "identity"), block.pull_uint(4, "obfuscated_ticket_age"))
                )
        with reader.block(2, "binders") as block:
            while block.remaining:
                binders.append(block.pull_vector(1, "binder"))
    return tuple(identities), tuple(binders)


def push_offered_psks(identities: tuple[tuple[bytes, int], ...], binders: tuple[bytes, ...]) -> bytes:
    """A client's pre_shared_key body."""
    listed = b"".join([pack_vector(2, identity) + pack_uint(4, age) for identity, age in identities])
    return pack_vector(2, listed) + pack_vector(2, b"".join([pack_vector(1, binder) for binder in binders]))


def pull_selected_identity(body: bytes) -> int:
    """A server's pre_shared_key: the index of the identity it took."""
    return _pull_single(body, 2, "selected_identity")


def push_selected_identity(index: int) -> bytes:
    """A server's pre_shared_key body."""
    return pack_uint(2, index)


def _pull_list(body: bytes, prefix_size: int, size: int, name: str) -> tuple[int, ...]:
    with Reader(body) as reader:
        return reader.pull_uint_vector(prefix_size, size, name)


def _pull_single(body: bytes, size: int, name: str) -> int:
    with Reader(body) as reader:
        return reader.pull_uint(size, name)


def _pull_share(reader: Reader) -> tuple[int, bytes]:
    group = reader.pull_uint(2, "group")
    return group, reader.pull_vector(2, "key_exchange")
