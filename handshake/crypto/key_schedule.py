"""Key schedules of SSLv3 and TLS 1.0 to 1.2: from the premaster secret to keys and Finished values.

SSLv3 expands with MD5 over SHA-1 over 'A', 'BB', 'CCC' ... (RFC 6101 section 6.1), TLS 1.0 and 1.1 with the
PRF that splits the secret between MD5 and SHA-1 (RFC 2246 section 5), TLS 1.2 with one hash (RFC 5246 section
5). A `version` is a code point, 0x0300 to 0x0303; `prf_hash` is a hashlib name and is looked at in TLS 1.2
only.

HMAC comes from `cryptography`: copying a keyed context costs half of what hmac.digest and hmac.copy do, and a
full handshake needs some sixty of them.
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from handshake.crypto.suite_parameters import CipherKind, SuiteParameters
from handshake.wire.registry import ProtocolVersion

MASTER_SECRET_LENGTH = 48


class Role(StrEnum):
    """Which side of the connection."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class WriteKeys:
    """What one side writes records with (RFC 5246 section 6.3); an absent part is empty.

    `iv` is the CBC initialization vector up to TLS 1.0, the fixed part of an AEAD's nonce from TLS 1.2.
    """

    mac_secret: bytes = field(repr=False)
    key: bytes = field(repr=False)
    iv: bytes = field(repr=False)


def hash_algorithm(name: str) -> hashes.HashAlgorithm:
    """The hash of a hashlib name ("md5", "sha1", "sha256" ...), as `cryptography` wants it."""
    return _HASH_ALGORITHMS[name]


