from dataclasses import replace

import pytest

from clients.player import PlayedHello, Player
from handshake.hello_template import ClientLimits, ClientPolicy, ExtensionTemplate, HelloFormat, HelloTemplate
from handshake.reason import parse_causes, parse_reason
from handshake.wire.cipher_suites import TLS_FALLBACK_SCSV
from handshake.wire.extensions import (
    push_alpn,
    push_signature_algorithms,
    push_supported_groups,
    push_supported_versions,
)
from handshake.wire.registry import ExtensionType
from matrix.judgement.outcome import Outcome
from matrix.prediction import Prediction, Preference, ServerFacts, offered_version_name
from matrix.prediction import predict as predict_from_facts
from servers.declared import Declared, DeclaredRefusals

RSA_AES, DHE_AES, TLS13, DSS_AES, GCM = 0x002F, 0x0033, 0x1301, 0x0032, 0x009C
SSL3, TLS10, TLS12, TLS13V = 0x0300, 0x0301, 0x0303, 0x0304
ECDHE_AES, ECDSA_AES, P256, P384, FFDHE2048 = 0xC013, 0xC009, 0x0017, 0x0018, 0x0100
RSA_PSS, RSA_SHA1, ECDSA_SHA1 = 0x0804, 0x0201, 0x0203
REFUSALS = DeclaredRefusals("fin", "alert-protocol_version", "alert-handshake_failure")

EVERY_CAUSE = frozenset().union(*map(parse_causes, ("fin", "reset", "timeout", "alert:0-255")))


def hello(
    version: int,
    *suites: int,
    versions: tuple[int, ...] = (),
    sslv2: bool = False,
    groups: tuple[int, ...] = (),
    schemes: tuple[int, ...] = (),
    names: tuple[bytes, ...] = (),
) -> HelloTemplate:
    """A hello with the extensions that something is given for; one of TLS 1.3 has all that it needs."""
    if TLS13V in versions:
        groups, schemes = groups or (P256,), schemes or (RSA_PSS,)
    bodies = {
        ExtensionType.SUPPORTED_VERSIONS: push_supported_versions(versions) if versions else None,
        ExtensionType.SUPPORTED_GROUPS: push_supported_groups(groups) if groups else None,
        ExtensionType.SIGNATURE_ALGORITHMS: push_signature_algorithms(schemes) if schemes else None,
        ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION: push_alpn(names) if names else None,
    }
    extensions = tuple(ExtensionTemplate(kind, body) for kind, body in bodies.items() if body is not None)
    return HelloTemplate(
        client_version=version,
        cipher_suites=suites,
        format=HelloFormat.SSLV2 if sslv2 else HelloFormat.RECORD,
        extensions=extensions or None,
    )


def server(*versions: int, suites: tuple[int, ...] = (RSA_AES,), **more: object) -> Declared:
    return Declared(versions=versions, cipher_suites=suites, **more)  # type: ignore[arg-type]


def predict(attempts: list[HelloTemplate], limits: ClientLimits, declared: Declared) -> Prediction | None:
    hellos = tuple(PlayedHello(template, EVERY_CAUSE) for template in attempts)
    return predict_from_facts(Player(hellos, limits), ServerFacts(declared))


def why(prediction: Prediction | None) -> str:
    assert prediction is not None
    assert prediction.outcome is Outcome.FAILS
    return prediction.why


def test_a_common_version_and_suite_work() -> None:
    assert predict([hello(TLS10, RSA_AES)], ClientLimits(), server(SSL3, TLS10)) == Prediction(Outcome.WORKS)


def test_no_common_version() -> None:
    said = why(predict([hello(TLS10, RSA_AES)], ClientLimits(), server(TLS12)))
    assert said == "no common version: the client has SSLv3, TLSv1.0, the server TLSv1.2"


