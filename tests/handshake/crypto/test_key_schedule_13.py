import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.crypto import key_schedule_13 as schedule
from handshake.crypto.credentials import certificate_public_key
from handshake.crypto.key_exchange import ECDHKeyPair
from handshake.crypto.key_schedule import Role
from handshake.crypto.record_protection import traffic_protection
from handshake.crypto.signatures import certificate_verify_content, verify
from handshake.crypto.suite_parameters import suite_parameters
from handshake.errors import Fault, PeerFault
from tests.handshake.crypto.independent import HKDF_expand_label

CLIENT_HELLO = bytes.fromhex(
    "010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113031302010000910000"
    "000b0009000006736572766572ff01000100000a00140012001d001700180019010001010102010301040023000000330026002400"
    "1d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b0003020304000d0020001e0403050306"
    "03020308040805080604010501060102010402050206020202002d00020101001c00024001"
)
SERVER_HELLO = bytes.fromhex(
    "020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e00330024001d0020c9"
    "828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304"
)
ENCRYPTED_EXTENSIONS = bytes.fromhex(
    "080000240022000a00140012001d00170018001901000101010201030104001c0002400100000000"
)
CERTIFICATE = bytes.fromhex(
    "0b0001b9000001b50001b0308201ac30820115a003020102020102300d06092a864886f70d01010b0500300e310c300a0603550403"
    "1303727361301e170d3136303733303031323335395a170d3236303733303031323335395a300e310c300a06035504031303727361"
    "30819f300d06092a864886f70d010101050003818d0030818902818100b4bb498f8279303d980836399b36c6988c0c68de55e1bdb8"
    "26d3901a2461eafd2de49a91d015abbc9a95137ace6c1af19eaa6af98c7ced43120998e187a80ee0ccb0524b1b018c3e0b63264d44"
    "9a6d38e22a5fda430846748030530ef0461c8ca9d9efbfae8ea6d1d03e2bd193eff0ab9a8002c47428a6d35a8d88d79f7f1e3f0203"
    "010001a31a301830090603551d1304023000300b0603551d0f0404030205a0300d06092a864886f70d01010b05000381810085aad2"
    "a0e5b9276b908c65f73a7267170618a54c5f8a7b337d2df7a594365417f2eae8f8a58c8f8172f9319cf36b7fd6c55b80f21a030151"
    "56726096fd335e5e67f2dbf102702e608ccae6bec1fc63a42a99be5c3eb7107c3c54e9b9eb2bd5203b1c3b84e0a8b2f759409ba3ea"
    "c9d91d402dcc0cc8f8961229ac9187b42b4de10000"
)
CERTIFICATE_VERIFY = bytes.fromhex(
    "0f000084080400805a747c5d88fa9bd2e55ab085a61015b7211f824cd484145ab3ff52f1fda8477b0b7abc90db78e2d33a5c141a07"
    "8653fa6bef780c5ea248eeaaa785c4f394cab6d30bbe8d4859ee511f602957b15411ac027671459e46445c9ea58c181e818e95b8c3"
    "fb0bf3278409d3be152a3da5043e063dda65cdf5aea20d53dfacd42f74f3"
)
SERVER_FINISHED = bytes.fromhex("140000209b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718")
CLIENT_FINISHED = bytes.fromhex("14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61")
CLIENT_FINISHED_RECORD = bytes.fromhex(
    "75ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeacab6867d726c40546"
)
CLIENT_DATA_RECORD = bytes.fromhex(
    "a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a29770"
    "14bd1e3deae63aeebb21694915e4"
)
SERVER_ALERT_RECORD = bytes.fromhex("b58fd67166ebf599d24720cfbe7efa7a8864a9")
"""Handshake messages and records of RFC 8448 section 3, "Simple 1-RTT Handshake" (TLS_AES_128_GCM_SHA256,
x25519).
"""


def digest(*messages: bytes) -> bytes:
    return hashlib.sha256(b"".join(messages)).digest()


HELLOS = digest(CLIENT_HELLO, SERVER_HELLO)
TO_SERVER_FINISHED = digest(
    CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY, SERVER_FINISHED
)


def shared_secret() -> bytes:
    private = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("49af42ba7f7994852d713ef2784bcbcaa7911de26adc5642cb634540e7ea5005")
    )
    client = ECDHKeyPair(29, private, private.public_key().public_bytes_raw())
    assert client.public_bytes in CLIENT_HELLO
    return client.shared_secret(SERVER_HELLO[-38:-6])


def test_secrets_of_rfc8448():
    assert shared_secret().hex() == "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"
    early = schedule.early_secret("sha256")
    assert early.hex() == "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"
    handshake = schedule.handshake_secret("sha256", early, shared_secret())
    assert handshake.hex() == "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"
    traffic = schedule.handshake_traffic_secrets("sha256", handshake, HELLOS)
    assert traffic.client.hex() == "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"
    assert traffic.server.hex() == "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"
    assert (traffic.of(Role.CLIENT), traffic.of(Role.SERVER)) == (traffic.client, traffic.server)
    master = schedule.master_secret("sha256", handshake)
    assert master.hex() == "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"
    application = schedule.application_traffic_secrets("sha256", master, TO_SERVER_FINISHED)
    assert application.client.hex() == "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
    assert application.server.hex() == "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"


