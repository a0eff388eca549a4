"""One of the two runs of a comparison: where it lies, when it was made, which addresses were asked. Pure."""

from collections.abc import Iterator

from msgspec import Struct

from matrix.results.run_file import EXTERNAL, RunFile, TargetRecord
from matrix.results.timings import NO_TIMINGS, Timings


class ComparedRun(Struct, frozen=True):
    """`place` is the run's folder or file as it was given. Of a run of which one server is compared, `server`
    is that one.
    """

    place: str
    run: RunFile
    timings: Timings = NO_TIMINGS
    server: str | None = None

    def targets(self) -> list[TargetRecord]:
        """The targets that are compared, as they were asked for."""
        asked = self.run.run.asked.targets if self.run.run.asked is not None else []
        return [target for target in asked if self.server in (None, target.name)]

    def other_addresses(self) -> Iterator[tuple[str, str]]:
        """Name and address of each target of which the run file does not say how it was asked."""
        told = {target.name for target in self.targets()}
        for name, record in sorted(self.run.servers.items()):
            is_compared = self.server in (None, name) and record.kind == EXTERNAL
            if is_compared and name not in told and name in self.timings.addresses:
                yield name, self.timings.addresses[name]
