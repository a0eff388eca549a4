"""What an entry of a transcript says, whatever a peer has sent."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.judgement.outcome import Outcome
from matrix.reports.page.hellos import sent_hello
from matrix.reports.page.messages import says
from matrix.results.evidence import ConnectionSeen, Entry

HELLO = bytes.fromhex("010000290301" + "00" * 32 + "00" + "0002002f" + "0100")
SERVER_HELLO = bytes.fromhex("020000260301" + "00" * 32 + "00" + "002f00")
VERSIONS_13 = bytes.fromhex("002b0005040a0a0304")
HELLO_13 = bytes.fromhex("010000340303" + "00" * 32 + "00" + "0002c02f" + "0100" + "0009") + VERSIONS_13
SERVER_HELLO_13 = bytes.fromhex("0200002e0303" + "00" * 32 + "00" + "130100" + "0006" + "002b00020304")
SSLV2_HELLO = bytes.fromhex("0103010003000000100000040102030405060708090a0b0c0d0e0f10")


def entry(kind: str, name: str, content: bytes) -> Entry:
    return Entry("received", kind, name, 0.0, content, content)


@pytest.mark.parametrize(
    ("kind", "name", "content", "said"),
    [
        ("record", "alert", b"\x01\x00", "warning close_notify (0)"),
        ("record", "alert", b"\x07\xfa", "7 250 (unknown)"),
        ("record", "application_data", b"\x00\x01", "00 01"),
        ("record", "heartbeat", b"\x01" * 30, " ".join(["01"] * 24) + " ..."),
        ("message", "ClientHello", HELLO, "TLSv1.0, 1 cipher suite, no extension block"),
        (
            "message",
            "ClientHello",
            HELLO_13,
            "TLSv1.3 (legacy_version TLSv1.2), 1 cipher suite, 1 extension",
        ),
        (
            "message",
            "ServerHello",
            SERVER_HELLO_13,
            "TLSv1.3 (legacy_version TLSv1.2), TLS_AES_128_GCM_SHA256, supported_versions: TLSv1.3",
        ),
        ("message", "ClientHello", SSLV2_HELLO, "SSLv2 format, TLSv1.0, 1 cipher spec"),
        ("message", "ServerHello", SERVER_HELLO, "TLSv1.0, TLS_RSA_WITH_AES_128_CBC_SHA"),
        ("message", "Certificate", bytes.fromhex("0b000003000000"), "no certificate"),
        ("message", "Certificate", bytes.fromhex("0b000007000004000001ff"), "1 byte that cannot be read"),
        ("message", "Finished", b"\x14\x00\x00\x00", ""),
    ],
)
def test_an_entry_is_said_in_words(kind: str, name: str, content: bytes, said: str) -> None:
    assert says(entry(kind, name, content)) == said


NAMES = ("ClientHello", "ServerHello", "EncryptedExtensions", "Certificate", "alert", "application_data")


@given(
    st.sampled_from(["record", "message"]),
    st.sampled_from(NAMES),
    st.sampled_from([b"", HELLO, SERVER_HELLO, b"\x0b\x00\x00\x20\x00\x00\x1d"]),
    st.integers(0, 60),
    st.binary(max_size=80),
)
def test_whatever_was_sent_something_is_said(
    kind: str, name: str, beginning: bytes, kept: int, rest: bytes
) -> None:
    content = beginning[:kept] + rest
    assert isinstance(says(entry(kind, name, content)), str)


@given(st.sampled_from([b"", b"\x16\x03\x01\x00\x2d" + HELLO]), st.integers(0, 60), st.binary(max_size=80))
def test_what_is_no_hello_has_no_dissection_and_no_fault(beginning: bytes, kept: int, rest: bytes) -> None:
    content = beginning[:kept] + rest
    sent = Entry("sent", "record", "handshake", 0.0, content, content)
    seen = ConnectionSeen(
        "TLSv1.0", Outcome.FAILS, None, {}, 0x0301, False, None, datetime.now(UTC), 0.0, 1, [sent], None, []
    )
    view = sent_hello(seen)
    assert view is None or view.cipher_suites is not None
