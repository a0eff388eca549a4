"""What mod_ssl's log says about one connection, told to log at the level trace3."""

import re

from servers.system.daemon import DaemonLog
from servers.system.view import View

# modules/ssl/ssl_engine_kernel.c, ssl_engine_io.c and ssl_engine_log.c of 2.4
_NEGOTIATED = re.compile(rb" AH02041: Protocol: (TLSv[0-9.]+), Cipher: (\S+) ")
_ERROR = re.compile(rb" SSL Library Error: error:[0-9A-F]+:[^:]*:[^:]*:(.*?)(?: -- | \(SSL alert|$)")
# Of the handshake, of the name in it and in the request, of certificates, and of renegotiations.
_COMPLAINT = re.compile(rb" AH02(?:00[5-9]|03[1239]|042|22[156]|25[7-9]|26[0-4]): (.*)$")
_TRACE = re.compile(rb"\[trace[12]\]")
_NUMBERS = re.compile(rb"^\[\S*\] \d+ ")


class ApacheView(View):
    """Reads what was negotiated, OpenSSL's error or the first complaint. mod_ssl names no alert it sent."""

    def read(self, line: bytes) -> None:
        """Take one line."""
        if not _TRACE.search(line):
            self.keep(_NUMBERS.sub(b"", line))
        if negotiated := _NEGOTIATED.search(line):
            self.negotiated(*negotiated.groups())
        elif error := _ERROR.search(line):
            self.reason = error[1].strip().decode("utf-8", "backslashreplace")
        elif complaint := _COMPLAINT.search(line):
            self.reason = self.reason or complaint[1].decode("utf-8", "backslashreplace")


# [dXfBygMbrtI] 4711 [info] 127.0.0.1:47210 AH01964: Connection to child 0 established (server ...)
LOG = DaemonLog(
    connection=re.compile(rb"^\[(\S+)\] \d+ "),
    accepted=re.compile(rb" \S+:(\d+) AH01964: "),
    finished=re.compile(rb" Connection closed to child \d+ with "),
    listening=re.compile(rb" AH00098: pid file "),
    view=ApacheView,
    thread=re.compile(rb"^\[\S*\] (\d+) "),
)
"""In one process (-X) Apache does not say that it listens; what it says then is that its pid file is there
already, because it is (`servers.apache.serve`).
"""
