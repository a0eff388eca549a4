"""What is to be run, as one value: servers, clients, scenarios, and the cells with what is known of them."""

from collections.abc import Callable, Mapping, Set
from typing import Self

from msgspec import Struct, field
from msgspec.structs import replace

from clients.destination import Target
from clients.genuine.program import Program
from clients.profile import Profile
from matrix.cell import Cell
from matrix.judgement.outcome import Expectation
from matrix.plan.options import RunOptions
from matrix.plan.shard import Shard
from matrix.prediction import Prediction
from matrix.scenarios import Scenario
from servers.variant import ServerVariant


class PlannedCell(Struct, frozen=True):
    """A cell with what is known of it beforehand; of a target nothing may be."""

    cell: Cell
    expectation: Expectation | None
    prediction: Prediction | None


class Plan(Struct, frozen=True):
    """All that a run needs. `profiles` are all that exist (controls may use others than the cells do),
    `programs` the genuine ones, where any is asked for; `remarks` are what the user should know before it
    runs, a line each. `whole` is the plan of which this one is a shard.
    """

    options: RunOptions
    variants: tuple[ServerVariant, ...]
    targets: tuple[Target, ...]
    profiles: Mapping[str, Profile]
    scenarios: tuple[Scenario, ...]
    cells: tuple[PlannedCell, ...]
    remarks: tuple[str, ...] = ()
    programs: Mapping[str, Program] = field(default_factory=dict)
    whole: "Plan | None" = None

    def client(self, identity: str) -> Profile | Program:
        """The client of a cell."""
        return self.programs.get(identity) or self.profiles[identity]

    def part(self, shard: Shard) -> Self:
        """The plan of a shard. Raises SelectionError where there are more shards than cells."""
        cells = {planned.cell.id for planned in shard.of(self.cells)}
        return replace(self.narrowed_to(cells), whole=self)

    def chosen_by(self, choose: Callable[["Plan"], "Plan"]) -> "Plan":
        """The plan of the cells that `choose` leaves of it; of a shard, the same shard of what is left of the
        whole, so that the shards of a run are parts of one choice. Raises SelectionError.
        """
        if self.whole is None or self.options.shard is None:
            return choose(self)
        return choose(self.whole).part(Shard.parse(self.options.shard))

    def narrowed_to(self, cell_ids: Set[str]) -> Self:
        """Give the plan of these cells alone, and of the servers and targets they need."""
        cells = tuple(planned for planned in self.cells if planned.cell.id in cell_ids)
        needed = {planned.cell.server for planned in cells}
        return replace(
            self,
            cells=cells,
            variants=tuple(variant for variant in self.variants if variant.id in needed),
            targets=tuple(target for target in self.targets if target.name in needed),
        )
