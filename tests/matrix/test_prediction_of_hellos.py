"""Predictions that depend on how a hello says its versions, on its protocols, on the order it is sent in."""

import pytest
from msgspec.structs import replace

from clients.player import PlayedHello, Player
from handshake.accepts import Accepts, Answer
from handshake.hello_template import ClientPolicy, ExtensionOrder, ExtensionTemplate, HelloTemplate
from handshake.reason import parse_reason
from handshake.wire.registry import ExtensionType
from matrix.judgement.outcome import Outcome
from matrix.prediction import ServerFacts, predict
from matrix.prediction.orders import orders
from servers.declared import DeclaredRefusals
from tests.matrix.test_prediction import RSA_AES, TLS10, TLS12, TLS13, TLS13V, hello, server


def client(template: HelloTemplate) -> Player:
    return Player((PlayedHello(template),))


MODERN = hello(TLS12, TLS13, RSA_AES, versions=(TLS13V, TLS12))
UNLISTED = parse_reason("server-hello:protocol-error-protocol-version")


def test_a_version_that_supported_versions_does_not_list_is_refused() -> None:
    found = predict(client(MODERN), ServerFacts(server(TLS10)))
    assert found is not None
    assert (found.outcome, found.reason) == (Outcome.FAILS, UNLISTED)
    assert found.why == "the server answers in TLSv1.0, the client offers TLSv1.2, TLSv1.3"
    listed = predict(client(hello(TLS12, RSA_AES)), ServerFacts(server(TLS10)))
    assert listed is not None
    assert listed.outcome is Outcome.WORKS


def test_a_client_that_goes_on_with_it_works() -> None:
    policy = ClientPolicy(accepts=Accepts({"version-not-offered": Answer(goes_on=True)}))
    found = predict(replace(client(MODERN), policy=policy), ServerFacts(server(TLS10)))
    assert found is not None
    assert found.outcome is Outcome.WORKS


@pytest.mark.parametrize(("names", "outcome"), [((b"h2",), Outcome.FAILS), ((), Outcome.WORKS)])
def test_a_server_that_breaks_off_at_protocols_in_tls_1_3(names: tuple[bytes, ...], outcome: Outcome) -> None:
    refusals = DeclaredRefusals(application_protocols_in_tls13="fin")
    declared = server(TLS12, TLS13V, suites=(TLS13, RSA_AES), refusals=refusals)
    offered = hello(TLS12, TLS13, RSA_AES, versions=(TLS13V, TLS12), names=names)
    found = predict(client(offered), ServerFacts(declared))
    assert found is not None
    assert found.outcome is outcome
    assert found.reason == (parse_reason("certificate:fin") if names else None)
    older = predict(client(hello(TLS12, RSA_AES, names=names)), ServerFacts(declared))
    assert older is not None
    assert older.outcome is Outcome.WORKS


def test_the_orders_of_a_hello_that_draws_none_are_one() -> None:
    assert list(orders(MODERN)) == [MODERN]


def test_each_extension_is_first_and_last_in_some_order() -> None:
    types = (0xEAEA, 10, 13, 43, 51, 0xCACA)
    drawn = replace(
        MODERN,
        extensions=tuple(ExtensionTemplate(each) for each in types),
        order=ExtensionOrder.PERMUTED,
        unmoved=frozenset({0xEAEA, 0xCACA}),
    )
    found = [tuple(e.extension_type for e in each.extensions or ()) for each in orders(drawn)]
    assert all((each[0], each[-1]) == (0xEAEA, 0xCACA) for each in found)
    assert {each[1] for each in found} == {each[-2] for each in found} == {10, 13, 43, 51}
    assert all(sorted(each) == sorted(types) for each in found)
    before = {(a, b) for each in found for i, a in enumerate(each) for b in each[i + 1 :]}
    assert {(ExtensionType.SUPPORTED_GROUPS, 13), (13, ExtensionType.SUPPORTED_GROUPS)} <= before
