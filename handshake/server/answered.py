"""The extensions of a ServerHello in a stack's own order, with those it answers by rote."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from handshake.record_layer import RecordLayer
from handshake.server.strictness import AnsweredExtension, Body
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.client_hello import ClientHello, Extension, find_extension
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


def obey_max_fragment_length(records: RecordLayer, answered: tuple[Extension, ...]) -> None:
    """Send records of at most the length agreed on from here on (RFC 6066 section 4)."""
    body = find_extension(answered, ExtensionType.MAX_FRAGMENT_LENGTH)
    if body is not None:
        records.max_plaintext = 1 << (8 + body[0])
