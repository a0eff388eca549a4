"""The extensions of a ServerHello in a stack's own order, with those it answers by rote."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from handshake import record_size
from handshake.errors import Fault, PeerFault
from handshake.record_layer import RecordLayer
from handshake.server.strictness import AnsweredExtension, Body
from handshake.wire.buffer import Reader, pack_uint
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.client_hello import ClientHello, Extension
from handshake.wire.extensions import push_alpn
from handshake.wire.registry import ExtensionType


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


def application_protocol(name: bytes | None) -> tuple[Extension, ...]:
    """The extension with the application protocol that was chosen (RFC 7301 section 3.1); nothing without."""
    if name is None:
        return ()
    return (Extension(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, push_alpn((name,))),)


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
