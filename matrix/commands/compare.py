"""`tls-matrix compare OLD NEW`: what a patch changed, and for whom."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from matrix.commands.options import one_line_errors, write_out
from matrix.compare import compare as compare_runs
from matrix.errors import EXIT_AS_EXPECTED, EXIT_NOT_AS_EXPECTED
from matrix.reports import comparison as render
from matrix.run_file import load_run


class Format(StrEnum):
    """How a comparison is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


_RENDER = {
    Format.TEXT: render.render_text,
    Format.MARKDOWN: render.render_markdown,
    Format.JSON: render.render_json,
}


def compare(
    old: Annotated[
        Path, typer.Argument(help="The run before: its folder or its run.json.", show_default=False)
    ],
    new: Annotated[Path, typer.Argument(help="The run now: its folder or its run.json.", show_default=False)],
    format: Annotated[Format, typer.Option(help="How to write it.")] = Format.TEXT,
) -> None:
    """Compare two runs, cell by cell; servers of one name are compared across their levels.

    Exit status: 0 no regression, 1 some cell is worse than before, 2 a run cannot be read.
    """
    with one_line_errors():
        comparison = compare_runs(load_run(old), load_run(new))
    write_out(_RENDER[format](comparison))
    raise typer.Exit(EXIT_NOT_AS_EXPECTED if comparison.has_regression else EXIT_AS_EXPECTED)
