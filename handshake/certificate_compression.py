"""Certificate compression of TLS 1.3 (RFC 8879): a Certificate message that was made smaller, and back.

What comes back is bounded by what the message says it is, and that by `MAX_LENGTH`: a few bytes can stand for
a gigabyte. What is too long is decompressed until that shows, which costs less than `MAX_WINDOW` in all.
"""

import io
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import brotli
import zstandard

from handshake.errors import Fault, PeerFault
from handshake.wire.extensions import pull_compress_certificate
from handshake.wire.handshake_message import MAX_MESSAGE_LENGTH
from handshake.wire.messages import CompressedCertificate, push_compressed_certificate
from handshake.wire.registry import CertificateCompressionAlgorithm, HandshakeType

MAX_LENGTH = MAX_MESSAGE_LENGTH
"""How many bytes a decompressed message may have: as many as one that was not compressed."""
MAX_WINDOW = 2**23
"""How many bytes back a Zstandard frame may refer to: what RFC 8878 section 3.1.1.1.2 recommends. A frame
that was made as a stream has the window of its level, however little is in it."""

_A = CertificateCompressionAlgorithm


def _unzlib(data: bytes, length: int) -> bytes:
    engine = zlib.decompressobj()
    content = engine.decompress(data, length + 1)
    if not engine.eof or engine.unused_data:
        raise ValueError("not one whole stream of that length")
    return content


def _unbrotli(data: bytes, length: int) -> bytes:
    engine = brotli.Decompressor()
    # At the limit it begins no other block: it may give twice as much (brotli 1.2.1, measured).
    content = bytes(engine.process(data, output_buffer_limit=length + 1))
    if len(content) <= length and not engine.is_finished():
        raise ValueError("the stream breaks off")
    return content


def _unzstd(data: bytes, length: int) -> bytes:
    with zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(io.BytesIO(data)) as reader:
        return reader.read(length + 1)


_COMPRESS: Mapping[int, Callable[[bytes], bytes]] = MappingProxyType(
    {
        _A.ZLIB: zlib.compress,
        _A.BROTLI: brotli.compress,
        _A.ZSTD: zstandard.ZstdCompressor(write_content_size=True).compress,
    }
)
_DECOMPRESS: Mapping[int, Callable[[bytes, int], bytes]] = MappingProxyType(
    {_A.ZLIB: _unzlib, _A.BROTLI: _unbrotli, _A.ZSTD: _unzstd}
)


def compress(algorithm: int, body: bytes) -> CompressedCertificate:
    """Make the body of a Certificate message smaller. Raises KeyError for an algorithm that is none of RFC
    8879's.
    """
    return CompressedCertificate(algorithm, len(body), _COMPRESS[algorithm](body))


def certificate_message(known: tuple[int, ...], peers: bytes | None, body: bytes) -> tuple[int, bytes]:
    """The type and the body of the message that a Certificate message's body is sent in: compressed by the
    first of the `known` algorithms that the peer's compress_certificate lists, if there is one (RFC 8879
    section 4).
    """
    accepted = () if peers is None else pull_compress_certificate(peers)
    algorithm = next((algorithm for algorithm in known if algorithm in accepted), None)
    if algorithm is None:
        return HandshakeType.CERTIFICATE, body
    return HandshakeType.COMPRESSED_CERTIFICATE, push_compressed_certificate(compress(algorithm, body))


def decompress(message: CompressedCertificate) -> bytes:
    """The body of the Certificate message. Raises PeerFault: RFC 8879 section 4 has bad_certificate for what
    cannot be decompressed, and for a length that is not the one it says.
    """
    length = message.uncompressed_length
    if length > MAX_LENGTH:
        detail = f"a compressed certificate of {length} bytes; {MAX_LENGTH} are taken"
        raise PeerFault(Fault.BAD_CERTIFICATE, detail, "compressed-certificate-too-long")
    try:
        body = _DECOMPRESS[message.algorithm](message.compressed, length)
    except (ValueError, zlib.error, brotli.error, zstandard.ZstdError, MemoryError) as error:
        detail = f"a compressed certificate that cannot be decompressed: {error}"
        raise PeerFault(Fault.BAD_CERTIFICATE, detail, "compressed-certificate-unreadable") from error
    if len(body) != length:
        has = "more" if len(body) > length else f"{len(body)}"
        detail = f"a compressed certificate says {length} bytes and has {has}"
        raise PeerFault(Fault.BAD_CERTIFICATE, detail, "compressed-certificate-of-another-length")
    return body
