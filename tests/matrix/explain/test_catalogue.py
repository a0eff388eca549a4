"""Each intolerance of the catalogue is found at a server that has it, by its name, on real connections."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from clients.player import PlayedHello, Player
from clients.profile import Profile
from handshake.features import Feature, parse_feature
from handshake.features.flight import flight_of
from handshake.wire.registry import ProtocolVersion
from matrix.explain.advice import products
from matrix.explain.result import Kind
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.intolerance import known_intolerances
from servers.processes.start import start_servers
from servers.running import RunningServer, RunningServers
from servers.variant import parse_server_id
from tests.matrix.explain.asked import PROFILES, causes_of, explained

MOST_FOR_A_SINGLE_CAUSE = 40
MOST_FOR_A_PAIR = 120
BASE = "openssl-1.0.1"
"""Gets what no client sends of its own accord, a hello that is cut."""
WARNED = "java-7"
"""Ends the handshake at a warning (research note on JSSE, section 8)."""
SETS = {"core", "today"}
COMMON = {0x1301, 0xC02F, 0xC013, 0x0033, 0x002F}
"""Suites of the server; a hello without any of them fails anyway."""
ALIKE = {
    # The client lists this one of them alone.
    "groups-from-x25519-on": {"lists:supported_groups:x25519"},
}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningServers]:
    definitions = load_definitions()
    ids = [f"reference@rfc,intolerance={name}" for name in known_intolerances()]
    variants = [parse_server_id(each, definitions) for each in ids]
    with start_servers(variants, make_credentials()) as servers:
        yield servers


def failing_player(features: list[Feature]) -> Player:
    """A client with one of the features: a known one, or one whose hello is given it."""
    for feature in features:
        if feature.name == "not extension:server_name":  # java-6 minds the server's prime itself
            return PROFILES["openssl-0.9.8-tls1"].player
        known = [each for each in PROFILES.values() if SETS & set(each.sets) and _has(each, feature)]
        if known:
            return known[0].player
    player = PROFILES[BASE].player
    changed = features[0].with_(player.hellos[0].template)
    return replace(player, hellos=(PlayedHello(changed),))


def _has(profile: Profile, feature: Feature) -> bool:
    flight = flight_of(profile.player.hellos[0].template)
    is_answered = flight.hello.legacy_version >= ProtocolVersion.TLS_1_0 and COMMON & set(
        flight.cipher_suites
    )
    return feature.present(flight) and bool(is_answered)


def port_of(running: RunningServers, name: str) -> int:
    server = running[f"reference@rfc,intolerance={name}"]
    assert isinstance(server, RunningServer), server
    return server.port


@pytest.mark.long(
    but=[
        "version-above-TLSv1.1",
        "no-sslv2-format",
        "warning-to-server_name",
        "sslv2-format",
        "one-record",
        "first-record-under-6-bytes",
    ]
)
@pytest.mark.parametrize("name", known_intolerances())
def test_an_intolerance_is_found(running: RunningServers, name: str) -> None:
    known = known_intolerances()[name]
    features = [parse_feature(each) for each in known.features]
    is_warning = known.reaction.startswith("warning:")
    player = PROFILES[WARNED].player if is_warning else failing_player(features)
    found = explained(port_of(running, name), player)
    assert found.kind is Kind.ONE, (found.kind, causes_of(found))
    accepted = ALIKE.get(name, set(known.features))
    assert accepted & set(causes_of(found)[0]), causes_of(found)
    is_pair = " and " in known.features[0]
    assert found.probes <= (MOST_FOR_A_PAIR if is_pair else MOST_FOR_A_SINGLE_CAUSE)
    assert found.proof is not None
    assert found.rule is is_warning


def test_the_products_that_behave_so_are_named() -> None:
    for name, known in known_intolerances().items():
        found = explained_by_name(known.features[0])
        assert name in found


def explained_by_name(feature: str) -> list[str]:
    from handshake.features.conjunction import Conjunction
    from matrix.explain.hypotheses import Hypothesis

    parsed = parse_feature(feature)
    parts = parsed.features if isinstance(parsed, Conjunction) else (parsed,)
    return [each.name for each in products([[Hypothesis(parts)]])]


def test_no_product_is_named_for_what_none_is_known_to_mind() -> None:
    assert explained_by_name("extension:status_request") == []
