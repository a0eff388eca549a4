"""What each protocol makes of what a server says before TLS: in memory, whole and byte by byte."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.starttls import PROTOCOLS
from clients.starttls.dialogue import Dialogue, PreludeFailure, in_ascii
from handshake.clear_text import MAX_BYTES, MAX_LINE_BYTES

NAME = "server.example.test"
LDAP_OID = b"1.3.6.1.4.1.1466.20037"


def mysql(capabilities: int) -> bytes:
    first = struct.pack("<I8sxHBHHB10x", 1, b"a" * 8, capabilities, 33, 2, 8, 21)
    greeting = b"\x0a10.11-test\0" + first + b"b" * 12 + b"\0mysql_native_password\0"
    return struct.pack("<I", len(greeting))[:3] + b"\0" + greeting


def tds(payload: bytes, kind: int = 4, status: int = 1) -> bytes:
    return struct.pack("!BBHHBB", kind, status, 8 + len(payload), 0, 1, 0) + payload


def prelogin(encryption: int) -> bytes:
    return bytes.fromhex("00000b0006 0100110001 ff") + bytes(6) + bytes([encryption])


# What a server says, one item for each time it is asked; and what the client then has said in all.
AGREEING: dict[str, tuple[list[bytes], bytes]] = {
    "smtp": (
        [b"220-Welcome\r\n220 here\r\n", b"250-here\r\n250-SIZE 1\r\n250 STARTTLS\r\n", b"220 go\r\n"],
        b"EHLO tls-matrix.invalid\r\nSTARTTLS\r\n",
    ),
    "ftp": ([b"220-Welcome\r\n nothing\r\n220 here\n", b"234 go\r\n"], b"AUTH TLS\r\n"),
    "imap": ([b"* OK here\r\n", b"* CAPABILITY IMAP4\r\na OK go\r\n"], b"a STARTTLS\r\n"),
    "pop3": ([b"+OK here\r\n", b"+OK go\r\n"], b"STLS\r\n"),
    "ldap": (
        [b"", bytes.fromhex("300c 020101 7807 0a0100 0400 0400")],
        bytes.fromhex("301d 020101 7718 8016") + LDAP_OID,
    ),
    "postgres": ([b"", b"S"], bytes.fromhex("0000000804d2162f")),
    "mysql": ([mysql(0xFFFF)], bytes.fromhex("20000001 018a0800 00000001 21") + bytes(23)),
    "xmpp": (
        [
            b"",
            b"<?xml version='1.0'?><stream:stream id='1'><stream:features><starttls xmlns='x'><required/>"
            b"</starttls></stream:features>",
            b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        ],
        b"<?xml version='1.0'?><stream:stream to=\"server.example.test\" xmlns='jabber:client' "
        b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
        b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    ),
    "http-connect": (
        [b"", b"HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n"],
        b"CONNECT server.example.test HTTP/1.1\r\nHost: server.example.test\r\n\r\n",
    ),
    "tds": ([b"", tds(prelogin(1))], tds(prelogin(1), kind=0x12)),
}
REFUSING: list[tuple[str, bytes, str, str]] = [
    ("smtp", b"554 no service\r\n", "refused", "554 no service"),
    ("smtp", b"220 x\r\n250-x\r\n250 SIZE\r\n", "not-offered", "250-x 250 SIZE"),
    ("smtp", b"220 x\r\n250 STARTTLS\r\n454 TLS not available\r\n", "refused", "454 TLS not available"),
    ("smtp", b"* OK imap\r\n", "unreadable", "* OK imap"),
    ("ftp", b"220 x\r\n502 Not implemented\r\n", "refused", "502 Not implemented"),
    ("imap", b"* BYE busy\r\n", "refused", "* BYE busy"),
    ("imap", b"* PREAUTH you\r\n", "refused", "* PREAUTH you"),
    ("imap", b"* OK\r\na BAD what\r\n", "refused", "a BAD what"),
    ("imap", b"* OK\r\nwhat\r\n", "unreadable", "what"),
    ("imap", b"220 smtp\r\n", "unreadable", "220 smtp"),
    ("pop3", b"+OK\r\n-ERR unknown\r\n", "refused", "-ERR unknown"),
    ("pop3", b"220 smtp\r\n", "unreadable", "220 smtp"),
    (
        "ldap",
        bytes.fromhex("300e 020101 7809 0a0134 0400 0402") + b"no",
        "refused",
        "result code 52: no",
    ),
    (
        "ldap",
        bytes.fromhex("300e 020101 7809 0a0102 0400 0402") + b"no",
        "not-offered",
        "result code 2: no",
    ),
    ("ldap", b"HTTP/1.0 400\r\n", "unreadable", "HT"),
    ("ldap", bytes.fromhex("3003 020101"), "unreadable", ""),
    ("postgres", b"N", "not-offered", "N"),
    ("postgres", b"E\0\0\0\x0aM no \0\0"[:11], "refused", "M no"),
    ("postgres", b"H", "unreadable", "H"),
    ("mysql", mysql(0xF7FF), "not-offered", "10.11-test"),
    ("mysql", b"\x0c\0\0\0\xff\x69\x04Host full", "refused", "Host full"),
    ("mysql", b"\x01\0\0\0\x09", "unreadable", "\\t"),
    ("mysql", b"HTTP" * 20_000, "unreadable", "HTTP"),
    ("xmpp", b"<stream:features></stream:features>", "not-offered", "<stream:features>"),
    ("xmpp", b"<stream:error><host-unknown/></stream:error>", "refused", "<host-unknown/>"),
    ("xmpp", b"<stream:features><starttls/></stream:features><failure/>", "refused", "<failure/>"),
    ("xmpp", b"HTTP/1.1 400 <b>", "unreadable", "HTTP/1.1 400"),
    ("http-connect", b"HTTP/1.1 407 Proxy Authentication Required\r\n", "refused", "407 Proxy"),
    ("http-connect", b"220 smtp\r\n", "unreadable", "220 smtp"),
    ("tds", tds(prelogin(2)), "not-offered", "ENCRYPT_NOT_SUP"),
    ("tds", tds(b"\xaa\x10\0n\0o\0"), "refused", "no"),
    ("tds", tds(b"", kind=0x15), "unreadable", "\\x15"),
    ("tds", tds(prelogin(1)[:11]), "unreadable", ""),
]


def converse(protocol: str, said: list[bytes]) -> tuple[Dialogue, bytes]:
    dialogue = Dialogue(lambda dialogue: PROTOCOLS[protocol].prelude(dialogue, NAME))
    sent = dialogue.data_to_send()
    for words in said:
        if words:
            dialogue.receive(words)
            sent += dialogue.data_to_send()
    return dialogue, sent


def outcome(protocol: str, said: list[bytes]) -> str | None:
    try:
        converse(protocol, said)
    except PreludeFailure as failure:
        return failure.what
    return None


def test_there_is_a_conversation_for_every_protocol() -> None:
    assert set(AGREEING) == set(PROTOCOLS) == {protocol for protocol, *_ in REFUSING}


@pytest.mark.parametrize("protocol", AGREEING)
def test_tls_begins(protocol: str) -> None:
    said, expected = AGREEING[protocol]
    dialogue, sent = converse(protocol, said)
    assert dialogue.is_over
    assert sent == expected
    in_pieces, sent = converse(protocol, [bytes([byte]) for byte in b"".join(said)])
    assert in_pieces.is_over
    assert sent == expected


@pytest.mark.parametrize("protocol", AGREEING)
def test_tls_does_not_begin_before_the_last_byte(protocol: str) -> None:
    said = b"".join(AGREEING[protocol][0])
    dialogue, _ = converse(protocol, [said[:-1]])
    assert not dialogue.is_over


@pytest.mark.parametrize("protocol", AGREEING)
def test_what_comes_with_the_last_word_is_not_taken_for_tls(protocol: str) -> None:
    said = AGREEING[protocol][0]
    with pytest.raises(PreludeFailure) as raised:
        converse(protocol, [*said[:-1], said[-1] + b"injected"])
    assert (raised.value.what, raised.value.said) == ("unreadable", "injected")


@pytest.mark.parametrize(("protocol", "said", "what", "quoted"), REFUSING)
def test_a_server_that_does_not_is_quoted(protocol: str, said: bytes, what: str, quoted: str) -> None:
    with pytest.raises(PreludeFailure) as raised:
        converse(protocol, [said])
    assert raised.value.what == what
    assert quoted in raised.value.said
    assert raised.value.said.isascii()
    assert raised.value.said.isprintable() or not raised.value.said


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("flood", [b"220-x\r\n", b"x", b"* x\r\n", b"<x>", b"HTTP/1.1 200 x\r\n", b"\0"])
def test_a_flood_has_an_end(protocol: str, flood: bytes) -> None:
    with pytest.raises(PreludeFailure):
        converse(protocol, [flood] * (MAX_BYTES // len(flood) + MAX_LINE_BYTES))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(said=st.lists(st.binary(max_size=40), max_size=6))
def test_whatever_is_said_is_a_conversation_or_a_failure(protocol: str, said: list[bytes]) -> None:
    assert outcome(protocol, said) in (None, "refused", "not-offered", "unreadable")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(cut=st.integers(0, 60), junk=st.binary(max_size=30))
def test_a_conversation_that_goes_wrong_half_way_is_a_failure_at_most(
    protocol: str, cut: int, junk: bytes
) -> None:
    said = b"".join(AGREEING[protocol][0])[:cut] + junk
    assert outcome(protocol, [said]) in (None, "refused", "not-offered", "unreadable")


def test_what_a_server_says_is_shown_safely() -> None:
    assert in_ascii(b"a\x1b[31m\r\n\xe2\x80\xae\n") == r"a\x1b[31m\r\n\xe2\x80\xae"
    assert len(in_ascii(b"\0" * 5000)) <= 200


@given(data=st.binary(max_size=10_000), raw=st.binary(max_size=50), cuts=st.integers(1, 700))
def test_tls_in_packets_comes_out_as_it_went_in(data: bytes, raw: bytes, cuts: int) -> None:
    ours, theirs = PROTOCOLS["tds"].framing(), PROTOCOLS["tds"].framing()
    wrapped = ours.wrap(data)
    ours.end()
    wire = wrapped + ours.wrap(b"\x17" + raw)
    pieces = [wire[start : start + cuts] for start in range(0, len(wire), cuts)]
    assert b"".join(theirs.unwrap(piece) for piece in pieces) == data + b"\x17" + raw
    assert len(wrapped) == len(data) + 8 * -(-len(data) // 4088)
    if data:
        assert wrapped[:2] == bytes([0x12, len(data) <= 4088])
