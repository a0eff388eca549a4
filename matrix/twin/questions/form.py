"""How strictly the server reads: which flaws of a hello it refuses, and by which alert; which it passes over.

Where a server passes over a flaw, the twin gets a way of reading of its own, which refuses no more than what
was seen to be refused. Otherwise it reads as the RFCs say, and only its alerts may differ.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from handshake.hello_template import HelloTemplate
from handshake.reason import Cause
from handshake.wire.registry import ProtocolVersion
from matrix.twin.draft import Draft, answer_of, most_frequent, reaction_of
from matrix.twin.flaws import OF_BODIES, OF_THE_FORM, OF_THE_RECORDS, Flaw
from matrix.twin.hellos import with_suites
from matrix.twin.inquiry import Asking, Inquiry, Question

_V = ProtocolVersion
_STEPS = ("choose-version", "use-version", "renegotiation-info")
"""What a stack does between reading a hello and reading the bodies of its extensions, as most do."""


def _ask(draft: Draft) -> Asking[None]:
    refused: list[tuple[Flaw, Cause]] = []
    passed: list[Flaw] = []
    for flaw in (*OF_THE_FORM, *OF_BODIES, *OF_THE_RECORDS):
        base = _base(draft, flaw)
        if base is None:
            continue
        reply = yield Inquiry(replace(base, records=()), spoiled=flaw.spoil)
        if reply.refusal is not None:
            refused.append((flaw, reply.refusal))
        elif reply.hello is not None:
            passed.append(flaw)
    _take_alerts(draft, refused)
    if any(flaw.feature is not None for flaw in passed):
        draft.emulation["reading"] = {"checks": _checks(draft, refused)}
    else:
        _take_exceptions(draft, refused)
    _take_records(draft, refused, passed)


def _base(draft: Draft, flaw: Flaw) -> HelloTemplate | None:
    """The hello that the flaw is put into."""
    below = draft.highest_before_1_3
    version = _V.TLS_1_3 if below is None or flaw.only_in_1_3 else below
    hello = draft.hellos.get(version)
    if hello is None or (hello.extensions is None and flaw.needs_extensions):
        return None
    # As short as may be, so that no flaw is blamed for a length.
    return with_suites(hello, draft.suites.get(version, hello.cipher_suites)[:1])


def _take_alerts(draft: Draft, refused: Iterable[tuple[Flaw, Cause]]) -> None:
    """Write the most frequent answer to each fault."""
    by_fault: dict[str, list[Cause]] = {}
    for flaw, cause in refused:
        by_fault.setdefault(flaw.fault, []).append(cause)
    for fault, causes in by_fault.items():
        if draft.alert(fault) is None:
            draft.refuse(fault, most_frequent(causes))


def _take_exceptions(draft: Draft, refused: Iterable[tuple[Flaw, Cause]]) -> None:
    """Write what is refused in another way than the fault that it is."""
    for flaw, cause in refused:
        if flaw.feature is not None and not _is_usual(draft, flaw, cause):
            draft.intolerance([flaw.feature], cause)


def _is_usual(draft: Draft, flaw: Flaw, cause: Cause) -> bool:
    return answer_of(cause) == draft.alert(flaw.fault)


def _checks(draft: Draft, refused: Sequence[tuple[Flaw, Cause]]) -> list[dict[str, Any]]:
    of_form = [_check(flaw, cause) for flaw, cause in refused if flaw in OF_THE_FORM]
    of_bodies = [_check(flaw, cause) for flaw, cause in refused if flaw in OF_BODIES]
    return [*of_form, *({"step": step} for step in _STEPS), *of_bodies]


def _check(flaw: Flaw, cause: Cause) -> dict[str, Any]:
    return {"features": [flaw.feature], "reaction": reaction_of(cause)}


def _take_records(draft: Draft, refused: Iterable[tuple[Flaw, Cause]], passed: Iterable[Flaw]) -> None:
    for flaw in passed:
        if flaw.lenient:
            draft.emulation.setdefault("records", {}).update(flaw.lenient)
        elif flaw.feature is None:
            draft.note(f"the server answers a hello that {flaw.title}, which the twin refuses")
    for flaw, cause in refused:
        if flaw.feature is None and not _is_usual(draft, flaw, cause):
            usual = draft.alert(flaw.fault)
            draft.note(f"a hello that {flaw.title} ends with {cause}, the twin's with {usual}")


QUESTION = Question("form", "how strictly it reads", _ask)
