"""From a template to the bytes of one ClientHello: everything as written, but for what must be fresh.

The bytes outside random, session id, challenge, SNI host, key shares, padding and what is drawn (`drawn`)
are the template's own, so a hello made from a captured profile equals the capture outside those ranges. Key
shares are made anew wherever they stand, for nobody has the private half of a recorded one.
"""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from handshake.client.drawn import draw
from handshake.crypto.key_exchange import GroupKeyPair
from handshake.crypto.key_shares import KEY_SHARE_GROUPS, generate_key_share
from handshake.crypto.stand_in import stand_in_key_exchange
from handshake.errors import DecodeError
from handshake.hello_random import Clock, fresh_bytes
from handshake.hello_template import ExtensionTemplate, Fill, HelloFormat, HelloTemplate, pieces
from handshake.session import Session
from handshake.wire.client_hello import (
    RANDOM_SIZE,
    ClientHello,
    Extension,
    SSLv2ClientHello,
    push_client_hello,
    push_sslv2_client_hello,
)
from handshake.wire.extensions import pull_key_share_list, push_key_share_list, push_server_name
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.record import MAX_PLAINTEXT_LENGTH, Record, SSLv2Record, push_record, push_sslv2_record
from handshake.wire.registry import (
    ContentType,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
    is_grease,
)

PADDED_SIZE = (
    512  # RFC 7685 section 4: a hello of 256 to 511 bytes, handshake header included, is padded to this
)
EXTENSION_HEADER = 4
HOST_NAME = 0  # NameType, RFC 6066 section 3
_KEY_SHARES = frozenset({ExtensionType.KEY_SHARE, ExtensionType.KEY_SHARE_DRAFT})


class FilledHello(Struct, frozen=True):
    """One hello ready to be sent.

    `records` are those on the wire, one in SSLv2 format or as many of TLS as its template says; `message`
    what enters the handshake transcript (the handshake message, or the body of the SSLv2 record, RFC 5246
    appendix E.2); `hello` its decoded form, `offer` what it offers, of an SSLv2-format one too; `key_shares`
    the private halves by group, of those that this engine can compute.
    """

    records: tuple[Record, ...] | tuple[SSLv2Record]
    message: bytes
    hello: ClientHello | SSLv2ClientHello
    offer: ClientHello
    client_random: bytes
    key_shares: dict[int, GroupKeyPair]

    @property
    def wire(self) -> bytes:
        """The hello on the wire."""
        return b"".join(
            push_record(record) if isinstance(record, Record) else push_sslv2_record(record)
            for record in self.records
        )


def fill_hello(
    template: HelloTemplate,
    server_name: str | None,
    entropy: Callable[[int], bytes],
    session: Session | None = None,
    clock: Clock | None = None,
) -> FilledHello:
    """Make one hello from `template`; `server_name` None leaves a filled server_name extension out.

    `session` up to TLS 1.2 is offered by its id, or by its ticket in the session_ticket extension beside a
    random id (RFC 5077 section 3.4); the pre-shared key of TLS 1.3 is `handshake.client.resumption`'s.
    Without a `clock` nothing begins with the time.
    """
    if template.format is HelloFormat.SSLV2:
        return _fill_sslv2(template, entropy, clock)
    template = draw(template, entropy)
    key_shares: dict[int, GroupKeyPair] = {}
    extensions = None
    if template.extensions is not None:
        extensions = _fill_extensions(
            template.extensions,
            server_name,
            lambda body, used: _fresh_key_shares(body, key_shares if used else {}, entropy),
        )
    hello = ClientHello(
        template.client_version,
        fresh_bytes(RANDOM_SIZE, template.random_begins_with, entropy, clock),
        _session_id(template, session, entropy),
        template.cipher_suites,
        template.compression_methods,
        _with_ticket(extensions, session),
    )
    return frame_hello(pad(hello, template), template, key_shares)


def blank_hello(template: HelloTemplate, server_name: str | None) -> FilledHello:
    """The same without anything that differs on every connection: random bytes are zeros, and what is drawn
    and the keys of shares are as written. For whoever looks at a hello and does not send it.
    """
    if template.format is HelloFormat.SSLV2:
        return _fill_sslv2(template, bytes, None)
    extensions = None
    if template.extensions is not None:
        written = draw(template.as_written(), bytes).extensions or ()
        extensions = _fill_extensions(written, server_name, lambda body, used: body)
    hello = ClientHello(
        template.client_version,
        bytes(RANDOM_SIZE),
        bytes(template.session_id_length),
        template.cipher_suites,
        template.compression_methods,
        extensions,
    )
    return frame_hello(pad(hello, template), template, {})


def frame_hello(
    hello: ClientHello, template: HelloTemplate, key_shares: dict[int, GroupKeyPair]
) -> FilledHello:
    """Put a hello into its handshake message and records."""
    message = push_handshake_message(HandshakeMessage(HandshakeType.CLIENT_HELLO, push_client_hello(hello)))
    version = template.record_version
    records = tuple(
        Record(ContentType.HANDSHAKE, version, each) for each in _hello_fragments(message, template)
    )
    return FilledHello(records, message, hello, hello, hello.random, key_shares)


