"""The toggle that gives a server one certificate of a named kind: what the variants are, and what real and
emulated servers show over a socket.

Skipped where a stack is not fetched, or a program of Debian is not there.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PublicKey,
    MLDSA65PublicKey,
    MLDSA87PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from OpenSSL import SSL

from servers.contract import PrivateKeyAndChain
from servers.credentials import KINDS, make_credentials
from servers.definition import DefinitionError, ServerDefinition, load_definition
from servers.processes.start import NotInstalled, RunningServer, RunningServers, StartFailure, start_servers
from servers.variant import ServerVariant, certificate_kinds, expand, parse_server_id
from tests.servers.openssl_client import OpenSSLClient
from tests.servers.started import DEFINITIONS

SHOWING = [
    each
    for definition in DEFINITIONS.values()
    for each in expand(definition)
    if each.certificate_kind is not None
    if not each.departs
]
LEVELS = sorted({f"{variant.definition.id}@{variant.level}" for variant in SHOWING})
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
START_SECONDS = 30.0
ML_DSA = {"mldsa44": MLDSA44PublicKey, "mldsa65": MLDSA65PublicKey, "mldsa87": MLDSA87PublicKey}
ID_RSASSA_PSS = "1.2.840.113549.1.1.10"

TOY = """
id = "toy"
title = "Toy"
kind = "emulated"
default = false
control = "openssl-3.0"
source = "made up for a test"

[declared]
versions = ["TLSv1.2"]
cipher_suites = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]

[levels.a]
title = "Toy a"
stack = "none"

[levels.b]
title = "Toy b"
stack = "none"

