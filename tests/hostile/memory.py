"""How much memory something needs at its worst, as the kernel counts it (proc(5): clear_refs, VmHWM)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_MEMORY = 24 * 2**20
"""What one conversation may need at its worst; what comes in it is 256 KB at most."""
_STATUS = Path("/proc/self/status")
_PEAK_IS_NOW = "5"


@contextmanager
def needs_at_most(limit: int) -> Iterator[None]:
    """Fail where this process has needed more than `limit` bytes besides what it has now."""
    Path("/proc/self/clear_refs").write_text(_PEAK_IS_NOW)
    before = _bytes("VmRSS")
    yield
    needed = _bytes("VmHWM") - before
    assert needed <= limit, f"{needed} bytes were needed"


def _bytes(field: str) -> int:
    found = re.search(rf"^{field}:\s+([0-9]+) kB$", _STATUS.read_text(), re.MULTILINE)
    assert found is not None, f"{_STATUS} has no {field}"
    return 1024 * int(found[1])
