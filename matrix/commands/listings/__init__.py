"""What `tls-matrix list` lists, one module each with `rows`; a module is imported when it is asked for."""

from typing import Any

Row = dict[str, Any]
"""One line of a listing, by the names of its columns."""
