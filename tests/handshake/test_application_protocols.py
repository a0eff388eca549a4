"""ALPN (RFC 7301) and application_settings (draft-vvv-tls-alps-01) between two ends of our own."""

from typing import Any

import pytest

from handshake.errors import Fault
from handshake.events import AlertSent, PeerFaulted
from handshake.hello_template import ClientPolicy, ExtensionTemplate, HelloTemplate
from handshake.server import ClientCertificate, ServerConnection
from handshake.wire.client_hello import Extension
from handshake.wire.extensions import pull_alpn, push_alpn
from handshake.wire.messages import EncryptedExtensions, push_encrypted_extensions
from handshake.wire.registry import AlertDescription, ExtensionType, HandshakeType, ProtocolVersion
from tests.handshake.modern import replaced
from tests.handshake.peers import Ours, client, exchange, pump, server, template

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
SUITES = {ProtocolVersion.TLS_1_0: 0xC013, TLS_1_2: 0xC02F, TLS_1_3: 0x1301}
ALPN = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION
NEW, OLD = ExtensionType.APPLICATION_SETTINGS_NEW, ExtensionType.APPLICATION_SETTINGS
CODES = pytest.mark.parametrize("code", [NEW, OLD])


def hello(
    version: int, *protocols: bytes, code: int = 0, settings_for: tuple[bytes, ...] = ()
) -> HelloTemplate:
    extensions = [ExtensionTemplate(ALPN, push_alpn(protocols))] if protocols else []
    if code:
        extensions.append(ExtensionTemplate(code, push_alpn(settings_for)))
    return replaced(template(version, SUITES[version]), *extensions)


def talk(
    version: int, asking: HelloTemplate, policy: ClientPolicy | None = None, **quirks: Any
) -> tuple[Ours, Ours]:
    ours = Ours(client(asking, policy=policy))
    theirs = Ours(server(version, SUITES[version], **quirks))
    pump(ours, theirs)
    return ours, theirs


def faults(side: Ours) -> list[str]:
    return [event.what for event in side.events if isinstance(event, PeerFaulted)]


def alerts(side: Ours) -> list[int]:
    return [event.description for event in side.events if isinstance(event, AlertSent)]


def selected(ours: Ours, version: int) -> bytes | None:
    handshake = ours.connection.handshake
    answered = handshake.encrypted_extensions if version == TLS_1_3 else handshake.server_extensions
    body = answered.get(ALPN)
    return None if body is None else pull_alpn(body)[0]


@pytest.mark.parametrize("version", SUITES)
def test_the_servers_first_that_the_hello_lists(version: int) -> None:
    known = (b"h2", b"http/1.1")
    for listed, want in (((b"http/1.1", b"h2"), b"h2"), ((b"http/1.1", b"x"), b"http/1.1"), ((), None)):
        ours, theirs = talk(version, hello(version, *listed), application_protocols=known)
        exchange(ours, theirs)
        assert selected(ours, version) == want
    ours, theirs = talk(version, hello(version, b"h2"))
    exchange(ours, theirs)
    assert selected(ours, version) is None, "a server without ALPN"


@pytest.mark.parametrize("version", SUITES)
def test_nothing_in_common_is_refused(version: int) -> None:
    ours, theirs = talk(version, hello(version, b"h3"), application_protocols=(b"h2",))
    assert not ours.is_connected
    assert faults(theirs) == [Fault.NO_APPLICATION_PROTOCOL.value]
    assert alerts(theirs) == [AlertDescription.NO_APPLICATION_PROTOCOL]


@CODES
@pytest.mark.parametrize("asks", [ClientCertificate.NO, ClientCertificate.REQUEST])
def test_both_sides_have_each_others_settings(code: int, asks: ClientCertificate) -> None:
    ours, theirs = talk(
        TLS_1_3,
        hello(TLS_1_3, b"h2", b"http/1.1", code=code, settings_for=(b"h2",)),
        ClientPolicy(application_settings=b"ours"),
        application_protocols=(b"h2",),
        application_settings=b"theirs",
        application_settings_type=code,
        client_certificate=asks,
    )
    exchange(ours, theirs)
    assert ours.connection.handshake.encrypted_extensions[code] == b"theirs"
    assert theirs.connection.handshake.client_settings == b"ours"


