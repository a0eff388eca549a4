"""TDS's messages on the server's side: a LOGIN7 is read back, and one that lies is refused."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.starttls import PROTOCOLS as SPOKEN_BY_CLIENTS
from clients.starttls.tds import obscured
from servers.emulated.starttls.dialogue import Broken, Dialogue, Words
from servers.emulated.starttls.tds_messages import HEADER, LOGIN7, Login, clear, message, packets, read_login

ASK = SPOKEN_BY_CLIENTS["tds"].request
assert ASK is not None
LOGIN = ASK("server.example.test")[HEADER.size :]


def test_a_login_of_our_client_is_read_back() -> None:
    login = read_login(LOGIN)
    assert (login.version, login.user, login.application) == (0x730A0003, "tls-matrix", "tls-matrix")
    assert login.password == "tls-matrix"
    assert "password" not in repr(login)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_password_is_obscured_and_cleared(password: str) -> None:
    assert clear(obscured(password)).decode("utf-16-le") == password


def test_a_password_is_obscured_as_the_specification_has_it() -> None:
    # MS-TDS section 2.2.6.4: the halves of a byte exchanged, then a bitwise XOR with 0xA5. "a" is 61 00.
    assert obscured("a") == bytes([0x16 ^ 0xA5, 0xA5])


@pytest.mark.parametrize(
    ("login", "says"),
    [
        (LOGIN[:40], "breaks off"),
        (LOGIN + b"\0", "says that it has"),
        (LOGIN[:40] + struct.pack("<HH", 60_000, 5) + LOGIN[44:], "text of 5 characters at byte 60000"),
        (LOGIN[:40] + struct.pack("<HH", 94, 129) + LOGIN[44:], "text of 129 characters"),
    ],
)
def test_a_login_that_lies_is_refused(login: bytes, says: str) -> None:
    with pytest.raises(Broken, match=says):
        read_login(login)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_login_or_are_refused(data: bytes) -> None:
    with suppress(Broken):
        assert isinstance(read_login(data), Login)


@given(st.integers(0, len(LOGIN) - 1), st.integers(0, 255))
def test_a_changed_byte_does_no_harm(position: int, byte: int) -> None:
    with suppress(Broken):
        read_login(LOGIN[:position] + bytes([byte]) + LOGIN[position + 1 :])


def read(data: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []

    def words(dialogue: Dialogue) -> Words:
        found.append((yield from message(dialogue)))

    Dialogue(words).receive(data)
    return found


@pytest.mark.parametrize("size", [0, 1, 4087, 4088, 4089, 20_000])
def test_a_message_travels_in_packets(size: int) -> None:
    assert read(packets(LOGIN7, bytes(size))) == [(LOGIN7, bytes(size))]


def test_packets_that_do_not_belong_together_are_refused() -> None:
    first, second = HEADER.pack(LOGIN7, 0, 9, 0, 1, 0) + b"a", HEADER.pack(1, 1, 9, 0, 2, 0) + b"b"
    with pytest.raises(Broken, match="no TDS packet"):
        read(first + second)
    with pytest.raises(Broken, match="no TDS packet"):
        read(HEADER.pack(LOGIN7, 1, 7, 0, 1, 0))
    with pytest.raises(Broken, match="more than 65536 bytes"):
        read(HEADER.pack(LOGIN7, 0, 0xFFFF, 0, 1, 0) + bytes(70_000))
