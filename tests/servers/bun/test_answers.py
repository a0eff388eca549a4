"""What bun (BoringSSL) answers, measured; a test asks again."""

from tests.servers.questions import answers
from tests.servers.started import Variants

ANSWERS = {
    "no signature_algorithms, ECDHE_RSA": "signs with rsa_pkcs1_sha1",
    "no signature_algorithms, RSA": "works",
    "no supported_groups": "server-hello:alert-handshake_failure",
    "no extensions": "works",
    "no common suite": "server-hello:alert-handshake_failure",
    "no common ALPN": "server-hello:alert-no_application_protocol",
    "no common ALPN, TLS 1.3": "server-hello:alert-no_application_protocol",
    "certificate_types": "01 40",
    "no client certificate": "finished:alert-handshake_failure",
    "no client certificate, TLS 1.3": "application-data:alert-certificate_required",
    "client renegotiates": "renegotiation:alert-no_renegotiation",
    "tickets": "2",
    "tickets without psk_key_exchange_modes": "0",
    "empty key_share": "x25519, ChangeCipherSpec: works",
    "SSLv2-format hello": "ServerHello, TLS_RSA_WITH_AES_128_CBC_SHA",
    "hello of 40 kB": "alert-illegal_parameter",
    "records of 3 bytes": "ServerHello, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "encrypt_then_mac": "no",
    "record_size_limit": "no",
    "compress_certificate": "no",
}


def test_answers_as_measured(variants: Variants) -> None:
    assert answers("bun@1.4.4", variants.start) == ANSWERS
