"""The client has a certificate that the server trusts, and shows it when asked."""

from dataclasses import replace

from clients.observation import Observation
from clients.player import Player
from handshake.events import Phase
from handshake.reason import Rule
from matrix.judgement.outcome import Outcome
from matrix.prediction import Agreement, Prediction, ServerFacts, refused
from matrix.scenarios.scenario import Meeting, Scenario

NOT_REQUESTED = refused(Phase.CERTIFICATE, Rule.NOT_REQUESTED)


def _carry_out(meeting: Meeting) -> Observation:
    observation = meeting.connect(credentials=meeting.credentials)
    if not observation.is_answered or observation.certificate_requested:
        return observation
    *before, last = observation.attempts
    failed = replace(last, failure=NOT_REQUESTED)
    return replace(observation, attempts=(*before, failed))


def _predict(client: Player, server: ServerFacts, agreement: Agreement) -> Prediction | None:
    if server.declared.requests_certificate("handshake"):
        return None
    why = "the server does not ask for a certificate in the handshake, as it is set up"
    return Prediction(Outcome.NOT_APPLICABLE, why, NOT_REQUESTED)


SCENARIO = Scenario(
    id="client-certificate",
    title="connect with a certificate that the server trusts, shown when it asks for one",
    carry_out=_carry_out,
    predict=_predict,
    shows_certificate=True,
)
