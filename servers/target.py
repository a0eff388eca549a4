"""A server that runs already and is only connected to: `mine=127.0.0.1:8443,sni=shop.example`."""

import re
from dataclasses import dataclass


class TargetError(ValueError):
    """A target that cannot be read; the message is one line and says how one is written."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address under a name of the user's. `server_name` goes into the hello (SNI); None sends none.

    `starttls` names the protocol that is spoken before TLS starts; None is plain TLS, all that exists so far.
    """

    name: str
    host: str
    port: int
    server_name: str | None = None
    starttls: str | None = None


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ADDRESS = re.compile(
    r"(?:\[(?P<bracketed>[0-9A-Fa-f:.%A-Za-z]+)\]|(?P<plain>[^\s:\[\]/]+)):(?P<port>[0-9]{1,5})"
)


def parse_target(text: str) -> Target:
    """Read `NAME=HOST:PORT[,sni=NAME]`, an IPv6 address in brackets; raises TargetError."""
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
    """Read `HOST:PORT[,sni=NAME]` as the target `name`; raises TargetError."""
    address, *settings = text.split(",")
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise TargetError(f'"{address}" is not HOST:PORT (an IPv6 address goes in brackets: [::1]:443)')
    port = int(found["port"])
    if not 0 < port < 65536:
        raise TargetError(f"port {port} does not exist; use 1 to 65535")
    return Target(name, found["bracketed"] or found["plain"], port, _server_name(settings))


def _server_name(settings: list[str]) -> str | None:
    server_name = None
    for setting in settings:
        key, _, value = setting.partition("=")
        if key != "sni":
            raise TargetError(f'"{key}" is not a setting of a target; there is sni=NAME only')
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            raise TargetError("sni= needs a host name in ASCII after it (an IDN in its xn-- form)")
        server_name = value
    return server_name
