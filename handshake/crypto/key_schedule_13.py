"""TLS 1.3's key schedule: HKDF over the transcript (RFC 8446 section 7.1, RFC 5869).

Secrets go Early -> Handshake -> Master; traffic secrets, Finished keys and binders branch off with a label
and the hash of the handshake messages so far. `prf_hash` is the suite's hash by its hashlib name;
`transcript_hash` the hash of all messages with their headers, in which a first hello answered by
HelloRetryRequest is replaced by `message_hash`.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cache

from handshake.crypto.key_schedule import Role
from handshake.wire.registry import HandshakeType

IV_LENGTH = 12


@dataclass(frozen=True, slots=True)
class TrafficSecrets:
    """A pair of traffic secrets, handshake or application; or handshake secrets."""

    client: bytes = field(repr=False)
    server: bytes = field(repr=False)

    def of(self, role: Role) -> bytes:
        """The secret `role` writes with."""
        return self.client if role is Role.CLIENT else self.server


@dataclass(frozen=True, slots=True)
class TrafficKeys:
    """What one side protects records with (RFC 8446 section 7.3): the cipher's key and the 12-byte iv."""

    key: bytes = field(repr=False)
    iv: bytes = field(repr=False)


@cache
def hash_length(prf_hash: str) -> int:
    """Hash.length of RFC 8446 section 7.1, in bytes."""
    return hashlib.new(prf_hash).digest_size


def hkdf_extract(prf_hash: str, salt: bytes, input_key_material: bytes) -> bytes:
    """HKDF-Extract (RFC 5869 section 2.2)."""
    return hmac.digest(salt, input_key_material, prf_hash)


