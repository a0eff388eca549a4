"""Values that many records of a run have alike, held once, such as the certificate of a target.

Records and their parts are not changed once they are made, so sharing is not seen.
"""

from typing import Any

from matrix.results.run_file import CellRecord

_FIELDS = set(CellRecord.model_fields)  # which of them were given: twice the room of the values
_SHARED = (
    "reason",
    "reason_detail",
    "expected_reason",
    "explanation",
    "certificate",
    "negotiated",
    "attempts",
    "notes",
)


class SharedValues:
    """Gives for a value the first one that was equal to it."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], Any] = {}

    def record(self, record: CellRecord) -> CellRecord:
        """The same record, made of values that others have."""
        shared = {name: self._first(name, getattr(record, name)) for name in _SHARED}
        return CellRecord.model_construct(_FIELDS, **{**dict(record), **shared})

    def _first(self, name: str, value: Any) -> Any:
        return value if value is None else self._values.setdefault((name, repr(value)), value)
