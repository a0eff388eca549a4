"""What can be changed in something that is right, at random or one by one: a hello (`hello`), the records of
a peer (`records`), and the bytes or the values of a file (`content`). Tests, `bench.fidelity` and
`bench.fuzz` use them.
"""
