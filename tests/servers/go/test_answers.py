"""What Go's crypto/tls answers, measured; a test asks again."""

from collections.abc import Mapping

import pytest

from tests.servers.questions import answers
from tests.servers.started import Variants

ANSWERS = {
    "no signature_algorithms, ECDHE_RSA": "signs with rsa_pkcs1_sha1",
    "no signature_algorithms, RSA": "server-hello:alert-handshake_failure",
    "no supported_groups": "server-hello:alert-handshake_failure",
    "no extensions": "server-hello:alert-handshake_failure",
    "no common suite": "server-hello:alert-handshake_failure",
    "no common ALPN": "server-hello:alert-no_application_protocol",
    "no common ALPN, TLS 1.3": "server-hello:alert-no_application_protocol",
    "certificate_types": "01 40",
    "no client certificate": "finished:alert-handshake_failure",
    "no client certificate, TLS 1.3": "application-data:alert-certificate_required",
    "client renegotiates": "renegotiation:alert-unexpected_message",
    "tickets": "1",
    "tickets without psk_key_exchange_modes": "0",
    "empty key_share": "x25519, ChangeCipherSpec: works",
    "SSLv2-format hello": "alert-protocol_version",
    "hello of 40 kB": "ServerHello, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "records of 3 bytes": "ServerHello, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "encrypt_then_mac": "no",
    "record_size_limit": "no",
    "compress_certificate": "no",
}
OF_LEVELS: Mapping[str, Mapping[str, str]] = {
    "1.22": {},
    "1.27": {
        "no signature_algorithms, ECDHE_RSA": "key-exchange:alert-handshake_failure",
    },
}


@pytest.mark.parametrize("level", OF_LEVELS)
def test_answers_as_measured(variants: Variants, level: str) -> None:
    assert answers(f"go@{level}", variants.start) == {**ANSWERS, **OF_LEVELS[level]}
