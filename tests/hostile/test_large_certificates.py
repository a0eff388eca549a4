"""Certificates that are too large, and compressed ones that swell: refused before they cost memory."""

import dataclasses
import zlib
from functools import cache

import brotli
import pytest
import zstandard
from msgspec.structs import replace

from handshake.wire.handshake_message import MAX_MESSAGE_LENGTH
from handshake.wire.registry import CertificateCompressionAlgorithm, ContentType, HandshakeType
from tests.handshake.peers import credentials
from tests.hostile.floods import message
from tests.hostile.handshakes import HANDSHAKES, Handshake
from tests.hostile.memory import MOST_MEMORY, needs_at_most
from tests.hostile.server import Line, Server, visit
from tests.mutations.records import Alteration, Written

RECORD = 16_384
SWOLLEN = 64 * 2**20
ALGORITHMS = tuple(CertificateCompressionAlgorithm)
CERTIFICATES = (HandshakeType.CERTIFICATE, HandshakeType.COMPRESSED_CERTIFICATE)


@cache
def bomb(algorithm: int) -> bytes:
    """A few bytes of an algorithm that stand for SWOLLEN zeros."""
    compress = {
        CertificateCompressionAlgorithm.ZLIB: zlib.compress,
        CertificateCompressionAlgorithm.BROTLI: brotli.compress,
        CertificateCompressionAlgorithm.ZSTD: zstandard.compress,
    }
    return bytes(compress[CertificateCompressionAlgorithm(algorithm)](bytes(SWOLLEN)))


def in_place_of_the_certificate(wire: bytes) -> Alteration:
    """Whatever is written in the place of a Certificate, in as many records as it needs."""
    pieces = (wire[start : start + RECORD] for start in range(0, len(wire), RECORD))
    records = tuple(Written(ContentType.HANDSHAKE, piece) for piece in pieces)
    return Alteration(lambda written: records)


def records_of(handshake: Handshake) -> list[int]:
    """The numbers of the records with the server's certificate."""
    server = Server(handshake)
    assert visit(handshake, Line(server)).failure is None
    meant = enumerate(server.records.meant)
    return [number for number, written in meant if written.fragment[0] in CERTIFICATES]


@pytest.mark.parametrize("claimed", [0, 1000, MAX_MESSAGE_LENGTH, 2**24 - 1])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_compressed_certificate_that_swells(algorithm: int, claimed: int) -> None:
    handshake = HANDSHAKES["tls1.3-retry"]
    (number,) = records_of(handshake)
    compressed = bomb(algorithm)
    body = algorithm.to_bytes(2, "big") + claimed.to_bytes(3, "big")
    body += len(compressed).to_bytes(3, "big") + compressed
    wire = message(HandshakeType.COMPRESSED_CERTIFICATE, body)
    server = Server(handshake, in_place_of_the_certificate(wire), number)
    with needs_at_most(MOST_MEMORY):
        attempt = visit(handshake, Line(server))
    assert str(attempt.failure).startswith("certificate:protocol-error-")


@pytest.mark.parametrize("length", [2**24 - 1, MAX_MESSAGE_LENGTH + 1])
@pytest.mark.parametrize("name", ["sslv3", "tls1.2-ecdsa", "tls1.3"])
def test_a_certificate_that_announces_too_much(name: str, length: int) -> None:
    (number,) = records_of(HANDSHAKES[name])
    wire = message(HandshakeType.CERTIFICATE, bytes(16_000), length)
    line = Line(Server(HANDSHAKES[name], in_place_of_the_certificate(wire), number))
    with needs_at_most(MOST_MEMORY):
        attempt = visit(HANDSHAKES[name], line)
    assert str(attempt.failure) == "certificate:protocol-error-decode"


@pytest.mark.parametrize(("bytes_in_all", "works"), [(200_000, True), (15 * 2**20, False)])
@pytest.mark.parametrize("name", ["tls1.0-dhe", "tls1.3"])
def test_a_long_chain(name: str, bytes_in_all: int, works: bool) -> None:
    credential = credentials()["rsa"]
    chain = credential.chain * (bytes_in_all // len(credential.chain[0]))
    long = {"credentials": {"rsa": dataclasses.replace(credential, chain=chain)}}
    handshake = replace(HANDSHAKES[name], quirks=long)
    server = Server(handshake)
    attempt = visit(handshake, Line(server))
    assert (attempt.failure is None) == works
    assert works or str(attempt.failure) == "certificate:protocol-error-decode"
