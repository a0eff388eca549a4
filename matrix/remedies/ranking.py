"""Which remedy comes first. Pure.

One that opens no hole comes before one that does, one that breaks nobody before one that does, one that is
known to do what was tried before one that is not. Then counts how many clients it fixes, and last how
invasive it is. So the first is the least that helps most.
"""

from collections.abc import Mapping

from msgspec import Struct

from matrix.judgement.outcome import Outcome
from matrix.remedies.hole import Hole, holes_of_connections, holes_of_server
from matrix.remedies.remedy import Remedy
from matrix.remedies.trying import Result, Tried
from servers.variant import ServerVariant


class Effect(Struct, frozen=True):
    """What a remedy does: the clients that work better with it than before and those that work worse, with
    the holes that it opens. `unknown` are clients of which nothing was found out; `unchanged` those that fail
    as before, although they could have been helped; `other_ways` those that fail in another way.
    """

    remedy: Remedy
    fixed: tuple[str, ...]
    broken: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    other_ways: Mapping[str, str] | None = None
    holes: tuple[Hole, ...] = ()

    @property
    def helps(self) -> bool:
        """Whether any client works better."""
        return bool(self.fixed)

    @property
    def rank(self) -> tuple[bool, bool, bool, int, int, int, str]:
        """The sort key."""
        return (
            bool(self.holes),
            bool(self.broken),
            self.remedy.confidence == "low",
            len(self.broken) - len(self.fixed),
            self.remedy.change.invasiveness,
            len(self.holes),
            self.remedy.id,
        )


def effects(tried: Tried, server: ServerVariant) -> list[Effect]:
    """The effect of each remedy that was tried, those that help first, the best of them first."""
    found = [_effect(remedy, tried.before, after, server) for remedy, after in tried.after.items()]
    return sorted(found, key=lambda effect: (not effect.helps, effect.rank))


def in_need(tried: Tried) -> list[str]:
    """The clients that a remedy could help: those that fail, or work only after a fallback."""
    return [name for name, result in tried.before.items() if result.outcome not in (None, Outcome.WORKS)]


def _effect(
    remedy: Remedy, before: Mapping[str, Result], after: Mapping[str, Result], server: ServerVariant
) -> Effect:
    fixed, broken, unknown, unchanged = [], [], [], []
    other_ways: dict[str, str] = {}
    for name, result in after.items():
        was = before[name]
        if was.outcome is None or result.outcome is None:
            unknown.append(name)
        elif result.outcome.rank > was.outcome.rank:
            fixed.append(name)
        elif result.outcome.rank < was.outcome.rank:
            broken.append(name)
        elif result.outcome is not Outcome.WORKS:
            unchanged.append(name)
            if result.reason != was.reason:
                other_ways[name] = result.reason
    connections = [after[name].negotiated for name in fixed] if remedy.setting is not None else []
    opened = holes_of_connections(each for each in connections if each is not None)
    return Effect(
        remedy,
        tuple(fixed),
        tuple(broken),
        tuple(unknown),
        tuple(unchanged),
        other_ways,
        (*holes_of_server(remedy, server), *opened),
    )
