"""What is drawn for each hello: an order, GREASE values, an ECH of no meaning. Everything else stays."""

import os
from collections import Counter
from collections.abc import Callable

from msgspec.structs import replace

from handshake.client.drawn import GREASE_VALUES, draw
from handshake.client.hello import fill_hello
from handshake.hello_template import (
    ExtensionOrder,
    ExtensionTemplate,
    Fill,
    GreaseValues,
    HelloTemplate,
)
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import (
    pull_key_share_list,
    pull_signature_algorithms,
    pull_supported_groups,
    pull_supported_versions,
)
from handshake.wire.registry import ExtensionType, is_grease
from tests.handshake.modern import CHROMIUM_156, GREASE, OPENSSL_4

GREASED = replace(CHROMIUM_156, grease=GreaseValues.DRAWN)
ENDS = frozenset({0xEAEA, 0xCACA})
PERMUTED = replace(CHROMIUM_156, order=ExtensionOrder.PERMUTED, unmoved=ENDS)
ECH = ExtensionTemplate(
    ExtensionType.ENCRYPTED_CLIENT_HELLO,
    bytes.fromhex("0000010001"),
    Fill.ECH_GREASE,
    payload_sizes=(144, 176),
    aeads=(1, 3),
)


def types(template: HelloTemplate) -> list[int]:
    return [extension.extension_type for extension in template.extensions or ()]


def body(template: HelloTemplate, extension_type: int) -> bytes:
    return next(e.body for e in template.extensions or () if e.extension_type == extension_type)


def test_the_values_are_those_of_rfc_8701() -> None:
    assert GREASE_VALUES == GREASE
    assert all(map(is_grease, GREASE_VALUES))


def test_a_template_that_draws_nothing_stays_as_it_is() -> None:
    assert draw(OPENSSL_4, os.urandom) == OPENSSL_4
    assert draw(CHROMIUM_156, os.urandom) == CHROMIUM_156


def places(template: HelloTemplate) -> tuple[int, ...]:
    """The GREASE value of each place: suites, first and last extension, then those of lists, in this order:
    groups, key share, versions, schemes.
    """
    lists: tuple[tuple[int, Callable[[bytes], tuple[int, ...]]], ...] = (
        (ExtensionType.SUPPORTED_GROUPS, pull_supported_groups),
        (ExtensionType.KEY_SHARE, lambda data: tuple(group for group, _ in pull_key_share_list(data))),
        (ExtensionType.SUPPORTED_VERSIONS, pull_supported_versions),
        (ExtensionType.SIGNATURE_ALGORITHMS, pull_signature_algorithms),
    )
    extensions = types(template)
    firsts = (pull(body(template, extension_type))[0] for extension_type, pull in lists)
    return (template.cipher_suites[0], extensions[0], extensions[-1], *firsts)


def test_grease_is_drawn_in_each_place() -> None:
    drawn = [places(draw(GREASED, os.urandom)) for _ in range(200)]
    for values in zip(*drawn, strict=True):
        assert set(values) <= set(GREASE)
        assert len(set(values)) > 8, "of sixteen, in 200 draws"
    for _, first, last, group, share, _, _ in drawn:
        assert first != last, "no extension stands twice (RFC 8446 section 4.2)"
        assert group == share, "the share is of the group"
    assert any(len(set(values)) > 4 for values in drawn), "the places are independent"


def test_with_grease_nothing_else_is_changed() -> None:
    drawn = draw(GREASED, os.urandom)
    assert [c for c in drawn.cipher_suites if not is_grease(c)] == list(CHROMIUM_156.cipher_suites[1:])
    for one, other in zip(drawn.extensions or (), CHROMIUM_156.extensions or (), strict=True):
        assert is_grease(one.extension_type) == is_grease(other.extension_type)
        assert len(one.body) == len(other.body)
        assert one.fill == other.fill


def test_a_body_that_is_malformed_on_purpose_stays() -> None:
    bad = ExtensionTemplate(ExtensionType.SUPPORTED_GROUPS, b"\x00\x03\x0a")
    template = replace(GREASED, extensions=(bad,))
    assert draw(template, os.urandom).extensions == (bad,)


def test_an_order_is_drawn_and_what_stays_put_stays() -> None:
    orders = [types(draw(PERMUTED, os.urandom)) for _ in range(300)]
    for order in orders:
        assert sorted(order) == sorted(types(PERMUTED))
        assert (order[0], order[-1]) == (0xEAEA, 0xCACA)
    seconds = Counter(order[1] for order in orders)
    assert len(seconds) == len(types(PERMUTED)) - 2, "each can be anywhere"
    assert max(seconds.values()) < 100, "and none is there most of the time"


def test_all_may_stay_put_or_none() -> None:
    everything = replace(PERMUTED, unmoved=frozenset(types(PERMUTED)))
    assert types(draw(everything, os.urandom)) == types(PERMUTED)
    nothing = replace(PERMUTED, unmoved=frozenset())
    assert any(types(draw(nothing, os.urandom))[0] != 0xEAEA for _ in range(40))


def test_an_ech_of_no_meaning() -> None:
    template = replace(OPENSSL_4, extensions=(ECH,))
    drawn = [draw(template, os.urandom) for _ in range(100)]
    bodies = [body(each, ExtensionType.ENCRYPTED_CLIENT_HELLO) for each in drawn]
    assert {data[:3] for data in bodies} == {b"\x00\x00\x01"}
    assert {int.from_bytes(data[3:5]) for data in bodies} == {1, 3}
    assert len({data[5] for data in bodies}) > 20, "config_id is random"
    assert {data[6:8] for data in bodies} == {b"\x00\x20"}
    assert len({data[8:40] for data in bodies}) == 100
    assert all(data[39] < 0x80 for data in bodies), "as a public key of X25519 is made"
    assert {int.from_bytes(data[40:42]) for data in bodies} == {144, 176}
    assert all(len(data) == 42 + int.from_bytes(data[40:42]) for data in bodies)
    fixed = replace(template, extensions=(replace(ECH, aeads=()),))
    assert body(draw(fixed, os.urandom), ExtensionType.ENCRYPTED_CLIENT_HELLO)[3:5] == b"\x00\x01"


def test_what_is_drawn_is_sent_and_as_written_nothing_is() -> None:
    template = replace(PERMUTED, grease=GreaseValues.DRAWN)

    def sent(hello: HelloTemplate) -> list[int]:
        filled = fill_hello(hello, "server.example.test", os.urandom).hello
        assert isinstance(filled, ClientHello)
        return [extension.extension_type for extension in filled.extensions or ()]

    assert len({tuple(sent(template)) for _ in range(5)}) == 5
    assert sent(template.as_written()) == types(CHROMIUM_156)
