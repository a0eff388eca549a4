"""How strictly the server reads: which flaws of a hello it refuses, and by which alert; which it passes over."""

from collections.abc import Iterable
from dataclasses import replace

from handshake.hello_template import HelloTemplate
from handshake.reason import Cause
from handshake.wire.registry import ProtocolVersion
from matrix.twin.draft import Draft, answer_of, most_frequent
from matrix.twin.flaws import OF_THE_FORM, OF_THE_RECORDS, Flaw
from matrix.twin.inquiry import Asking, Inquiry, Question

_V = ProtocolVersion


def _ask(draft: Draft) -> Asking[None]:
    below = draft.highest_before_1_3
    hello = draft.hellos[_V.TLS_1_3 if below is None else below]
    refused: list[tuple[Flaw, Cause]] = []
    passed: list[Flaw] = []
    for flaw in (*OF_THE_FORM, *OF_THE_RECORDS):
        base = draft.hellos.get(_V.TLS_1_3) if flaw.only_in_1_3 else hello
        if base is None or (base.extensions is None and _needs_extensions(flaw)):
            continue
        reply = yield Inquiry(_in_one_record(base), spoiled=flaw.spoil)
        if reply.refusal is not None:
            refused.append((flaw, reply.refusal))
        elif reply.hello is not None:
            passed.append(flaw)
    _take(draft, refused)
    if passed:
        draft.note(f"the server answers hellos that the twin refuses: one that {_listed(passed)}")


def _in_one_record(hello: HelloTemplate) -> HelloTemplate:
    return replace(hello, records=())


def _needs_extensions(flaw: Flaw) -> bool:
    return flaw in OF_THE_FORM and "extension" in (flaw.feature or "")


def _take(draft: Draft, refused: Iterable[tuple[Flaw, Cause]]) -> None:
    """Write the most frequent answer to a fault for the fault, and what differs as an intolerance."""
    by_fault: dict[str, list[tuple[Flaw, Cause]]] = {}
    for flaw, cause in refused:
        by_fault.setdefault(flaw.fault, []).append((flaw, cause))
    for fault, found in by_fault.items():
        known = draft.emulation.get("alerts", {}).get(fault)
        usual = most_frequent(cause for _, cause in found)
        if known is None:
            draft.refuse(fault, usual)
            known = None if usual is None else answer_of(usual)
        for flaw, cause in found:
            if answer_of(cause) == known:
                continue
            if flaw.feature is None:
                draft.note(f"a hello that {flaw.title} ends with {cause}, the twin's with {known}")
            else:
                draft.intolerance([flaw.feature], cause)


def _listed(flaws: Iterable[Flaw]) -> str:
    return ", one that ".join(flaw.title for flaw in flaws)


QUESTION = Question("form", "how strictly it reads", _ask)
