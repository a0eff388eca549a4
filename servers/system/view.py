"""What a program of the system has said about one connection."""

from contextlib import suppress

from handshake.wire.cipher_suites import cipher_suite_name, parse_cipher_suite
from servers import contract


class View:
    """Filled in line by line; None for what the program has not said.

    Each program has a subclass of its own that reads its lines. `log` is what is kept of them.
    """

    def __init__(self, reason: str | None = None) -> None:
        self.version: str | None = None
        self.cipher_suite: str | None = None
        self.alert_sent: str | None = None
        self.reason = reason
        self._log: list[str] = []
        self._log_characters = 0

    def read(self, line: bytes) -> None:
        """Take one line of the program's output, without its end."""
        raise NotImplementedError

    def negotiated(self, version: bytes, cipher_suite: bytes) -> None:
        """Take what was negotiated, in OpenSSL's names; a suite that no list here has stays untold."""
        self.version = version_by_openssl(version)
        with suppress(ValueError):
            self.cipher_suite = cipher_suite_name(parse_cipher_suite(cipher_suite.decode()))

    def keep(self, line: bytes) -> None:
        """Put a line into the log, as long as that is not full."""
        if self._log_characters < contract.MAX_LOG_CHARACTERS:
            self._log.append(line.decode("utf-8", "backslashreplace"))
            self._log_characters += len(line)

    def event(self, server_id: str, peer_port: int) -> contract.Connection:
        """The event that tells the harness."""
        log = "\n".join(self._log) if self._log else None
        seen = (self.version, self.cipher_suite, self.alert_sent, self.reason, log)
        return contract.Connection(server_id, peer_port, *seen)


def version_by_openssl(name: bytes) -> str:
    """The version that OpenSSL calls by a name: its "TLSv1" is "TLSv1.0"."""
    return name.decode() if b"." in name else f"{name.decode()}.0"
