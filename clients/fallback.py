"""The fallback ladder: which attempt of a profile follows which failure. Pure, so a whole rule can be tested.

A profile's `after` names failures of the attempt before, in the words of `clients.triggers`. Browsers fall
back only during the first handshake, before anything was exchanged (research note on NSS, section 4), so a
failure in another phase leads nowhere.
"""

from clients.observation import Failure
from clients.profile import Profile
from handshake.events import Phase

HANDSHAKE_PHASES = frozenset(
    {Phase.CLIENT_HELLO, Phase.SERVER_HELLO, Phase.CERTIFICATE, Phase.KEY_EXCHANGE, Phase.FINISHED}
)


def next_attempt(profile: Profile, index: int, failure: Failure) -> int | None:
    """Return the index of the attempt that follows attempt `index` after `failure`; None ends the ladder."""
    following = index + 1
    if following >= len(profile.attempts) or failure.phase not in HANDSHAKE_PHASES:
        return None
    return following if failure.cause in profile.attempts[following].causes else None
