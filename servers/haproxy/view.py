"""What haproxy's log says about one connection: a line at its end, in the two forms of haproxy.conf."""

import re

from servers.system.daemon import DaemonLog
from servers.system.view import View

_CONNECTION = re.compile(rb"^connection \S+ (TLSv[0-9.]+|-) (\S+) (\S)(\S)")
_REFUSED = re.compile(rb'^refused \S+ "([^"]*)" "([^"]*)"')
# The session's state at its end (section 8.5 of haproxy's configuration manual); the first letter says who
# ended it.
_NORMAL = b"-"
_WHO = {b"C": "the client ended the connection", b"c": "the client was silent for too long: timeout"}


class HaproxyView(View):
    """Reads what was negotiated, or why it was not. haproxy does not say which alert it sent."""

    def read(self, line: bytes) -> None:
        """Take one line."""
        self.keep(line)
        if connection := _CONNECTION.match(line):
            version, suite, who, _ = connection.groups()
            if version != b"-":
                self.negotiated(version, suite)
            if who != _NORMAL:
                self.reason = _WHO.get(who, f"ended with the state {who.decode('ascii', 'replace')}")
        elif refused := _REFUSED.match(line):
            words, openssl = (part.decode("utf-8", "backslashreplace") for part in refused.groups())
            self.reason = openssl.rpartition(":")[2] or words


LOG = DaemonLog(
    connection=re.compile(rb"^(?:connection|refused) (\S+:\d+) "),
    accepted=re.compile(rb"^\w+ \S+:(\d+) "),
    finished=re.compile(rb"^(?:connection|refused) "),
    listening=re.compile(rb"^Total: \d+ \(\d+ usable\), will use "),
    view=HaproxyView,
)
"""haproxy does not say that it listens: the socket does already when it starts, so it is told (-V) when the
configuration has been read without a fault.
"""