@pytest.fixture
def traffic() -> tuple[schedule.TrafficSecrets, schedule.TrafficSecrets]:
    handshake = schedule.handshake_secret("sha256", schedule.early_secret("sha256"), shared_secret())
    return (
        schedule.handshake_traffic_secrets("sha256", handshake, HELLOS),
        schedule.application_traffic_secrets(
            "sha256", schedule.master_secret("sha256", handshake), TO_SERVER_FINISHED
        ),
    )


def test_keys_of_rfc8448(traffic):
    handshake, application = traffic
    for secret, key, iv in (
        (handshake.server, "3fce516009c21727d0f2e4e86ee403bc", "5d313eb2671276ee13000b30"),
        (handshake.client, "dbfaa693d1762c5b666af5d950258d01", "5bd3c71b836e0b76bb73265f"),
        (application.server, "9f02283b6c9c07efc26bb9f2ac92e356", "cf782b88dd83549aadf1e984"),
    ):
        keys = schedule.traffic_keys("sha256", secret, 16)
        assert (keys.key.hex(), keys.iv.hex()) == (key, iv)
        assert repr(keys) == "TrafficKeys()"


def test_finished_of_rfc8448(traffic):
    before_finished = digest(
        CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY
    )
    handshake, _ = traffic
    assert schedule.finished_verify_data("sha256", handshake.server, before_finished) == SERVER_FINISHED[4:]
    assert (
        schedule.finished_verify_data("sha256", handshake.client, TO_SERVER_FINISHED) == CLIENT_FINISHED[4:]
    )
    assert schedule.finished_verify_data("sha256", handshake.server, HELLOS) != SERVER_FINISHED[4:]


def test_certificate_verify_of_rfc8448():
    transcript_hash = digest(CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE)
    public_key = certificate_public_key(CERTIFICATE[11:-2])
    signature = CERTIFICATE_VERIFY[8:]
    verify(public_key, 0x0804, certificate_verify_content(Role.SERVER, transcript_hash), signature)
    with pytest.raises(PeerFault) as caught:
        verify(public_key, 0x0804, certificate_verify_content(Role.CLIENT, transcript_hash), signature)
    assert caught.value.fault is Fault.DECRYPT


def test_records_of_rfc8448(traffic):
    handshake, application = traffic
    parameters = suite_parameters(0x1301)
    assert traffic_protection(parameters, handshake.client).unprotect(23, 0x0303, CLIENT_FINISHED_RECORD) == (
        22,
        CLIENT_FINISHED,
    )
    data = bytes(range(50))
    assert traffic_protection(parameters, application.client).protect(23, 0x0303, data) == CLIENT_DATA_RECORD
    assert traffic_protection(parameters, application.client).unprotect(23, 0x0303, CLIENT_DATA_RECORD) == (
        23,
        data,
    )
    server = traffic_protection(parameters, application.server)
    server.protect(22, 0x0303, b"NewSessionTicket")  # records 0 and 1 went before the alert in the trace
    server.protect(23, 0x0303, data)
    assert server.protect(21, 0x0303, b"\x01\x00") == SERVER_ALERT_RECORD


def test_resumption_psk_and_binder_of_rfc8448():
    """Sections 3 and 4: the ticket's PSK, and the early secret it makes."""
    handshake = schedule.handshake_secret("sha256", schedule.early_secret("sha256"), shared_secret())
    master = schedule.master_secret("sha256", handshake)
    transcript = digest(
        CLIENT_HELLO,
        SERVER_HELLO,
        ENCRYPTED_EXTENSIONS,
        CERTIFICATE,
        CERTIFICATE_VERIFY,
        SERVER_FINISHED,
        CLIENT_FINISHED,
    )
    resumption = schedule.resumption_master_secret("sha256", master, transcript)
    assert resumption.hex() == "7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c"
    psk = schedule.resumption_psk("sha256", resumption, b"\x00\x00")
    assert psk.hex() == "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3"
    early = schedule.early_secret("sha256", psk)
    assert early.hex() == "9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c"


def test_hkdf_of_rfc5869():
    """Appendix A.1 and, without salt and info, A.3."""
    prk = schedule.hkdf_extract("sha256", bytes(range(13)), b"\x0b" * 22)
    assert prk.hex() == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
    assert schedule.hkdf_expand("sha256", prk, bytes(range(0xF0, 0xFA)), 42).hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    prk = schedule.hkdf_extract("sha256", b"", b"\x0b" * 22)
    assert schedule.hkdf_expand("sha256", prk, b"", 42).hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


@settings(deadline=None)
@given(
    st.sampled_from(["sha256", "sha384"]),
    st.binary(min_size=32, max_size=48),
    st.binary(max_size=20),
    st.binary(max_size=48),
    st.integers(1, 100),
)
def test_hkdf_expand_label_agrees_with_tlslite(prf_hash, secret, label, context, length):
    expected = HKDF_expand_label(bytearray(secret), bytearray(label), bytearray(context), length, prf_hash)
    assert schedule.hkdf_expand_label(prf_hash, secret, label, context, length) == expected


def test_key_update_changes_the_secret_and_its_length_stays():
    secret = bytes(range(48))
    following = schedule.next_traffic_secret("sha384", secret)
    assert len(following) == 48
    assert following == schedule.hkdf_expand_label("sha384", secret, b"traffic upd", b"", 48) != secret


def test_message_hash_stands_for_the_first_hello():
    assert schedule.message_hash("sha256", CLIENT_HELLO) == b"\xfe\x00\x00\x20" + digest(CLIENT_HELLO)
    assert schedule.message_hash("sha384", CLIENT_HELLO)[:4] == b"\xfe\x00\x00\x30"
