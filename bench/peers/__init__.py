"""This program beside its peers, in one run, in turn, on one server.

`measured` holds what a measurement gives, `commands` are whole commands, `probes` what is called in this
process, `sslyze` installs that program and counts its handshakes, `targets` has the ratios, `report` writes.
"""
