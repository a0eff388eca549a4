"""pytest's way in: everything is in `matrix.grid.plugin`, which wakes up only when the grid is to be run."""

pytest_plugins = ["matrix.grid.plugin"]
