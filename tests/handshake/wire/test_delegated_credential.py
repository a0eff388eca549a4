"""The extension delegated_credential as bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from handshake.errors import DecodeError
from handshake.wire.delegated_credential import (
    DelegatedCredential,
    pull_delegated_credential,
    push_delegated_credential,
)

DELEGATED = DelegatedCredential(604_800, 0x0403, b"\x30\x03key", 0x0804, b"signature")
BODY = push_delegated_credential(DELEGATED)


def test_the_bytes_are_in_the_order_of_the_rfc() -> None:
    """RFC 9345 section 4."""
    head, tail = "00093a80 0403 000005" + b"\x30\x03key".hex(), "0804 0009" + b"signature".hex()
    assert bytes.fromhex(head + tail) == BODY
    assert bytes.fromhex(head) == DELEGATED.credential
    assert pull_delegated_credential(BODY) == DELEGATED


@pytest.mark.parametrize("length", range(len(BODY)))
def test_a_body_that_breaks_off(length: int) -> None:
    with pytest.raises(DecodeError):
        pull_delegated_credential(BODY[:length])


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.builds(
        DelegatedCredential,
        st.integers(0, 2**32 - 1),
        st.integers(0, 0xFFFF),
        st.binary(min_size=1, max_size=40),
        st.integers(0, 0xFFFF),
        st.binary(min_size=1, max_size=40),
    )
)
def test_pull_undoes_push(delegated: DelegatedCredential) -> None:
    assert pull_delegated_credential(push_delegated_credential(delegated)) == delegated


def test_what_is_left_over_or_empty() -> None:
    for wrong in (
        BODY + b"\x00",
        push_delegated_credential(replace(DELEGATED, public_key=b"")),
        push_delegated_credential(replace(DELEGATED, signature=b"")),
    ):
        with pytest.raises(DecodeError):
            pull_delegated_credential(wrong)
