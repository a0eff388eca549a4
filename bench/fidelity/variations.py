"""First flights nobody has thought of: hellos of the vectors with something changed at random
(`tests.mutations.hello`). The same seed gives the same flights.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

from bench.fidelity.measured import recorded_first_flights
from bench.fidelity.questions import FirstFlight
from handshake.errors import PeerFault
from handshake.wire.client_hello import ClientHello, SSLv2ClientHello, pull_hello_flight
from tests.mutations import hello

CLIENT_HELLOS = Path(__file__).parents[2] / "tests" / "vectors" / "clienthellos.json"


def variations(count: int, seed: int) -> list[FirstFlight]:
    """`count` flights; `seed` decides which."""
    bases = list(_bases())
    return [_variation(Random(f"{seed}/{number}"), number, bases) for number in range(count)]


def _bases() -> Iterator[tuple[str, ClientHello | SSLv2ClientHello]]:
    """Every whole hello of the vectors: the first flights' and those captured from clients."""
    entries = json.loads(CLIENT_HELLOS.read_text())
    flights = [(each.name, each.sent) for each in recorded_first_flights()]
    flights += [(each["id"], bytes.fromhex(each["raw_hex"])) for each in entries if each["unit"] == "record"]
    for name, raw in flights:
        try:
            yield name, pull_hello_flight(raw)
        except PeerFault:
            continue


def _variation(
    random: Random, number: int, bases: list[tuple[str, ClientHello | SSLv2ClientHello]]
) -> FirstFlight:
    name, base = random.choice(bases)
    sent, said = hello.varied(base, random)
    return FirstFlight(f"variation {number}", sent, f"{name}: {said}: {sent.hex()}")
