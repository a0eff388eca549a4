"""What is written after --target, read into a destination, and what is wrong with it in one line."""

from pathlib import Path

import pytest

from clients.destination import Destination, Target, TargetError, parse_destination, parse_target
from clients.starttls import StartTls


@pytest.mark.parametrize(
    ("text", "destination"),
    [
        ("192.0.2.1:8443", Destination("192.0.2.1", 8443)),
        ("shop.example:443", Destination("shop.example", 443, "shop.example")),
        ("shop.example.:443", Destination("shop.example.", 443, "shop.example")),
        ("shop.example:443,sni=www.shop.example", Destination("shop.example", 443, "www.shop.example")),
        ("[::1]:443", Destination("::1", 443)),
        ("[fe80::1%eth0]:443,sni=x", Destination("fe80::1%eth0", 443, "x")),
        (
            "mx.example:25,starttls=smtp",
            Destination("mx.example", 25, "mx.example", StartTls("smtp", "mx.example")),
        ),
        ("192.0.2.1:25,starttls=smtp", Destination("192.0.2.1", 25, None, StartTls("smtp", "192.0.2.1"))),
        (
            "192.0.2.1:25,starttls=smtp,sni=mx.example",
            Destination("192.0.2.1", 25, "mx.example", StartTls("smtp", "mx.example")),
        ),
        (
            "proxy.example:3128,starttls=http-connect,sni=inner.example",
            Destination(
                "proxy.example", 3128, "inner.example", StartTls("http-connect", "inner.example:443")
            ),
        ),
        (
            "proxy.example:3128,starttls=http-connect,to=inner.example:8443",
            Destination(
                "proxy.example", 3128, "inner.example", StartTls("http-connect", "inner.example:8443")
            ),
        ),
        (
            "proxy.example:3128,to=[::1]:8443,starttls=http-connect",
            Destination("proxy.example", 3128, None, StartTls("http-connect", "[::1]:8443")),
        ),
    ],
)
def test_reads_a_destination_which_travels_as_json(text: str, destination: Destination) -> None:
    assert parse_destination(text) == destination
    assert parse_target(f"mine={text}") == Target("mine", destination)
    assert parse_destination(f"mine={text}") == destination
    assert Destination.from_json(destination.to_json()) == destination


def test_a_certificate_of_ones_own_is_two_files() -> None:
    target = parse_target("mine=h:443,cert=a.pem,key=b.pem")
    assert (target.certificate, target.key) == (Path("a.pem"), Path("b.pem"))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("127.0.0.1:8443", "NAME=HOST:PORT"),
        ("a b=127.0.0.1:8443", "NAME=HOST:PORT"),
        ("mine=127.0.0.1", "is not HOST:PORT"),
        ("mine=::1:443", "brackets"),
        ("mine=[::1]", "is not HOST:PORT"),
        ("mine=h:0", "port 0"),
        ("mine=h:65536", "1 to 65535"),
        ("mine=h:443,sni=", "needs a host name"),
        ("mine=h:443,sni=grüße.example", "xn--"),
        ("mine=h:443,tls=smtp", '"tls" is not an option of a target; there is sni=NAME, starttls=PROTOCOL'),
        ("mine=h:443,starttls=", "starttls= needs a protocol"),
        ("mine=h:443,starttls=gopher", "starttls=gopher: there is no such protocol; there is ftp"),
        ("mine=h:443,sni=a,sni=b", "sni= is there twice"),
        ("mine=h:443,starttls=http-connect", "say what the proxy is asked for"),
        ("mine=h:443,starttls=http-connect,to=inner", "to= needs the HOST:PORT a proxy is asked for"),
        ("mine=h:443,to=inner:443", "to= goes with starttls=http-connect"),
        ("mine=h:443,cert=a.pem", "cert= and key= go together; add key=FILE"),
        ("mine=h:443,key=a.pem", "cert= and key= go together; add cert=FILE"),
        ("mine=h:443,cert=,key=a", "need a PEM file"),
        (f"{'m' * 101}=h:443", "100 characters at most"),
        ("mine=grüße.example:443", "xn--"),
        ("mine=h:443,", '"" is not an option'),
    ],
)
def test_says_in_one_line_what_is_wrong(text: str, hint: str) -> None:
    with pytest.raises(TargetError) as raised:
        parse_target(text)
    assert hint in str(raised.value)
    assert text in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["h", "h:443,cert=a,key=b", "a=b=h:443"])
def test_what_is_no_destination_is_refused(text: str) -> None:
    with pytest.raises(TargetError):
        parse_destination(text)
