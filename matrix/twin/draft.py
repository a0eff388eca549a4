"""The definition of a twin in the making: what the questions have found out, and the tables that follow.
Pure.

`declared` and `emulation` are the tables of a server.toml as they are written there, so that the twin is read
like any other definition. `notes` say what could not be decided, and why.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from handshake.features import flight_of, parse_feature
from handshake.hello_template import HelloTemplate
from handshake.reason import Cause, Kind
from handshake.wire.registry import ProtocolVersion
from matrix.twin.hellos import SSL_AND_TLS
from matrix.twin.inquiry import Asking, ask
from matrix.twin.reply import Reply


@dataclass
class Draft:
    """What is known so far. `hellos` are those of each version that the server answers in it, from which all
    others are made; `suites` those it has taken in each version, in the order it gave them; `refusals` are
    what answers the versions that it has not; `candidates` are hellos of clients, for a server that takes
    none of the questions' own. `certificate_kind` is the kind of the server's one certificate
    (`servers.credentials.KINDS`), None where ordinary ones stand for it. `asked` are the replies to hellos
    that more than one question wants to know.
    """

    candidates: tuple[HelloTemplate, ...] = ()
    declared: dict[str, Any] = field(default_factory=dict)
    emulation: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    hellos: dict[int, HelloTemplate] = field(default_factory=dict)
    suites: dict[int, tuple[int, ...]] = field(default_factory=dict)
    refusals: dict[int, Cause] = field(default_factory=dict)
    certificate_kind: str | None = None
    asked: dict[HelloTemplate, Reply] = field(default_factory=dict)

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions that the server has, the highest first."""
        return tuple(version for version in SSL_AND_TLS if version in self.hellos)

    @property
    def highest_before_1_3(self) -> int | None:
        """The highest version below TLS 1.3; None where there is none."""
        return next((version for version in self.versions if version < ProtocolVersion.TLS_1_3), None)

    def ask(self, hello: HelloTemplate) -> Asking[Reply]:
        """Ask with a hello, unless that was done."""
        if hello not in self.asked:
            self.asked[hello] = yield from ask(hello)
        return self.asked[hello]

    def note(self, text: str) -> None:
        """Say what could not be decided."""
        if text not in self.notes:
            self.notes.append(text)

    def refuse(self, fault: str, cause: Cause | None) -> None:
        """Have a fault answered so; a cause that is no action of the server's is not known."""
        answer = None if cause is None else answer_of(cause)
        if answer is not None:
            self.emulation.setdefault("alerts", {})[fault] = answer

    def alert(self, fault: str) -> str | None:
        """What answers a fault, as far as it was seen."""
        alerts: Mapping[str, str] = self.emulation.get("alerts", {})
        return alerts.get(fault)

    def minds(self, hello: HelloTemplate) -> bool:
        """Whether an intolerance that is known already is to blame for the refusal of a hello."""
        flight = flight_of(hello)
        entries = self.emulation.get("intolerance", ())
        names = (feature for entry in entries if "after" not in entry for feature in entry["features"])
        return any(parse_feature(name).present(flight) for name in names)

    def intolerance(self, features: Iterable[str], cause: Cause, *, first: bool = False, **more: Any) -> None:
        """Have hellos with any of the features refused so; `first` before the other intolerances."""
        reaction = reaction_of(cause)
        if reaction is None:
            self.note(f"a hello with {', '.join(features)} ends with {cause}, which no reaction says")
            return
        entry = {"features": list(features), "reaction": reaction, **more}
        intolerances = self.emulation.setdefault("intolerance", [])
        intolerances.insert(0 if first else len(intolerances), entry)


Value = TypeVar("Value")

_ENDINGS: Mapping[Kind, str] = {Kind.FIN: "fin", Kind.RESET: "reset", Kind.TIMEOUT: "hang"}


def answer_of(cause: Cause) -> str | None:
    """What a table of alerts has for a cause: the name of an alert, or an ending without one."""
    if cause.kind is Kind.ALERT:
        return cause.what
    return "close_notify" if cause.kind is Kind.CLOSE_NOTIFY else _ENDINGS.get(cause.kind)


def reaction_of(cause: Cause) -> str | None:
    """The same as the reaction of an intolerance."""
    answer = answer_of(cause)
    if answer is None or answer in _ENDINGS.values():
        return answer
    return f"alert:{answer}"


def most_frequent(causes: Iterable[Cause]) -> Cause | None:
    """The cause that is there most often, of several the first; None of none."""
    found = list(causes)
    return max(found, key=found.count) if found else None


def without_repetitions(values: Iterable[Value]) -> Iterator[Value]:
    """Each value once, in order."""
    yield from dict.fromkeys(values)
