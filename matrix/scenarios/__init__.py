"""The scenarios, by id: the SCENARIO of every module in this folder."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from matrix.scenarios.client_certificate import SCENARIO as CLIENT_CERTIFICATE
from matrix.scenarios.connect import SCENARIO as CONNECT
from matrix.scenarios.scenario import Meeting, Scenario

__all__ = ["CLIENT_CERTIFICATE", "CONNECT", "SCENARIOS", "Meeting", "Scenario"]


def _collect() -> Mapping[str, Scenario]:
    modules = (import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    scenarios = (module.SCENARIO for module in modules if hasattr(module, "SCENARIO"))
    return MappingProxyType({scenario.id: scenario for scenario in scenarios})


SCENARIOS = _collect()
