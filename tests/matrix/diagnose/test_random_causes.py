"""A server that minds a feature drawn at random is never misjudged: the feature is always left as a cause."""

import random
from collections.abc import Iterator

import pytest

from clients.profile import Profile
from handshake.features import Feature, features_of, flight_of
from handshake.features.conjunction import Conjunction
from matrix.diagnose.elimination import Diagnosis, diagnose
from matrix.diagnose.rows import Row
from tests.matrix.diagnose.seen import profiles

SEEN = 9
"""Clients of which somebody knows what became of them."""


def drawn(draw: random.Random) -> Iterator[tuple[Feature, list[Profile]]]:
    """A feature that some of a few clients have, and these clients."""
    while True:
        chosen = draw.sample(list(profiles().values()), SEEN)
        feature = draw.choice(features_of(chosen[0].attempts[0].template))
        minded = [feature.present(flight_of(each.attempts[0].template)) for each in chosen]
        if any(minded) and not all(minded):
            yield feature, chosen


def seen(feature: Feature, clients: list[Profile]) -> list[Row]:
    rows = []
    for client in clients:
        hello = client.attempts[0].template
        rows.append(Row(client.id, (hello,), not feature.present(flight_of(hello))))
    return rows


def is_left(diagnosis: Diagnosis, feature: Feature, clients: list[Profile]) -> bool:
    """Whether the feature is left, or what is so alike that these hellos do not tell them apart."""
    flights = [flight_of(client.attempts[0].template) for client in clients]
    minded = [feature.present(flight) for flight in flights]
    return any([each.holds(flight) for flight in flights] == minded for each in diagnosis.possible)


@pytest.mark.long(but=["0", "1?", "2?"])
@pytest.mark.parametrize("seed", range(40))
def test_the_cause_is_among_what_is_left(seed: int) -> None:
    feature, clients = next(drawn(random.Random(seed)))
    diagnosis = diagnose(seen(feature, clients))
    assert diagnosis.contradictions == ()
    assert feature in {part for each in diagnosis.possible for part in each.parts}
    assert feature not in {part for each in diagnosis.ruled_out for part in each.hypothesis.parts}


@pytest.mark.long(but=["0", "1?", "2?"])
@pytest.mark.parametrize("seed", range(40))
def test_a_cause_of_two_parts_is_among_what_is_left(seed: int) -> None:
    draw = random.Random(1000 + seed)
    first, clients = next(drawn(draw))
    others = [each for each in features_of(clients[0].attempts[0].template) if each != first]
    cause = Conjunction((first, draw.choice(others)))
    rows = seen(cause, clients)
    if not any(not row.works for row in rows):
        pytest.fail("the first client has both features")
    diagnosis = diagnose(rows)
    pairs = diagnosis.pairs or ()
    is_pair = any(set(each.parts) == set(cause.features) for each in pairs)
    assert is_left(diagnosis, cause, clients) or is_pair or diagnosis.pairs is None


@pytest.mark.parametrize("seed", range(20))
def test_what_is_ruled_out_is_not_the_cause_even_where_somebody_is_unsure(seed: int) -> None:
    draw = random.Random(2000 + seed)
    feature, clients = next(drawn(draw))
    rows = seen(feature, clients)
    wrong = draw.randrange(len(rows))
    mistaken = [
        Row(row.label, row.hellos, row.works is not (number == wrong), is_sure=number != wrong)
        for number, row in enumerate(rows)
    ]
    diagnosis = diagnose(mistaken)
    assert feature not in {part for each in diagnosis.ruled_out for part in each.hypothesis.parts}
