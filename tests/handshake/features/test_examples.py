"""Each feature is seen in a hello that has it, and not in one that has not."""

import sys
from pathlib import Path

import pytest

import handshake.features
from handshake.features import (
    Feature,
    FirstFlight,
    HelloRecord,
    collection,
    features_of,
    kinds,
    notations,
    parse_feature,
)
from handshake.features.arguments import PlainFeature
from handshake.features.conjunction import Conjunction
from handshake.features.negation import Negation
from handshake.server.first_flight import HandshakeRecords, flight_of_message, flight_of_sslv2_record
from handshake.server.lenient_hello import read_lenient_client_hello
from handshake.server.received_hello import ReceivedHello
from handshake.server.strictness import HelloReading
from tests.handshake.features.examples import EXAMPLES, Sent, notations_without_example


def flight(sent: Sent) -> FirstFlight:
    """The flight as a server that reads as far as it goes has it."""
    if sent.version is None:
        return flight_of_sslv2_record(sent.message, None, sent.segments or (len(sent.wire),))
    records = HandshakeRecords()
    for segment in sent.arriving:
        records.read(len(segment))
    left = sum(5 + len(fragment) for fragment in sent.fragments)
    for fragment in sent.fragments:
        left -= 5 + len(fragment)
        records.feed(HelloRecord(sent.version, len(fragment)), left)
    body = sent.message[4:]
    received = ReceivedHello(body, read_lenient_client_hello(body, HelloReading()))
    return flight_of_message(received, records.take(len(sent.message)))


def test_everything_that_can_be_written_has_an_example() -> None:
    assert notations_without_example(notations()) == []
    assert notations_without_example([*notations(), "new-word", "new:<name>"]) == ["new", "new-word"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_feature_is_in_one_hello_and_not_in_the_other(name: str) -> None:
    having, lacking = map(flight, EXAMPLES[name])
    feature = parse_feature(name)
    assert feature.present(having)
    assert not feature.present(lacking)
    assert Negation(feature).present(lacking)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_name_is_read_back_and_described(name: str) -> None:
    feature = parse_feature(name)
    assert parse_feature(feature.name) == feature
    assert str(feature) == feature.name
    text = feature.describe()
    assert text == text.strip()
    assert "{" not in text
    assert Negation(feature).describe() != text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sslv2-format", "the format of SSLv2"),
        ("not sslv2-format", "no format of SSLv2"),
        ("extension:server_name", "the extension server_name"),
        ("not extension:server_name", "no extension server_name"),
        ("not no-cipher-suites", "cipher suites"),
        ("not grease:cipher-suite", "no GREASE among its cipher suites"),
        ("hello-length:256..511", "a length of 256 to 511 bytes"),
        ("hello-length:10 mod 256", "a length of 10 bytes modulo 256"),
        ("record-count:2..", "a division into 2 records or more"),
        ("first-record-length:..5", "a first record of at most 5 bytes"),
        ("segment-count:2..", "an arrival in 2 segments or more"),
        ("cipher-suite:AES128-SHA", "the cipher suite TLS_RSA_WITH_AES_128_CBC_SHA"),
        ("cipher-suite:TLS_FALLBACK_SCSV", "the signalling cipher suite value TLS_FALLBACK_SCSV"),
        (
            "extension-before:alpn:padding",
            "the extension application_layer_protocol_negotiation before padding",
        ),
        ("lists:supported_groups:0x001d", "x25519 in supported_groups"),
        ("body-not:heartbeat:", "the extension heartbeat not laid out as an empty body"),
        (
            "ec-cipher-suite and not extension-block",
            "a cipher suite with elliptic curves and no extension block",
        ),
    ],
)
def test_descriptions_are_plain_english(name: str, text: str) -> None:
    assert parse_feature(name).describe() == text


def test_the_documentation_is_made_of_the_classes() -> None:
    assert len(kinds()) == len(set(kinds()))
    assert all(meaning.endswith(".") and "\n" not in meaning for meaning in notations().values())
    assert notations()["extension:<name>"] == "The extension is there (IANA's name or hex)."
    assert Feature not in kinds()
    assert PlainFeature not in kinds()
    assert {Negation, Conjunction} < set(kinds())


NEW_KIND = '''
"""Digits."""

from handshake.features.arguments import PlainFeature


class EvenLength(PlainFeature, frozen=True):
    """The length of the hello is even.

    More is said here.
    """

    NOTATION = "even-length"
    PHRASE = "an even length"

    def _has(self, flight):
        return flight.length % 2 == 0

    def _add(self, template):
        return template

    def _remove(self, template):
        return template
'''


def test_a_new_kind_is_one_class_in_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read, found in hellos and documented by being there."""
    (tmp_path / "even_length.py").write_text(NEW_KIND)
    caches = (kinds, notations, collection._by_word, parse_feature)
    monkeypatch.setattr(handshake.features, "__path__", [*handshake.features.__path__, str(tmp_path)])
    try:
        for cache in caches:
            cache.cache_clear()
        assert notations()["even-length"] == "The length of the hello is even."
        even = parse_feature("even-length")
        assert even.describe() == "an even length"
        having = flight(EXAMPLES["cut-off:random"][0])
        assert (even in features_of(having)) is (having.length % 2 == 0)
    finally:
        monkeypatch.undo()
        sys.modules.pop("handshake.features.even_length", None)
        for cache in caches:
            cache.cache_clear()
    assert "even-length" not in notations()
