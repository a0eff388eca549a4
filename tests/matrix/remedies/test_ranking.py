"""Which remedies there are, which holes they open, and which comes first."""

import pytest
from msgspec.structs import replace

from clients.profile import load_profiles
from handshake.events import Negotiated
from matrix.judgement.outcome import Outcome
from matrix.remedies.hole import holes_of_connections, holes_of_server
from matrix.remedies.ranking import effects, in_need
from matrix.remedies.remedy import Change, Remedy, server_remedies
from matrix.remedies.trying import Result, Tried, try_remedies
from servers.definition import load_definitions
from servers.variant import ServerVariant, parse_server_id

DEFINITIONS = load_definitions()
WORKS, FAILS = Result(Outcome.WORKS), Result(Outcome.FAILS, "server-hello:fin")
FALLBACK = Result(Outcome.WORKS_AFTER_FALLBACK, "server-hello:fin")


def variant(server: str) -> ServerVariant:
    return parse_server_id(server, DEFINITIONS)


def remedies(server: str) -> dict[str, Remedy]:
    return {remedy.id: remedy for remedy in server_remedies(variant(server), DEFINITIONS)}


def test_toggles_levels_and_successors_are_remedies() -> None:
    found = remedies("jsse6@6u29")
    assert found["policy=unlimited"].change is Change.SETTING
    assert found["6u45"].change is Change.PATCH
    assert found["6u22"].change is Change.OLDER_LEVEL
    assert found["jsse7@7u25"].change is Change.NEWER_STACK
    assert found["jsse@25"].change is Change.NEWER_STACK


def test_what_is_set_stays_set_at_another_level() -> None:
    found = remedies("jsse6@6u29,policy=unlimited")
    server = found["6u45"].server
    assert server is not None
    assert server.id == "jsse6@6u45,policy=unlimited"
    assert "policy=limited" in found


def test_departures_and_hypotheses_are_no_remedies() -> None:
    names = {
        name.partition("=")[0]
        for server in ("reference@rfc", "webmethods-8.0.1@core-fix-19")
        for name in remedies(server)
    }
    assert names.isdisjoint({"departure", "trigger", "intolerance", "program"})
    assert remedies("reference@rfc")["certificate=ecdsa-secp256r1"].change is Change.CERTIFICATE
    assert remedies("jsse@17")["provider=bc"].change is Change.PROVIDER


def test_each_successor_exists() -> None:
    successors = {each.id: each.successor for each in DEFINITIONS.values() if each.successor is not None}
    assert successors == {"jsse6": "jsse7", "jsse7": "jsse"}


@pytest.mark.parametrize(
    ("server", "remedy", "opened"),
    [
        ("jsse@17", "renegotiation=legacy", {"legacy-renegotiation"}),
        ("jsse6@6u45", "cbc-protection=no", {"whole-records"}),
        ("openssl@4.0.3", "configuration=legacy", {"null", "tls-1.0"}),
        ("openssl@4.0.3", "1.0.0f", {"sslv3", "rc4", "des", "3des", "older"}),
        ("openssl@1.1.1a", "3.0.5", set()),
        ("jsse6@6u45", "jsse7@7u25", set()),  # TLS 1.1 is no step back beside SSLv3
        ("openssl@1.1.1a", "certificate=rsa-1024", {"rsa-1024"}),
        ("openssl@1.1.1a", "certificate=rsa-2048-sha1", {"sha-1"}),
        ("openssl@1.1.1a", "certificate=rsa-4096", set()),
        ("jsse@17", "client-certificate=request", set()),
    ],
)
def test_the_holes_of_a_change_at_the_server(server: str, remedy: str, opened: set[str]) -> None:
    holes = holes_of_server(remedies(server)[remedy], variant(server))
    assert {hole.name for hole in holes} == opened


def test_the_holes_of_a_connection() -> None:
    def names(**facts: int) -> list[str]:
        return [hole.name for hole in holes_of_connections([Negotiated(**facts)])]  # type: ignore[arg-type]

    assert names(version=0x0300, cipher_suite=0x0005) == ["sslv3", "rc4"]
    assert names(version=0x0303, cipher_suite=0x0033, dh_prime_bits=768) == ["small-dh"]
    assert names(version=0x0303, cipher_suite=0x0033, dh_prime_bits=2048) == []
    assert names(version=0x0301, cipher_suite=0x002F) == []


BASE = variant("jsse6@6u45")


def remedy(name: str, change: Change = Change.SETTING, confidence: str = "high") -> Remedy:
    return Remedy(name, change, name, BASE, confidence=confidence)


def test_what_a_remedy_does_is_counted_by_client() -> None:
    before = {"a": FAILS, "b": FALLBACK, "c": WORKS, "d": FAILS, "e": Result(None, "nobody knows")}
    after = {"a": WORKS, "b": WORKS, "c": FAILS, "d": replace(FAILS, reason="server-hello:reset"), "e": WORKS}
    tried = Tried(before, {remedy("x"): after})
    (effect,) = effects(tried, BASE)
    assert (effect.fixed, effect.broken, effect.unknown, effect.unchanged) == (
        ("a", "b"),
        ("c",),
        ("e",),
        ("d",),
    )
    assert effect.other_ways == {"d": "server-hello:reset"}
    assert in_need(tried) == ["a", "b", "d"]


def test_the_order() -> None:
    before = {"a": FAILS, "b": FAILS, "c": WORKS}
    both, one, none = ({"a": WORKS, "b": WORKS}, {"a": WORKS, "b": FAILS}, {"a": FAILS, "b": FAILS})
    well, badly = {"c": WORKS}, {"c": FAILS}
    holed = Remedy("hole", Change.OLDER_LEVEL, "hole", BASE)
    asked = {
        remedy("nothing"): none | well,
        holed: both | well,
        remedy("breaks"): both | badly,
        remedy("unsure", confidence="low"): both | well,
        remedy("one"): one | well,
        remedy("stack", Change.NEWER_STACK): both | well,
        remedy("patch", Change.PATCH): both | well,
    }
    order = [effect.remedy.id for effect in effects(Tried(before, asked), BASE)]
    assert order == ["patch", "stack", "one", "unsure", "breaks", "hole", "nothing"]


def test_a_real_server_is_tried() -> None:
    server = variant("openssl@4.0.3")
    at_server = remedies("openssl@4.0.3")
    chosen = [at_server["configuration=legacy"], at_server["renegotiation=off"]]
    tried = try_remedies(server, chosen, ["java-7", "openssl-3.0"], load_profiles(), 5.0)
    assert (tried.before["java-7"].outcome, tried.before["openssl-3.0"].outcome) == (
        Outcome.FAILS,
        Outcome.WORKS,
    )
    helps = {effect.remedy.id: effect.fixed for effect in effects(tried, server)}
    assert helps == {"configuration=legacy": ("java-7",), "renegotiation=off": ()}
