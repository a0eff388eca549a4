"""`python -m matrix` is `tls-matrix`."""

from matrix.commands.interrupts import end_at_once
from matrix.commands.leaving import leave


def main() -> None:
    """Run the command that was asked for."""
    end_at_once()
    from matrix.commands.cli import main as run  # takes most of a second, in which Ctrl-C may come

    try:
        run()
    except SystemExit as end:
        leave(end)


if __name__ == "__main__":
    main()
