"""The files of a run's folder that are made from its run file, its timings and its evidence."""

from collections.abc import Callable, Iterator, Mapping

from matrix.reports.junit import render_junit
from matrix.reports.markdown import render_markdown
from matrix.reports.page.run_page import render_html
from matrix.reports.page.sources import NO_SOURCES, Sources
from matrix.results.run_file import RunFile
from matrix.results.timings import NO_TIMINGS, Timings

PAGE = "grid.html"
_RENDER: Mapping[str, Callable[[RunFile, Timings], str]] = {
    "grid.md": render_markdown,
    PAGE: render_html,
    "junit.xml": render_junit,
}


class Reports(Mapping[str, str]):
    """The text of each report by its file name, made when it is asked for and not kept: of a large run the
    texts of all reports take more room than the run.
    """

    def __init__(self, run: RunFile, timings: Timings, sources: Sources) -> None:
        self._made: Mapping[str, Callable[[], str]] = {
            "grid.md": lambda: render_markdown(run, timings),
            PAGE: lambda: render_html(run, timings, sources),
            "junit.xml": lambda: render_junit(run, timings),
        }

    def __getitem__(self, name: str) -> str:
        return self._made[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def render_reports(
    run: RunFile, timings: Timings = NO_TIMINGS, sources: Sources = NO_SOURCES
) -> Mapping[str, str]:
    """The text of each report by its file name."""
    return Reports(run, timings, sources)
