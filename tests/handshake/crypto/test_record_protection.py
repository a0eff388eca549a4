import itertools
import random
from collections.abc import Callable, Iterator

import pytest
from Cryptodome.Cipher import ARC2, ARC4, DES, DES3

from handshake.crypto.bulk_ciphers import decryptor, encryptor
from handshake.crypto.key_schedule import WriteKeys, connection_keys
from handshake.crypto.record_protection import (
    AEADProtection,
    BlockProtection,
    EncryptThenMACProtection,
    NullProtection,
    Protection,
    StreamProtection,
    connection_protections,
    make_protection,
    traffic_protection,
)
from handshake.crypto.suite_parameters import (
    CipherKind,
    KeyExchange,
    SuiteParameters,
    is_completable,
    suite_parameters,
)
from handshake.errors import Fault, LocalError, PeerFault
from handshake.wire.cipher_suites import CIPHER_SUITES

SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = range(0x0300, 0x0305)
HANDSHAKE, APPLICATION_DATA = 22, 23
MASTER, CLIENT_RANDOM, SERVER_RANDOM = (
    bytes(range(start, end)) for start, end in ((0, 48), (64, 96), (160, 192))
)
SIZES = (0, 1, 15, 16, 17, 300, 2**14, 0, 5)

entropy: Callable[[int], bytes] = random.Random(3207).randbytes


def pair(code: int, version: int, *, encrypt_then_mac: bool = False) -> tuple[Protection, Protection]:
    return connection_protections(
        suite_parameters(code),
        version,
        MASTER,
        CLIENT_RANDOM,
        SERVER_RANDOM,
        entropy,
        encrypt_then_mac=encrypt_then_mac,
    )


def client_write(code: int, version: int) -> Protection:
    return pair(code, version)[0]


def every_suite_and_version() -> Iterator[tuple[int, int]]:
    for code in filter(is_completable, CIPHER_SUITES):
        parameters = suite_parameters(code)
        if parameters.key_exchange is KeyExchange.TLS13:
            continue
        first = TLS_1_2 if parameters.mac is None else SSL_3_0
        if parameters.mac in ("sha256", "sha384"):
            first = TLS_1_0  # SSLv3's MAC is not defined for them
        for version in range(first, TLS_1_2 + 1):
            yield code, version


def one_suite_of_each_shape() -> Iterator[tuple[int, int]]:
    seen = set()
    for code, version in every_suite_and_version():
        parameters = suite_parameters(code)
        shape = (parameters.cipher.name, parameters.mac, version)
        if shape not in seen:
            seen.add(shape)
            yield code, version


ALL = list(every_suite_and_version())
SHAPES = list(one_suite_of_each_shape())
CODES_13 = [0x1301, 0x1302, 0x1303, 0x1304, 0x1305]


def named(case: object) -> str:
    if isinstance(case, int):
        return (
            CIPHER_SUITES[case].iana
            if case in CIPHER_SUITES and case not in range(0x300, 0x305)
            else f"{case:04x}"
        )
    return str(case)


def content_without_padding(parameters: SuiteParameters, mac_is_padded: bool) -> bytes:
    """Content that fills its last block up to the padding's length byte; SSLv3 checks nothing else of the
    padding.
    """
    length = 40
    if parameters.mac is not None and parameters.cipher.kind is CipherKind.BLOCK:
        inside = parameters.mac.digest_length if mac_is_padded else 0
        length += -(length + inside + 1) % parameters.cipher.block_length
    return bytes(range(length))


def assert_bad_record_mac(reader: Protection, content_type: int, version: int, fragment: bytes) -> None:
    with pytest.raises(PeerFault) as caught:
        reader.unprotect(content_type, version, fragment)
    assert caught.value.fault is Fault.BAD_RECORD_MAC


@pytest.mark.parametrize(("code", "version"), ALL, ids=named)
def test_records_come_back_as_they_went(code, version):
    client, server = pair(code, version)
    client_mirror, server_mirror = pair(code, version)
    for size in SIZES[:6] if (code, version) not in SHAPES else SIZES:
        content = entropy(size)
        for writer, reader in ((client, client_mirror), (server, server_mirror)):
            fragment = writer.protect(APPLICATION_DATA, version, content)
            assert reader.unprotect(APPLICATION_DATA, version, fragment) == content
            assert size < 15 or content not in fragment or suite_parameters(code).cipher.name == "NULL"


