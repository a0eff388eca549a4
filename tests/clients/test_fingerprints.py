"""What hellos are known by: JA3 and JA4 against those of the evidence, and which clients send the same."""

import pytest

from clients.fingerprints import fingerprints, fingerprints_of, same_hellos
from clients.profile import load_profiles
from tests.handshake.wire.captured import captured_hellos

PROFILES = load_profiles()
KNOWN_BY = fingerprints_of(PROFILES)
SAME = same_hellos(PROFILES)
RECORDED = {hello.id: hello for hello in captured_hellos()}


def test_they_are_those_of_the_evidence() -> None:
    compared = 0
    for client, profile in PROFILES.items():
        recorded = RECORDED.get(str(profile.attempts[0].evidence))
        has_name = recorded is not None and any(code == 0 for code, _ in recorded.extensions or ())
        sends_name = any(extension.type == 0 for extension in profile.attempts[0].extensions or ())
        if recorded is None or has_name is not sends_name or profile.attempts[0].order == "permuted":
            continue  # JA3 has the order, and this one is drawn
        if recorded.ja4 is not None:
            assert KNOWN_BY[client].ja4 == recorded.ja4, client
        assert KNOWN_BY[client].ja3 == recorded.ja3, client
        compared += 1
    assert compared > 350


@pytest.mark.parametrize("client", ["chromium-156", "deno", "uv"])
def test_ja4_of_a_drawn_order_is_that_of_the_evidence(client: str) -> None:
    assert KNOWN_BY[client].ja4 == RECORDED[str(PROFILES[client].attempts[0].evidence)].ja4


@pytest.mark.parametrize(
    ("client", "others"),
    [
        ("java-6", {"java-6u22"}),
        ("android-11", {"android-12"}),
        ("firefox-153", set()),
        ("chrome-79-win10", {"android-10", "chrome-73-win10", "opera-66-win10"}),
        ("node-24", {"node-22", "node-26"}),
    ],
)
def test_clients_with_the_same_hello(client: str, others: set[str]) -> None:
    found = set(SAME[client])
    assert others <= found if others else found == set()
    assert all(client in SAME[other] for other in found)


def test_a_hello_of_sslv2_s_format_has_none() -> None:
    found = fingerprints(PROFILES["ie6-winxp"].attempts[0].template)
    assert (found.ja3, found.ja4) == (None, None)
