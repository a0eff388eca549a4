"""What OpenSSL 3.5 and 4.0 answers, measured; a test asks again."""

from collections.abc import Mapping

import pytest

from tests.servers.questions import ABOUT_ALPN, answers
from tests.servers.started import Variants

ANSWERS = {
    "no signature_algorithms, ECDHE_RSA": "server-hello:alert-handshake_failure",
    "no signature_algorithms, RSA": "server-hello:alert-handshake_failure",
    "no supported_groups": "server-hello:alert-handshake_failure",
    "no extensions": "server-hello:alert-handshake_failure",
    "no common suite": "server-hello:alert-handshake_failure",
    "certificate_types": "01 02 40",
    "no client certificate": "finished:alert-handshake_failure",
    "no client certificate, TLS 1.3": "application-data:alert-certificate_required",
    "client renegotiates": "renegotiation:alert-no_renegotiation",
    "tickets": "2",
    "tickets without psk_key_exchange_modes": "2",
    "empty key_share": "x25519, ChangeCipherSpec: works",
    "SSLv2-format hello": "alert-handshake_failure",
    "hello of 40 kB": "ServerHello, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "records of 3 bytes": "ServerHello, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "encrypt_then_mac": "yes",
    "record_size_limit": "no",
    "compress_certificate": "no",
}
OF_LEVELS: Mapping[str, Mapping[str, str]] = {
    "3.5.5": {},
    "4.0.0": {
        "SSLv2-format hello": "fin",
    },
}


@pytest.mark.parametrize("level", OF_LEVELS)
def test_answers_as_measured(variants: Variants, level: str) -> None:
    assert answers(f"openssl@{level}", variants.start, but=ABOUT_ALPN) == {
        **ANSWERS,
        **OF_LEVELS[level],
    }
