"""Tries remedies: starts the server in every variant at once, and lets every client connect to each.

A cell here is a connection as the client really makes it, judged as in a run; nothing is expected of it. A
variant that does not start has tried nothing, which is said. The first connection to a server (its control
client's) is not judged, since a Java virtual machine is slow then; and silence counts only the second time,
with more time and nothing else under way.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from msgspec import Struct, field

from clients.connect import connect
from clients.player import Player
from clients.profile import Profile
from handshake.crypto.credentials import Credential
from handshake.events import Negotiated
from handshake.reason import Kind
from matrix.grid.endpoint import Endpoint
from matrix.grid.servers import START_SECONDS, read_credentials, running_endpoint
from matrix.judgement.judge import judge
from matrix.judgement.outcome import Outcome
from matrix.remedies.remedy import Remedy
from servers.credentials import CLIENT_SUBJECT, make_credentials
from servers.processes.start import start_servers
from servers.variant import ServerVariant, certificate_kinds

_AT_ONCE = 8
_FIRST_SECONDS = 15.0
_PATIENCE = 2


class Result(Struct, frozen=True):
    """What a client got: `outcome` None where nothing was found out, and `reason` then says why; else
    `reason` is why the first attempt failed, empty where none did, and `is_silence` that the server then did
    not answer in time. `negotiated` is None where it fails.
    """

    outcome: Outcome | None
    reason: str = ""
    negotiated: Negotiated | None = None
    is_silence: bool = False


class Tried(Struct, frozen=True):
    """All results, by client: `before` without any remedy, `after` with each. `missing` says of a remedy why
    it could not be tried. A remedy at clients has results of the clients that it fits and changes.
    """

    before: Mapping[str, Result]
    after: Mapping[Remedy, Mapping[str, Result]] = field(default_factory=dict)
    missing: Mapping[Remedy, str] = field(default_factory=dict)


_Place = tuple[Remedy | None, str]
"""A remedy, None for none, and a client."""
_Cell = tuple[Endpoint, Player]
"""Where a client connects, and as what."""


class NotStartedError(Exception):
    """The server itself does not run here; the text says why and what to do."""


def try_remedies(
    variant: ServerVariant,
    remedies: Sequence[Remedy],
    clients: Sequence[str],
    profiles: Mapping[str, Profile],
    seconds: float,
) -> Tried:
    """Try each remedy on each of the `clients`; `seconds` is the time of an attempt. Raises
    NotStartedError.
    """
    variants = [variant, *(each.server for each in remedies if each.server is not None)]
    credentials = make_credentials(kinds=certificate_kinds(variants))
    shown = make_credentials(CLIENT_SUBJECT)
    trusted = {kind: pem.chain for kind, pem in shown.items()}
    plain = {name: profiles[name].player for name in clients}
    with start_servers(variants, credentials, START_SECONDS, client_certificates=trusted) as running:
        endpoints = {each.id: running_endpoint(each, running[each.id]) for each in variants}
        if (problem := endpoints[variant.id].problem) is not None:
            raise NotStartedError(f"{variant.id}: {problem.note}")
        cells: dict[_Place, _Cell] = {}
        missing: dict[Remedy, str] = {}
        for remedy in (None, *remedies):
            server = variant if remedy is None or remedy.server is None else remedy.server
            endpoint = endpoints[server.id]
            if endpoint.problem is None:
                told = plain if remedy is None else _told(remedy, plain)
                cells |= {(remedy, name): (endpoint, player) for name, player in told.items()}
            elif remedy is not None:
                missing[remedy] = endpoint.problem.note
        ask = partial(_result, credentials=read_credentials(shown))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            controls = {each.id: profiles[each.definition.control].player for each in variants}
            warm = [(each, controls[name]) for name, each in endpoints.items() if each.problem is None]
            list(pool.map(partial(ask, seconds=_FIRST_SECONDS), warm))
            results = dict(zip(cells, pool.map(partial(ask, seconds=seconds), cells.values()), strict=True))
        for place, result in results.items():
            if result.is_silence:
                results[place] = ask(cells[place], seconds=_PATIENCE * seconds)
    before = {name: result for (remedy, name), result in results.items() if remedy is None}
    after: dict[Remedy, dict[str, Result]] = {each: {} for each in remedies if each not in missing}
    for (tried, name), result in results.items():
        if tried is not None:
            after[tried][name] = result
    return Tried(before, after, missing)


def _told(remedy: Remedy, clients: Mapping[str, Player]) -> Mapping[str, Player]:
    """The clients as they are with a remedy; of one at clients those that it changes."""
    if remedy.setting is None:
        return clients
    told = {
        name: remedy.setting.told(player) for name, player in clients.items() if remedy.setting.fits(name)
    }
    return {name: player for name, player in told.items() if player is not None}


def _result(cell: _Cell, *, seconds: float, credentials: Mapping[str, Credential]) -> Result:
    endpoint, player = cell
    assert endpoint.destination is not None, "a server without a problem listens"
    seen = connect(player, endpoint.destination, deadline_seconds=seconds, credentials=credentials)
    judgement = judge(seen, None, endpoint.fingerprints)
    reason = "" if judgement.reason is None else str(judgement.reason)
    if judgement.outcome is None:
        return Result(None, judgement.note)
    is_silence = judgement.reason is not None and judgement.reason.kind is Kind.TIMEOUT
    works = judgement.outcome is not Outcome.FAILS
    return Result(judgement.outcome, reason, seen.attempts[-1].negotiated if works else None, is_silence)
