"""Readers stay within their blocks and insist on reading all of them; writers refuse what does not fit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.errors import DecodeError, LocalError
from handshake.wire.buffer import Reader, Writer
from handshake.wire.record import Record, SSLv2Record, push_record, push_sslv2_record

property_test = settings(deadline=None, derandomize=True, max_examples=60)


def test_block_must_be_used_up() -> None:
    reader = Reader(b"\x02ab\x01c")
    with reader.block(1) as block:
        assert block.pull_bytes(2) == b"ab"
    with pytest.raises(DecodeError, match="1 bytes left over") as caught, reader.block(1):
        pass
    assert caught.value.offset == 4


def test_block_ends_where_it_says() -> None:
    with Reader(b"\x01ab").block(1, "list") as block:
        assert block.pull_uint(1) == ord("a")
        with pytest.raises(DecodeError, match=r"byte 2"):
            block.pull_uint(1)


def test_error_inside_a_block_is_not_hidden_by_what_is_left() -> None:
    with pytest.raises(DecodeError, match="mine"), Reader(b"abc"):
        raise DecodeError("mine")


@property_test
@given(st.lists(st.binary(max_size=40), max_size=4), st.integers(1, 3))
def test_writer_and_reader_agree_on_nested_blocks(contents: list[bytes], prefix_size: int) -> None:
    writer = Writer()
    with writer.block(3):
        for content in contents:
            writer.push_vector(prefix_size, content)
    reader = Reader(writer.data())
    found = []
    with reader.block(3) as block:
        while block.remaining:
            found.append(block.pull_vector(prefix_size))
    assert found == contents


@pytest.mark.parametrize(("size", "value"), [(1, 256), (2, 65536), (1, -1)])
def test_value_that_does_not_fit_is_our_own_mistake(size: int, value: int) -> None:
    with pytest.raises(LocalError, match="does not fit"):
        Writer().push_uint(size, value)


def test_vector_that_does_not_fit_is_our_own_mistake() -> None:
    Writer().push_vector(1, bytes(255))
    with pytest.raises(LocalError):
        Writer().push_vector(1, bytes(256))
    with pytest.raises(LocalError):
        push_record(Record(22, 0x0301, bytes(65536)))
    with pytest.raises(LocalError):
        push_sslv2_record(SSLv2Record(bytes(32768)))
    assert push_sslv2_record(SSLv2Record(bytes(32767)))[:2] == b"\xff\xff"
