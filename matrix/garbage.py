"""How often Python looks for garbage in a process of this program.

By default it looks after every 700 new objects. Starting makes many that stay (definitions, profiles,
models), and what a cell makes is freed without it, since a connection leaves no cycles behind. To look less
often saves about a tenth of the processor time of a run of all clients.
"""

import gc

_THRESHOLDS = 20_000, 20, 20


def look_seldom() -> None:
    """Look after every 20,000 new objects; for processes that are this program's own."""
    gc.set_threshold(*_THRESHOLDS)
