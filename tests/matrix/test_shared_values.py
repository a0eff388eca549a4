"""Records that share their values are the same records."""

from matrix.grid.shared_values import SharedValues
from matrix.judgement.outcome import Outcome
from matrix.results.run_file import CellRecord, encode
from tests.matrix.runs import cell, run


def test_a_record_stays_what_it_is_and_shares_what_is_equal() -> None:
    records = [
        cell("a", "x", Outcome.FAILS, "server-hello:fin", notes=["one"]),
        cell("b", "x", Outcome.FAILS, "server-hello:fin", notes=["one"]),
        cell("b", "y", Outcome.FAILS, "server-hello:reset"),
    ]
    values = SharedValues()
    shared = [values.record(each) for each in records]
    assert shared == records
    assert encode(run(*shared)) == encode(run(*records))
    assert shared[0].attempts is shared[1].attempts
    assert shared[0].notes is shared[1].notes
    assert shared[0].reason is not shared[2].reason
    assert records[0].notes is not records[1].notes, "control"


def test_what_a_newer_version_has_put_into_a_record_stays() -> None:
    record = CellRecord.model_validate({**cell("a", "x").model_dump(by_alias=True), "later": 1})
    assert SharedValues().record(record).model_dump()["later"] == 1
