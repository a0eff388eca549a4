"""Connect as a client really does: the fallback ladder, each attempt an exchange of its own."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from clients import prelude
from clients.exchange import Exchange, Setting
from clients.fallback import next_attempt
from clients.observation import Attempt, Failure, Observation
from clients.profile import Profile
from clients.starttls import PROTOCOLS, StartTls
from clients.transport import Transport, TransportFailure
from handshake.crypto.credentials import Credential
from handshake.events import Phase
from handshake.session import Session


def connect(
    profile: Profile,
    host: str,
    port: int,
    *,
    server_name: str | None,
    deadline_seconds: float,
    request: bytes | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
    exchange_type: type[Exchange] = Exchange,
    credentials: Mapping[str, Credential] | None = None,
    starttls: StartTls | None = None,
) -> Observation:
    """Walk `profile`'s ladder against `host`:`port` until an attempt succeeds or no further one follows.

    `server_name` goes into server_name extensions and the Host header; None (an address) leaves the extension
    out. `deadline_seconds` is for each attempt, since a silent server must not take the time of the retry it
    provokes. `request` None sends what `request_for` gives; empty ends the attempt after the handshake.
    `exchange_type` is what is done once connected; `credentials` by certificate type are shown when the
    server asks. `starttls` is what each attempt speaks before TLS.
    """
    if request is None:
        request = request_for(server_name or host, starttls)
    setting = Setting(server_name, request, entropy, credentials=credentials or {}, starttls=starttls)
    observation, _ = _climb(profile, host, port, setting, deadline_seconds, exchange_type)
    return observation


def resume(
    profile: Profile,
    host: str,
    port: int,
    *,
    server_name: str | None,
    deadline_seconds: float,
    request: bytes,
    session_of: Callable[[Exchange], Session | None],
    entropy: Callable[[int], bytes] = os.urandom,
    starttls: StartTls | None = None,
) -> Observation:
    """Connect, take the session that `session_of` finds, and connect again to resume it.

    The second connection is `later` in the observation. It fails with `policy-no-session` where the server
    gave none, and with `policy-full-handshake` where it did not take it up.
    """
    setting = Setting(server_name, request, entropy, starttls=starttls)
    observation, first = _climb(profile, host, port, setting, deadline_seconds, Exchange)
    if not observation.is_answered:
        return observation
    session = session_of(first)
    if session is None:
        missing = Failure(Phase.RESUMPTION, "policy-no-session")
        return replace(observation, later=replace(observation.attempts[-1], failure=missing, transcript=()))
    index = len(observation.attempts) - 1
    again = Exchange(profile, profile.attempts[index], replace(setting, session=session))
    later = again.run(host, port, deadline_seconds)
    failure = later.failure
    if failure is not None:
        later = replace(later, failure=Failure(Phase.RESUMPTION, failure.cause))
    elif later.negotiated is not None and not later.negotiated.is_resumed:
        later = replace(later, failure=Failure(Phase.RESUMPTION, "policy-full-handshake"))
    return replace(observation, later=later, response=bytes(again.answer.data))


def request_for(host: str, starttls: StartTls | None = None) -> bytes:
    """Return what a server is asked once connected: `GET / HTTP/1.0`, or what its protocol has instead.

    `host` is a name or an address, which the Host field has in brackets if it is IPv6 and without its zone
    (RFC 3986 section 3.2.2, RFC 6874 section 1).
    """
    ask = None if starttls is None else PROTOCOLS[starttls.protocol].request
    if starttls is not None and ask is not None:
        return ask(starttls.name)
    shown = f"[{host.partition('%')[0]}]" if ":" in host else host
    return f"GET / HTTP/1.0\r\nHost: {shown}\r\n\r\n".encode("ascii", "replace")


def reach(host: str, port: int, starttls: StartTls | None, deadline_seconds: float) -> Failure | None:
    """Open a connection, speak what comes before TLS, and leave; return why that was not possible."""
    started = time.monotonic()
    try:
        transport = Transport(host, port, started + deadline_seconds)
    except TransportFailure as failure:
        return Failure(Phase.CONNECT, failure.cause)
    with transport:
        if starttls is None:
            return None
        return prelude.speak(starttls, transport, started + deadline_seconds * prelude.DEADLINES, [])


def _climb(
    profile: Profile,
    host: str,
    port: int,
    setting: Setting,
    deadline_seconds: float,
    exchange_type: type[Exchange],
) -> tuple[Observation, Exchange]:
    """The ladder, and the exchange it ended with."""
    attempts: list[Attempt] = []
    index: int | None = 0
    while index is not None:
        exchange = exchange_type(profile, profile.attempts[index], setting)
        attempts.append(exchange.run(host, port, deadline_seconds))
        failure = attempts[-1].failure
        index = None if failure is None else next_attempt(profile, index, failure)
    observation = Observation(
        tuple(attempts),
        exchange.certificate_sha256,
        bytes(exchange.answer.data),
        renegotiation=exchange.renegotiation,
        certificate_requested=exchange.certificate_requested,
    )
    return observation, exchange