def test_supported_versions_count_for_servers_that_have_tls_1_3() -> None:
    modern = hello(TLS12, TLS13, versions=(0x1A1A, TLS13V))
    assert predict([modern], ClientLimits(), server(TLS13V, suites=(TLS13,))) == Prediction(Outcome.WORKS)
    middling = hello(TLS12, TLS13, versions=(0x1A1A, TLS12))
    assert "no common version" in why(predict([middling], ClientLimits(), server(TLS13V, suites=(TLS13,))))


def test_a_server_without_tls_1_3_goes_by_the_version_of_the_hello() -> None:
    modern = hello(TLS12, RSA_AES, versions=(TLS13V, TLS12))
    refused = predict([modern], ClientLimits(versions=(TLS12, TLS13V)), server(SSL3, TLS10))
    assert "answers in TLSv1.0" in why(refused)


def test_the_server_takes_the_highest_version_and_the_client_may_refuse_it() -> None:
    limits = ClientLimits(versions=(TLS12,))
    assert "answers in TLSv1.0" in why(predict([hello(TLS12, RSA_AES)], limits, server(SSL3, TLS10)))


def test_no_common_cipher_suite_and_suites_of_another_version_do_not_count() -> None:
    assert "no common cipher suite" in why(
        predict([hello(TLS10, RSA_AES)], ClientLimits(), server(TLS10, suites=(TLS13,)))
    )
    gcm = server(TLS10, suites=(GCM,))
    assert "no common cipher suite in TLSv1.0" in why(predict([hello(TLS12, GCM)], ClientLimits(), gcm))


def test_a_suite_needs_a_certificate_of_its_kind() -> None:
    dss = hello(TLS10, DSS_AES)
    assert "no common cipher suite" in why(predict([dss], ClientLimits(), server(TLS10, suites=(DSS_AES,))))
    both = server(TLS10, suites=(DSS_AES,), certificates=("rsa", "dsa"))
    assert predict([dss], ClientLimits(), both) == Prediction(Outcome.WORKS)


def test_the_prime_must_suit_the_client() -> None:
    big = server(TLS10, suites=(DHE_AES,), dh_prime_bits=2048)
    assert "2048 bits" in why(predict([hello(TLS10, DHE_AES)], ClientLimits(max_dh_prime_bits=1024), big))
    assert "accepts at least 4096" in why(
        predict([hello(TLS10, DHE_AES)], ClientLimits(min_dh_prime_bits=4096), big)
    )
    assert predict([hello(TLS10, DHE_AES)], ClientLimits(max_dh_prime_bits=2048), big) == Prediction(
        Outcome.WORKS
    )


def test_nothing_is_predicted_where_the_servers_preference_decides() -> None:
    either = server(TLS10, suites=(DHE_AES, RSA_AES), dh_prime_bits=2048)
    assert predict([hello(TLS10, RSA_AES, DHE_AES)], ClientLimits(max_dh_prime_bits=1024), either) is None


def test_an_sslv2_format_hello_must_be_understood_and_its_sslv2_specs_do_not_count() -> None:
    old = hello(TLS10, 0x010080, RSA_AES, sslv2=True)
    assert "SSLv2 format" in why(predict([old], ClientLimits(), server(TLS10)))
    assert predict([old], ClientLimits(), server(TLS10, sslv2_hello=True)) == Prediction(Outcome.WORKS)
    only = hello(TLS10, 0x010080, sslv2=True)
    assert "no common cipher suite" in why(predict([only], ClientLimits(), server(TLS10, sslv2_hello=True)))


