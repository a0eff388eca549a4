"""Every known client is recognised by its own hello, and what differs in another is told in features."""

import pytest
from msgspec.structs import replace

from clients.capture import nearest as nearest_module
from clients.capture.nearest import Known, comparable
from handshake.features import FirstFlight, differences, recorded_flight
from handshake.wire.client_hello import Extension
from tests.clients.capture.hellos import NAME, PROFILES, hello

KNOWN = Known(PROFILES.values())
HELLOS = [(name, number) for name, each in PROFILES.items() for number in range(1, len(each.attempts) + 1)]


def flight(client: str, attempt: int = 1, name: str | None = NAME) -> FirstFlight:
    return recorded_flight(hello(client, attempt, name))


@pytest.mark.parametrize(
    ("client", "attempt", "name"),
    [(*each, NAME) for each in HELLOS]
    + [(*each, name) for each in HELLOS[::20] for name in ("a.example", None)],
)
def test_a_client_is_nearest_to_its_own_hello(client: str, attempt: int, name: str | None) -> None:
    found = KNOWN.nearest(flight(client, attempt, name), name)
    assert client in [near.profile.id for near in found]
    assert all(near.features == () for near in found)


@pytest.mark.parametrize("names", [(NAME, NAME), (NAME, None), (None, NAME), (None, None)])
def test_what_is_remembered_of_one_hello_is_not_told_of_another_length(
    names: tuple[str | None, str | None],
) -> None:
    known, clients = Known(PROFILES.values()), ("safari-12.1-ios12.2", "safari-13.0-macos10.14.6")
    for client, name in zip((*clients, clients[0]), (*names, names[1]), strict=True):
        found = known.nearest(flight(client, 1, name), name)
        assert client in [near.profile.id for near in found]
        assert all(near.features == () for near in found)


def test_what_differs_is_told() -> None:
    said = flight("gnutls-3.7")
    changed = replace(said, hello=replace(said.hello, extensions=(said.hello.extensions or ())[:-1]))
    first = KNOWN.nearest(changed, NAME)[0]
    assert first.profile.id == "gnutls-3.7"
    assert {each.name for each in first.features} == {
        "extension:record_size_limit",
        "extension-last:psk_key_exchange_modes",
    }


def test_the_nearest_three_are_named_with_the_nearest_first() -> None:
    said = flight("java-8")
    changed = replace(said, hello=replace(said.hello, cipher_suites=said.hello.cipher_suites[3:]))
    found = KNOWN.nearest(changed, NAME)
    sizes = [len(near.features) for near in found]
    assert len(found) == 3
    assert sizes == sorted(sizes)
    assert sizes[0] > 0
    assert found[0].profile.id == "java-8"


@pytest.mark.long(but=["java-*"])
@pytest.mark.parametrize(("client", "attempt"), HELLOS[::25])
def test_the_coarse_choice_loses_no_nearest_one(client: str, attempt: int) -> None:
    """For one hello in 25, without its first suite and last extension: as with all profiles compared."""
    said = flight(client, attempt)
    extensions = said.hello.extensions
    changed = replace(
        said,
        hello=replace(
            said.hello,
            cipher_suites=said.hello.cipher_suites[1:] or said.hello.cipher_suites,
            extensions=extensions[:-1] if extensions else extensions,
        ),
        sslv2=None if said.sslv2 is None else replace(said.sslv2, cipher_specs=said.sslv2.cipher_specs[1:]),
    )
    best = min(
        len(differences(changed, comparable(each.template, changed, NAME)))
        for profile in PROFILES.values()
        for each in profile.attempts
    )
    assert len(KNOWN.nearest(changed, NAME)[0].features) == best


def test_whoever_is_called_is_no_difference_and_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Known(PROFILES.values())
    assert known.nearest(flight("openssl-3.0", name="one.example"), "one.example")[0].features == ()
    monkeypatch.setattr(nearest_module, "differences", None)  # would fail if it were asked again
    assert known.nearest(flight("openssl-3.0", name="another.example"), "another.example")[0].features == ()


def test_a_permuted_order_is_no_difference_and_a_fixed_one_is() -> None:
    for client, is_like in (("chromium-156", True), ("openssl-3.0", False)):
        said = flight(client)
        extensions = said.hello.extensions or ()
        turned: tuple[Extension, ...] = (extensions[0], *extensions[-2:0:-1], extensions[-1])
        found = KNOWN.nearest(replace(said, hello=replace(said.hello, extensions=turned)), NAME)
        assert (found[0].features == ()) is is_like


def test_without_profiles_nothing_is_near() -> None:
    assert Known(()).nearest(flight("java-8"), NAME) == ()
