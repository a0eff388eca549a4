"""What a person can do about cells that did not go as expected: one line a group. Pure."""

import shlex

from clients.destination import TUNNEL
from handshake.reason import Kind, Rule
from matrix.judgement.outcome import ENDLESS, LOST, Outcome, Verdict
from matrix.reports.groups import Group
from matrix.results.evidence_wanted import EvidenceWanted
from matrix.results.run_file import CellRecord, RunFile, TargetRecord
from matrix.scenarios import CONNECT
from matrix.wording import advice_before_tls, printable

COMMAND = "./tls-matrix"
NO_CONNECTION = Rule.NO_CONNECTION.cause
EXTERNAL = "external"
"""The kind of a server that is a target."""


def next_step(group: Group, run: RunFile) -> str:
    """Say what to do next, without a full stop."""
    cell = group.cells[0]
    if cell.cause is not None and (step := _step_of_cause(group, run)):
        return printable(step)
    step = _next_step(cell, run)
    if _was_silent(cell):
        step = f"{step}; if the server is only slow, a longer --timeout helps"
    return printable(step)


def _step_of_cause(group: Group, run: RunFile) -> str:
    """What follows where it is known what is to blame: what helps all these cells, else what explains it as
    a whole; empty where `explain` cannot, since of a target it knows one scenario.
    """
    first, *others = (_remedies(cell) for cell in group.cells)
    helping = {side: how for side, how in first if all((side, how) in each for each in others)}
    if helping:
        return "; ".join(f"on the {side}: {how}" for side, how in sorted(helping.items()))
    if target_of(group.cells[0], run) is not None and group.cells[0].scenario != CONNECT.id:
        return ""
    return f"{COMMAND} explain {_explained(group.cells[0], run)} gives the whole explanation"


def _remedies(cell: CellRecord) -> list[tuple[str, str]]:
    """Side and remedy, the likeliest of a side last."""
    found = cell.explanation.remedies if cell.explanation is not None else []
    return [(remedy.side, remedy.how) for remedy in reversed(found)]


def _explained(cell: CellRecord, run: RunFile) -> str:
    """The cell as `explain` takes it; a target is named by its address."""
    target = target_of(cell, run)
    if target is None:
        return shlex.quote(cell.id)
    return f"--client {shlex.quote(cell.client)} --target {shlex.quote(_destination(target))}"


def _was_silent(cell: CellRecord) -> bool:
    """Whether the client waited in vain, so that more time may change what it sees."""
    return cell.reason is not None and cell.reason.kind is Kind.TIMEOUT


def _is_lost(cell: CellRecord) -> bool:
    """Whether it is the process that ran the cell that has ended, and not the server."""
    return cell.note.startswith(LOST)


def _next_step(cell: CellRecord, run: RunFile) -> str:
    target = target_of(cell, run)
    match cell.verdict:
        case Verdict.HARNESS_ERROR if cell.reason is not None and cell.reason.cause == NO_CONNECTION:
            return f"start the program of {cell.client} by hand to see why it does not connect"
        case Verdict.HARNESS_ERROR if cell.note.startswith(ENDLESS):
            return f"write the pattern of {cell.client} without a repetition in a repetition, then run again"
        case Verdict.HARNESS_ERROR if _is_lost(cell):
            return "run again; if it stays so, this machine may lack memory"
        case Verdict.HARNESS_ERROR if run.servers[cell.server].kind == EXTERNAL:
            return f"{_at_target(cell, target)}, then run again"
        case Verdict.HARNESS_ERROR:
            return (
                f"run again; if it stays so, {COMMAND} serve {shlex.quote(cell.server)} shows how it starts"
            )
        case Verdict.UNEXPECTED_PASS:
            return (
                "if that is right from now on, correct what was expected (matrix/expectations, the baseline)"
            )
        case _ if cell.outcome is Outcome.NOT_APPLICABLE:
            return "leave this scenario out for this pair, or correct what was expected"
        case _ if target is not None and target.starttls != TUNNEL and cell.scenario == CONNECT.id:
            where = shlex.quote(_destination(target))
            return f"{COMMAND} connect {shlex.quote(cell.client)} {where} shows every record and message"
        case _ if run.run.asked is not None and run.run.asked.evidence is EvidenceWanted.NONE:
            return "run again without --evidence none to keep every record and message"
        case _ if run.run.lost_evidence:
            return "run again where the disk has more room, to keep every record and message"
        case _:
            return f"evidence/{cell.id}.json has every record and message; Wireshark opens the .pcapng there"


def _at_target(cell: CellRecord, target: TargetRecord | None) -> str:
    """What to do about a target that no client could be tried at."""
    reason = cell.detailed_reason
    if reason is not None and target is not None and target.starttls is not None:
        advice = advice_before_tls(reason, target.starttls)
        if advice:
            return advice
    return f"see that {cell.server if target is None else target.address} answers from this machine"


def _destination(target: TargetRecord) -> str:
    """Write a target as `connect` takes it."""
    host = target.address.rpartition(":")[0]
    name = f",sni={target.server_name}" if target.server_name not in (None, host) else ""
    return target.address + name + (f",starttls={target.starttls}" if target.starttls else "")


def target_of(cell: CellRecord, run: RunFile) -> TargetRecord | None:
    """The target that a cell is of, where the run file says what was asked."""
    targets = run.run.asked.targets if run.run.asked else []
    return next((target for target in targets if target.name == cell.server), None)
