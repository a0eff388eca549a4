"""What is expected of a cell where no file says it: what the two definitions say, toggles included.

A `connect` that the definitions predict is expected to end like that, for the reason they give where they
give one.

A cell that must connect first keeps what is expected of `connect`; what comes after that follows what the
server declares. Pure.
"""

from msgspec import Struct

from clients.player import Player
from handshake.client.renegotiation import signals_rfc5746
from handshake.events import Phase
from handshake.reason import Reason, parse_cause
from handshake.wire.registry import ProtocolVersion
from matrix.cell import Cell
from matrix.expectations.files import DEFAULT, Expectations
from matrix.judgement.outcome import Expectation, Outcome
from matrix.prediction import Agreement, Prediction, ServerFacts, agreement
from matrix.scenarios import CONNECT, SCENARIOS
from servers.variant import ServerVariant, plain_variant


class Facts(Struct, frozen=True):
    """A client and a server as their definitions have them; `connects_like` is the id of the server variant
    that connects in the same way: the toggles that matter only once connected stand at their defaults;
    `prediction` is that of connecting.
    """

    client: Player
    server: ServerFacts
    connects_like: str
    prediction: Prediction | None


def connects_like(variant: ServerVariant) -> str:
    """The id of the variant without the toggles that matter only once connected."""
    plain = plain_variant(variant.definition, variant.level).toggles
    toggles = {
        name: plain[name] if variant.definition.toggles[name].once_connected else value
        for name, value in variant.toggles.items()
    }
    return ServerVariant(variant.definition, variant.level, toggles).id


def expected_of(
    cell: Cell, facts: Facts, expectations: Expectations
) -> tuple[Expectation, Prediction | None]:
    """Give what is expected of a cell, and what the definitions say of it beyond connecting."""
    connecting = expectations.explicit(Cell(facts.connects_like, cell.client, CONNECT.id))
    connecting = connecting or _as_predicted(facts.prediction)
    beyond = None
    if connecting.outcome is not Outcome.FAILS:
        after_fallback = connecting.outcome is Outcome.WORKS_AFTER_FALLBACK
        agreed = agreement(facts.client, facts.server, after_fallback=after_fallback)
        beyond = None if agreed is None else _beyond_connecting(cell, facts, agreed)
    explicit = expectations.explicit(cell)
    explicit = explicit or expectations.explicit(Cell(facts.connects_like, cell.client, cell.scenario))
    if beyond is None:
        return explicit or connecting, None
    # The reason is that of the first attempt that fails, which a fallback has had already; where a scenario
    # does not apply it is why not, and where it makes probes what they amount to.
    is_of_attempts = (
        beyond.outcome is not Outcome.NOT_APPLICABLE and not SCENARIOS[cell.scenario].makes_probes
    )
    reason = (connecting.reason or beyond.reason) if is_of_attempts else beyond.reason
    derived = Expectation(beyond.outcome, reason, beyond.why)
    is_connect = SCENARIOS[cell.scenario] is CONNECT
    return derived if explicit is None or is_connect else explicit, beyond


def _as_predicted(prediction: Prediction | None) -> Expectation:
    if prediction is None:
        return DEFAULT
    return Expectation(prediction.outcome, prediction.reason, prediction.why)


def _beyond_connecting(cell: Cell, facts: Facts, agreed: Agreement) -> Prediction | None:
    scenario, declared = SCENARIOS[cell.scenario], facts.server.declared
    is_legacy = agreed.version < ProtocolVersion.TLS_1_3 and not signals_rfc5746(agreed.hello)
    if is_legacy and not declared.renegotiation.legacy_hello:
        why = "the server requires RFC 5746 of every hello, as it is set up"
        return _refusal(Phase.SERVER_HELLO, declared.renegotiation.legacy_hello_refusal, why)
    if declared.requires_certificate("handshake") and not scenario.shows_certificate:
        is_tls13 = agreed.version >= ProtocolVersion.TLS_1_3
        # In TLS 1.3 a client is connected before the server has seen its certificate (RFC 8446 section 2).
        phase = Phase.APPLICATION_DATA if is_tls13 else Phase.FINISHED
        cause = declared.missing_certificate_in_tls13 if is_tls13 else declared.missing_certificate
        return _refusal(phase, cause, "the server requires a certificate, as it is set up")
    return scenario.predict(facts.client, facts.server, agreed)


def _refusal(phase: Phase, cause: str, why: str) -> Prediction:
    return Prediction(Outcome.FAILS, why, Reason(phase, parse_cause(cause)))
