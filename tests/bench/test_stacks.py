"""The emulations of the bench answer as the stacks they are held against, which run beside them here."""

from collections.abc import Iterator
from typing import Any

import pytest

from bench.fidelity.__main__ import SERVERS
from bench.fidelity.comparison import compare_with_stack
from bench.fidelity.measured import recorded_first_flights
from bench.fidelity.questions import Address
from bench.fidelity.stacks import STACKS, Missing
from bench.fidelity.variations import variations
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import RunningServer, start_servers
from servers.variant import parse_server_id

CREDENTIALS = make_credentials()
SAMPLE = ("empty_sni", "ri_nonempty", "dup_ext", "ver_3_0", "recver_2_0", "dhe_only", "sid33", "http")
SAMPLE += ("two_hellos",)
QUESTIONS = [each for each in recorded_first_flights() if each.name in SAMPLE]


@pytest.fixture(scope="module")
def emulated() -> Iterator[dict[str, Address]]:
    variants = [parse_server_id(name, load_definitions([SERVERS])) for name in STACKS]
    with start_servers(variants, CREDENTIALS) as servers:
        addresses = {}
        for variant in variants:
            server = servers[variant.id]
            assert isinstance(server, RunningServer), server
            addresses[variant.id] = Address(server.host, [server.port], 16)
        yield addresses


@pytest.mark.long(but=["tlslite-emulated@0.8.2", "openssl-3.0-emulated@3.0"])
@pytest.mark.parametrize("name", STACKS)
def test_an_emulation_answers_as_its_stack(emulated: dict[str, Address], name: str) -> None:
    with STACKS[name](CREDENTIALS) as stack:
        if isinstance(stack, Missing):
            pytest.skip(stack.message)
        comparison = compare_with_stack(name, emulated[name], QUESTIONS, stack)
    assert comparison.total == len(SAMPLE)
    assert comparison.disagreements == ()


@pytest.mark.long
def test_another_stack_is_told_apart(emulated: dict[str, Address]) -> None:
    with STACKS["tlslite-emulated@0.8.2"](CREDENTIALS) as stack:
        assert not isinstance(stack, Missing), stack
        comparison = compare_with_stack("other", emulated["openssl-3.0-emulated@3.0"], QUESTIONS, stack)
    assert {each.question for each in comparison.disagreements} >= {"dup_ext", "ver_3_0", "recver_2_0"}


def test_variations_are_the_same_for_the_same_seed_and_others_for_another() -> None:
    def sent(seed: int) -> list[Any]:
        return [(each.name, each.sent) for each in variations(20, seed)]

    assert sent(1) == sent(1)
    assert sent(1) != sent(2)
    assert len({flight for _, flight in sent(1)}) == 20
