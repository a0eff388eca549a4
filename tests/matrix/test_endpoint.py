"""What a target is called, before TLS and in it; how an endpoint travels to a worker."""

import pytest

from clients.starttls import StartTls
from matrix.grid.endpoint import Endpoint, Problem, endpoint_of
from matrix.judgement.outcome import Verdict
from servers.target import parse_target


@pytest.mark.parametrize(
    ("text", "server_name", "starttls"),
    [
        ("a=shop.example:443", "shop.example", None),
        ("a=shop.example.:443", "shop.example", None),
        ("a=192.0.2.1:443", None, None),
        ("a=[fe80::1%eth0]:443", None, None),
        ("a=192.0.2.1:25,starttls=smtp", None, StartTls("smtp", "192.0.2.1")),
        ("a=192.0.2.1:25,starttls=smtp,sni=mx.example", "mx.example", StartTls("smtp", "mx.example")),
        (
            "a=proxy.example:3128,starttls=http-connect,sni=inner.example",
            "inner.example",
            StartTls("http-connect", "inner.example:443"),
        ),
        (
            "a=proxy.example:3128,starttls=http-connect,to=inner.example:8443",
            "inner.example",
            StartTls("http-connect", "inner.example:8443"),
        ),
        (
            "a=proxy.example:3128,starttls=http-connect,to=[::1]:8443",
            None,
            StartTls("http-connect", "[::1]:8443"),
        ),
    ],
)
def test_what_a_target_is_called(text: str, server_name: str | None, starttls: StartTls | None) -> None:
    endpoint = endpoint_of(parse_target(text))
    assert (endpoint.server_name, endpoint.starttls) == (server_name, starttls)


@pytest.mark.parametrize("starttls", [None, StartTls("smtp", "mx.example")])
@pytest.mark.parametrize("problem", [None, Problem(Verdict.NOT_INSTALLED, "get it")])
def test_an_endpoint_travels(starttls: StartTls | None, problem: Problem | None) -> None:
    endpoint = Endpoint("a", "::1", 25, "mx.example", frozenset({"ab"}), problem, starttls)
    assert Endpoint.from_json(endpoint.to_json()) == endpoint
