"""The extensions that a server answers with: those of a ServerHello in a stack's own order, and those of
EncryptedExtensions.
"""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from handshake import record_size
from handshake.errors import Fault, PeerFault
from handshake.record_layer import RecordLayer
from handshake.server.application import alpn_answer, application_settings
from handshake.server.handshake import ServerHandshake
from handshake.server.strictness import AnsweredExtension, Body
from handshake.wire.buffer import Reader, pack_uint
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.client_hello import ClientHello, Extension
from handshake.wire.encrypted_client_hello import (
    VERSION,
    ECHConfig,
    ECHConfigContents,
    push_ech_config_contents,
    push_ech_config_list,
)
from handshake.wire.registry import ExtensionType

PUBLIC_NAME = b"public.example.test"
"""The public_name of the ECHConfigs made here."""
_ECH_OUTER = b"\x00"
"""How the extension of a hello begins that is not the inner one (RFC 9849 section 5)."""


def arrange(
    negotiated: tuple[Extension, ...],
    hello: ClientHello,
    cipher_suite: int,
    answered: tuple[AnsweredExtension, ...],
) -> tuple[Extension, ...]:
    """Put what was negotiated where `answered` has it, and add what it has besides."""
    bodies: Mapping[int, bytes] = {each.extension_type: each.body for each in negotiated}
    name = cipher_suite_name(cipher_suite)
    arranged = []
    for rule in answered:
        offered = hello.extension(rule.extension)
        body = bodies.get(rule.extension)
        if offered is not None and fnmatchcase(name, rule.cipher_suites):
            body = offered if rule.body is Body.ECHO else body if rule.body is None else rule.body
        if body is not None:
            arranged.append(Extension(rule.extension, body))
    return tuple(arranged)


def encrypted_extensions(handshake: ServerHandshake) -> tuple[Extension, ...]:
    """The extensions of EncryptedExtensions (RFC 8446 section 4.3.1)."""
    hello, configuration = handshake.client_hello, handshake.configuration
    protocol, entropy = handshake.application_protocol, handshake.connection.entropy
    return (
        *alpn_answer(protocol),
        *application_settings(hello, configuration, protocol),
        *record_size_limit(hello, configuration.record_size_limit),
        *ech_retry_configs(hello, configuration.ech_retry_configs, entropy),
    )


def ech_retry_configs(
    hello: ClientHello, count: int, entropy: Callable[[int], bytes]
) -> tuple[Extension, ...]:
    """The extension of a server that did not decrypt what the hello has: that many configurations (RFC 9849
    section 7.1).
    """
    offered = hello.extension(ExtensionType.ENCRYPTED_CLIENT_HELLO)
    if not count or offered is None or not offered.startswith(_ECH_OUTER):
        return ()
    configs = tuple(ECHConfig(VERSION, push_ech_config_contents(_drawn(entropy))) for _ in range(count))
    return (Extension(ExtensionType.ENCRYPTED_CLIENT_HELLO, push_ech_config_list(configs)),)


def _drawn(entropy: Callable[[int], bytes]) -> ECHConfigContents:
    """A configuration with 32 random bytes as its key, which X25519 takes (RFC 7748 section 5)."""
    return ECHConfigContents(entropy(1)[0], entropy(32), PUBLIC_NAME)


def record_size_limit(hello: ClientHello, limit: int | None) -> tuple[Extension, ...]:
    """The extension with the server's limit, for a client that has sent its own (RFC 8449 section 4)."""
    if limit is None or hello.extension(ExtensionType.RECORD_SIZE_LIMIT) is None:
        return ()
    return (Extension(ExtensionType.RECORD_SIZE_LIMIT, pack_uint(2, limit)),)


def agree_on_size(
    records: RecordLayer, hello: ClientHello, answered: tuple[Extension, ...], *, is_tls13: bool
) -> None:
    """Send and take records of the length that the answer has agreed on from here on. Raises PeerFault for a
    limit that is too low (RFC 8449 section 4).
    """
    own = {each.extension_type: each.body for each in answered}
    if own.keys().isdisjoint((ExtensionType.RECORD_SIZE_LIMIT, ExtensionType.MAX_FRAGMENT_LENGTH)):
        return
    peers = {each.extension_type: each.body for each in hello.extensions or ()}
    if ExtensionType.RECORD_SIZE_LIMIT in own:
        with Reader(peers[ExtensionType.RECORD_SIZE_LIMIT]) as reader:
            limit = reader.pull_uint(2, "record_size_limit")
        if limit < record_size.MIN_RECORD_SIZE_LIMIT:
            raise PeerFault(Fault.ILLEGAL_PARAMETER, f"record_size_limit is {limit}")
    record_size.agree(records, peers, own, is_tls13=is_tls13)
