"""What can be given to `hello import`: every form is recognised by itself, and what is none is said to be."""

import gzip
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.capture.packet import CaptureError
from clients.capture.source import MAX_TEXT_BYTES, capture_of, read_capture
from definitions.fault import UnusableFile
from tests.clients.capture.hellos import NAME, alert, hello
from tests.clients.capture.packets import ETHERNET, RAW, SLL2, Conversation, pcap, pcapng

HELLO = hello("java-8")
TALK = Conversation().opened().client_says(HELLO).server_says(alert()).ends()


def hellos(data: bytes) -> list[bytes]:
    return [one.wire for one in capture_of(io.BytesIO(data)).hellos]


@pytest.mark.parametrize("link_type", [ETHERNET, RAW, SLL2])
def test_captures(link_type: int) -> None:
    packets = TALK.packets(link_type)
    assert hellos(pcap(packets)) == hellos(pcapng(packets)) == [HELLO]


def test_bytes_without_packets_have_no_ends_and_no_time() -> None:
    for data in (HELLO, HELLO.hex().encode(), b"junk\xff" + HELLO + b"more"):
        (one,) = capture_of(io.BytesIO(data)).hellos
        assert (one.wire, one.client, one.server, one.time) == (HELLO, None, None, None)
        assert one.server_name == NAME
        assert one.answer.sentence == "nothing of the server's is in the capture"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_in_the_encodings_of_the_shells(encoding: str) -> None:
    assert hellos(HELLO.hex().encode(encoding)) == [HELLO]


def dump(data: bytes) -> str:
    rows = range(0, len(data), 16)
    return "".join(f"{start:04x}  {data[start : start + 16].hex(' ')}\n" for start in rows)


def test_pasted_packets_are_taken_apart() -> None:
    packets = TALK.packets()
    text = "\n".join(dump(packet.data) for packet in packets)
    (one,) = capture_of(io.BytesIO(text.encode())).hellos
    assert one.wire == HELLO
    assert one.client is not None
    assert str(one.answer.failure) == "server-hello:alert-handshake_failure"


def test_both_sides_of_s_clients_messages() -> None:
    text = f""">>> TLS 1.2, Handshake [length {len(HELLO) - 5:04x}], ClientHello
    {HELLO[5:].hex(" ")}
<<< TLS 1.2, Alert [length 0002], fatal handshake_failure
    02 28
"""
    (one,) = capture_of(io.BytesIO(text.encode())).hellos
    assert one.wire == HELLO[:1] + b"\x03\x03" + HELLO[3:]
    assert str(one.answer.failure) == "server-hello:alert-handshake_failure"


def test_a_capture_without_a_hello_has_none() -> None:
    talk = (
        Conversation().opened().client_says(b"GET / HTTP/1.1\r\n\r\n").server_says(b"HTTP/1.1 200 OK\r\n\r\n")
    )
    assert hellos(pcap(talk.packets())) == []
    assert hellos(pcap([])) == []


def test_what_of_a_capture_cannot_be_read_is_a_note() -> None:
    capture = capture_of(io.BytesIO(pcap(TALK.packets())[:-3]))
    assert [one.wire for one in capture.hellos] == [HELLO]
    assert len(capture.notes) == 1


def test_packets_of_other_link_layers() -> None:
    packets = TALK.packets()
    wireless = [packet._replace(link_type=105) for packet in packets]
    with pytest.raises(
        CaptureError, match="has only packets of link type 105, which is not read: capture on"
    ):
        capture_of(io.BytesIO(pcap(wireless)))
    capture = capture_of(io.BytesIO(pcapng([*wireless, *packets])))
    assert (len(capture.hellos), len(capture.notes)) == (1, 1)
    assert capture.notes[0].startswith(f"has {len(wireless)} packets of link type 105")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (gzip.compress(pcap(TALK.packets())), "is compressed with gzip: run zcat"),
        (b"\x28\xb5\x2f\xfd" + bytes(100), "is compressed with zstd: run zstdcat"),
        (b"hello", "is no capture"),
        (bytes(100), "is no capture"),
        (random.Random(7).randbytes(16_000_000), "is no capture"),
        (b"16 " * 6_000_000, "text of more than 16777216 bytes is not read"),
        (b"\xff" * (MAX_TEXT_BYTES + 1), "text of more than"),
    ],
    ids=["empty", "gzip", "zstd", "word", "zeros", "nonsense", "long-text", "long-bytes"],
)
def test_what_is_no_capture(data: bytes, said: str) -> None:
    with pytest.raises(CaptureError, match=said):
        capture_of(io.BytesIO(data))


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path) -> None:  # type: ignore[no-untyped-def]
    for path, why in ((tmp_path / "nothing", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UnusableFile, match=f"{path}: {why}"):
            read_capture(str(path))


@given(st.binary(max_size=300), st.integers(0, 600), st.sampled_from([pcap, pcapng]))
def test_nonsense_in_a_capture_ends(nonsense: bytes, place: int, write) -> None:  # type: ignore[no-untyped-def]
    whole = write(TALK.packets())
    for data in (nonsense, whole[:place] + nonsense + whole[place + len(nonsense) :], whole[:place]):
        try:
            found = capture_of(io.BytesIO(data)).hellos
        except CaptureError:
            continue
        assert all(one.problem or one.flight is not None for one in found)


@given(st.binary(max_size=400))
def test_nonsense_behind_a_hello_s_beginning_ends(nonsense: bytes) -> None:
    for start in (HELLO[:11], HELLO[:5], b"\x80\x2e\x01\x03\x01", HELLO[:60]):
        talk = Conversation().opened().client_says(start + nonsense).server_says(nonsense[:50])
        capture_of(io.BytesIO(pcap(talk.packets())))
