"""Profile against genuine: the cells of a profile beside those of the program that it plays, in one run.
Pure.

A profile names its program by id. Where that very version is no column, the newest of the same program with
the same major and minor version stands for it, since a distribution's version drifts (Debian's 3.0.19,
3.0.22); of OpenSSL before 3, with the same three numbers (1.0.1e, 1.0.1u).

Two cells are alike in outcome, reason, and the version and cipher suite agreed on. What a server does is the
same word in both. A profile says which rule of its own it follows when it refuses, a program only shows the
alert it sends; so of refusals the phase and the alert count. Where several messages had come to the program
at once, it is not known which it refused, and the phase does not count.
"""

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from clients.genuine.program import PREFIX
from handshake.reason import Kind, Reason, Rule
from matrix.results.run_file import CellRecord, NegotiatedRecord, RunFile

_VERSIONED = re.compile(r"(?P<program>.+)-(?P<major>\d+)\.(?P<minor>\d+)(?P<third>\.\d+(?=[a-z]))?[^-]*")
"""Where a letter is behind the third number, as in OpenSSL 1.0.1u, that number counts too."""


class Pair(Struct, frozen=True):
    """A cell of a profile and the same of the program that it plays; `differences` are what is not alike."""

    profile: CellRecord
    program: CellRecord

    @property
    def is_measured(self) -> bool:
        """Whether both have an outcome."""
        return self.profile.outcome is not None and self.program.outcome is not None

    @property
    def differences(self) -> list[str]:
        """What differs, a word each; nothing where one of them was not measured."""
        if not self.is_measured:
            return []
        one, other = self.profile, self.program
        reasons = one.detailed_reason, other.detailed_reason
        first = int(any(reason is not None and reason.detail.phase_unsure for reason in reasons))
        compared = (
            ("outcome", one.outcome, other.outcome),
            ("reason", _shown(reasons[0])[first:], _shown(reasons[1])[first:]),
            ("negotiated", _agreed(one.negotiated), _agreed(other.negotiated)),
        )
        return [name for name, mine, its in compared if mine != its]


def pairs(run: RunFile) -> list[Pair]:
    """Every cell of a profile whose program has the same cell, in order."""
    programs = _programs(run)
    stand_for = {
        client: stands_for(record.plays, programs)
        for client, record in run.clients.items()
        if record.plays is not None and programs
    }
    cells = run.by_id() if programs else {}
    found = []
    for cell in run.cells if programs else ():
        other = cells.get(f"{cell.server}/{stand_for.get(cell.client)}/{cell.scenario}")
        if other is not None:
            found.append(Pair(cell, other))
    return sorted(found, key=lambda pair: pair.profile.id)


def _programs(run: RunFile) -> list[str]:
    return [client for client in run.clients if client.startswith(PREFIX)]


def differences(run: RunFile) -> list[Pair]:
    """The pairs that are not alike."""
    return [pair for pair in pairs(run) if pair.differences]


def compared_with_none(run: RunFile) -> list[tuple[str, str]]:
    """The profiles that play a program of which a run with genuine programs has no column, each with it."""
    programs = _programs(run)
    if not programs:
        return []
    return [
        (client, record.plays)
        for client, record in sorted(run.clients.items())
        if record.plays is not None and stands_for(record.plays, programs) is None
    ]


def stands_for(plays: str, clients: Iterable[str]) -> str | None:
    """The client that is the program named: that very one, else the newest of its major and minor version."""
    known = set(clients)
    if plays in known:
        return plays
    wanted = _VERSIONED.fullmatch(plays)
    alike = []
    for client in known:
        found = _VERSIONED.fullmatch(client)
        if wanted is not None and found is not None and found.groups() == wanted.groups():
            alike.append(client)
    return max(alike, key=_in_order, default=None)


def _in_order(client: str) -> list[tuple[int, str]]:
    """Sort 3.0.9 before 3.0.22, and 1.1.1a before 1.1.1l."""
    return [(int(number or 0), text) for number, text in re.findall(r"(\d+)|(\D+)", client)]


def shown_reason(reason: Reason | None) -> str:
    """What counts of a reason."""
    return " ".join(_shown(reason))


def _shown(reason: Reason | None) -> tuple[str, ...]:
    return () if reason is None else tuple(_parts(reason))


def _parts(reason: Reason) -> Iterator[str]:
    yield reason.phase.value
    if reason.kind not in (Kind.POLICY, Kind.PROTOCOL_ERROR):
        yield str(reason.cause)
    elif reason.detail.alert_sent:
        yield f"client-alert-{reason.detail.alert_sent}"
    else:
        named = reason.what.removeprefix(f"{Rule.ALERT}-")
        yield f"client-alert-{named}" if named != reason.what else f"client-{Rule.CLOSES}"


def _agreed(negotiated: NegotiatedRecord | None) -> tuple[str, str] | None:
    return None if negotiated is None else (negotiated.version, negotiated.cipher_suite)
