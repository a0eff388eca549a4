"""What a target's row says of the server: the smallest set of features of the clients' hellos that separates
those that get through from those that do not.

Each feature is tried alone, then every pair, both of them or either; a feature may also be one that none of
the hellos that get through has. What comes first in that order is told, the general before the particular.
It is inferred from the clients that were tried, and no fact about the server. Pure, but for the bundled
profiles, which are read once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import combinations

from msgspec import Struct

from clients.profile import Profile, load_profiles
from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.wire.cipher_suites import CIPHER_SUITES
from handshake.wire.registry import ProtocolVersion, extension_name, is_grease, version_name
from matrix.judgement.outcome import Outcome
from matrix.prediction import offered_cipher_suites, offered_version_name, offered_versions
from matrix.results.run_file import CellRecord, RunFile
from matrix.scenarios import CONNECT

ENOUGH_CLIENTS = 4
"""Of fewer clients there is always something that one has and no other."""
_EXTERNAL, _SSLV2_FORMAT = "external", "SSLv2 format"
_VERSIONS = [version for version in ProtocolVersion if version >= ProtocolVersion.SSL_3_0]


class TriedHello(Struct, frozen=True):
    """A hello that a client has sent to the server, and whether it got through."""

    client: str
    features: tuple[str, ...]
    works: bool


class _Literal(Struct, frozen=True):
    """A feature, or that it is missing; `hellos` is the set of those it is true of, as bits."""

    feature: str
    is_there: bool
    hellos: int

    @property
    def words(self) -> str:
        return self.feature if self.is_there else f"no {self.feature}"


def inferences(run: RunFile) -> dict[str, list[str]]:
    """Give for each server what follows from its row, a sentence; nothing for one that is no target, for a
    target that did not answer all the time, for too few clients, and where all fail or none does. Clients
    that are not bundled are left out.
    """
    targets = {
        server for server, record in run.servers.items() if record.level == _EXTERNAL and not record.problem
    }
    profiles = _profiles() if targets else {}
    hellos: dict[str, list[TriedHello]] = {server: [] for server in run.servers}
    for cell in run.cells:
        if cell.server in targets and cell.scenario == CONNECT.id and cell.client in profiles:
            hellos[cell.server] += _tried(cell)
    return {server: infer(tried) for server, tried in hellos.items()}


def infer(hellos: Sequence[TriedHello]) -> list[str]:
    """Say what separates the hellos that get through from the others, or that nothing does."""
    return list(_infer(tuple(hellos)))


@lru_cache(maxsize=32)
def _infer(hellos: tuple[TriedHello, ...]) -> Sequence[str]:
    """The same; each report of a run asks for it, and all pairs of features take a while."""
    working = sum(1 << index for index, hello in enumerate(hellos) if hello.works)
    works = {hello.client for hello in hellos if hello.works}
    fails = {hello.client for hello in hellos if not hello.works} - works
    if not works or not fails or len(works) + len(fails) < ENOUGH_CLIENTS:
        return []
    literals = list(_literals(hellos))
    for literal in literals:
        if literal.hellos == working:
            return [_sentence([literal], "", len(fails))]
    for first, second in combinations(literals, 2):
        if first.hellos & second.hellos == working:
            return [_sentence([first, second], "and", len(fails))]
        if first.hellos | second.hellos == working:
            return [_sentence([first, second], "or", len(fails))]
    return [
        "nothing in the hellos, nor two things together, separates the clients that work "
        f"({len(works)}) from the others ({len(fails)})"
    ]


def features_of_hello(hello: HelloTemplate) -> tuple[str, ...]:
    """The features that are asked for, the general before the particular: versions, the format, families of
    cipher suites, extensions, cipher suites.
    """
    offered = offered_versions(hello)
    versions = [version_name(version) for version in sorted(offered)]
    versions += [f"{version_name(each)} or later" for each in _VERSIONS if max(offered, default=0) >= each]
    form = [_SSLV2_FORMAT] if hello.format is HelloFormat.SSLV2 else []
    names = [CIPHER_SUITES[code].iana for code in offered_cipher_suites(hello) if code in CIPHER_SUITES]
    extensions = [
        f"the extension {extension_name(each.extension_type)}"
        for each in hello.extensions or ()
        if not is_grease(each.extension_type)
    ]
    families = [family for name in names for family in _families(name)]
    return tuple(dict.fromkeys((*versions, *form, *families, *extensions, *names)))


@cache
def _families(name: str) -> tuple[str, ...]:
    """How a suite exchanges keys, how it encrypts, and both: ECDHE-RSA, AES-GCM, ECDHE-RSA-AES-GCM."""
    exchange, _, cipher = name.removeprefix("TLS_").rpartition("_WITH_")
    if name.endswith("_SCSV"):
        return ()
    kind = re.sub(r"_(?:MD5|SHA\d*)$", "", cipher)
    bulk = re.sub(r"_(?:40|56|128|192|256)(?=_|$)|_EDE", "", kind).replace("_", "-")
    if not exchange:
        return (bulk,)
    way = exchange.replace("_", "-")
    return f"{way} key exchange", bulk, f"{way}-{bulk}"


def _tried(cell: CellRecord) -> Iterator[TriedHello]:
    """The hellos of a cell's attempts, in order; a ladder may leave some out, so they are found by names."""
    ladder = iter(_ladder(cell.client))
    for attempt in cell.attempts:
        features = next((features for version, features in ladder if version == attempt.version), None)
        if features is None:
            return
        yield TriedHello(cell.client, features, attempt.outcome is not Outcome.FAILS)


