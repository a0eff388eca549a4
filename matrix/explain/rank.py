"""Which of several hypotheses that nothing tells apart comes first: the simpler and the more usual one."""

from handshake.features import Feature
from handshake.features.arguments import NumbersFeature
from handshake.features.cipher_suite import CipherSuite
from handshake.features.extension import Extension
from handshake.features.extension_block import ExtensionBlock
from handshake.features.lists import Lists
from handshake.features.negation import Negation
from handshake.features.offers_version import OffersVersion
from handshake.features.sslv2_format import SSLv2Format
from handshake.features.version_from import VersionFrom
from matrix.explain.hypotheses import Hypothesis

_ORDER: tuple[type[Feature], ...] = (
    SSLv2Format,
    ExtensionBlock,
    Extension,
    CipherSuite,
    Lists,
    VersionFrom,
    OffersVersion,
)


def rank(hypothesis: Hypothesis) -> tuple[int, int, int, int, str]:
    """The sort key: few parts first, then presence before absence, then the kinds in their order."""
    inner = [part.feature if isinstance(part, Negation) else part for part in hypothesis.parts]
    places = [_ORDER.index(type(each)) if type(each) in _ORDER else len(_ORDER) for each in inner]
    numbers = sum(isinstance(each, NumbersFeature) for each in inner)
    missing = sum(isinstance(part, Negation) for part in hypothesis.parts)
    return len(hypothesis.parts), numbers, missing, sum(places), hypothesis.name
