"""What nginx's debug log says about one connection."""

import re

from servers.system.daemon import DaemonLog
from servers.system.view import View

# src/event/ngx_event_openssl.c, ngx_ssl_handshake_log; src/core/ngx_log.c
_HANDSHAKE = re.compile(rb'\*\d+ SSL: (TLSv[0-9.]+), cipher: "([\w-]+) ')
_COMPLAINT = re.compile(rb"\[(?:info|notice|warn|error|crit)\] \S+ \*\d+ (.*?)(?:, client: |$)")
_NORMAL = re.compile(rb"closed keepalive connection")


class NginxView(View):
    """Reads what was negotiated and the first complaint. nginx does not say which alert it sent."""

    def read(self, line: bytes) -> None:
        """Take one line."""
        if handshake := _HANDSHAKE.search(line):
            self.negotiated(*handshake.groups())
        elif (complaint := _COMPLAINT.search(line)) and not _NORMAL.search(line):
            self.reason = self.reason or complaint[1].decode("utf-8", "backslashreplace")


# 2026/11/25 10:07:21 [debug] 7072#7072: *1 accept: 127.0.0.1:34950 fd:6
LOG = DaemonLog(
    connection=re.compile(rb"^\S+ \S+ \[\w+\] \d+#\d+: \*(\d+) "),
    accepted=re.compile(rb"accept: \S+:(\d+) fd:"),
    finished=re.compile(rb"close http connection: "),
    listening=re.compile(rb"testing the EPOLLRDHUP flag"),
    view=NginxView,
)
