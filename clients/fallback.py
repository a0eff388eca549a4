"""The fallback ladder: which attempt of a profile follows which failure. Pure, so a whole rule can be tested.

A hello's `after` has the failures of the hello before it that lead to it. Browsers fall
back only during the first handshake, before anything was exchanged (research note on NSS, section 4), so a
failure in another phase leads nowhere.
"""

from clients.player import Player
from handshake.events import Phase
from handshake.reason import Reason

HANDSHAKE_PHASES = frozenset(
    {Phase.CLIENT_HELLO, Phase.SERVER_HELLO, Phase.CERTIFICATE, Phase.KEY_EXCHANGE, Phase.FINISHED}
)


def next_attempt(player: Player, index: int, failure: Reason) -> int | None:
    """Return the index of the attempt that follows attempt `index` after `failure`; None ends the ladder."""
    following = index + 1
    if following >= len(player.hellos) or failure.phase not in HANDSHAKE_PHASES:
        return None
    return following if failure.cause in player.hellos[following].after else None
