"""What was tested, and what was seen beside the outcome: address, date, command, HTTP status, certificate.

Pure. A fact that a run did not record is left out; of a date it is said that it was not recorded.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from matrix.reports.groups import some
from matrix.results.explained import ExplanationRecord
from matrix.results.levels import in_order
from matrix.results.run_file import (
    ASSUMED,
    LOW,
    AskedRecord,
    CellRecord,
    CertificateRecord,
    RunFile,
    TargetRecord,
)
from matrix.results.timings import Timings
from matrix.wording import counted, joined, printable

HOW_SURE, PROOF, ASKED = "how sure that is", "proof", "found out"
NO_DATE = "date not recorded"
RESTS_ON = "what the client refuses"
_RESTS_ON = {
    ASSUMED: "not known; assumed as the RFCs have it",
    LOW: "known from documents and related programs alone; the rest is assumed as the RFCs have it",
}
"""By the confidence of a cell that works; nothing is said where it was measured or read in source."""
_NAMES_TOLD = 10
"""Of a certificate; the names of a hundred sites say no more to a person."""
Fact = tuple[str, str]


def tested(run: RunFile, timings: Timings) -> list[Fact]:
    """What was tested, when and by which command; each fact with its name."""
    facts = [("started", timings.started or NO_DATE)]
    if timings.command:
        # As a person would type it, without what a shell would need for odd characters.
        facts.append(("command", " ".join(timings.command)))
    if run.run.asked is not None:
        facts += _asked(run.run.asked)
    return [(printable(name), printable(value)) for name, value in facts]


def _asked(asked: AskedRecord) -> Iterator[Fact]:
    for target in asked.targets:
        yield target_fact(target.name), target_text(target)
    for name, chosen in (
        ("servers", asked.servers),
        ("clients", asked.clients),
        ("scenarios", asked.scenarios),
    ):
        if chosen:
            yield name, joined(chosen)
    if asked.timeout is not None:
        yield "timeout", f"{asked.timeout:g} s for each connection attempt"


def target_fact(name: str) -> str:
    """What the fact is called that says how a target was asked."""
    return f"target {name}"


def target_text(target: TargetRecord) -> str:
    """Say where a target is and what is said to it."""
    name = f"server name {target.server_name}" if target.server_name else "no server name"
    before = f"STARTTLS of {target.starttls}" if target.starttls else "TLS from the first byte"
    return f"{target.address}, {name}, {before}"


def cell_facts(cell: CellRecord) -> list[Fact]:
    """What was seen in a cell beside its outcome, and what was found out about its failure."""
    found = explanation_facts(cell.explanation) if cell.explanation is not None else []
    return [*_seen_facts(cell), *((name, printable(value)) for name, value in found)]


def _seen_facts(cell: CellRecord) -> list[Fact]:
    facts: list[Fact] = []
    if cell.negotiated is not None:
        agreed = (cell.negotiated.version, cell.negotiated.cipher_suite, cell.negotiated.group)
        facts.append(("negotiated", ", ".join(part for part in agreed if part)))
    if cell.http_status is not None:
        facts.append(("HTTP status", str(cell.http_status)))
    if cell.certificate_requested:
        facts.append(("client certificate", "the server asked for one"))
    if cell.certificate is not None:
        facts.append(("server certificate", certificate_text(cell.certificate)))
    if cell.confidence in _RESTS_ON:
        facts.append((RESTS_ON, _RESTS_ON[cell.confidence]))
    if cell.cause is not None:
        facts.append(("to blame", cell.cause))
    facts += [("note", note) for note in cell.notes]
    return [(name, printable(value)) for name, value in facts]


def explanation_facts(explanation: ExplanationRecord) -> list[Fact]:
    """How sure a cause is, what proves it, and what helps."""
    proof = [(PROOF, explanation.proof)] if explanation.proof else []
    remedies = [
        (f"on the {remedy.side}", f"{remedy.how} ({remedy.source})") for remedy in explanation.remedies
    ]
    asked = f"with the hello of {explanation.client}, {counted(explanation.connections, 'connection')}"
    return [(HOW_SURE, explanation.confidence), *proof, (ASKED, asked), *remedies]


def certificate_text(certificate: CertificateRecord) -> str:
    """Say whose certificate it is, by whom, for how long, and of which kind."""
    named = list(certificate.names[:_NAMES_TOLD])
    if len(certificate.names) > len(named):
        named.append(f"{len(certificate.names) - len(named)} more")
    names = f" for {joined(named)}" if named else ""
    return (
        f"{certificate.subject}{names}, issued by {certificate.issuer}, valid from {certificate.not_before} "
        f"to {certificate.not_after}, {certificate.key}, signed with {certificate.signature}"
    )


def facts_by_server(run: RunFile) -> list[str]:
    """What was seen of each server beside the outcomes, a line each, with the clients that saw it."""
    cells: dict[str, list[CellRecord]] = defaultdict(list)
    for cell in run.cells:
        cells[cell.server].append(cell)
    return [
        f"{printable(server)}: {said}"
        for server in in_order(run.servers)
        for said in _facts_of_server(cells[server])
    ]


def _facts_of_server(cells: Iterable[CellRecord]) -> list[str]:
    clients: dict[Fact, list[str]] = defaultdict(list)
    among: list[str] = []
    for cell in cells:
        among.append(cell.client)
        for name, value in _seen_facts(cell):  # what was found out has a section of its own
            if name not in ("negotiated", "note", RESTS_ON):
                clients[name, value].append(cell.client)
    return [
        f"{name}: {value} ({_whom(seen_by, among)})" for (name, value), seen_by in sorted(clients.items())
    ]


def _whom(clients: list[str], among: list[str]) -> str:
    different = list(dict.fromkeys(map(printable, clients)))
    is_all = len(different) > 1 and len(different) == len(set(among))
    return f"all {len(different)} clients" if is_all else some(different)
