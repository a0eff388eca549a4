"""`tls-matrix report RUN`: makes grid.md, grid.html and junit.xml again from run.json, and shows the grid."""

from pathlib import Path
from typing import Annotated

import typer

from matrix.commands.options import (
    OnlyRows,
    Quiet,
    Verbose,
    one_line_errors,
    saved_timings,
    show_run,
    view_asked,
    while_read,
)
from matrix.errors import UnreadableRun
from matrix.reports.files import render_reports
from matrix.results.run_file import load_run


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.", show_default=False)],
    verbose: Verbose = False,
    quiet: Quiet = False,
    only: OnlyRows = None,
) -> None:
    """Make the reports of a saved run again and show its grid; nothing is connected to."""
    with one_line_errors() as notes:
        view = view_asked(verbose, quiet, only)
        content = load_run(run, notes)
        folder = run if run.is_dir() else run.parent
        timings = saved_timings(folder)
        try:
            for name, text in render_reports(content, timings).items():
                (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UnreadableRun(
                f"{folder}: cannot be written ({error.strerror}); free space or mend its permissions"
            ) from error
    with while_read():
        show_run(content, view, timings, folder)
