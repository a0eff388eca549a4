"""The absence of a feature."""

from collections.abc import Mapping

from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate

NOT = "not "


class Negation(Feature, frozen=True):
    """The hello does not have the feature."""

    feature: Feature

    @classmethod
    def notations(cls) -> Mapping[str, str]:
        """With any feature."""
        return {f"{NOT}<feature>": "The hello does not have the feature."}

    @property
    def name(self) -> str:
        """The feature's, turned round."""
        return f"{NOT}{self.feature.name}"

    def describe(self) -> str:
        """In plain English: "no extension server_name"."""
        text = self.feature.describe()
        if text.startswith("no "):
            return text.removeprefix("no ")
        if text.startswith("any of "):
            return f"none{text.removeprefix('any')}"
        article, _, rest = text.partition(" ")
        return f"no {rest if article in ('a', 'an', 'the') else text}"

    def applies(self, flight: FirstFlight) -> bool:
        """Where the feature does."""
        return self.feature.applies(flight)

    def _has(self, flight: FirstFlight) -> bool:
        return not self.feature.present(flight)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return self.feature.without(template)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return self.feature.with_(template)
