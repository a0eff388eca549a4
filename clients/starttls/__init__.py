"""Protocols in which TLS begins after words in the clear, by id: the PROTOCOL of every module here."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from clients.starttls.protocol import Protocol, StartTls

__all__ = ["PROTOCOLS", "Protocol", "StartTls"]


def _collect() -> Mapping[str, Protocol]:
    modules = (import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    protocols = (module.PROTOCOL for module in modules if hasattr(module, "PROTOCOL"))
    return MappingProxyType({protocol.id: protocol for protocol in protocols})


PROTOCOLS = _collect()