def test_a_later_attempt_that_works_is_a_fallback_for_the_first_ones_reason() -> None:
    ladder = [hello(TLS10, TLS13), hello(SSL3, RSA_AES)]
    prediction = predict(ladder, ClientLimits(), server(SSL3, TLS10))
    assert prediction == Prediction(Outcome.WORKS_AFTER_FALLBACK, "no common cipher suite in TLSv1.0")


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [
        ("fin", Outcome.WORKS_AFTER_FALLBACK),
        ("timeout", Outcome.FAILS),  # nothing leads to the second attempt then
        (None, Outcome.WORKS_AFTER_FALLBACK),  # how the server refuses is not known
    ],
)
def test_a_later_attempt_is_made_after_the_failures_the_client_tries_again_after(
    refusal: str | None, outcome: Outcome
) -> None:
    declared = server(SSL3, TLS10, refusals=DeclaredRefusals(sslv2_hello=refusal))
    retry = PlayedHello(hello(SSL3, RSA_AES), parse_causes("fin"))
    client = Player((PlayedHello(hello(TLS10, RSA_AES, sslv2=True)), retry))
    prediction = predict_from_facts(client, ServerFacts(declared))
    assert prediction is not None
    assert prediction.outcome is outcome
    assert prediction.reason == (refusal and parse_reason(f"server-hello:{refusal}"))


def test_a_version_is_named_with_its_framing() -> None:
    assert offered_version_name(hello(TLS12, TLS13, versions=(0x1A1A, TLS13V, TLS12))) == "TLSv1.3"
    assert offered_version_name(hello(TLS10, RSA_AES, sslv2=True)) == "TLSv1.0 in SSLv2 format"


def test_where_the_preference_is_known_it_decides_about_the_prime() -> None:
    client = Player((PlayedHello(hello(TLS10, RSA_AES, DHE_AES)),), ClientLimits(max_dh_prime_bits=1024))
    either = server(TLS10, suites=(DHE_AES, RSA_AES), dh_prime_bits=2048)
    assert predict_from_facts(client, ServerFacts(either, Preference.CLIENT)) == Prediction(Outcome.WORKS)
    assert "2048 bits" in why(predict_from_facts(client, ServerFacts(either, Preference.SERVER)))


def test_a_client_that_requires_secure_renegotiation_is_predicted_to_refuse_a_server_without() -> None:
    client = Player(
        (PlayedHello(hello(TLS10, RSA_AES)),), policy=ClientPolicy(missing_renegotiation_info="abort")
    )
    assert "RFC 5746" in why(predict_from_facts(client, ServerFacts(server(TLS10), renegotiation_info=False)))
    assert predict_from_facts(client, ServerFacts(server(TLS10))) == Prediction(Outcome.WORKS)


@pytest.mark.parametrize(
    ("client_hello", "declared", "reason"),
    [
        (hello(TLS10, RSA_AES), server(TLS12, refusals=REFUSALS), "server-hello:alert-protocol_version"),
        (
            hello(TLS10, DHE_AES),
            server(TLS10, refusals=REFUSALS),
            "server-hello:alert-handshake_failure",
        ),
        (hello(TLS10, RSA_AES, sslv2=True), server(TLS10, refusals=REFUSALS), "server-hello:fin"),
        (hello(TLS10, RSA_AES), server(TLS12), None),
    ],
)
def test_a_hello_without_a_chance_ends_as_the_server_declares(
    client_hello: HelloTemplate, declared: Declared, reason: str | None
) -> None:
    prediction = predict([client_hello], ClientLimits(), declared)
    assert prediction is not None
    assert (prediction.outcome, prediction.reason) == (Outcome.FAILS, reason and parse_reason(reason))


def test_what_the_client_itself_refuses_has_the_reason_of_its_policy() -> None:
    limits = ClientLimits(versions=(TLS12,))
    answered_lower = predict([hello(TLS12, RSA_AES)], limits, server(SSL3, TLS10))
    assert answered_lower is not None
    assert str(answered_lower.reason) == "server-hello:policy-protocol_version"
    big = server(TLS10, suites=(DHE_AES,), dh_prime_bits=2048)
    too_big = predict([hello(TLS10, DHE_AES)], ClientLimits(max_dh_prime_bits=1024), big)
    assert too_big is not None
    assert str(too_big.reason) == "key-exchange:policy-dh-prime-bits"


