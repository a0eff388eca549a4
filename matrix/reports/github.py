"""What GitHub Actions shows of a run beside its log: annotations, and a summary of the job. Pure.

Annotations are workflow commands on standard output; the summary is the text of `grid.md`, or its beginning
where GitHub would refuse the whole (documentation of GitHub Actions, "Workflow commands").
"""

from collections.abc import Iterator

from matrix.reports import digest
from matrix.reports.groups import Group
from matrix.reports.headline import headline
from matrix.reports.markdown import render_markdown
from matrix.reports.next_step import next_step
from matrix.results.run_file import RunFile
from matrix.results.timings import Timings
from matrix.wording import printable

MAX_ANNOTATIONS = 10
"""GitHub shows so many errors and so many warnings of a step."""
MAX_SUMMARY_BYTES = 1_000_000
"""A little less than the 1 MiB that a step may write."""
_CUT = "\n\nThe rest is in grid.md.\n"


def annotations(run: RunFile) -> Iterator[str]:
    """Lines that become annotations: an error for what went otherwise than expected, a warning for what could
    not be measured, one for each group of cells.
    """
    for level, groups in (("error", digest.unexpected(run)), ("warning", digest.broken(run))):
        for group in groups[: MAX_ANNOTATIONS - 1]:
            yield _annotation(level, group.line, _advice(group, run))
        left = groups[MAX_ANNOTATIONS - 1 :]
        if len(left) == 1:
            yield _annotation(level, left[0].line, _advice(left[0], run))
        elif left:
            yield _annotation(level, f"{len(left)} more", "grid.md has all of them")


def summary(run: RunFile, timings: Timings) -> str:
    """The job's summary, in Markdown."""
    text = render_markdown(run, timings).encode()
    if len(text) <= MAX_SUMMARY_BYTES:
        return text.decode()
    kept = text[: MAX_SUMMARY_BYTES - len(_CUT)].decode(errors="ignore")
    whole_lines = kept.rpartition("\n")[0] or headline(run)
    return whole_lines + _CUT


def _advice(group: Group, run: RunFile) -> str:
    return f"next: {next_step(group, run)}"


def _annotation(level: str, title: str, text: str) -> str:
    return f"::{level} title={_property(printable(title))}::{_data(printable(text))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
