"""Several features at once."""

from collections.abc import Mapping

from handshake.errors import LocalError
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate

AND = " and "


class Conjunction(Feature, frozen=True):
    """The hello has all of the features."""

    features: tuple[Feature, ...]

    @classmethod
    def notations(cls) -> Mapping[str, str]:
        """Of any features."""
        return {f"<feature>{AND}<feature>": "The hello has both features; there may be more of them."}

    @property
    def name(self) -> str:
        """Theirs, joined."""
        return AND.join(feature.name for feature in self.features)

    def describe(self) -> str:
        """In plain English."""
        return AND.join(feature.describe() for feature in self.features)

    def applies(self, flight: FirstFlight) -> bool:
        """Where they all do."""
        return all(feature.applies(flight) for feature in self.features)

    def _has(self, flight: FirstFlight) -> bool:
        return all(feature.present(flight) for feature in self.features)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        for feature in self.features:
            template = feature.with_(template)
        return template

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        """The hello without the first of them that it can do without."""
        reasons = []
        for feature in self.features:
            try:
                return feature.without(template)
            except LocalError as error:
                reasons.append(str(error))
        raise LocalError("; ".join(reasons))
