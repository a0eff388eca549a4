"""What cuts handshake bytes into messages: as the RFCs say, or as SunJSSE does.

SunJSSE reads the fields of a message from the stream, by their own lengths, and whatever is left over begins
the next one (`handshake.server.handshake_stream`, which has the hello's fields; the others' are here).
"""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from handshake.crypto.suite_parameters import KeyExchange
from handshake.errors import Fault, PeerFault
from handshake.server.configuration import ServerConfiguration, StreamParsing
from handshake.server.handshake import ServerHandshake
from handshake.server.handshake_stream import (
    HEADER_SIZE,
    HandshakeStream,
    awaits_header,
    read_client_hello,
    translate_sslv2_hello,
)
from handshake.server.lenient_hello import LenientReader
from handshake.server.message_order import OrderOfNumbers
from handshake.server.received_hello import ReceivedHello
from handshake.wire.client_hello import ClientHello, pull_client_hello, pull_sslv2_client_hello
from handshake.wire.handshake_message import HandshakeMessage, MessageReader
from handshake.wire.registry import HandshakeType, ProtocolVersion

VERIFY_DATA_SIZE = 12
SSL_3_0_VERIFY_DATA_SIZE = 36
DH_LENGTH_SIZE = 2

_RSA = frozenset({KeyExchange.RSA, KeyExchange.RSA_EXPORT})
_ECDHE = frozenset({KeyExchange.ECDHE_RSA, KeyExchange.ECDHE_ECDSA, KeyExchange.ECDH_ANON})


def read_body(
    stream: HandshakeStream, handshake_type: int, announced: int, handshake: ServerHandshake
) -> bytes:
    """Read a message other than a hello: its fields as this place in the handshake has them, not what is
    announced. Raises DecodeError, or PeerFault for values that are refused.
    """
    if handshake_type == HandshakeType.FINISHED:
        is_ssl3 = handshake.version == ProtocolVersion.SSL_3_0
        return stream.read(SSL_3_0_VERIFY_DATA_SIZE if is_ssl3 else VERIFY_DATA_SIZE)
    if handshake_type == HandshakeType.CERTIFICATE_VERIFY:
        return _read_certificate_verify(stream, handshake)
    if handshake_type == HandshakeType.CLIENT_KEY_EXCHANGE and handshake.parameters is not None:
        if handshake.parameters.key_exchange in _RSA:
            return _read_encrypted_secret(stream, announced, handshake)
        return _read_public_value(stream, handshake)
    return stream.read(announced) if announced else b""


def _read_certificate_verify(stream: HandshakeStream, handshake: ServerHandshake) -> bytes:
    mark, schemes = stream.mark(), handshake.configuration.signature_schemes
    version = handshake.version or handshake.configuration.highest_version
    if version >= ProtocolVersion.TLS_1_2 and schemes is not None and stream.read_uint(2) not in schemes:
        raise PeerFault(Fault.NO_COMMON_CIPHER_SUITE, "CertificateVerify with an unknown scheme")
    stream.read_vector(2)
    return stream.since(mark)


def _read_encrypted_secret(stream: HandshakeStream, announced: int, handshake: ServerHandshake) -> bytes:
    """Read an encrypted premaster secret, in SSLv3 without a length of its own (RFC 5246 section 7.4.7.1)."""
    mark = stream.mark()
    is_ssl3 = handshake.version == ProtocolVersion.SSL_3_0
    secret = stream.read(announced) if is_ssl3 else stream.read_vector(2)
    rules = handshake.configuration.parsing
    key = handshake.key_pair or handshake.configuration.credentials["rsa"].private_key
    assert isinstance(key, RSAPrivateKey), "the suite is one with RSA key transport"
    if rules is not None and rules.long_secret_fails and len(secret) * 8 > key.key_size:
        raise PeerFault(Fault.DECODE, "the premaster secret is longer than the key")
    return stream.since(mark)


def _read_public_value(stream: HandshakeStream, handshake: ServerHandshake) -> bytes:
    """Read the client's public DH value or EC point; one without a byte is no value."""
    mark, rules = stream.mark(), handshake.configuration.parsing
    is_point = handshake.suite.key_exchange in _ECDHE
    is_implicit = not is_point and stream.available < DH_LENGTH_SIZE
    if is_implicit and rules is not None and rules.implicit_public_value_fails:
        raise PeerFault(Fault.NO_COMMON_CIPHER_SUITE, "the client's DH value is left to its certificate")
    if not stream.read_vector(1 if is_point else DH_LENGTH_SIZE):
        raise PeerFault(Fault.ILLEGAL_PARAMETER, "the client's public value is empty")
    return stream.since(mark)


