"""Real servers with a real cause each: the sentence names the one that an expert would."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.explain.result import Explanation, Kind
from matrix.explain.words import cost, sentence
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import NotInstalled, RunningServer, RunningServers
from servers.variant import certificate_kinds, parse_server_id
from tests.matrix.explain.asked import causes_of, explained
from tests.matrix.explain.own_programs import nginx, node

ECDSA = "nginx@system,certificate=ecdsa-secp256r1"
SERVERS = (ECDSA, "jsse@25", "tlslite@0.8.2", "openssl-s_server@system", "openssl@4.0.3")
MOST_FOR_A_SINGLE_CAUSE, MOST_FOR_A_PAIR = 40, 120


@pytest.fixture(scope="module")
def running() -> Iterator[RunningServers]:
    definitions = load_definitions()
    variants = [parse_server_id(each, definitions) for each in SERVERS]
    with start_servers(variants, make_credentials(kinds=certificate_kinds(variants))) as servers:
        yield servers


def asked(running: RunningServers, server: str, client: str) -> Explanation:
    found = running[server]
    if isinstance(found, NotInstalled):
        pytest.skip(found.message)
    assert isinstance(found, RunningServer), found
    return explained(found.port, client)


def parts_of(found: Explanation) -> list[str]:
    """The first cause of it and of those that come next."""
    return [group[0] for each in found.in_turn() for group in causes_of(each)[:1]]


def cost_of(found: Explanation) -> list[int]:
    """The connections for each cause."""
    return [each.probes_here for each in found.in_turn()]


@pytest.mark.long
def test_jdk_25_and_the_hello_of_java_6(running: RunningServers) -> None:
    """The format, then the version, then the missing signature_algorithms: each hides the next one."""
    found = asked(running, "jsse@25", "java-6")
    form, version, schemes = parts_of(found)
    assert (form, schemes) == ("sslv2-format", "not extension:signature_algorithms")
    assert version in ("not version-from:TLSv1.2", "not client-version:TLSv1.2")
    assert max(cost_of(found)) <= MOST_FOR_A_SINGLE_CAUSE


@pytest.mark.long
@pytest.mark.parametrize("client", ["java-6", "ie6-winxp"])
def test_what_openssl_4_has_against_the_format_of_sslv2(running: RunningServers, client: str) -> None:
    """It closes the connection on that format and refuses the old version with an alert: since the failing
    hello has both, each hello with that alert has got past the format.
    """
    found = asked(running, "openssl@4.0.3", client)
    assert causes_of(found) == [["sslv2-format"]]
    form, version, schemes, *_ = parts_of(found)
    assert (form, schemes) == ("sslv2-format", "not extension:signature_algorithms")
    assert version in ("not version-from:TLSv1.2", "not client-version:TLSv1.2")
    assert max(cost_of(found)[:2]) <= MOST_FOR_A_SINGLE_CAUSE


@pytest.mark.long
def test_java_6_at_an_ecdsa_certificate_lacks_two_pairs_of_things(running: RunningServers) -> None:
    found = asked(running, ECDSA, "java-6")
    first, second = parts_of(found)
    assert {*first.split(" or ")} == {
        "not extension:signature_algorithms",
        "not lists:supported_groups:secp256r1",
    }
    assert {*second.split(" or ")} == {"not ecdsa-cipher-suite", "not version-from:TLSv1.2"}
    assert max(cost_of(found)) <= MOST_FOR_A_PAIR
    assert cost(found).endswith(
        f"for 2 causes one after the other: {cost_of(found)[0]} and {cost_of(found)[1]}"
    )


def test_tlslite_ng_fails_at_alpn_in_tls_1_3(running: RunningServers) -> None:
    found = asked(running, "tlslite@0.8.2", "chrome-101")
    assert causes_of(found)[0][0] == (
        "extension:application_layer_protocol_negotiation and offers-version:TLSv1.3"
    )


def test_tlslite_ng_and_the_prime_that_java_6_refuses(running: RunningServers) -> None:
    found = asked(running, "tlslite@0.8.2", "java-6")
    assert found.rule
    said = sentence(found, "tlslite", "java-6")
    assert "java-6 refuses what tlslite chooses" in said
    assert "2048 bits" in said
    assert "DHE" in said


@pytest.mark.long
def test_openssl_3_and_a_hello_without_signature_algorithms(running: RunningServers) -> None:
    found = asked(running, "openssl-s_server@system", "java-6")
    assert "not extension:signature_algorithms" in parts_of(found)


@pytest.mark.long
def test_nginx_with_ecdhe_rsa_and_gcm_alone(tmp_path: Path) -> None:
    """Internet Explorer 11 on Windows 7 has GCM for ECDSA certificates alone."""
    with nginx(tmp_path, "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384") as port:
        found = explained(port, "ie11-win7")
    assert found.kind is Kind.ONE
    names = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    assert causes_of(found)[0][0] == f"not any-cipher-suite:{names}"


def test_nginx_with_an_ecdsa_certificate(running: RunningServers) -> None:
    """What has no suite for it could still have TLS 1.3, whose suites do not depend on the certificate."""
    found = asked(running, ECDSA, "chrome-49-xpsp3")
    said = sentence(found, "nginx", "chrome-49-xpsp3")
    assert "no cipher suite for an ECDSA certificate" in said
    assert "TLSv1.3" in said


def test_node_with_a_single_curve(tmp_path: Path) -> None:
    """OpenSSL 1.0.2o has more curves; node gives it one."""
    with node(tmp_path, "secp521r1") as port:
        found = explained(port, "chrome-101")
    assert found.kind is Kind.ONE
    assert causes_of(found)[0][0] == "not lists:supported_groups:secp521r1"


@pytest.mark.long
def test_jdk_25_and_a_client_with_rsa_key_exchange_alone(running: RunningServers) -> None:
    found = asked(running, "jsse@25", "java-17-tls1.2-aes128")
    assert found.kind is Kind.ONE
    said = sentence(found, "jdk", "java-17-tls1.2-aes128")
    assert "none of the cipher suites that the server chose from other hellos (TLS_ECDHE_RSA_WITH_" in said
    assert "TLS_RSA_" not in causes_of(found)[0][0]
