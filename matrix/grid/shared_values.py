"""Values that many records of a run have alike, held once, such as the certificate of a target; and records
that take little room.

Records and their parts are not changed once they are made, so sharing is not seen.
"""

from collections.abc import Hashable
from typing import Any

from pydantic import BaseModel

from matrix.results.run_file import CellRecord

_FIELDS = set(CellRecord.model_fields)  # which of them were given: twice the room of the values
_SHARED = frozenset(
    {
        "reason",
        "reason_detail",
        "expected_reason",
        "explanation",
        "certificate",
        "negotiated",
        "attempts",
        "notes",
    }
)


class SharedValues:
    """Gives for a value the first one that was equal to it."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, Hashable], Any] = {}

    def record(self, record: CellRecord) -> CellRecord:
        """The same record, made of values that others have."""
        values = record.__dict__.items()
        shared = {name: self._first(name, value) if name in _SHARED else value for name, value in values}
        return _small(shared, record.model_extra)

    def _first(self, name: str, value: Any) -> Any:
        return value if value is None else self._values.setdefault((name, _key(value)), value)


def _key(value: Any) -> Hashable:
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    return tuple(map(_key, value)) if isinstance(value, list) else repr(value)


def _small(values: dict[str, Any], unknown: dict[str, Any] | None) -> CellRecord:
    """A record of checked values, as `CellRecord.model_construct` makes it, whose attributes are set one by
    one. Python then keeps the names of the attributes once for all records, and makes no dictionary for each
    (PEP 412), which would be most of a record.
    """
    record = CellRecord.__new__(CellRecord)
    give = object.__setattr__  # the record's own refuses, because it is frozen
    for name, value in values.items():
        give(record, name, value)
    give(record, "__pydantic_fields_set__", _FIELDS)
    give(record, "__pydantic_extra__", unknown)
    give(record, "__pydantic_private__", None)
    return record