[toggles.shown]
title = "what is shown"
certificates = true
"""


def toy(tmp_path: Path, more: str = "") -> ServerDefinition:
    folder = tmp_path / "toy"
    folder.mkdir(exist_ok=True)
    (folder / "server.toml").write_text(TOY + more)
    return load_definition(folder / "server.toml")


def test_a_toggle_has_every_kind_and_the_ordinary_ones_first(tmp_path: Path) -> None:
    definition = toy(tmp_path)
    assert definition.toggles["shown"].values_at("a") == ("ordinary", *KINDS)
    plain, *others = [variant for variant in expand(definition) if variant.level == "a"]
    assert plain.id == "toy@a"
    assert plain.certificate_kind is None
    assert not plain.is_only_observed
    assert [variant.id for variant in others] == [f"toy@a,shown={kind}" for kind in KINDS]
    for variant in others:
        assert variant.certificate_kind is not None
        assert variant.is_only_observed
        assert variant.declared().certificates == (KINDS[variant.certificate_kind].type,)


def test_kinds_and_levels_can_be_left_out(tmp_path: Path) -> None:
    few = 'values = ["ordinary", "ed25519", "rsa-1024"]\nwhen.ed25519.levels = ["b"]\n'
    variants = expand(toy(tmp_path, few))
    assert [variant.id for variant in variants if variant.certificate_kind] == [
        "toy@a,shown=rsa-1024",
        "toy@b,shown=ed25519",
        "toy@b,shown=rsa-1024",
    ]
    (ed25519,) = [variant for variant in variants if variant.certificate_kind == "ed25519"]
    assert ed25519.declared().certificates == ("ecdsa",)


def test_what_is_no_kind_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"values\[1\].*rsa-1025.*rsa-1024"):
        toy(tmp_path, 'values = ["ordinary", "rsa-1025"]\n')


def test_only_what_is_asked_for_is_made() -> None:
    assert set(make_credentials()) == {"rsa", "dsa", "ecdsa"}
    assert set(make_credentials(kinds=["ed25519"])) == {"rsa", "dsa", "ecdsa", "ed25519"}
    variants = [parse_server_id(name, DEFINITIONS) for name in ("reference@rfc", "openssl@4.0.3")]
    assert certificate_kinds(variants) == set()
    shown = parse_server_id("reference@rfc,certificate=rsa-4096", DEFINITIONS)
    assert certificate_kinds([*variants, shown]) == {"rsa-4096"}


def test_a_server_gets_its_own_by_the_contracts_name_and_no_other(
    all_credentials: Mapping[str, PrivateKeyAndChain],
) -> None:
    def given(server_id: str, credentials: Mapping[str, PrivateKeyAndChain]) -> Mapping[str, object]:
        variant = parse_server_id(server_id, DEFINITIONS)
        return variant.configuration(credentials, {}, "127.0.0.1").credentials

    ed25519 = all_credentials["ed25519"]
    assert given("reference@rfc,certificate=ed25519", all_credentials) == {"ecdsa": ed25519}
    ordinary = {kind: all_credentials[kind] for kind in ("rsa", "dsa", "ecdsa")}
    assert given("reference@rfc", all_credentials) == ordinary
    assert given("reference@rfc,certificate=ed25519", ordinary) == {}, "never another in its place"


def test_a_server_without_its_own_does_not_start(credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    variant = parse_server_id("reference@rfc,certificate=rsa-1024", DEFINITIONS)
    with start_servers([variant], credentials, START_SECONDS) as running:
        result = running[variant.id]
    assert isinstance(result, StartFailure)
    assert 'no "rsa" credential was given' in result.message


def test_each_certificate_of_a_chain_by_itself(all_credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    leaf, authority = all_credentials["rsa-2048-sha1"].certificates()
    assert leaf + authority == all_credentials["rsa-2048-sha1"].chain
    assert all_credentials["rsa"].certificates() == [all_credentials["rsa"].chain]


@pytest.fixture(scope="module")
def all_credentials() -> Mapping[str, PrivateKeyAndChain]:
    return make_credentials(kinds=KINDS)


@pytest.fixture(scope="module", params=LEVELS)
def showing(
    request: pytest.FixtureRequest, all_credentials: Mapping[str, PrivateKeyAndChain]
) -> Iterator[tuple[list[ServerVariant], RunningServers]]:
    """One level with all that it can show, and as it is without the toggle. A variant of JSSE takes a Java
    virtual machine, so that of the levels but the last two kinds will do.
    """
    plain = parse_server_id(request.param, DEFINITIONS)
    shown = [each for each in SHOWING if each.id.startswith(f"{request.param},")]
    if plain.process_of_its_own == plain.id and plain.level != list(plain.definition.levels)[-1]:
        shown = [shown[0], shown[-1]]
    with start_servers([plain, *shown], all_credentials, START_SECONDS) as running:
        found = running[plain.id]
        if isinstance(found, NotInstalled):
            pytest.skip(found.message)
        yield [plain, *shown], running


@pytest.mark.long(but=["openssl@4.0.3", "nginx@system", "go@1.27", "node@24"])
def test_a_server_shows_the_kind_that_it_is_asked_for(
    showing: tuple[list[ServerVariant], RunningServers],
    all_credentials: Mapping[str, PrivateKeyAndChain],
) -> None:
    (plain, *shown), running = showing
    assert shown
    for variant in shown:
        assert variant.certificate_kind is not None
        certificate, chain = met(running[variant.id])
        assert_is_of(variant.certificate_kind, certificate)
        assert chain == len(all_credentials[variant.certificate_kind].certificates()), variant.id
    ordinary, _ = met(running[plain.id])
    assert ordinary in [
        x509.load_pem_x509_certificate(all_credentials[kind].chain.encode())
        for kind in ("rsa", "dsa", "ecdsa")
    ], "without the toggle it is none of them"


def met(server: object) -> tuple[x509.Certificate, int]:
    """The certificate that a client is answered with, and how many came. Of the handshakes of jsse@11 one in
    256 fails by itself (bench/dropped_zeros.py), so it may be asked again.
    """
    try:
        return met_once(server)
    except SSL.Error:
        if not (isinstance(server, RunningServer) and server.id.startswith("jsse@11")):
            raise
        return met_once(server)


def met_once(server: object) -> tuple[x509.Certificate, int]:
    """The same; SSL.Error where the handshake fails."""
    assert isinstance(server, RunningServer), server
    with OpenSSLClient(server) as client:
        assert answer(client).startswith(b"HTTP/1."), server.id
        assert client.certificate_sha256() in server.certificate_sha256
        certificate = client.tls.get_peer_certificate(as_cryptography=True)
        chain = client.tls.get_peer_cert_chain(as_cryptography=True)
    assert certificate is not None
    assert chain is not None
    return certificate, len(chain)


def answer(client: OpenSSLClient) -> bytes:
    """How the answer begins: not every server says how long it is."""
    client.tls.sendall(REQUEST)
    return client.tls.recv(4096)


def assert_is_of(kind: str, certificate: x509.Certificate) -> None:
    key, algorithm = certificate.public_key(), certificate.public_key_algorithm_oid.dotted_string
    assert (algorithm == ID_RSASSA_PSS) is kind.startswith("rsa-pss")
    signed_with_sha1 = certificate.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSA_WITH_SHA1
    assert signed_with_sha1 is kind.endswith("-sha1")
    if kind == "ed25519":
        assert isinstance(key, Ed25519PublicKey)
    elif kind in ML_DSA:
        assert isinstance(key, ML_DSA[kind])
    elif kind.startswith("ecdsa-"):
        assert isinstance(key, EllipticCurvePublicKey)
        assert key.curve.name == kind.removeprefix("ecdsa-").removesuffix("-delegating")
    else:
        assert isinstance(key, RSAPublicKey)
        assert str(key.key_size) in kind.split("-")


@pytest.mark.long(but=["openssl@4.0.3", "nginx@system", "go@1.27", "node@24"])
def test_a_client_that_cannot_take_the_kind_is_refused(
    showing: tuple[list[ServerVariant], RunningServers],
) -> None:
    """It offers the suites of the other kind alone, up to TLS 1.2, where they say it. ML-DSA is refused there
    whatever the suites.
    """
    (_, *shown), running = showing
    for variant in shown:
        server = running[variant.id]
        assert isinstance(server, RunningServer)
        assert variant.certificate_kind is not None
        is_rsa = KINDS[variant.certificate_kind].type == "rsa"
        own, other = (b"aRSA", b"aECDSA") if is_rsa else (b"aECDSA", b"aRSA")
        with (
            OpenSSLClient(server, SSL.TLS1_2_VERSION, cipher_list=other + b":@SECLEVEL=0") as refused,
            pytest.raises((SSL.Error, SSL.SysCallError)),
        ):
            answer(refused)
        with OpenSSLClient(server, SSL.TLS1_2_VERSION, cipher_list=own + b":@SECLEVEL=0") as asking:
            if variant.certificate_kind in ML_DSA:
                with pytest.raises((SSL.Error, SSL.SysCallError)):
                    answer(asking)
            else:
                assert answer(asking).startswith(b"HTTP/1.")
