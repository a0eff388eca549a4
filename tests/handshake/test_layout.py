"""The notation for how an extension's body is laid out."""

import pytest

from handshake.errors import LocalError
from handshake.features.layout import parse_layout


@pytest.mark.parametrize(
    ("layout", "fitting", "other"),
    [
        ("", [""], ["00"]),
        ("u8", ["00", "ff"], ["", "0000"]),
        ("u16 u24 u32", ["000000000000000000"], ["0000000000000000"]),
        ("u8=1-4,9", ["01", "04", "09"], ["00", "05", "0a"]),
        ("u8=0xff", ["ff"], ["0f"]),
        ("u16[u16+]", ["00020017"], ["0000", "00010017", "0002001700", "000200", "00"]),
        ("u8[u8*]", ["00", "02aabb"], ["", "02aa", "02aabbcc"]),
        ("u8[u8*] u8*", ["00", "00aa", "01aabb"], ["", "02aa"]),
        ("u16[(u8 u16[u8+])+]", ["0004 00 0001 61", "0008 00 0001 61 01 0001 62"], ["0000", "0003 00 0000"]),
        ("u8[(u8=1-255)* u8=0 u8*]", ["0100", "020100", "03020001"], ["00", "0101"]),
        ("| u16", ["", "0000"], ["00"]),
        ("u8=1 u16[u8*] | u8=0,2-255 u8*", ["010000", "02", "00ffff"], ["", "01", "0100"]),
        ("u8?", ["", "00"], ["0000"]),
        ("(u8=1 u8=2)*", ["", "0102", "01020102"], ["01", "0103"]),
    ],
)
def test_what_fits_and_what_does_not(layout: str, fitting: list[str], other: list[str]) -> None:
    read = parse_layout(layout)
    assert [body for body in fitting if not read.fits(bytes.fromhex(body))] == []
    assert [body for body in other if read.fits(bytes.fromhex(body))] == []


def test_a_body_is_read_once_from_left_to_right() -> None:
    assert not parse_layout("u8* u8").fits(b"ab"), "nothing is left for the second item"


@pytest.mark.parametrize(
    ("layout", "body"),
    [
        ("", ""),
        ("u8 u16", "000000"),
        ("u8=3-4", "03"),
        ("u16[u16+]", "00020000"),
        ("u16[(u8=0 u16[u8+])+]", "0004 00 0001 00"),
        ("u8[(u8=1-255)* u8=0 u8*]", "0100"),
        ("| u16", ""),
        ("u8=1 u8?", "01"),
    ],
)
def test_the_least_that_fits(layout: str, body: str) -> None:
    assert parse_layout(layout).example() == bytes.fromhex(body)


def test_where_the_least_does_not_fit_it_is_said() -> None:
    with pytest.raises(LocalError, match="could be made"):
        parse_layout("u8=2[u8+]").example()


@pytest.mark.parametrize(
    "text", ["u9", "u8[", "u8]", "(u8", "u8=", "u8=a", "u8=1-", "*", "u8 $", "u8[u8))", "16", "u8**"]
)
def test_a_text_that_is_no_layout_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="layout"):
        parse_layout(text)
