"""Which servers are chosen, before anything runs."""

import pytest

from matrix.errors import SelectionError
from matrix.plan.loading import load_all_definitions
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from matrix.plan.servers import choose_levels
from servers.variant import ServerIdError


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        ([], []),
        (["jsse7@*"], ["jsse7@7", "jsse7@7u25", "jsse7@7u85"]),
        (["jsse7@7u?5,ec=no"], ["jsse7@7u25,ec=no", "jsse7@7u85,ec=no"]),
        # As it is by default, so it does not stand in the id.
        (["jsse6@6u4*,ec=no"], ["jsse6@6u45"]),
        # Two toggles at once; 6-early and 6u18 have no renegotiation to set and are left out.
        (
            ["jsse6@6[-u][e12]*,renegotiation=legacy,ec=yes"],
            [
                "jsse6@6u21,ec=yes,renegotiation=legacy",
                "jsse6@6u22,ec=yes,renegotiation=legacy",
                "jsse6@6u29,ec=yes,renegotiation=legacy",
            ],
        ),
        (["jsse6@6-early,renegotiation=legacy", "jsse6@6u18"], None),
        (["jsse6@6u2[12]", "jsse6@6u2*"], ["jsse6@6u21", "jsse6@6u22", "jsse6@6u29"]),
    ],
)
def test_levels_are_chosen_by_pattern_and_set_alike(patterns: list[str], chosen: list[str] | None) -> None:
    definitions = load_all_definitions(())
    if chosen is None:
        with pytest.raises(ServerIdError, match='no toggle "renegotiation"'):
            choose_levels(patterns, definitions)
    else:
        assert [variant.id for variant in choose_levels(patterns, definitions)] == chosen


@pytest.mark.parametrize("pattern", ["jsse7", "jsse9@*", "jsse7@7u86"])
def test_a_pattern_for_no_level_is_refused_with_near_ones(pattern: str) -> None:
    with pytest.raises(SelectionError, match=r"no level matches .*; near it: jsse"):
        make_plan(RunOptions(levels=(pattern,)))


def test_levels_are_added_to_servers_and_replace_the_default_ones() -> None:
    def servers(**options: tuple[str, ...]) -> list[str]:
        return [variant.id for variant in make_plan(RunOptions(**options)).variants]

    assert servers(levels=("jsse7@7",)) == ["jsse7@7"]
    assert servers(levels=("jsse7@7",), target=("mine=127.0.0.1:1",)) == ["jsse7@7"]
    assert servers(levels=("jsse7@7",), server=("tlslite@0.8*", "jsse7@7")) == ["jsse7@7", "tlslite@0.8.2"]
