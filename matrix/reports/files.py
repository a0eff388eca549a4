"""The files of a run's folder that are made from its run file, its timings and its evidence."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from matrix.reports.junit import junit_pieces
from matrix.reports.markdown import markdown_pieces
from matrix.reports.page.run_page import page_pieces
from matrix.reports.page.sources import NO_SOURCES, Sources
from matrix.results.files import encoded
from matrix.results.places import PAGE
from matrix.results.run_file import RunFile
from matrix.results.timings import NO_TIMINGS, Timings


class Reports(Mapping[str, Iterable[bytes]]):
    """Each report by its file name, in pieces that are made when they are asked for and not kept: of a large
    run a report as a whole takes more room than the run.
    """

    def __init__(self, run: RunFile, timings: Timings, sources: Sources) -> None:
        self._made: Mapping[str, Callable[[], Iterable[bytes]]] = {
            "grid.md": lambda: map(encoded, markdown_pieces(run, timings)),
            PAGE: lambda: page_pieces(run, timings, sources),
            "junit.xml": lambda: map(encoded, junit_pieces(run, timings)),
        }

    def __getitem__(self, name: str) -> Iterable[bytes]:
        return self._made[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def render_reports(run: RunFile, timings: Timings = NO_TIMINGS, sources: Sources = NO_SOURCES) -> Reports:
    """Each report by its file name."""
    return Reports(run, timings, sources)
