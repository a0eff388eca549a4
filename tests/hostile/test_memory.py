"""The memory that something needs: what is too much is found."""

import pytest

from tests.hostile.memory import needs_at_most

SIZE = 48 * 2**20


def test_what_needs_more_is_found() -> None:
    with pytest.raises(AssertionError, match="bytes were needed"), needs_at_most(SIZE // 2):
        assert bytearray(b"x") * SIZE


def test_what_needs_less_is_not() -> None:
    with needs_at_most(2 * SIZE):
        assert bytearray(b"x") * SIZE
