"""All genuine programs by id: those of `programs()` in a module of this folder, and the user's own."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from clients.genuine.own import load_own_programs
from clients.genuine.program import Program
from definitions.former import Notes

_FOLDER = Path(__file__).parent


def load_programs(directories: Iterable[Path] = (), notes: Notes | None = None) -> Mapping[str, Program]:
    """Find every program; the result is sorted by id. Raises ProgramError for the user's own."""
    found: dict[str, Program] = {}
    for each in iter_modules([str(_FOLDER)]):
        module = import_module(f"clients.genuine.{each.name}")
        if hasattr(module, "programs"):
            found |= {program.id: program for program in module.programs() if program.id not in found}
    own = load_own_programs(directories, notes, {program.id: program.title for program in found.values()})
    return dict(sorted({**found, **own}.items()))
