"""Peers that do whatever they like, against both roles: the client engine in its exchange and the emulated
server in its conversation. Whatever comes, there is an outcome with a reason, and no exception.
"""
