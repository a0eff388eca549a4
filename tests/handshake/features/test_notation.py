"""What is written for features: what has ever been written is read, and mistakes are told in one line."""

import pytest

from handshake.features import notations, parse_feature
from handshake.features.conjunction import Conjunction
from handshake.features.negation import Negation
from handshake.features.numbers import Numbers, nearest

WRITTEN_BEFORE = (  # one of each notation of the definitions of 2026-11-28, as it is written in them
    "extension-block",
    "non-empty-extension",
    "empty-last-extension",
    "ec-cipher-suite",
    "session-id-over-32",
    "no-cipher-suites",
    "no-compression-methods",
    "no-null-compression",
    "version-without-major-3",
    "repeated-name-type",
    "several-host-names",
    "no-host-name",
    "key-shares-unlike-groups",
    "extension:supported_groups",
    "extension:0x7777",
    "extension:elliptic_curves",
    "repeated-extension:renegotiation_info",
    "extension-not-last:pre_shared_key",
    "body-not:extended_master_secret:",
    "body-not:supported_versions:u8[u16*]",
    "body-not:status_request:| u8=1 u16[(u16[u8=0xa1-0xa2 u8*])*] u16[(u8=0x30 u8*)?] u8* | u8=0,2-255 u8*",
    r"host-name-not:[^\x00]{0,255}",
    r"host-name-not:(?s:.+)",
    "none-of:signature_algorithms:0x0806,0x0805,513",
    "version-below:TLSv1.2",
    "version-below:0x0301",
    "offers-version:TLSv1.3",
    "cut-off:legacy_version",
    "cut-off:random",
    "cut-off:session_id",
    "cut-off:cipher_suites",
    "cut-off:compression_methods",
    "cut-off:extension-block",
    "cut-off:extension-header",
    "cut-off:extension-body",
    "bytes-after-extensions",
    "odd-cipher-suites",
    "sslv2-format",
    "sslv2-cut-off",
    "sslv2-no-cipher-specs",
    "sslv2-session-id-over-32",
    "sslv2-bytes-left",
    "not extension:server_name",
    "no-cipher-suites and not sslv2-format",
    "version-below:TLSv1.3 and not offers-version:TLSv1.3 and repeated-extension:ec_point_formats",
)


@pytest.mark.parametrize("text", WRITTEN_BEFORE)
def test_what_was_written_before_is_read(text: str) -> None:
    feature = parse_feature(text)
    assert parse_feature(feature.name) == feature


@pytest.mark.parametrize(
    "text",
    [
        "lists:key_share:X25519MLKEM768",
        "lists:key_share:0x6399",
        "lists:application_layer_protocol_negotiation:0x0a0a",
        "lists:application_layer_protocol_negotiation:spdy/3.1",
        "lists:compress_certificate:0x0009",
        "lists:ec_point_formats:ansiX962_compressed_prime",
        "cipher-suite:SSL_CK_RC4_128_WITH_MD5",
        "cipher-suite:GREASE(0x1a1a)",
        "cipher-suite:0xeeee",
        "extension:0x1a1a",
        "compression-method:0x40",
        "record-length:..3",
        "body:padding:",
    ],
)
def test_what_this_program_cannot_make_can_be_named(text: str) -> None:
    feature = parse_feature(text)
    assert parse_feature(feature.name) == feature
    assert feature.describe()


def test_not_binds_more_than_and() -> None:
    both = parse_feature("not sslv2-format and extension-block")
    assert isinstance(both, Conjunction)
    assert isinstance(both.features[0], Negation)
    assert parse_feature("not not sslv2-format").name == "not not sslv2-format"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tls", "there are"),
        ("extension-blok", "did you mean extension-block"),
        ("extension", "write extension:<name>"),
        ("extension-block:x", "write extension-block"),
        ("extension:server_nam", "did you mean server_name"),
        ("cipher-suite:AES128-SH", "did you mean AES128-SHA"),
        ("cipher-suite-before:AES128-SHA", "write cipher-suite-before:<name>:<other name>"),
        ("cipher-suite-before:AES128-SHA:AES128-SHA", "does not stand before itself"),
        ("extension-before:padding:padding", "does not stand before itself"),
        ("compression-method:deflated", "did you mean deflate"),
        ("version-from:TLSv1.4", "TLSv1.3"),
        ("hello-length:many", "write 300, 256..511"),
        ("hello-length:511..256", "write 300, 256..511"),
        ("hello-length:256 mod 10", "write 300, 256..511"),
        ("body:padding:0", "no body in hexadecimal"),
        ("body-like:padding:u9", "u9"),
        ("body-not:padding:u8[", "missing"),
        ("lists:server_name:a", "is not read as a list"),
        ("lists:supported_groups:x25518", "did you mean x25519"),
        ("none-of:supported_groups:a", "are no numbers"),
        ("host-name-not:(", "no regular expression"),
        ("grease:somewhere", "there is cipher-suite, extension"),
        ("cut-off:here", "there is legacy_version"),
        ("not tls", "'tls' is no feature"),
        ("extension-block and tls", "'tls' is no feature"),
        ("", "there are"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z") as caught:
        parse_feature(text)
    assert said in str(caught.value)


def test_everything_there_is_stands_in_one_list() -> None:
    with pytest.raises(ValueError, match="there are") as caught:
        parse_feature("tls")
    assert all(written in str(caught.value) for written in notations())


@pytest.mark.parametrize(
    ("text", "inside", "outside", "described"),
    [
        ("300", [300], [299, 301], "300 bytes"),
        ("1", [1], [0, 2], "1 byte"),
        ("0", [0], [1], "0 bytes"),
        ("256..511", [256, 511], [255, 512], "256 to 511 bytes"),
        ("512..", [512, 70000], [511], "512 bytes or more"),
        ("..255", [0, 255], [256], "at most 255 bytes"),
        ("10 mod 256", [10, 266, 522], [0, 9, 11, 256], "10 bytes modulo 256"),
    ],
)
def test_numbers(text: str, inside: list[int], outside: list[int], described: str) -> None:
    numbers = Numbers.parse(text)
    assert all(number in numbers for number in inside)
    assert not any(number in numbers for number in outside)
    assert (str(numbers), numbers.describe("bytes")) == (text, described)
    assert Numbers.parse(str(numbers)) == numbers


def test_the_nearest_number_comes_first() -> None:
    assert list(nearest(3, lambda number: number % 2 == 0, 8)) == [2, 4, 0, 6, 8]
    assert list(nearest(5, lambda number: number == 9, 8)) == []
