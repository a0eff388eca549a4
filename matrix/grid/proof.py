"""Which results of a server that no longer answers still stand. Pure.

That a server lived at a moment is proved by a connection that began then: one that brought a client its
answer, or one that the server itself told of, which counts only where the server's process has ended, since
one that lives and answers wrongly tells of its connections, too. A result stands if it is an answer itself,
or if the server is proved to have lived after it. The moment at which the end was noticed is not used: it
comes late by as much as a pipe takes, in which a connection that the end cut off looks like any other.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct


class Conversation(Struct, frozen=True):
    """A cell's connections together. `told`: beginnings of those that the server told of; `is_answered`: the
    last of them brought an answer.
    """

    cell: str
    began: datetime
    ended: datetime
    is_answered: bool
    told: tuple[datetime, ...] = ()


def unproved(conversations: Iterable[Conversation]) -> set[str]:
    """The cells after which nothing proves that the server lived."""
    conversations = list(conversations)
    proofs = [moment for each in conversations for moment in each.told]
    proofs += [each.began for each in conversations if each.is_answered]
    return {
        each.cell
        for each in conversations
        if not each.is_answered and not any(moment >= each.ended for moment in proofs)
    }
