"""Server programs that are written in the language of their stack: the process of one, and what it says.

Such a program keeps to the contract (`servers.contract`) as far as JSON goes: a server on a line of standard
input, an event on a line of standard output, an end at the end of input. What it cannot know is added here:
the digests of certificates, and IANA's names.
"""
