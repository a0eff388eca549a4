"""What node answers, measured; a test asks again."""

from collections.abc import Mapping

import pytest

from tests.servers.questions import answers
from tests.servers.started import Variants

ANSWERS = {
    "no signature_algorithms, ECDHE_RSA": "server-hello:alert-handshake_failure",
    "no signature_algorithms, RSA": "server-hello:alert-handshake_failure",
    "no supported_groups": "server-hello:alert-handshake_failure",
    "no extensions": "server-hello:alert-handshake_failure",
    "no common suite": "server-hello:alert-handshake_failure",
    "no common ALPN": "server-hello:alert-no_application_protocol",
    "no common ALPN, TLS 1.3": "server-hello:alert-no_application_protocol",
    "certificate_types": "01 02 40",
    "no client certificate": "finished:alert-handshake_failure",
    "no client certificate, TLS 1.3": "application-data:alert-certificate_required",
    "client renegotiates": "works",
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
    "20": {},
    "24": {},
    "26": {},
}


@pytest.mark.long(but=["24"])
@pytest.mark.parametrize("level", OF_LEVELS)
def test_answers_as_measured(variants: Variants, level: str) -> None:
    assert answers(f"node@{level}", variants.start) == {**ANSWERS, **OF_LEVELS[level]}
