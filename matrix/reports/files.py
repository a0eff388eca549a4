"""The files of a run's folder that are made from its run file and its timings."""

from collections.abc import Callable, Iterator, Mapping

from matrix.reports.html import render_html
from matrix.reports.junit import render_junit
from matrix.reports.markdown import render_markdown
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

    def __init__(self, run: RunFile, timings: Timings) -> None:
        self._run = run
        self._timings = timings

    def __getitem__(self, name: str) -> str:
        return _RENDER[name](self._run, self._timings)

    def __iter__(self) -> Iterator[str]:
        return iter(_RENDER)

    def __len__(self) -> int:
        return len(_RENDER)


def render_reports(run: RunFile, timings: Timings = NO_TIMINGS) -> Mapping[str, str]:
    """The text of each report by its file name."""
    return Reports(run, timings)
