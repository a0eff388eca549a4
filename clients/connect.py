"""Connect as a client really does: one hello after the other, each in an exchange of its own."""

import dataclasses
import os
import time
from collections.abc import Callable, Mapping

from msgspec import structs

from clients import prelude
from clients.destination import Destination
from clients.exchange import Exchange, Visit
from clients.fallback import next_attempt
from clients.observation import Attempt, Observation
from clients.pace import at_once
from clients.player import Player
from clients.starttls import PROTOCOLS
from clients.transport import Transport, TransportFailure
from handshake.crypto.credentials import Credential
from handshake.events import Phase
from handshake.hello_template import HelloTemplate
from handshake.reason import Cause, Detail, Kind, Reason, Rule
from handshake.session import Session
from handshake.transcript import Transcript
from handshake.wire.registry import ExtensionType, ProtocolVersion


def connect(
    player: Player,
    destination: Destination,
    *,
    deadline_seconds: float,
    request: bytes | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
    exchange_type: type[Exchange] = Exchange,
    credentials: Mapping[str, Credential] | None = None,
    pace: Callable[[], None] = at_once,
) -> Observation:
    """Try `player`'s hellos at `destination` until one succeeds or no further one follows.

    `request` None sends what `request_for` gives; empty ends the attempt after the handshake. `exchange_type`
    is what is done once connected; the other arguments are as in `Visit`.
    """
    asked = request_for(destination) if request is None else request
    visit = Visit(destination, deadline_seconds, asked, entropy, None, credentials or {}, pace)
    observation, _ = _try_hellos(player, visit, exchange_type)
    return observation


def resume(
    player: Player,
    destination: Destination,
    *,
    deadline_seconds: float,
    session_of: Callable[[Exchange], Session | None],
    entropy: Callable[[int], bytes] = os.urandom,
    credentials: Mapping[str, Credential] | None = None,
    pace: Callable[[], None] = at_once,
) -> Observation:
    """Connect, take the session that `session_of` finds, and connect again to resume it.

    The second connection is `later` in the observation. It fails with `policy-no-session` where the server
    gave none, and as `rule_of_full_handshake` says where it did not take it up.
    """
    asked = request_for(destination)
    visit = Visit(destination, deadline_seconds, asked, entropy, None, credentials or {}, pace)
    observation, first = _try_hellos(player, visit, Exchange)
    if not observation.is_answered:
        return observation
    session = session_of(first)
    if session is None:
        missing = Reason(Phase.RESUMPTION, Rule.NO_SESSION.cause)
        last = observation.attempts[-1]
        unmade = dataclasses.replace(last, failure=missing, transcript=(), left_out=None)
        return dataclasses.replace(observation, later=unmade)
    again = Exchange(player, first.template, structs.replace(visit, session=session))
    later = again.run()
    failure = later.failure
    if failure is not None:
        later = dataclasses.replace(later, failure=dataclasses.replace(failure, phase=Phase.RESUMPTION))
    elif later.negotiated is not None and not later.negotiated.is_resumed:
        rule = rule_of_full_handshake(first.template, later.negotiated.version)
        later = dataclasses.replace(later, failure=Reason(Phase.RESUMPTION, rule.cause))
    return dataclasses.replace(observation, later=later, response=bytes(again.answer.data))


def rule_of_full_handshake(hello: HelloTemplate, version: int) -> Rule:
    """What it means that a session offered again is not resumed. RFC 7627 section 5.3 lets a server resume up
    to TLS 1.2 only what extended_master_secret protects: then it is no server's fault.
    """
    types = {extension.extension_type for extension in hello.extensions or ()}
    if version >= ProtocolVersion.TLS_1_3 or ExtensionType.EXTENDED_MASTER_SECRET in types:
        return Rule.FULL_HANDSHAKE
    return Rule.NO_EXTENDED_MASTER_SECRET


def request_for(destination: Destination) -> bytes:
    """Return what a server is asked once connected: `GET / HTTP/1.0`, or what its protocol has instead.

    The Host field has the server name, else the address, in brackets if it is IPv6 and without its zone
    (RFC 3986 section 3.2.2, RFC 6874 section 1).
    """
    starttls = destination.starttls
    ask = None if starttls is None else PROTOCOLS[starttls.protocol].request
    if starttls is not None and ask is not None:
        return ask(starttls.name)
    host = destination.server_name or destination.host
    shown = f"[{host.partition('%')[0]}]" if ":" in host else host
    return f"GET / HTTP/1.0\r\nHost: {shown}\r\n\r\n".encode("ascii", "replace")


def reach(destination: Destination, deadline_seconds: float) -> Reason | None:
    """Open a connection, speak what comes before TLS, and leave; return why that was not possible."""
    deadline = time.monotonic() + deadline_seconds
    try:
        transport = Transport(destination, deadline)
    except TransportFailure as failure:
        seconds = deadline_seconds if failure.kind is Kind.TIMEOUT else None
        return Reason(Phase.CONNECT, Cause(failure.kind), Detail(seconds=seconds))
    with transport:
        if destination.starttls is None:
            return None
        reason = prelude.speak(destination.starttls, transport, deadline, Transcript())
    if reason is None or reason.kind is not Kind.TIMEOUT:
        return reason
    return dataclasses.replace(reason, detail=dataclasses.replace(reason.detail, seconds=deadline_seconds))


def _try_hellos(player: Player, visit: Visit, exchange_type: type[Exchange]) -> tuple[Observation, Exchange]:
    """The attempts that follow each other, and the exchange they ended with."""
    attempts: list[Attempt] = []
    index: int | None = 0
    while index is not None:
        exchange = exchange_type(player, player.hellos[index].template, visit)
        attempts.append(exchange.run())
        failure = attempts[-1].failure
        index = None if failure is None else next_attempt(player, index, failure)
    observation = Observation(
        tuple(attempts),
        exchange.certificate_sha256,
        bytes(exchange.answer.data),
        renegotiation=exchange.renegotiation,
        certificate_requested=exchange.certificate_requested,
        certificate=exchange.certificate,
    )
    return observation, exchange
