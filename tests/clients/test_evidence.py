"""Every bundled hello against the recorded bytes: in memory, and as it arrives at a listening socket."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from clients.connect import connect
from clients.destination import Destination
from clients.profile import load_profiles
from clients.profile_attempt import ProfileAttempt
from handshake.client.hello import fill_hello
from handshake.wire.client_hello import ClientHello
from handshake.wire.registry import ExtensionType
from tests.clients.evidence import load_evidence
from tests.clients.servers import scripted_server, sends

PROFILES = load_profiles()
EVIDENCE = load_evidence()
HELLOS = [
    pytest.param(name, index, id=f"{name}-{index}")
    for name, profile in PROFILES.items()
    for index in range(len(profile.attempts))
]


def attempt(client: str, index: int) -> ProfileAttempt:
    return PROFILES[client].attempts[index]


@pytest.mark.parametrize(("client", "index"), HELLOS)
def test_the_hello_equals_the_recorded_bytes(client: str, index: int) -> None:
    hello = attempt(client, index)
    recorded = EVIDENCE[hello.evidence]
    filled = fill_hello(hello.template, recorded.server_name, os.urandom)
    assert recorded.differences_from(hello.template, filled.wire) == []


@pytest.mark.parametrize(("client", "index"), HELLOS)
def test_the_hello_arrives_as_recorded(client: str, index: int) -> None:
    profile = PROFILES[client].model_copy(update={"attempts": (attempt(client, index),)})
    recorded = EVIDENCE[attempt(client, index).evidence]
    with scripted_server(sends(b"")) as server:
        connect(
            profile.player, Destination("127.0.0.1", server.port, recorded.server_name), deadline_seconds=5
        )
    assert len(server.hellos) == 1
    assert recorded.differences_from(attempt(client, index).template, server.hellos[0]) == []


@pytest.mark.parametrize(("client", "index"), HELLOS)
def test_what_must_be_fresh_is_fresh(client: str, index: int) -> None:
    hello = attempt(client, index)
    recorded = EVIDENCE[hello.evidence]
    first, second = (fill_hello(hello.template, recorded.server_name, os.urandom).wire for _ in range(2))
    assert recorded.mutable
    for what, offset, length in recorded.mutable:
        assert len({wire[offset : offset + length] for wire in (first, second, recorded.wire)}) == 3, what


@pytest.mark.parametrize(("client", "index"), HELLOS)
def test_the_comparison_sees_a_suite_out_of_order(client: str, index: int) -> None:
    hello = attempt(client, index)
    recorded = EVIDENCE[hello.evidence]
    suites = hello.template.cipher_suites
    changed = replace(hello.template, cipher_suites=suites[::-1] if len(suites) > 1 else (0x0035,))
    sent = fill_hello(changed, recorded.server_name, os.urandom).wire
    assert recorded.differences_from(changed, sent) != []


def test_the_comparison_sees_a_hello_too_long_and_too_short() -> None:
    recorded = EVIDENCE["testssl/ie_8_xp"]
    assert recorded.differences(recorded.wire) == []
    assert recorded.differences(recorded.wire + b"\x00") == [len(recorded.wire)]
    assert recorded.differences(recorded.wire[:-1]) == [len(recorded.wire) - 1]


def test_evidence_holds_what_the_profiles_name_and_no_more() -> None:
    named = {hello.evidence for profile in PROFILES.values() for hello in profile.attempts}
    assert named == set(EVIDENCE)


def test_an_address_leaves_server_name_out() -> None:
    template = attempt("biztalk-ws2008", 0).template
    by_name = fill_hello(template, "www.example.com", os.urandom).wire
    by_address = fill_hello(template, None, os.urandom).wire
    assert b"www.example.com" in by_name
    assert len(by_name) - len(by_address) == 4 + 2 + 1 + 2 + len("www.example.com")


@pytest.mark.parametrize(
    ("client", "host", "sends"),
    [
        ("java-7", "server.example.test", True),
        ("java-7", "server", False),  # research note on JSSE, section 8
        ("java-7", None, False),
        ("firefox-9", "server", True),  # research note on NSS, section 2
        ("firefox-9", None, False),
    ],
)
def test_for_which_names_a_client_sends_server_name(client: str, host: str | None, sends: bool) -> None:
    hello = fill_hello(attempt(client, 0).template, host, bytes).hello
    assert isinstance(hello, ClientHello)
    assert (hello.extension(ExtensionType.SERVER_NAME) is not None) is sends


def beginning(client: str, index: int, wire: bytes) -> int:
    """The first four bytes of the challenge of a hello in SSLv2 format, else of random, as a number."""
    offset = next(
        offset for what, offset, _ in EVIDENCE[attempt(client, index).evidence].mutable if what in FRESH
    )
    return int.from_bytes(wire[offset : offset + 4], "big")


FRESH = ("random", "challenge")
LAST_CAPTURE = datetime(2026, 12, 31, tzinfo=UTC).timestamp()
RANDOM_THAT_LOOKS_LIKE_A_TIME = {"openssl-0.9.8"}
"""Of the five challenges captured of it (evidence note on ClientHellos) the others are of 1997 to 2028."""


def says_the_time(client: str, index: int) -> bool:
    hello = attempt(client, index)
    says = hello.challenge_begins_with if hello.format == "sslv2" else hello.random_begins_with
    return says == "gmt_unix_time"


@pytest.mark.parametrize(("client", "index"), HELLOS)
def test_a_hello_says_the_time_where_the_recorded_one_does(client: str, index: int) -> None:
    """A recorded time is not before the client's release and not after the last capture."""
    hello = attempt(client, index)
    if hello.evidence.startswith("derived/") or client in RANDOM_THAT_LOOKS_LIKE_A_TIME:
        return  # nothing was captured; the profile says from what it is inferred
    released = datetime.strptime(PROFILES[client].released[:4], "%Y").replace(tzinfo=UTC).timestamp()
    recorded = beginning(client, index, EVIDENCE[hello.evidence].wire)
    assert says_the_time(client, index) is (released <= recorded <= LAST_CAPTURE)


