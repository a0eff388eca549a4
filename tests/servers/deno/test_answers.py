"""What deno (rustls) answers, measured; a test asks again."""

from tests.servers.questions import ABOUT_CLIENT_CERTIFICATES, answers
from tests.servers.started import Variants

ANSWERS = {
    "no signature_algorithms, ECDHE_RSA": "server-hello:alert-handshake_failure",
    "no signature_algorithms, RSA": "server-hello:alert-handshake_failure",
    "no supported_groups": "server-hello:alert-handshake_failure",
    "no extensions": "server-hello:alert-handshake_failure",
    "no common suite": "server-hello:alert-handshake_failure",
    "no common ALPN": "server-hello:alert-no_application_protocol",
    "no common ALPN, TLS 1.3": "certificate:alert-no_application_protocol",
    "client renegotiates": "renegotiation:alert-no_renegotiation",
    "tickets": "2",
    "tickets without psk_key_exchange_modes": "0",
    "empty key_share": "x25519, ChangeCipherSpec: works",
    "SSLv2-format hello": "alert-decode_error",
    "hello of 40 kB": "ServerHello, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "records of 3 bytes": "ServerHello, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "encrypt_then_mac": "no such suite",
    "record_size_limit": "no",
    "compress_certificate": "no",
}


def test_answers_as_measured(variants: Variants) -> None:
    assert answers("deno@2.9.6", variants.start, but=ABOUT_CLIENT_CERTIFICATES) == ANSWERS
