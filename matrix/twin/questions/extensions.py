"""Which extensions the ServerHello answers, in which order and with which bodies, and what else a server
agrees to by an extension.

Everything is offered at once; what stands in the answer is written down in its order. Extensions that depend
on the cipher suite are seen by a hello without ECDHE.
"""

from collections.abc import Sequence

from handshake.crypto.suite_parameters import CipherKind, KeyExchange, suite_parameters
from handshake.features.edits import insert
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.buffer import pack_uint
from handshake.wire.client_hello import Extension
from handshake.wire.extensions import push_compress_certificate
from handshake.wire.registry import (
    CertificateCompressionAlgorithm,
    ExtensionType,
    ProtocolVersion,
    extension_name,
)
from matrix.twin.draft import Draft
from matrix.twin.hellos import has, with_suites
from matrix.twin.inquiry import Asking, Question

_E, _V = ExtensionType, ProtocolVersion
_OFFERED = (
    ExtensionTemplate(_E.SESSION_TICKET),
    ExtensionTemplate(_E.EXTENDED_MASTER_SECRET),
    ExtensionTemplate(_E.ENCRYPT_THEN_MAC),
    ExtensionTemplate(_E.MAX_FRAGMENT_LENGTH, b"\x04"),
    ExtensionTemplate(_E.HEARTBEAT, b"\x01"),
    ExtensionTemplate(_E.STATUS_REQUEST, b"\x01\x00\x00\x00\x00"),
    ExtensionTemplate(_E.SIGNED_CERTIFICATE_TIMESTAMP),
)
"""What a hello may ask for besides (RFC 5077, 7627, 7366, 6066, 6520, 6962)."""
_BY_THE_ENGINE = (
    _E.RENEGOTIATION_INFO,
    _E.EXTENDED_MASTER_SECRET,
    _E.ENCRYPT_THEN_MAC,
    _E.SESSION_TICKET,
    _E.RECORD_SIZE_LIMIT,
    _E.APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
)
"""Their bodies are what was negotiated."""
_FOLLOWED_BY_A_MESSAGE = (_E.STATUS_REQUEST,)
"""An answer with a message of its own that the twin does not send."""
_RECORD_SIZE = 16385
_ECDHE = (KeyExchange.ECDHE_RSA, KeyExchange.ECDHE_ECDSA, KeyExchange.ECDH_ANON)
_OF_ECDHE = "TLS_ECDH*"


def _ask(draft: Draft) -> Asking[None]:
    version = draft.highest_before_1_3
    hello = None if version is None else draft.hellos[version]
    if version is not None and hello is not None and hello.extensions is not None:
        yield from _ask_answered(draft, version, hello)
        yield from _ask_record_size(draft, hello)
    in_1_3 = draft.hellos.get(_V.TLS_1_3)
    if in_1_3 is not None:
        yield from _ask_compression(draft, in_1_3)


def _ask_answered(draft: Draft, version: int, hello: HelloTemplate) -> Asking[None]:
    cbc = [code for code in draft.suites[version] if suite_parameters(code).cipher.kind is CipherKind.BLOCK]
    offered = _with_all(with_suites(hello, cbc) if cbc else hello)
    reply = yield from draft.ask(offered)
    if reply.hello is None:
        draft.note("which extensions the server answers is not known: it refuses a hello that asks for all")
        return
    answered = reply.hello.extensions or ()
    types = {each.extension_type for each in answered}
    draft.emulation["extended_master_secret"] = _E.EXTENDED_MASTER_SECRET in types
    if cbc:
        draft.emulation["encrypt_then_mac"] = _E.ENCRYPT_THEN_MAC in types
    draft.emulation["renegotiation_info"] = _E.RENEGOTIATION_INFO in types
    others = [code for code in draft.suites[version] if suite_parameters(code).key_exchange not in _ECDHE]
    elsewhere = types
    if others and _E.EC_POINT_FORMATS in types:
        without = yield from draft.ask(_with_all(with_suites(hello, others)))
        if without.hello is not None:
            elsewhere = {each.extension_type for each in without.hello.extensions or ()}
    draft.emulation["answered_extension"] = [
        _written(each, elsewhere) for each in answered if each.extension_type not in _FOLLOWED_BY_A_MESSAGE
    ]
    if _E.STATUS_REQUEST in types:
        draft.note("the server staples an OCSP response (status_request), which the twin does not")


def _with_all(hello: HelloTemplate) -> HelloTemplate:
    for extension in _OFFERED:
        if not has(hello, extension.extension_type):
            hello = insert(hello, extension)
    return hello


def _written(extension: Extension, elsewhere: set[int]) -> dict[str, str]:
    name = extension_name(extension.extension_type)
    if extension.extension_type in _BY_THE_ENGINE:
        return {"extension": name}
    sent = next((each.body for each in _OFFERED if each.extension_type == extension.extension_type), None)
    written = {
        "extension": name,
        "body": "echo" if sent and sent == extension.body else extension.body.hex(" "),
    }
    if extension.extension_type == _E.EC_POINT_FORMATS and extension.extension_type not in elsewhere:
        written["cipher_suites"] = _OF_ECDHE
    return written


def _ask_record_size(draft: Draft, hello: HelloTemplate) -> Asking[None]:
    """Ask for RFC 8449, which excludes max_fragment_length."""
    reply = yield from draft.ask(
        insert(hello, ExtensionTemplate(_E.RECORD_SIZE_LIMIT, pack_uint(2, _RECORD_SIZE)))
    )
    body = None if reply.hello is None else reply.hello.extension(_E.RECORD_SIZE_LIMIT)
    if body is not None and len(body) == 2:
        draft.emulation["record_size_limit"] = int.from_bytes(body, "big")
        draft.emulation["answered_extension"].append({"extension": extension_name(_E.RECORD_SIZE_LIMIT)})


def _ask_compression(draft: Draft, hello: HelloTemplate) -> Asking[None]:
    left: Sequence[int] = tuple(CertificateCompressionAlgorithm)
    found = []
    while left:
        body = push_compress_certificate(tuple(left))
        reply = yield from draft.ask(insert(hello, ExtensionTemplate(_E.COMPRESS_CERTIFICATE, body)))
        algorithm = reply.certificate_compression
        if algorithm is None or algorithm not in left:
            break
        found.append(algorithm)
        left = [each for each in left if each != algorithm]
    if found:
        names = [CertificateCompressionAlgorithm(algorithm).name.lower() for algorithm in found]
        draft.emulation["certificate_compression"] = names


QUESTION = Question("extensions", "which extensions it answers, in which order", _ask)
