"""Hypotheses that say the same of every hello that a client could send, and so count as one.

An extension whose content was not varied is the extension; the version of a hello that nothing is above is
that version or a higher one.
"""

from collections.abc import Iterable

from handshake.features import Feature
from handshake.features.body import Body
from handshake.features.client_version import ClientVersion
from handshake.features.empty_body import EmptyBody
from handshake.features.extension import Extension
from handshake.features.lists import Lists
from handshake.features.negation import Negation
from handshake.features.version_from import VersionFrom
from matrix.explain.hypotheses import Hypothesis


def merged(possible: Iterable[Hypothesis]) -> list[Hypothesis]:
    """One of each that are alike, in the order given."""
    kept = {frozenset(map(_general, each.parts)) | {each.joint}: each for each in reversed(list(possible))}
    return list(reversed(kept.values()))


def _general(part: Feature) -> Feature:
    match part:
        case Negation(feature=feature):
            return Negation(_general(feature))
        case Body() | EmptyBody() | Lists():
            return Extension(part.extension_type)
        case ClientVersion(version=version):
            return VersionFrom(version)
        case _:
            return part