@pytest.mark.parametrize(("code", "version"), [case for case in SHAPES if case[1] > SSL_3_0], ids=named)
def test_records_come_back_with_encrypt_then_mac(code, version):
    client, _ = pair(code, version, encrypt_then_mac=True)
    mirror, _ = pair(code, version, encrypt_then_mac=True)
    is_block = suite_parameters(code).cipher.kind is CipherKind.BLOCK
    assert isinstance(client, EncryptThenMACProtection) == is_block
    for size in SIZES:
        content = entropy(size)
        fragment = client.protect(APPLICATION_DATA, version, content)
        assert mirror.unprotect(APPLICATION_DATA, version, fragment) == content
    if is_block:
        assert_bad_record_mac(
            client_write(code, version),
            APPLICATION_DATA,
            version,
            pair(code, version, encrypt_then_mac=True)[0].protect(APPLICATION_DATA, version, bytes(64)),
        )


@pytest.mark.parametrize("code", CODES_13, ids=named)
def test_tls13_records_come_back_with_their_type(code):
    secret = entropy(48)
    writer, reader = (traffic_protection(suite_parameters(code), secret) for _ in range(2))
    for size, padding in itertools.product(SIZES, (0, 1, 100)):
        if size + padding > 1 << 14:
            continue  # more than a record may hold (RFC 8446 section 5.4)
        content = entropy(size)
        fragment = writer.protect(HANDSHAKE, 0x0303, content, padding)
        assert len(fragment) == size + 1 + padding + suite_parameters(code).cipher.tag_length
        assert reader.unprotect(APPLICATION_DATA, 0x0303, fragment) == (HANDSHAKE, content)
    content = b"zeros at the end are content\x00\x00"
    fragment = writer.protect(APPLICATION_DATA, 0x0303, content, 3)
    assert reader.unprotect(APPLICATION_DATA, 0x0303, fragment) == (APPLICATION_DATA, content)


def flips(fragment: bytes) -> Iterator[bytes]:
    for position in range(len(fragment)):
        flipped = bytearray(fragment)
        flipped[position] ^= 1 << (position * 3 % 8)
        yield bytes(flipped)


@pytest.mark.parametrize("encrypt_then_mac", [False, True])
@pytest.mark.parametrize(("code", "version"), SHAPES, ids=named)
def test_a_flipped_bit_anywhere_is_a_bad_record_mac(code, version, encrypt_then_mac):
    parameters = suite_parameters(code)
    if encrypt_then_mac and (parameters.cipher.kind is not CipherKind.BLOCK or version == SSL_3_0):
        encrypt_then_mac = False
    content = content_without_padding(parameters, mac_is_padded=not encrypt_then_mac)
    keys, _ = connection_keys(parameters, version, MASTER, CLIENT_RANDOM, SERVER_RANDOM)

    def one() -> Protection:
        return make_protection(parameters, version, keys, entropy, encrypt_then_mac=encrypt_then_mac)

    fragment = one().protect(APPLICATION_DATA, version, content)
    assert one().unprotect(APPLICATION_DATA, version, fragment) == content
    for flipped in flips(fragment):
        assert_bad_record_mac(one(), APPLICATION_DATA, version, flipped)


@pytest.mark.parametrize("code", CODES_13, ids=named)
def test_a_flipped_bit_in_tls13_is_a_bad_record_mac(code):
    secret = entropy(32)
    parameters = suite_parameters(code)
    fragment = traffic_protection(parameters, secret).protect(APPLICATION_DATA, 0x0303, b"content", 2)
    for flipped in (*flips(fragment), b"", fragment[:10], fragment[:-1], fragment + b"\x00"):
        with pytest.raises(PeerFault) as caught:
            traffic_protection(parameters, secret).unprotect(APPLICATION_DATA, 0x0303, flipped)
        assert caught.value.fault is Fault.BAD_RECORD_MAC
    for content_type, version in ((HANDSHAKE, 0x0303), (APPLICATION_DATA, 0x0301)):
        with pytest.raises(PeerFault):
            traffic_protection(parameters, secret).unprotect(content_type, version, fragment)


