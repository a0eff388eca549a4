"""An explanation as a run keeps it for each cell that shares the cause. Pure."""

from collections.abc import Iterator

from handshake.hello_template import HelloTemplate
from matrix.explain.advice import advice
from matrix.explain.result import MOST_TOLD, Explanation
from matrix.explain.words import confidence, proof_sentence
from matrix.results.explained import ExplanationRecord, RemedyRecord

MOST_REMEDIES = 4
"""On each side."""


def kept(explanation: Explanation, asked: str, client: str, hello: HelloTemplate) -> ExplanationRecord:
    """What is kept for a cell of `client`, which says this hello, of what was found out with the client
    `asked`.
    """
    return ExplanationRecord(
        result=explanation.kind.value,
        client=asked,
        confidence=confidence(explanation),
        proof=proof_sentence(explanation.proof) if explanation.proof is not None else "",
        connections=explanation.probes,
        remedies=list(_remedies(explanation, client, hello)),
    )


def _remedies(explanation: Explanation, client: str, hello: HelloTemplate) -> Iterator[RemedyRecord]:
    if not 0 < len(explanation.causes) <= MOST_TOLD:
        return
    found = advice(explanation.causes, client, hello)
    for setting in found.settings[:MOST_REMEDIES]:
        yield RemedyRecord(side="client", how=setting.how, source=setting.source)
    for product in found.products[:MOST_REMEDIES]:
        yield RemedyRecord(side="server", how=f"{product.remedy} (of {product.who})", source=product.source)
