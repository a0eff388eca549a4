"""What is put into an open history and taken out of it: SQL, and nothing else."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from matrix.history.kept_run import Definitions, KeptRun, State

# A run without a date stands before those that have one, in the order in which they came.
_LATEST_FIRST = "run.started DESC, run.id DESC"
_ADD_RESULT = """
    INSERT INTO result SELECT ?, cell.id, definitions.id, state.id FROM cell, definitions, state
    WHERE cell.name = ? AND definitions.digest = ? AND state.verdict = ? AND state.outcome = ?
    AND state.reason = ? AND state.version = ? AND state.cipher_suite = ?
"""
_RUN = "run.id, run.name, run.folder, run.started, run.tool_version, run.partial"
_RESULTS = """
    SELECT run, definitions, state FROM run CROSS JOIN result
    ON result.run = run.id AND result.cell = (SELECT id FROM cell WHERE name = ?)
"""
_RESULTS_OF_RUN = """
    SELECT cell.name, state.verdict, state.outcome FROM result JOIN cell ON cell.id = result.cell
    JOIN state ON state.id = result.state WHERE result.run = ?
"""
_STATES = """
    SELECT state.verdict, state.outcome, count(*) FROM result JOIN state ON state.id = result.state
    WHERE result.run = ? GROUP BY state.verdict, state.outcome ORDER BY state.verdict, state.outcome
"""


class StoredRun(Struct, frozen=True):
    """A run as it is listed; `started` is empty where it is not known."""

    number: int
    name: str
    folder: str
    started: str
    tool_version: str
    partial: bool


class StoredResult(Struct, frozen=True):
    """What came out of a cell in a run."""

    run: StoredRun
    definitions: Definitions
    state: State


def add(connection: sqlite3.Connection, run: KeptRun) -> bool:
    """Add a run; False where it is there already."""
    # Without its date a run is recognised by what it says, whether that is there with a date or without.
    known_by = ("identity", run.identity) if run.started else ("content", run.content)
    if connection.execute(f"SELECT 1 FROM run WHERE {known_by[0]} = ?", known_by[1:]).fetchone():
        return False
    number = connection.execute(
        "INSERT INTO run (identity, content, name, folder, started, tool_version, partial) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run.identity, run.content, run.name, run.folder, run.started, run.tool_version, run.partial),
    ).lastrowid
    rows = [(cell, *found) for cell, found in run.cells.items()]
    connection.executemany("INSERT OR IGNORE INTO cell (name) VALUES (?)", ((cell,) for cell, _, _ in rows))
    connection.executemany(
        "INSERT OR IGNORE INTO definitions (digest, changes_unseen) VALUES (?, ?)",
        {(each.digest, each.changes_unseen) for _, each, _ in rows},
    )
    connection.executemany(
        "INSERT OR IGNORE INTO state (verdict, outcome, reason, version, cipher_suite) "
        "VALUES (?, ?, ?, ?, ?)",
        {(state.verdict, *state.result) for _, _, state in rows},
    )
    connection.executemany(
        _ADD_RESULT,
        ((number, cell, each.digest, state.verdict, *state.result) for cell, each, state in rows),
    )
    return True


def last_runs(connection: sqlite3.Connection, number: int) -> list[StoredRun]:
    """The last runs, the latest last."""
    rows = connection.execute(f"SELECT {_RUN} FROM run ORDER BY {_LATEST_FIRST} LIMIT ?", (number,))
    return [_run(row) for row in rows][::-1]


def count_runs(connection: sqlite3.Connection) -> int:
    """How many runs there are."""
    return int(connection.execute("SELECT count(*) FROM run").fetchone()[0])


def states_of(connection: sqlite3.Connection, run: StoredRun) -> list[tuple[str, str, int]]:
    """How many cells of a run have each verdict and outcome (empty: none)."""
    rows = connection.execute(_STATES, (run.number,))
    return [(_text(verdict), _text(outcome), int(number)) for verdict, outcome, number in rows]


def cell_names(connection: sqlite3.Connection) -> list[str]:
    """The ids of all cells."""
    return [_text(name) for (name,) in connection.execute("SELECT name FROM cell ORDER BY name")]


def results_of(
    connection: sqlite3.Connection, cells: Iterable[str]
) -> Iterator[tuple[str, list[StoredResult]]]:
    """What came out of cells, for each run by run, the first run first."""
    in_order = last_runs(connection, count_runs(connection))
    place = {run.number: index for index, run in enumerate(in_order)}
    definitions = {
        number: Definitions(_text(digest), bool(unseen))
        for number, digest, unseen in connection.execute("SELECT id, digest, changes_unseen FROM definitions")
    }
    states = {
        number: State(*map(_text, texts))
        for number, *texts in connection.execute(
            "SELECT id, verdict, outcome, reason, version, cipher_suite FROM state"
        )
    }
    for cell in cells:
        found = sorted((place[run], by, state) for run, by, state in connection.execute(_RESULTS, (cell,)))
        yield (
            cell,
            [StoredResult(in_order[index], definitions[by], states[state]) for index, by, state in found],
        )


def last_results(connection: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """Cell, verdict and outcome (empty: none) of every result, the latest run first."""
    for (run,) in connection.execute(f"SELECT id FROM run ORDER BY {_LATEST_FIRST}"):
        yield from connection.execute(_RESULTS_OF_RUN, (run,))


def prune(connection: sqlite3.Connection, keep: int) -> list[StoredRun]:
    """Remove all runs but the last ones, and what only they had; gives those that are gone."""
    gone = last_runs(connection, count_runs(connection))
    gone = gone[: max(0, len(gone) - keep)]
    connection.executemany("DELETE FROM run WHERE id = ?", ((run.number,) for run in gone))
    for table, column in (("cell", "cell"), ("definitions", "definitions"), ("state", "state")):
        connection.execute(f"DELETE FROM {table} WHERE id NOT IN (SELECT {column} FROM result)")
    return gone


def _run(row: Sequence[object]) -> StoredRun:
    number, name, folder, started, tool_version, partial = row
    return StoredRun(
        number=int(str(number)),
        name=_text(name),
        folder=_text(folder),
        started=_text(started),
        tool_version=_text(tool_version),
        partial=bool(partial),
    )


def _text(value: object) -> str:
    """What a column of text has: a file that is damaged, or not this program's, may have bytes there. Raises
    ValueError.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} stands where there should be text")
    return value
