"""The handshakes that hostile peers spoil: every version, with all that a message can be in it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.server import ClientCertificate, ServerConfiguration
from handshake.wire.registry import (
    CertificateCompressionAlgorithm,
    ExtensionType,
    NamedGroup,
)
from servers.emulated.server import EmulatedServer
from tests.handshake.peers import VERSIONS, configuration, template

SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = VERSIONS
ALGORITHMS = tuple(CertificateCompressionAlgorithm)
_COMPRESS_CERTIFICATE = ExtensionTemplate(
    ExtensionType.COMPRESS_CERTIFICATE,
    bytes((2 * len(ALGORITHMS),)) + b"".join(each.to_bytes(2, "big") for each in ALGORITHMS),
)
_SESSION_TICKET = ExtensionTemplate(ExtensionType.SESSION_TICKET)
_PSK_MODES = ExtensionTemplate(ExtensionType.PSK_KEY_EXCHANGE_MODES, b"\x01\x01")
_ASKS = {"client_certificate": ClientCertificate.REQUEST}


class Handshake(Struct, frozen=True):
    """A version and a suite, what the hello has besides, and what the server does."""

    version: int
    suite: int
    extensions: tuple[ExtensionTemplate, ...] = ()
    quirks: Mapping[str, Any] = field(default_factory=dict)
    sslv2: bool = False

    @property
    def hello(self) -> HelloTemplate:
        """The client's hello."""
        plain = template(self.version, self.suite, sslv2=self.sslv2)
        return replace(plain, extensions=(*(plain.extensions or ()), *self.extensions) or None)

    @property
    def configuration(self) -> ServerConfiguration:
        """What the server does."""
        return configuration(self.version, self.suite, **self.quirks)

    def server(self) -> EmulatedServer:
        """The server, as one that is emulated."""
        return EmulatedServer("hostile@1", self.configuration)


HANDSHAKES: Mapping[str, Handshake] = MappingProxyType(
    {
        "sslv3": Handshake(SSL_3_0, 0x0035, quirks=_ASKS),
        "sslv2-hello": Handshake(TLS_1_0, 0x002F, sslv2=True),
        "tls1.0-dhe": Handshake(TLS_1_0, 0x0033),
        "tls1.1-ecdhe": Handshake(TLS_1_1, 0xC013, (_SESSION_TICKET,), {"tickets": True}),
        "tls1.2-rsa": Handshake(TLS_1_2, 0x002F),
        "tls1.2-ecdsa": Handshake(TLS_1_2, 0xC02B, (_SESSION_TICKET,), {"tickets": True, **_ASKS}),
        "tls1.3": Handshake(TLS_1_3, 0x1301, (_PSK_MODES,), {"tickets": True}),
        "tls1.3-retry": Handshake(
            TLS_1_3,
            0x1303,
            (_COMPRESS_CERTIFICATE,),
            {
                "named_groups": (NamedGroup.SECP256R1,),
                "certificate_compression": ALGORITHMS[:1],
                **_ASKS,
            },
        ),
    }
)

FLOODED = ("sslv3", "tls1.2-ecdsa", "tls1.3")
"""Those that are flooded: each has a record protection of another kind."""
