"""JA4 of the hellos that its authors publish, and of made-up ones at the edges of its rules."""

import pytest

from handshake.wire.client_hello import ClientHello, Extension, SSLv2ClientHello
from handshake.wire.ja4 import ja4, ja4_raw

SERVER_NAME, ALPN, SUPPORTED_VERSIONS, SIGNATURE_ALGORITHMS = 0x0000, 0x0010, 0x002B, 0x000D
PUBLISHED_SUITES = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014,
                    0x009C, 0x009D, 0x002F, 0x0035)  # fmt: skip
PUBLISHED_TYPES = (0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012,
                   0x002B, 0xFF01, 0x000B, 0x000A, 0x0015)  # fmt: skip
BODIES = {
    ALPN: "000c02683208687474702f312e31",
    SUPPORTED_VERSIONS: "0403040303",
    SIGNATURE_ALGORITHMS: "001004030804040105030805050108060601",
}


def hello(
    types: tuple[int, ...] | None = (),
    bodies: dict[int, str] = BODIES,
    suites: tuple[int, ...] = (0x002F,),
    version: int = 0x0303,
) -> ClientHello:
    extensions = None
    if types is not None:
        extensions = tuple(Extension(each, bytes.fromhex(bodies.get(each, ""))) for each in types)
    return ClientHello(version, bytes(32), b"", suites, b"\x00", extensions)


PUBLISHED = hello(PUBLISHED_TYPES, suites=PUBLISHED_SUITES)


def first_part(each: ClientHello) -> str:
    fingerprint = ja4(each)
    assert fingerprint is not None
    return fingerprint.split("_")[0]


def test_ja4_is_the_one_its_authors_publish() -> None:
    assert ja4(PUBLISHED) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_what_is_hashed_is_what_its_authors_publish() -> None:
    assert ja4_raw(PUBLISHED) == (
        "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_"
        "0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_"
        "0403,0804,0401,0503,0805,0501,0806,0601"
    )


def test_without_schemes_it_is_the_one_its_authors_publish() -> None:
    bodies = {ALPN: BODIES[ALPN], SUPPORTED_VERSIONS: BODIES[SUPPORTED_VERSIONS]}
    assert ja4(hello(PUBLISHED_TYPES, bodies, PUBLISHED_SUITES)) == "t13d1516h2_8daaf6152771_6d807ffa2a79"


def test_the_order_of_suites_and_extensions_does_not_count() -> None:
    assert ja4(hello(PUBLISHED_TYPES[::-1], suites=PUBLISHED_SUITES[::-1])) == ja4(PUBLISHED)


def test_the_order_of_schemes_counts() -> None:
    turned = BODIES | {SIGNATURE_ALGORITHMS: "001008040403040105030805050108060601"}
    assert ja4(hello(PUBLISHED_TYPES, turned, PUBLISHED_SUITES)) != ja4(PUBLISHED)


def test_grease_is_left_out_everywhere() -> None:
    bodies = BODIES | {
        SUPPORTED_VERSIONS: "06fafa03040303",
        SIGNATURE_ALGORITHMS: "00120a0a04030804040105030805050108060601",
    }
    greased = hello((0x1A1A, *PUBLISHED_TYPES, 0x2A2A), bodies, (0x3A3A, *PUBLISHED_SUITES))
    assert ja4(greased) == ja4(PUBLISHED)


@pytest.mark.parametrize(
    ("version", "supported", "text"),
    [
        (0x0303, None, "12"),
        (0x0302, None, "11"),
        (0x0301, None, "10"),
        (0x0300, None, "s3"),
        (0x0003, None, "00"),
        (0x0303, "020304", "13"),
        (0x0303, "0403020303", "12"),
        (0x0301, "021a1a", "10"),
        (0x0303, "047f1c0303", "00"),
        (0x0303, "04", "00"),
    ],
)
def test_version_is_the_highest_of_supported_versions(version: int, supported: str | None, text: str) -> None:
    types = () if supported is None else (SUPPORTED_VERSIONS,)
    bodies = {} if supported is None else {SUPPORTED_VERSIONS: supported}
    assert first_part(hello(types, bodies, version=version))[1:3] == text


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ((b"h2",), "h2"),
        ((b"http/1.1", b"h2"), "h1"),
        ((b"x",), "xx"),
        ((), "00"),
        ((b"",), "00"),
        ((b"\xab",), "ab"),
        ((b"\xab\xcd",), "ad"),
        ((b"\x30\xab",), "3b"),
        ((b"\x30\x31\xab\xcd",), "3d"),
        ((b"\x30\xab\xcd\x31",), "01"),
    ],
)
def test_protocol_is_the_first_one_s(names: tuple[bytes, ...], text: str) -> None:
    listed = b"".join(bytes([len(name)]) + name for name in names)
    body = len(listed).to_bytes(2, "big") + listed
    assert first_part(hello((ALPN,), {ALPN: body.hex()})).endswith(text)


def test_a_malformed_list_counts_as_none() -> None:
    assert first_part(hello((ALPN,), {ALPN: "0009"})).endswith("00")
    assert ja4_raw(hello((SIGNATURE_ALGORITHMS,), {SIGNATURE_ALGORITHMS: "0003"})) == "t12i010100_002f_000d"


def test_counts_end_at_99() -> None:
    assert first_part(hello(suites=tuple(range(1, 150)))) == "t12i990000"


@pytest.mark.parametrize("types", [None, (), (SERVER_NAME,), (SERVER_NAME, ALPN)])
def test_an_empty_list_has_zeros(types: tuple[int, ...] | None) -> None:
    assert str(ja4(hello(types, {}))).endswith("_000000000000")


def test_sslv2_format_hello_has_no_ja4() -> None:
    v2 = SSLv2ClientHello(0x0301, (4,), b"", bytes(16))
    assert ja4(v2) is None
    assert ja4_raw(v2) is None
