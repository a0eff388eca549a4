"""What a hello has, as objects: each can be looked for, taken away, added and described.

Servers' intolerances and checks are tied to features, and two hellos are compared by them. A kind of feature
is one class in one file of this folder, found by itself.
"""

from handshake.features.collection import (
    differences,
    features_in,
    features_of,
    kinds,
    notations,
    parse_feature,
)
from handshake.features.feature import Feature, FeatureError
from handshake.features.flight import FirstFlight, HelloRecord, flight_of, recorded_flight, template_of

__all__ = [
    "Feature",
    "FeatureError",
    "FirstFlight",
    "HelloRecord",
    "differences",
    "features_in",
    "features_of",
    "flight_of",
    "kinds",
    "notations",
    "parse_feature",
    "recorded_flight",
    "template_of",
]