@pytest.mark.parametrize(("code", "version"), SHAPES, ids=named)
def test_replay_loss_and_relabelling_are_noticed(code, version):
    parameters = suite_parameters(code)
    content = content_without_padding(parameters, mac_is_padded=True)
    writer = client_write(code, version)
    first, second = (writer.protect(APPLICATION_DATA, version, content) for _ in range(2))

    reader = client_write(code, version)
    assert reader.unprotect(APPLICATION_DATA, version, first) == content
    assert_bad_record_mac(reader, APPLICATION_DATA, version, first)
    assert_bad_record_mac(client_write(code, version), APPLICATION_DATA, version, second)
    assert_bad_record_mac(client_write(code, version), HANDSHAKE, version, first)
    assert_bad_record_mac(pair(code, version)[1], APPLICATION_DATA, version, first)
    if version == SSL_3_0:  # whose MAC leaves the version out (RFC 6101 section 5.2.3.1)
        assert client_write(code, version).unprotect(APPLICATION_DATA, 0x0301, first) == content
    else:
        assert_bad_record_mac(client_write(code, version), APPLICATION_DATA, 0x0300, first)


def test_tls13_replay_and_loss_are_noticed():
    parameters, secret = suite_parameters(0x1301), bytes(32)
    writer, reader = (traffic_protection(parameters, secret) for _ in range(2))
    first, second = (writer.protect(APPLICATION_DATA, 0x0303, b"content") for _ in range(2))
    assert reader.unprotect(APPLICATION_DATA, 0x0303, first)
    for late, fragment in ((reader, first), (traffic_protection(parameters, secret), second)):
        with pytest.raises(PeerFault):
            late.unprotect(APPLICATION_DATA, 0x0303, fragment)


@pytest.mark.parametrize("encrypt_then_mac", [False, True])
@pytest.mark.parametrize(("code", "version"), SHAPES, ids=named)
def test_truncated_fragments_are_bad_record_macs(code, version, encrypt_then_mac):
    writer, _ = pair(code, version, encrypt_then_mac=encrypt_then_mac)
    fragment = writer.protect(APPLICATION_DATA, version, b"some content")
    for length in range(len(fragment)):
        reader, _ = pair(code, version, encrypt_then_mac=encrypt_then_mac)
        assert_bad_record_mac(reader, APPLICATION_DATA, version, fragment[:length])


def padded(parameters: SuiteParameters, keys: WriteKeys, version: int, padding: bytes) -> bytes:
    """A record whose padding is `padding`, its length byte included."""
    plain = StreamProtection(suite_parameters(0x0002).cipher, keys, *_mac_of(parameters, version, keys))
    text = plain.protect(APPLICATION_DATA, version, bytes(12)) + padding
    explicit = bytes(16) if version >= TLS_1_1 else b""
    return encryptor(parameters.cipher, keys.key, keys.iv or bytes(16))(explicit + text)


def _mac_of(parameters: SuiteParameters, version: int, keys: WriteKeys):
    built = make_protection(parameters, version, keys, entropy)
    assert isinstance(built, BlockProtection)
    return built._mac, built._mac_length


@pytest.mark.parametrize("version", [SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2])
def test_padding_rules(version):
    """12 bytes and a SHA-1 MAC are two blocks, so the whole padding is free to choose."""
    parameters = suite_parameters(0x002F)
    keys, _ = connection_keys(parameters, version, MASTER, CLIENT_RANDOM, SERVER_RANDOM)

    def accepts(padding: bytes) -> bool:
        reader = make_protection(parameters, version, keys, entropy)
        try:
            return reader.unprotect(
                APPLICATION_DATA, version, padded(parameters, keys, version, padding)
            ) == bytes(12)
        except PeerFault as fault:
            return fault.fault is not Fault.BAD_RECORD_MAC

    is_ssl3 = version == SSL_3_0
    assert accepts(b"\x0f" * 16)
    assert accepts(bytes(15) + b"\x0f") is is_ssl3
    assert accepts(b"\x1f" * 32) is not is_ssl3
    assert accepts(b"\xff" * 256) is not is_ssl3
    assert not accepts(b"\x0f" * 15 + b"\xff")
    assert not accepts(b"\x0f" * 15 + b"\x0e")
    assert not accepts(b"\x00" * 16)


