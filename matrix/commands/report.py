"""`tls-matrix report RUN`: makes grid.md, grid.html and junit.xml again from run.json, and shows the grid."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from matrix.commands.options import console, one_line_errors, while_read, write_out
from matrix.errors import UnreadableRun
from matrix.reports.files import render_reports
from matrix.reports.terminal import print_run
from matrix.results.run_file import load_run
from matrix.results.run_folder import TIMINGS
from matrix.wording import printable


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.", show_default=False)],
) -> None:
    """Make the reports of a saved run again and show its grid; nothing is connected to."""
    with one_line_errors():
        content = load_run(run)
        folder = run if run.is_dir() else run.parent
        try:
            for name, text in render_reports(content, _seconds(folder)).items():
                (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UnreadableRun(
                f"{folder}: cannot be written ({error.strerror}); free space or mend its permissions"
            ) from error
    with while_read():
        print_run(content, console())
        write_out(printable(f"written to {folder}") + "\n")


def _seconds(folder: Path) -> dict[str, float]:
    """The times of the cells; a run without readable timings is reported all the same."""
    try:
        timings: Any = json.loads((folder / TIMINGS).read_text(encoding="utf-8"))
        return {str(cell): float(seconds) for cell, seconds in timings["cells"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
