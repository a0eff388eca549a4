"""`python -m matrix` is `tls-matrix`."""

from matrix.cli import main

if __name__ == "__main__":
    main()
