"""What a gnutls-serv says about one connection on its standard error, told to log to level 5 (-d)."""

import re

from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import alert_name
from servers.system.view import View

LOG_LEVEL = "5"
# The words are those of lib/handshake.c, lib/auth/cert.c, lib/alert.c and src/serv.c of GnuTLS 3.7.9.
_CANDIDATE = re.compile(rb"Selected \(.*\) cert based on ciphersuite ([0-9a-f]+)\.([0-9a-f]+):")
_CHOSEN = re.compile(rb"HSK\[\w+\]: Selected cipher suite: ")
_VERSION = re.compile(rb"HSK\[\w+\]: Selected version TLS([0-9.]+)")
_ALERT = re.compile(rb"REC: Sending Alert\[2\|(\d+)\]")
_ERROR = re.compile(rb"^(?:Error|Failure)\b.*")
# Standard output comes in blocks, and so late that it may be another connection's.
_LOG = re.compile(
    rb"^\|<[1245]>\| (?!checking|cannot use|.*(?:epoch|Epoch|extension|signature algo|Received group|Packet))"
)


class ServView(View):
    """Reads what gnutls-serv has chosen, the fatal alerts it sent, and its errors."""

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(reason)
        self._candidate: int | None = None

    def read(self, line: bytes) -> None:
        """Take one line."""
        if _LOG.match(line):
            self.keep(line)
        if candidate := _CANDIDATE.search(line):
            self._candidate = int(candidate[1], 16) << 8 | int(candidate[2], 16)
        elif _CHOSEN.search(line) and self._candidate is not None:
            self.cipher_suite = cipher_suite_name(self._candidate)
        elif version := _VERSION.search(line):
            self.version = f"TLSv{version[1].decode()}"
        elif alert := _ALERT.search(line):
            self.alert_sent = alert_name(int(alert[1]))
        elif error := _ERROR.match(line):
            self.keep(line)
            self.reason = self.reason or error[0].decode("utf-8", "backslashreplace")
