"""How often a client connects: never faster than agreed, and at once where there is time left."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clients.destination import Destination, is_loopback
from clients.pace import Pace


class Clock:
    """A clock that only moves when somebody waits or works."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


@given(st.floats(0.5, 100), st.lists(st.floats(0, 3), min_size=2, max_size=20))
def test_turns_are_never_closer_than_agreed(per_second: float, work: list[float]) -> None:
    clock = Clock()
    pace = Pace(per_second, lambda: clock.now, clock.sleep)
    turns = []
    for seconds in work:
        pace.wait()
        turns.append(clock.now)
        clock.now += seconds
    assert all(later - earlier >= 1 / per_second - 1e-9 for earlier, later in pairwise(turns))


def test_who_works_longer_than_a_turn_never_waits() -> None:
    clock = Clock()
    pace = Pace(10, lambda: clock.now, clock.sleep)
    for _ in range(5):
        pace.wait()
        clock.now += 0.2
    assert clock.slept == 0


def test_what_is_on_loopback() -> None:
    here = ["127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST.", "a.localhost"]
    elsewhere = ["192.0.2.1", "fe80::1%eth0", "localhost.example", "example"]
    assert [is_loopback(Destination(host, 1)) for host in here] == [True] * len(here)
    assert [is_loopback(Destination(host, 1)) for host in elsewhere] == [False] * len(elsewhere)
