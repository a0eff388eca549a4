"""The files of a run's folder that are made from its run file alone."""

from collections.abc import Mapping

from matrix.reports.html import render_html
from matrix.reports.junit import render_junit
from matrix.reports.markdown import render_markdown
from matrix.results.run_file import RunFile


def render_reports(run: RunFile, seconds: Mapping[str, float]) -> dict[str, str]:
    """The text of each report by its file name; `seconds` is how long each cell took, by its id."""
    return {
        "grid.md": render_markdown(run),
        "grid.html": render_html(run),
        "junit.xml": render_junit(run, seconds),
    }
