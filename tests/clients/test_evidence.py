"""Every bundled hello against the recorded bytes: in memory, and as it arrives at a listening socket."""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from clients.connect import connect
from clients.destination import Destination
from clients.profile import load_profiles
from clients.profile_attempt import ProfileAttempt
from clients.recorded import BUNDLED_EVIDENCE, RecordedHello, load_recorded, recorded_hello
from handshake.client.hello import fill_hello
from handshake.wire.client_hello import ClientHello
from handshake.wire.registry import ExtensionType, is_grease
from tests.clients.servers import scripted_server, sends

STRANGERS = 1000
"""More connections than other tests can make to a port that was another server's before."""


class Arrived(NamedTuple):
    """A hello as a listening socket read it, and the seconds of the epoch around its sending."""

    wire: bytes
    before: int
    after: float


PROFILES = load_profiles()
HELLOS = {
    f"{name}-{index}": attempt
    for name, profile in PROFILES.items()
    for index, attempt in enumerate(profile.attempts)
}
"""Every hello of every profile; a test goes through all of them, since a test of each would take minutes."""


def attempt(client: str, index: int) -> ProfileAttempt:
    return PROFILES[client].attempts[index]


def recorded_of(hello: ProfileAttempt) -> RecordedHello:
    found = None if hello.evidence is None else recorded_hello(hello.evidence)
    assert found is not None, f"clients/evidence has no {hello.evidence}"
    return found


def filled(hello: ProfileAttempt) -> bytes:
    return fill_hello(hello.template, recorded_of(hello).server_name, os.urandom).wire


def differing(sent: Mapping[str, bytes]) -> dict[str, str]:
    """What differs from the recorded bytes, by the name of the hello."""
    found = {
        name: recorded_of(HELLOS[name]).differences(HELLOS[name].template, wire)
        for name, wire in sent.items()
    }
    return {name: str(differences) for name, differences in found.items() if differences.offsets}


@pytest.fixture(scope="module")
def arrived() -> dict[str, Arrived]:
    """Every hello as it came to a listening socket, and the time before and after. Each is known by the port
    that it came from: a test beside this one may call a port that was free when it asked.
    """
    sent = {}
    with scripted_server(*[sends(b"")] * (len(HELLOS) + STRANGERS)) as server:
        for name, hello in HELLOS.items():
            client, _, index = name.rpartition("-")
            # A copy of the profile would bring along the player that another test has asked it for.
            player = PROFILES[client].player
            alone = replace(player, hellos=(player.hellos[int(index)],))
            before = int(time.time())
            seen = connect(
                alone,
                Destination("127.0.0.1", server.port, recorded_of(hello).server_name),
                deadline_seconds=5,
            )
            sent[name] = (seen.attempts[0].client_port, before, time.time())
    by_port = dict(zip(server.ports, server.hellos, strict=True))
    return {name: Arrived(by_port[port or 0], before, after) for name, (port, before, after) in sent.items()}


def test_every_hello_equals_the_recorded_bytes() -> None:
    assert differing({name: filled(hello) for name, hello in HELLOS.items()}) == {}


def test_every_hello_arrives_as_recorded(arrived: dict[str, Arrived]) -> None:
    assert differing({name: each.wire for name, each in arrived.items()}) == {}


def test_what_must_be_fresh_is_fresh() -> None:
    for name, hello in HELLOS.items():
        recorded = recorded_of(hello)
        first, second = filled(hello), filled(hello)
        assert recorded.mutable, name
        for what, offset, length in recorded.mutable:
            parts = {wire[offset : offset + length] for wire in (first, second, recorded.wire)}
            assert len(parts) == 3, (name, what)


def test_the_comparison_sees_a_suite_out_of_order() -> None:
    changed = {}
    for name, hello in HELLOS.items():
        suites = hello.template.cipher_suites
        turned = replace(hello.template, cipher_suites=suites[::-1] if len(suites) > 1 else (0x0035,))
        changed[name] = fill_hello(turned, recorded_of(hello).server_name, os.urandom).wire
    assert differing(changed).keys() == HELLOS.keys()


