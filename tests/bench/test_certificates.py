"""Which certificates a client takes: profiles in memory, and the OpenSSL that is always here, by a socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.fidelity.certificates.differences import KNOWN
from bench.fidelity.certificates.showing import Shown, all_shown, showing_servers
from bench.fidelity.certificates.taking import Taken, agree, taken_by_profile, taken_by_program
from bench.fidelity.certificates.vectors import FILE, Measured, read_vectors, renewed, write_vectors
from clients.genuine.found import version_of_library
from clients.genuine.program import Program
from clients.genuine.programs import load_programs
from clients.profile import load_profiles
from clients.reaction import Does
from handshake.wire.registry import ProtocolVersion
from servers.credentials import KINDS
from servers.processes.start import RunningServers

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
PROFILES = load_profiles()
FIRST_SECONDS = 30.0


def taken(profile: str, kind: str, version: int) -> Taken:
    return taken_by_profile(PROFILES[profile].player, Shown(kind, version))


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3], ids=lambda version: version.name)
@pytest.mark.parametrize(
    ("profile", "kind", "does"),
    [
        ("deno", "rsa-1024", "alert:decrypt_error after its hello"),
        ("deno", "rsa-2048", "goes-on"),
        ("openssl-4.0", "rsa-1024", "goes-on"),
        ("java-11", "ed25519", "not offered"),
        ("java-17", "ed25519", "goes-on"),
        ("nss-3.87", "rsa-pss-2048", "not offered"),
        ("gnutls-3.7", "rsa-pss-2048", "goes-on"),
    ],
)
def test_what_a_profile_takes(profile: str, kind: str, does: str, version: int) -> None:
    assert str(taken(profile, kind, version)) == does


@pytest.mark.parametrize("measured", read_vectors(), ids=lambda measured: measured.profile)
def test_a_profile_does_as_its_program_did(measured: Measured) -> None:
    assert [shown for shown in all_shown() if shown not in measured.does] == []
    known = KNOWN.get(measured.profile, {})
    player = PROFILES[measured.profile].player
    differing = {
        str(shown): does
        for shown, does in measured.does.items()
        if str(taken_by_profile(player, shown)) != does
    }
    assert set(differing) == set(known), differing


def test_programs_differ_in_what_they_take() -> None:
    found = {measured.profile: measured.does for measured in read_vectors()}
    assert found["deno"] != found["go-1.27"] != found["java-11"] != found["openssl-3.0"]


def test_vectors_are_read_as_they_are_written(tmp_path: Path) -> None:
    write_vectors(read_vectors(), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == FILE.read_text()


def test_what_was_not_measured_stays() -> None:
    one, two = Shown("rsa-1024", TLS_1_2), Shown("ed25519", TLS_1_3)
    before = [
        Measured("b", "b-1", "1", {one: "goes-on", two: "goes-on"}),
        Measured("a", "a-1", "1", {one: "x"}),
    ]
    now = Measured("b", "b-1", "2", {two: "closes"})
    assert renewed(before, [now], [two]) == [
        Measured("a", "a-1", "1", {one: "x"}),
        Measured("b", "b-1", "2", {one: "goes-on", two: "closes"}),
    ]
    assert renewed(before, [now], [one, two])[1].does == {two: "closes"}, (
        "what was asked is not kept from before"
    )
    other = Measured("b", "b-2", "2", {two: "closes"})
    assert renewed(before, [other], [two])[1] == other, "another program's rows are not this one's"


def test_before_tls_1_3_a_hello_names_the_curves_of_certificates() -> None:
    assert str(taken("bun-1.4-tls", "ecdsa-secp521r1", TLS_1_2)) == "not offered"
    assert str(taken("bun-1.4-tls", "ecdsa-secp521r1", TLS_1_3)) == "goes-on"
    assert str(taken("bun-1.4-tls", "ecdsa-secp384r1", TLS_1_2)) == "goes-on"


@pytest.fixture(scope="module")
def servers() -> Iterator[RunningServers]:
    with showing_servers(all_shown()) as running:
        yield running


@pytest.fixture(scope="module")
def openssl() -> Program:
    return load_programs()[f"genuine-openssl-{version_of_library()}"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_library_here_does_as_its_profile(servers: RunningServers, openssl: Program, kind: str) -> None:
    for version in (TLS_1_2, TLS_1_3):
        shown = Shown(kind, version)
        met = taken_by_program(servers, openssl, shown, FIRST_SECONDS)
        assert agree(met, taken_by_profile(PROFILES["openssl-4.0"].player, shown)), (met, met.words)
        if met.is_offered:
            assert met.reaction.does == Does.GOES_ON
        assert met.is_offered or (kind.startswith("mldsa") and version == TLS_1_2), met


def test_another_clients_profile_is_told_apart(servers: RunningServers, openssl: Program) -> None:
    shown = Shown("rsa-1024", TLS_1_3)
    met = taken_by_program(servers, openssl, shown, FIRST_SECONDS)
    assert not agree(met, taken("deno", "rsa-1024", TLS_1_3))
    assert not agree(met, taken("java-11", "ed25519", TLS_1_3))


def test_a_known_difference_is_one_of_what_is_shown() -> None:
    assert set(KNOWN) <= set(PROFILES)
    assert {name for names in KNOWN.values() for name in names} <= {str(shown) for shown in all_shown()}
