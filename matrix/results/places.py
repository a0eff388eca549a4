"""The checkout this runs from, and where runs are put."""

from pathlib import Path

_ROOT = Path(__file__).parents[2]
CHECKOUT: Path | None = _ROOT if (_ROOT / "tls-matrix").is_file() else None
"""The checkout this runs from; None where it is installed without one."""
REPORTS = Path("reports") if CHECKOUT is None else CHECKOUT / "reports"
"""Where runs are put that nobody has put elsewhere."""
PAGE = "grid.html"
"""The name of the page in a run's folder."""
