"""The files of a run's folder that are made from its run file and its timings."""

from matrix.reports.junit import render_junit
from matrix.reports.markdown import render_markdown
from matrix.reports.page.run_page import render_html
from matrix.reports.page.sources import NO_SOURCES, Sources
from matrix.results.run_file import RunFile
from matrix.results.timings import NO_TIMINGS, Timings

PAGE = "grid.html"


def render_reports(
    run: RunFile, timings: Timings = NO_TIMINGS, sources: Sources = NO_SOURCES
) -> dict[str, str]:
    """The text of each report by its file name."""
    return {
        "grid.md": render_markdown(run, timings),
        PAGE: render_html(run, timings, sources),
        "junit.xml": render_junit(run, timings),
    }
