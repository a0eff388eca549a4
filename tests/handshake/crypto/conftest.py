import random
from collections.abc import Callable

import pytest


@pytest.fixture
def entropy() -> Callable[[int], bytes]:
    """The same bytes on every run."""
    return random.Random(8446).randbytes
