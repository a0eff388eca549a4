"""What a scenario is: something to ask of a client and a server, carried out on real connections.

A scenario is a value in a module of its own in this folder, called SCENARIO; adding one is adding a file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from clients.connect import connect, request_for
from clients.exchange import Exchange
from clients.observation import Observation
from clients.profile import Profile
from clients.starttls import StartTls
from handshake.crypto.credentials import Credential
from matrix.prediction import Agreement, ClientFacts, Prediction, ServerFacts


@dataclass(frozen=True, slots=True)
class Meeting:
    """A client and the server it is to meet. `deadline_seconds` is for each connection; `credentials` by
    certificate type are those the server trusts, for scenarios that show one; `starttls` is what is spoken
    before TLS.
    """

    profile: Profile
    host: str
    port: int
    server_name: str | None
    deadline_seconds: float
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    starttls: StartTls | None = None

    @property
    def request(self) -> bytes:
        """The one request of every scenario."""
        return request_for(self.server_name or self.host, self.starttls)

    def connect(
        self,
        exchange_type: type[Exchange] = Exchange,
        credentials: Mapping[str, Credential] | None = None,
    ) -> Observation:
        """Connect as ever, do as `exchange_type` does once connected, and show the credentials when asked."""
        return connect(
            self.profile,
            self.host,
            self.port,
            server_name=self.server_name,
            deadline_seconds=self.deadline_seconds,
            request=self.request,
            exchange_type=exchange_type,
            credentials=credentials,
            starttls=self.starttls,
        )


def nothing_to_add(client: ClientFacts, server: ServerFacts, agreement: Agreement) -> Prediction | None:
    """Predict no more than that they connect."""
    return None


@dataclass(frozen=True, slots=True)
class Scenario:
    """`carry_out` lets them meet and tells what was seen; whatever the peer does is an observation.

    `predict` says, from both definitions and what they agree on, how it ends beyond connecting: an exact
    failure, or None when it works. `is_default`: done when no scenario is chosen. `shows_certificate`: the
    client has one to show.
    """

    id: str
    title: str
    carry_out: Callable[[Meeting], Observation]
    predict: Callable[[ClientFacts, ServerFacts, Agreement], Prediction | None] = nothing_to_add
    is_default: bool = False
    shows_certificate: bool = False
