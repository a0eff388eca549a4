"""The tables that are derived from dataclasses: no field is forgotten, and a new one is a key by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from enum import StrEnum
from typing import Annotated, Any, get_args

import pytest

from definitions.fault import UnusableFile
from definitions.reading import read_table
from handshake.errors import Fault
from handshake.server import RenegotiationRules, ServerConfiguration
from handshake.wire.record import RecordRules
from handshake.wire.registry import AlertDescription, NamedGroup
from servers.declared import Declared
from servers.emulated.emulation import read_emulation, server_configuration
from servers.emulated.notation import NOTATIONS
from servers.emulated.tables import DECLARED, ELSEWHERE, RENAMED, keys_of, model_of
from tests.servers.emulated.answers import rsa_credential


def tables(kind: type = ServerConfiguration) -> Iterator[type]:
    """The dataclass and all that a file has tables for."""
    yield kind
    for key in keys_of(kind):
        if key.table is not None:
            yield from tables(key.table)


TABLES = list(dict.fromkeys(tables()))


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
def test_every_field_is_a_key_or_has_a_reason_not_to_be(kind: type) -> None:
    names = {field.name for field in fields(kind)}
    without = ELSEWHERE.get(kind, {})
    keys = list(keys_of(kind))
    assert {key.field for key in keys} | without.keys() == names
    assert RENAMED.get(kind, {}).keys() <= names - without.keys()
    assert all(reason.startswith("it ") for reason in without.values())
    assert len({key.name for key in keys}) == len(keys)
    assert {RENAMED.get(kind, {}).get(key.field, key.field) for key in keys} == {key.name for key in keys}


def test_no_exception_is_about_what_is_not_there() -> None:
    assert {*ELSEWHERE, *RENAMED} <= set(TABLES)


def test_every_notation_is_one_of_a_field() -> None:
    def parts(kind: Any) -> Iterator[Any]:
        yield kind
        for part in get_args(kind):
            yield from parts(part)

    used = [part for table in TABLES for key in keys_of(table) for part in parts(key.type)]
    assert set(NOTATIONS) <= set(used)


DECLARED_OTHERWISE: Mapping[str, Any] = {
    "versions": (0x0302,),
    "cipher_suites": (0x0005,),
    "sslv2_hello": True,
    "application_protocols": ("h2",),
    "client_certificate": "require",
    "client_certificate_asked": ("post-handshake",),
}
RULES_OTHERWISE: Mapping[str, Any] = {
    "allowed": "legacy",
    "client_initiated": False,
    "legacy_hello": False,
    "refusal": "none",
    "refusal_in_sslv3": "none",
    "request_refusal": "alert:handshake_failure",
    "asks_anyway": True,
}


def test_what_is_said_to_be_declared_comes_from_there() -> None:
    def named(kind: type) -> set[str]:
        return {name for name, reason in ELSEWHERE[kind].items() if reason == DECLARED}

    assert named(ServerConfiguration) == set(DECLARED_OTHERWISE)
    assert named(RenegotiationRules) == set(RULES_OTHERWISE)
    declared = Declared(versions=(0x0301,), cipher_suites=(0x002F,))

    def made(facts: Declared) -> ServerConfiguration:
        return server_configuration(facts, read_emulation({}, "x"), {"rsa": rsa_credential()})

    before = made(declared)
    for name, value in DECLARED_OTHERWISE.items():
        assert getattr(made(replace(declared, **{name: value})), name) != getattr(before, name)
    for name, value in RULES_OTHERWISE.items():
        rules = replace(declared.renegotiation, **{name: value})
        after = made(replace(declared, renegotiation=rules)).renegotiation
        assert getattr(after, name) != getattr(before.renegotiation, name)
    assert made(replace(declared, resumption=("ticket",))).tickets != before.tickets


@pytest.mark.parametrize(
    ("kind", "key"),
    [(ServerConfiguration, "versions"), (RenegotiationRules, "allowed"), (RecordRules, "exact_version")],
)
def test_what_has_no_key_is_refused(kind: type, key: str) -> None:
    with pytest.raises(UnusableFile, match=f"x: {key}: no such key"):
        read_table({key: 1}, "x", model_of(kind))


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Inner:
    size: Annotated[int, range(1, 4)]
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Outer:
    """All the ways in which a field can be typed."""

    colour: Colour = Colour.RED
    maybe: Annotated[int, NamedGroup] | None = None
    some: Annotated[tuple[Colour, ...], range(1, 9)] | None = None
    numbers: frozenset[Annotated[int, range(10)]] = frozenset()
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    faults: Mapping[Fault, Annotated[int, AlertDescription] | Colour] | None = None


def outer(table: dict[str, Any]) -> Outer:
    return Outer(**dict(read_table(table, "x", model_of(Outer))))


def test_a_new_field_is_a_key_by_itself() -> None:
    assert outer({}) == Outer()
    assert outer(
        {
            "colour": "blue",
            "maybe": "secp256r1",
            "some": ["red"],
            "numbers": [3, 3, 9],
            "inner": {"size": 2},
            "inners": [{"size": 1, "is_known": False}],
            "faults": {"decode": "decode_error", "not-tls": "red"},
        }
    ) == Outer(
        Colour.BLUE,
        23,
        (Colour.RED,),
        frozenset({3, 9}),
        Inner(2),
        (Inner(1, False),),
        {Fault.DECODE: 50, Fault.NOT_TLS: Colour.RED},
    )
    assert [key.default for key in keys_of(Inner)] == [MISSING, True]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"color": "red"}, "color: no such key: did you mean colour?"),
        ({"colour": "green"}, "colour: unknown value 'green': write red or blue"),
        ({"maybe": 23}, "maybe: is 23: write text in quotes"),
        ({"some": []}, "some: has 0 elements: write at least 1"),
        ({"numbers": [10]}, "numbers[0]: is 10: write 9 or less"),
        ({"numbers": [True]}, "numbers[0]: is true: write a whole number"),
        ({"inner": 1}, "inner: is 1: write a table of keys and values"),
        ({"inner": {}}, "inner.size: is missing: add it"),
        ({"inner": {"size": 4}}, "inner.size: is 4: write 3 or less"),
        ({"inner": {"sise": 3}}, "inner.sise: no such key: did you mean size? (it is required)"),
        (
            {"inners": [{"size": 1}, {"size": 1, "is_know": True}]},
            "inners[1].is_know: no such key: did you mean is_known?",
        ),
        (
            {"faults": {"decode": "decode_eror"}},
            "faults.decode: unknown alert 'decode_eror': did you mean decode_error?; or write red or blue",
        ),
        ({"faults": {"decoding": "red"}}, "faults.decoding: unknown value 'decoding': did you mean decode?"),
    ],
)
def test_a_value_that_is_none_of_its_type_is_refused_at_its_place(table: dict[str, Any], said: str) -> None:
    with pytest.raises(UnusableFile) as caught:
        outer(table)
    assert caught.value.lines == (f"x: {said}",)


def test_every_fault_of_every_table_is_told() -> None:
    table = {"colour": "green", "inners": [{"size": 9}, {"sise": 1}], "inner": {"size": 1, "more": 1}}
    with pytest.raises(UnusableFile) as caught:
        outer(table)
    assert {line.split(": ")[1] for line in caught.value.lines} == {
        "colour",
        "inners[0].size",
        "inners[1].sise",
        "inner.more",
    }