def reader_for(
    configuration: ServerConfiguration, order: Callable[[], OrderOfNumbers]
) -> "RFCReader | StreamReader | LenientReader":
    """The reader of a new connection to a server like this."""
    if configuration.reading is not None:
        return LenientReader(configuration.reading)
    return RFCReader() if configuration.parsing is None else StreamReader(configuration.parsing, order)


def as_read(read: Callable[[], ClientHello]) -> ClientHello | PeerFault:
    """The hello that `read` gives, or the fault that it is refused for."""
    try:
        return read()
    except PeerFault as fault:
        return fault


class RFCReader:
    """Cuts handshake bytes into messages by their announced lengths (RFC 5246 section 7.4)."""

    def __init__(self) -> None:
        self._messages = MessageReader()

    def feed(self, fragment: bytes) -> None:
        """Append the fragment of one record."""
        self._messages.feed(fragment)

    def next(self) -> tuple[HandshakeMessage, ReceivedHello | None] | None:
        """Give the next message, with its hello if it is one; None when more bytes are needed."""
        message = self._messages.next()
        if message is None:
            return None
        if message.handshake_type != HandshakeType.CLIENT_HELLO:
            return message, None
        read = as_read(lambda: pull_client_hello(message.body))
        return message, ReceivedHello(message.body, read)

    @property
    def is_within_message(self) -> bool:
        """Whether bytes of a message are there that is not whole, or not read."""
        return self._messages.is_under_way

    @property
    def refuses_leftovers(self) -> bool:
        """Whether bytes are left that make a refused renegotiation a fault; never here."""
        return False

    def read_sslv2_hello(self, body: bytes) -> ClientHello:
        """Read an SSLv2-format hello from the body of its record; strictly (RFC 5246 appendix E.2)."""
        return pull_sslv2_client_hello(body).to_client_hello()


class StreamReader:
    """Reads messages one after the other from a `HandshakeStream`, as SunJSSE's handshake loop does.

    `order` gives the rules of their order for the handshake under way.
    """

    def __init__(self, rules: StreamParsing, order: Callable[[], OrderOfNumbers]) -> None:
        self._rules = rules
        self._order = order
        self._stream = HandshakeStream()

    def feed(self, fragment: bytes) -> None:
        """Append the fragment of one record."""
        self._stream.feed(fragment)

    def next(self) -> tuple[HandshakeMessage, ReceivedHello | None] | None:
        """Give the next message, with its hello if it is one; None when more bytes are needed.

        Raises PeerFault for one that the order of messages refuses.
        """
        stream, order = self._stream, self._order()
        if awaits_header(stream, self._rules):
            return None
        handshake_type, announced = stream.peek_header()
        if stream.available < HEADER_SIZE + announced:
            return None
        stream.read(HEADER_SIZE)
        order.check_before_reading(handshake_type)
        if handshake_type != HandshakeType.CLIENT_HELLO:
            body = read_body(stream, handshake_type, announced, order.handshake)
            order.check_after_reading(handshake_type)
            return HandshakeMessage(handshake_type, body, announced), None
        mark, body = stream.mark(), stream.peek(announced)
        read = as_read(lambda: read_client_hello(stream, announced, self._rules))
        return HandshakeMessage(handshake_type, stream.since(mark), announced), ReceivedHello(body, read)

    @property
    def is_within_message(self) -> bool:
        """Whether bytes are left that have no place; never here, for SunJSSE's reader knows no messages."""
        return False

    @property
    def refuses_leftovers(self) -> bool:
        """Whether bytes are left that make a refused renegotiation a fault (research note on JSSE, section
        5).
        """
        return self._stream.available > 0

    def read_sslv2_hello(self, body: bytes) -> ClientHello:
        """Translate an SSLv2-format hello and read it from the stream like any other."""
        self.feed(translate_sslv2_hello(body))
        item = self.next()
        received = item[1] if item is not None else None
        assert received is not None, "the translation is a whole ClientHello"
        if isinstance(received.read, PeerFault):
            raise received.read
        return received.read
