"""`python -m matrix` is `tls-matrix`."""

import sys

from matrix.errors import EXIT_INTERRUPTED

if __name__ == "__main__":
    try:
        from matrix.commands.cli import main  # takes most of a second, in which Ctrl-C may come
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    main()
