"""Lists of ECHConfigs: whole, cut short at every byte, and with every field that must not be empty empty."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from handshake.errors import DecodeError
from handshake.wire.encrypted_client_hello import (
    CONFIRMATION_SIZE,
    VERSION,
    ECHConfig,
    ECHConfigContents,
    check_ech_confirmation,
    pull_ech_config_contents,
    pull_ech_config_list,
    push_ech_config_contents,
    push_ech_config_list,
)

CONTENTS = ECHConfigContents(42, bytes(range(32)), b"public.example.test")
LIST = push_ech_config_list((ECHConfig(VERSION, push_ech_config_contents(CONTENTS)),))


def test_what_is_written_is_read() -> None:
    full = replace(CONTENTS, kem=16, maximum_name_length=64, extensions=((1, b"x"), (0xFFF1, b"")))
    configs = tuple(ECHConfig(VERSION, push_ech_config_contents(each)) for each in (CONTENTS, full))
    assert pull_ech_config_list(push_ech_config_list(configs)) == configs
    assert [pull_ech_config_contents(each.contents) for each in configs] == [CONTENTS, full]


def test_the_bytes_are_in_the_order_of_the_rfc() -> None:
    """RFC 9849 section 4."""
    written = "004a fe0d 0046 2a 0020 0020" + bytes(range(32)).hex() + "0008 0001 0001 0001 0003 00 13"
    assert bytes.fromhex(written) + b"public.example.test" + b"\x00\x00" == LIST


_CODE = st.integers(0, 0xFFFF)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.builds(
        ECHConfigContents,
        st.integers(0, 0xFF),
        st.binary(min_size=1, max_size=40),
        st.binary(min_size=1, max_size=40),
        _CODE,
        st.lists(st.tuples(_CODE, _CODE), min_size=1, max_size=4).map(tuple),
        st.integers(0, 0xFF),
        st.lists(st.tuples(_CODE, st.binary(max_size=20)), max_size=3).map(tuple),
    )
)
def test_pull_undoes_push(contents: ECHConfigContents) -> None:
    assert pull_ech_config_contents(push_ech_config_contents(contents)) == contents


def test_contents_of_another_version_are_not_read() -> None:
    other = (ECHConfig(0xFE0A, b"\x01\x02"),)
    assert pull_ech_config_list(push_ech_config_list(other)) == other


@pytest.mark.parametrize("length", range(len(LIST)))
def test_a_list_that_breaks_off(length: int) -> None:
    with pytest.raises(DecodeError):
        pull_ech_config_list(LIST[:length])


@pytest.mark.parametrize("length", range(len(push_ech_config_contents(CONTENTS))))
def test_a_configuration_that_breaks_off_in_a_list_that_does_not(length: int) -> None:
    short = ECHConfig(VERSION, push_ech_config_contents(CONTENTS)[:length])
    with pytest.raises(DecodeError):
        pull_ech_config_list(push_ech_config_list((short,)))


@pytest.mark.parametrize(
    "flawed",
    [
        replace(CONTENTS, public_key=b""),
        replace(CONTENTS, cipher_suites=()),
        replace(CONTENTS, public_name=b""),
    ],
    ids=["public_key", "cipher_suites", "public_name"],
)
def test_what_must_not_be_empty(flawed: ECHConfigContents) -> None:
    with pytest.raises(DecodeError, match="empty"):
        pull_ech_config_contents(push_ech_config_contents(flawed))


def test_what_is_left_over() -> None:
    for wrong in (LIST + b"\x00", b"\x00\x00", b""):
        with pytest.raises(DecodeError):
            pull_ech_config_list(wrong)
    with pytest.raises(DecodeError):
        pull_ech_config_contents(push_ech_config_contents(CONTENTS) + b"\x00")


@pytest.mark.parametrize("size", range(12))
def test_a_confirmation_has_eight_bytes(size: int) -> None:
    if size == CONFIRMATION_SIZE:
        check_ech_confirmation(bytes(size))
        return
    with pytest.raises(DecodeError):
        check_ech_confirmation(bytes(size))
