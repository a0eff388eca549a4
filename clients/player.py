"""What an exchange needs of a client: its hellos in the order it tries them, its limits and its policy.

A profile is one way to get a player; a hello that nobody has a profile for can be played as well.
"""

from msgspec import Struct, field

from handshake.hello_template import ClientLimits, ClientPolicy, HelloTemplate
from handshake.reason import Cause


class PlayedHello(Struct, frozen=True):
    """A hello and the causes of a failure of the hello before it that lead to it."""

    template: HelloTemplate
    after: frozenset[Cause] = frozenset()


class Player(Struct, frozen=True):
    """A client as it is played; at least one hello."""

    hellos: tuple[PlayedHello, ...]
    limits: ClientLimits = field(default_factory=ClientLimits)
    policy: ClientPolicy = field(default_factory=ClientPolicy)

    @property
    def templates(self) -> tuple[HelloTemplate, ...]:
        """The hellos alone, in order."""
        return tuple(hello.template for hello in self.hellos)
