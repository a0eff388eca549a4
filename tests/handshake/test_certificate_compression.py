"""Compressed certificates (RFC 8879) between two ends of our own, and what a peer may not send.

Every fault stands beside the same message as it should be.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping

import pytest
import zstandard
from msgspec import structs

from handshake.certificate_compression import MAX_LENGTH, compress, decompress
from handshake.client.connection import ClientConnection
from handshake.crypto.credentials import Credential
from handshake.errors import PeerFault
from handshake.hello_template import ClientLimits, ClientPolicy, ExtensionTemplate
from handshake.server import Asking, ClientCertificate
from handshake.server.departures.collection import departures
from handshake.wire.extensions import push_compress_certificate
from handshake.wire.messages import (
    CompressedCertificate,
    pull_compressed_certificate,
    push_compressed_certificate,
)
from handshake.wire.registry import CertificateCompressionAlgorithm, ExtensionType
from tests.handshake.later_requests import SUITES, TLS_1_3, ask, connected, faults, own, shown
from tests.handshake.modern import replaced
from tests.handshake.peers import Ours, exchange, pump, server, template

ALGORITHMS = tuple(CertificateCompressionAlgorithm)
ZLIB, BROTLI, ZSTD = ALGORITHMS
NAMES = [each.name.lower() for each in ALGORITHMS]
EACH = pytest.mark.parametrize("algorithm", ALGORITHMS, ids=NAMES)
BODY = bytes(range(256)) * 10


def client(
    *offered: int, policy: ClientPolicy | None = None, credentials: Mapping[str, Credential] | None = None
) -> Ours:
    hello = template(TLS_1_3, SUITES[TLS_1_3])
    if offered:
        body = push_compress_certificate(offered)
        hello = replaced(hello, ExtensionTemplate(ExtensionType.COMPRESS_CERTIFICATE, body))
    connection = ClientConnection(
        hello,
        server_name="server.example.test",
        limits=ClientLimits(),
        policy=policy or ClientPolicy(),
        entropy=os.urandom,
        credentials=credentials or {},
    )
    connection.start(0.0)
    return Ours(connection)


def compressing(*algorithms: int) -> Ours:
    return Ours(server(TLS_1_3, SUITES[TLS_1_3], certificate_compression=algorithms))


def names(side: Ours) -> list[str]:
    return [entry.name for entry in side.connection.transcript if entry.kind == "message"]


@EACH
def test_what_is_compressed_comes_back(algorithm: int) -> None:
    message = compress(algorithm, BODY)
    assert len(message.compressed) < len(BODY)
    assert pull_compressed_certificate(push_compressed_certificate(message)) == message
    assert decompress(message) == BODY


@pytest.mark.parametrize("level", [1, 3, 19, 22])
def test_a_frame_of_zstandard_that_was_made_as_a_stream(level: int) -> None:
    """Its window is that of the level, and nothing says how much is in it."""
    engine = zstandard.ZstdCompressor(level=level, write_content_size=False).compressobj()
    message = CompressedCertificate(ZSTD, len(BODY), engine.compress(BODY) + engine.flush())
    if level < 22:
        assert decompress(message) == BODY
    else:  # 128 MB, of which a receiver need not take more than 8
        with pytest.raises(PeerFault):
            decompress(message)


@pytest.mark.parametrize("length", [0, len(BODY) - 1, len(BODY) + 1, MAX_LENGTH, MAX_LENGTH + 1, 2**24 - 1])
@EACH
def test_a_length_that_is_not_the_one_it_has(algorithm: int, length: int) -> None:
    message = structs.replace(compress(algorithm, BODY), uncompressed_length=length)
    with pytest.raises(PeerFault) as caught:
        decompress(message)
    wanted = "too-long" if length > MAX_LENGTH else "of-another-length"
    assert caught.value.names[0] in (f"compressed-certificate-{wanted}", "compressed-certificate-unreadable")


@pytest.mark.parametrize(
    "spoilt",
    [lambda data: b"", lambda data: data[:-5], lambda data: b"\xff" + data],
    ids=["empty", "cut", "other"],
)
@EACH
def test_what_cannot_be_decompressed(algorithm: int, spoilt: Callable[[bytes], bytes]) -> None:
    message = compress(algorithm, BODY)
    assert decompress(message) == BODY
    with pytest.raises(PeerFault) as caught:
        decompress(structs.replace(message, compressed=spoilt(message.compressed)))
    assert caught.value.names[0].startswith("compressed-certificate-")


@EACH
def test_a_few_bytes_that_stand_for_many(algorithm: int) -> None:
    """16 MB of zeros, said to be what is taken at most: no more than that is made of them."""
    zeros = bytes(2**24 - 1)
    swelling = compress(algorithm, zeros)
    assert len(swelling.compressed) < 20_000
    for length in (1, MAX_LENGTH, 2**24 - 1):
        with pytest.raises(PeerFault):
            decompress(structs.replace(swelling, uncompressed_length=length))
    within = compress(algorithm, bytes(MAX_LENGTH))
    assert decompress(within) == bytes(MAX_LENGTH)


@pytest.mark.parametrize("offered", [(), (ZLIB,), (ZSTD, BROTLI), (BROTLI, ZLIB, ZSTD)])
@pytest.mark.parametrize("known", [(), (ZLIB,), (BROTLI, ZSTD)])
def test_the_first_of_the_servers_that_the_client_has_is_used(
    known: tuple[int, ...], offered: tuple[int, ...]
) -> None:
    ours, theirs = client(*offered), compressing(*known)
    exchange(ours, theirs)
    common = [algorithm for algorithm in known if algorithm in offered]
    assert ("CompressedCertificate" in names(ours)) is bool(common)
    assert ("Certificate" in names(ours)) is not bool(common)
    for entry in ours.connection.transcript:
        if entry.name == "CompressedCertificate" and entry.kind == "message":
            assert pull_compressed_certificate(entry.wire[4:]).algorithm == common[0]


@pytest.mark.parametrize(
    ("departure", "fault"),
    [
        ("compressed-certificate", None),
        ("certificate-compression-not-offered", "illegal-parameter"),
        ("certificate-compression-unknown", "illegal-parameter"),
        ("compressed-certificate-one-byte-longer", "bad-certificate"),
        ("compressed-certificate-one-byte-shorter", "bad-certificate"),
        ("compressed-certificate-of-no-length", "bad-certificate"),
        ("compressed-certificate-cut-off", "bad-certificate"),
        ("compressed-certificate-empty", "bad-certificate"),
        ("compressed-certificate-swelling", "bad-certificate"),
    ],
)
@EACH
def test_what_a_server_does_otherwise(algorithm: int, departure: str, fault: str | None) -> None:
    ours = client(algorithm)
    theirs = Ours(server(TLS_1_3, SUITES[TLS_1_3], departures=(departures()[departure],)))
    pump(ours, theirs)
    assert "CompressedCertificate" in names(ours)
    assert faults(ours) == ([] if fault is None else [fault])
    assert ours.is_connected is (fault is None)


def test_a_compressed_certificate_that_nobody_asked_for() -> None:
    for offered, met in (((), ["unexpected-message"]), ((ZLIB,), [])):
        unasked = departures()["compressed-certificate-unasked"]
        ours, theirs = client(*offered), Ours(server(TLS_1_3, SUITES[TLS_1_3], departures=(unasked,)))
        pump(ours, theirs)
        assert faults(ours) == met


@EACH
def test_a_clients_own_certificate_is_compressed_where_it_does_so(algorithm: int) -> None:
    for policy in (ClientPolicy(certificate_compression=(algorithm,)), ClientPolicy()):
        ours = client(policy=policy, credentials=own("ecdsa"))
        theirs = Ours(
            server(
                TLS_1_3,
                SUITES[TLS_1_3],
                client_certificate=ClientCertificate.REQUIRE,
                trusted_certificates=own("ecdsa")["ecdsa"].chain[:1],
                certificate_compression=ALGORITHMS,
            )
        )
        exchange(ours, theirs)
        assert shown(theirs) == [own("ecdsa")["ecdsa"].chain]
        assert ("CompressedCertificate" in names(theirs)) is bool(policy.certificate_compression)


@pytest.mark.parametrize(("known", "fault"), [((), "unexpected-message"), ((BROTLI,), "illegal-parameter")])
def test_a_server_takes_none_that_it_has_not_asked_for(known: tuple[int, ...], fault: str) -> None:
    """A client that answers another request than it got."""
    ours = client(policy=ClientPolicy(certificate_compression=(ZLIB,)), credentials=own("ecdsa"))
    theirs = Ours(
        server(
            TLS_1_3,
            SUITES[TLS_1_3],
            client_certificate=ClientCertificate.REQUEST,
            trusted_certificates=own("ecdsa")["ecdsa"].chain[:1],
            certificate_compression=(ZLIB,),
        )
    )
    hello = ours.give()
    theirs.take(hello)
    flight = theirs.give()
    theirs.connection.configuration = theirs.connection.handshake.configuration = dataclasses.replace(
        theirs.connection.configuration, certificate_compression=known
    )
    ours.take(flight)
    theirs.take(ours.give())
    assert faults(theirs) == [fault]


def test_after_the_handshake() -> None:
    """Post-handshake authentication, with a certificate that is compressed."""
    hello = replaced(template(TLS_1_3, SUITES[TLS_1_3]), ExtensionTemplate(ExtensionType.POST_HANDSHAKE_AUTH))
    connection = ClientConnection(
        hello,
        server_name="server.example.test",
        limits=ClientLimits(),
        policy=ClientPolicy(certificate_compression=(ZSTD,)),
        entropy=os.urandom,
        credentials=own("ecdsa"),
    )
    connection.start(0.0)
    theirs = Ours(
        server(
            TLS_1_3,
            SUITES[TLS_1_3],
            client_certificate=ClientCertificate.REQUEST,
            client_certificate_asked=(Asking.POST_HANDSHAKE,),
            trusted_certificates=own("ecdsa")["ecdsa"].chain[:1],
            certificate_compression=(ZSTD,),
        )
    )
    ours, theirs = connected(Ours(connection), theirs)
    ask(ours, theirs)
    assert "CompressedCertificate" in names(theirs)
    assert shown(theirs) == [own("ecdsa")["ecdsa"].chain]
