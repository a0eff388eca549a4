"""The rows of the renegotiation grid: as measured on Java 6 and 7, and as asked of stacks that run here."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bench.fidelity.answers import Answer
from bench.fidelity.measured import VECTORS
from bench.fidelity.renegotiation import ClientBegins, ServerAsks

TOGGLES = {
    "default": "",
    "allowUnsafeRenegotiation=true": ",renegotiation=legacy",
    "allowLegacyHelloMessages=false": ",legacy-hello=no",
    "allowLegacyHelloMessages=false, allowUnsafeRenegotiation=true": ",legacy-hello=no,renegotiation=legacy",
    "jdk.tls.rejectClientInitiatedRenegotiation=true": "",  # it has no effect, which is what was measured
}
"""The settings that were measured, by the toggles that stand for them."""


@dataclass(frozen=True, slots=True)
class GridStack:
    """A real server whose renegotiations are asked beside its emulation's: its id, the protocol versions it
    is asked in, and the toggles that both have; `asks`: it can be made to ask for a renegotiation, and still
    answers afterwards.
    """

    server: str
    versions: tuple[str, ...]
    toggles: tuple[str, ...]
    asks: bool = True


GRID_STACKS = {
    "jsse17-emulated@17": GridStack(
        "jsse@17,configuration=legacy",
        ("3.0", "3.1"),
        ("", ",renegotiation=legacy", ",legacy-hello=no", ",client-initiated=no"),
    ),
    "openssl-3.0-emulated@3.0": GridStack(
        "openssl-s_server@system,configuration=legacy",
        ("3.1",),
        ("", ",client-initiated=yes", ",client-initiated=yes,renegotiation=legacy", ",renegotiation=off"),
        asks=False,  # -www closes after one answer
    ),
    "tlslite-emulated@0.8.2": GridStack("tlslite@0.8.2", ("3.0", "3.1"), ("",), asks=False),
}
"""By the id of the emulated server."""

INITIAL = ("none", "RI", "SCSV")
SECOND = ("none", "good", "empty", "zero_len", "SCSV", "wrong", "good+SCSV")
REACTIONS = ("ignore_and_send_request", "hello_none", "hello_good", "warning_no_renegotiation")


@cache
def recorded(name: str) -> Mapping[str, Any]:
    """One of the two vector files: cases and outcomes."""
    content: Mapping[str, Any] = json.loads((VECTORS.parent / name).read_text())
    return content


def outcome_at(case: Mapping[str, Any], level: str) -> str | None:
    """The name of a case's outcome at a level; None where the level was not asked, or has no such property.

    Before 6u19 there is no property, before 6u22 only one: what "*" says is about the other levels.
    """
    settings = case["settings"]
    if level in ("6-early", "6u18") and settings != "default":
        return None
    if level == "6u21" and "LegacyHello" in settings:
        return None
    name = case["outcome"].get(level, case["outcome"].get("*"))
    return None if name is None else str(name)


def measured_rows(level: str, settings: str) -> Iterator[tuple[ClientBegins | ServerAsks, Answer]]:
    """Each question of a level in a setting, with the answer that was recorded."""
    for name in ("jsse-renegotiation.json", "jsse-server-initiated.json"):
        vectors = recorded(name)
        for case in vectors["cases"]:
            outcome = outcome_at(case, level)
            if case["settings"] != settings or outcome is None:
                continue
            expected = recorded_answer(vectors["outcomes"][outcome])
            if "client" in case:
                if case["client"] != "silence":  # what comes then is the application's read timeout
                    yield ServerAsks(case["version"], case["initial"], case["client"]), expected
            else:
                special = case.get("special") or ""
                yield ClientBegins(case["version"], case["initial"], case["second"], special), expected


def recorded_answer(outcome: Mapping[str, Any]) -> Answer:
    """A recorded outcome in the form of a live answer, as far as it goes.

    Left out: the names of the messages, which are in the result; a second attempt, which the tests make; and
    what the recording client could not see, where it was thrown out while still writing or did not know the
    version.
    """
    if "initial" in outcome:
        return {"initial": "fatal handshake_failure(40)"}
    if "first" in outcome:
        return _recorded_server_asks(outcome)
    answer = {key: outcome[key] for key in _CLIENT_BEGINS if key in outcome}
    if answer.get("result") == "closed":
        del answer["result"]
    return answer | {"first_renegotiation_info": outcome.get("first_renegotiation_info")}


_CLIENT_BEGINS = (
    "result",
    "second_version",
    "second_renegotiation_info",
    "same_session",
    "request_after",
    "end",
)


def _recorded_server_asks(outcome: Mapping[str, Any]) -> Answer:
    answer: dict[str, Any] = {"first": outcome["first"]}
    if "renegotiation" in outcome:
        answer["then"] = [outcome["renegotiation"]]
    elif then := [word for word in outcome.get("then", ()) if word.startswith("fatal")]:
        answer["then"] = then
    if "next_request" in outcome:
        answer["next_request"] = outcome["next_request"]
    return answer


def in_recorded_terms(answer: Answer, recorded: Answer) -> Answer:
    """What of a live answer was recorded too; an answer of another shape is given as it is."""
    if "initial" in answer or not recorded.keys() <= answer.keys():
        return answer
    return {key: answer[key] for key in recorded}


def stack_rows(stack: GridStack) -> list[ClientBegins | ServerAsks]:
    """What is asked of a stack and its emulation: no request first, since some answer only one."""
    versions = stack.versions
    begins = [
        ClientBegins(version, initial, second, "no_request_before")
        for version in versions
        for initial in INITIAL
        for second in SECOND
    ]
    asks = [
        ServerAsks(version, initial, reaction)
        for version in versions
        for initial in ("none", "RI")
        for reaction in REACTIONS
        if stack.asks
    ]
    return [*begins, *asks]
