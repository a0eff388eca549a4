"""What departures are made of: small functions that make hooks of a `Departure`.

`Rewrite` hooks change messages, `Arrange` hooks flights, `Edit`s blocks of extensions. All are pure.
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from handshake.server.departures.departure import Situation
from handshake.server.steps import Flight, Fragment, Sent, Step, Steps
from handshake.wire.client_hello import Extension
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import (
    Alert,
    EncryptedExtensions,
    ServerHello,
    pull_certificate_13,
    pull_certificate_request_13,
    pull_encrypted_extensions,
    pull_new_session_ticket_13,
    pull_server_hello,
    push_alert,
    push_certificate_13,
    push_certificate_request_13,
    push_encrypted_extensions,
    push_new_session_ticket_13,
    push_server_hello,
)
from handshake.wire.registry import AlertLevel, ContentType, HandshakeType

Rewrite = Callable[[Situation, HandshakeMessage], Sequence[HandshakeMessage]]
Arrange = Callable[[Situation, Flight, Steps], Steps]
Extensions = tuple[Extension, ...]
Edit = Callable[[Extensions], Extensions]

GREASE = 0x5A5A
"""One of the sixteen values of RFC 8701 section 2, for suites, groups, versions and extensions."""

UNKNOWN_TYPE = 0x9999
"""An extension that IANA has not assigned and nobody is known to use (OpenSSL knows 0xFDE8, for one)."""


def body(handshake_type: int, edit: Callable[[bytes], bytes]) -> Rewrite:
    """Rewrite the bodies of messages of one type."""

    def rewrite(_: Situation, message: HandshakeMessage) -> Sequence[HandshakeMessage]:
        if message.handshake_type != handshake_type:
            return (message,)
        return (replace(message, body=edit(message.body)),)

    return rewrite


def one_byte_more(handshake_type: int) -> Rewrite:
    """Put a byte behind the last field of a message."""
    return body(handshake_type, lambda content: content + b"\x00")


def one_byte_less(handshake_type: int) -> Rewrite:
    """Cut the last byte of a message off."""
    return body(handshake_type, lambda content: content[:-1])


def server_hello(edit: Callable[[Situation, ServerHello], ServerHello]) -> Rewrite:
    """Rewrite the ServerHello, and no HelloRetryRequest."""
    return _hello(edit, is_retry=False)


def retry_request(edit: Callable[[Situation, ServerHello], ServerHello]) -> Rewrite:
    """Rewrite the HelloRetryRequest."""
    return _hello(edit, is_retry=True)


def _hello(edit: Callable[[Situation, ServerHello], ServerHello], *, is_retry: bool) -> Rewrite:
    def rewrite(situation: Situation, message: HandshakeMessage) -> Sequence[HandshakeMessage]:
        if message.handshake_type != HandshakeType.SERVER_HELLO:
            return (message,)
        hello = pull_server_hello(message.body)
        if hello.is_hello_retry_request != is_retry:
            return (message,)
        return (replace(message, body=push_server_hello(edit(situation, hello))),)

    return rewrite


def left_out(handshake_type: int) -> Rewrite:
    """Leave the messages of one type out."""
    return lambda _, message: () if message.handshake_type == handshake_type else (message,)


def doubled(handshake_type: int) -> Rewrite:
    """Send the messages of one type twice."""
    return lambda _, message: (message,) * (2 if message.handshake_type == handshake_type else 1)


def followed(handshake_type: int, *others: HandshakeMessage) -> Rewrite:
    """Send other messages behind those of one type."""
    return lambda _, message: (message, *(others if message.handshake_type == handshake_type else ()))


def preceded(handshake_type: int, *others: HandshakeMessage) -> Rewrite:
    """Send other messages before those of one type, which must not be computed from the transcript."""
    return lambda _, message: (*(others if message.handshake_type == handshake_type else ()), message)


# --- blocks of extensions


def in_server_hello(edit: Edit) -> Rewrite:
    """Edit the extensions of the ServerHello."""
    return server_hello(lambda _, hello: replace(hello, extensions=edit(hello.extensions or ())))


def in_retry_request(edit: Edit) -> Rewrite:
    """Edit the extensions of the HelloRetryRequest."""
    return retry_request(lambda _, hello: replace(hello, extensions=edit(hello.extensions or ())))


def in_encrypted_extensions(edit: Edit) -> Rewrite:
    """Edit the EncryptedExtensions."""

    def encrypted(content: bytes) -> bytes:
        before = pull_encrypted_extensions(content).extensions
        return push_encrypted_extensions(EncryptedExtensions(edit(before)))

    return body(HandshakeType.ENCRYPTED_EXTENSIONS, encrypted)


def in_certificate_entry(edit: Edit) -> Rewrite:
    """Edit the extensions of the first certificate in TLS 1.3."""

    def certificate(content: bytes) -> bytes:
        message = pull_certificate_13(content)
        (leaf, extensions), *others = message.entries
        return push_certificate_13(replace(message, entries=((leaf, edit(extensions)), *others)))

    return body(HandshakeType.CERTIFICATE, certificate)


def in_certificate_request(edit: Edit) -> Rewrite:
    """Edit the extensions of a CertificateRequest of TLS 1.3."""

    def request(content: bytes) -> bytes:
        message = pull_certificate_request_13(content)
        return push_certificate_request_13(replace(message, extensions=edit(message.extensions)))

    return body(HandshakeType.CERTIFICATE_REQUEST, request)


def in_ticket(edit: Edit) -> Rewrite:
    """Edit the extensions of a NewSessionTicket of TLS 1.3."""

    def ticket(content: bytes) -> bytes:
        message = pull_new_session_ticket_13(content)
        return push_new_session_ticket_13(replace(message, extensions=edit(message.extensions)))

    return body(HandshakeType.NEW_SESSION_TICKET, ticket)


def with_extension(extension_type: int, content: bytes = b"") -> Edit:
    """Put an extension behind the others, or its body in place of the one that is there."""

    def edit(extensions: Extensions) -> Extensions:
        others = tuple(each for each in extensions if each.extension_type != extension_type)
        return (*others, Extension(extension_type, content))

    return edit


def without_extension(extension_type: int) -> Edit:
    """Leave an extension out."""
    return lambda extensions: tuple(e for e in extensions if e.extension_type != extension_type)


def first_twice(extensions: Extensions) -> Extensions:
    """Repeat the first extension behind the others."""
    return (*extensions, *extensions[:1])


def twice(extension_type: int, content: bytes = b"") -> Edit:
    """Put an extension behind the others two times."""
    return lambda extensions: (*extensions, *(Extension(extension_type, content),) * 2)


def with_body(extension_type: int, edit: Callable[[bytes], bytes]) -> Edit:
    """Rewrite the body of an extension that is there."""
    return lambda extensions: tuple(
        replace(each, body=edit(each.body)) if each.extension_type == extension_type else each
        for each in extensions
    )


# --- flights


def alert(description: int, level: int = AlertLevel.WARNING) -> Fragment:
    """An alert in a record of its own."""
    return Fragment(ContentType.ALERT, push_alert(Alert(level, description)))


def at_start(flight: Flight, *steps: Step) -> Arrange:
    """Put steps before a flight."""
    return lambda _, which, before: (*steps, *before) if which is flight else before


def at_end(flight: Flight, *steps: Step) -> Arrange:
    """Put steps behind a flight."""
    return lambda _, which, before: (*before, *steps) if which is flight else before


def after(handshake_type: int, *steps: Step) -> Arrange:
    """Put steps behind each message of one type."""

    def arrange(_: Situation, which: Flight, before: Steps) -> Steps:
        arranged: list[Step] = []
        for step in before:
            arranged.append(step)
            if isinstance(step, Sent) and step.handshake_type == handshake_type:
                arranged += steps
        return tuple(arranged)

    return arrange


def instead(flight: Flight, *steps: Step) -> Arrange:
    """Put steps in place of a flight."""
    return lambda _, which, before: steps if which is flight else before


def each(handshake_type: int, edit: Callable[[Sent], Sequence[Step]]) -> Arrange:
    """Put steps in place of each message of one type."""

    def arrange(_: Situation, which: Flight, before: Steps) -> Steps:
        arranged: list[Step] = []
        for step in before:
            is_meant = isinstance(step, Sent) and step.handshake_type == handshake_type
            arranged += edit(step) if is_meant and isinstance(step, Sent) else (step,)
        return tuple(arranged)

    return arrange


def before(handshake_type: int, *steps: Step) -> Arrange:
    """Put steps before each message of one type."""
    return each(handshake_type, lambda message: (*steps, message))