@CODES
def test_without_one_of_the_conditions_there_are_none(code: int) -> None:
    other = OLD if code == NEW else NEW
    settings = {"application_settings": b"", "application_settings_type": code}
    knows_h2 = {"application_protocols": (b"h2", b"http/1.1")}
    asking = hello(TLS_1_3, b"h2", code=code, settings_for=(b"h2",))
    for each, quirks in (
        (asking, knows_h2),
        (asking, settings),
        (hello(TLS_1_3, b"h2", code=other, settings_for=(b"h2",)), knows_h2 | settings),
        (hello(TLS_1_3, b"http/1.1", code=code, settings_for=(b"h2",)), knows_h2 | settings),
    ):
        ours, theirs = talk(TLS_1_3, each, **quirks)
        exchange(ours, theirs)
        assert code not in ours.connection.handshake.encrypted_extensions
        assert theirs.connection.handshake.client_settings is None


def test_they_are_for_tls_1_3() -> None:
    asking = hello(TLS_1_2, b"h2", code=NEW, settings_for=(b"h2",))
    ours, theirs = talk(TLS_1_2, asking, application_protocols=(b"h2",), application_settings=b"")
    exchange(ours, theirs)
    assert NEW not in ours.connection.handshake.server_extensions


@pytest.mark.parametrize(
    ("extensions", "alert"),
    [
        ((), AlertDescription.MISSING_EXTENSION),
        ((Extension(OLD, b""),), AlertDescription.UNSUPPORTED_EXTENSION),
        ((Extension(NEW, b""), Extension(ALPN, b"")), AlertDescription.UNSUPPORTED_EXTENSION),
        ((Extension(NEW, b""),) * 2, AlertDescription.UNSUPPORTED_EXTENSION),
    ],
    ids=["nothing", "the other code point", "another extension", "twice"],
)
def test_a_client_that_sends_otherwise(extensions: tuple[Extension, ...], alert: int) -> None:
    body = push_encrypted_extensions(EncryptedExtensions(extensions))
    assert refused_with(body) == [alert]


def test_a_message_that_cannot_be_read() -> None:
    assert refused_with(b"\x00\x01") == [AlertDescription.DECODE_ERROR]


def test_a_client_that_sends_none() -> None:
    assert refused_with(None) == [AlertDescription.UNEXPECTED_MESSAGE]


def refused_with(body: bytes | None) -> list[int]:
    """The alerts of a server whose client has this in its EncryptedExtensions; None sends no such message."""
    ours = Ours(client(hello(TLS_1_3, b"h2", code=NEW, settings_for=(b"h2",))))
    handshake = ours.connection.handshake
    send = type(handshake).send

    class Otherwise(type(handshake)):  # type: ignore[misc]
        __slots__ = ()

        def send(self, handshake_type: int, usual: bytes) -> None:
            if handshake_type != HandshakeType.ENCRYPTED_EXTENSIONS:
                send(self, handshake_type, usual)
            elif body is not None:
                send(self, handshake_type, body)

    handshake.__class__ = Otherwise
    theirs = Ours(server(TLS_1_3, 0x1301, application_protocols=(b"h2",), application_settings=b""))
    assert isinstance(theirs.connection, ServerConnection)
    pump(ours, theirs)
    return alerts(theirs)


@pytest.mark.parametrize("knows", [(), (b"h2",)])
@pytest.mark.parametrize("version", SUITES)
def test_an_empty_name_is_no_protocol(version: int, knows: tuple[bytes, ...]) -> None:
    """RFC 7301 section 3.1."""
    for listed in ((b"",), (b"h2", b"")):
        ours, theirs = talk(version, hello(version, *listed), application_protocols=knows)
        assert not ours.is_connected
        assert alerts(theirs) == [AlertDescription.DECODE_ERROR]


@pytest.mark.parametrize("body", [b"\x00\x00", b"\x00\x01\x00", b"\x00\x03\x05h2", b"\x02h2"])
def test_a_list_of_settings_that_cannot_be_read(body: bytes) -> None:
    asking = replaced(hello(TLS_1_3, b"h2"), ExtensionTemplate(NEW, body))
    ours, theirs = talk(TLS_1_3, asking, application_protocols=(b"h2",), application_settings=b"")
    assert not ours.is_connected
    assert alerts(theirs) == [AlertDescription.DECODE_ERROR]
