"""Bytes pasted as text, as the programs write them that people use, come out as the bytes they were."""

import shutil
import subprocess
import textwrap
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.capture.text import Chunk, chunks_of
from tests.clients.capture.hellos import hello

DATA = hello("firefox-9")
LONG = hello("chromium-156")
ZEROS = DATA + bytes(100) + DATA
ASCII = b"dead beef cafe 0123456789 abcdef" + b"a" * 21


def printed(program: str, *options: str, data: bytes) -> str:
    """What a program makes of bytes on its standard input."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} program; get it with: apt-get install {PACKAGES[program]}")
    done = subprocess.run([program, *options], input=data, capture_output=True, check=True, timeout=60)
    return done.stdout.decode()


PACKAGES = {"xxd": "xxd", "hexdump": "bsdextrautils", "od": "coreutils"}


@pytest.mark.parametrize("data", [DATA, LONG, ZEROS, ASCII, DATA[:-1], DATA[:30]], ids=range(6))
@pytest.mark.parametrize(
    "command",
    [
        ("xxd",),
        ("xxd", "-u"),
        ("xxd", "-g1"),
        ("xxd", "-c", "32"),
        ("xxd", "-p"),
        ("xxd", "-i"),
        ("hexdump", "-C"),
        ("hexdump", "-v", "-C"),
        ("od", "-A", "x", "-t", "x1"),
        ("od", "-A", "x", "-t", "x1z"),
    ],
    ids=" ".join,
)
def test_what_programs_print(command: Sequence[str], data: bytes) -> None:
    assert chunks_of(printed(*command, data=data)) == [Chunk(data)]


def test_the_numbers_of_plain_hexdump_have_the_low_byte_first() -> None:
    even = DATA[: len(DATA) // 2 * 2]
    assert chunks_of(printed("hexdump", data=even)) == [Chunk(even)]


def wireshark(data: bytes, *, indent: str = "", offset: int = 0) -> str:
    """As Wireshark and tshark write a hex dump: three spaces, then the characters."""
    lines = []
    for start in range(0, len(data), 16):
        row = data[start : start + 16]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        lines.append(f"{indent}{offset + start:04x}   {row.hex(' '):<47}   {shown}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("data", [DATA, LONG, ASCII], ids=range(3))
def test_wiresharks_hex_dump(data: bytes) -> None:
    assert chunks_of(wireshark(data)) == [Chunk(data)]


def test_dumps_that_follow_each_other_are_several() -> None:
    assert chunks_of(wireshark(DATA) + "\n" + wireshark(LONG)) == [Chunk(DATA), Chunk(LONG)]
    assert chunks_of(wireshark(DATA[:16]) + wireshark(LONG)) == [Chunk(DATA[:16]), Chunk(LONG)]


def test_a_followed_stream_has_two_sides() -> None:
    text = wireshark(DATA) + wireshark(b"answer", indent="    ") + wireshark(b"more", offset=len(DATA))
    assert chunks_of(text) == [Chunk(DATA, True), Chunk(b"answer", False), Chunk(b"more", True)]
    head = "=" * 67 + "\nFollow: tcp,hex\nFilter: tcp.stream eq 0\nNode 0: 127.0.0.1:45938\n"
    assert chunks_of(head + text.replace("    00", "\t00"))[0] == Chunk(DATA, True)


def test_tcpdump_prints_packets() -> None:
    rows = [
        f"\t0x{start:04x}:  {DATA[start : start + 16].hex(' ', -2)}\n" for start in range(0, len(DATA), 16)
    ]
    text = "12:00:00.000000 IP 192.0.2.1.5 > 192.0.2.2.443: Flags [P.], length 77\n" + "".join(rows)
    assert chunks_of(text * 2) == [Chunk(DATA), Chunk(DATA)]


@pytest.mark.parametrize(
    "text",
    [
        DATA.hex(),
        DATA.hex().upper() + "\n",
        DATA.hex(":"),
        DATA.hex(" "),
        "\n".join(textwrap.wrap(DATA.hex(), 60)),
        f'"{DATA.hex()}"',
        DATA.hex(" ", 2),
    ],
    ids=range(7),
)
def test_a_hex_stream(text: str) -> None:
    assert chunks_of(text) == [Chunk(DATA)]


def test_hex_streams_a_line_each() -> None:
    assert chunks_of(f"{DATA.hex()}\n{LONG.hex()}\n") == [Chunk(DATA), Chunk(LONG)]


@pytest.mark.parametrize("prefix", ["0x", r"\x"])
def test_bytes_as_programs_write_them(prefix: str) -> None:
    joined = ("" if prefix == r"\x" else ", ").join(f"{prefix}{byte:02x}" for byte in DATA)
    assert chunks_of(f'char peer0_0[] = {{ /* Packet 4 */\n"{joined}" }};') == [Chunk(DATA)]


MSG = """CONNECTED(00000003)
>>> TLS 1.0, RecordHeader [length 0005]
    16 03 01 00 09
>>> TLS 1.3, Handshake [length 0009], ClientHello
    01 00 00 05 aa bb cc dd ee
<<< TLS 1.2, RecordHeader [length 0005]
    15 03 03 00 02
<<< TLS 1.2, Alert [length 0002], fatal handshake_failure
    02 28
140:error:handshake failure
"""
OLD_MSG = """>>> SSL 2.0 [length 0005], CLIENT-HELLO
    01 03 01 aa bb
<<< TLS 1.0 Alert [length 0002], fatal handshake_failure
    02 28
"""


def test_what_s_client_prints_of_messages() -> None:
    assert chunks_of(MSG) == [
        Chunk(bytes.fromhex("16 0301 0009 01000005aabbccddee"), True),
        Chunk(bytes.fromhex("15 0303 0002 0228"), False),
    ]


def test_before_openssl_1_1_there_are_no_record_headers() -> None:
    assert chunks_of(OLD_MSG) == [
        Chunk(bytes.fromhex("8005 010301aabb"), True),
        Chunk(bytes.fromhex("15 0301 0002 0228"), False),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "deadbeef",
        "face bead deaf",
        "1234",
        "0000  no bytes here",
        "GET / HTTP/1.1\r\n",
        "zz" * 50,
    ],
)
def test_what_has_no_form(text: str) -> None:
    assert chunks_of(text) == []


@given(st.text(max_size=300))
def test_any_text_ends(text: str) -> None:
    for chunk in chunks_of(text):
        assert isinstance(chunk.data, bytes)


@given(
    st.lists(
        st.sampled_from(["0000", "00000010", "*", "16 03", "  ", "\n", "1603:", "|..|", ">>> ", "ff" * 9])
    )
)
def test_what_looks_like_a_dump_ends(words: list[str]) -> None:
    assert sum(len(chunk.data) for chunk in chunks_of(" ".join(words))) < 10_000_000