def test_the_comparison_sees_a_hello_too_long_and_too_short() -> None:
    recorded = recorded_hello("testssl/ie_8_xp")
    assert recorded is not None
    template = attempt("ie8-winxp", 0).template
    assert recorded.differences(template, recorded.wire).offsets == ()
    longer = recorded.differences(template, recorded.wire + b"\x00")
    assert longer.offsets == (len(recorded.wire),)
    assert str(longer) == f"at byte {len(recorded.wire)}, behind its end: recorded nothing, sent 00"
    assert recorded.differences(template, recorded.wire[:-1]).offsets == (len(recorded.wire) - 1,)


def test_evidence_holds_what_the_profiles_name_and_no_more() -> None:
    named = {hello.evidence for hello in HELLOS.values()}
    kept = [name for file in BUNDLED_EVIDENCE.glob("*.json") for name in load_recorded(file)]
    assert sorted(named, key=str) == sorted(kept)


def test_a_recorded_hello_is_in_the_file_of_its_name() -> None:
    for file in BUNDLED_EVIDENCE.glob("*.json"):
        assert {name.partition("/")[0] for name in load_recorded(file)} == {file.stem}


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


def beginning(hello: ProfileAttempt, wire: bytes) -> int:
    """The first four bytes of the challenge of a hello in SSLv2 format, else of random, as a number."""
    offset = next(offset for what, offset, _ in recorded_of(hello).mutable if what in FRESH)
    return int.from_bytes(wire[offset : offset + 4], "big")


FRESH = ("random", "challenge")
LAST_CAPTURE = datetime(2026, 12, 31, tzinfo=UTC).timestamp()
RANDOM_THAT_LOOKS_LIKE_A_TIME = {
    # Of five captured challenges of OpenSSL 0.9.8 the others are of 1997 to 2028:
    "openssl-0.9.8",
    "openssl-0.9.8-camellia-no-idea",
    # A time after testssl.sh had the hello (its first mention there), so it is random:
    "android-7.0-browser",
    "chrome-47-osx",
    "chrome-49-win7",
    "firefox-31.3.0-esr-win7",
    "firefox-32-osx",
    "firefox-49-xpsp3",
    "googlebot-2018-02",
    "openssl-1.1.0j-debian",
    # Its neighbours, Firefox 35 and 39, are random:
    "firefox-37-osx",
}


def says_the_time(hello: ProfileAttempt) -> bool:
    says = hello.challenge_begins_with if hello.format == "sslv2" else hello.random_begins_with
    return says == "gmt_unix_time"


def test_a_hello_says_the_time_where_the_recorded_one_does() -> None:
    """A recorded time is not before the client's release and not after the last capture."""
    wrong = []
    for name, hello in HELLOS.items():
        client = name.rpartition("-")[0]
        recorded = recorded_of(hello)
        if recorded.kind == "synthesised" or client in RANDOM_THAT_LOOKS_LIKE_A_TIME:
            continue  # nothing was captured; the profile says from what it is inferred
        released = datetime.strptime(PROFILES[client].released[:4], "%Y").replace(tzinfo=UTC).timestamp()
        is_a_time = released <= beginning(hello, recorded.wire) <= LAST_CAPTURE
        if says_the_time(hello) is not is_a_time:
            wrong.append(name)
    assert wrong == []


def test_the_time_arrives(arrived: dict[str, Arrived]) -> None:
    for name, each in arrived.items():
        said = beginning(HELLOS[name], each.wire)
        assert (each.before <= said <= each.after) is says_the_time(HELLOS[name]), name


def test_what_is_drawn_is_said_beside_the_recorded_bytes() -> None:
    """Whoever draws nothing is compared with its capture as it is."""
    for name, hello in HELLOS.items():
        drawn = set(recorded_of(hello).drawn)
        assert ("order" in drawn) is (hello.order == "permuted"), name
        assert ("grease" in drawn) is (hello.grease == "drawn"), name
        assert ("ech" in drawn) is any(each.fill == "ech_grease" for each in hello.extensions or ()), name


def test_whoever_sends_grease_draws_it() -> None:
    """RFC 8701: a value that is always the same would be no GREASE."""
    for name, hello in HELLOS.items():
        has_grease = any(map(is_grease, hello.cipher_suites))
        assert (hello.grease == "drawn") is has_grease, name
