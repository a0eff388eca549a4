"""200 servers that mind something drawn at random: what they mind is in every answer, and mostly alone."""

import pytest

from tests.matrix.explain.random_servers import (
    MOST_PROBES,
    found_at,
    is_the_cause,
    random_masked_server,
    random_server,
)

SERVERS = 200
TOGETHER = 10
MASKED = 30
MOST_WITH_RIVALS = 10
"""Of all servers: answers that leave more than one cause."""


@pytest.mark.long(but=["20", "170", "150"])
@pytest.mark.parametrize("first", range(0, SERVERS, TOGETHER))
def test_what_a_server_minds_is_found(first: int) -> None:
    with_rivals = []
    for seed in range(first, first + TOGETHER):
        server = random_server(seed)
        found = found_at(server)
        right = [any(is_the_cause(server, each) for each in group) for group in found.causes]
        names = [group[0].name for group in found.causes]
        assert any(right), (
            f"seed {seed}, {server.failing} and {server.passing}: {server.name} is not in {names}"
        )
        with_rivals += [seed] if len(names) > 1 else []
        assert len(found.trials) <= MOST_PROBES
    assert len(with_rivals) <= MOST_WITH_RIVALS * TOGETHER / SERVERS + 1


@pytest.mark.long
@pytest.mark.parametrize("first", range(100, 100 + MASKED, TOGETHER))
def test_what_a_server_minds_is_found_beside_a_second_thing(first: int) -> None:
    """Which it looks for before or behind: a hello that fails for that proves something in one case only."""
    for seed in range(first, first + TOGETHER):
        server = random_masked_server(seed)
        (group,) = found_at(server).causes
        assert any(is_the_cause(server, each) for each in group), (
            f"{seed}: {server.name} is not {group[0].name}"
        )


def test_a_second_thing_is_looked_for_before_and_behind() -> None:
    assert {random_masked_server(seed).is_first for seed in range(100, 100 + MASKED)} == {True, False}


def test_another_cause_is_told_from_the_true_one() -> None:
    """The judge of these tests is no rubber stamp."""
    causes = {seed: found_at(random_server(seed)).causes[0][0] for seed in (0, 1, 2)}
    for seed in causes:
        told = {other: is_the_cause(random_server(seed), cause) for other, cause in causes.items()}
        assert told == {other: other == seed for other in causes}


def test_a_seed_draws_the_same_server_again() -> None:
    first, again = random_server(7), random_server(7)
    assert (first.name, first.failing, first.passing, first.reaction) == (
        again.name,
        again.failing,
        again.passing,
        again.reaction,
    )
