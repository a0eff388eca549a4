"""Tells the job that a run is part of, where that is one of GitHub Actions: its environment says so."""

import os

from matrix.commands.options import tell, write_out
from matrix.results.run_file import RunFile
from matrix.results.timings import Timings

IS_GITHUB = "GITHUB_ACTIONS"
SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file to which a step adds what the job's page shows."""


def tell_job(run: RunFile, timings: Timings, *, is_json: bool) -> None:
    """Print the annotations, unless standard output has JSON, and add to the job's summary."""
    if os.environ.get(IS_GITHUB) != "true":
        return
    from matrix.reports.github import annotations, summary  # takes a while, and most runs are no job

    if not is_json:
        for line in annotations(run):
            write_out(f"{line}\n")
    path = os.environ.get(SUMMARY)
    if not path:
        return
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(summary(run, timings))
    except OSError as error:
        tell(f"tls-matrix: {SUMMARY}: {path}: cannot be written ({error.strerror})")
