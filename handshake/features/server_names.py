"""The names in server_name, as many as can be read."""

from collections.abc import Iterable

from handshake.errors import DecodeError
from handshake.features.edits import put
from handshake.hello_template import ExtensionTemplate, Fill, HelloTemplate
from handshake.wire.buffer import Reader
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import HOST_NAME, push_server_name
from handshake.wire.registry import ExtensionType


def server_names(hello: ClientHello) -> tuple[tuple[int, bytes], ...]:
    """Pairs of name type and name (RFC 6066 section 3)."""
    names = []
    try:
        reader = Reader(hello.extension(ExtensionType.SERVER_NAME) or b"").block(2)
        while reader.remaining:
            names.append((reader.pull_uint(1), reader.pull_vector(2)))
    except DecodeError:
        pass
    return tuple(names)


def host_names(hello: ClientHello) -> tuple[bytes, ...]:
    """The names of the type host_name, the only one there is."""
    return tuple(name for name_type, name in server_names(hello) if name_type == HOST_NAME)


def naming(template: HelloTemplate, names: Iterable[tuple[int, bytes]]) -> HelloTemplate:
    """The hello with just these pairs in server_name."""
    body = push_server_name(tuple(names))
    return put(template, ExtensionTemplate(ExtensionType.SERVER_NAME, body))


def naming_the_server(template: HelloTemplate) -> HelloTemplate:
    """The hello with the name of whom it is sent to in server_name."""
    return put(template, ExtensionTemplate(ExtensionType.SERVER_NAME, fill=Fill.SERVER_NAME))
