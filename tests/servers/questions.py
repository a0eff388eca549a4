"""What is asked of the servers of today, one connection a question, and how the answer is told: in a few
words, a refusal as a reason has it.

A question is a function of a running server. `tests/servers/<name>/` has what each answers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from clients.destination import Destination
from clients.exchange import Exchange, Visit
from clients.observation import Attempt
from clients.player import PlayedHello, Player
from clients.renegotiate import ClientRenegotiation
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.buffer import Reader, pack_vector
from handshake.wire.cipher_suites import cipher_suite_name, parse_cipher_suite
from handshake.wire.client_hello import ClientHello, Extension, push_client_hello
from handshake.wire.messages import ServerHello, pull_server_hello
from handshake.wire.record import Record, push_record
from handshake.wire.registry import (
    ContentType,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
    group_name,
    signature_scheme_name,
)
from servers.credentials import SUBJECT
from servers.running import RunningServer
from tests.servers.asking import DEADLINE, extension, hello
from tests.servers.offers import ask as first_answer
from tests.servers.real_servers import REQUEST

Question = Callable[[RunningServer], str]
TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
MESSAGE_HEADER = 4
ECDHE_RSA = [
    parse_cipher_suite(f"TLS_ECDHE_RSA_WITH_{name}")
    for name in ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "AES_128_CBC_SHA")
]
RSA = [parse_cipher_suite(f"TLS_RSA_WITH_{name}") for name in ("AES_128_GCM_SHA256", "AES_128_CBC_SHA")]
CBC = [parse_cipher_suite(f"TLS_{exchange}_WITH_AES_128_CBC_SHA") for exchange in ("ECDHE_RSA", "RSA")]
IN_TLS_1_3 = [parse_cipher_suite("TLS_AES_128_GCM_SHA256"), parse_cipher_suite("TLS_AES_256_GCM_SHA384")]


def visit(
    server: RunningServer, template: HelloTemplate, exchange_type: type[Exchange] = Exchange
) -> tuple[Attempt, Exchange]:
    """One connection with a hello and a request."""
    player = Player((PlayedHello(template),))
    destination = Destination(server.host, server.port, SUBJECT)
    exchange = exchange_type(player, template, Visit(destination, DEADLINE, REQUEST))
    return exchange.run(), exchange


def with_(template: HelloTemplate, *more: ExtensionTemplate) -> HelloTemplate:
    return replace(template, extensions=(*(template.extensions or ()), *more))


def without(template: HelloTemplate, *types: int) -> HelloTemplate:
    kept = (each for each in template.extensions or () if each.extension_type not in types)
    return replace(template, extensions=tuple(kept))


def messages(attempt: Attempt) -> Iterator[tuple[int, bytes]]:
    """The handshake messages that came, their types and bodies."""
    for entry in attempt.transcript:
        if (entry.direction, entry.kind) == ("received", "message"):
            yield entry.wire[0], entry.wire[MESSAGE_HEADER:]


def bodies(attempt: Attempt, kind: HandshakeType) -> list[bytes]:
    return [body for found, body in messages(attempt) if found == kind]


def server_hello(attempt: Attempt) -> ServerHello:
    """The first one, which in TLS 1.3 may be a HelloRetryRequest."""
    return pull_server_hello(bodies(attempt, HandshakeType.SERVER_HELLO)[0])


def how_it_went(attempt: Attempt) -> str:
    return "works" if attempt.failure is None else str(attempt.failure)


def signed_with(attempt: Attempt) -> str:
    """The scheme of a ServerKeyExchange of ECDHE (RFC 8422 section 5.4), if the handshake got through."""
    if attempt.failure is not None:
        return str(attempt.failure)
    found = bodies(attempt, HandshakeType.SERVER_KEY_EXCHANGE)
    if not found:
        return "works"
    reader = Reader(found[0])
    reader.pull_bytes(3, "curve")
    reader.pull_vector(1, "public key")
    return f"signs with {signature_scheme_name(reader.pull_uint(2, 'scheme'))}"


def no_signature_algorithms(server: RunningServer) -> str:
    template = without(hello(TLS_1_2, ECDHE_RSA), ExtensionType.SIGNATURE_ALGORITHMS)
    return signed_with(visit(server, template)[0])


def no_signature_algorithms_and_none_needed(server: RunningServer) -> str:
    return how_it_went(visit(server, without(hello(TLS_1_2, RSA), ExtensionType.SIGNATURE_ALGORITHMS))[0])


def no_supported_groups(server: RunningServer) -> str:
    attempt, _ = visit(server, without(hello(TLS_1_2, ECDHE_RSA), ExtensionType.SUPPORTED_GROUPS))
    if attempt.negotiated is None or attempt.negotiated.named_group is None:
        return how_it_went(attempt)
    return group_name(attempt.negotiated.named_group)


def no_extensions(server: RunningServer) -> str:
    return how_it_went(visit(server, replace(hello(TLS_1_2, RSA), extensions=None))[0])


def no_common_suite(server: RunningServer) -> str:
    null = parse_cipher_suite("TLS_RSA_WITH_NULL_MD5")
    return how_it_went(visit(server, hello(TLS_1_2, [null]))[0])


def _alpn(server: RunningServer, version: int, suites: Sequence[int]) -> str:
    offered = extension(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, "0004 03" + b"foo".hex())
    attempt, _ = visit(server, with_(hello(version, suites), offered))
    kind = HandshakeType.SERVER_HELLO if version == TLS_1_2 else HandshakeType.ENCRYPTED_EXTENSIONS
    answered = any(b"\x08http/1.1" in body for body in bodies(attempt, kind))
    return f"answers http/1.1: {how_it_went(attempt)}" if answered else how_it_went(attempt)


def no_common_application_protocol(server: RunningServer) -> str:
    return _alpn(server, TLS_1_2, ECDHE_RSA)


def no_common_application_protocol_in_tls_1_3(server: RunningServer) -> str:
    return _alpn(server, TLS_1_3, IN_TLS_1_3)


def certificate_types(server: RunningServer) -> str:
    """Those of a CertificateRequest of TLS 1.2, in hexadecimal (RFC 5246 section 7.4.4)."""
    attempt, _ = visit(server, hello(TLS_1_2, ECDHE_RSA))
    (request,) = bodies(attempt, HandshakeType.CERTIFICATE_REQUEST)
    return Reader(request).pull_vector(1, "certificate_types").hex(" ")


def no_client_certificate(server: RunningServer) -> str:
    return how_it_went(visit(server, hello(TLS_1_2, ECDHE_RSA))[0])


def no_client_certificate_in_tls_1_3(server: RunningServer) -> str:
    return how_it_went(visit(server, hello(TLS_1_3, IN_TLS_1_3))[0])


def client_renegotiates(server: RunningServer) -> str:
    return how_it_went(visit(server, hello(TLS_1_2, ECDHE_RSA), ClientRenegotiation)[0])


def tickets(server: RunningServer) -> str:
    """How many come up to the answer to the request, in TLS 1.3."""
    attempt, _ = visit(server, hello(TLS_1_3, IN_TLS_1_3))
    assert attempt.failure is None, attempt.failure
    return str(len(bodies(attempt, HandshakeType.NEW_SESSION_TICKET)))


def tickets_without_psk_key_exchange_modes(server: RunningServer) -> str:
    template = without(hello(TLS_1_3, IN_TLS_1_3), ExtensionType.PSK_KEY_EXCHANGE_MODES)
    return str(len(bodies(visit(server, template)[0], HandshakeType.NEW_SESSION_TICKET)))


def empty_key_share(server: RunningServer) -> str:
    """The group that a HelloRetryRequest asks for, and what comes with it (RFC 8446 section 4.1.4)."""
    no_share = ExtensionTemplate(ExtensionType.KEY_SHARE, bytes(2))
    template = with_(without(hello(TLS_1_3, IN_TLS_1_3), ExtensionType.KEY_SHARE), no_share)
    attempt, _ = visit(server, replace(template, session_id_length=32))
    retry = server_hello(attempt)
    asked = group_name(int.from_bytes(retry.extension(ExtensionType.KEY_SHARE) or b""))
    cookie = "" if retry.extension(ExtensionType.COOKIE) is None else ", cookie"
    records = [
        entry.name for entry in attempt.transcript if (entry.direction, entry.kind) == ("received", "record")
    ]
    change = ", ChangeCipherSpec" if records[1] == "change_cipher_spec" else ""
    return f"{asked}{cookie}{change}: {how_it_went(attempt)}"


def sslv2_format_hello(server: RunningServer) -> str:
    """It offers TLS 1.2 and TLS_RSA_WITH_AES_128_CBC_SHA alone (RFC 5246 appendix E.2)."""
    body = bytes.fromhex("01 0303 0006 0000 0010 0000ff 00002f") + bytes(range(16))
    return _first(server, bytes([0x80, len(body)]) + body)


def _first(server: RunningServer, flight: bytes) -> str:
    answer = first_answer(server, flight)
    if answer.cipher_suite is None:
        return str(answer.refusal)
    return f"ServerHello, {cipher_suite_name(answer.cipher_suite)}"


def _in_records(size: int, *more: Extension) -> bytes:
    """A hello of TLS 1.2 in records of so many bytes."""
    written = hello(TLS_1_2, ECDHE_RSA)
    extensions = [Extension(each.extension_type, each.body) for each in written.extensions or ()]
    body = push_client_hello(
        ClientHello(TLS_1_2, bytes(range(32)), b"", written.cipher_suites, extensions=(*extensions, *more))
    )
    message = bytes([HandshakeType.CLIENT_HELLO]) + pack_vector(3, body)
    parts = (message[start : start + size] for start in range(0, len(message), size))
    return b"".join(push_record(Record(ContentType.HANDSHAKE, 0x0301, part)) for part in parts)


def hello_of_40_kilobytes(server: RunningServer) -> str:
    return _first(server, _in_records(1 << 14, Extension(ExtensionType.PADDING, bytes(40_000))))


def records_of_three_bytes(server: RunningServer) -> str:
    return _first(server, _in_records(3))


def encrypt_then_mac(server: RunningServer) -> str:
    template = with_(hello(TLS_1_2, CBC), ExtensionTemplate(ExtensionType.ENCRYPT_THEN_MAC))
    negotiated = visit(server, template)[0].negotiated
    return "no such suite" if negotiated is None else "yes" if negotiated.encrypt_then_mac else "no"


def record_size_limit(server: RunningServer) -> str:
    """Whether it is answered (RFC 8449 section 4)."""
    offered = extension(ExtensionType.RECORD_SIZE_LIMIT, "1000")
    attempt, _ = visit(server, with_(hello(TLS_1_2, ECDHE_RSA), offered))
    is_answered = server_hello(attempt).extension(ExtensionType.RECORD_SIZE_LIMIT) is not None
    return "yes" if is_answered else "no"


def compress_certificate(server: RunningServer) -> str:
    """Whether the certificate comes compressed to a client that can read all algorithms (RFC 8879)."""
    offered = extension(ExtensionType.COMPRESS_CERTIFICATE, "06 0001 0002 0003")
    attempt, _ = visit(server, with_(hello(TLS_1_3, IN_TLS_1_3), offered))
    assert attempt.failure is None, attempt.failure
    return "yes" if bodies(attempt, HandshakeType.COMPRESSED_CERTIFICATE) else "no"


QUESTIONS: Mapping[str, tuple[Question, str]] = {
    "no signature_algorithms, ECDHE_RSA": (no_signature_algorithms, ""),
    "no signature_algorithms, RSA": (no_signature_algorithms_and_none_needed, ""),
    "no supported_groups": (no_supported_groups, ""),
    "no extensions": (no_extensions, ""),
    "no common suite": (no_common_suite, ""),
    "no common ALPN": (no_common_application_protocol, ",alpn=http-1.1"),
    "no common ALPN, TLS 1.3": (no_common_application_protocol_in_tls_1_3, ",alpn=http-1.1"),
    "certificate_types": (certificate_types, ",client-certificate=request"),
    "no client certificate": (no_client_certificate, ",client-certificate=require"),
    "no client certificate, TLS 1.3": (no_client_certificate_in_tls_1_3, ",client-certificate=require"),
    "client renegotiates": (client_renegotiates, ""),
    "tickets": (tickets, ""),
    "tickets without psk_key_exchange_modes": (tickets_without_psk_key_exchange_modes, ""),
    "empty key_share": (empty_key_share, ""),
    "SSLv2-format hello": (sslv2_format_hello, ""),
    "hello of 40 kB": (hello_of_40_kilobytes, ""),
    "records of 3 bytes": (records_of_three_bytes, ""),
    "encrypt_then_mac": (encrypt_then_mac, ""),
    "record_size_limit": (record_size_limit, ""),
    "compress_certificate": (compress_certificate, ""),
}
"""The question by name, and the toggles that a server has for it."""
ABOUT_ALPN = tuple(name for name in QUESTIONS if "ALPN" in name)
ABOUT_CLIENT_CERTIFICATES = tuple(
    name for name, (_, toggles) in QUESTIONS.items() if "certificate" in toggles
)


def answers(server_id: str, start: Callable[[str], RunningServer], but: Sequence[str] = ()) -> dict[str, str]:
    """What a server answers to each question, but those that it has no toggle for."""
    return {
        name: question(start(f"{server_id}{toggles}"))
        for name, (question, toggles) in QUESTIONS.items()
        if name not in but
    }
