"""The history file: an SQLite database that is opened for one transaction and closed.

Every change is one transaction that takes the lock before it reads, and waits for its turn, so several runs
at once lose nothing. The file has a rollback journal and no write-ahead log: it stays one file, it can be
read in a folder that nobody may write to, and it needs no shared memory. Its form has a number
(`user_version`); an older form is brought up to date, a step a file of `migrations`, in the transaction that
needs it.
"""

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from matrix.history.errors import HistoryError, damaged, newer, no_history, of_database, of_system

WAIT_SECONDS = 10.0
"""How long a turn is waited for; a run needs it for some milliseconds."""
APPLICATION = 0x544C534D  # "TLSM", by which the file is told from other databases
_FOLDER = Path(__file__).parent / "migrations"
MIGRATIONS: Sequence[str] = tuple(
    (_FOLDER / f"{number}.sql").read_text(encoding="utf-8")
    for number in range(1, 1 + len(list(_FOLDER.glob("*.sql"))))
)
"""The steps to the present form; the number of a form is that of the steps that lead to it."""


@contextmanager
def changing(
    file: Path, wait: float = WAIT_SECONDS, migrations: Sequence[str] = MIGRATIONS
) -> Iterator[sqlite3.Connection]:
    """One change of the file, all of it or nothing; where there is no file it is made. Raises
    HistoryError.
    """
    with _told(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    with _told(file), _opened(file, wait, "rwc") as connection:
        if _is_empty(connection):
            connection.execute("PRAGMA auto_vacuum = FULL")  # so that a file that is pruned gets smaller
        with _transaction(connection, "IMMEDIATE"):
            _bring_up_to_date(connection, file, migrations)
            yield connection


@contextmanager
def reading(
    file: Path, wait: float = WAIT_SECONDS, migrations: Sequence[str] = MIGRATIONS
) -> Iterator[sqlite3.Connection]:
    """The file as it is at one moment. Raises HistoryError, also where there is none."""
    with _told(file):
        with _opened(file, wait, "rw") as connection:
            is_old = _version(connection, file, migrations) < len(migrations)
        if is_old:
            with changing(file, wait, migrations):
                pass
        with _opened(file, wait, "rw") as connection, _transaction(connection, "DEFERRED"):
            _version(connection, file, migrations)
            yield connection


def check_writable(file: Path, wait: float = WAIT_SECONDS) -> None:
    """Find out whether a run will be able to add to the file; nothing is made or changed. Raises
    HistoryError.
    """
    with _told(file):
        if not file.exists():
            folder = next(folder for folder in file.absolute().parents if folder.exists())
            with tempfile.TemporaryFile(dir=folder):
                return
    with _told(file), _opened(file, wait, "rw") as connection, _transaction(connection, "IMMEDIATE"):
        version = _version(connection, file, MIGRATIONS)
        connection.execute(f"PRAGMA user_version = {version}")  # is written, and taken back
        connection.execute("ROLLBACK")


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """Say what SQLite raises as a HistoryError, and so what it gives and nobody can read."""
    try:
        yield
    except sqlite3.Error as error:
        raise of_database(file, error) from error
    except OSError as error:
        raise of_system(file, error) from error
    except (ValueError, LookupError, OverflowError) as error:
        raise damaged(file, error) from error


@contextmanager
def _opened(file: Path, wait: float, mode: str) -> Iterator[sqlite3.Connection]:
    if file.exists() and not file.is_file():  # SQLite would begin a journal beside a device
        raise HistoryError(file, "is a folder or a device", "name a file with --history")
    address = f"{file.absolute().as_uri()}?mode={mode}"
    with closing(sqlite3.connect(address, timeout=wait, isolation_level=None, uri=True)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        if connection.in_transaction:
            connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends some by itself, as on a full disk
            connection.execute("ROLLBACK")
        raise


def _bring_up_to_date(connection: sqlite3.Connection, file: Path, migrations: Sequence[str]) -> None:
    version = _version(connection, file, migrations)
    for step in migrations[version:]:
        for statement in _statements(step):
            connection.execute(statement)
    if version < len(migrations):
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


def _version(connection: sqlite3.Connection, file: Path, migrations: Sequence[str]) -> int:
    """The number of the file's form; 0 where there is nothing in it."""
    if _is_empty(connection):
        return 0
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise no_history(file)
    if version > len(migrations):
        raise newer(file, version, len(migrations))
    if version < 1:
        raise damaged(file, f"form {version}")
    return int(version)


def _is_empty(connection: sqlite3.Connection) -> bool:
    found: tuple[int] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return found == (0,)


def _statements(step: str) -> Iterator[str]:
    statement = ""
    for line in step.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
