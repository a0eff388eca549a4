"""What the figures were measured on; printed beside every one of them."""

import os
import platform
from pathlib import Path


def machine() -> dict[str, object]:
    """Return processors, memory in GiB and the Python version."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "processors": len(os.sched_getaffinity(0)),
        "model": model,
        "memory_gib": round(pages / 2**30),
        "python": platform.python_version(),
    }
