"""The second hello of a connection is the genuine one: after a HelloRetryRequest and in a renegotiation.

Recorded hellos are compared here with our client's, to the byte but for what is made anew; genuine programs,
where they are installed, in `test_against_genuine_clients`.
"""

from dataclasses import replace
from typing import Any

import pytest

from clients.profile import load_profiles
from handshake.wire.client_hello import Extension
from handshake.wire.extensions import pull_key_share_list
from handshake.wire.registry import ExtensionType
from tests.clients.engine_server import Seen
from tests.clients.later_hellos import (
    RETRY,
    RETRY_GROUP,
    LaterHello,
    hello,
    later_hello,
    ours,
    server_name_of,
    vectors,
)

PROFILES = load_profiles()
CASES = vectors()


def identity(case: dict[str, Any]) -> str:
    return f"{case['profile']}-{case['after']}"


every_case = pytest.mark.parametrize("case", CASES, ids=identity)


def recorded(case: dict[str, Any]) -> LaterHello:
    """What the vectors say, in the words of `LaterHello`."""
    seen = Seen([bytes.fromhex(case["first"]), bytes.fromhex(case["second"])])
    if case["after"] == RETRY:
        version = int(case["record_version"], 16)
        kinds = [22, *case["between"], 22]
        seen.records = [(kind, version) for kind in kinds]
    profile = PROFILES[case["profile"]]
    return replace(later_hello(profile, seen, case["after"]), session_id=case["session_id"])


def played(case: dict[str, Any]) -> LaterHello:
    """What our client does in the same place."""
    profile = PROFILES[case["profile"]]
    name = server_name_of(hello(bytes.fromhex(case["first"])))
    return later_hello(profile, ours(profile, name, case["after"]), case["after"])


@every_case
def test_the_second_hello_is_the_genuine_one(case: dict[str, Any]) -> None:
    assert played(case) == recorded(case)


@every_case
def test_a_replay_of_the_first_hello_is_seen(case: dict[str, Any]) -> None:
    """The comparison tells the genuine second hello from one that only repeats the first."""
    repeated = replace(recorded(case), second=recorded(case).first)
    assert played(case) != repeated


def test_every_compared_profile_has_a_case_of_each_kind() -> None:
    """Clients that do not renegotiate have none of a renegotiation."""
    asked = {(case["profile"], case["after"]) for case in CASES}
    clients = {profile for profile, _ in asked}
    assert {profile for profile, after in asked if after == RETRY} == clients
    unwilling = {client for client in clients if PROFILES[client].policy.renegotiation == "off"}
    assert {profile for profile, after in asked if after == "hello-request"} == clients - unwilling
    assert unwilling == {"deno", "go-1.27"}


@pytest.mark.parametrize("client", ["openssl-4.0", "chromium-156", "firefox-153", "deno"])
def test_after_a_retry_only_the_key_share_is_another(client: str) -> None:
    """RFC 8446 section 4.1.2; what is drawn stays as it was, the order of extensions too."""
    first, second = map(hello, ours(PROFILES[client], "server.example.test", RETRY).hellos)
    assert (first.random, first.session_id) == (second.random, second.session_id)
    assert first.cipher_suites == second.cipher_suites

    def others(extensions: tuple[Extension, ...] | None) -> list[Extension]:
        return [e for e in extensions or () if e.extension_type != ExtensionType.KEY_SHARE]

    assert others(first.extensions) == others(second.extensions)
    body = second.extension(ExtensionType.KEY_SHARE)
    assert body is not None
    assert [group for group, _ in pull_key_share_list(body)] == [RETRY_GROUP]


def test_padding_is_made_anew() -> None:
    """NSS 3.87 pads both hellos to 512 bytes, and not the one of a renegotiation."""
    for after, size in ((RETRY, 512), ("hello-request", 265)):
        first, second = ours(PROFILES["nss-3.87"], "webmethods.example.test", after).hellos
        assert (len(first), len(second)) == (512, size)


def test_a_renegotiation_draws_anew() -> None:
    """GREASE in 16 tries of 16 values: the same in all of them once in 16^16."""
    seen = [ours(PROFILES["chromium-156"], "server.example.test", "hello-request") for _ in range(16)]
    pairs = [tuple(hello(message).cipher_suites[0] for message in each.hellos) for each in seen]
    assert any(first != second for first, second in pairs)
