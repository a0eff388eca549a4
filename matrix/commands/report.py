"""`tls-matrix report RUN`: makes grid.md, grid.html and junit.xml again from run.json, and shows the grid."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict

from definitions.fault import UnusableFile
from definitions.reading import read_json
from matrix.commands.options import console, one_line_errors, tell, while_read, write_out
from matrix.errors import UnreadableRun
from matrix.reports.files import render_reports
from matrix.reports.terminal import print_run
from matrix.results.run_file import load_run
from matrix.results.run_folder import TIMINGS


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.", show_default=False)],
) -> None:
    """Make the reports of a saved run again and show its grid; nothing is connected to."""
    with one_line_errors() as notes:
        content = load_run(run, notes)
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
        write_out(f"written to {folder}\n")


class _Timings(BaseModel):
    """What a report takes from timings.json: by cell the seconds it took."""

    model_config = ConfigDict(frozen=True)

    cells: dict[str, float]


def _seconds(folder: Path) -> dict[str, float]:
    """The times of the cells; a run without readable timings is reported all the same."""
    file = folder / TIMINGS
    if not file.exists():
        return {}
    try:
        return read_json(file, _Timings).cells
    except UnusableFile as unusable:
        for line in unusable.lines:
            tell(f"tls-matrix: {line}; the report is made without times")
        return {}