def prf(version: int, prf_hash: str, secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
    """TLS's pseudorandom function (RFC 2246 section 5, RFC 5246 section 5); SSLv3 has none."""
    if version >= ProtocolVersion.TLS_1_2:
        return _p_hash(prf_hash, secret, label + seed, length)
    half = (len(secret) + 1) // 2
    md5 = _p_hash("md5", secret[:half], label + seed, length)
    sha1 = _p_hash("sha1", secret[len(secret) - half :], label + seed, length)
    return (int.from_bytes(md5, "big") ^ int.from_bytes(sha1, "big")).to_bytes(length, "big")


def ssl3_expand(secret: bytes, seed: bytes, length: int) -> bytes:
    """SSLv3's expansion, at most 26 rounds of 16 bytes (RFC 6101 sections 6.1 and 6.2.2)."""
    rounds = -(-length // 16)
    blocks = (
        hashlib.md5(secret + hashlib.sha1(bytes((0x41 + i,)) * (i + 1) + secret + seed).digest()).digest()
        for i in range(rounds)
    )
    return b"".join(blocks)[:length]


def master_secret(
    version: int, prf_hash: str, pre_master_secret: bytes, client_random: bytes, server_random: bytes
) -> bytes:
    """The 48-byte master secret (RFC 6101 section 6.1, RFC 5246 section 8.1)."""
    seed = client_random + server_random
    if version == ProtocolVersion.SSL_3_0:
        return ssl3_expand(pre_master_secret, seed, MASTER_SECRET_LENGTH)
    return prf(version, prf_hash, pre_master_secret, b"master secret", seed, MASTER_SECRET_LENGTH)


def extended_master_secret(
    version: int, prf_hash: str, pre_master_secret: bytes, session_hash: bytes
) -> bytes:
    """The master secret bound to the handshake so far (RFC 7627 section 4); SSLv3 has no such thing."""
    return prf(
        version, prf_hash, pre_master_secret, b"extended master secret", session_hash, MASTER_SECRET_LENGTH
    )


def session_hash(version: int, prf_hash: str, handshake_messages: bytes) -> bytes:
    """The hash of handshake messages that TLS 1.0 to 1.2 use (RFC 7627 section 3, RFC 5246 section 7.4.9)."""
    if version >= ProtocolVersion.TLS_1_2:
        return hashlib.new(prf_hash, handshake_messages).digest()
    return hashlib.md5(handshake_messages).digest() + hashlib.sha1(handshake_messages).digest()


def finished_verify_data(
    version: int, prf_hash: str, master_secret: bytes, handshake_messages: bytes, role: Role
) -> bytes:
    """Finished.verify_data of `role`: 12 bytes (RFC 5246 section 7.4.9), 36 in SSLv3 (RFC 6101 section
    5.6.9).

    `handshake_messages` are all messages up to, not including, this Finished, with their 4-byte headers.
    """
    if version == ProtocolVersion.SSL_3_0:
        return _ssl3_handshake_hash(master_secret, handshake_messages, _SSL3_SENDERS[role])
    digest = session_hash(version, prf_hash, handshake_messages)
    return prf(version, prf_hash, master_secret, _FINISHED_LABELS[role], digest, 12)


def ssl3_certificate_verify_hash(master_secret: bytes, handshake_messages: bytes) -> bytes:
    """What an SSLv3 CertificateVerify signs: 16 bytes of MD5, then 20 of SHA-1 (RFC 6101 section 5.6.8)."""
    return _ssl3_handshake_hash(master_secret, handshake_messages, b"")


def key_block(
    version: int, prf_hash: str, master_secret: bytes, server_random: bytes, client_random: bytes, length: int
) -> bytes:
    """The first `length` bytes of key_block; mind the order of the randoms (RFC 5246 section 6.3)."""
    seed = server_random + client_random
    if version == ProtocolVersion.SSL_3_0:
        return ssl3_expand(master_secret, seed, length)
    return prf(version, prf_hash, master_secret, b"key expansion", seed, length)


def connection_keys(
    parameters: SuiteParameters,
    version: int,
    master_secret: bytes,
    client_random: bytes,
    server_random: bytes,
) -> tuple[WriteKeys, WriteKeys]:
    """The keys of the client's writing and of the server's, export weakening included."""
    cipher = parameters.cipher
    mac_length = parameters.mac.digest_length if parameters.mac is not None else 0
    if cipher.kind is CipherKind.BLOCK:
        iv_length = cipher.block_length if version <= ProtocolVersion.TLS_1_0 else 0
    else:
        iv_length = cipher.fixed_iv_length
    lengths = (mac_length, cipher.key_material, iv_length)
    block = key_block(
        version, parameters.prf_hash, master_secret, server_random, client_random, 2 * sum(lengths)
    )
    parts, offset = [], 0
    for length in lengths:
        for _ in range(2):
            parts.append(block[offset : offset + length])
            offset += length
    client_mac, server_mac, client_key, server_key, client_iv, server_iv = parts
    if parameters.is_export:
        client_key, server_key = _export_keys(
            parameters, version, (client_key, server_key), client_random, server_random
        )
        client_iv, server_iv = _export_ivs(
            version, parameters.prf_hash, iv_length, client_random, server_random
        )
    return WriteKeys(client_mac, client_key, client_iv), WriteKeys(server_mac, server_key, server_iv)


def _export_keys(
    parameters: SuiteParameters,
    version: int,
    material: tuple[bytes, bytes],
    client_random: bytes,
    server_random: bytes,
) -> tuple[bytes, bytes]:
    """final_client_write_key, final_server_write_key (RFC 6101 section 6.2.2.1, RFC 2246 section 6.3.1)."""
    client, server = material
    length = parameters.cipher.key_length
    seed = client_random + server_random
    if version == ProtocolVersion.SSL_3_0:
        return (
            hashlib.md5(client + seed).digest()[:length],
            hashlib.md5(server + server_random + client_random).digest()[:length],
        )
    return (
        prf(version, parameters.prf_hash, client, b"client write key", seed, length),
        prf(version, parameters.prf_hash, server, b"server write key", seed, length),
    )


def _export_ivs(
    version: int, prf_hash: str, length: int, client_random: bytes, server_random: bytes
) -> tuple[bytes, bytes]:
    """The initialization vectors of export ciphers hang on the randoms alone (same sections as the keys)."""
    seed = client_random + server_random
    if version == ProtocolVersion.SSL_3_0:
        return (
            hashlib.md5(seed).digest()[:length],
            hashlib.md5(server_random + client_random).digest()[:length],
        )
    block = prf(version, prf_hash, b"", b"IV block", seed, 2 * length)
    return block[:length], block[length:]


def _p_hash(hash_name: str, secret: bytes, seed: bytes, length: int) -> bytes:
    """P_hash of RFC 5246 section 5."""
    keyed = HMAC(secret, _HASH_ALGORITHMS[hash_name])
    output, a = b"", seed
    while len(output) < length:
        step = keyed.copy()
        step.update(a)
        a = step.finalize()
        step = keyed.copy()
        step.update(a + seed)
        output += step.finalize()
    return output[:length]


def _ssl3_handshake_hash(master_secret: bytes, handshake_messages: bytes, sender: bytes) -> bytes:
    digests = []
    for name, pad_length in (("md5", 48), ("sha1", 40)):
        inner = hashlib.new(name, handshake_messages + sender + master_secret + b"\x36" * pad_length).digest()
        digests.append(hashlib.new(name, master_secret + b"\x5c" * pad_length + inner).digest())
    return b"".join(digests)


_HASH_ALGORITHMS: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),
    "sha1": hashes.SHA1(),
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_SSL3_SENDERS = {Role.CLIENT: b"CLNT", Role.SERVER: b"SRVR"}
_FINISHED_LABELS = {Role.CLIENT: b"client finished", Role.SERVER: b"server finished"}
