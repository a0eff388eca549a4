"""`tls-matrix report RUN`: makes the files of a saved run again, and shows the grid."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from clients.profile import Profile
from definitions.fault import Together
from definitions.former import Notes
from matrix.captures.capture import write_capture
from matrix.commands.options import (
    ClientsDir,
    Json,
    ServersDir,
    one_line_errors,
    while_read,
    write_out,
)
from matrix.commands.showing import (
    OnlyRows,
    Quiet,
    Verbose,
    show_page,
    show_run,
    tell_untimed,
    view_asked,
)
from matrix.errors import SelectionError, UnreadableRun, to_write
from matrix.plan.judge_again import judge_again, plan_again
from matrix.plan.loading import load_all_profiles
from matrix.plan.plan import PlannedCell
from matrix.reports.files import render_reports
from matrix.reports.page.sources import profiles_of, sources_of
from matrix.results.evidence import Evidence, read_evidence, write_evidence
from matrix.results.files import remove_half_files
from matrix.results.journal import is_being_written
from matrix.results.merge import merge
from matrix.results.redact import Redaction
from matrix.results.run_file import encode
from matrix.results.run_folder import write_run
from matrix.results.saved_run import SavedRun, load_saved_run
from matrix.results.timings import timings_from
from matrix.wording import counted, printable

MERGE = Path("merge")
ReadEvidence = Callable[[str], Evidence | None]
"""Reads the evidence of a cell, by its id."""


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN | merge RUN...",
            help="A run's folder; after the word merge, those of all shards of a run.",
            show_default=False,
        ),
    ],
    verbose: Verbose = False,
    quiet: Quiet = False,
    only: OnlyRows = None,
    judge: Annotated[
        bool, typer.Option("--judge-again", help="Judge the saved observations by the current expectations.")
    ] = False,
    redact: Annotated[
        bool, typer.Option("--redact", help="Leave out names, addresses and secrets; requires --out.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="The new folder to write.")] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="RUN", help="With --judge-again: expect the results of this run."),
    ] = None,
    json: Json = False,
    servers_dir: ServersDir = None,
    clients_dir: ClientsDir = None,
) -> None:
    """Make the files of a saved run again and show its grid; no connection is made.

    Of a run that did not end (its folder is called DIR.unfinished) all that was measured is written, marked
    as partial. `report merge` makes one run of the shards of a run (`run --shard`); it requires --out.
    """
    lines: list[str] = []
    with one_line_errors() as notes:
        view = view_asked(verbose, quiet, only)
        saved, evidence = _saved(runs, out, notes)
        tell_untimed(saved.untimed)
        folder = _new_folder(out, saved) if out is not None else saved.folder
        if redact and out is None:
            raise SelectionError("--redact: name the folder of the copy with --out DIR")
        profiles = load_all_profiles(clients_dir or (), notes)
        if judge:
            saved, lines = _judged(
                saved, evidence, plan_again(saved.run, servers_dir or (), clients_dir or (), baseline)
            )
        try:
            saved = _write(saved, folder, evidence, profiles, redact=redact)
        except OSError as error:
            raise UnreadableRun(
                f"{folder}: cannot be written ({error.strerror}); {to_write(error, _elsewhere(out))}"
            ) from error
    if json:
        write_out(encode(saved.run))
        return
    with while_read():
        show_run(saved.run, view, timings_from(saved.timings))
        for line in lines:
            write_out(f"{printable(line)}\n")
        show_page(folder, view)


def _judged(
    saved: SavedRun, evidence: ReadEvidence, planned: Mapping[str, PlannedCell]
) -> tuple[SavedRun, list[str]]:
    """The run as it is judged now, and a line for each difference."""
    again = judge_again(saved.run, evidence, planned)
    differences, kept = counted(len(again.differences), "difference"), counted(again.kept, "cell")
    said = f"judged again: {differences}; {kept} without evidence kept as judged before"
    return replace(saved, run=again.run), [*(each.line for each in again.differences), said]


def _new_folder(out: Path, saved: SavedRun) -> Path:
    if out.resolve() == saved.folder.resolve() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise SelectionError(f"--out {out}: is not empty; choose a new folder")
    return out


def _elsewhere(out: Path | None) -> str:
    return (
        "name a folder for a copy with --out DIR" if out is None else "choose another folder with --out DIR"
    )


def _saved(runs: Sequence[Path], out: Path | None, notes: Notes) -> tuple[SavedRun, ReadEvidence]:
    """The run that is meant, and what reads the evidence of its cells."""
    if runs[0] != MERGE:
        if len(runs) > 1:
            raise SelectionError(f"{runs[1]}: name one run; shards of a run follow the word merge")
        saved = load_saved_run(runs[0], notes)
        return saved, partial(read_evidence, saved.folder)
    if out is None:
        raise SelectionError("report merge: name the new folder with --out DIR")
    if len(runs) == 1:
        raise SelectionError("report merge: name the folders of the shards")
    together = Together()
    shards = []
    for path in runs[1:]:
        with together:
            shards.append(load_saved_run(path, notes))
    together.end(UnreadableRun)
    run, timings = merge(shards)
    folders = {cell.id: shard.folder for shard in shards for cell in shard.run.cells}
    return SavedRun(shards[0].folder, run, timings), lambda cell: read_evidence(folders[cell], cell)


def _write(
    saved: SavedRun, folder: Path, read: ReadEvidence, profiles: Mapping[str, Profile], *, redact: bool
) -> SavedRun:
    """Write every file of a run; gives the run as it was written."""
    is_copy = folder != saved.folder
    folder.mkdir(parents=True, exist_ok=True)
    written = saved
    if is_copy:
        redaction = Redaction(saved.run, saved.timings, _all_evidence(saved, read)) if redact else None
        for cell in saved.run.cells:
            evidence = read(cell.id)
            if evidence is None:
                continue
            if redaction is not None:
                copy = redaction.cell_id(cell.server, cell.client, cell.scenario)
                evidence = redaction.evidence(evidence, copy)
            else:
                write_capture(folder, evidence)
            write_evidence(folder, evidence)
        if redaction is not None:
            run, timings = redaction.run(saved.run), redaction.timings(saved.timings)
            written = SavedRun(folder, run, timings)
    is_journalled = bool(saved.timings) and "run" not in saved.timings
    timings_file = written.timings if is_copy or is_journalled else None
    if is_journalled and not is_copy and not is_being_written(folder):
        remove_half_files(folder)
    sources = sources_of(folder, profiles_of(written.run, profiles))
    reports = render_reports(written.run, timings_from(written.timings), sources)
    write_run(folder, written.run, timings_file, reports)
    return written


def _all_evidence(saved: SavedRun, read: ReadEvidence) -> Iterator[Evidence]:
    for cell in saved.run.cells:
        if (evidence := read(cell.id)) is not None:
            yield evidence
