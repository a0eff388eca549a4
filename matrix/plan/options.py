"""What a run is asked to do, as values; the command line and pytest's options both end up here."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from matrix.results.cell_result import EvidenceWanted


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Patterns are shell patterns; an empty tuple chooses the default. `out` None is a new folder under
    reports/.
    """

    server: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    client: tuple[str, ...] = ()
    scenario: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    backend: str = "process"
    baseline: Path | None = None
    out: Path | None = None
    evidence: EvidenceWanted = EvidenceWanted.FAILURES
    servers_dir: tuple[Path, ...] = ()
    clients_dir: tuple[Path, ...] = ()

    def to_arguments(self) -> list[str]:
        """Write the options as pytest takes them; paths become absolute, because pytest may run elsewhere."""
        arguments = []
        for field in fields(self):
            value = getattr(self, field.name)
            for item in value if isinstance(value, tuple) else () if value is None else (value,):
                text = str(item.absolute()) if isinstance(item, Path) else str(item)
                arguments.append(f"--{field.name.replace('_', '-')}={text}")
        return arguments


def options_from(given: Any) -> RunOptions:
    """Read the options from an object that has them as attributes (pytest's `config.option`)."""
    return RunOptions(
        server=_texts(given.server),
        levels=_texts(given.levels),
        client=_texts(given.client),
        scenario=_texts(given.scenario),
        target=_texts(given.target),
        backend=given.backend,
        baseline=given.baseline,
        out=given.out,
        evidence=EvidenceWanted(given.evidence),
        servers_dir=tuple(given.servers_dir or ()),
        clients_dir=tuple(given.clients_dir or ()),
    )


def _texts(given: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(given or ())
