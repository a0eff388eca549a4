import pytest

from servers.target import Target, TargetError, parse_target


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("mine=127.0.0.1:8443", Target("mine", "127.0.0.1", 8443)),
        (
            "mine=shop.example:443,sni=www.shop.example",
            Target("mine", "shop.example", 443, "www.shop.example"),
        ),
        ("v6=[::1]:443", Target("v6", "::1", 443)),
        ("v6=[fe80::1%eth0]:443,sni=x", Target("v6", "fe80::1%eth0", 443, "x")),
        ("mail=mx.example:25,starttls=smtp", Target("mail", "mx.example", 25, None, "smtp")),
        (
            "inner=proxy.example:3128,to=[::1]:443,starttls=http-connect,sni=x",
            Target("inner", "proxy.example", 3128, "x", "http-connect", "[::1]:443"),
        ),
    ],
)
def test_reads_a_target(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("127.0.0.1:8443", "NAME=HOST:PORT"),
        ("a b=127.0.0.1:8443", "NAME=HOST:PORT"),
        ("mine=127.0.0.1", "is not HOST:PORT"),
        ("mine=::1:443", "brackets"),
        ("mine=yours=h:443", "is not HOST:PORT"),
        ("mine=[::1]", "is not HOST:PORT"),
        ("mine=h:0", "port 0"),
        ("mine=h:65536", "1 to 65535"),
        ("mine=h:443,sni=", "needs a host name"),
        ("mine=h:443,sni=grüße.example", "xn--"),
        ("mine=h:443,tls=smtp", '"tls" is not a setting of a target; there is sni=NAME, starttls=PROTOCOL'),
        ("mine=h:443,starttls=", "starttls= needs a protocol"),
        ("mine=h:443,sni=a,sni=b", "sni= is there twice"),
        ("mine=h:443,starttls=http-connect,to=inner", "to= needs the HOST:PORT a proxy is asked for"),
        ("mine=grüße.example:443", "xn--"),
        ("mine=h:443,", '"" is not a setting'),
    ],
)
def test_says_in_one_line_what_is_wrong(text: str, hint: str) -> None:
    with pytest.raises(TargetError) as raised:
        parse_target(text)
    assert hint in str(raised.value)
    assert text in str(raised.value)
    assert "\n" not in str(raised.value)
