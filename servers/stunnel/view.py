"""What stunnel's log says about one connection at level 7 (debug)."""

import re

from servers.system.daemon import DaemonLog
from servers.system.view import View

# src/client.c (print_cipher), src/ctx.c (info_callback) and src/log.c of stunnel 5.68
_CIPHER_SUITE = re.compile(rb": (TLSv[0-9.]+) ciphersuite: ([\w-]+) ")
_ALERT = re.compile(rb": TLS alert \(write\): fatal: ([\w ]+)$")
_COMPLAINT = re.compile(rb" LOG[0-3]\[\d+\]: (.*)$")
_DATE = re.compile(rb"^[0-9.]+ [0-9:]+ ")


class StunnelView(View):
    """Reads what was negotiated, the fatal alert sent and the first complaint."""

    def read(self, line: bytes) -> None:
        """Take one line."""
        self.keep(_DATE.sub(b"", line))
        if cipher_suite := _CIPHER_SUITE.search(line):
            self.negotiated(*cipher_suite.groups())
        elif alert := _ALERT.search(line):
            self.alert_sent = alert[1].decode().lower().replace(" ", "_")
        elif complaint := _COMPLAINT.search(line):
            self.reason = self.reason or complaint[1].decode("utf-8", "backslashreplace")


# 2026.11.25 10:06:16 LOG5[0]: Service [tls] accepted connection from 127.0.0.1:37026
LOG = DaemonLog(
    connection=re.compile(rb"^\S+ \S+ LOG\d\[(\d+)\]: "),
    accepted=re.compile(rb": Service \[\w+\] accepted connection from \S+:(\d+)$"),
    finished=re.compile(rb": Service \[\w+\] finished "),
    listening=re.compile(rb" LOG6\[ui\]: Accepting new connections"),
    view=StunnelView,
)
