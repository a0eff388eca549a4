"""The commands of `tls-matrix`, one module each; `matrix.commands.cli` puts them together."""
