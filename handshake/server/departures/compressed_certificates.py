"""The server's certificate compressed (RFC 8879): where nobody asked for it, and otherwise than it says."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from handshake.certificate_compression import compress
from handshake.server.departures.departure import (
    TLS_1_3,
    Departure,
    Situation,
    must_go_on,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import Rewrite
from handshake.wire.extensions import pull_compress_certificate
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import CompressedCertificate, push_compressed_certificate
from handshake.wire.registry import (
    AlertDescription,
    CertificateCompressionAlgorithm,
    ExtensionType,
    HandshakeType,
)

OFFERED = "extension:compress_certificate"
LARGEST = 2**24 - 1
"""Of a length in three bytes."""
UNKNOWN = 0x3F3F
"""An algorithm that has no registration."""

Edit = Callable[[CompressedCertificate], CompressedCertificate]


def _offered(situation: Situation) -> tuple[int, ...]:
    body = situation.hello.extension(ExtensionType.COMPRESS_CERTIFICATE)
    return () if body is None else pull_compress_certificate(body)


def _the_clients(situation: Situation) -> int | None:
    """The first algorithm of the client's that there is."""
    known = set(CertificateCompressionAlgorithm)
    return next((algorithm for algorithm in _offered(situation) if algorithm in known), None)


def _another(situation: Situation) -> int | None:
    """One that the client has not, where it has some."""
    offered = _offered(situation)
    others = (algorithm for algorithm in CertificateCompressionAlgorithm if algorithm not in offered)
    return next(others, None) if offered else None


def _unasked(situation: Situation) -> int | None:
    """One, where the client has none."""
    return None if _offered(situation) else CertificateCompressionAlgorithm.ZLIB


def _compressed(edit: Edit, choose: Callable[[Situation], int | None] = _the_clients) -> Rewrite:
    """Send the certificate compressed by the algorithm that is chosen, then edited; as it is without one."""

    def rewrite(situation: Situation, message: HandshakeMessage) -> Sequence[HandshakeMessage]:
        algorithm = choose(situation)
        if message.handshake_type != HandshakeType.CERTIFICATE or algorithm is None:
            return (message,)
        body = push_compressed_certificate(edit(compress(algorithm, message.body)))
        return (HandshakeMessage(HandshakeType.COMPRESSED_CERTIFICATE, body),)

    return rewrite


def _longer(by: int) -> Edit:
    return lambda message: replace(message, uncompressed_length=message.uncompressed_length + by)


def _swelling(message: CompressedCertificate) -> CompressedCertificate:
    """Zeros in the place of the certificate, as many as a message can have."""
    return compress(message.algorithm, bytes(LARGEST))


_BAD = must_refuse("RFC 8879 section 4", AlertDescription.BAD_CERTIFICATE)

DEPARTURES = (
    Departure(
        "compressed-certificate",
        "compresses its certificate by the first algorithm that the client offers",
        TLS_1_3,
        must_go_on("RFC 8879 section 4"),
        hello=OFFERED,
        rewrites=_compressed(lambda message: message),
    ),
    Departure(
        "compressed-certificate-unasked",
        "compresses its certificate, and the client has not offered that",
        TLS_1_3,
        must_refuse("RFC 8446 section 4.2"),
        hello=f"not {OFFERED}",
        rewrites=_compressed(lambda message: message, _unasked),
    ),
    Departure(
        "certificate-compression-not-offered",
        "compresses its certificate by an algorithm that the client has not offered",
        TLS_1_3,
        silent("RFC 8879 section 4"),
        hello=OFFERED,
        rewrites=_compressed(lambda message: message, _another),
    ),
    Departure(
        "certificate-compression-unknown",
        "compresses its certificate by an algorithm that has no registration",
        TLS_1_3,
        silent("RFC 8879 section 4"),
        hello=OFFERED,
        rewrites=_compressed(lambda message: replace(message, algorithm=UNKNOWN)),
    ),
    Departure(
        "compressed-certificate-one-byte-longer",
        "says that its compressed certificate has one byte more than it has",
        TLS_1_3,
        _BAD,
        hello=OFFERED,
        rewrites=_compressed(_longer(1)),
    ),
    Departure(
        "compressed-certificate-one-byte-shorter",
        "says that its compressed certificate has one byte less than it has",
        TLS_1_3,
        _BAD,
        hello=OFFERED,
        rewrites=_compressed(_longer(-1)),
    ),
    Departure(
        "compressed-certificate-of-no-length",
        "says that its compressed certificate has no bytes",
        TLS_1_3,
        _BAD,
        hello=OFFERED,
        rewrites=_compressed(lambda message: replace(message, uncompressed_length=0)),
    ),
    Departure(
        "compressed-certificate-cut-off",
        "leaves out the last byte of what it compressed",
        TLS_1_3,
        _BAD,
        hello=OFFERED,
        rewrites=_compressed(lambda message: replace(message, compressed=message.compressed[:-1])),
    ),
    Departure(
        "compressed-certificate-empty",
        "sends nothing as what it compressed",
        TLS_1_3,
        must_refuse("RFC 8879 section 4"),
        hello=OFFERED,
        rewrites=_compressed(lambda message: replace(message, compressed=b"")),
    ),
    Departure(
        "compressed-certificate-trailing-byte",
        "puts a byte behind what it compressed",
        TLS_1_3,
        silent("RFC 8879 section 4"),
        hello=OFFERED,
        rewrites=_compressed(lambda message: replace(message, compressed=message.compressed + b"\x00")),
    ),
    Departure(
        "compressed-certificate-swelling",
        "compresses sixteen million zeros in the place of its certificate",
        TLS_1_3,
        must_refuse("RFC 8879 section 4"),
        hello=OFFERED,
        rewrites=_compressed(_swelling),
    ),
)
