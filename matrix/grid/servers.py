"""The servers of one run: started once, by the process that controls it, and proved to answer before and
after.

The proof is a control cell: a client that must always get through (the definition's `control`) connects
first and last. Where it does not, whatever the other clients saw says nothing about them, and the server's
cells are harness errors. A target has no such client, nor has a server that is only observed; there the
control is that something accepts a connection, and lets TLS begin where other words come first: every client
says the same ones.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from msgspec.structs import replace

from clients.connect import reach
from clients.destination import HTTPS_PORT, TUNNEL, Destination, Target
from clients.profile import Profile
from clients.starttls import StartTls
from handshake.crypto.credentials import Credential
from handshake.reason import Kind
from matrix.cell import Cell
from matrix.grid.endpoint import Endpoint, Problem
from matrix.grid.run_cell import Terms, run_cell
from matrix.judgement.outcome import Expectation, Outcome, Verdict
from matrix.plan.plan import Plan
from matrix.scenarios import CLIENT_CERTIFICATE, CONNECT
from matrix.wording import advice_before_tls, printable, reason_in_words
from servers.contract import Connection, PrivateKeyAndChain
from servers.credentials import CLIENT_SUBJECT, SUBJECT, CredentialsWhenAsked, make_credentials
from servers.processes.start import start_servers as start_processes
from servers.running import NotInstalled, RunningServer, RunningServers, StartResult
from servers.variant import ServerVariant, certificate_kinds

START_SECONDS = 10.0
NOTICE_SECONDS = 1.0  # in which the end of a server's process is noticed here
StartServers = Callable[..., AbstractContextManager[RunningServers]]
# One that does not answer takes its whole time, which the others must not wait for.
CONTROLS_AT_ONCE = 8
NO_CREDENTIALS: Mapping[str, PrivateKeyAndChain] = {}


class GridServers:
    """The endpoints of a run, by server id or target name, and the second half of the proof.

    `client_credentials` are those that clients show; the servers trust them. `credentials` are the servers'.
    """

    def __init__(
        self,
        plan: Plan,
        running: RunningServers,
        client_credentials: Mapping[str, PrivateKeyAndChain],
        credentials: Mapping[str, PrivateKeyAndChain] = NO_CREDENTIALS,
    ) -> None:
        self._variants = {variant.id: variant for variant in plan.variants}
        self._profiles = plan.profiles
        self._running = running
        self.client_credentials = client_credentials
        self.credentials = credentials
        certificates = "".join(pem.chain for pem in credentials.values())
        self._terms = Terms(plan.options.timeout, credentials=read_credentials(client_credentials))
        found = {
            variant.id: replace(running_endpoint(variant, running[variant.id]), certificates=certificates)
            for variant in plan.variants
        }
        found |= {target.name: _endpoint_of(target) for target in plan.targets}
        self.endpoints = self._prove(found.values())

    def stack(self, server: str) -> str | None:
        """What the server says it is made of; None when it does not run."""
        result = self._running.get(server)
        return result.stack if isinstance(result, RunningServer) else None

    def view(self, server: str, client_port: int, since: datetime, seconds: float) -> Connection | None:
        """What the server says of the connection made from a port after a moment, waited for; never of
        targets.
        """
        if server not in self._running:
            return None
        return self._running.wait_for_connection(server, client_port, since, seconds)

    def told_and_ended(self, server: str, client_port: int, since: datetime) -> bool:
        """Whether a server that has ended had told of the connection made from a port after a moment."""
        running = isinstance(self._running.get(server), RunningServer)
        if not running or self._running.stopped(server) is None:
            return False
        return self.view(server, client_port, since, 0.0) is not None

    @property
    def problems(self) -> Mapping[str, Problem]:
        """The servers that did not answer at first, and why."""
        endpoints = self.endpoints.items()
        return {server: endpoint.problem for server, endpoint in endpoints if endpoint.problem is not None}

    def problems_now(self) -> Mapping[str, Problem]:
        """Ask every server that answered at first again; name those that no longer do."""
        answered = [endpoint for endpoint in self.endpoints.values() if endpoint.problem is None]
        return {
            server: replace(again.problem, note=f"after the run: {again.problem.note}")
            for server, again in self._prove(answered).items()
            if again.problem is not None
        }

    def _prove(self, endpoints: Iterable[Endpoint]) -> dict[str, Endpoint]:
        with ThreadPoolExecutor(CONTROLS_AT_ONCE) as pool:
            return {endpoint.server: endpoint for endpoint in pool.map(self._proved, endpoints)}

    def _proved(self, endpoint: Endpoint) -> Endpoint:
        if endpoint.problem is not None:
            return endpoint
        variant = self._variants.get(endpoint.server)
        if variant is None or variant.is_only_observed:
            assert endpoint.destination is not None, "a target has one"
            problem = unreachable(endpoint.destination, self._terms.deadline_seconds)
            return endpoint if problem is None else with_problem(endpoint, problem)
        note = _control_fails(variant, self._profiles, endpoint, self._terms)
        if note is not None and (end := self._running.stopped(endpoint.server, NOTICE_SECONDS)):
            note = f"the server stopped: {end}"
        return endpoint if note is None else with_problem(endpoint, Problem(Verdict.HARNESS_ERROR, note))


@contextmanager
def grid_servers(plan: Plan, meanwhile: Callable[[], None] = lambda: None) -> Iterator[GridServers]:
    """Start every server of the plan and stop all on exit; `meanwhile` is called while they start."""
    kinds = certificate_kinds(plan.variants)
    credentials = CredentialsWhenAsked(kinds=kinds) if plan.variants else NO_CREDENTIALS
    asks = any(variant.declared().client_certificate != "no" for variant in plan.variants)
    shows = any(scenario is CLIENT_CERTIFICATE for scenario in plan.scenarios)
    clients = make_credentials(CLIENT_SUBJECT) if asks or shows else {}
    trusted = {kind: pem.chain for kind, pem in clients.items()}
    start_servers = _starter(plan.options.backend)
    with start_servers(
        plan.variants, credentials, START_SECONDS, client_certificates=trusted, meanwhile=meanwhile
    ) as running:
        yield GridServers(plan, running, clients, credentials)


def _starter(backend: str) -> StartServers:
    """What starts servers in the backend; the library that speaks to an engine is loaded only for that."""
    if backend == "docker":
        from servers.containers.start import start_servers as start_in_containers

        return start_in_containers
    return start_processes


def with_problem(endpoint: Endpoint, problem: Problem) -> Endpoint:
    """Give the same endpoint, marked as not to be used."""
    return replace(endpoint, problem=problem)


def running_endpoint(variant: ServerVariant, result: StartResult) -> Endpoint:
    """Where clients reach what was started of a variant, or why they cannot."""
    match result:
        case RunningServer():
            starttls = _starttls(variant.definition.starttls)
            destination = Destination(result.host, result.port, SUBJECT, starttls)
            return Endpoint(result.id, destination, result.certificate_sha256)
        case NotInstalled():
            return Endpoint(result.id, problem=Problem(Verdict.NOT_INSTALLED, result.message))
        case _:
            return Endpoint(
                result.id, problem=Problem(Verdict.HARNESS_ERROR, f"did not start: {result.message}")
            )


def _endpoint_of(target: Target) -> Endpoint:
    if target.certificate is None or target.key is None:
        return Endpoint(target.name, target.destination)
    own = target.key.read_text(encoding="ascii"), target.certificate.read_text(encoding="ascii")
    return Endpoint(target.name, target.destination, own=own)


def _starttls(protocol: str | None) -> StartTls | None:
    if protocol is None:
        return None
    return StartTls(protocol, f"{SUBJECT}:{HTTPS_PORT}" if protocol == TUNNEL else SUBJECT)


def read_credentials(texts: Mapping[str, PrivateKeyAndChain]) -> dict[str, Credential]:
    """The credentials of clients, read from their texts."""
    return {kind: Credential.from_pem(pem.private_key, pem.chain) for kind, pem in texts.items()}


def _control_fails(
    variant: ServerVariant,
    profiles: Mapping[str, Profile],
    endpoint: Endpoint,
    terms: Terms,
) -> str | None:
    client = variant.definition.control
    needs_certificate = variant.declared().requires_certificate("handshake")
    scenario = CLIENT_CERTIFICATE if needs_certificate else CONNECT
    cell = Cell(variant.id, client, scenario.id)
    result, _ = run_cell(cell, profiles[client], endpoint, Expectation(), terms)
    judgement = result.judgement
    if judgement.outcome is Outcome.WORKS:
        return None
    said = judgement.note
    if judgement.reason is not None:
        said = printable(reason_in_words(judgement.reason, judgement.note))
    return f"the control client {client}, which must always get through, does not: {said}"


def unreachable(target: Destination, deadline_seconds: float) -> Problem | None:
    """Why no client can begin TLS with a target, with what to do; None if one can."""
    failure = reach(target, deadline_seconds)
    if failure is None:
        return None
    advice = "start the server or correct the address"
    if failure.kind is Kind.TIMEOUT:
        advice = f"{advice}, or give it more time (--timeout)"
    if failure.kind is Kind.UNRESOLVED:
        advice = f'correct the name "{target.host}"'
    elif target.starttls is not None and failure.kind not in (Kind.REFUSED, Kind.UNREACHABLE):
        protocol = target.starttls.protocol
        advice = advice_before_tls(failure, protocol) or f"check that the server speaks {protocol}"
        if failure.kind is Kind.TIMEOUT:
            advice = f"{advice}, or give it more time (--timeout)"
    note = printable(f"{target.address}: {reason_in_words(failure)}; {advice}")
    return Problem(Verdict.HARNESS_ERROR, note, failure)
