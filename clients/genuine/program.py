"""What a genuine program is to a cell: something that is told where to connect, and says how it went.

How the connection itself went is read off the wire, alike for all programs (`relay`, `wire`); what a program
says is the second source, for its alerts that are encrypted and whose keys it does not tell.
"""

from dataclasses import dataclass, field
from typing import Protocol

from msgspec import Struct

PREFIX = "genuine-"
"""How the id of every genuine program begins, and a pattern that chooses one."""


class Endless(Exception):
    """A pattern was not done in time with what a program said; the text says which."""


class Call(Struct, frozen=True):
    """One visit. `port` is on this machine's loopback, where `host` leads too; `server_name` is what the
    server is called, None for one that has only an address. `request` is sent once connected. `deadline` is
    in `time.monotonic` seconds. `trusted` are certificates in PEM that a program should trust which cannot be
    told to trust anybody; empty when they are not known.
    """

    host: str
    port: int
    server_name: str | None
    request: bytes
    deadline: float
    trusted: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What a program says of a visit. `words` are its own, `how` how it ended. `works` None: only the wire
    can tell. `alert_sent` and `alert_received` are the alerts (RFC 8446 section 6) that it says it has sent
    and got. `answer` is what it says the server has answered. `key_log` has the secrets of its connections as
    lines of a key log (RFC 9850). `is_late`: the deadline has ended it, and with it its connections.
    `prints_answer`: an answer over HTTP that is not in `answer` has not been read. `hides_answer`: one that
    is not in `answer` may have been read, and where `ends_well` the program ended as if one had.
    """

    words: str
    how: str = ""
    is_late: bool = field(default=False, kw_only=True)
    prints_answer: bool = field(default=False, kw_only=True)
    hides_answer: bool = field(default=False, kw_only=True)
    ends_well: bool = field(default=False, kw_only=True)
    works: bool | None = None
    answer: bytes = b""
    alert_sent: int | None = None
    alert_received: int | None = None
    key_log: tuple[str, ...] = field(default=(), repr=False)


class Program(Protocol):
    """A genuine program, installed or not."""

    @property
    def id(self) -> str:
        """`genuine-<program>-<version>`; without a version where it is not installed and none is known."""

    @property
    def title(self) -> str:
        """What it is, for a person."""

    @property
    def missing(self) -> str | None:
        """Why it cannot be had here, and the command that gets it; None where it can."""

    def visit(self, call: Call) -> Said:
        """Connect, send the request, read the answer, leave. Ends by the deadline; raises OSError where the
        program cannot be started.
        """


class Missing(Struct, frozen=True):
    """A program that is not installed."""

    id: str
    title: str
    missing: str

    def visit(self, call: Call) -> Said:
        """Nobody calls what is missing."""
        raise FileNotFoundError(self.missing)
