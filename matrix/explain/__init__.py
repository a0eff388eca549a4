"""Which part of a hello a server minds: hypotheses about it, and hellos that tell them apart."""
