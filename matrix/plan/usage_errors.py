"""What a person must correct before a run can start, as one kind of error: each is a line for each thing."""

from clients.destination import TargetError
from definitions.fault import UnusableFile
from matrix.errors import MatrixError
from servers.variant import ServerIdError

USAGE_ERRORS = (MatrixError, UnusableFile, ServerIdError, TargetError)


def lines_of(error: Exception) -> tuple[str, ...]:
    """What one of USAGE_ERRORS says: a line for each error."""
    return error.lines if isinstance(error, UnusableFile) else (str(error),)
