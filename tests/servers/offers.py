"""What a server picks from hellos that offer one version and shrinking lists of cipher suites.

A suite that was picked is left out of the next hello, until none is picked: so each suite of the project's
registry is either seen to be chosen or was refused together with all others that are left. Only the first
answer is read, which says it all; that handshakes also complete is for other tests.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handshake.wire.buffer import pack_uints, pack_vector
from handshake.wire.cipher_suites import (
    CIPHER_SUITES,
    TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
    TLS_FALLBACK_SCSV,
)
from handshake.wire.client_hello import ClientHello, Extension, push_client_hello
from handshake.wire.messages import pull_server_hello
from handshake.wire.record import Record, push_record
from handshake.wire.registry import (
    ContentType,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
    alert_name,
)
from servers.processes.start import RunningServer
from tests.servers.real_servers import connect

SIGNATURE_SCHEMES = (0x0403, 0x0503, 0x0804, 0x0805, 0x0401, 0x0501, 0x0203, 0x0201, 0x0402, 0x0202)
NAMED_GROUPS = (0x0017, 0x0018, 0x001D)
NEVER_PICKED = frozenset({TLS_EMPTY_RENEGOTIATION_INFO_SCSV, TLS_FALLBACK_SCSV})
EVERYTHING = tuple(sorted(CIPHER_SUITES.keys() - NEVER_PICKED))


@dataclass(frozen=True)
class Answer:
    """The version and suite of a ServerHello, or how the server refused, as a cause of a reason."""

    version: int | None = None
    cipher_suite: int | None = None
    refusal: str | None = None


def ask(server: RunningServer, flight: bytes) -> Answer:
    """The first answer to a flight; the connection is closed then."""
    with connect(server) as plain:
        plain.sendall(flight)
        received = b""
        try:
            while len(received) < 5 or len(received) < 5 + int.from_bytes(received[3:5]):
                if not (more := plain.recv(65536)):
                    return Answer(refusal="fin")
                received += more
        except ConnectionResetError:
            return Answer(refusal="reset")
    fragment = received[5 : 5 + int.from_bytes(received[3:5])]
    if received[0] == ContentType.ALERT:
        return Answer(refusal=f"alert-{alert_name(fragment[1])}")
    assert (received[0], fragment[0]) == (ContentType.HANDSHAKE, HandshakeType.SERVER_HELLO), received[:16]
    hello = pull_server_hello(fragment[4 : 4 + int.from_bytes(fragment[1:4])])
    chosen = hello.extension(ExtensionType.SUPPORTED_VERSIONS)
    version = hello.legacy_version if chosen is None else int.from_bytes(chosen)
    return Answer(version, hello.cipher_suite)


def hello_of(
    version: int, cipher_suites: Iterable[int], named_groups: Sequence[int] | None = NAMED_GROUPS
) -> bytes:
    """A hello of one highest version (of TLS 1.3: of that alone), in one record; without supported_groups if
    no list of groups is given.
    """
    in_hello = min(version, ProtocolVersion.TLS_1_2)
    extensions = [Extension(ExtensionType.EC_POINT_FORMATS, b"\x01\x00")]
    if named_groups is not None:
        groups = pack_vector(2, pack_uints(2, named_groups))
        extensions.insert(0, Extension(ExtensionType.SUPPORTED_GROUPS, groups))
    if version >= ProtocolVersion.TLS_1_2:
        schemes = pack_vector(2, pack_uints(2, SIGNATURE_SCHEMES))
        extensions.append(Extension(ExtensionType.SIGNATURE_ALGORITHMS, schemes))
    if version >= ProtocolVersion.TLS_1_3:
        # Without a key the answer is a HelloRetryRequest, a ServerHello too (RFC 8446 section 4.1.4).
        extensions.append(Extension(ExtensionType.SUPPORTED_VERSIONS, b"\x02" + version.to_bytes(2)))
        extensions.append(Extension(ExtensionType.KEY_SHARE, pack_vector(2, b"")))
    given = tuple(extensions) if version > ProtocolVersion.SSL_3_0 else None
    hello = ClientHello(in_hello, bytes(range(32)), b"", tuple(cipher_suites), extensions=given)
    body = push_client_hello(hello)
    message = bytes([HandshakeType.CLIENT_HELLO]) + pack_vector(3, body)
    record_version = min(version, ProtocolVersion.TLS_1_0)
    return push_record(Record(ContentType.HANDSHAKE, record_version, message))


def picked(server: RunningServer, version: int) -> tuple[list[int], str | None]:
    """The suites that a server picks in a version and in no lower one, in the order it picks them, and how it
    refuses those that are left.
    """
    left = list(EVERYTHING)
    found: list[int] = []
    while (answer := ask(server, hello_of(version, left))).refusal is None:
        if answer.version != version:
            return found, f"answers in {answer.version:#06x}"
        assert answer.cipher_suite in left
        found.append(answer.cipher_suite)
        left.remove(answer.cipher_suite)
    return found, answer.refusal
