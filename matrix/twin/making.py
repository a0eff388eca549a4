"""A twin from the first question to the proof: learned, written, started, and held against the live server.

Where the two rows differ, what is left of the budget goes into explaining why; an amendment stays only if it
makes the twin more like the live server. The twin runs on loopback, as any emulated server does.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from clients.destination import Destination
from clients.player import Player
from handshake.hello_template import HelloTemplate
from matrix.grid.servers import START_SECONDS
from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.files import write_whole
from matrix.twin.amendment import MOST_PROBES, amend, differences, explain
from matrix.twin.asking import BudgetSpent, Interviewer, Unreachable
from matrix.twin.definition import LEVEL, Heading, definition_text
from matrix.twin.draft import Draft
from matrix.twin.learning import Learned, hold, learn
from matrix.twin.questions import QUESTIONS
from matrix.twin.row import Row, Terms, differing, measure, measure_again
from servers.credentials import make_credentials
from servers.definition import load_definition
from servers.processes.start import start_servers
from servers.running import RunningServer
from servers.variant import certificate_kinds, parse_server_id

_MOST_AGAIN = 40
"""Differing cells that are measured again one by one."""


class NotStarted(Exception):
    """The twin does not start; the text says why."""


class Unanswered(Exception):
    """The server answers none of the hellos, so nothing can be learned; the text says so."""


class Wanted(Struct, frozen=True):
    """The twin that is wanted: `server_id` in `folder`, of what listens at `destination`; `source` says of
    what and when.
    """

    server_id: str
    folder: Path
    destination: Destination
    source: str


class Twin(Struct, frozen=True):
    """A twin and its proof. `live` and `row` are what became of each client at the live server and at the
    twin.
    """

    file: Path
    draft: Draft
    learned: tuple[Learned, ...]
    live: Row
    row: Row
    amended: tuple[str, ...] = ()

    @property
    def differing(self) -> list[str]:
        """The clients whose cells differ."""
        return differing(self.live, self.row)


@dataclass
class Maker:
    """Makes the twin. `clients` are those that the proof is about, `terms` those of the live server; the
    differences that are left are explained in so many `rounds`.
    """

    wanted: Wanted
    clients: Mapping[str, Player]
    interviewer: Interviewer
    terms: Terms
    tell: Callable[[str], None] = lambda line: None
    draft: Draft = field(default_factory=Draft)
    rounds: int = 3

    def __post_init__(self) -> None:
        self._control = next(iter(self.clients))

    def make(self) -> Twin:
        """Learn, write, prove, and amend. Raises Unreachable, Unanswered, Flaky, NotStarted and OSError."""
        self.draft.candidates = tuple(self._hellos())
        learned = learn(self.draft, QUESTIONS, self.interviewer, self.tell)
        if not self.draft.hellos:
            raise Unanswered(f"{self.wanted.destination.address}: {self.interviewer.refusal()}")
        self.tell(f"lets {len(self.clients)} clients connect to the live server")
        live = self._reached(measure(self.clients, self.wanted.destination, self.terms))
        through = (name for name, cell in live.items() if cell.outcome == Outcome.WORKS)
        self._control = next(through, self._control)
        self.tell("lets them connect to the twin")
        live, row = self._proved(live)
        twin = Twin(self._file, self.draft, tuple(learned), live, row)
        for _ in range(self.rounds):
            better = self._amended(twin)
            if better is None:
                break
            twin = better
        self._write()
        return twin

    @property
    def _file(self) -> Path:
        return self.wanted.folder / self.wanted.server_id / "server.toml"

    def _hellos(self) -> Iterator[HelloTemplate]:
        for player in self.clients.values():
            yield from player.templates[:1]

    def _amended(self, twin: Twin) -> Twin | None:
        """The twin with one cause more; None where nothing makes it more like the live server."""
        if not twin.differing:
            return None
        for difference in differences(twin.live, twin.row):
            self.tell(f"explains why {difference.clients[0]} fails with {difference.reason}")
            before = deepcopy((self.draft.emulation, self.draft.notes))
            try:
                most = min(MOST_PROBES, self.interviewer.left)
                causes = hold(explain(difference, twin.live, most), self.interviewer)
            except BudgetSpent:
                return None
            if not causes:
                continue
            amend(self.draft, difference, causes)
            live, row = self._proved(twin.live)
            if len(differing(live, row)) < len(twin.differing):
                reason = f"{causes[0].name}: {difference.reason}"
                return replace(twin, live=live, row=row, amended=(*twin.amended, reason))
            self.draft.emulation, self.draft.notes = before
        return None

    def _proved(self, live: Row) -> tuple[Row, Row]:
        """Both rows; the cells that differ are measured a second time on both sides."""
        self._write()
        with self._running() as destination:
            terms = Terms(self.terms.seconds)
            row = measure(self.clients, destination, terms)
            again = differing(live, row)[:_MOST_AGAIN]
            if again:
                row = measure_again(row, self.clients, again, destination, terms)
                again_live = measure_again(live, self.clients, again, self.wanted.destination, self.terms)
                live = self._reached(again_live)
        return live, row

    def _reached(self, live: Row) -> Row:
        """The row, if it is one: a server that has gone away in between proves nothing."""
        if any(cell.outcome == Verdict.HARNESS_ERROR for cell in live.values()):
            raise Unreachable(f"{self.wanted.destination.address}: stopped accepting connections")
        return live

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        starttls = self.wanted.destination.starttls
        protocol = None if starttls is None else starttls.protocol
        heading = Heading(self.wanted.server_id, self.wanted.source, self._control, protocol)
        write_whole(self._file, definition_text(self.draft, heading).encode())

    @contextmanager
    def _running(self) -> Iterator[Destination]:
        definition = load_definition(self._file)
        variant = parse_server_id(f"{definition.id}@{LEVEL}", {definition.id: definition})
        credentials = make_credentials(kinds=certificate_kinds([variant]))
        with start_servers([variant], credentials, START_SECONDS) as running:
            result = running[variant.id]
            if not isinstance(result, RunningServer):
                raise NotStarted(f"{self._file}: the twin does not start: {result.message}")
            yield replace(self.wanted.destination, host=result.host, port=result.port)
