"""`tls-matrix history [CELL]|import|prune`: what earlier runs gave, and where a cell changed.

`history` by itself, or with a cell, is `history show`, whose name may be left out.
"""

from pathlib import Path
from typing import Annotated

import typer
from typer._click.core import Context  # typer offers it nowhere else
from typer.core import TyperGroup

from matrix.cell import select
from matrix.commands import completion
from matrix.commands.options import Json, console, one_line_errors, print_table, tell, write_out
from matrix.errors import SelectionError
from matrix.history import store
from matrix.history.adding import add_runs, read_kept_runs
from matrix.history.answers import (
    Cells,
    CountedRun,
    Imported,
    Pruned,
    Runs,
    cell_answer,
    encode,
    run_answer,
)
from matrix.history.counting import Counts, counts_of
from matrix.history.file import changing, reading
from matrix.history.over_time import over_time
from matrix.history.place import VARIABLE, history_file
from matrix.judgement.outcome import Outcome
from matrix.reports.history import COLUMNS, cell_lines, run_row
from matrix.reports.printing import print_line
from matrix.wording import counted, printable

SHOW = "show"
_LAST = 20
_MOST_LISTED = 1_000_000


class _ShowUnlessSaid(TyperGroup):
    """The commands; what is none of them is for `show`."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Put in the name that is left out."""
        is_said = bool(args) and (args[0] in self.commands or args[0] in ("--help", "-h"))
        ctx.meta[completion.ALSO] = () if args else tuple(self.commands)
        return super().parse_args(ctx, args if is_said else [SHOW, *args])


application = typer.Typer(
    cls=_ShowUnlessSaid,
    help="Show the last runs, or a cell over time: tls-matrix history [CELL]; import runs, or remove them.",
)
File = Annotated[
    Path | None,
    typer.Option(
        "--history",
        metavar="FILE",
        help=f"The history; default: what {VARIABLE} names, else reports/history.sqlite.",
    ),
]


@application.callback()
def history() -> None:
    """Show the last runs, or a cell over time: tls-matrix history [CELL]; import runs, or remove them."""


@application.command(SHOW)
def show(
    cell: Annotated[
        str | None,
        typer.Argument(
            metavar="CELL",
            help="A cell's id, or a shell pattern.",
            autocompletion=completion.cells_of_history,
        ),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=_MOST_LISTED, help=f"How many runs are listed; default: {_LAST}."
        ),
    ] = None,
    history: File = None,
    json: Json = False,
) -> None:
    """Show the last runs, or cells over time; the name of this command may be left out.

    A cell is flaky where the same definitions gave different results (the profiles, the server with its level
    and toggles, the tool and its libraries), else it changed. A target can change unseen: it is flaky only
    where a result that was gone has come back.
    """
    if cell is None:
        _show_runs(history, last or _LAST, is_json=json)
        return
    with one_line_errors():
        if last is not None:
            raise SelectionError(f"--last {last}: is for the list of runs; leave out --last or {cell!r}")
    _show_cells(history, cell, is_json=json)


@application.command("import")
def import_runs(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Folders of runs, or run files.", show_default=False),
    ],
    history: File = None,
    json: Json = False,
) -> None:
    """Add kept runs to the history, all of them or none; one that is there already is passed over.

    A run is recognised by the time at which it began and how long each of its cells took (timings.json; of a
    run that was killed, its journal). A run file by itself tells no time: it is recognised by what it says,
    and stands before all runs that have a date.
    """
    file = history_file(history)
    with one_line_errors() as notes:
        kept = read_kept_runs(runs, notes)
        is_added = add_runs(file, kept)
    answer = Imported(
        file=str(file),
        added=[run.folder for run, added in zip(kept, is_added, strict=True) if added],
        there_already=[run.folder for run, added in zip(kept, is_added, strict=True) if not added],
    )
    if json:
        write_out(encode(answer))
        return
    for run in answer.there_already:
        write_out(f"{printable(run)}: is there already\n")
    write_out(f"{counted(len(answer.added), 'run')} added to {printable(answer.file)}\n")


@application.command("prune")
def prune(
    keep: Annotated[int, typer.Option(metavar="N", min=0, help="How many of the last runs stay.")],
    history: File = None,
    json: Json = False,
) -> None:
    """Remove all runs but the last N from the history; the folders of the runs stay."""
    with one_line_errors():
        file = _existing(history)
        with changing(file) as connection:
            removed = store.prune(connection, keep)
            kept = store.count_runs(connection)
    if json:
        answer = Pruned(file=str(file), removed=[run_answer(run) for run in removed], kept=kept)
        write_out(encode(answer))
        return
    write_out(f"{counted(len(removed), 'run')} removed, {counted(kept, 'run')} kept\n")


def _existing(history: Path | None) -> Path:
    """The file to read. Raises SelectionError where there is none."""
    file = history_file(history)
    if not file.exists():
        advice = "a run makes it, and so does `tls-matrix history import RUN...`"
        raise SelectionError(f"{file}: there is no history: {advice}")
    return file


def _show_runs(history: Path | None, last: int, *, is_json: bool) -> None:
    with one_line_errors():
        file = _existing(history)
        with reading(file) as connection:
            kept = store.count_runs(connection)
            runs = [
                counts_of(run, store.states_of(connection, run)) for run in store.last_runs(connection, last)
            ]
    if is_json:
        write_out(encode(Runs(file=str(file), kept=kept, runs=list(map(_counted, runs)))))
        return
    print_table(COLUMNS, map(run_row, runs))
    if kept > len(runs):
        tell(f"{counted(kept - len(runs), 'earlier run')} not shown; --last {kept} shows all")


def _show_cells(history: Path | None, pattern: str, *, is_json: bool) -> None:
    with one_line_errors():
        file = _existing(history)
        with reading(file) as connection:
            chosen = select([pattern], store.cell_names(connection), "cell of the history", "history '*'")
            cells = [over_time(cell, found) for cell, found in store.results_of(connection, chosen)]
    if is_json:
        write_out(encode(Cells(file=str(file), cells=list(map(cell_answer, cells)))))
        return
    out = console()
    for line in cell_lines(cells):
        print_line(out, line)


def _counted(counts: Counts) -> CountedRun:
    return CountedRun(
        **run_answer(counts.run).model_dump(),
        cells=counts.cells,
        works=counts.of(Outcome.WORKS),
        works_after_fallback=counts.of(Outcome.WORKS_AFTER_FALLBACK),
        fails=counts.of(Outcome.FAILS),
        not_applicable=counts.of(Outcome.NOT_APPLICABLE),
        unmeasured=counts.of(None),
        unexpected=counts.unexpected,
    )
