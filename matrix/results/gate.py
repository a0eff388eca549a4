"""The exit status of a run from its run file, and what a user lets count as a failure beside the unexpected.
Pure.
"""

from collections.abc import Iterable
from enum import StrEnum

from matrix.cell import near_ids
from matrix.errors import EXIT_AS_EXPECTED, EXIT_HARNESS, EXIT_NOT_AS_EXPECTED, SelectionError
from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.played import differences
from matrix.results.run_file import CellRecord, RunFile

_NOT_TO_BE_HAD = (Verdict.UNSUPPORTED, Verdict.NOT_INSTALLED)
_WILD = frozenset("*?[")


class Gate(StrEnum):
    """What `--fail-on` adds to the reasons for exit status 1."""

    UNMEASURED = "unmeasured"
    FAILS = "fails"
    NOTED = "noted"

    def closes_for(self, cell: CellRecord) -> bool:
        """Whether a cell is such a reason."""
        match self:
            case Gate.UNMEASURED:
                return cell.outcome is None
            case Gate.FAILS:
                return cell.outcome is Outcome.FAILS
            case Gate.NOTED:
                return bool(cell.notes)


def parse_gates(texts: Iterable[str]) -> frozenset[Gate]:
    """Read lists with a comma between. Raises SelectionError for a word that is none."""
    gates = set()
    for word in filter(None, (part.strip() for text in texts for part in text.split(","))):
        try:
            gates.add(Gate(word))
        except ValueError as error:
            known = [gate.value for gate in Gate]
            near = near_ids(word, known)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            raise SelectionError(f"--fail-on {word}: {hint}") from error
    return frozenset(gates)


def names(patterns: Iterable[str], identifier: str) -> bool:
    """Whether a pattern without a wildcard names something, toggles apart."""
    plain = (pattern for pattern in patterns if not _WILD & set(pattern))
    return any(pattern.partition(",")[0] == identifier.partition(",")[0] for pattern in plain)


def exit_status(
    run: RunFile,
    gates: Iterable[Gate] = (),
    servers: Iterable[str] = (),
    clients: Iterable[str] = (),
) -> int:
    """Give the exit status of a run that came to its end; `servers` and `clients` are the patterns that chose
    it: what one of them named had to be measured.
    """
    verdicts = {cell.verdict for cell in run.cells}
    without = {cell.server for cell in run.cells if cell.verdict is Verdict.NOT_INSTALLED}
    has_broken = any(server.problem and name not in without for name, server in run.servers.items())
    if has_broken or Verdict.HARNESS_ERROR in verdicts or verdicts <= {Verdict.NOT_INSTALLED}:
        return EXIT_HARNESS
    if differences(run):
        return EXIT_NOT_AS_EXPECTED
    gates, servers, clients = frozenset(gates), tuple(servers), tuple(clients)
    is_missing = run.run.partial and Gate.UNMEASURED in gates
    if is_missing or any(_is_reason(cell, gates, servers, clients) for cell in run.cells):
        return EXIT_NOT_AS_EXPECTED
    return EXIT_AS_EXPECTED


def _is_reason(
    cell: CellRecord, gates: frozenset[Gate], servers: tuple[str, ...], clients: tuple[str, ...]
) -> bool:
    if not cell.verdict.is_as_expected or any(gate.closes_for(cell) for gate in gates):
        return True
    if cell.verdict not in _NOT_TO_BE_HAD:
        return False  # before looking through what may be a thousand names
    return names(servers, cell.server) or names(clients, cell.client)
