"""What a cell's connections were on the wire, as a file that Wireshark opens (pcapng).

Nothing is captured: the packets are made from the transcripts, so it takes no rights. `conversation` makes
packets of a connection, `pcapng` a file of packets, `capture` the file of a cell.
"""