@pytest.mark.parametrize(("client", "index"), HELLOS)
def test_the_time_arrives(client: str, index: int) -> None:
    profile = PROFILES[client].model_copy(update={"attempts": (attempt(client, index),)})
    name = EVIDENCE[attempt(client, index).evidence].server_name
    before = int(time.time())
    with scripted_server(sends(b"")) as server:
        connect(profile.player, Destination("127.0.0.1", server.port, name), deadline_seconds=5)
    said = beginning(client, index, server.hellos[0])
    assert (before <= said <= time.time()) is says_the_time(client, index)


DRAWN = {
    "chrome-101": ("grease",),
    "chromium-156": ("order", "grease", "ech"),
    "deno": ("order",),
    "firefox-153": ("ech",),
}


def test_what_is_drawn_is_said_beside_the_recorded_bytes() -> None:
    """Whoever draws nothing is compared with its capture as it is."""
    for client, profile in PROFILES.items():
        for hello in profile.attempts:
            assert EVIDENCE[hello.evidence].drawn == DRAWN.get(client, ()), client


def test_the_clients_that_say_the_time() -> None:
    said = {
        client
        for client, profile in PROFILES.items()
        if any(hello.random_begins_with == "gmt_unix_time" for hello in profile.attempts)
    }
    assert set(PROFILES) - said == {
        "bun-1.4",
        "bun-1.4-tls",
        "chrome-101",
        "chromium-156",
        "deno",
        "firefox-100",
        "firefox-153",
        "gnutls-3.7",
        "go-1.27",
        "java-11",
        "java-17",
        "java-17.0.9",
        "java-21",
        "java-25",
        "java-25-httpclient",
        "nss-3.87",
        "openssl-1.0.1",  # 1.0.1l: OpenSSL stopped with 1.0.1f
        "openssl-1.0.1u",
        "openssl-1.0.2",
        "openssl-1.1.1",
        "openssl-3.0",
        "openssl-3.0-debian",
        "openssl-3.0-seclevel0",
        "openssl-3.4",
        "openssl-4.0",
    }
