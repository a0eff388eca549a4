"""A server that runs already and is only connected to: `mine=127.0.0.1:8443,sni=shop.example`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass


class TargetError(ValueError):
    """A target that cannot be read; the message is one line and says how one is written."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address under a name of the user's. `server_name` goes into the hello (SNI); None leaves it to the
    host's name.

    `starttls` names the protocol that is spoken before TLS; None is TLS from the first byte. `to` is the
    HOST:PORT that a proxy (`starttls` "http-connect"), which then listens at the address, is asked for.
    """

    name: str
    host: str
    port: int
    server_name: str | None = None
    starttls: str | None = None
    to: str | None = None


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ADDRESS = re.compile(
    r"(?:\[(?P<bracketed>[0-9A-Fa-f:.%A-Za-z]+)\]|(?P<plain>[^\s:\[\]/=]+)):(?P<port>[0-9]{1,5})"
)


def parse_target(text: str) -> Target:
    """Read `NAME=HOST:PORT[,sni=NAME][,starttls=PROTOCOL][,to=HOST:PORT]`, an IPv6 address in brackets;
    raises TargetError.
    """
    name, separator, rest = text.partition("=")
    if not separator or not _NAME.fullmatch(name):
        raise TargetError(
            f'target "{text}": write NAME=HOST:PORT; a name is letters, digits, dots, "-" and "_"'
        )
    try:
        return parse_address(rest, name)
    except TargetError as error:
        raise TargetError(f'target "{text}": {error}') from None


def parse_address(text: str, name: str = "address") -> Target:
    """Read what stands behind a target's name, as the target `name`; raises TargetError."""
    address, *settings = text.split(",")
    host, port = _host_and_port(address)
    given: dict[str, str] = {}
    for setting in settings:
        key, _, value = setting.partition("=")
        if key not in _SETTINGS:
            raise TargetError(f'"{key}" is not a setting of a target; there is {_HOW_WRITTEN}')
        if key in given:
            raise TargetError(f"{key}= is there twice; keep one")
        given[key] = _SETTINGS[key](value)
    return Target(name, host, port, given.get("sni"), given.get("starttls"), given.get("to"))


def _host_and_port(text: str) -> tuple[str, int]:
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise TargetError(f'"{text}" is not HOST:PORT (an IPv6 address goes in brackets: [::1]:443)')
    port = int(found["port"])
    if not 0 < port < 65536:
        raise TargetError(f"port {port} does not exist; use 1 to 65535")
    host = found["bracketed"] or found["plain"]
    if not host.isascii() or not host.isprintable():
        raise TargetError(f'host "{host}": write an internationalized name in its xn-- form')
    return host, port


def _server_name(value: str) -> str:
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise TargetError("sni= needs a host name in ASCII after it (an IDN in its xn-- form)")
    return value


def _protocol(value: str) -> str:
    if not value:
        raise TargetError("starttls= needs a protocol after it")
    return value


def _authority(value: str) -> str:
    try:
        _host_and_port(value)
    except TargetError as error:
        raise TargetError(f"to= needs the HOST:PORT a proxy is asked for: {error}") from None
    return value


_SETTINGS: Mapping[str, Callable[[str], str]] = {
    "sni": _server_name,
    "starttls": _protocol,
    "to": _authority,
}
_HOW_WRITTEN = "sni=NAME, starttls=PROTOCOL and to=HOST:PORT"
