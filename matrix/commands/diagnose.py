"""`tls-matrix diagnose OBSERVATIONS.toml`: what people saw, what it leaves, and which client to try next."""

from pathlib import Path
from typing import Annotated

import typer

from matrix.commands.options import ClientsDir, Json, one_line_errors, while_read, write_out
from matrix.diagnose.captured import captured_rows, hellos_in
from matrix.diagnose.elimination import diagnose as eliminate
from matrix.diagnose.elimination import live
from matrix.diagnose.experiments import experiments
from matrix.diagnose.next_client import outlook
from matrix.diagnose.observations import Observations, read_observations
from matrix.diagnose.rows import Row, rows_of
from matrix.diagnose.wording import diagnosis_lines, diagnosis_values
from matrix.errors import EXIT_AS_EXPECTED, EXIT_NOT_AS_EXPECTED, SelectionError
from matrix.plan.loading import load_all_profiles, load_all_settings
from matrix.reports.comparison import printable_lines
from matrix.results.run_file import to_json


def diagnose(
    observations: Annotated[
        Path | None,
        typer.Argument(
            metavar="OBSERVATIONS.toml", help="Who connected, and what came of it.", show_default=False
        ),
    ] = None,
    capture: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="A capture, whose hellos are observations too; as `hello import` takes it."
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="The server in the captures, where there are several."),
    ] = None,
    json: Json = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show every feature.")] = False,
    clients_dir: ClientsDir = None,
) -> None:
    """Say which part of the hello a server may mind, from observations alone, and which client to try next.

    No connection is made. examples/incident-2012.toml is an example; matrix/diagnose/observations.schema.json
    is for editors.
    Exit status: 0 one cause is left, 1 several or none, 2 the file has errors.
    """
    rows: list[Row] = []
    server = ""
    with one_line_errors() as notes:
        if observations is None and not capture:
            raise SelectionError("name a file of observations, or a capture with --capture")
        profiles = load_all_profiles(clients_dir or (), notes)
        settings = load_all_settings(clients_dir or (), notes)
        if observations is not None:
            read: Observations = read_observations(observations, notes)
            server = read.server
            rows += rows_of(str(observations), read, profiles, settings, hellos_in(observations.parent))
        for path in capture or ():
            rows += captured_rows(path, to)
    diagnosis = eliminate(rows)
    doubtful = [each.hypothesis for each in diagnosis.doubtful]
    candidates = experiments(profiles.values(), settings, diagnosis.rows)
    possible = [each for each in live(diagnosis) if each not in doubtful]
    left = outlook(possible, doubtful, candidates)
    with while_read():
        if json:
            write_out(to_json(diagnosis_values(diagnosis, left)))
        else:
            write_out(printable_lines(list(diagnosis_lines(server, diagnosis, left, everything=verbose))))
    raise typer.Exit(EXIT_AS_EXPECTED if left.is_one else EXIT_NOT_AS_EXPECTED)
