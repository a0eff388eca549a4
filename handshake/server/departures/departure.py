"""What a departure from the RFCs is: a name, what the RFCs ask of the client that meets it, and the pure
functions that rewrite what the server is about to choose or to send.

The engine offers what it has at a few places (`Departing`): the choice of version and suite, what extensions
agree on, the parameters and the scheme of a signature, a handshake message before it enters the transcript,
and a whole flight before it is cut into records. A departure says something to some of them and nothing to
the others. What is rewritten is really used: a suite that nobody offered protects the records, an added
message is in the transcript, so that a client that tolerates it can go on to the end.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from handshake.crypto.delegation import Delegation
from handshake.crypto.suite_parameters import SuiteParameters
from handshake.features import Feature, FirstFlight, parse_feature
from handshake.server.choice import Agreement, Choice
from handshake.server.steps import Flight, Steps
from handshake.wire.client_hello import ClientHello
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.registry import ProtocolVersion, alert_name

if TYPE_CHECKING:  # a configuration holds departures
    from handshake.server.configuration import ServerConfiguration

TLS_1_3 = (ProtocolVersion.TLS_1_3,)
TLS_1_2 = (ProtocolVersion.TLS_1_2,)
UP_TO_TLS_1_1 = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1)
UP_TO_TLS_1_2 = (*UP_TO_TLS_1_1, ProtocolVersion.TLS_1_2)
ALL_VERSIONS = (*UP_TO_TLS_1_2, ProtocolVersion.TLS_1_3)


class Scenario(StrEnum):
    """When a departure shows. "connect": in any handshake. The others: where the server asks for a
    renegotiation, in a renegotiation, in a resumed handshake, where the server asks for a certificate, around
    a HelloRetryRequest, which the server then sends whatever shares came.
    """

    CONNECT = "connect"
    HELLO_REQUEST = "hello-request"
    RENEGOTIATION = "renegotiation"
    RESUMPTION = "resumption"
    CLIENT_CERTIFICATE = "client-certificate"
    RETRY = "retry"


class Duty(StrEnum):
    """How far an RFC binds a client. "silent": it says nothing about the client's part."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"
    SILENT = "silent"


class Demand(Struct, frozen=True):
    """What the RFC asks of a client: to `refuse`, with `alert` where it names one, or to go on; `section` is
    where, and what the departure offends against where the RFC is silent about the client.
    """

    duty: Duty
    section: str
    refuse: bool = True
    alert: int | None = None

    def __str__(self) -> str:
        if self.duty is Duty.SILENT:
            return Duty.SILENT
        if not self.refuse:
            return f"{self.duty} go on"
        return f"{self.duty} refuse" + ("" if self.alert is None else f": {alert_name(self.alert)}")


def must_refuse(section: str, alert: int | None = None) -> Demand:
    """Make the demand of an RFC that a client MUST end the connection, with `alert` where one is named."""
    return Demand(Duty.MUST, section, alert=alert)


def should_refuse(section: str, alert: int | None = None) -> Demand:
    """Make the same with SHOULD."""
    return Demand(Duty.SHOULD, section, alert=alert)


def may_refuse(section: str, alert: int | None = None) -> Demand:
    """Make the same with MAY: going on is as right."""
    return Demand(Duty.MAY, section, alert=alert)


def must_go_on(section: str) -> Demand:
    """Make the demand that a client takes it, since the RFC allows it or has it ignored."""
    return Demand(Duty.MUST, section, refuse=False)


def silent(section: str) -> Demand:
    """Say that the RFC binds the server alone; `section` is where."""
    return Demand(Duty.SILENT, section)


class Situation(Struct, frozen=True):
    """What a departure may look at. `hello` is the one being answered, `is_renegotiation` whether there was a
    handshake before on the connection, `is_resumed` whether this one takes up a session, `next_keys` a step
    that turns to the next keys of TLS 1.3 each time it is called.
    """

    version: int
    hello: ClientHello
    suite: SuiteParameters | None
    configuration: "ServerConfiguration"
    is_renegotiation: bool
    is_resumed: bool
    entropy: Callable[[int], bytes]
    next_keys: Callable[[], Any]