@pytest.mark.parametrize("version", [TLS_1_1, TLS_1_2])
def test_explicit_ivs_differ_from_record_to_record(version):
    writer = client_write(0x002F, version)
    fragments = {writer.protect(APPLICATION_DATA, version, b"")[:16] for _ in range(20)}
    assert len(fragments) == 20
    first = {client_write(0x002F, version).protect(APPLICATION_DATA, version, b"") for _ in range(20)}
    assert len(first) == 20


def test_encrypt_then_mac_is_for_block_ciphers_from_tls10():
    kinds = {
        (0x002F, SSL_3_0): BlockProtection,
        (0x002F, TLS_1_0): EncryptThenMACProtection,
        (0x0005, TLS_1_0): StreamProtection,
        (0x009C, TLS_1_2): AEADProtection,
    }
    for (code, version), kind in kinds.items():
        assert type(pair(code, version, encrypt_then_mac=True)[0]) is kind


def test_gcm_sends_the_sequence_number_as_nonce_and_chacha20_none():
    gcm, chacha20 = client_write(0x009C, TLS_1_2), client_write(0xCCA8, TLS_1_2)
    for sequence_number in range(3):
        assert gcm.protect(APPLICATION_DATA, TLS_1_2, b"x")[:8] == sequence_number.to_bytes(8, "big")
        assert len(chacha20.protect(APPLICATION_DATA, TLS_1_2, b"x")) == 1 + 16


def test_a_tls13_record_of_padding_only_is_unexpected():
    secret = bytes(32)
    writer, reader = (traffic_protection(suite_parameters(0x1301), secret) for _ in range(2))
    with pytest.raises(PeerFault) as caught:
        reader.unprotect(APPLICATION_DATA, 0x0303, writer.protect(0, 0x0303, b"", 5))
    assert caught.value.fault is Fault.UNEXPECTED_MESSAGE


def test_null_protection_passes_everything():
    null = NullProtection()
    assert (
        null.protect(HANDSHAKE, TLS_1_0, b"hello") == b"hello" == null.unprotect(HANDSHAKE, TLS_1_0, b"hello")
    )


@pytest.mark.parametrize(
    ("code", "version", "kind"),
    [
        (0x0002, TLS_1_0, StreamProtection),
        (0x0005, TLS_1_0, StreamProtection),
        (0x002F, TLS_1_0, BlockProtection),
        (0x009C, TLS_1_2, AEADProtection),
    ],
)
def test_which_protection_a_suite_gets(code, version, kind):
    assert type(client_write(code, version)) is kind


@pytest.mark.parametrize(
    ("code", "version"),
    [
        (0x009C, TLS_1_1),
        (0x009C, SSL_3_0),
        (0x1301, TLS_1_2),
        (0x1301, TLS_1_3),
        (0x002F, TLS_1_3),
        (0x002F, 0x0002),
        (0x003C, SSL_3_0),
    ],
)
def test_a_suite_without_meaning_in_a_version_is_our_mistake(code, version):
    with pytest.raises(LocalError):
        client_write(code, version)


@pytest.mark.parametrize(
    ("code", "theirs"),
    [
        (0x0003, lambda key, iv: ARC4.new(key)),
        (0x0006, lambda key, iv: ARC2.new(key, ARC2.MODE_CBC, iv, effective_keylen=128)),
        (0x0009, lambda key, iv: DES.new(key, DES.MODE_CBC, iv)),
        (0x000A, lambda key, iv: DES3.new(key, DES3.MODE_CBC, iv)),
    ],
    ids=["RC4", "RC2", "DES", "3DES"],
)
def test_legacy_ciphers_are_those_of_another_library(code, theirs):
    """RC2 above all: OpenSSL runs the export suite with 128 effective bits, and so must we."""
    cipher = suite_parameters(code).cipher
    key, iv = bytes(range(1, cipher.key_length + 1)), bytes(range(8))
    iv = b"" if cipher.kind is CipherKind.STREAM else iv
    ours, other = encryptor(cipher, key, iv), theirs(key, iv)
    back = decryptor(cipher, key, iv)
    for _ in range(3):
        encrypted = ours(bytes(64))
        assert encrypted == other.encrypt(bytes(64))
        assert back(encrypted) == bytes(64)
