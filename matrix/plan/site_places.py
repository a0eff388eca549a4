"""Where in a site's file stands what cannot be used: what is looked up elsewhere (clients, servers, a
baseline, certificates) is told with the file, the key and the line, all of it at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from clients.genuine.program import Program
from clients.profile import Profile
from definitions.fault import Fault, Place, Together
from matrix.cell import select
from matrix.plan.loading import choose_clients
from matrix.plan.options import RunOptions
from matrix.plan.servers import choose_variants
from matrix.plan.site import Site, SiteError
from matrix.plan.targets import parse_targets
from matrix.plan.usage_errors import USAGE_ERRORS, lines_of
from matrix.results.gate import parse_gates
from matrix.scenarios import SCENARIOS
from servers.definition import ServerDefinition

_OPTION_OF = {"servers": "server", "clients": "client", "scenarios": "scenario"}
"""The options of `run` whose keys have another name."""


class SitePlaces:
    """A site's file, and which of its keys count because nothing was given in their place."""

    def __init__(self, site: Site, given: RunOptions) -> None:
        self._site = site
        self._given = given

    def counts(self, key: str) -> bool:
        """Whether the file says something of a key, and the command line does not."""
        return bool(getattr(self._site.file, key)) and not getattr(self._given, _OPTION_OF.get(key, key))

    @contextmanager
    def told(self, key: str) -> Iterator[None]:
        """Tell what cannot be used as the fault of this key, if its value stands in the file. Faults in the
        files of a folder have their own places.
        """
        with _as_faults(lambda line: self._of_path(key, line) if self.counts(key) else line):
            yield

    @contextmanager
    def told_of_target(self, name: str) -> Iterator[None]:
        """The same of a target of that name."""
        is_here = name in self._site.targets and not self._is_given(name)
        with _as_faults(self._at(("targets", name), name) if is_here else str):
            yield

    def check(
        self,
        definitions: Mapping[str, ServerDefinition] | None,
        profiles: Mapping[str, Profile] | None,
        programs: Mapping[str, Program],
        chosen: Sequence[str],
    ) -> None:
        """Look up each pattern, each word and each target of those that are chosen. Raises SiteError with all
        faults; what could not be read (None) is not looked into.
        """
        look_up: dict[str, Callable[[str], object]] = {
            "scenarios": lambda each: select([each], SCENARIOS, "scenario"),
            "fail_on": lambda each: parse_gates([each]),
        }
        if profiles is not None:
            look_up["clients"] = lambda each: choose_clients([each], profiles, programs)
        if definitions is not None:
            look_up["servers"] = lambda each: choose_variants([each], definitions)
        together = Together()
        with together:
            self._site.check()
        for key, looked_up in look_up.items():
            for position, each in enumerate(getattr(self._site.file, key) if self.counts(key) else ()):
                with together, _as_faults(self._at((key, position))):
                    looked_up(each)
        for text in chosen:
            name = text.partition("=")[0]
            if not self._is_given(name):
                with together, self.told_of_target(name):
                    parse_targets([text])
        together.end(SiteError)

    def _is_given(self, name: str) -> bool:
        return any(text.partition("=")[0] == name for text in self._given.target)

    def _at(self, place: Place, target: str = "") -> Callable[[str], str]:
        return lambda line: self._said(place, line, target)

    def _of_path(self, key: str, line: str) -> str:
        value = getattr(self._site.file, key)
        for position, text in enumerate(value if isinstance(value, tuple) else (value,)):
            path = self._site.folder / text
            place = (key, position) if isinstance(value, tuple) else (key,)
            about = line.removeprefix(f"--{key} ")
            if about.startswith(f"{path}: ") or key == "baseline":
                return self._said(place, about)
        return line

    def _said(self, place: Place, line: str, target: str = "") -> str:
        """The line with its place; the option of the command line that it may begin with is left out."""
        document = self._site.documents[target]
        what = line.removeprefix(f"--target {target}: ").removeprefix("--fail-on ")
        return Fault(place, what, document.line_of(place)).said_of(document.source)


@contextmanager
def _as_faults(placed: Callable[[str], str]) -> Iterator[None]:
    try:
        yield
    except USAGE_ERRORS as error:
        lines = lines_of(error)
        if (said := tuple(map(placed, lines))) == lines:
            raise
        raise SiteError(*said) from error
