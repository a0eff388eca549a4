"""What Erlang's ssl application answers, measured; a test asks again."""

import pytest

from tests.servers.questions import answers
from tests.servers.started import Variants

ANSWERS = {
    "no signature_algorithms, ECDHE_RSA": "signs with rsa_pkcs1_sha1",
    "no signature_algorithms, RSA": "server-hello:alert-insufficient_security",
    "no supported_groups": "secp256r1",
    "no extensions": "server-hello:alert-insufficient_security",
    "no common suite": "server-hello:alert-insufficient_security",
    "no common ALPN": "server-hello:alert-no_application_protocol",
    "no common ALPN, TLS 1.3": "server-hello:alert-no_application_protocol",
    "certificate_types": "40 01 02",
    "no client certificate": "finished:alert-handshake_failure",
    "no client certificate, TLS 1.3": "application-data:alert-certificate_required",
    "client renegotiates": "works",
    "tickets": "0",
    "tickets without psk_key_exchange_modes": "0",
    "empty key_share": "x25519, cookie, ChangeCipherSpec: works",
    "SSLv2-format hello": "alert-unexpected_message",
    "hello of 40 kB": "ServerHello, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "records of 3 bytes": "alert-handshake_failure",
    "encrypt_then_mac": "no",
    "record_size_limit": "no",
    "compress_certificate": "no",
}


@pytest.mark.long
def test_answers_as_measured(variants: Variants) -> None:
    assert answers("erlang@system", variants.start) == ANSWERS
