"""The client role: a connection that sends a profile's hello to the byte and completes the handshake."""
