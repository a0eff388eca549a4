"""What a selfserv says about one connection on its standard error, told to be verbose (-v)."""

import re

from handshake.wire.registry import version_name
from servers.system.view import View

# cmd/selfserv/selfserv.c of NSS: printSecurityInfo, and errWarn, which explains an error in a second line.
_VERSION = re.compile(rb"^selfserv: SSL version (\d)\.(\d) using ")
_END = re.compile(rb"^selfserv: (HDX PR_Read hit EOF) ")
_ERROR = re.compile(rb"^selfserv: .* returned error -?\d+:")
_NEXT = re.compile(rb"^selfserv: About to call accept")


class SelfservView(View):
    """Reads the version and the errors. Which cipher suite it was is said in words that fit several, and
    nothing of alerts; the words are in the log.
    """

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(reason)
        self._explains = False

    def read(self, line: bytes) -> None:
        """Take one line."""
        if not line.strip() or _NEXT.match(line):
            return
        self.keep(line)
        if version := _VERSION.match(line):
            self.version = version_name(int(version[1]) << 8 | int(version[2]))
        elif end := _END.match(line):
            self.reason = self.reason or end[1].decode()
        elif self._explains:
            self.reason = self.reason or line.strip().decode("utf-8", "backslashreplace")
        self._explains = _ERROR.match(line) is not None