def _as_it_is(_: Situation, what: Any) -> Any:
    return what


def the_message(_: Situation, message: HandshakeMessage) -> Sequence[HandshakeMessage]:
    """Leave a message as it is."""
    return (message,)


def _the_steps(_: Situation, flight: Flight, steps: Steps) -> Steps:
    return steps


def _no_messages(_: Situation, handshake_type: int) -> Sequence[HandshakeMessage]:
    return ()


def _no_group(_: Situation, groups: tuple[int, ...], shares: tuple[int, ...]) -> int | None:
    return None


class Departure(Struct, frozen=True):
    """One departure. `title` says what the server does, after "the server"; `hello` names a feature
    (`handshake.features`) that a hello must have to meet it, if not every one does. Where a hello without it
    meets it too, `otherwise` is what the RFC asks of that client: an answer of the wrong length, for one, is
    then an answer to nothing. `certificate` names the kind of the server's certificate, where it takes one
    that is not ordinary (`servers.credentials.KINDS`).

    `chooses` rewrites the choice of version, suite and group, `agrees` what extensions agree on, `parameters`
    the parameters of a ServerKeyExchange before they are signed, `scheme` the scheme of a signature,
    `delegates` what a delegated credential is made of;
    `rewrites` gives the messages that go out instead of one, `leads_in` those before a Finished or a
    CertificateVerify, which are computed from what went before; `arranges` rewrites a flight. `asks_again`
    gives the group that a HelloRetryRequest names, from the groups in common and those of the shares that
    came: it is asked in the RETRY scenario alone.
    """

    name: str
    title: str
    versions: tuple[int, ...]
    demand: Demand
    scenario: Scenario = Scenario.CONNECT
    hello: str = ""
    otherwise: Demand | None = None
    certificate: str = ""
    retries: int = 1
    chooses: Callable[[Situation, Choice], Choice] = _as_it_is
    agrees: Callable[[Situation, Agreement], Agreement] = _as_it_is
    parameters: Callable[[Situation, bytes], bytes] = _as_it_is
    scheme: Callable[[Situation, int], int] = _as_it_is
    delegates: Callable[[Situation, Delegation | None], Delegation | None] = _as_it_is
    rewrites: Callable[[Situation, HandshakeMessage], Sequence[HandshakeMessage]] = the_message
    leads_in: Callable[[Situation, int], Sequence[HandshakeMessage]] = _no_messages
    arranges: Callable[[Situation, Flight, Steps], Steps] = _the_steps
    asks_again: Callable[[Situation, tuple[int, ...], tuple[int, ...]], int | None] = _no_group

    def shows(self, situation: Situation) -> bool:
        """Whether this is a handshake in which it shows."""
        match self.scenario:
            case Scenario.RENEGOTIATION:
                is_there = situation.is_renegotiation
            case Scenario.RESUMPTION:
                is_there = situation.is_resumed
            case _:
                is_there = True
        is_there &= situation.version in self.versions
        return is_there and (self.otherwise is not None or self.is_met_by(situation.hello))

    def is_met_by(self, hello: ClientHello) -> bool:
        """Whether a hello has what `hello` names, which is nothing of the way in which it came."""
        return not self.hello or _feature(self.hello).present(FirstFlight(hello, 0, (), ()))

    def demand_on(self, hello: ClientHello) -> Demand:
        """What the RFC asks of a client that has sent this hello."""
        return self.demand if self.otherwise is None or self.is_met_by(hello) else self.otherwise


@lru_cache(maxsize=64)
def _feature(name: str) -> Feature:
    """Cached: a handshake asks at each place where a departure may show."""
    return parse_feature(name)