def test_the_reason_of_a_fallback_is_that_of_the_first_hello() -> None:
    ladder = [hello(TLS10, DHE_AES), hello(SSL3, RSA_AES)]
    assert predict(ladder, ClientLimits(), server(SSL3, TLS10, refusals=REFUSALS)) == Prediction(
        Outcome.WORKS_AFTER_FALLBACK,
        "no common cipher suite in TLSv1.0",
        parse_reason("server-hello:alert-handshake_failure"),
    )


@pytest.mark.parametrize(
    ("client_hello", "declared", "said", "reason"),
    [
        (
            hello(TLS12, ECDHE_AES, groups=(0x1A1A, P384)),
            server(TLS12, suites=(ECDHE_AES, RSA_AES), named_groups=(P256,)),
            "no common named group: the client has secp384r1, the server secp256r1",
            "server-hello:alert-handshake_failure",
        ),
        (
            hello(TLS12, ECDHE_AES, groups=(FFDHE2048,)),
            server(TLS12, suites=(ECDHE_AES,), named_groups=(FFDHE2048, P256)),
            "no common named group: the client has ffdhe2048, the server ffdhe2048, secp256r1",
            "server-hello:alert-handshake_failure",
        ),
        (
            hello(TLS12, ECDHE_AES),
            server(TLS12, suites=(ECDHE_AES,), needs_supported_groups=True),
            "the hello has no supported_groups, without which the server uses no elliptic curve",
            "server-hello:alert-handshake_failure",
        ),
        (
            hello(TLS12, TLS13, versions=(TLS13V,), groups=(P384,)),
            server(TLS13V, suites=(TLS13,), named_groups=(P256,)),
            "no common named group: the client has secp384r1, the server secp256r1",
            "server-hello:alert-unexpected_message",
        ),
        (
            hello(TLS12, ECDSA_AES, groups=(P384,)),
            server(TLS12, suites=(ECDSA_AES,), certificates=("ecdsa",), ecdsa_curve=P256),
            "the client does not name secp256r1, the curve of the server's certificate",
            "server-hello:alert-handshake_failure",
        ),
        (
            hello(TLS12, ECDHE_AES, schemes=(ECDSA_SHA1,)),
            server(TLS12, suites=(ECDHE_AES,)),
            "no common signature scheme: the client has ecdsa_sha1",
            "server-hello:alert-handshake_failure",
        ),
        (
            hello(TLS12, RSA_AES, schemes=(RSA_SHA1,)),
            server(TLS12, signature_schemes=(RSA_PSS,)),
            "no common signature scheme: the client has rsa_pkcs1_sha1",
            "server-hello:alert-handshake_failure",
        ),
        (
            hello(TLS12, TLS13, versions=(TLS13V,), schemes=(RSA_SHA1,)),
            server(TLS13V, suites=(TLS13,)),
            "no common signature scheme: the client has rsa_pkcs1_sha1",
            "server-hello:alert-handshake_failure",
        ),
        (
            hello(TLS12, RSA_AES),
            server(TLS12, signature_algorithms="required"),
            "the hello has no signature_algorithms, which the server requires",
            "server-hello:alert-insufficient_security",
        ),
        (
            hello(TLS12, ECDHE_AES),
            server(TLS12, suites=(ECDHE_AES,), signature_algorithms="for-signatures"),
            "the hello has no signature_algorithms, and the server does not sign with SHA-1",
            "key-exchange:alert-insufficient_security",
        ),
        (
            hello(TLS10, RSA_AES, TLS_FALLBACK_SCSV),
            server(TLS10, TLS12, fallback_scsv=True),
            "the hello signals a fallback (RFC 7507), and the server has TLSv1.2",
            "server-hello:alert-inappropriate_fallback",
        ),
        (
            hello(TLS10, RSA_AES, names=(b"h2",)),
            server(TLS10, application_protocols=("http/1.1",)),
            "no common application protocol: the client has h2, the server http/1.1",
            "server-hello:alert-no_application_protocol",
        ),
        (
            hello(TLS12, ECDSA_AES, groups=(P384,)),
            server(TLS12, suites=(ECDSA_AES,), certificates=("ecdsa",)),
            "the server's certificate is on secp256r1, which the client does not name",
            "certificate:protocol-error-bad-certificate",
        ),
    ],
)
def test_what_a_hello_lacks_for_a_server_is_said_with_its_reason(
    client_hello: HelloTemplate, declared: Declared, said: str, reason: str
) -> None:
    refusals = DeclaredRefusals(
        no_common_cipher_suite="alert-handshake_failure",
        no_common_group_in_tls13="alert-unexpected_message",
        no_signature_algorithms="alert-insufficient_security",
    )
    prediction = predict([client_hello], ClientLimits(), replace(declared, refusals=refusals))
    assert prediction == Prediction(Outcome.FAILS, said, parse_reason(reason))


