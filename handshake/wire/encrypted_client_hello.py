"""What a server says about Encrypted ClientHello (RFC 9849): lists of ECHConfigs, and the confirmation in a
HelloRetryRequest.

No hello is encrypted or decrypted here: clients that are played send an extension without meaning (section
6.2), and a server that cannot decrypt what came answers with the configurations that it has (section 7.1).
"""

from typing import TypeVar

from msgspec import Struct

from handshake.errors import DecodeError
from handshake.wire.buffer import Reader, Writer, pack_uint, pack_vector

_Content = TypeVar("_Content", bytes, tuple[int, ...])

VERSION = 0xFE0D
"""Of the ECHConfigs whose contents RFC 9849 section 4 says."""
CONFIRMATION_SIZE = 8
"""Bytes of the extension in a HelloRetryRequest (section 5)."""

DHKEM_X25519_HKDF_SHA256 = 0x0020
"""RFC 9180 section 7.1."""
CIPHER_SUITES = ((0x0001, 0x0001), (0x0001, 0x0003))
"""HKDF-SHA256 with AES-128-GCM and with ChaCha20Poly1305 (RFC 9180 sections 7.2 and 7.3)."""


class ECHConfig(Struct, frozen=True):
    """One configuration: `contents` as they are of a version that is not `VERSION`."""

    version: int
    contents: bytes


class ECHConfigContents(Struct, frozen=True):
    """What a configuration of `VERSION` says (RFC 9849 section 4). A cipher suite is a KDF and an AEAD; an
    extension is a type and a body.
    """

    config_id: int
    public_key: bytes
    public_name: bytes
    kem: int = DHKEM_X25519_HKDF_SHA256
    cipher_suites: tuple[tuple[int, int], ...] = CIPHER_SUITES
    maximum_name_length: int = 0
    extensions: tuple[tuple[int, bytes], ...] = ()


def pull_ech_config_list(body: bytes) -> tuple[ECHConfig, ...]:
    """The list in EncryptedExtensions, one configuration or more, each read whole where its version is
    known. Raises DecodeError.
    """
    configs = []
    with Reader(body) as reader, reader.block(2, "ECHConfigList") as block:
        if not block.remaining:
            raise DecodeError("ECHConfigList: empty")
        while block.remaining:
            version = block.pull_uint(2, "version")
            contents = block.pull_vector(2, "contents")
            if version == VERSION:
                pull_ech_config_contents(contents)
            configs.append(ECHConfig(version, contents))
    return tuple(configs)


def push_ech_config_list(configs: tuple[ECHConfig, ...]) -> bytes:
    """The list as an extension has it."""
    return pack_vector(
        2, b"".join(pack_uint(2, one.version) + pack_vector(2, one.contents) for one in configs)
    )


def pull_ech_config_contents(contents: bytes) -> ECHConfigContents:
    """The contents of a configuration of `VERSION`. Raises DecodeError."""
    with Reader(contents) as reader:
        config_id, kem = reader.pull_uint(1, "config_id"), reader.pull_uint(2, "kem_id")
        public_key = _filled(reader.pull_vector(2, "public_key"), "public_key")
        pairs = _filled(reader.pull_uint_vector(2, 4, "cipher_suites"), "cipher_suites")
        maximum_name_length = reader.pull_uint(1, "maximum_name_length")
        public_name = _filled(reader.pull_vector(1, "public_name"), "public_name")
        extensions = []
        with reader.block(2, "extensions") as block:
            while block.remaining:
                extensions.append((block.pull_uint(2, "type"), block.pull_vector(2, "data")))
    suites = tuple((pair >> 16, pair & 0xFFFF) for pair in pairs)
    return ECHConfigContents(
        config_id, public_key, public_name, kem, suites, maximum_name_length, tuple(extensions)
    )


def push_ech_config_contents(contents: ECHConfigContents) -> bytes:
    """The contents of a configuration of `VERSION`."""
    writer = Writer()
    writer.push_uint(1, contents.config_id)
    writer.push_uint(2, contents.kem)
    writer.push_vector(2, contents.public_key)
    writer.push_vector(
        2, b"".join(pack_uint(2, kdf) + pack_uint(2, aead) for kdf, aead in contents.cipher_suites)
    )
    writer.push_uint(1, contents.maximum_name_length)
    writer.push_vector(1, contents.public_name)
    with writer.block(2):
        for extension_type, body in contents.extensions:
            writer.push_uint(2, extension_type)
            writer.push_vector(2, body)
    return writer.data()


def check_ech_confirmation(body: bytes) -> None:
    """Read the extension of a HelloRetryRequest. Raises DecodeError."""
    with Reader(body) as reader:
        reader.pull_bytes(CONFIRMATION_SIZE, "confirmation")


def _filled(content: _Content, name: str) -> _Content:
    if not content:
        raise DecodeError(f"{name}: empty", 0, f"ech-config-{name.replace('_', '-')}-empty")
    return content
