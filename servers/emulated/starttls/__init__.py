"""The protocols an emulated server can play before TLS, by id: the PROTOCOL of every module here."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from servers.emulated.starttls.protocol import Protocol

__all__ = ["PROTOCOLS", "Protocol"]


def _collect() -> Mapping[str, Protocol]:
    modules = (import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    protocols = (module.PROTOCOL for module in modules if hasattr(module, "PROTOCOL"))
    return MappingProxyType({protocol.id: protocol for protocol in protocols})


PROTOCOLS = _collect()