def hkdf_expand(prf_hash: str, pseudorandom_key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand (RFC 5869 section 2.3); `length` at most 255 hashes."""
    output = block = hmac.digest(pseudorandom_key, info + b"\x01", prf_hash)
    counter = 2
    while len(output) < length:
        block = hmac.digest(pseudorandom_key, block + info + bytes((counter,)), prf_hash)
        output += block
        counter += 1
    return output[:length]


def hkdf_expand_label(prf_hash: str, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label; `label` without its "tls13 " prefix."""
    info = b"%b%c%b" % (_hkdf_label_prefix(label, length), len(context), context)
    return hkdf_expand(prf_hash, secret, info, length)


def derive_secret(prf_hash: str, secret: bytes, label: bytes, transcript_hash: bytes) -> bytes:
    """Derive-Secret, given the transcript's hash rather than its messages."""
    return hkdf_expand_label(prf_hash, secret, label, transcript_hash, len(transcript_hash))


def early_secret(prf_hash: str, psk: bytes | None = None) -> bytes:
    """Early Secret; without a PSK the input is zeros."""
    zeros = bytes(hash_length(prf_hash))
    return _early_secret_without_psk(prf_hash) if psk is None else hkdf_extract(prf_hash, zeros, psk)


def handshake_secret(prf_hash: str, early_secret: bytes, shared_secret: bytes | None) -> bytes:
    """Handshake Secret; `shared_secret` is the (EC)DHE one, None with a PSK alone."""
    if early_secret == _early_secret_without_psk(prf_hash):
        salt = _salt_without_psk(prf_hash)
    else:
        salt = derive_secret(prf_hash, early_secret, b"derived", _empty_hash(prf_hash))
    return hkdf_extract(prf_hash, salt, bytes(len(salt)) if shared_secret is None else shared_secret)


def master_secret(prf_hash: str, handshake_secret: bytes) -> bytes:
    """Master Secret."""
    salt = derive_secret(prf_hash, handshake_secret, b"derived", _empty_hash(prf_hash))
    return hkdf_extract(prf_hash, salt, bytes(len(salt)))


def handshake_traffic_secrets(
    prf_hash: str, handshake_secret: bytes, transcript_hash: bytes
) -> TrafficSecrets:
    """[client, server]_handshake_traffic_secret; transcript ClientHello...ServerHello."""
    return TrafficSecrets(
        derive_secret(prf_hash, handshake_secret, b"c hs traffic", transcript_hash),
        derive_secret(prf_hash, handshake_secret, b"s hs traffic", transcript_hash),
    )


def application_traffic_secrets(
    prf_hash: str, master_secret: bytes, transcript_hash: bytes
) -> TrafficSecrets:
    """[client, server]_application_traffic_secret_0; transcript ClientHello...server Finished."""
    return TrafficSecrets(
        derive_secret(prf_hash, master_secret, b"c ap traffic", transcript_hash),
        derive_secret(prf_hash, master_secret, b"s ap traffic", transcript_hash),
    )


def next_traffic_secret(prf_hash: str, traffic_secret: bytes) -> bytes:
    """application_traffic_secret_N+1, after a KeyUpdate (RFC 8446 section 7.2)."""
    return hkdf_expand_label(prf_hash, traffic_secret, b"traffic upd", b"", len(traffic_secret))


def traffic_keys(prf_hash: str, traffic_secret: bytes, key_length: int) -> TrafficKeys:
    """Record keys of a traffic secret (RFC 8446 section 7.3)."""
    return TrafficKeys(
        hkdf_expand_label(prf_hash, traffic_secret, b"key", b"", key_length),
        hkdf_expand_label(prf_hash, traffic_secret, b"iv", b"", IV_LENGTH),
    )


def finished_verify_data(prf_hash: str, base_key: bytes, transcript_hash: bytes) -> bytes:
    """Finished.verify_data, or a PSK binder (RFC 8446 sections 4.4.4 and 4.2.11.2).

    `base_key` is the sender's handshake traffic secret, or `binder_key`.
    """
    finished_key = hkdf_expand_label(prf_hash, base_key, b"finished", b"", len(base_key))
    return hmac.digest(finished_key, transcript_hash, prf_hash)


def resumption_binder_key(prf_hash: str, early_secret: bytes) -> bytes:
    """binder_key of a PSK that came with a NewSessionTicket."""
    return derive_secret(prf_hash, early_secret, b"res binder", _empty_hash(prf_hash))


def resumption_master_secret(prf_hash: str, master_secret: bytes, transcript_hash: bytes) -> bytes:
    """resumption_master_secret; transcript ClientHello...client Finished."""
    return derive_secret(prf_hash, master_secret, b"res master", transcript_hash)


def resumption_psk(prf_hash: str, resumption_master_secret: bytes, ticket_nonce: bytes) -> bytes:
    """The PSK of one ticket (RFC 8446 section 4.6.1)."""
    length = len(resumption_master_secret)
    return hkdf_expand_label(prf_hash, resumption_master_secret, b"resumption", ticket_nonce, length)


def message_hash(prf_hash: str, client_hello: bytes) -> bytes:
    """The synthetic message that stands for the first ClientHello after a HelloRetryRequest (RFC 8446 section
    4.4.1).

    `client_hello` is the whole message with its 4-byte header; so is what comes back.
    """
    digest = hashlib.new(prf_hash, client_hello).digest()
    return bytes((HandshakeType.MESSAGE_HASH, 0, 0, len(digest))) + digest


@cache
def _early_secret_without_psk(prf_hash: str) -> bytes:
    """Nothing of a connection goes into it, and so into the salt that follows from it."""
    zeros = bytes(hash_length(prf_hash))
    return hkdf_extract(prf_hash, zeros, zeros)


@cache
def _salt_without_psk(prf_hash: str) -> bytes:
    return derive_secret(prf_hash, _early_secret_without_psk(prf_hash), b"derived", _empty_hash(prf_hash))


@cache
def _empty_hash(prf_hash: str) -> bytes:
    return hashlib.new(prf_hash).digest()


@cache
def _hkdf_label_prefix(label: bytes, length: int) -> bytes:
    full = b"tls13 " + label
    return length.to_bytes(2, "big") + bytes((len(full),)) + full
