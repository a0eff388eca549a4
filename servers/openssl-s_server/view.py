"""What an s_server says about one connection, told it is to print its messages (-msg)."""

import re
from contextlib import suppress

from handshake.wire.cipher_suites import cipher_suite_name
from servers.system.view import View

_MESSAGE = re.compile(rb"(<<<|>>>) (?:TLS|SSL) ([0-9.]+), (\w+) \[length [0-9a-f]+\](?:, (.*))?")
_ERROR = re.compile(rb"[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):")


class ServerView(View):
    """Reads the messages it sent, and its errors."""

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(reason)
        self._server_hello: bytes | None = None

    def read(self, line: bytes) -> None:
        """Take one line of standard output or standard error."""
        if message := _MESSAGE.match(line):
            direction, version, kind, words = message.groups()
            self._server_hello = None
            if direction == b">>>" and kind == b"Handshake" and words == b"ServerHello":
                self._server_hello, self.version = b"", f"TLSv{version.decode()}"
            elif direction == b">>>" and kind == b"Alert" and words and not words.endswith(b"close_notify"):
                self.alert_sent = words.split()[-1].decode("ascii", "replace")
        elif self._server_hello is not None and line.startswith(b"    "):
            with suppress(ValueError):
                self._server_hello += bytes.fromhex(line.decode("ascii", "replace"))
                self._find_cipher_suite(self._server_hello)
        elif self.reason is None and (error := _ERROR.match(line)):
            self.reason = error[1].decode("utf-8", "replace")

    def _find_cipher_suite(self, message: bytes) -> None:
        # Message header 4, version 2, random 32, then the session id and after it the suite (RFC 5246 section
        # 7.4.1.3).
        end = 41 + message[38] if len(message) > 38 else 41
        if len(message) >= end:
            self.cipher_suite = cipher_suite_name(int.from_bytes(message[end - 2 : end]))
            self._server_hello = None
