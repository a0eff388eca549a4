"""What follows from the cells of one server, such as what all clients that fail have in common. Pure."""

from matrix.results.run_file import RunFile


def inference(run: RunFile, server: str) -> list[str]:
    """Give what follows from a target's row, a sentence each; nothing is inferred yet."""
    del run, server
    return []
