"""What people are told of an extension's body, and JA3 of made-up hellos."""

import pytest

from handshake.wire.client_hello import ClientHello, Extension, SSLv2ClientHello
from handshake.wire.extension_text import describe_extension
from handshake.wire.ja3 import ja3, ja3_string
from handshake.wire.registry import ExtensionType

ECH = "00 0001 0001 07 0001aa 0002bbbb"
OUTER = "outer, HKDF-SHA256, AES-128-GCM, config 7, enc of 1 bytes, payload of 2 bytes"


@pytest.mark.parametrize(
    ("extension_type", "body", "text"),
    [
        (ExtensionType.SERVER_NAME, "000e00000b662d64726f69642e6f7267", "f-droid.org"),
        (ExtensionType.SERVER_NAME, "0007000004610a1b7f", r"a\x0a\x1b\x7f"),
        (ExtensionType.SERVER_NAME, "", "empty"),
        (ExtensionType.SERVER_NAME, "0000", "an empty list"),
        (ExtensionType.SERVER_NAME, "0009", "0009"),
        (ExtensionType.SUPPORTED_GROUPS, "00080a0a001d00170100", "GREASE, x25519, secp256r1, ffdhe2048"),
        (ExtensionType.EC_POINT_FORMATS, "020001", "uncompressed, ansiX962_compressed_prime"),
        (ExtensionType.SIGNATURE_ALGORITHMS, "000404030201", "ecdsa_secp256r1_sha256, rsa_pkcs1_sha1"),
        (ExtensionType.SUPPORTED_VERSIONS, "0403040303", "TLSv1.3, TLSv1.2"),
        (ExtensionType.SUPPORTED_VERSIONS, "0304", "TLSv1.3"),
        (ExtensionType.KEY_SHARE, "0006001d0002abcd", "x25519 (2 bytes)"),
        (ExtensionType.KEY_SHARE, "00170003abcdef", "secp256r1 (3 bytes)"),
        (ExtensionType.KEY_SHARE, "0017", "secp256r1"),
        (0x0010, "000c02683208687474702f312e31", "h2, http/1.1"),
        (ExtensionType.PSK_KEY_EXCHANGE_MODES, "020001", "psk_ke, psk_dhe_ke"),
        (ExtensionType.RENEGOTIATION_INFO, "00", "first handshake"),
        (ExtensionType.RENEGOTIATION_INFO, "02abcd", "abcd"),
        (ExtensionType.PADDING, "000000", "3 zero bytes"),
        (ExtensionType.PADDING, "0001", "0001"),
        (ExtensionType.STATUS_REQUEST, "0100000000", "ocsp"),
        (ExtensionType.STATUS_REQUEST, "010001aa0000", "ocsp, 1 bytes of responder ids"),
        (ExtensionType.STATUS_REQUEST_V2, "0007 02 0004 00000000", "ocsp_multi"),
        (ExtensionType.COMPRESS_CERTIFICATE, "0400020003", "brotli, zstd"),
        (ExtensionType.APPLICATION_SETTINGS_NEW, "0003026832", "h2"),
        (ExtensionType.DELEGATED_CREDENTIAL, "000404030807", "ecdsa_secp256r1_sha256, ed25519"),
        (ExtensionType.RECORD_SIZE_LIMIT, "4001", "16385 bytes"),
        (ExtensionType.MAX_FRAGMENT_LENGTH, "02", "1024 bytes"),
        (ExtensionType.SESSION_TICKET, "aabbcc", "a ticket of 3 bytes"),
        (ExtensionType.PRE_SHARED_KEY, "0007 0001aa00000000 0003 02bbbb", "identities of 1 bytes, 1 binder"),
        (ExtensionType.PRE_SHARED_KEY, "0000", "identity 0"),
        (ExtensionType.COOKIE, "0002aabb", "2 bytes"),
        (ExtensionType.SERVER_CERTIFICATE_TYPE, "020200", "RawPublicKey, X509"),
        (ExtensionType.SERVER_CERTIFICATE_TYPE, "02", "RawPublicKey"),
        (ExtensionType.CERTIFICATE_AUTHORITIES, "0004 0002aabb", "1 distinguished name"),
        (ExtensionType.TOKEN_BINDING, "01000102", "version 1.0, ecdsap256"),
        (ExtensionType.TICKET_REQUEST, "0201", "2 for a new session, 1 for a resumed one"),
        (ExtensionType.ENCRYPTED_CLIENT_HELLO, ECH, OUTER),
        (ExtensionType.ENCRYPTED_CLIENT_HELLO, "01", "inner"),
        (ExtensionType.ENCRYPTED_CLIENT_HELLO, "00", "00"),
        (ExtensionType.TRUST_ANCHORS, "0005 01aa 02bbbb", "2 trust anchor ids"),
        (0x7777, "0102", "0102"),
    ],
)  # fmt: skip
def test_description(extension_type: int, body: str, text: str) -> None:
    assert describe_extension(extension_type, bytes.fromhex(body)) == text


def hello(cipher_suites: tuple[int, ...], extensions: tuple[Extension, ...] | None) -> ClientHello:
    return ClientHello(0x0301, bytes(32), b"", cipher_suites, b"\x00", extensions)


PUBLISHED = hello(
    (47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4),
    (
        Extension(0, bytes.fromhex("0006000003616263")),
        Extension(10, bytes.fromhex("0006001700180019")),
        Extension(11, bytes.fromhex("0100")),
    ),
)


def test_ja3_is_the_one_its_authors_publish() -> None:
    assert ja3_string(PUBLISHED) == "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0"
    assert ja3(PUBLISHED) == "ada70206e40642a3e4461f35503241d5"


def test_ja3_without_extensions_is_the_one_its_authors_publish() -> None:
    plain = hello((4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99), None)
    assert ja3_string(plain) == "769,4-5-10-9-100-98-3-6-19-18-99,,,"
    assert ja3(plain) == "de350869b8c85de67a350c8d186f11e6"


def test_ja3_leaves_grease_out() -> None:
    greased = hello(
        (0x0A0A, *PUBLISHED.cipher_suites),
        (
            Extension(0xFAFA),
            *(PUBLISHED.extensions or ())[:1],
            Extension(10, bytes.fromhex("00081a1a001700180019")),
            Extension(11, bytes.fromhex("0100")),
        ),
    )
    assert ja3(greased) == ja3(PUBLISHED)


def test_ja3_sees_the_order_of_suites() -> None:
    turned = hello(PUBLISHED.cipher_suites[::-1], PUBLISHED.extensions)
    assert ja3(turned) != ja3(PUBLISHED)


def test_ja3_takes_a_malformed_list_for_an_empty_one() -> None:
    assert ja3_string(hello((1,), (Extension(10, b"\x00"), Extension(11, b"\x05")))) == "769,1,10-11,,"


def test_sslv2_format_hello_has_no_ja3() -> None:
    assert ja3(SSLv2ClientHello(0x0301, (4,), b"", bytes(16))) is None
