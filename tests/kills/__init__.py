"""Runs that are killed at random moments, and runs of very many cells: what is left over, and what is lost.

`keeper` is a program that runs a command as the subreaper of all that comes of it, so nothing that the
command starts can get out of sight, whatever session or environment it has given itself. `kept_run` starts a
run that way, with a folder for temporary files and a history of its own; `kinds` says what is killed and what
has to come of it; `moments` does it and counts; `descriptors` counts those of a long run. The test run and
`python -m bench.kills` share all of it.
"""
