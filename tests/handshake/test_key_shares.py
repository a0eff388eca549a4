"""The key shares of a hello: fresh in every connection, of the recorded lengths, and never a recorded key."""

import os

import pytest
from msgspec.structs import replace

from handshake.client.hello import fill_hello
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import pull_key_share_list, push_key_share_list
from handshake.wire.registry import ExtensionType, NamedGroup, group_name
from tests.handshake.modern import (
    CHROMIUM_156,
    CHROMIUM_SHARES,
    GREASE,
    OPENSSL_4,
    OPENSSL_SHARES,
    RECORDED,
    replaced,
    shares,
)


def sent_shares(
    template: HelloTemplate, extension_type: int = ExtensionType.KEY_SHARE
) -> tuple[tuple[int, bytes], ...]:
    hello = fill_hello(template, "server.example.test", os.urandom).hello
    assert isinstance(hello, ClientHello)
    body = hello.extension(extension_type)
    assert body is not None
    return pull_key_share_list(body)


def recorded_runs(key_exchange: bytes) -> bool:
    """Whether four bytes of the recorded key are left anywhere; by chance once in 3.5 million keys."""
    return RECORDED * 4 in key_exchange


@pytest.mark.parametrize(
    ("template", "lengths"),
    [(OPENSSL_4, OPENSSL_SHARES), (CHROMIUM_156, CHROMIUM_SHARES)],
    ids=["openssl-4.0.3", "chromium-156"],
)
def test_a_captured_hello_keeps_its_groups_and_lengths_and_none_of_its_keys(
    template: HelloTemplate, lengths: tuple[tuple[int, int], ...]
) -> None:
    first, second = sent_shares(template), sent_shares(template)
    for sent in (first, second):
        assert tuple((group, len(key_exchange)) for group, key_exchange in sent) == lengths
    for (group, once), (_, again) in zip(first, second, strict=True):
        if group in GREASE:
            assert once == again == RECORDED, "its one byte is no key"
        else:
            assert once != again
            assert not recorded_runs(once), group_name(group)


def test_each_group_there_is_gets_a_fresh_key_of_the_recorded_length() -> None:
    lengths = {
        # key_exchange by group: RFC 8446 section 4.2.8, draft-ietf-tls-mlkem, draft-ietf-tls-ecdhe-mlkem
        NamedGroup.SECP256R1: 65,
        NamedGroup.SECP384R1: 97,
        NamedGroup.SECP521R1: 133,
        NamedGroup.X25519: 32,
        NamedGroup.X448: 56,
        NamedGroup.FFDHE2048: 256,
        NamedGroup.MLKEM512: 800,
        NamedGroup.MLKEM768: 1184,
        NamedGroup.MLKEM1024: 1568,
        NamedGroup.SECP256R1MLKEM768: 1249,
        NamedGroup.X25519MLKEM768: 1216,
        NamedGroup.SECP384R1MLKEM1024: 1665,
        NamedGroup.CURVESM2MLKEM768: 1249,
        NamedGroup.CURVESM2: 65,
        NamedGroup.GC256A: 64,
        NamedGroup.X25519KYBER768DRAFT00: 1216,
        NamedGroup.SECP256R1KYBER768DRAFT00: 1249,
        0xFE32: 1000,
    }
    for group, length in lengths.items():
        template = replaced(OPENSSL_4, shares((group, length)))
        ((sent, once),), ((_, again),) = sent_shares(template), sent_shares(template)
        assert (sent, len(once)) == (group, length)
        assert once != again
        assert not recorded_runs(once), group_name(group)


def test_what_cannot_be_computed_has_no_private_half() -> None:
    assert fill_hello(OPENSSL_4, None, os.urandom).key_shares.keys() == {0x11EC, NamedGroup.X25519}
    kyber = replaced(OPENSSL_4, shares((NamedGroup.X25519KYBER768DRAFT00, 1216), (NamedGroup.X25519, 32)))
    assert fill_hello(kyber, None, os.urandom).key_shares.keys() == {NamedGroup.X25519}


def test_a_list_without_a_fill_is_made_in_the_same_way() -> None:
    for extension_type in (ExtensionType.KEY_SHARE, ExtensionType.KEY_SHARE_DRAFT):
        body = push_key_share_list(((NamedGroup.X25519, RECORDED * 32), (0x3A3A, RECORDED)))
        template = replace(OPENSSL_4, extensions=(ExtensionTemplate(extension_type, body),))
        (_, key_exchange), grease = sent_shares(template, extension_type)
        assert not recorded_runs(key_exchange)
        assert grease == (0x3A3A, RECORDED)


def test_a_list_that_is_malformed_on_purpose_goes_out_as_it_is() -> None:
    template = replaced(OPENSSL_4, ExtensionTemplate(ExtensionType.KEY_SHARE, b"\x00\x09\x00"))
    hello = fill_hello(template, None, os.urandom).hello
    assert isinstance(hello, ClientHello)
    assert hello.extension(ExtensionType.KEY_SHARE) == b"\x00\x09\x00"