@pytest.mark.parametrize(
    ("client_hello", "declared"),
    [
        (
            hello(TLS12, ECDHE_AES, groups=(P384, P256)),
            server(TLS12, suites=(ECDHE_AES,), named_groups=(P256,)),
        ),
        (
            hello(TLS12, ECDHE_AES, RSA_AES, groups=(P384,)),
            server(TLS12, suites=(ECDHE_AES, RSA_AES), named_groups=(P256,)),
        ),
        (hello(TLS12, ECDHE_AES, groups=(P384,)), server(TLS12, suites=(ECDHE_AES,))),
        (hello(TLS12, ECDHE_AES), server(TLS12, suites=(ECDHE_AES,), named_groups=(P256,))),
        (
            hello(TLS12, TLS13, versions=(TLS13V,), groups=(FFDHE2048,)),
            server(TLS13V, suites=(TLS13,), named_groups=(FFDHE2048,)),
        ),
        (
            hello(TLS12, ECDSA_AES, groups=(P384, P256)),
            server(TLS12, suites=(ECDSA_AES,), certificates=("ecdsa",)),
        ),
        (hello(TLS12, ECDHE_AES, schemes=(ECDSA_SHA1, RSA_SHA1)), server(TLS12, suites=(ECDHE_AES,))),
        (hello(TLS12, RSA_AES, schemes=(ECDSA_SHA1,)), server(TLS12)),
        (hello(TLS10, RSA_AES), server(TLS10, signature_algorithms="required")),
        (hello(TLS12, RSA_AES), server(TLS12, signature_algorithms="for-signatures")),
        (hello(TLS10, RSA_AES, TLS_FALLBACK_SCSV), server(TLS10, TLS12)),
        (hello(TLS12, RSA_AES, TLS_FALLBACK_SCSV), server(TLS10, TLS12, fallback_scsv=True)),
        (
            hello(TLS10, RSA_AES, names=(b"h2", b"http/1.1")),
            server(TLS10, application_protocols=("http/1.1",)),
        ),
        (hello(TLS10, RSA_AES, names=(b"h2",)), server(TLS10)),
    ],
)
def test_what_a_hello_has_is_no_obstacle(client_hello: HelloTemplate, declared: Declared) -> None:
    assert predict([client_hello], ClientLimits(), declared) == Prediction(Outcome.WORKS)


def test_a_suite_that_may_be_chosen_or_not_is_not_decided_by_what_is_signed() -> None:
    either = server(TLS12, suites=(ECDHE_AES, RSA_AES), signature_algorithms="for-signatures")
    client_hello = hello(TLS12, RSA_AES, ECDHE_AES)
    assert predict([client_hello], ClientLimits(), either) is None
    client = Player((PlayedHello(client_hello),))
    assert predict_from_facts(client, ServerFacts(either, Preference.CLIENT)) == Prediction(Outcome.WORKS)
    assert "SHA-1" in why(predict_from_facts(client, ServerFacts(either, Preference.SERVER)))


def test_a_server_refuses_before_the_client_does() -> None:
    limits = ClientLimits(versions=(TLS12,))
    assert "no common cipher suite" in why(predict([hello(TLS12, GCM)], limits, server(TLS10, suites=(GCM,))))
