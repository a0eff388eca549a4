"""Which client to try next: the one whose answer leaves least, whichever it is.

What no experiment tells apart is one group, and counts as one: nobody can find out more with these clients. A
group weighs as much as its most likely member; the weights only say what is looked at first. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from handshake.features.cipher_suite_family import CipherSuiteFamily
from handshake.features.empty_last_extension import EmptyLastExtension
from handshake.features.extension import Extension
from handshake.features.extension_block import ExtensionBlock
from handshake.features.non_empty_extension import NonEmptyExtension
from handshake.features.sslv2_format import SSLv2Format
from matrix.diagnose.experiments import Experiment
from matrix.explain.hypotheses import Hypothesis
from matrix.explain.rank import rank

_DOCUMENTED = (
    Extension,
    ExtensionBlock,
    NonEmptyExtension,
    EmptyLastExtension,
    CipherSuiteFamily,
    SSLv2Format,
)
"""Kinds of which servers are known that mind them (research note on servers, section 4)."""
_OTHERS = 0.25
_DOUBTFUL = 0.25
"""What a hypothesis of another kind weighs, beside one; and one that only unsure rows speak against."""
_UNSURE = {"high": 0.0, "medium": 0.02, "low": 0.15}
_SETTING, _BY_ADDRESS = 0.03, 0.01
_MOST_GROUPS_PLANNED = 64


class Group(Struct, frozen=True):
    """Hypotheses that no experiment tells apart, the most likely first."""

    members: tuple[Hypothesis, ...]
    weight: float

    @property
    def first(self) -> Hypothesis:
        """The one that stands for it."""
        return self.members[0]


class Proposal(Struct, frozen=True):
    """A client to try. What is left if it fails in the same way, and if it works; `balance` is the smaller
    part of the weight, from 0 to 0.5 of all.
    """

    experiment: Experiment
    if_fails: tuple[Group, ...]
    if_works: tuple[Group, ...]
    balance: float


class Outlook(Struct, frozen=True):
    """The groups that are left; the best clients to try, each with another split; how many more have to be
    tried at most, whatever comes out.
    """

    groups: tuple[Group, ...]
    proposals: tuple[Proposal, ...] = ()
    most_steps: int = 0

    @property
    def is_one(self) -> bool:
        """Whether one is left."""
        return len(self.groups) == 1


def outlook(
    possible: Sequence[Hypothesis],
    doubtful: Sequence[Hypothesis],
    candidates: Iterable[Experiment],
    most: int = 3,
) -> Outlook:
    """Group what is left, and choose the best experiments."""
    hypotheses = [*possible, *doubtful]
    columns = _columns(hypotheses, candidates)
    groups = _grouped(hypotheses, frozenset(doubtful), list(columns))
    if len(groups) < 2:
        return Outlook(groups)
    masks = _by_groups(groups, hypotheses, columns)
    everything = (1 << len(groups)) - 1
    ranked = sorted(
        masks,
        key=lambda mask: (_trouble(masks[mask]) - _balance(groups, mask, everything), masks[mask].label),
    )
    proposals = tuple(
        Proposal(
            masks[mask],
            _chosen(groups, mask),
            _chosen(groups, everything & ~mask),
            _balance(groups, mask, everything),
        )
        for mask in _differing(ranked, everything)[:most]
    )
    steps = _steps(groups, list(masks), everything) if len(groups) <= _MOST_GROUPS_PLANNED else 0
    return Outlook(groups, proposals, steps)


def _columns(hypotheses: Sequence[Hypothesis], candidates: Iterable[Experiment]) -> Mapping[int, Experiment]:
    """By the hypotheses, as bits, that say that an experiment fails: the simplest experiment."""
    columns: dict[int, Experiment] = {}
    for candidate in candidates:
        flight = candidate.flight
        column = sum(1 << index for index, each in enumerate(hypotheses) if each.holds(flight))
        if column not in columns or _trouble(candidate) < _trouble(columns[column]):
            columns[column] = candidate
    return columns


def _trouble(experiment: Experiment) -> float:
    """What is taken off the balance: a hello that is not sure proves less, and a setting is more work than an
    address.
    """
    setting, profile = experiment.setting, experiment.profile.provenance.confidence
    trouble = _UNSURE[profile] + _BY_ADDRESS * experiment.is_by_address
    return trouble if setting is None else trouble + _SETTING + _UNSURE[setting.confidence]


def _grouped(
    hypotheses: Sequence[Hypothesis], doubtful: frozenset[Hypothesis], columns: Sequence[int]
) -> tuple[Group, ...]:
    found: dict[tuple[bool, ...], list[Hypothesis]] = {}
    for index, each in enumerate(hypotheses):
        signature = (each in doubtful, *(bool(column >> index & 1) for column in columns))
        found.setdefault(signature, []).append(each)
    groups = []
    for members in found.values():
        members.sort(key=lambda each: (-_weight(each, doubtful), rank(each)))
        groups.append(Group(tuple(members), _weight(members[0], doubtful)))
    return tuple(sorted(groups, key=lambda group: (-group.weight, rank(group.first))))


def _weight(hypothesis: Hypothesis, doubtful: frozenset[Hypothesis]) -> float:
    is_known = all(isinstance(part, _DOCUMENTED) for part in hypothesis.parts)
    return (1.0 if is_known else _OTHERS) * (_DOUBTFUL if hypothesis in doubtful else 1.0)


def _by_groups(
    groups: Sequence[Group], hypotheses: Sequence[Hypothesis], columns: Mapping[int, Experiment]
) -> Mapping[int, Experiment]:
    """The same over groups, of which each is decided by its first member; without what splits nothing."""
    places = [hypotheses.index(group.first) for group in groups]
    everything = (1 << len(groups)) - 1
    masks: dict[int, Experiment] = {}
    for column, experiment in columns.items():
        mask = sum(1 << index for index, place in enumerate(places) if column >> place & 1)
        if mask in (0, everything):
            continue
        if mask not in masks or _trouble(experiment) < _trouble(masks[mask]):
            masks[mask] = experiment
    return masks


def _balance(groups: Sequence[Group], mask: int, among: int) -> float:
    inside = _weight_of(groups, mask & among)
    whole = _weight_of(groups, among)
    return min(inside, whole - inside) / whole


def _weight_of(groups: Sequence[Group], mask: int) -> float:
    return sum(group.weight for index, group in enumerate(groups) if mask >> index & 1)


def _chosen(groups: Sequence[Group], mask: int) -> tuple[Group, ...]:
    return tuple(group for index, group in enumerate(groups) if mask >> index & 1)


def _differing(masks: Sequence[int], everything: int) -> list[int]:
    """The masks without those that only turn another one round."""
    kept: list[int] = []
    for mask in masks:
        if everything & ~mask not in kept:
            kept.append(mask)
    return kept


def _steps(groups: Sequence[Group], masks: Sequence[int], among: int) -> int:
    """How many experiments it takes at most, each the best one for what is left then."""
    if among & (among - 1) == 0:
        return 0
    splitting = [mask for mask in masks if mask & among not in (0, among)]
    if not splitting:
        return 0
    best = max(splitting, key=lambda mask: _balance(groups, mask, among))
    return 1 + max(_steps(groups, splitting, part) for part in (among & best, among & ~best))