@cache
def _ladder(client: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The version that each hello of a bundled client offers, by name, and its features."""
    templates = _profiles()[client].player.templates
    return tuple((offered_version_name(each), features_of_hello(each)) for each in templates)


def _literals(hellos: Sequence[TriedHello]) -> Iterator[_Literal]:
    """Each feature that some hello has and another has not, once for all that the same hellos have; then
    that it is missing.
    """
    having: dict[str, int] = {}
    for index, hello in enumerate(hellos):
        for feature in hello.features:
            having[feature] = having.get(feature, 0) | 1 << index
    everything = (1 << len(hellos)) - 1
    first: dict[int, str] = {}
    for feature in sorted(having, key=_rank):
        first.setdefault(having[feature], feature)
    for hellos_with, feature in first.items():
        if hellos_with != everything:
            yield _Literal(feature, True, hellos_with)
    for hellos_with, feature in first.items():
        if hellos_with != everything:
            yield _Literal(feature, False, everything & ~hellos_with)


def _rank(feature: str) -> tuple[int, str]:
    """Where a feature stands in the order of `features_of_hello`; alike ones by name."""
    kinds = (
        feature.startswith(("SSLv3", "TLSv")) and not feature.endswith(" or later"),
        feature.endswith(" or later"),
        feature == _SSLV2_FORMAT,
        not feature.startswith(("TLS_", "the extension ")),
        feature.startswith("the extension "),
    )
    return next((rank for rank, is_kind in enumerate(kinds) if is_kind), len(kinds)), feature


def _sentence(literals: Sequence[_Literal], joint: str, failing: int) -> str:
    said = f" {joint} ".join(literal.words for literal in literals)
    if len(literals) == 1 and not literals[0].is_there:
        feature = literals[0].feature
        fail = "the 1 that fails has it" if failing == 1 else f"each of the {failing} that fail has it"
        return f"works for clients without {feature}; {fail}"
    those = {"": "it", "and": "both", "or": "either"}[joint]
    negated = any(not literal.is_there for literal in literals)
    none = "the 1 that fails does not have" if failing == 1 else f"none of the {failing} that fail has"
    rest = f"{none} {those}" if not negated else f"that is true of none of the {failing} that fail"
    return f"works for clients with {said}; {rest}"


@cache
def _profiles() -> Mapping[str, Profile]:
    return load_profiles()
