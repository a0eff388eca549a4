"""Lines of a key log: the secrets of a connection in the form that Wireshark and others read (RFC 9850).

A line is `<label> <client random> <secret>`, both in hex. With them a capture of the connection can be
decrypted; no private key is needed, and none can be found from them.
"""

from handshake.crypto.key_schedule import Role

MASTER_SECRET = "CLIENT_RANDOM"
"""SSLv3 to TLS 1.2, RFC 9850 section 2.2."""
HANDSHAKE_TRAFFIC = {
    Role.CLIENT: "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    Role.SERVER: "SERVER_HANDSHAKE_TRAFFIC_SECRET",
}
APPLICATION_TRAFFIC = {Role.CLIENT: "CLIENT_TRAFFIC_SECRET_0", Role.SERVER: "SERVER_TRAFFIC_SECRET_0"}
"""TLS 1.3, RFC 9850 section 2.1; those after a KeyUpdate follow from these (RFC 8446 section 7.2)."""


def line(label: str, client_random: bytes, secret: bytes) -> str:
    """Write one line, without its end; `client_random` has 32 bytes."""
    return f"{label} {client_random.hex()} {secret.hex()}"
