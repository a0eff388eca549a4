"""The commands of `tls-matrix`, one module each; `matrix.cli` puts them together."""
