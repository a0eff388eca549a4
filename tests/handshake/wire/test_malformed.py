"""Bytes that are no hello, no message and no record raise DecodeError or PeerFault, and nothing else."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.errors import DecodeError, PeerFault
from handshake.wire import (
    delegated_credential,
    encrypted_client_hello,
    extension_text,
    extensions,
    messages,
)
from handshake.wire.buffer import Reader
from handshake.wire.client_hello import (
    ClientHello,
    pull_client_hello,
    pull_hello_flight,
    pull_sslv2_client_hello,
    push_client_hello,
    push_sslv2_client_hello,
)
from handshake.wire.record import Record, push_record
from tests.handshake.wire.captured import captured_hello, captured_hellos, new_reader

SHAPES = [
    "testssl/openssl_303",  # TLS 1.3, a session id, many extensions
    "testssl/ie_8_xp",  # no extension block
    "testssl/chrome_101_win10",  # GREASE
    "local/o098r-cam-noseed-tls1",  # one empty extension
    "testssl/java_6u45",  # SSLv2 format
]

property_test = settings(deadline=None, derandomize=True, max_examples=300)


def decode_error(pull: Callable[[bytes], object], body: bytes) -> DecodeError | None:
    """What `pull` raises, None if it reads the body; anything but a DecodeError passes through."""
    try:
        pull(body)
    except DecodeError as error:
        return error
    return None


def extension_block_start(hello: ClientHello) -> int:
    return (
        2
        + 32
        + 1
        + len(hello.session_id)
        + 2
        + 2 * len(hello.cipher_suites)
        + 1
        + len(hello.compression_methods)
    )


@pytest.mark.parametrize("hello_id", SHAPES)
def test_truncation_at_every_byte_is_a_decode_error(hello_id: str) -> None:
    captured = captured_hello(hello_id)
    pull = pull_sslv2_client_hello if captured.sslv2_format else pull_client_hello
    hello = pull(captured.body)
    well_formed = []
    for length in range(len(captured.body)):
        error = decode_error(pull, captured.body[:length])
        if error is None:
            well_formed.append(length)
        else:
            assert 0 <= error.offset <= length
            assert f"byte {error.offset}" in error.detail
    # A hello cut off exactly before its extension block is a hello without one.
    cut = isinstance(hello, ClientHello) and hello.extensions is not None
    assert well_formed == ([extension_block_start(hello)] if cut and isinstance(hello, ClientHello) else [])


@pytest.mark.parametrize("hello_id", SHAPES)
def test_truncated_flight_is_a_decode_error(hello_id: str) -> None:
    raw = captured_hello(hello_id).raw
    for length in range(len(raw)):
        with pytest.raises(DecodeError):
            pull_hello_flight(raw[:length])


@pytest.mark.parametrize("hello_id", SHAPES)
def test_byte_too_many_is_a_decode_error(hello_id: str) -> None:
    captured = captured_hello(hello_id)
    pull = pull_sslv2_client_hello if captured.sslv2_format else pull_client_hello
    with pytest.raises(DecodeError):
        pull(captured.body + b"\x00")
    with pytest.raises(DecodeError, match="after the hello"):
        pull_hello_flight(captured.raw + b"\x00")


BODY = captured_hello("testssl/ie_8_xp").body


@pytest.mark.parametrize(
    ("body", "words", "offset"),
    [
        (BODY[:34] + b"\x21" + bytes(33) + BODY[35:], "session_id: 33 bytes", 34),
        (BODY[:35] + b"\x00\x00\x01\x00", "cipher_suites: 0 bytes", 35),
        (BODY[:35] + b"\x00\x03\x00\x04\x00\x01\x00", "cipher_suites: 3 bytes", 35),
        (BODY[:35] + b"\x00\x02\x00\x04\x00", "compression_methods: empty", 39),
        (BODY + b"\x00", "length of extensions: 2 bytes expected, 1 left", len(BODY)),
        (BODY + b"\x00\x03\xff\x01\x00", "4 bytes expected for an extension's header, 3 left", len(BODY) + 2),
        (BODY + b"\x00\x05\xff\x01\x00\x02\x00", "0xff01 announces 2 bytes, 1 left", len(BODY) + 6),
        (BODY + b"\x00\x00\x00", "1 bytes left over", len(BODY) + 2),
        (BODY + b"\x00\x09" + bytes(8), "extensions: 9 bytes expected, 8 left", len(BODY) + 2),
    ],
)
def test_complaint_says_what_and_where(body: bytes, words: str, offset: int) -> None:
    assert pull_client_hello(BODY).extensions is None
    with pytest.raises(DecodeError) as caught:
        pull_client_hello(body)
    assert words in caught.value.detail
    assert caught.value.offset == offset


SSLV2_BODY = captured_hello("testssl/java_6u45").body


@pytest.mark.parametrize(
    ("position", "value", "words"),
    [
        (0, 4, "msg_type: 4"),
        (4, 61, "cipher_spec_length: 61"),
        (4, 0, "cipher_spec_length: 0"),
        (6, 33, "session_id_length: 33"),
        (8, 15, "challenge_length: 15"),
        (8, 33, "challenge_length: 33"),
        (8, 31, "1 bytes left over"),
    ],
)
def test_sslv2_complaint_says_what(position: int, value: int, words: str) -> None:
    body = bytearray(SSLV2_BODY)
    body[position] = value
    with pytest.raises(DecodeError, match=words):
        pull_sslv2_client_hello(bytes(body))


@pytest.mark.parametrize("content_type", [20, 21, 23])
def test_flight_of_other_records_is_a_decode_error(content_type: int) -> None:
    with pytest.raises(DecodeError, match=f"content type {content_type}"):
        pull_hello_flight(push_record(Record(content_type, 0x0301, b"\x02\x28")))


def test_flight_of_another_message_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match="type 2, not a ClientHello"):
        pull_hello_flight(push_record(Record(22, 0x0301, b"\x02\x00\x00\x00")))


@property_test
@given(st.data())
def test_damaged_hello_is_lossless_or_a_decode_error(data: st.DataObject) -> None:
    hello = data.draw(st.sampled_from(captured_hellos()))
    body = bytearray(hello.body)
    for position in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=3)):
        body[position] = data.draw(st.integers(0, 255))
    try:
        if hello.sslv2_format:
            again = push_sslv2_client_hello(pull_sslv2_client_hello(bytes(body)))
        else:
            again = push_client_hello(pull_client_hello(bytes(body)))
    except DecodeError:
        return
    assert again == bytes(body)


def of_version(pull: Callable[[bytes, int], object], version: int) -> Callable[[bytes], object]:
    return lambda body: pull(body, version)


def of_reader(pull: Callable[[Reader], object]) -> Callable[[bytes], object]:
    return lambda body: pull(Reader(body))


def public_pulls() -> dict[str, Callable[[bytes], object]]:
    """Every pull there is, as functions of bytes alone."""
    found: dict[str, Callable[[bytes], object]] = {
        "pull_client_hello": pull_client_hello,
        "pull_sslv2_client_hello": pull_sslv2_client_hello,
    }
    versioned = {"pull_certificate_request", "pull_certificate_verify", "pull_encrypted_pre_master_secret"}
    from_reader = {"pull_dh_parameters", "pull_ecdh_parameters", "pull_rsa_parameters"}
    not_ours = {"pull_extensions", "pull_optional_extensions", "pull_session_id", "pull_digitally_signed"}
    for module in (messages, extensions, delegated_credential, encrypted_client_hello):
        for name, pull in vars(module).items():
            if not name.startswith("pull_") or name in not_ours:
                continue
            if name in versioned:
                found[f"{name} SSLv3"] = of_version(pull, 0x0300)
                found[f"{name} TLSv1.2"] = of_version(pull, 0x0303)
            else:
                found[name] = of_reader(pull) if name in from_reader else pull
    return found


PULLS = public_pulls()


@pytest.mark.parametrize("name", PULLS)
@property_test
@given(body=st.binary(max_size=80))
def test_random_bytes_raise_nothing_but_decode_error(name: str, body: bytes) -> None:
    error = decode_error(PULLS[name], body)
    assert error is None or 0 <= error.offset <= len(body)


@property_test
@given(st.lists(st.binary(max_size=40), max_size=8))
def test_random_records_raise_nothing_but_peer_fault(pieces: list[bytes]) -> None:
    reader = new_reader()
    for piece in pieces:
        reader.feed(piece)
        try:
            while reader.next() is not None:
                pass
        except PeerFault:
            return


@property_test
@given(st.binary(max_size=200))
def test_random_flight_raises_nothing_but_peer_fault(raw: bytes) -> None:
    with pytest.raises(PeerFault):
        pull_hello_flight(raw)


@property_test
@given(st.integers(0, 0xFFFF), st.binary(max_size=60))
def test_every_extension_can_be_described_on_one_printable_line(extension_type: int, body: bytes) -> None:
    for each in (extension_type, extension_type % 64, 0xFF01):
        text = extension_text.describe_extension(each, body)
        assert text
        assert text.isascii()
        assert text.isprintable()
