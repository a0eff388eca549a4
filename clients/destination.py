"""Where a client connects to: one value from what a user writes after --target down to the socket.

`parse_destination` reads `HOST:PORT[,sni=NAME][,starttls=PROTOCOL][,to=HOST:PORT]`; everything that could be
wrong with it is found there, so what is parsed can be connected to. `parse_target` reads the same under a
name, with a certificate of the user's own. Pure.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from clients.starttls import PROTOCOLS, StartTls

TUNNEL = "http-connect"
HTTPS_PORT = 443


class TargetError(ValueError):
    """A destination or target that cannot be read; the message is one line and says how one is written."""


class Destination(Struct, frozen=True):
    """An address, and what is said to whoever listens there.

    `server_name` goes into server_name extensions and the Host header; None (an address) sends no extension
    (RFC 6066 section 3). `starttls` is what is spoken before TLS; None is TLS from the first byte.
    """

    host: str
    port: int
    server_name: str | None = None
    starttls: StartTls | None = None

    @property
    def address(self) -> str:
        """Host and port, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def to_json(self) -> dict[str, Any]:
        """The value as JSON types; `from_json` reads it back."""
        return {
            "host": self.host,
            "port": self.port,
            "server_name": self.server_name,
            "starttls": self.starttls and [self.starttls.protocol, self.starttls.name],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Destination":
        """Read what `to_json` wrote."""
        starttls = value["starttls"]
        return cls(value["host"], value["port"], value["server_name"], starttls and StartTls(*starttls))


def is_loopback(destination: Destination) -> bool:
    """Whether the address is on this machine's loopback, by number or by the name localhost (RFC 6761)."""
    try:
        return ipaddress.ip_address(destination.host.partition("%")[0]).is_loopback
    except ValueError:
        return destination.host.rstrip(".").lower() in ("localhost",) or destination.host.endswith(
            ".localhost"
        )


class Target(Struct, frozen=True):
    """A server that runs already, under a name of the user's.

    `certificate` and `key` are PEM files of the certificate that clients show it; both or neither.
    """

    name: str
    destination: Destination
    certificate: Path | None = None
    key: Path | None = None


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MAX_NAME = 100
"""Characters of a target's name, which is part of names of files."""
_ADDRESS = re.compile(
    r"(?:\[(?P<bracketed>[0-9A-Fa-f:.%A-Za-z]+)\]|(?P<plain>[^\s:\[\]/=]+)):(?P<port>[0-9]{1,5})"
)


def parse_target(text: str) -> Target:
    """Read `NAME=HOST:PORT[,sni=NAME][,starttls=PROTOCOL][,to=HOST:PORT][,cert=FILE,key=FILE]`, an IPv6
    address in brackets; raises TargetError.
    """
    name, separator, rest = text.partition("=")
    if not separator or not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise TargetError(
            f'target "{text}": write NAME=HOST:PORT; a name is letters, digits, dots, "-" and "_", '
            f"{MAX_NAME} characters at most"
        )
    try:
        address, given = _parts(rest, _OF_A_TARGET)
        certificate, key = given.get("cert"), given.get("key")
        if (certificate is None) != (key is None):
            missing = "key" if key is None else "cert"
            raise TargetError(f"cert= and key= go together; add {missing}=FILE")
        destination = _destination(address, given)
    except TargetError as error:
        raise TargetError(f'target "{text}": {error}') from None
    if certificate is None or key is None:
        return Target(name, destination)
    return Target(name, destination, Path(certificate), Path(key))


def parse_destination(text: str) -> Destination:
    """Read `HOST:PORT[,sni=NAME][,starttls=PROTOCOL][,to=HOST:PORT]`; raises TargetError.

    A target's name in front is dropped, so that what was given to --target can be given again.
    """
    name, separator, rest = text.partition("=")
    address, given = _parts(rest if separator and _NAME.fullmatch(name) else text, _OF_A_DESTINATION)
    return _destination(address, given)


def _parts(text: str, known: Mapping[str, Callable[[str], str]]) -> tuple[str, dict[str, str]]:
    """The address, and what is given behind it, checked by itself."""
    address, *options = text.split(",")
    _host_and_port(address)
    given: dict[str, str] = {}
    for option in options:
        key, _, value = option.partition("=")
        if key not in known:
            written = " and ".join(", ".join(_HOW_WRITTEN[each] for each in known).rsplit(", ", 1))
            raise TargetError(f'"{key}" is not an option of a target; there is {written}')
        if key in given:
            raise TargetError(f"{key}= is there twice; keep one")
        given[key] = known[key](value)
    return address, given


def _destination(address: str, given: Mapping[str, str]) -> Destination:
    host, port = _host_and_port(address)
    protocol, name, to = given.get("starttls"), given.get("sni"), given.get("to")
    called = host if to is None else _host_and_port(to)[0]
    server_name = name or _name_of(called)
    if protocol == TUNNEL:
        if to is None and name is None:
            raise TargetError(
                f"starttls={TUNNEL}: say what the proxy is asked for: to=HOST:PORT, or sni=NAME for port 443"
            )
        return Destination(host, port, server_name, StartTls(TUNNEL, to or f"{name}:{HTTPS_PORT}"))
    if to is not None:
        raise TargetError(f"to= goes with starttls={TUNNEL}; drop one or add the other")
    starttls = None if protocol is None else StartTls(protocol, server_name or host)
    return Destination(host, port, server_name, starttls)


def _name_of(host: str) -> str | None:
    """What a client calls a host: by its name, an address not at all (RFC 6066 section 3)."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host.rstrip(".")  # a trailing dot is not part of it (the same section)
    return None


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
    if value not in PROTOCOLS:
        raise TargetError(f"starttls={value}: there is no such protocol; there is {', '.join(PROTOCOLS)}")
    return value


def _authority(value: str) -> str:
    try:
        _host_and_port(value)
    except TargetError as error:
        raise TargetError(f"to= needs the HOST:PORT a proxy is asked for: {error}") from None
    return value


def _file(value: str) -> str:
    if not value:
        raise TargetError("cert= and key= need a PEM file after them")
    return value


_OF_A_DESTINATION: Mapping[str, Callable[[str], str]] = {
    "sni": _server_name,
    "starttls": _protocol,
    "to": _authority,
}
_OF_A_TARGET: Mapping[str, Callable[[str], str]] = {**_OF_A_DESTINATION, "cert": _file, "key": _file}
_HOW_WRITTEN = {
    "sni": "sni=NAME",
    "starttls": "starttls=PROTOCOL",
    "to": "to=HOST:PORT",
    "cert": "cert=FILE",
    "key": "key=FILE",
}