def _hello_fragments(message: bytes, template: HelloTemplate) -> tuple[bytes, ...]:
    """Cut a hello's message as its template says, and where a record can hold no more."""
    return tuple(
        piece[start : start + MAX_PLAINTEXT_LENGTH]
        for piece in pieces(message, template.records)
        for start in range(0, len(piece), MAX_PLAINTEXT_LENGTH)
    )


def _fill_sslv2(template: HelloTemplate, entropy: Callable[[int], bytes], clock: Clock | None) -> FilledHello:
    hello = SSLv2ClientHello(
        template.client_version,
        template.cipher_suites,
        entropy(template.session_id_length),
        fresh_bytes(template.challenge_length, template.challenge_begins_with, entropy, clock),
    )
    body = push_sslv2_client_hello(hello)
    random = hello.challenge.rjust(32, b"\x00")[
        -32:
    ]  # RFC 5246 appendix E.2: right-justified, zeros before it
    return FilledHello((SSLv2Record(body),), body, hello, hello.to_client_hello(), random, {})


def _session_id(template: HelloTemplate, session: Session | None, entropy: Callable[[int], bytes]) -> bytes:
    if session is None or session.version >= ProtocolVersion.TLS_1_3:
        return entropy(template.session_id_length)
    return session.session_id or entropy(32)


def _with_ticket(
    extensions: tuple[Extension, ...] | None, session: Session | None
) -> tuple[Extension, ...] | None:
    if session is None or not session.ticket or session.version >= ProtocolVersion.TLS_1_3:
        return extensions
    return tuple(
        Extension(e.extension_type, session.ticket) if e.extension_type == ExtensionType.SESSION_TICKET else e
        for e in extensions or ()
    )


def _fill_extensions(
    templates: tuple[ExtensionTemplate, ...],
    server_name: str | None,
    share: Callable[[bytes, bool], bytes],
) -> tuple[Extension, ...]:
    """`share` makes the body of a key_share of the one that is written; no server answers one of the drafts,
    which are not `used`.
    """
    filled = []
    for template in templates:
        body = template.body
        if template.fill in (Fill.SERVER_NAME, Fill.DOTTED_SERVER_NAME):
            needs_dot = template.fill is Fill.DOTTED_SERVER_NAME
            if server_name is None or (needs_dot and "." not in server_name):
                continue
            body = push_server_name(((HOST_NAME, server_name.encode()),))
        elif template.extension_type in _KEY_SHARES:
            body = share(body, template.extension_type == ExtensionType.KEY_SHARE)
        filled.append(Extension(template.extension_type, body))
    return tuple(filled)


def _fresh_key_shares(
    body: bytes, key_shares: dict[int, GroupKeyPair], entropy: Callable[[int], bytes]
) -> bytes:
    """The list with new keys of the same groups and lengths; GREASE keeps its bytes, which are no key, and so
    does a body that is malformed on purpose.
    """
    try:
        recorded = pull_key_share_list(body)
    except DecodeError:
        return body
    shares = []
    for group, key_exchange in recorded:
        if group in KEY_SHARE_GROUPS:
            pair = key_shares[group] = generate_key_share(group, entropy)
            key_exchange = pair.public_bytes
        elif not is_grease(group):
            key_exchange = stand_in_key_exchange(group, len(key_exchange), entropy)
        shares.append((group, key_exchange))
    return push_key_share_list(tuple(shares))


def pad(hello: ClientHello, template: HelloTemplate) -> ClientHello:
    """Apply the template's padding extension, whether the hello has one or not: in its place, which is never
    behind pre_shared_key. Chrome, Firefox, OpenSSL and GnuTLS pad alike (BoringSSL and NSS sources, RFC 7685;
    the others measured). A template that wants a length gets it instead, without a place of its own for the
    extension in the last one.
    """
    is_padded = Fill.PADDING in [extension.fill for extension in template.extensions or ()]
    if hello.extensions is None or not (is_padded or template.length):
        return hello
    types = [extension.extension_type for extension in template.extensions or ()]
    others = tuple(e for e in hello.extensions if e.extension_type != ExtensionType.PADDING)
    length = 4 + len(push_client_hello(replace(hello, extensions=others)))
    if template.length is not None:
        if length + EXTENSION_HEADER > template.length:
            return hello
        zeros = bytes(template.length - length - EXTENSION_HEADER)
    elif PADDED_SIZE // 2 <= length < PADDED_SIZE:
        zeros = bytes(max(PADDED_SIZE - length - EXTENSION_HEADER, 1))
    else:
        return replace(hello, extensions=others)
    place_in_template = types.index(ExtensionType.PADDING) if ExtensionType.PADDING in types else len(types)
    behind = {*types[place_in_template + 1 :], ExtensionType.PRE_SHARED_KEY}
    place = next((i for i, each in enumerate(others) if each.extension_type in behind), len(others))
    padding = Extension(ExtensionType.PADDING, zeros)
    return replace(hello, extensions=(*others[:place], padding, *others[place:]))
