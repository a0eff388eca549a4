"""The file: what is in it, what makes it newer, and what can be wrong with it."""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from matrix.history.adding import add_at_the_end, add_runs
from matrix.history.errors import HistoryError, of_system
from matrix.history.file import APPLICATION, MIGRATIONS, changing, check_writable, reading
from matrix.history.store import cell_names, count_runs, last_runs, prune, results_of, states_of
from matrix.judgement.outcome import Outcome
from tests.matrix.history.made import days, names

NO_WAIT = 0.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A history with two runs."""
    file = tmp_path / "history.sqlite"
    add_runs(file, days(Outcome.WORKS, Outcome.FAILS))
    return file


def changed(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def pragma(file: Path, name: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def rows(file: Path, table: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_run_is_there_once(file: Path) -> None:
    more = days(Outcome.WORKS, Outcome.FAILS, Outcome.WORKS)
    assert add_runs(file, more) == [False, False, True]
    assert names(file) == ["day-1", "day-2", "day-3"]


def test_pruning_leaves_the_last_runs_and_nothing_of_the_others(file: Path) -> None:
    before = file.stat().st_size
    add_runs(file, days(*[Outcome.WORKS, Outcome.FAILS] * 14))
    with changing(file) as connection:
        gone = prune(connection, 1)
    assert (len(gone), names(file)) == (27, ["day-28"])
    assert [rows(file, table) for table in ("run", "result", "cell", "definitions", "state")] == [1] * 5
    with changing(file) as connection:
        assert len(prune(connection, 0)) == 1
    assert [rows(file, table) for table in ("run", "result", "cell", "definitions", "state")] == [0] * 5
    assert file.stat().st_size <= before


def test_it_is_one_file_that_says_what_it_is(file: Path) -> None:
    assert [each.name for each in file.parent.iterdir()] == ["history.sqlite"]
    assert pragma(file, "user_version") == len(MIGRATIONS)
    assert pragma(file, "application_id") == APPLICATION


MORE = "ALTER TABLE run ADD COLUMN remark TEXT NOT NULL DEFAULT 'none';\n"


def test_an_older_form_is_brought_up_to_date_and_keeps_what_is_in_it(file: Path) -> None:
    with reading(file, migrations=(*MIGRATIONS, MORE)) as connection:
        assert connection.execute("SELECT name, remark FROM run").fetchall() == [
            ("day-1", "none"),
            ("day-2", "none"),
        ]
    assert pragma(file, "user_version") == len(MIGRATIONS) + 1


def test_a_step_that_breaks_off_leaves_the_older_form(file: Path) -> None:
    wrong = MORE + "ALTER TABLE nothing ADD COLUMN remark TEXT;\n"
    with pytest.raises(HistoryError), changing(file, migrations=(*MIGRATIONS, wrong)):
        pass
    assert pragma(file, "user_version") == len(MIGRATIONS)
    assert names(file) == ["day-1", "day-2"]


def test_a_change_that_breaks_off_changes_nothing(file: Path) -> None:
    def breaks_off() -> None:
        with changing(file) as connection:
            prune(connection, 0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks_off()
    assert names(file) == ["day-1", "day-2"]


def newer(file: Path) -> None:
    changed(file, "PRAGMA user_version = 7")


def not_ours(file: Path) -> None:
    changed(file, "PRAGMA application_id = 0")


def no_database(file: Path) -> None:
    file.write_text("a run is no history\n" * 100, encoding="utf-8")


def torn(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def without_a_table(file: Path) -> None:
    changed(file, "DROP TABLE run")


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def with_bytes_for_text(file: Path) -> None:
    changed(file, "UPDATE run SET name = CAST(x'ff' AS TEXT)")


ANOTHER = "name another file with --history"
ANEW = "move it away, and fill a new one with `tls-matrix history import RUN...`"
NEWER = "is of a newer version of this program (form 7; this one knows 1)"
FAULTS_AT_ONCE = [
    (newer, f"{NEWER}: use that version, or {ANOTHER}"),
    (not_ours, f"is no history: move it away, or {ANOTHER}"),
    (no_database, f"is no history: move it away, or {ANOTHER}"),
    (a_pipe, "is a folder or a device: name a file with --history"),
    (a_folder, "is a folder or a device: name a file with --history"),
]
FAULTS_LATER = [  # found where the file is read further
    (torn, f"is damaged (database disk image is malformed): {ANEW}"),
    (without_a_table, f"is damaged (no such table: run): {ANEW}"),
]


@pytest.mark.parametrize(("spoil", "said"), [*FAULTS_AT_ONCE, *FAULTS_LATER])
def test_a_file_that_cannot_be_used_is_one_line(file: Path, spoil: Callable[[Path], None], said: str) -> None:
    spoil(file)
    with pytest.raises(HistoryError) as reads:
        names(file)
    assert str(reads.value) == f"{file}: {said}"
    with pytest.raises(HistoryError) as adds:
        add_runs(file, days(Outcome.WORKS))
    assert str(adds.value) == f"{file}: {said}"


@pytest.mark.parametrize(("spoil", "said"), FAULTS_AT_ONCE)
def test_it_is_found_before_a_run(file: Path, spoil: Callable[[Path], None], said: str) -> None:
    check_writable(file)
    spoil(file)
    with pytest.raises(HistoryError) as found:
        check_writable(file)
    assert str(found.value) == f"{file}: {said}"


def test_what_is_no_text_is_damage(file: Path) -> None:
    with_bytes_for_text(file)
    with pytest.raises(HistoryError, match="is damaged"):
        names(file)


def read_all(file: Path) -> None:
    with reading(file) as connection:
        for run in last_runs(connection, 10):
            states_of(connection, run)
        list(results_of(connection, cell_names(connection)))


@pytest.mark.parametrize(
    "column", ["run.folder", "cell.name", "definitions.digest", "state.verdict", "state.reason"]
)
def test_bytes_in_a_column_of_text_are_damage(file: Path, column: str) -> None:
    read_all(file)
    table, _, name = column.partition(".")
    changed(file, f"UPDATE {table} SET {name} = x'ff00' WHERE rowid = 1")
    with pytest.raises(HistoryError, match="is damaged"):
        read_all(file)


def test_a_file_that_is_locked_is_waited_for_and_then_left(file: Path) -> None:
    locked = f"{file}: is in use by another program, which did not end in time: try again later"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for use in (check_writable, lambda file, wait: add_runs(file, days(Outcome.WORKS), wait)):
            with pytest.raises(HistoryError) as found:
                use(file, NO_WAIT)
            assert str(found.value) == locked
        with pytest.raises(HistoryError) as found, reading(file, NO_WAIT):
            pass
        assert str(found.value) == locked
    assert names(file) == ["day-1", "day-2"]


def test_a_change_takes_the_lock_before_it_reads(file: Path) -> None:
    begun = []

    def change() -> None:
        with changing(file, NO_WAIT) as connection:
            begun.append(count_runs(connection))

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError, match="is in use by another program"):
            change()
    assert begun == [], "what it read could be changed before it writes"
    change()
    assert begun == [2]


def test_a_run_says_in_one_line_that_it_was_not_added(file: Path) -> None:
    newer(file)
    said = add_at_the_end(file, days(Outcome.WORKS)[0])
    what = f"{file}: {NEWER}; the run is not in the history"
    assert said == f"{what}: use that version, or {ANOTHER}, then tls-matrix history import reports/day-1"
    changed(file, "PRAGMA user_version = 1")
    assert add_at_the_end(file, days(Outcome.WORKS)[0]) == ""


def test_looking_at_a_file_before_a_run_makes_and_changes_nothing(file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    check_writable(file)
    check_writable(tmp_path / "new" / "history.sqlite")
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["history.sqlite"]


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    add_runs(tmp_path / "new" / "history.sqlite", days(Outcome.WORKS))
    assert names(tmp_path / "new" / "history.sqlite") == ["day-1"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    file = tmp_path / "file" / "history.sqlite"
    said = f"{file}: cannot be written (Not a directory): make it writable, or {ANOTHER}"
    assert str(of_system(file, OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))) == said
    for use in (check_writable, lambda file: add_runs(file, days(Outcome.WORKS))):
        with pytest.raises(HistoryError) as found:
            use(file)
        assert str(found.value).startswith(f"{file}: cannot be written (")


def test_a_file_whose_name_is_no_text_and_an_empty_one(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"what?\xff#%20")
    file.touch()
    add_runs(file, days(Outcome.WORKS))
    assert names(file) == ["day-1"]
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_of_nothing_is_read_as_one_without_runs(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    file.touch()
    with reading(file) as connection:
        assert count_runs(connection) == 0
