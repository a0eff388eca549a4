"""Each pull undoes its push, for every value that has a place on the wire."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.errors import DecodeError
from handshake.wire import extensions as ext
from handshake.wire import handshake_message as framing
from handshake.wire import key_exchange as kex
from handshake.wire import messages as msg
from handshake.wire.buffer import Reader
from handshake.wire.client_hello import (
    ClientHello,
    Extension,
    SSLv2ClientHello,
    pull_client_hello,
    pull_sslv2_client_hello,
    push_client_hello,
    push_sslv2_client_hello,
)
from handshake.wire.record import (
    FirstRecord,
    Record,
    RecordReader,
    SSLv2Record,
    push_record,
    push_sslv2_record,
)
from tests.handshake.wire.captured import read_messages, read_records

property_test = settings(deadline=None, derandomize=True, max_examples=60)

byte = st.integers(0, 0xFF)
code = st.integers(0, 0xFFFF)
codes = st.lists(code, max_size=12).map(tuple)
short = st.binary(max_size=40)
some = st.binary(min_size=1, max_size=40)
random = st.binary(min_size=32, max_size=32)
session_id = st.binary(max_size=32)
extension_list = st.lists(st.builds(Extension, code, short), max_size=5).map(tuple)
optional_extensions = st.none() | extension_list
number = st.integers(0, 2**200)


def optional(version: int, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values if version >= 0x0303 else st.none()


Codec = tuple[st.SearchStrategy[Any], Callable[[Any], bytes], Callable[[bytes], Any]]


def through_reader(pull: Callable[[Reader], Any]) -> Callable[[bytes], Any]:
    def read(body: bytes) -> Any:
        with Reader(body) as reader:
            return pull(reader)

    return read


def versioned(version: int) -> dict[str, Codec]:
    """The pairs whose form depends on the protocol version."""
    return {
        f"certificate_request {version:04x}": (
            st.builds(
                msg.CertificateRequest,
                short,
                optional(version, codes),
                st.lists(short, max_size=3).map(tuple),
            ),
            msg.push_certificate_request,
            lambda body: msg.pull_certificate_request(body, version),
        ),
        f"certificate_verify {version:04x}": (
            st.builds(kex.DigitallySigned, optional(version, code), short),
            msg.push_certificate_verify,
            lambda body: msg.pull_certificate_verify(body, version),
        ),
        f"encrypted_pre_master_secret {version:04x}": (
            short,
            lambda value: kex.push_encrypted_pre_master_secret(value, version),
            lambda body: kex.pull_encrypted_pre_master_secret(body, version),
        ),
    }


CODECS: dict[str, Codec] = {
    "client_hello": (
        st.builds(
            ClientHello,
            code,
            random,
            session_id,
            codes.filter(bool),
            st.binary(min_size=1, max_size=4),
            optional_extensions,
        ),
        push_client_hello,
        pull_client_hello,
    ),
    "sslv2_client_hello": (
        st.builds(
            SSLv2ClientHello,
            code,
            st.lists(st.integers(0, 0xFFFFFF), min_size=1, max_size=9).map(tuple),
            session_id,
            st.binary(min_size=16, max_size=32),
        ),
        push_sslv2_client_hello,
        pull_sslv2_client_hello,
    ),
    "server_hello": (
        st.builds(msg.ServerHello, code, random, session_id, code, byte, optional_extensions),
        msg.push_server_hello,
        msg.pull_server_hello,
    ),
    "encrypted_extensions": (
        st.builds(msg.EncryptedExtensions, extension_list),
        msg.push_encrypted_extensions,
        msg.pull_encrypted_extensions,
    ),
    "certificate": (
        st.builds(msg.Certificate, st.lists(some, max_size=3).map(tuple)),
        msg.push_certificate,
        msg.pull_certificate,
    ),
    "certificate_13": (
        st.builds(msg.Certificate13, short, st.lists(st.tuples(some, extension_list), max_size=3).map(tuple)),
        msg.push_certificate_13,
        msg.pull_certificate_13,
    ),
    "compressed_certificate": (
        st.builds(msg.CompressedCertificate, code, st.integers(0, 2**24 - 1), short),
        msg.push_compressed_certificate,
        msg.pull_compressed_certificate,
    ),
    "compress_certificate": (codes, ext.push_compress_certificate, ext.pull_compress_certificate),
    "certificate_request_13": (
        st.builds(msg.CertificateRequest13, short, extension_list),
        msg.push_certificate_request_13,
        msg.pull_certificate_request_13,
    ),
    **versioned(0x0300),
    **versioned(0x0301),
    **versioned(0x0303),
    "new_session_ticket": (
        st.builds(msg.NewSessionTicket, st.integers(0, 2**32 - 1), short),
        msg.push_new_session_ticket,
        msg.pull_new_session_ticket,
    ),
    "new_session_ticket_13": (
        st.builds(
            msg.NewSessionTicket13,
            st.integers(0, 2**32 - 1),
            st.integers(0, 2**32 - 1),
            short,
            st.binary(min_size=1, max_size=40),
            extension_list,
        ),
        msg.push_new_session_ticket_13,
        msg.pull_new_session_ticket_13,
    ),
    "ocsp_response": (st.binary(min_size=1, max_size=40), msg.push_ocsp_response, msg.pull_ocsp_response),
    "key_update": (st.builds(msg.KeyUpdate, byte), msg.push_key_update, msg.pull_key_update),
    "alert": (st.builds(msg.Alert, byte, byte), msg.push_alert, msg.pull_alert),
    "dh_parameters": (
        st.builds(kex.DHParameters, number, number, number, st.tuples(byte, byte, byte)),
        kex.push_dh_parameters,
        through_reader(kex.pull_dh_parameters),
    ),
    "ecdh_parameters": (
        st.builds(kex.ECDHParameters, code, some),
        kex.push_ecdh_parameters,
        through_reader(kex.pull_ecdh_parameters),
    ),
    "rsa_parameters": (
        st.builds(kex.RSAParameters, number, number, st.tuples(byte, byte)),
        kex.push_rsa_parameters,
        through_reader(kex.pull_rsa_parameters),
    ),
    "client_dh_public": (some, kex.push_client_dh_public, kex.pull_client_dh_public),
    "client_ecdh_public": (some, kex.push_client_ecdh_public, kex.pull_client_ecdh_public),
    "server_name": (
        st.lists(st.tuples(byte, short), max_size=3).map(tuple),
        ext.push_server_name,
        ext.pull_server_name,
    ),
    "supported_groups": (codes, ext.push_supported_groups, ext.pull_supported_groups),
    "ec_point_formats": (
        st.lists(byte, max_size=4).map(tuple),
        ext.push_ec_point_formats,
        ext.pull_ec_point_formats,
    ),
    "signature_algorithms": (codes, ext.push_signature_algorithms, ext.pull_signature_algorithms),
    "supported_versions": (codes, ext.push_supported_versions, ext.pull_supported_versions),
    "selected_version": (code, ext.push_selected_version, ext.pull_selected_version),
    "key_share_list": (
        st.lists(st.tuples(code, short), max_size=3).map(tuple),
        ext.push_key_share_list,
        ext.pull_key_share_list,
    ),
    "key_share": (st.tuples(code, short), ext.push_key_share, ext.pull_key_share),
    "selected_group": (code, ext.push_selected_group, ext.pull_selected_group),
    "renegotiation_info": (short, ext.push_renegotiation_info, ext.pull_renegotiation_info),
    "alpn": (st.lists(short, max_size=3).map(tuple), ext.push_alpn, ext.pull_alpn),
    "certificate_authorities": (
        st.lists(short, max_size=3).map(tuple),
        ext.push_certificate_authorities,
        ext.pull_certificate_authorities,
    ),
    "psk_key_exchange_modes": (
        st.lists(byte, max_size=3).map(tuple),
        ext.push_psk_key_exchange_modes,
        ext.pull_psk_key_exchange_modes,
    ),
    "cookie": (short, ext.push_cookie, ext.pull_cookie),
    "offered_psks": (
        st.tuples(
            st.lists(st.tuples(short, st.integers(0, 2**32 - 1)), max_size=3).map(tuple),
            st.lists(short, max_size=3).map(tuple),
        ),
        lambda value: ext.push_offered_psks(*value),
        ext.pull_offered_psks,
    ),
    "next_protocol": (short, msg.push_next_protocol, msg.pull_next_protocol),
    "selected_identity": (code, ext.push_selected_identity, ext.pull_selected_identity),
}


def test_every_pair_is_here() -> None:
    covered = {name.split()[0] for name in CODECS}
    outside = {"digitally_signed", "extensions", "optional_extensions", "session_id", "handshake_message"}
    names = {name for module in (msg, ext) for name in vars(module) if name.startswith(("pull_", "push_"))}
    assert {name[len("pull_") :] for name in names} - outside <= covered


@pytest.mark.parametrize("name", CODECS)
@property_test
@given(data=st.data())
def test_pull_undoes_push(name: str, data: st.DataObject) -> None:
    values, push, pull = CODECS[name]
    value = data.draw(values)
    body = push(value)
    assert pull(body) == value
    assert push(pull(body)) == body


@pytest.mark.parametrize("name", [name for name in CODECS if not name.endswith("secret 0300")])
@property_test
@given(data=st.data())
def test_byte_too_many_is_refused(name: str, data: st.DataObject) -> None:
    values, push, pull = CODECS[name]
    body = push(data.draw(values))
    if name in ("client_hello", "server_hello") and pull(body).extensions is None:
        body += b"\x00\x00"
    with pytest.raises(DecodeError):
        pull(body + b"\x00")


def test_numbers_keep_their_leading_zeros() -> None:
    body = bytes.fromhex("0002000b 000102 0003000005")
    value = through_reader(kex.pull_dh_parameters)(body)
    assert value == kex.DHParameters(11, 2, 5)
    assert kex.push_dh_parameters(value) == body
    assert kex.push_dh_parameters(kex.DHParameters(11, 2, 5)) == bytes.fromhex("00010b 000102 000105")
    assert value != kex.DHParameters(11, 2, 6)


def test_padded_public_value_is_as_long_as_asked() -> None:
    padded = kex.push_dh_parameters(kex.DHParameters(0xFFFF, 2, 1, widths=(0, 0, 2)))
    assert padded == bytes.fromhex("0002ffff 000102 00020001")


@pytest.mark.parametrize(("curve_type", "readable"), [(3, True), (1, False), (2, False)])
def test_only_named_curves_are_read(curve_type: int, readable: bool) -> None:
    body = bytes([curve_type]) + bytes.fromhex("0017 01 04")
    if readable:
        assert kex.pull_ecdh_parameters(Reader(body)) == kex.ECDHParameters(0x17, b"\x04")
    else:
        with pytest.raises(DecodeError, match=f"curve_type: {curve_type}"):
            kex.pull_ecdh_parameters(Reader(body))


def test_signed_part_of_a_server_key_exchange_is_what_was_read() -> None:
    parameters = kex.push_ecdh_parameters(kex.ECDHParameters(23, b"\x04" * 65))
    body = parameters + kex.push_digitally_signed(kex.DigitallySigned(0x0401, b"signature"))
    with Reader(body) as reader:
        assert kex.pull_ecdh_parameters(reader).named_group == 23
        assert body[: reader.offset] == parameters
        assert kex.pull_digitally_signed(reader, 0x0303) == kex.DigitallySigned(0x0401, b"signature")


def test_signature_has_no_scheme_before_tls_1_2() -> None:
    body = kex.push_digitally_signed(kex.DigitallySigned(None, b"\x04\x01\x00\x00"))
    assert msg.pull_certificate_verify(body, 0x0302).signature_scheme is None
    with pytest.raises(DecodeError):
        msg.pull_certificate_verify(body, 0x0303)


def test_pre_master_secret_has_no_length_in_sslv3() -> None:
    assert kex.push_encrypted_pre_master_secret(b"abc", 0x0300) == b"abc"
    assert kex.push_encrypted_pre_master_secret(b"abc", 0x0301) == b"\x00\x03abc"


def test_hello_retry_request_is_told_by_its_random() -> None:
    hello = msg.ServerHello(0x0303, msg.HELLO_RETRY_REQUEST_RANDOM, b"", 0x1301)
    assert hello.is_hello_retry_request
    assert not msg.ServerHello(0x0303, bytes(32), b"", 0x1301).is_hello_retry_request


def test_first_of_duplicate_extensions_is_found() -> None:
    hello = ClientHello(0x0303, bytes(32), b"", (1,), b"\x00", (Extension(5, b"a"), Extension(5, b"b")))
    assert hello.extension(5) == b"a"
    assert hello.extension(6) is None
    assert pull_client_hello(push_client_hello(hello)) == hello


@property_test
@given(st.lists(st.builds(framing.HandshakeMessage, byte, short), max_size=6), st.integers(1, 50))
def test_messages_come_out_as_they_went_in(values: list[framing.HandshakeMessage], size: int) -> None:
    stream = b"".join(map(framing.push_handshake_message, values))
    reader = framing.MessageReader()
    assert read_messages(reader, stream, size) == values
    assert reader.buffered == b""


def test_message_that_announces_too_much_is_refused_at_once() -> None:
    reader = framing.MessageReader(max_length=10)
    reader.feed(b"\x0b\x00\x00\x0a")
    assert reader.next() is None
    refused = framing.MessageReader(max_length=10)
    refused.feed(b"\x0b\x00\x00\x0b")
    with pytest.raises(DecodeError, match="announces 11 bytes; 10 are allowed"):
        refused.next()


records = st.builds(Record, st.integers(20, 24), st.integers(0x0300, 0x03FF), short)


@property_test
@given(
    st.none() | st.binary(max_size=40).map(lambda rest: SSLv2Record(b"\x01" + rest)),
    st.lists(records, max_size=6),
    st.integers(1, 60),
)
def test_records_come_out_as_they_went_in(first: SSLv2Record | None, values: list[Record], size: int) -> None:
    stream = (b"" if first is None else push_sslv2_record(first)) + b"".join(map(push_record, values))
    reader = RecordReader(FirstRecord.SSLV2_OR_TLS)
    assert read_records(reader, stream, size) == ([] if first is None else [first]) + values
    assert reader.buffered == b""


@pytest.mark.parametrize(
    ("pull", "body"),
    [
        (msg.pull_certificate, "000003 000000"),
        (msg.pull_certificate_13, "00 000005 000000 0000"),
        (kex.pull_client_dh_public, "0000"),
        (kex.pull_client_ecdh_public, "00"),
        (through_reader(kex.pull_dh_parameters), "0001 05 0000 0001 05"),
        (through_reader(kex.pull_ecdh_parameters), "03 0017 00"),
    ],
)
def test_what_may_not_be_empty_is_refused(pull: Callable[[bytes], Any], body: str) -> None:
    with pytest.raises(DecodeError, match="empty"):
        pull(bytes.fromhex(body))


def test_client_may_have_no_certificate() -> None:
    assert msg.pull_certificate(bytes(3)) == msg.Certificate(())


@pytest.mark.parametrize("pull", [ext.pull_supported_groups, ext.pull_signature_algorithms])
def test_list_with_half_an_entry_is_refused(pull: Callable[[bytes], Any]) -> None:
    assert pull(bytes.fromhex("0002 0403")) == (0x0403,)
    with pytest.raises(DecodeError, match="3 bytes is no multiple of 2") as caught:
        pull(bytes.fromhex("0003 040300"))
    assert caught.value.offset == 2
